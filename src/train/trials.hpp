// The trials of a living run: its models as whoever changes the run sees them (plan/trials.hpp), what a person may ask of
// it, and how a decision changes the set of those that train.
//
// A living run goes on in rounds: every trial that trains does one iteration, all that trained are scored, then it is
// decided who trains in the next round: first by what people asked (ControlAction), then by the policy where there is one.
// No clock and no server here: the same actions before the same rounds give the same run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plan/evaluation.hpp"
#include "plan/fusion.hpp"
#include "plan/schedule.hpp"
#include "plan/trials.hpp"
#include "train/end_reason.hpp"

namespace train {

struct LivingTrial {
  plan::Trial trial;
  int model = -1;                // index into the models of the run; -1: it could not be made, and has failed
  bool keeps_optimizer = false;  // of a clone: its parent's optimizer went along
  int64_t entered = 0;           // rounds of the run that were over before it
  int64_t priority = 0;          // only those of the highest priority train, as long as there are any
  bool deleted = false;          // nothing is kept of it: a person said so, or it failed while it trained
  std::string error;             // why it failed
  /// Whether it has done an iteration of its own.
  bool begun() const { return trial.iterations > trial.began; }
};

/// What somebody asks of a run: a row of <out>_control.
struct ControlAction {
  // kFail is nobody's to ask for: it says of the log that a trial failed while it trained, for the replay
  enum class Kind { kStop, kResume, kDelete, kClone, kAdd, kPrioritise, kFinish, kFail };
  std::string id;     // of its row; empty: it has none yet, and nobody has asked for it in this run
  std::string by;     // who asked; of those without a row
  int64_t round = 0;  // it takes effect behind so many rounds; the coordinator sets it, a replay has it
  Kind kind = Kind::kStop;
  int64_t mst_key = 0;  // 0: of no model
  std::optional<int> model_id;                             // of kAdd
  std::optional<std::string> compile_params, fit_params;   // of kAdd and kClone; none: the parent's
  bool from_weights = true;                                // of kClone; false: it begins fresh
  // of kAdd, kClone and kResume: until the model has done so many. Of kFail: that it had done
  std::optional<int64_t> iterations;
  int64_t priority = 0;                                    // of kPrioritise
  // what came of it
  int64_t new_key = 0;    // of kAdd and kClone
  std::string refused;    // why nothing came of it; empty: it was done. Of kFail: the error
};
const char* ControlName(ControlAction::Kind kind);  // "stop", "resume", ...
std::optional<ControlAction::Kind> ReadControlName(const std::string& name);

/// How the models of a round train together: bundles and fusion of these models alone, by their indexes in the run.
struct RoundPlan {
  plan::Plan plan;
  plan::Fusion fusion;
  std::vector<int64_t> begun;  // a bundle: visits of the round that its models have behind them
};

/// What is asked of a run while it goes on.
class TrialMaker {
 public:
  virtual ~TrialMaker() = default;
  /// Adds the trial's model behind the others of the run's request. Errors: those of engine::TextOfEngineError for a trial
  /// that cannot be trained; then nothing is added.
  virtual void Make(const LivingTrial& trial) = 0;
  /// Nothing is to be kept of the model.
  virtual void Delete(int model) = 0;
  /// begun: of each model, the visits of this round that it has behind it. A pure function of models and settings.
  virtual RoundPlan PlanRound(const std::vector<int>& models, const std::vector<int64_t>& begun) = 0;
};

struct LivingRun {
  const plan::TrialPolicy* policy = nullptr;  // none: only people change the run
  TrialMaker* maker = nullptr;                // both outlive the run
  std::vector<LivingTrial> trials;  // of a run that begins: one a model, in the models' order
  int64_t decided = 0;              // RunProgress::decided, of a run that begins
  int64_t iterations = 1;           // the most of a trial
  int64_t most_models = 0;          // that there are expected to be
  std::string monitor;              // what the policy decides by; empty: the first metric, or the loss
  std::optional<double> time_budget;  // seconds: the run ends behind the round in which they are over
  int64_t max_failures = -1;        // more failed trials end the run; -1: no end
  int64_t max_models = 0;           // trials in all, as the search was told; 0: it was not
  bool adds_to_max_models = false;  // those of people count among them, and there are no more
  std::vector<ControlAction> actions;  // to take effect at the next decision; in a replay each behind its round
  bool replays = false;
};

/// A trial's monitored value by its model's last evaluation, as a loss: smaller is better. Nothing where the model has no
/// such metric.
std::optional<double> MonitoredLoss(const std::string& monitor, const std::vector<std::string>& metric_names,
                                    const plan::Evaluation& evaluation);

/// Rounds that a living run has left, at least 1. description: of its search, where it has one.
int64_t RoundsLeft(const std::vector<LivingTrial>& trials, const plan::SearchDescription* description, const plan::TrialPolicy* policy);

class Trials {
 public:
  /// Both outlive it. trials: of the run so far, by key, with models in the same order.
  Trials(const LivingRun& run, std::vector<LivingTrial>* trials);

  /// Indexes of the models that train in the next round, ascending.
  std::vector<int> ModelsOfRound() const;
  /// REQUIRES a model of the run.
  LivingTrial& OfModel(int model) const { return trials_[position_.at(static_cast<size_t>(model))]; }

  /// Behind so many rounds: does what people asked for, which goes to `done` with what came of it, then what the policy
  /// says. overdue: the time budget is spent. Returns false when nothing trains any more.
  bool Decide(int64_t rounds, bool overdue, std::vector<ControlAction>* done);
  /// Whether nothing trains, and the policy waits for a person to add trials. After Decide.
  bool waits() const { return !ended_ && run_.policy != nullptr && ModelsOfRound().empty(); }
  /// A trial has done an iteration. value: monitored; none: it was not evaluated.
  void IterationDone(int model, std::optional<double> value, bool diverged);
  /// A trial that trains ends here, by a rule of the run.
  void Stop(int model, const std::string& by);
  /// A trial that trains ends here, by an error of its own: nothing is kept of its model. Returns what the log says of it.
  ControlAction Fail(int model, const std::string& error);
  /// After Decide has returned false and nothing waits.
  EndReason end_reason() const;

 private:
  LivingTrial* Find(int64_t key);
  LivingTrial& Existing(int64_t key, ControlAction::Kind kind);
  int64_t Enter(plan::Trial trial, bool keeps_optimizer, int64_t rounds);
  void Apply(const plan::TrialDecision& decision, int64_t rounds);
  void Apply(ControlAction* action, int64_t rounds);
  void Resume(const ControlAction& action);
  void Clone(ControlAction* action, int64_t rounds);
  void AddConfiguration(ControlAction* action, int64_t rounds);
  void FailAsBefore(const ControlAction& action);
  void AskPolicy(int64_t rounds);
  std::vector<plan::Trial>& Seen();
  bool TooManyFailed() const;
  void RequireRoomForOneMore() const;

  const LivingRun& run_;
  std::vector<LivingTrial>& trials_;
  std::vector<size_t> position_;     // a model: of its trial
  std::vector<plan::Trial> seen_;    // what the policy was shown last
  bool news_ = true;                 // something has changed since besides values of trials that train on
  bool obeyed_ = false;              // the actions without a round of their own
  bool ended_ = false;               // by a person, the policy, the time or too many failures
  EndReason end_reason_ = EndReason::kNone;  // of those
};

}  // namespace train
