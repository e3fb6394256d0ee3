// One process of a run: takes tasks (a bundle's visit of a partition, or the scoring of a partition) and does them. The same code runs in
// the parallel workers and, when there are none, in the session itself.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pg/sql.hpp"
#include "plan/schedule.hpp"
#include "run/buffer_cache.hpp"
#include "run/context.hpp"
#include "run/hop_memory.hpp"

namespace run {

class HopWorker {
 public:
  /// states: where the training states begin in this process. number: -1 for the session itself.
  HopWorker(HopShared* shared, char* states, HopSpec spec, int number);
  ~HopWorker();

  /// Does one task, or returns false when there is none now.
  bool TryWork();
  /// Waits until something changes after the last TryWork, at most timeout_ms.
  void WaitForChange(int timeout_ms);
  bool stopped() const { return stopped_; }

 private:
  engine::Model* ModelOf(int index);
  bool Trains(int index) const;
  char* BlockOf(int index) const { return states_ + At<uint64_t>(shared_, shared_->state_offsets_offset)[index]; }
  void VisitBundle(const plan::Scheduler::Task& task);
  void Visit(const std::vector<plan::Group>& groups, const plan::Scheduler::Task& task, int partition);
  void LogVisit(const std::vector<int>& members, const std::vector<engine::TrainResult>& results, const plan::Scheduler::Task& task,
                int partition, double started, double ended);
  void Score(int table, int partition);
  void Log(const VisitRecord& record);

  HopShared* shared_;
  char* states_;
  HopSpec spec_;
  int number_;
  engine::Options options_;
  plan::Scheduler scheduler_;
  std::vector<std::unique_ptr<engine::Model>> models_;  // built at first use
  std::unique_ptr<pg::Statement> visit_query_;
  std::shared_ptr<engine::KernelMemory> workspace_;
  BufferCache cache_;
  uint64_t seen_events_ = 0;
  bool stopped_ = false;
};

/// Where the states of a laid-out block begin; maps the file when they lie in one.
class HopStates {
 public:
  explicit HopStates(HopShared* shared);
  char* data() const { return data_; }

 private:
  std::unique_ptr<pg::MappedFile> file_;
  char* data_;
};

}  // namespace run
