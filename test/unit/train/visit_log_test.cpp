// The log of visits: what does not stay in memory goes to a store, and all of it comes back in order.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "train/run.hpp"
#include "train/visit_log.hpp"

namespace train {
namespace {

class FakeStore : public VisitStore {
 public:
  explicit FakeStore(std::vector<VisitRecord>* records) : records_(records) {}
  void Append(const std::vector<VisitRecord>& records) override { records_->insert(records_->end(), records.begin(), records.end()); }
  std::vector<VisitRecord> Read(int64_t first, int64_t n) const override {
    return {records_->begin() + first, records_->begin() + first + n};
  }

 private:
  std::vector<VisitRecord>* records_;
};

std::vector<int64_t> Iterations(const VisitLog& log, size_t most) {
  std::vector<int64_t> iterations;
  log.ForEach(most, [&](const std::vector<VisitRecord>& records) {
    EXPECT_LE(records.size(), most);
    for (const VisitRecord& record : records) iterations.push_back(record.iteration);
  });
  return iterations;
}

TEST(VisitLog, KeepsLittleInMemory) {
  std::vector<VisitRecord> stored;
  VisitLog log([&] { return std::make_unique<FakeStore>(&stored); });
  std::vector<int64_t> all;
  const auto count = static_cast<int64_t>(3 * VisitLog::kMostInMemory + 5);
  for (int64_t i = 0; i < count; i++) {
    VisitRecord record;
    record.iteration = i;
    log.Add(record);
    all.push_back(i);
    ASSERT_LT(static_cast<size_t>(i + 1) - stored.size(), VisitLog::kMostInMemory);
  }
  EXPECT_EQ(log.size(), count);
  EXPECT_EQ(Iterations(log, 1000), all);
  EXPECT_EQ(Iterations(log, 1), all);
  VisitLog moved = std::move(log);
  EXPECT_EQ(Iterations(moved, 100000), all);
}

TEST(VisitLog, AShortOneNeedsNoStore) {
  VisitLog log([]() -> std::unique_ptr<VisitStore> {
    ADD_FAILURE() << "no store is needed";
    return nullptr;
  });
  EXPECT_EQ(Iterations(log, 10), std::vector<int64_t>());
  log.Add({});
  log.Add({});
  EXPECT_EQ(log.size(), 2);
  EXPECT_EQ(Iterations(log, 1), (std::vector<int64_t>{0, 0}));
}

}  // namespace
}  // namespace train
