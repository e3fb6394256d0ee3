#include "plan/due_iterations.hpp"

#include <algorithm>
#include <utility>

namespace plan {

DueIterations::DueIterations(std::vector<int64_t> iterations) : more_(std::move(iterations)) {
  if (more_.empty()) return;
  last_ = more_.back();
  more_.pop_back();
}

DueIterations::DueIterations(int64_t num_iterations, std::optional<int64_t> frequency, const StoppingPolicy& policy)
    : every_(frequency.value_or(policy.early_stopping ? 1 : num_iterations)), last_(num_iterations) {
  if (!policy.halving) return;
  for (const int64_t iteration : policy.halving->iterations) {
    if (iteration % every_ != 0 && iteration < last_) more_.push_back(iteration);
  }
}

int64_t DueIterations::After(int64_t iteration) const {
  if (iteration >= last_) return 0;
  int64_t next = last_;
  if (every_ > 0) next = std::min(next, (iteration / every_ + 1) * every_);
  const auto more = std::upper_bound(more_.begin(), more_.end(), iteration);
  return more == more_.end() ? next : std::min(next, *more);
}

int64_t DueIterations::count() const {
  if (last_ == 0) return 0;
  const int64_t multiples = every_ > 0 ? (last_ - 1) / every_ : 0;  // before the last one
  return multiples + static_cast<int64_t>(more_.size()) + 1;
}

std::vector<int64_t> DueIterations::First(size_t most) const {
  std::vector<int64_t> first;
  for (int64_t next = After(0); next != 0 && first.size() < most; next = After(next)) first.push_back(next);
  return first;
}

}  // namespace plan
