// Runs whose models change while they go on: what the driver is asked to do, what is decided by whom and when, and that a
// run in parts and a replay decide the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "fake_run.hpp"
#include "train/trials.hpp"

namespace {

using plan::TrialState;
using train::ControlAction;
using train::LivingTrial;
using Calls = std::vector<std::string>;

/// Adds a model for whatever trial; one whose compile_params say "bad" cannot be trained.
class FakeMaker : public train::TrialMaker {
 public:
  explicit FakeMaker(RunRequest* request) : request_(request) {}
  void Make(const LivingTrial& trial) override {
    if (trial.trial.candidate.params.compile_params == "bad") throw base::Error(base::ErrorCode::kInvalidParameter, "this is bad");
    EXPECT_EQ(static_cast<size_t>(trial.model), request_->mst_keys.size());
    request_->mst_keys.push_back(static_cast<int>(trial.trial.key));
    request_->metric_names.push_back({"loss", "accuracy"});
    request_->spec.costs.push_back(1);
    request_->past.resize(request_->mst_keys.size());
    request_->past.back().iterations = trial.trial.began;
  }
  void Delete(int model) override { deleted.push_back(model); }
  train::RoundPlan PlanRound(const std::vector<int>&, const std::vector<int64_t>&) override { return {}; }
  std::vector<int> deleted;

 private:
  RunRequest* request_;
};

/// Two rungs of so many trials: `first` of them do one iteration, the best half another two. New ones come as long as there
/// are fewer than `most`.
class TwoRungs : public plan::TrialPolicy {
 public:
  TwoRungs(size_t first, size_t most) : first_(first), most_(most) {}
  plan::TrialDecision Decide(const std::vector<plan::Trial>& trials) const override {
    plan::TrialDecision decision;
    std::vector<std::pair<double, int64_t>> waiting;
    size_t own = 0;
    for (const plan::Trial& trial : trials) {
      own += trial.bracket == 0 ? 1 : 0;
      if (trial.state == TrialState::kTrains && trial.bracket == 0) return decision;
      if (trial.state == TrialState::kWaiting) waiting.emplace_back(trial.points.back().value, trial.key);
    }
    std::sort(waiting.begin(), waiting.end());
    for (size_t i = 0; i < waiting.size(); i++) {
      if (i < waiting.size() / 2) {
        decision.go_on.push_back({waiting[i].second, 3, "second rung"});
      } else {
        decision.stop.push_back({waiting[i].second, "first rung"});
      }
    }
    if (!decision.go_on.empty()) return decision;
    for (size_t i = 0; i < first_ && own + i < most_; i++) {
      plan::TrialDecision::Addition addition;
      addition.candidate.model_id = 1;
      addition.candidate.params.compile_params = own + i == 1 ? "bad" : "lr " + std::to_string(own + i);
      addition.target = 1;
      addition.bracket = 0;
      decision.add.push_back(addition);
    }
    decision.done = decision.add.empty();
    return decision;
  }
  int64_t MostTrials() const override { return static_cast<int64_t>(most_); }
  int64_t ExpectedWork() const override { return 0; }
  std::vector<std::string> Describe() const override { return {}; }

 private:
  size_t first_, most_;
};

/// A run of one model, which a person controls.
struct Controlled {
  RunRequest request;
  FakeMaker maker{&request};

  explicit Controlled(size_t models, int64_t iterations, std::vector<int64_t> due) : request(Request(models, iterations, std::move(due))) {
    request.living.emplace();
    request.living->maker = &maker;
    request.living->iterations = iterations;
    request.past.resize(models);
    for (size_t m = 0; m < models; m++) {
      LivingTrial trial;
      trial.model = static_cast<int>(m);
      trial.trial.key = static_cast<int64_t>(m) + 1;
      trial.trial.candidate = {1, {"own", "texts"}};
      trial.trial.target = iterations;
      request.living->trials.push_back(trial);
    }
  }
  Controlled(const Controlled&) = delete;
};

ControlAction Action(int64_t round, ControlAction::Kind kind, int64_t mst_key) {
  ControlAction action;
  action.round = round;
  action.kind = kind;
  action.mst_key = mst_key;
  return action;
}

const LivingTrial& TrialOf(const RunResult& result, int64_t key) { return result.trials.at(static_cast<size_t>(key - 1)); }

RunResult RunWith(RunRequest* request, std::vector<ControlAction> actions, FakeDriver* driver, FakeObserver* observer) {
  request->living->actions = std::move(actions);
  request->living->replays = true;
  return Finish(*request, driver, observer);
}

TEST(LivingRun, WithoutActionsItIsAnOrdinaryRun) {
  Controlled run(2, 4, {2, 4});
  FakeDriver driver(2);
  FakeObserver observer;
  const RunResult result = RunWith(&run.request, {}, &driver, &observer);
  EXPECT_EQ(driver.calls, (Calls{"enter", "train to 1", "train to 2", "score training 0,1", "train to 3", "train to 4", "score training 0,1",
                                 "retire 0,1", "collect"}));
  EXPECT_TRUE(result.complete);
  for (const LivingTrial& trial : result.trials) {
    EXPECT_EQ(trial.trial.state, TrialState::kFinished);
    EXPECT_EQ(trial.trial.iterations, 4);
    ASSERT_EQ(trial.trial.points.size(), 2u);
    EXPECT_EQ(trial.trial.points[0].iteration, 2);
    EXPECT_DOUBLE_EQ(trial.trial.points[1].value, -0.5);  // the accuracy, as a loss
  }
  EXPECT_EQ(result.models[0].stopped_iteration, 0);
}

TEST(LivingRun, PeopleStopResumeCloneAndAdd) {
  using Kind = ControlAction::Kind;
  Controlled run(3, 4, {1, 2, 3, 4});
  FakeDriver driver(3);
  FakeObserver observer;
  ControlAction clone = Action(2, Kind::kClone, 1), fresh = Action(2, Kind::kClone, 1), added = Action(2, Kind::kAdd, 0), bad = Action(2, Kind::kAdd, 0);
  clone.fit_params = "other";
  fresh.from_weights = false;
  added.model_id = bad.model_id = 7;
  added.compile_params = added.fit_params = bad.fit_params = "new";
  bad.compile_params = "bad";
  added.iterations = 2;
  const RunResult result = RunWith(&run.request, {Action(1, Kind::kStop, 2), clone, fresh, bad, added, Action(3, Kind::kResume, 2), Action(3, Kind::kStop, 99)},
                                   &driver, &observer);
  EXPECT_EQ(driver.calls, (Calls{"enter", "train to 1", "score training 0,1,2", "retire 1", "train to 2", "score training 0,2", "add 3,4,5",
                                 "train to 3", "score training 0,2,3,4,5", "resume 1", "train to 4", "score training 0,1,2,3,4,5", "retire 0,2,3,5",
                                 "train to 5", "score training 1,4", "train to 6", "score training 1,4", "retire 1,4", "collect"}));
  ASSERT_EQ(result.trials.size(), 7u);
  EXPECT_EQ(TrialOf(result, 2).trial.iterations, 4);
  EXPECT_EQ(TrialOf(result, 2).trial.state, TrialState::kFinished);
  EXPECT_EQ(TrialOf(result, 4).trial.parent, 1);
  EXPECT_EQ(TrialOf(result, 4).trial.began, 2);
  EXPECT_EQ(TrialOf(result, 4).trial.iterations, 4);
  EXPECT_EQ(TrialOf(result, 4).trial.candidate.params.compile_params, "own");
  EXPECT_EQ(TrialOf(result, 4).trial.candidate.params.fit_params, "other");
  EXPECT_EQ(TrialOf(result, 5).trial.parent, 0);
  EXPECT_EQ(TrialOf(result, 5).trial.iterations, 4);
  EXPECT_EQ(TrialOf(result, 6).trial.state, TrialState::kFailed);
  EXPECT_EQ(TrialOf(result, 6).error, "this is bad");
  EXPECT_EQ(TrialOf(result, 6).model, -1);
  EXPECT_EQ(TrialOf(result, 7).model, 5);
  EXPECT_EQ(TrialOf(result, 7).trial.iterations, 2);
  // every model's iterations follow each other, each once
  std::map<int, std::vector<int64_t>> iterations;
  result.visits.ForEach(1000, [&](const std::vector<train::VisitRecord>& visits) {
    for (const train::VisitRecord& visit : visits) iterations[visit.model].push_back(visit.iteration);
  });
  for (const auto& [model, list] : iterations) {
    for (size_t i = 0; i < list.size(); i++) EXPECT_EQ(list[i], static_cast<int64_t>(i)) << model;
  }
  std::vector<int64_t> of_clone;
  for (const plan::Evaluation& evaluation : result.models[3].evaluations) of_clone.push_back(evaluation.iteration);
  EXPECT_EQ(of_clone, (std::vector<int64_t>{3, 4}));
  ASSERT_EQ(result.actions.size(), 7u);
  EXPECT_EQ(result.actions[1].new_key, 4);
  EXPECT_EQ(result.actions[3].refused, "this is bad");
  EXPECT_EQ(result.actions[4].new_key, 7);
  EXPECT_NE(result.actions[6].refused.find("no mst_key 99"), std::string::npos);
}

FakeDriver SearchDriver(size_t models) {
  FakeDriver driver(models);
  driver.value = [](int m, int64_t, ScoredTable) { return std::vector<double>{static_cast<double>((m * 3) % 5), 0.5}; };
  return driver;
}

// Behind the last key there is none.
TEST(LivingRun, TheLastKey) {
  using Kind = ControlAction::Kind;
  Controlled full(2, 3, {3});
  full.request.living->trials[1].trial.key = 2147483647;
  FakeDriver driver(2);
  FakeObserver observer;
  const RunResult refused = RunWith(&full.request, {Action(1, Kind::kClone, 1)}, &driver, &observer);
  EXPECT_EQ(refused.trials.size(), 2u);
  ASSERT_EQ(refused.actions.size(), 1u);
  EXPECT_NE(refused.actions[0].refused.find("no mst_key behind 2147483647"), std::string::npos);
  EXPECT_EQ(refused.actions[0].new_key, 0);
}

// Halving goes on in a run that people change: by the rounds, which are iterations of all that train.
TEST(LivingRun, HalvingGoesOn) {
  using Kind = ControlAction::Kind;
  Controlled run(4, 3, {1, 3});
  run.request.stopping.halving.emplace();
  run.request.stopping.halving->eta = 2;
  run.request.stopping.halving->iterations = {1};
  FakeDriver driver = SearchDriver(4);
  FakeObserver observer;
  const RunResult result = RunWith(&run.request, {Action(1, Kind::kStop, 3)}, &driver, &observer);
  std::vector<std::string> remarks;
  for (const LivingTrial& trial : result.trials) remarks.push_back(trial.trial.remark);
  EXPECT_EQ(std::count(remarks.begin(), remarks.end(), "halving"), 2);
}

// A model that trains further than the run was to is measured as often as before.
TEST(LivingRun, MoreIterationsAreMeasured) {
  using Kind = ControlAction::Kind;
  Controlled run(1, 4, {2, 4});
  FakeDriver driver(1);
  FakeObserver observer;
  ControlAction stop = Action(1, Kind::kStop, 1), clone = Action(1, Kind::kClone, 1);
  clone.from_weights = false;
  clone.iterations = 9;
  const RunResult result = RunWith(&run.request, {stop, clone}, &driver, &observer);
  std::vector<int64_t> evaluated;
  for (const plan::Evaluation& evaluation : result.models[1].evaluations) evaluated.push_back(evaluation.iteration);
  EXPECT_EQ(evaluated, (std::vector<int64_t>{2, 4, 6, 8, 9}));
}

TEST(LivingRun, WhatCannotBeDoneIsRefusedAndChangesNothing) {
  using Kind = ControlAction::Kind;
  Controlled run(2, 3, {3});
  FakeDriver driver(2);
  driver.diverges_at[1] = 1;
  FakeObserver observer;
  ControlAction less = Action(2, Kind::kResume, 1);
  less.iterations = 1;
  const RunResult result = RunWith(&run.request,
                                   {Action(1, Kind::kResume, 1), Action(1, Kind::kResume, 2), Action(1, Kind::kClone, 2), Action(1, Kind::kStop, 1),
                                    Action(2, Kind::kStop, 1), less},
                                   &driver, &observer);
  // all that trained has stopped behind the first round
  ASSERT_EQ(result.actions.size(), 4u);
  EXPECT_NE(result.actions[0].refused.find("trains already"), std::string::npos);
  EXPECT_NE(result.actions[1].refused.find("diverged"), std::string::npos);
  EXPECT_NE(result.actions[2].refused.find("no weights"), std::string::npos);
  EXPECT_TRUE(result.actions[3].refused.empty());
  EXPECT_EQ(TrialOf(result, 1).trial.state, TrialState::kStopped);
  EXPECT_EQ(TrialOf(result, 2).trial.state, TrialState::kDiverged);
  EXPECT_EQ(result.models[0].stopped_iteration, 1);
  EXPECT_EQ(result.models[0].stopped_by, "control");
}

TEST(LivingRun, FinishEndsItDeleteKeepsNothingAndPriorityComesFirst) {
  using Kind = ControlAction::Kind;
  Controlled run(3, 3, {1, 2, 3});
  FakeDriver driver(3);
  FakeObserver observer;
  ControlAction first = Action(0, Kind::kPrioritise, 3);
  first.priority = 1;
  const RunResult result = RunWith(&run.request, {first, Action(3, Kind::kDelete, 2), Action(4, Kind::kFinish, 0)}, &driver, &observer);
  EXPECT_EQ(driver.calls, (Calls{"enter", "retire 0,1", "train to 1", "score training 2", "train to 2", "score training 2", "train to 3",
                                 "score training 2", "resume 0", "retire 2", "train to 4", "score training 0", "retire 0", "collect"}));
  EXPECT_EQ(run.maker.deleted, (std::vector<int>{1}));
  EXPECT_TRUE(TrialOf(result, 2).deleted);
  EXPECT_EQ(TrialOf(result, 1).trial.state, TrialState::kStopped);
  EXPECT_EQ(TrialOf(result, 1).trial.iterations, 1);
  EXPECT_EQ(TrialOf(result, 3).trial.state, TrialState::kFinished);
  EXPECT_TRUE(result.complete);
}

/// A searching run, as prepare begins one.
struct Searching {
  RunRequest request = Request(0, 3, {1, 2, 3});
  FakeMaker maker{&request};
  TwoRungs policy{4, 8};

  Searching() {
    request.living.emplace();
    request.living->maker = &maker;
    request.living->policy = &policy;
    request.living->iterations = 3;
    request.living->monitor = "loss";
    std::vector<ControlAction> none;
    train::Trials(*request.living, &request.living->trials).Decide(0, false, &none);
    request.living->decided = 1;
  }
  Searching(const Searching&) = delete;
};

TEST(LivingRun, APolicyAddsModelsAndGoesOnWithTheBest) {
  Searching search;
  FakeDriver driver = SearchDriver(3);
  FakeObserver observer;
  const RunResult result = Finish(search.request, &driver, &observer);
  EXPECT_EQ(driver.calls, (Calls{"enter", "train to 1", "score training 0,1,2", "retire 1,2", "train to 2", "score training 0", "train to 3",
                                 "score training 0", "add 3,4,5,6", "retire 0", "train to 4", "score training 3,4,5,6", "retire 3,6", "train to 5",
                                 "score training 4,5", "train to 6", "score training 4,5", "retire 4,5", "collect"}));
  EXPECT_EQ(result.trials.size(), 8u);
  EXPECT_EQ(TrialOf(result, 2).trial.state, TrialState::kFailed);
  EXPECT_EQ(TrialOf(result, 1).trial.state, TrialState::kFinished);
  EXPECT_EQ(TrialOf(result, 3).trial.state, TrialState::kStopped);
  EXPECT_EQ(result.models[1].stopped_by, "first rung");
  EXPECT_EQ(result.iteration, 6);
  EXPECT_TRUE(result.complete);
}

// With as many failures as are allowed it goes on, with one more it ends.
TEST(LivingRun, TooManyFailuresEndIt) {
  for (const int64_t most : {1, 0}) {
    Searching search;
    search.request.living->max_failures = most;
    FakeDriver driver = SearchDriver(3);
    FakeObserver observer;
    const RunResult result = Finish(search.request, &driver, &observer);
    EXPECT_EQ(result.iteration, most == 1 ? 6 : 1);
    EXPECT_TRUE(result.complete);
  }
}

// Whoever fails while it trains, or as it is scored, counts as well; nothing is kept of it, and the others go on.
TEST(LivingRun, ATrialThatFailsLaterIsOverAndTheSearchGoesOn) {
  Searching search;
  FakeDriver driver = SearchDriver(3);
  driver.fails_at[0] = 2;
  driver.fails_in_score[4] = 3;
  FakeObserver observer;
  const RunResult result = Finish(search.request, &driver, &observer);
  EXPECT_EQ(driver.calls, (Calls{"enter", "train to 1", "score training 0,1,2", "retire 1,2", "train to 2", "add 3,4,5,6", "retire 0", "train to 3",
                                 "score training 3,4,5,6", "retire 3,4,6", "train to 4", "score training 5", "train to 5", "score training 5", "retire 5",
                                 "collect"}));
  EXPECT_EQ(TrialOf(result, 1).trial.state, TrialState::kFailed);
  EXPECT_EQ(TrialOf(result, 1).error, "it broke");
  EXPECT_EQ(TrialOf(result, 1).trial.iterations, 1);
  EXPECT_EQ(TrialOf(result, 1).trial.points.size(), 1u);
  EXPECT_TRUE(TrialOf(result, 1).deleted);
  EXPECT_EQ(TrialOf(result, 6).error, "it cannot be scored");
  EXPECT_EQ(TrialOf(result, 6).trial.iterations, 0);
  EXPECT_TRUE(TrialOf(result, 6).trial.points.empty());
  EXPECT_EQ(search.maker.deleted, (std::vector<int>{0, 4}));
  EXPECT_NE(std::find(observer.lines.begin(), observer.lines.end(), "model 0 failed: it broke"), observer.lines.end());
  ASSERT_EQ(result.actions.size(), 2u);
  EXPECT_EQ(result.actions[0].kind, ControlAction::Kind::kFail);
  EXPECT_EQ(result.actions[0].mst_key, 1);
  EXPECT_EQ(result.actions[0].round, 2);
  EXPECT_EQ(result.actions[0].iterations, 1);
  EXPECT_EQ(result.actions[1].round, 3);
  EXPECT_EQ(result.end_reason, train::EndReason::kExhausted);
  EXPECT_EQ(observer.end_reason, train::EndReason::kExhausted);
}

// The replay of a run: where the error comes again, and where it does not.
TEST(LivingRun, WhatFailedFailsInItsReplay) {
  Searching search;
  FakeDriver driver = SearchDriver(3);
  driver.fails_at[0] = 2;
  driver.fails_in_score[4] = 3;
  FakeObserver observer;
  const RunResult run = Finish(search.request, &driver, &observer);
  for (const bool again : {true, false}) {
    Searching replayed;
    FakeDriver other = SearchDriver(3);
    if (again) other.fails_at = driver.fails_at, other.fails_in_score = driver.fails_in_score;
    const RunResult result = RunWith(&replayed.request, run.actions, &other, &observer);
    ASSERT_EQ(result.trials.size(), run.trials.size());
    for (size_t t = 0; t < run.trials.size(); t++) {
      const LivingTrial &a = run.trials[t], &b = result.trials[t];
      EXPECT_EQ(a.trial.state, b.trial.state) << t;
      EXPECT_EQ(a.trial.iterations, b.trial.iterations) << t;
      EXPECT_EQ(a.trial.points.size(), b.trial.points.size()) << t;
      EXPECT_EQ(a.error, b.error) << t;
    }
    EXPECT_EQ(result.iteration, run.iteration);
    EXPECT_EQ(result.actions.size(), run.actions.size());
  }
}

TEST(LivingRun, FailuresWhileTrialsTrainCountForMaxFailures) {
  Searching search;
  search.request.living->max_failures = 1;  // one cannot be made
  FakeDriver driver = SearchDriver(3);
  driver.fails_at[2] = 1;
  FakeObserver observer;
  const RunResult result = Finish(search.request, &driver, &observer);
  EXPECT_EQ(result.iteration, 1);
  EXPECT_EQ(result.end_reason, train::EndReason::kMaxFailures);
}

TEST(LivingRun, ATrialThatCannotBeMadeIsSaid) {
  RunRequest request = Request(0, 3, {3});
  FakeMaker maker(&request);
  const TwoRungs policy(3, 3);
  request.living.emplace();
  request.living->maker = &maker;
  request.living->policy = &policy;
  request.living->iterations = 3;
  request.living->monitor = "loss";
  FakeDriver driver = SearchDriver(0);
  FakeObserver observer;
  const RunResult result = Finish(request, &driver, &observer);
  ASSERT_EQ(result.trials.size(), 3u);
  EXPECT_EQ(result.trials[1].error, "this is bad");
  EXPECT_EQ(std::count(observer.lines.begin(), observer.lines.end(), "trial 2 unmade: this is bad"), 1);
}

/// Counts how often it is asked.
class Counting : public TwoRungs {
 public:
  using TwoRungs::TwoRungs;
  plan::TrialDecision Decide(const std::vector<plan::Trial>& trials) const override {
    asked++;
    return TwoRungs::Decide(trials);
  }
  mutable int asked = 0;
};

TEST(LivingRun, APolicyIsAskedWhereThereIsSomethingNew) {
  RunRequest request = Request(0, 100, {100});
  FakeMaker maker(&request);
  const Counting policy(3, 3);
  request.living.emplace();
  request.living->maker = &maker;
  request.living->policy = &policy;
  request.living->iterations = 100;
  std::vector<ControlAction> none;
  train::Trials(*request.living, &request.living->trials).Decide(0, false, &none);
  for (LivingTrial& trial : request.living->trials) trial.trial.target = 100;
  request.living->decided = 1;
  const int before = policy.asked;
  FakeDriver driver = SearchDriver(2);
  FakeObserver observer;
  EXPECT_EQ(Finish(request, &driver, &observer).iteration, 100);
  EXPECT_LE(policy.asked - before, 2);  // at first, and as all are done
}

TEST(LivingRun, TheTimeBudgetEndsItAndIsWrittenDown) {
  Searching search;
  search.request.living->time_budget = 0;
  FakeDriver driver = SearchDriver(3);
  FakeObserver observer;
  const RunResult result = Finish(search.request, &driver, &observer);
  EXPECT_EQ(result.iteration, 1);
  EXPECT_EQ(result.end_reason, train::EndReason::kTimeBudget);
  ASSERT_EQ(result.actions.size(), 1u);
  EXPECT_EQ(result.actions[0].kind, ControlAction::Kind::kFinish);
  EXPECT_EQ(result.actions[0].round, 1);
  EXPECT_TRUE(result.actions[0].id.empty());
}

std::string Found(const RunResult& result) {
  std::string text;
  for (const LivingTrial& living : result.trials) {
    const plan::Trial& trial = living.trial;
    text += std::to_string(trial.key) + " " + plan::TrialStateName(trial.state) + " " + std::to_string(trial.iterations) + " " + trial.remark + " " +
            std::to_string(living.entered) + living.error;
    for (const plan::TrialPoint& point : trial.points) text += " " + std::to_string(point.iteration) + ":" + std::to_string(point.value);
    text += "\n";
  }
  for (const ModelResult& model : result.models) {
    for (const plan::Evaluation& evaluation : model.evaluations) text += std::to_string(evaluation.iteration) + " ";
    text += std::to_string(model.stopped_iteration) + model.stopped_by + "\n";
  }
  return text;
}

TEST(LivingRun, InPartsItDecidesTheSame) {
  Searching whole;
  FakeDriver one = SearchDriver(3);
  FakeObserver observer;
  const std::string expected = Found(Finish(whole.request, &one, &observer));
  for (const int64_t every : {1, 2, 4}) {
    Searching search;
    int64_t done = 0;
    for (int parts = 0;; parts++) {
      ASSERT_LT(parts, 20);
      FakeDriver driver = SearchDriver(search.request.mst_keys.size());
      driver.done = done;
      search.request.until = done + every;
      RunResult result = Finish(search.request, &driver, &observer);
      EXPECT_TRUE(result.between_rounds);
      if (result.complete) {
        EXPECT_EQ(Found(result), expected) << every;
        break;
      }
      done = driver.done;
      train::RunProgress& progress = search.request.progress.emplace();
      progress.iteration = result.iteration;
      progress.due = result.due;
      progress.models = result.models;
      progress.trials = result.trials;
      progress.decided = result.decided;
    }
  }
}

}  // namespace
