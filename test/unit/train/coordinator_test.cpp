// The loop over a run with a driver that trains nothing: what is asked of it, in which order, and what is decided from
// what it answers.
#include "train/coordinator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "fake_run.hpp"

namespace {

using Calls = std::vector<std::string>;
using Iterations = std::vector<int64_t>;

Iterations IterationsOf(const ModelResult& model) {
  Iterations iterations;
  for (const plan::Evaluation& evaluation : model.evaluations) iterations.push_back(evaluation.iteration);
  return iterations;
}

/// A model that has been trained before, with one training loss an iteration that ends at `last`.
train::ModelPast Past(int64_t last, const std::vector<double>& losses) {
  train::ModelPast past;
  past.iterations = last;
  past.training_seconds = 70;
  for (size_t i = 0; i < losses.size(); i++) {
    plan::Evaluation evaluation;
    evaluation.iteration = last - static_cast<int64_t>(losses.size() - 1 - i);
    evaluation.elapsed = 10.0 * static_cast<double>(i + 1);
    evaluation.training = {losses[i], 0.5};
    past.evaluations.push_back(evaluation);
  }
  return past;
}

plan::EarlyStopping Patience(const char* monitor, int64_t patience) {
  plan::EarlyStopping rule;
  rule.monitor = monitor;
  rule.patience = patience;
  return rule;
}

// Models of folds are scored over what they leave out; those are their validation figures.
TEST(Coordinator, ScoresTheFolds) {
  RunRequest request = Request(2, 2, {1, 2});
  std::vector<plan::Sequence> sequences;
  for (int fold = 1; fold <= 2; fold++) sequences.push_back(plan::SequenceOfFold(static_cast<uint64_t>(fold), 4, 2, fold));
  request.spec.plan = plan::MakePlan({1, 1}, sequences, 4, 2);
  FakeDriver driver(2);
  driver.value = [](int m, int64_t, ScoredTable table) { return std::vector<double>{table == ScoredTable::kFolds ? 10.0 + m : 1.0, 0.5}; };
  FakeObserver observer;
  const RunResult result = Finish(request, &driver, &observer);
  EXPECT_EQ(driver.calls, (Calls{"enter", "train to 1", "score training 0,1", "score folds 0,1", "train to 2", "score training 0,1", "score folds 0,1", "collect"}));
  for (size_t m = 0; m < 2; m++) {
    EXPECT_EQ(result.models[m].evaluations.back().training[0], 1.0);
    EXPECT_EQ(result.models[m].evaluations.back().validation[0], 10.0 + static_cast<double>(m));
  }
}

TEST(Coordinator, TrainsToEachDueIterationAndScoresThen) {
  const RunRequest request = Request(2, 5, {2, 5});
  FakeDriver driver(2);
  FakeObserver observer;
  const RunResult result = Finish(request, &driver, &observer);
  EXPECT_EQ(driver.calls, (Calls{"enter", "train to 2", "score training 0,1", "train to 5", "score training 0,1", "collect"}));
  EXPECT_EQ(observer.lines, (Calls{"done 1", "evaluated 2: 2 trained, 0 stop", "done 3", "done 4", "evaluated 5: 2 trained, 0 stop"}));
  EXPECT_EQ(observer.begun, 2);
  EXPECT_EQ(observer.ended, 2);
  EXPECT_EQ(observer.rows, 50);
  EXPECT_EQ(observer.phases.front(), train::RunPhase::kInitialising);
  EXPECT_EQ(observer.phases.back(), train::RunPhase::kWriting);
  EXPECT_EQ(result.due, (Iterations{2, 5}));
  EXPECT_EQ(result.workers, 3);
  EXPECT_EQ(result.states_location, "nowhere");
  EXPECT_GT(result.seconds, 0);
  ASSERT_EQ(result.models.size(), 2u);
  for (const ModelResult& model : result.models) {
    EXPECT_EQ(IterationsOf(model), (Iterations{2, 5}));
    for (const plan::Evaluation& evaluation : model.evaluations) {
      EXPECT_EQ(evaluation.training.size(), 2u);
      EXPECT_TRUE(evaluation.validation.empty());
      EXPECT_GT(evaluation.elapsed, 0);
    }
    EXPECT_LT(model.evaluations[0].elapsed, model.evaluations[1].elapsed);
    EXPECT_EQ(model.iterations_done, 5);
    EXPECT_DOUBLE_EQ(model.training_seconds, 10);  // five intervals of two seconds
    EXPECT_EQ(model.best, -1);
  }
  EXPECT_EQ(result.visits.size(), 10);
}

TEST(Coordinator, ScoresTheValidationTableWhereThereIsOne) {
  RunRequest request = Request(1, 1, {1});
  request.spec.validation.spec.num_partitions = 4;
  FakeDriver driver(1);
  FakeObserver observer;
  const RunResult result = Finish(request, &driver, &observer);
  EXPECT_EQ(driver.calls, (Calls{"enter", "train to 1", "score training 0", "score validation 0", "collect"}));
  ASSERT_EQ(result.models[0].evaluations.size(), 1u);
  EXPECT_EQ(result.models[0].evaluations[0].validation.size(), 2u);
  EXPECT_EQ(&result.models[0].evaluations[0].scores(), &result.models[0].evaluations[0].validation);
}

TEST(Coordinator, DivergedModelsGetNaNAndAreScoredNoMore) {
  const RunRequest request = Request(3, 3, {1, 2, 3});
  FakeDriver driver(3);
  driver.diverged_before[0] = 5;
  driver.diverges_at[1] = 2;
  FakeObserver observer;
  const RunResult result = Finish(request, &driver, &observer);
  EXPECT_EQ(driver.calls, (Calls{"enter", "train to 1", "score training 1,2", "train to 2", "score training 2", "train to 3",
                                 "score training 2", "collect"}));
  EXPECT_EQ(observer.divergences, 1);
  EXPECT_EQ(result.models[0].diverged_step, 5u);
  EXPECT_EQ(result.models[1].diverged_step, 7u);
  EXPECT_TRUE(result.models[0].evaluations.empty());  // its curve ended when it diverged
  ASSERT_EQ(result.models[1].evaluations.size(), 3u);
  EXPECT_FALSE(std::isnan(result.models[1].evaluations[0].training[0]));
  for (const size_t e : {1, 2}) {
    ASSERT_EQ(result.models[1].evaluations[e].training.size(), 2u);
    EXPECT_TRUE(std::isnan(result.models[1].evaluations[e].training[0]));
    EXPECT_TRUE(std::isnan(result.models[1].evaluations[e].training[1]));
  }
}

TEST(Coordinator, KeepsTheBestOfEachModelByItsFirstMetric) {
  RunRequest request = Request(2, 3, {1, 2, 3});
  request.keep_best = true;
  request.spec.validation.spec.num_partitions = 1;
  FakeDriver driver(2);
  driver.value = [](int m, int64_t iteration, ScoredTable table) {
    if (table == ScoredTable::kTraining) return std::vector<double>{0.0, static_cast<double>(iteration)};  // says nothing
    const double accuracy[2][3] = {{0.5, 0.7, 0.6}, {0.4, 0.4, 0.4}};
    const double loss[2][3] = {{1, 1, 1}, {1, 1.5, 0.5}};
    return std::vector<double>{loss[m][iteration - 1], accuracy[m][iteration - 1]};
  };
  FakeObserver observer;
  const RunResult result = Finish(request, &driver, &observer);
  EXPECT_EQ(driver.calls, (Calls{"enter", "train to 1", "score training 0,1", "score validation 0,1", "keep best 0,1", "train to 2",
                                 "score training 0,1", "score validation 0,1", "keep best 0", "train to 3", "score training 0,1",
                                 "score validation 0,1", "keep best 1", "collect"}));
  EXPECT_EQ(result.models[0].best, 1);
  EXPECT_EQ(result.models[1].best, 2);
}

TEST(Coordinator, StopsModelsByTheirRulesAndEndsWhenNothingIsLeft) {
  RunRequest request = Request(2, 10, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  plan::EarlyStopping rule;
  rule.monitor = "loss";
  rule.patience = 2;
  request.stopping.early_stopping = rule;
  FakeDriver driver(2);
  driver.value = [](int m, int64_t iteration, ScoredTable) {
    return std::vector<double>{m == 0 ? 1.0 : 1.0 / static_cast<double>(std::min<int64_t>(iteration, 3)), 0.5};
  };
  FakeObserver observer;
  const RunResult result = Finish(request, &driver, &observer);
  EXPECT_EQ(result.models[0].stopped_iteration, 3);
  EXPECT_EQ(result.models[0].stopped_by, "early_stopping");
  EXPECT_EQ(IterationsOf(result.models[0]), (Iterations{1, 2, 3}));
  EXPECT_EQ(result.models[1].stopped_iteration, 5);
  EXPECT_EQ(result.due, (Iterations{1, 2, 3, 4, 5}));
  EXPECT_EQ(driver.calls, (Calls{"enter", "train to 1", "score training 0,1", "train to 2", "score training 0,1", "train to 3",
                                 "score training 0,1", "retire 0", "train to 4", "score training 1", "train to 5", "score training 1",
                                 "retire 1", "collect"}));
}

TEST(Coordinator, HalvingKeepsTheBetterHalf) {
  RunRequest request = Request(4, 4, {2, 4});
  plan::Halving rule;
  rule.eta = 2;
  rule.iterations = {2};
  request.stopping.halving = rule;
  FakeDriver driver(4);
  driver.value = [](int m, int64_t, ScoredTable) { return std::vector<double>{1, m == 1 || m == 2 ? 0.9 : 0.1}; };
  FakeObserver observer;
  const RunResult result = Finish(request, &driver, &observer);
  EXPECT_EQ(result.models[0].stopped_iteration, 2);
  EXPECT_EQ(result.models[3].stopped_iteration, 2);
  EXPECT_EQ(result.models[1].stopped_iteration, 0);
  EXPECT_EQ(observer.lines, (Calls{"done 1", "evaluated 2: 4 trained, 2 stop", "done 3", "evaluated 4: 2 trained, 0 stop"}));
  EXPECT_EQ(IterationsOf(result.models[0]), (Iterations{2}));
  EXPECT_EQ(IterationsOf(result.models[1]), (Iterations{2, 4}));
}

// Each model counts from its own first training; one that is new begins at 1.
TEST(Coordinator, CurvesContinueWhereEarlierRunsEnded) {
  RunRequest request = Request(4, 4, {2, 4});
  request.past = {Past(3, {0.9, 0.8, 0.7}), Past(10, {0.5}), train::ModelPast(), Past(6, {std::nan("")})};
  FakeDriver driver(4);
  driver.diverged_before[3] = 9;
  FakeObserver observer;
  const RunResult result = Finish(request, &driver, &observer);
  EXPECT_EQ(IterationsOf(result.models[0]), (Iterations{1, 2, 3, 5, 7}));
  EXPECT_EQ(IterationsOf(result.models[1]), (Iterations{10, 12, 14}));
  EXPECT_EQ(IterationsOf(result.models[2]), (Iterations{2, 4}));
  EXPECT_EQ(IterationsOf(result.models[3]), (Iterations{6}));
  EXPECT_EQ(result.due, (Iterations{2, 4}));  // the run's own count
  EXPECT_DOUBLE_EQ(result.models[0].evaluations[2].training[0], 0.7);
  EXPECT_DOUBLE_EQ(result.models[0].evaluations[3].training[0], 0.5);  // of the fake: 1 / iteration of this run
  // elapsed goes on too, each model's from where its own curve ended
  const double began[] = {30, 10, 0};
  for (size_t m = 0; m < 3; m++) {
    const plan::Evaluation& last = result.models[m].evaluations.back();
    EXPECT_GT(last.elapsed, began[m]) << m;
    EXPECT_LT(last.elapsed, began[m] + result.seconds) << m;
  }
  EXPECT_DOUBLE_EQ(result.models[0].training_seconds, 8);  // of this run: four intervals of two seconds
  std::vector<int64_t> iterations;
  result.visits.ForEach(1, [&](const std::vector<train::VisitRecord>& visits) { iterations.push_back(visits.front().iteration); });
  EXPECT_EQ(iterations.at(0), 0);
}

TEST(Coordinator, CurvesMustFitIntoMemory) {
  RunRequest request = Request(2, 50, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 50});
  request.curves_memory = 2000;
  FakeDriver driver(2);
  FakeObserver observer;
  try {
    Finish(request, &driver, &observer);
    ADD_FAILURE() << "no error";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kOutOfMemory);
    EXPECT_NE(std::string(error.what()).find("evaluations"), std::string::npos) << error.what();
  }
}

TEST(Coordinator, PatienceCountsTheEvaluationsOfEarlierRuns) {
  RunRequest request = Request(4, 5, {1, 2, 3, 4, 5});
  request.stopping.early_stopping = Patience("loss", 3);
  // two evaluations without a better loss; none; two, but then it improves; no earlier run
  request.past = {Past(3, {0.5, 0.6, 0.6}), Past(3, {0.9, 0.8, 0.7}), Past(3, {0.5, 0.6, 0.6}), train::ModelPast()};
  FakeDriver driver(4);
  driver.value = [](int m, int64_t iteration, ScoredTable) {
    return std::vector<double>{m == 2 && iteration == 1 ? 0.4 : 0.7, 0.5};
  };
  FakeObserver observer;
  const RunResult result = Finish(request, &driver, &observer);
  EXPECT_EQ(result.models[0].stopped_iteration, 1);  // the third in a row
  EXPECT_EQ(IterationsOf(result.models[0]), (Iterations{1, 2, 3, 4}));
  EXPECT_EQ(result.models[1].stopped_iteration, 3);  // 0.7 is no better than the last 0.7
  EXPECT_EQ(result.models[2].stopped_iteration, 4);
  EXPECT_EQ(result.models[3].stopped_iteration, 4);
  EXPECT_EQ(result.due, (Iterations{1, 2, 3, 4}));
}

// An earlier run without a validation table says nothing of val_loss, and its validation nothing of a run without one.
TEST(Coordinator, PatienceLooksAtTheTableThatIsMonitored) {
  RunRequest request = Request(1, 3, {1, 2, 3});
  request.stopping.early_stopping = Patience("val_loss", 2);
  request.spec.validation.spec.num_partitions = 1;
  request.past = {Past(4, {0.1, 0.1, 0.1, 0.1})};
  FakeDriver driver(1);
  driver.value = [](int, int64_t, ScoredTable) { return std::vector<double>{0.7, 0.5}; };
  FakeObserver observer;
  EXPECT_EQ(Finish(request, &driver, &observer).models[0].stopped_iteration, 0);  // 5 is the first value; 6 and 7 are no better, but 7 is the end

  request.spec.validation.spec.num_partitions = 0;
  request.stopping.early_stopping = Patience("loss", 1);
  for (plan::Evaluation& evaluation : request.past[0].evaluations) evaluation.validation = {0.01, 0.5};
  FakeDriver other(1);
  other.value = [](int, int64_t iteration, ScoredTable) { return std::vector<double>{0.1 - 0.01 * static_cast<double>(iteration), 0.5}; };
  const RunResult result = Finish(request, &other, &observer);
  EXPECT_EQ(result.models[0].stopped_iteration, 0);
  EXPECT_TRUE(result.models[0].evaluations.back().validation.empty());
}

// The weights of earlier iterations are gone: the best of this run is kept, however good the model was before.
TEST(Coordinator, KeepsTheBestOfThisRunOnly) {
  RunRequest request = Request(1, 3, {1, 2, 3});
  request.keep_best = true;
  request.past = {Past(2, {0.1, 0.01})};
  request.past[0].evaluations.back().training[1] = 0.99;
  FakeDriver driver(1);
  driver.value = [](int, int64_t iteration, ScoredTable) { return std::vector<double>{1, iteration == 2 ? 0.8 : 0.6}; };
  FakeObserver observer;
  const RunResult result = Finish(request, &driver, &observer);
  EXPECT_EQ(driver.calls, (Calls{"enter", "train to 1", "score training 0", "keep best 0", "train to 2", "score training 0", "keep best 0",
                                 "train to 3", "score training 0", "collect"}));
  EXPECT_EQ(result.models[0].best, 3);
  EXPECT_EQ(result.models[0].evaluations[3].iteration, 4);
}

train::RunProgress ProgressOf(const RunResult& result) {
  train::RunProgress progress;
  progress.iteration = result.iteration;
  progress.seconds = result.seconds;
  progress.visits = result.visits.size();
  progress.due = result.due;
  progress.models = result.models;
  return progress;
}

/// A run in parts, each with a driver of its own, as a durable run has them. Returns the last result and all calls but
/// enter and collect.
RunResult FinishInParts(RunRequest request, const FakeDriver& like, const std::function<void(RunRequest*, int64_t done)>& next, Calls* calls) {
  int64_t done = 0;
  for (int parts = 0; parts < 100; parts++) {
    next(&request, done);
    FakeDriver driver = like;
    driver.done = done;
    if (request.progress) {
      for (size_t m = 0; m < driver.diverged_before.size(); m++) driver.diverged_before[m] = request.progress->models[m].diverged_step;
    }
    FakeObserver observer;
    RunResult result = Finish(request, &driver, &observer);
    calls->insert(calls->end(), driver.calls.begin() + 1, driver.calls.end() - 1);
    if (result.complete) return result;
    request.progress = ProgressOf(result);
    done = driver.done;
  }
  throw std::runtime_error("the run does not end");
}

void ExpectSameDecisions(const RunResult& one, const RunResult& parts) {
  EXPECT_EQ(one.due, parts.due);
  EXPECT_EQ(one.iteration, parts.iteration);
  for (size_t m = 0; m < one.models.size(); m++) {
    const ModelResult &a = one.models[m], &b = parts.models[m];
    EXPECT_EQ(IterationsOf(a), IterationsOf(b)) << m;
    EXPECT_EQ(a.stopped_iteration, b.stopped_iteration) << m;
    EXPECT_EQ(a.stopped_by, b.stopped_by) << m;
    EXPECT_EQ(a.best, b.best) << m;
    EXPECT_EQ(a.diverged_step, b.diverged_step) << m;
    EXPECT_DOUBLE_EQ(a.training_seconds, b.training_seconds) << m;
    for (size_t e = 0; e < std::min(a.evaluations.size(), b.evaluations.size()); e++) {
      for (size_t k = 0; k < a.evaluations[e].training.size(); k++) {
        const double x = a.evaluations[e].training[k], y = b.evaluations[e].training.at(k);
        EXPECT_TRUE(x == y || (std::isnan(x) && std::isnan(y))) << m << " " << e;
      }
      if (e > 0) {
        EXPECT_GT(b.evaluations[e].elapsed, b.evaluations[e - 1].elapsed) << m << " " << e;
      }
    }
  }
}

RunRequest StoppingRequest() {
  RunRequest request = Request(4, 12, {1, 2, 3, 4, 5, 6, 8, 10, 12});
  request.keep_best = true;
  request.stopping.early_stopping = Patience("loss", 2);
  request.past.resize(4);
  request.past[3].diverged = true;
  return request;
}

FakeDriver StoppingDriver() {
  FakeDriver driver(4);
  driver.diverged_before[3] = 3;
  driver.diverges_at[2] = 5;
  driver.value = [](int m, int64_t iteration, ScoredTable) {
    // the first is best at 3 and stops at 5, the second goes on getting better
    const double loss = m == 0 ? std::abs(3.0 - static_cast<double>(iteration)) : 1.0 / static_cast<double>(iteration);
    return std::vector<double>{loss, 1 - loss};
  };
  return driver;
}

TEST(Coordinator, ARunInPartsDecidesWhatARunOfOnePartDoes) {
  const RunRequest request = StoppingRequest();
  FakeDriver driver = StoppingDriver();
  FakeObserver observer;
  const RunResult one = Finish(request, &driver, &observer);
  EXPECT_TRUE(one.complete);
  EXPECT_EQ(one.models[0].stopped_iteration, 5);
  EXPECT_EQ(one.models[2].diverged_step, 7u);
  for (const int64_t every : {1, 2, 3, 5, 7}) {
    Calls calls;
    const RunResult parts =
        FinishInParts(request, StoppingDriver(), [every](RunRequest* part, int64_t done) { part->until = done + every; }, &calls);
    ExpectSameDecisions(one, parts);
    EXPECT_NE(std::find(calls.begin(), calls.end(), "retire 0"), calls.end()) << every;
    EXPECT_EQ(std::count(calls.begin(), calls.end(), "keep best 0,1,2"), 3) << every;  // of iterations 1, 2 and 3
  }
}

TEST(Coordinator, APartEndsAtItsLastIteration) {
  RunRequest request = Request(2, 5, {2, 5});
  Calls calls;
  const RunResult result = FinishInParts(request, FakeDriver(2), [](RunRequest* part, int64_t done) { part->until = done + 1; }, &calls);
  EXPECT_EQ(calls, (Calls{"train to 1", "train to 2", "score training 0,1", "train to 3", "train to 4", "train to 5", "score training 0,1"}));
  EXPECT_EQ(result.due, (Iterations{2, 5}));
  EXPECT_EQ(result.iteration, 5);
  EXPECT_TRUE(result.complete);
}

// Whoever always wants a pause gets one behind whatever a part has done, so that the run comes to its end.
TEST(Coordinator, APartTrainsSomethingBeforeItPauses) {
  RunRequest request = Request(1, 4, {3, 4});
  int asked = 0;
  request.pause = [&asked] { return ++asked > 0; };
  Calls calls;
  const RunResult result = FinishInParts(request, FakeDriver(1), [](RunRequest*, int64_t) {}, &calls);
  EXPECT_EQ(calls, (Calls{"train to 3", "train to 3", "train to 3", "score training 0", "train to 4", "score training 0"}));
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(IterationsOf(result.models[0]), (Iterations{3, 4}));
}

// Whoever wants to change a run gets it behind the iteration that is under way.
TEST(Coordinator, APartEndsWithTheIterationWhereSomebodyWantsTheRun) {
  RunRequest request = Request(2, 6, {4, 6});
  int asked = 0;
  request.wanted = [&asked] { return ++asked % 2 == 0; };
  Calls calls;
  const RunResult result = FinishInParts(request, FakeDriver(2), [](RunRequest*, int64_t) {}, &calls);
  EXPECT_EQ(calls, (Calls{"train to 4", "train to 4", "score training 0,1", "train to 6", "score training 0,1"}));
  EXPECT_TRUE(result.complete);
  EXPECT_TRUE(result.between_rounds);
}

TEST(Coordinator, WhateverTheDriverThrowsEndsTheRun) {
  for (const std::string verb : {"enter", "train to 2", "score training", "score validation", "keep best", "retire", "collect"}) {
    RunRequest request = Request(2, 3, {1, 2, 3});
    request.keep_best = true;
    request.spec.validation.spec.num_partitions = 1;
    plan::EarlyStopping rule;
    rule.monitor = "loss";
    rule.patience = 1;
    request.stopping.early_stopping = rule;
    FakeDriver driver(2);
    driver.value = [](int m, int64_t iteration, ScoredTable) {
      return std::vector<double>{m == 0 ? 1.0 : 1.0 / static_cast<double>(iteration), 0.5};
    };
    driver.throws_at = verb;
    FakeObserver observer;
    EXPECT_THROW(Finish(request, &driver, &observer), std::runtime_error) << verb;
    ASSERT_FALSE(driver.calls.empty());
    EXPECT_EQ(driver.calls.back().rfind(verb, 0), 0u) << "nothing is called after " << verb << ", not " << driver.calls.back();
  }
}

}  // namespace
