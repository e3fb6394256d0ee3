#include "train/trials.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "plan/metric_order.hpp"

namespace train {
namespace {

using base::Error;
using base::ErrorCode;
using plan::TrialState;

constexpr const char* kNames[] = {"stop", "resume", "delete", "clone", "add", "reprioritise", "finish"};
constexpr const char* kByPerson = "control";
const std::string kValidationPrefix = "val_";

bool IsOver(TrialState state) { return state == TrialState::kDiverged || state == TrialState::kFailed; }

[[noreturn]] void Refuse(const std::string& message) { throw Error(ErrorCode::kPrerequisiteState, message); }

}  // namespace

const char* ControlName(ControlAction::Kind kind) { return kNames[static_cast<size_t>(kind)]; }

std::optional<ControlAction::Kind> ReadControlName(const std::string& name) {
  for (size_t i = 0; i < sizeof(kNames) / sizeof(kNames[0]); i++) {
    if (name == kNames[i]) return static_cast<ControlAction::Kind>(i);
  }
  return std::nullopt;
}

double MonitoredLoss(const std::string& monitor, const std::vector<std::string>& metric_names, const plan::Evaluation& evaluation) {
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
    if (found == metric_names.end()) return std::numeric_limits<double>::quiet_NaN();
    at = static_cast<size_t>(found - metric_names.begin());
  }
  if (at >= values->size()) return std::numeric_limits<double>::quiet_NaN();
  return at > 0 && plan::GoesUp(metric_names[at]) ? -(*values)[at] : (*values)[at];
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
    action.round = rounds;
    done->push_back(action);
    ended_ = true;
  }
  // where no trial that was added can be made, others are to be
  for (bool added = true; added && !ended_ && run_.policy != nullptr && !TooManyFailed();) {
    std::vector<plan::Trial> seen;
    for (const LivingTrial& trial : trials_) seen.push_back(trial.trial);
    const plan::TrialDecision decision = run_.policy->Decide(seen);
    Apply(decision, rounds);
    added = !decision.add.empty() && ModelsOfRound().empty();
  }
  if (TooManyFailed()) ended_ = true;
  for (LivingTrial& trial : trials_) {
    if (!ended_ || trial.trial.state != TrialState::kTrains) continue;
    trial.trial.state = TrialState::kStopped;
    trial.trial.remark = "the run has ended";
  }
  return !ModelsOfRound().empty();
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
  } catch (const Error& error) {
    here.model = -1;
    here.trial.state = TrialState::kFailed;
    here.error = error.what();
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
  if (decision.done) ended_ = true;
}

LivingTrial& Trials::Existing(int64_t key, ControlAction::Kind kind) {
  LivingTrial* trial = Find(key);
  if (trial == nullptr || trial->deleted) Refuse("the run has no mst_key " + std::to_string(key));
  if (trial->model < 0) Refuse("mst_key " + std::to_string(key) + " has failed and cannot be changed by " + ControlName(kind));
  return *trial;
}

void Trials::Apply(ControlAction* action, int64_t rounds) {
  using Kind = ControlAction::Kind;
  if (action->kind == Kind::kFinish) {
    ended_ = true;
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
    case Kind::kFinish: return;
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
    trial.trial.state = TrialState::kDiverged;
    return;
  }
  trial.trial.iterations++;
  if (trial.trial.iterations >= trial.trial.target) {
    const bool at_end = trial.trial.iterations >= run_.iterations || run_.policy == nullptr || trial.trial.bracket == plan::kNoBracket;
    trial.trial.state = at_end ? TrialState::kFinished : TrialState::kWaiting;
  }
}

void Trials::Stop(int model, const std::string& by) {
  LivingTrial& trial = OfModel(model);
  if (trial.trial.state != TrialState::kTrains) return;
  trial.trial.state = TrialState::kStopped;
  trial.trial.remark = by;
}

}  // namespace train
