// One process of a run: takes tasks (a bundle's visit of a partition, or the scoring of a partition) and does them. The
// same code runs in the parallel workers and, when there are none, in the session itself.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/api/workspace.hpp"
#include "pg/sql.hpp"
#include "plan/schedule.hpp"
#include "data/buffer_cache.hpp"
#include "data/buffer_source.hpp"
#include "train/run.hpp"
#include "workers/shared_memory.hpp"

namespace workers {

class Worker {
 public:
  /// states: where the training states begin in this process. pool: of this process; nullptr: one of the worker's own.
  /// number: -1 for the session itself.
  Worker(SharedRun* shared, char* states, train::RunSpec spec, std::shared_ptr<engine::ModelPool> pool, int number);
  ~Worker();

  /// Does one task, or returns false when there is none now.
  bool TryWork();
  /// Waits until something changes after the last TryWork, at most timeout_ms.
  void WaitForChange(int timeout_ms);
  bool stopped() const { return stopped_; }
  /// Says at DEBUG1 how many packed buffers were read and how many were found in memory.
  void LogBuffers() const;

 private:
  const std::shared_ptr<const engine::Program>& ProgramOf(int index);
  bool Trains(int index) const;
  engine::OnError on_error() const;
  template <typename Work>
  bool Try(int index, Work&& work);
  char* BlockOf(int index) const { return states_ + At<uint64_t>(shared_, shared_->state_offsets_offset)[index]; }
  void Follow();
  void VisitBundle(const plan::Scheduler::Task& task);
  void Visit(const std::vector<plan::FusionGroup>& fusion_groups, const plan::Scheduler::Task& task, int partition);
  void LogVisit(const std::vector<int>& members, std::vector<train::VisitRecord> records, const plan::Scheduler::Task& task, int partition);
  void Score(int table, int partition);
  data::CompleteColumns CompleteFor(const std::vector<int>& models);
  void Log(const train::VisitRecord& record);

  SharedRun* shared_;
  char* states_;
  train::RunSpec spec_;
  int number_;
  plan::Scheduler scheduler_;
  std::shared_ptr<engine::ModelPool> pool_;
  std::vector<std::shared_ptr<const engine::Program>> programs_;  // a model: the pool's, found at first use
  std::unique_ptr<pg::Statement> visit_query_;
  std::shared_ptr<engine::Workspace> workspace_;
  data::BufferCache cache_;
  std::unique_ptr<train::FeatureComputer> features_;
  // of a living run
  uint64_t added_read_ = 0, added_end_ = 0;  // of the added models' specifications: read, and there
  uint64_t round_ = 0;                       // whose text the next one holds
  std::string round_text_;                   // as long as there is room for
  size_t round_bytes_ = 0;                   // of it; 0: it has been read
  uint64_t seen_events_ = 0;
  bool stopped_ = false;
};

/// Where the states of a laid-out block begin; maps the file when they lie in one.
class StatesView {
 public:
  explicit StatesView(SharedRun* shared);
  char* data() const { return data_; }

 private:
  std::unique_ptr<pg::MappedFile> file_;
  char* data_;
};

/// The whole life of a parallel worker: takes tasks of the laid-out block until the run ends. number: of the worker,
/// from 0.
void RunWorker(void* shared, size_t bytes, int number);

}  // namespace workers
