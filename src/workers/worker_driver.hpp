// The driver of PostgreSQL: the models of a run go round the partitions in parallel workers or, when there are none, in
// the session itself.
//
// With workers the session waits: it sets targets, takes the visit log out, and adds the sums that the workers leave.
// Without workers it does the same and the tasks too. No result depends on which. In between no statement writes: that
// is parallel mode's rule.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pg/parallel.hpp"
#include "plan/schedule.hpp"
#include "store/model_spec.hpp"
#include "train/driver.hpp"
#include "workers/shared_memory.hpp"
#include "workers/worker.hpp"

namespace workers {

/// How states come into the run's memory and out of it.
struct StateAccess {
  /// Writes a model's first state into its block, whose contents were undefined before.
  std::function<void(int model, void* block)> initialise;
  /// Of a living run: the same for a model that begins with another one's state as it is now.
  std::function<void(int model, void* block, const void* parent)> clone;
  /// Keeps a model's last state; called model by model when all workers have ended and statements may write again.
  /// best: the raw float32 weights to keep instead of the block's, or nullptr. trained: since initialise. May be empty:
  /// then nothing is kept.
  std::function<void(int model, const void* block, const std::string* best, bool trained)> collect;
};

class WorkerDriver : public train::Driver {
 public:
  /// The request outlives the driver. REQUIRES that request.workers is 0 where the tables are temporary.
  WorkerDriver(const train::RunRequest& request, StateAccess states);
  ~WorkerDriver() override;

  /// Of each model, in bytes: what request.states is decided by, before Enter.
  const std::vector<size_t>& state_bytes() const { return sizes_.state_bytes; }

  std::vector<uint64_t> Enter() override;
  int workers() const override { return launched_; }
  std::string states_location() const override { return states_location_; }
  int64_t Train(int64_t iteration, train::VisitSink* sink) override;
  std::vector<std::vector<double>> Score(train::ScoredTable table, const std::vector<int>& models, train::VisitSink* sink) override;
  void KeepBest(const std::vector<int>& models) override;
  void Retire(const std::vector<int>& models) override;
  std::vector<uint64_t> Add(const std::vector<int>& models) override;
  void Resume(const std::vector<int>& models) override;
  void Collect(train::RunResult* result) override;

 private:
  void TakeMemory();
  void MakeRoom();
  void MoveStates();
  bool Append(size_t model);
  uint64_t InitialiseModel(size_t model);
  void LayRound();
  void WaitForWorkers();
  void SetPhase(WorkerPhase phase);
  void WorkOrWait(train::VisitSink* sink);
  uint64_t Events();
  void DrainVisits(train::VisitSink* sink);
  void DrainFailures(train::VisitSink* sink);
  void ReportIterations(train::VisitSink* sink);
  void ReplanBundles();
  void ScanTable(int table, train::VisitSink* sink);
  void BeginBundles();
  int64_t VisitsOf(size_t model) const;
  char* BlockOf(size_t model) const { return states_ + At<uint64_t>(shared_, shared_->state_offsets_offset)[model]; }

  const train::RunRequest& request_;
  const StateAccess access_;
  SharedSizes sizes_;
  // memory, in the order in which it may go away
  std::unique_ptr<pg::MappedFile> file_;
  std::unique_ptr<store::Block> local_;
  std::unique_ptr<pg::SharedMemory> memory_;
  std::unique_ptr<pg::Parallel> parallel_;
  SharedRun* shared_ = nullptr;
  char* states_ = nullptr;
  std::unique_ptr<plan::Scheduler> scheduler_;
  std::unique_ptr<Worker> own_worker_;  // when this session trains
  std::string states_location_;
  train::StatesLocation location_ = train::StatesLocation::kSession;
  int launched_ = 0;
  uint64_t seen_events_ = 0;
  int64_t target_ = 0;         // iterations that Train goes to
  int64_t iterations_done_ = 0;
  std::vector<bool> trains_;   // a model
  std::vector<bool> failed_;   // a model: the sink knows it
  uint64_t failures_ = 0;      // that the sink knows
  std::vector<plan::Sequence> sequences_;  // a model
  // a model, as it entered
  std::vector<int64_t> visits_before_;
  std::vector<int64_t> round_began_;   // of a living run: visits behind the model when its present iteration began
  std::vector<bool> trained_before_;  // had not diverged
  std::vector<std::string> best_weights_;  // a model: raw float32, or empty
  std::vector<bool> has_best_;
};

}  // namespace workers
