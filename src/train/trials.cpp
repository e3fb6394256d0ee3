#include "train/trials.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <map>

#include "base/error.hpp"
#include "engine/core/model.hpp"
#include "plan/metric_order.hpp"

namespace train {
namespace {

using base::Error;
using base::ErrorCode;
using plan::TrialState;

constexpr const char* kNames[] = {"stop", "resume", "delete", "clone", "add", "reprioritise", "finish", "fail"};
constexpr const char* kByPerson = "control";
constexpr const char* kByTime = "time_budget";  // in the log
const std::string kValidationPrefix = "val_";

bool IsOver(TrialState state) { return state == TrialState::kDiverged || state == TrialState::kFailed; }

[[noreturn]] void Refuse(const std::string& message) { throw Error(ErrorCode::kPrerequisiteState, message); }

// Whether a policy would see a difference. Points are added behind others, or cut off.
bool LooksAlike(const plan::Trial& a, const plan::Trial& b) {
  return a.state == b.state && a.iterations == b.iterations && a.target == b.target && a.points.size() == b.points.size() && a.remark == b.remark;
}

}  // namespace

const char* ControlName(ControlAction::Kind kind) { return kNames[static_cast<size_t>(kind)]; }

std::optional<ControlAction::Kind> ReadControlName(const std::string& name) {
  for (size_t i = 0; i < sizeof(kNames) / sizeof(kNames[0]); i++) {
    if (name == kNames[i]) return static_cast<ControlAction::Kind>(i);
  }
  return std::nullopt;
}

std::optional<double> MonitoredLoss(const std::string& monitor, const std::vector<std::string>& metric_names,
                                    const plan::Evaluation& evaluation) {
  const std::vector<double>* values = &evaluation.scores();
  size_t at = metric_names.size() > 1 ? 1 : 0;
  if (!monitor.empty()) {
    // an output may be called "val": a whole name comes first
    auto found = std::find(metric_names.begin(), metric_names.end(), monitor);
    values = &evaluation.training;
    if (found == metric_names.end() && monitor.rfind(kValidationPrefix, 0) == 0) {
      found = std::find(metric_names.begin(), metric_names.end(), monitor.substr(kValidationPrefix.size()));
      values = &evaluation.validation;
    }
    if (found == metric_names.end()) return std::nullopt;
    at = static_cast<size_t>(found - metric_names.begin());
  }
  if (at >= values->size()) return std::numeric_limits<double>::quiet_NaN();
  return at > 0 && plan::GoesUp(metric_names[at]) ? -(*values)[at] : (*values)[at];
}

// Those of one priority train together, the highest first.
int64_t RoundsLeft(const std::vector<LivingTrial>& trials, const plan::SearchDescription* description, const plan::TrialPolicy* policy) {
  if (policy != nullptr) {
    std::vector<plan::Trial> plain;
    for (const LivingTrial& living : trials) {
      plan::Trial& trial = plain.emplace_back();
      trial.state = living.trial.state;
      trial.began = living.trial.began;
      trial.iterations = living.trial.iterations;
      trial.target = living.trial.target;
      trial.bracket = living.trial.bracket;
    }
    return plan::RoundsLeft(*description, policy, plain);
  }
  std::map<int64_t, int64_t> longest;  // by priority
  for (const LivingTrial& living : trials) {
    if (living.trial.state != TrialState::kTrains) continue;
    int64_t& rounds = longest[living.priority];
    rounds = std::max(rounds, living.trial.target - living.trial.iterations);
  }
  int64_t all = 0;
  for (const auto& [priority, rounds] : longest) all += rounds;
  return std::max<int64_t>(1, all);
}

Trials::Trials(const LivingRun& run, std::vector<LivingTrial>* trials) : run_(run), trials_(*trials) {
  for (size_t t = 0; t < trials_.size(); t++) {
    if (trials_[t].model >= 0) position_.push_back(t);
  }
}

LivingTrial* Trials::Find(int64_t key) {
  const auto found = std::find_if(trials_.begin(), trials_.end(), [&](const LivingTrial& trial) { return trial.trial.key == key; });
  return found == trials_.end() ? nullptr : &*found;
}

std::vector<int> Trials::ModelsOfRound() const {
  std::vector<int> models;
  if (ended_) return models;
  int64_t highest = std::numeric_limits<int64_t>::min();
  for (const LivingTrial& trial : trials_) {
    if (trial.trial.state == TrialState::kTrains) highest = std::max(highest, trial.priority);
  }
  for (const LivingTrial& trial : trials_) {
    if (trial.trial.state == TrialState::kTrains && trial.priority == highest) models.push_back(trial.model);
  }
  return models;
}

bool Trials::Decide(int64_t rounds, bool overdue, std::vector<ControlAction>* done) {
  for (const ControlAction& asked : run_.actions) {
    if (run_.replays ? asked.round != rounds : obeyed_) continue;
    ControlAction action = asked;
    action.round = rounds;
    news_ = true;
    try {
      Apply(&action, rounds);
    } catch (const Error& error) {
      action.refused = error.what();
    }
    done->push_back(std::move(action));
  }
  obeyed_ = true;
  if (overdue && !ended_) {
    ControlAction action;
    action.kind = ControlAction::Kind::kFinish;
    action.by = kByTime;
    action.round = rounds;
    done->push_back(action);
    ended_ = true;
    end_reason_ = EndReason::kTimeBudget;
  }
  AskPolicy(rounds);
  if (TooManyFailed() && !ended_) {
    ended_ = true;
    end_reason_ = EndReason::kMaxFailures;
  }
  for (LivingTrial& trial : trials_) {
    if (!ended_ || trial.trial.state != TrialState::kTrains) continue;
    trial.trial.state = TrialState::kStopped;
    trial.trial.remark = "the run has ended";
  }
  return !ModelsOfRound().empty();
}

// Where no trial that was added can be made, others are to be. Where nothing is new to the policy, it is not asked: a run
// of many rounds has many trials, and the policy looks at them all.
void Trials::AskPolicy(int64_t rounds) {
  if (run_.policy == nullptr || !(news_ || run_.policy->LooksEachRound())) return;
  for (bool added = true; added && !ended_ && !TooManyFailed();) {
    const size_t before = trials_.size();
    const plan::TrialDecision decision = run_.policy->Decide(Seen());
    news_ = false;
    Apply(decision, rounds);
    for (size_t t = before; t < trials_.size(); t++) news_ = news_ || trials_[t].trial.state == TrialState::kFailed;
    added = !decision.add.empty() && ModelsOfRound().empty();
  }
}

// As the policy sees them. Only what has changed is copied.
std::vector<plan::Trial>& Trials::Seen() {
  for (size_t t = 0; t < trials_.size(); t++) {
    if (t == seen_.size()) {
      seen_.push_back(trials_[t].trial);
    } else if (!LooksAlike(seen_[t], trials_[t].trial)) {
      seen_[t] = trials_[t].trial;
    }
  }
  return seen_;
}

EndReason Trials::end_reason() const {
  if (end_reason_ != EndReason::kNone) return end_reason_;
  const auto any = [&](TrialState state) {
    return std::any_of(trials_.begin(), trials_.end(), [&](const LivingTrial& trial) { return trial.trial.state == state; });
  };
  return any(TrialState::kStopped) && !any(TrialState::kFinished) ? EndReason::kStopped : EndReason::kIterations;
}

bool Trials::TooManyFailed() const {
  const auto failed = std::count_if(trials_.begin(), trials_.end(), [](const LivingTrial& trial) { return trial.trial.state == TrialState::kFailed; });
  return run_.max_failures >= 0 && failed > run_.max_failures;
}

// A trial that cannot be made is there all the same, with its error: others have the keys behind it.
int64_t Trials::Enter(plan::Trial trial, bool keeps_optimizer, int64_t rounds) {
  LivingTrial entered;
  trial.key = trials_.empty() ? 1 : trials_.back().trial.key + 1;
  trial.state = TrialState::kTrains;
  entered.keeps_optimizer = keeps_optimizer;
  entered.entered = rounds;
  entered.model = static_cast<int>(position_.size());
  entered.trial = std::move(trial);
  LivingTrial& here = trials_.emplace_back(std::move(entered));
  try {
    if (here.trial.parent != 0) {
      const LivingTrial* parent = Find(here.trial.parent);
      if (parent == nullptr || parent->model < 0 || parent->deleted || parent->trial.state == TrialState::kDiverged) {
        Refuse("mst_key " + std::to_string(here.trial.parent) + " has no weights to begin with");
      }
      here.trial.began = here.trial.iterations = parent->trial.iterations;
    }
    run_.maker->Make(here);
    position_.push_back(trials_.size() - 1);
  } catch (...) {
    here.error = engine::TextOfEngineError();
    here.model = -1;
    here.trial.state = TrialState::kFailed;
  }
  return here.trial.key;
}

void Trials::Apply(const plan::TrialDecision& decision, int64_t rounds) {
  const auto order = [&](int64_t key, TrialState state, const std::string& remark) {
    LivingTrial* trial = Find(key);
    if (trial == nullptr || IsOver(trial->trial.state)) throw Error(ErrorCode::kInternal, "a policy decides about a trial that cannot train");
    trial->trial.state = state;
    if (!remark.empty()) trial->trial.remark = remark;
    return trial;
  };
  for (const plan::TrialDecision::Order& pause : decision.pause) order(pause.key, TrialState::kPaused, pause.remark);
  for (const plan::TrialDecision::Order& stop : decision.stop) order(stop.key, TrialState::kStopped, stop.remark);
  for (const plan::TrialDecision::GoOn& on : decision.go_on) order(on.key, TrialState::kTrains, on.remark)->trial.target = on.target;
  for (const plan::TrialDecision::Addition& addition : decision.add) {
    plan::Trial trial;
    trial.candidate = addition.candidate;
    trial.parent = addition.parent;
    trial.target = addition.target;
    trial.bracket = addition.bracket;
    trial.remark = addition.remark;
    Enter(std::move(trial), addition.keeps_optimizer, rounds);
  }
  if (!decision.done) return;
  ended_ = true;
  const auto own = std::count_if(trials_.begin(), trials_.end(), [&](const LivingTrial& trial) {
    return run_.adds_to_max_models || trial.trial.bracket != plan::kNoBracket;
  });
  end_reason_ = run_.max_models > 0 && own >= run_.max_models ? EndReason::kMaxModels : EndReason::kExhausted;
}

LivingTrial& Trials::Existing(int64_t key, ControlAction::Kind kind) {
  LivingTrial* trial = Find(key);
  const bool failed = trial != nullptr && trial->trial.state == TrialState::kFailed;
  if (failed) Refuse("mst_key " + std::to_string(key) + " has failed and cannot be changed by " + ControlName(kind));
  if (trial == nullptr || trial->deleted) Refuse("the run has no mst_key " + std::to_string(key));
  return *trial;
}

void Trials::RequireRoomForOneMore() const {
  if (!trials_.empty() && trials_.back().trial.key >= std::numeric_limits<int32_t>::max()) {
    Refuse("there is no mst_key behind " + std::to_string(trials_.back().trial.key) + " for another model");
  }
  if (!run_.adds_to_max_models || static_cast<int64_t>(trials_.size()) < run_.max_models) return;
  Refuse("the run has had its " + std::to_string(run_.max_models) + " trials: max_models");
}

ControlAction Trials::Fail(int model, const std::string& error) {
  LivingTrial& trial = OfModel(model);
  ControlAction failure;
  failure.kind = ControlAction::Kind::kFail;
  failure.by = "error";
  failure.mst_key = trial.trial.key;
  failure.iterations = trial.trial.iterations;
  failure.refused = error;
  news_ = true;
  trial.trial.state = TrialState::kFailed;
  trial.error = error;
  trial.deleted = true;
  run_.maker->Delete(model);
  return failure;
}

// Of the log of a run that is replayed. Where the error has come again there is nothing left to do. Where it has not, as
// one of memory, the trial has no more behind it than it had.
void Trials::FailAsBefore(const ControlAction& action) {
  LivingTrial* const trial = Find(action.mst_key);
  if (trial == nullptr || trial->model < 0 || trial->trial.state == TrialState::kFailed) return;
  Fail(trial->model, action.refused);
  trial->trial.iterations = action.iterations.value_or(trial->trial.iterations);
  std::vector<plan::TrialPoint>& points = trial->trial.points;
  while (!points.empty() && points.back().iteration > trial->trial.iterations) points.pop_back();
}

void Trials::Apply(ControlAction* action, int64_t rounds) {
  using Kind = ControlAction::Kind;
  if (action->kind == Kind::kFinish) {
    ended_ = true;
    end_reason_ = action->by == kByTime ? EndReason::kTimeBudget : EndReason::kFinish;
    return;
  }
  if (action->kind == Kind::kFail) {
    FailAsBefore(*action);
    return;
  }
  if (action->kind == Kind::kAdd) {
    AddConfiguration(action, rounds);
    return;
  }
  LivingTrial& trial = Existing(action->mst_key, action->kind);
  switch (action->kind) {
    case Kind::kStop:
      if (trial.trial.state != TrialState::kTrains && trial.trial.state != TrialState::kWaiting && trial.trial.state != TrialState::kPaused) {
        Refuse("mst_key " + std::to_string(action->mst_key) + " does not train: it is " + plan::TrialStateName(trial.trial.state));
      }
      trial.trial.state = TrialState::kStopped;
      trial.trial.remark = kByPerson;
      return;
    case Kind::kDelete:
      trial.deleted = true;
      run_.maker->Delete(trial.model);
      if (!IsOver(trial.trial.state)) trial.trial.state = TrialState::kStopped;
      trial.trial.remark = kByPerson;
      return;
    case Kind::kPrioritise: trial.priority = action->priority; return;
    case Kind::kResume: Resume(*action); return;
    case Kind::kClone: Clone(action, rounds); return;
    case Kind::kAdd:
    case Kind::kFinish:
    case Kind::kFail: return;
  }
}

// Until where it was to train, or further.
void Trials::Resume(const ControlAction& action) {
  LivingTrial& trial = Existing(action.mst_key, action.kind);
  if (IsOver(trial.trial.state)) Refuse("mst_key " + std::to_string(action.mst_key) + " has diverged and cannot train any further");
  if (trial.trial.state == TrialState::kTrains) Refuse("mst_key " + std::to_string(action.mst_key) + " trains already");
  const int64_t target = action.iterations.value_or(std::max(trial.trial.target, run_.iterations));
  if (target <= trial.trial.iterations) {
    Refuse("mst_key " + std::to_string(action.mst_key) + " has done " + std::to_string(trial.trial.iterations) +
           " iterations: it can be resumed with more only");
  }
  trial.trial.state = TrialState::kTrains;
  trial.trial.target = target;
  trial.trial.remark.clear();
}

void Trials::Clone(ControlAction* action, int64_t rounds) {
  const LivingTrial& parent = Existing(action->mst_key, action->kind);
  RequireRoomForOneMore();
  if (action->from_weights && action->mst_key == 0) Refuse("the weights of mst_key 0 cannot be taken over: as a parent 0 means none");
  plan::Trial trial;
  trial.candidate = parent.trial.candidate;
  if (action->compile_params) trial.candidate.params.compile_params = *action->compile_params;
  if (action->fit_params) trial.candidate.params.fit_params = *action->fit_params;
  trial.parent = action->from_weights ? action->mst_key : 0;
  const int64_t begins = action->from_weights ? parent.trial.iterations : 0;
  trial.target = action->iterations.value_or(std::max(parent.trial.target, run_.iterations));
  if (trial.target <= begins) {
    Refuse("mst_key " + std::to_string(action->mst_key) + " has done " + std::to_string(begins) + " iterations: its clone needs more");
  }
  trial.remark = "clone of " + std::to_string(action->mst_key);
  action->new_key = Enter(std::move(trial), true, rounds);
  action->refused = trials_.back().error;
}

void Trials::AddConfiguration(ControlAction* action, int64_t rounds) {
  RequireRoomForOneMore();
  plan::Trial trial;
  trial.candidate.model_id = *action->model_id;
  trial.candidate.params.compile_params = *action->compile_params;
  trial.candidate.params.fit_params = *action->fit_params;
  trial.target = action->iterations.value_or(run_.iterations);
  trial.remark = "added";
  action->new_key = Enter(std::move(trial), false, rounds);
  action->refused = trials_.back().error;
}

void Trials::IterationDone(int model, std::optional<double> value, bool diverged) {
  LivingTrial& trial = OfModel(model);
  if (value) trial.trial.points.push_back({trial.trial.iterations + 1, *value});
  if (diverged) {  // in the middle of an iteration, which is never over
    news_ = true;
    trial.trial.state = TrialState::kDiverged;
    return;
  }
  trial.trial.iterations++;
  if (trial.trial.iterations >= trial.trial.target) {
    news_ = true;
    const bool at_end = trial.trial.iterations >= run_.iterations || run_.policy == nullptr || trial.trial.bracket == plan::kNoBracket;
    trial.trial.state = at_end ? TrialState::kFinished : TrialState::kWaiting;
  }
}

void Trials::Stop(int model, const std::string& by) {
  LivingTrial& trial = OfModel(model);
  if (trial.trial.state != TrialState::kTrains) return;
  news_ = true;
  trial.trial.state = TrialState::kStopped;
  trial.trial.remark = by;
}

}  // namespace train
