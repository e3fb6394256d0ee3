// Who trains: the processes of this server (src/workers), the segments of a cluster (src/segments), or a fake in unit
// tests.
//
// The coordinator (train/coordinator.hpp) calls: Enter once; in a run that goes on (RunRequest::progress), Retire for the
// models that have stopped; then rounds of Train, Score, KeepBest and Retire; Collect once. In a living run
// (RunRequest::living) also Add and Resume between rounds. Whatever a driver cannot do it throws, and then nothing else is
// called. A driver decides nothing that a result depends on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/run.hpp"

namespace train {

/// What a driver tells while it works. Called by the thread that called the driver.
class VisitSink {
 public:
  virtual ~VisitSink() = default;
  /// A model's visit of a partition is over. A record that says diverged_step takes its model out of the run.
  virtual void Visit(const VisitRecord& record) = 0;
  /// All visits of this iteration (of this run, from 1) are over, and Train goes on to a later one. Called in order.
  virtual void IterationDone(int64_t iteration) = 0;
  /// Called now and then while others work. rows: trained in this run so far, epochs counted.
  virtual void Progress(int64_t rows) = 0;
  /// Of a living run: an error of the model's own (engine::OnError) has ended its trial. Said once, behind the visits that
  /// it made before; while the driver trains or scores, of what failed as it entered in the next Train. Where no Train
  /// follows, the error ends the run (Collect).
  virtual void Failed(int model, const std::string& error) {}
  /// Whether the run is to pause now. A driver that can asks now and then while it trains.
  virtual bool Pauses() { return false; }
  /// Whether the iterations that are under way are to be the last ones of Train.
  virtual bool EndsIteration() { return false; }
};

/// kTraining: of the training table the partitions that a model visits. kFolds: those that it leaves out.
enum class ScoredTable : int { kTraining = 0, kValidation = 1, kFolds = 2 };

class Driver {
 public:
  virtual ~Driver() = default;

  /// Takes what the run needs, starts the processes, gives every model its first state. Returns a model: the optimizer
  /// step at which it had diverged before this run, 0 = it trains.
  virtual std::vector<uint64_t> Enter() = 0;
  /// That take part, after Enter; 0 = this session trains itself.
  virtual int workers() const = 0;
  /// Where states lie, after Enter: RunResult::states_location.
  virtual std::string states_location() const = 0;
  /// Trains every model that has neither diverged nor been retired until it has done `iteration` iterations of this
  /// run, and returns that. Less where the sink wanted an end: all of them have done so many then, and no visit more.
  /// kPaused: the sink wanted a pause. No visit is under way then, each model has whole visits behind it, and of the other
  /// verbs only Collect may follow. In a living run: each model that trains does one iteration of its own (what is left of
  /// it, where a part of the run before has begun it), and `iteration` is the number of the round.
  static constexpr int64_t kPaused = -1;
  virtual int64_t Train(int64_t iteration, VisitSink* sink) = 0;
  /// The metric values of `models` (ascending) over one table: the loss, then the metrics. REQUIRES that all of them
  /// train still; for kFolds that kTraining has just been scored for the same models, which reads those partitions, too. NaN
  /// for one that has failed in it.
  virtual std::vector<std::vector<double>> Score(ScoredTable table, const std::vector<int>& models, VisitSink* sink) = 0;
  /// The weights of these models are their best ones so far.
  virtual void KeepBest(const std::vector<int>& models) = 0;
  /// These models train no more; their states are kept.
  virtual void Retire(const std::vector<int>& models) = 0;
  /// Of a living run: models that the request has now and had not before; all behind the others. Each gets its first
  /// state: a fresh one, or that of its trial's parent. Returns of each what Enter does.
  virtual std::vector<uint64_t> Add(const std::vector<int>& models) = 0;
  /// Of a living run: these models, which were retired, train again.
  virtual void Resume(const std::vector<int>& models) = 0;
  /// Ends the processes, writes all states and weights (the best ones where KeepBest had them) and sets iterations_done
  /// of the models.
  virtual void Collect(RunResult* result) = 0;
};

}  // namespace train
