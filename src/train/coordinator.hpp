// The run, whoever drives it: for each due iteration train, score, decide. The only loop over a run; all its
// decisions are made here.
//
// No server is called here but through the driver and the observer, so that unit tests run it with fakes. Decisions are
// pure functions of the metric values so far (plan/stopping.hpp, plan/ranking.hpp): they are the same for every driver.
//
// Two counts of iterations: a run counts its own from 1 (due, stopped_iteration, visits), a model counts from its first
// training, over all runs (plan::Evaluation). A model's evaluations of earlier runs count for patience, but not for the
// choice of the best weights: those are gone.
//
// A living run (RunRequest::living) goes on in rounds of one iteration, between which its models change: train/trials.hpp.
// Each of its models has a count of iterations of its own.
//
// A durable run comes in parts (RunRequest::progress, until, pause). A part begins with all that the parts before it have
// found, so that decisions are the same as in a run of one part; it ends between two rounds, or within one behind whole
// visits.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "train/driver.hpp"
#include "train/run.hpp"
#include "train/trials.hpp"

namespace train {

enum class RunPhase { kInitialising, kTraining, kEvaluating, kWriting };

/// What the coordinator says while a run goes on. Every call may look at the result so far.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void Show(const RunResult& so_far, RunPhase phase, int64_t rows_trained) = 0;
  virtual void TrainingBegins(const RunResult& so_far) = 0;
  virtual void TrainingEnds(const RunResult& so_far) = 0;
  /// A visit has been added to the result. first_divergence: its model has diverged in it.
  virtual void VisitDone(const RunResult& so_far, const VisitRecord& record, bool first_divergence) = 0;
  /// An iteration is over after which no metrics are computed.
  virtual void IterationDone(const RunResult& so_far, int64_t iteration) = 0;
  /// The metrics of an iteration are in and it is decided who stops. trained: models that trained in it.
  virtual void Evaluated(const RunResult& so_far, int64_t iteration, int64_t trained, const std::vector<int>& stopped) = 0;
  /// Of a living run: a round is over. trained: models that trained in it; so_far.trials has their values.
  virtual void RoundDone(const RunResult& so_far, int64_t round, int64_t trained) = 0;
  /// Of a living run: a trial that trained has failed.
  virtual void TrialFailed(const RunResult& so_far, int model, const std::string& error) = 0;
  /// Of a living run: a trial was to begin and cannot be made.
  virtual void TrialUnmade(int64_t mst_key, const std::string& error) = 0;
  /// The part of the run is over, and with it the run where so_far.complete says so.
  virtual void Ended(const RunResult& so_far) = 0;
};

class Coordinator : private VisitSink {
 public:
  /// All of them outlive the coordinator. now: seconds since the epoch.
  Coordinator(const RunRequest& request, Driver* driver, RunObserver* observer, std::function<double()> now);

  /// Runs it from Enter to Collect. REQUIRES to be called once. Errors: whatever the driver or the observer throws.
  RunResult Run();

 private:
  /// What a model had behind it when this run began.
  struct Before {
    int64_t iterations = 0;
    double elapsed = 0;  // at its last evaluation
    bool diverged = false;
  };

  void Visit(const VisitRecord& record) override;
  void IterationDone(int64_t iteration) override;
  void Progress(int64_t rows) override;
  void Failed(int model, const std::string& error) override;
  bool Pauses() override;
  bool EndsIteration() override;
  void Show(RunPhase phase);
  void GoOn(const RunProgress& progress);
  void RetireStopped();
  bool TrainRounds();
  int64_t TrainTo(int64_t iteration);
  void Evaluate(int64_t iteration);
  std::vector<int> Score();
  void ScoreTable(ScoredTable table);
  void CountCurves();
  bool IsEvaluated(size_t model) const;
  std::vector<int> ModelsThatTrain() const;
  std::vector<int> FindBest();
  std::vector<int> DecideStops(int64_t iteration);
  // of a living run
  bool TrainTrials();
  bool DecideTrials();
  void BeginTrials();
  void AddModels();
  void FollowTrials();
  bool AddDiverged(int model);
  void FinishRound();
  bool IsDue(int model) const;

  const RunRequest& request_;
  Driver* driver_;
  RunObserver* observer_;
  const std::function<double()> now_;
  const double started_;
  RunResult result_;
  std::vector<Before> before_;  // a model
  std::vector<int> scored_;     // models that get an evaluation now, ascending
  std::optional<Trials> trials_;
  RunPhase phase_ = RunPhase::kInitialising;
  int64_t rows_trained_ = 0;
  double seconds_before_ = 0;  // of the parts before this one
  bool evaluated_ = false;     // in this part
  double curves_bytes_ = 0;
};

}  // namespace train
