#include "train/visit_log.hpp"

#include <algorithm>
#include <utility>

#include "train/run.hpp"

namespace train {

VisitLog::VisitLog(MakeVisitStore make_store) : make_store_(std::move(make_store)) {}
VisitLog::~VisitLog() = default;
VisitLog::VisitLog(VisitLog&&) noexcept = default;
VisitLog& VisitLog::operator=(VisitLog&&) noexcept = default;

void VisitLog::Add(const VisitRecord& record) {
  last_.push_back(record);
  if (last_.size() < kMostInMemory || !make_store_) return;
  if (store_ == nullptr) store_ = make_store_();
  store_->Append(last_);
  stored_ += static_cast<int64_t>(last_.size());
  last_.clear();
}

int64_t VisitLog::size() const { return stored_ + static_cast<int64_t>(last_.size()); }

void VisitLog::ForEach(size_t most, const std::function<void(const std::vector<VisitRecord>&)>& use) const {
  const auto at_once = static_cast<int64_t>(most);
  for (int64_t first = 0; first < stored_; first += at_once) use(store_->Read(first, std::min(at_once, stored_ - first)));
  for (size_t first = 0; first < last_.size(); first += most) {
    const auto begin = last_.begin() + static_cast<std::ptrdiff_t>(first);
    use({begin, begin + static_cast<std::ptrdiff_t>(std::min(most, last_.size() - first))});
  }
}

}  // namespace train
