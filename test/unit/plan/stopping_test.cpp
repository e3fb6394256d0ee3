#include "plan/due_iterations.hpp"
#include "plan/stopping.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "base/error.hpp"
#include "base/philox.hpp"
#include "plan/metric_order.hpp"

namespace {

using base::Error;
using base::ErrorCode;
using plan::DecideStops;
using plan::ModelHistory;
using plan::ReadStopping;
using plan::Stop;
using plan::StoppingPolicy;

using Histories = std::vector<std::vector<std::vector<double>>>;  // model, evaluation, metric
const double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Models with keys 1, 2, ... that all train.
struct Models {
  Models(std::vector<std::string> metric_names, const Histories& training, const Histories& validation = {})
      : names(std::move(metric_names)), evaluations(training.size()) {
    for (size_t m = 0; m < training.size(); ++m) {
      for (size_t e = 0; e < training[m].size(); ++e) {
        evaluations[m].push_back({static_cast<int64_t>(e) + 1, 0, training[m][e], {}});
        if (!validation.empty()) evaluations[m].back().validation = validation[m][e];
      }
      models.push_back(ModelHistory{static_cast<int>(m) + 1, true, &names, &evaluations[m]});
    }
  }
  std::vector<std::string> names;
  std::vector<std::vector<plan::Evaluation>> evaluations;  // a model
  std::vector<ModelHistory> models;
};

std::vector<int> Indexes(const std::vector<Stop>& stops) {
  std::vector<int> out;
  for (const Stop& stop : stops) out.push_back(stop.model);
  return out;
}

StoppingPolicy Patience(const std::string& text, bool validated = false) { return ReadStopping(text, std::nullopt, 100, validated); }
StoppingPolicy Halve(const std::string& text) { return ReadStopping(std::nullopt, text, 100, false); }

/// The evaluation, from 1, after which a model with these losses stops; 0 = never.
int StopsAt(const StoppingPolicy& policy, const std::vector<double>& losses) {
  std::vector<std::vector<double>> so_far;
  for (const double loss : losses) {
    so_far.push_back({loss});
    const Models one({"loss"}, {so_far});
    if (!DecideStops(policy, static_cast<int64_t>(so_far.size()), one.models).empty()) return static_cast<int>(so_far.size());
  }
  return 0;
}

TEST(Stopping, PatienceIsKerass) {
  EXPECT_EQ(StopsAt(Patience("{'patience': 2}"), {5, 4, 3, 2, 1}), 0);
  EXPECT_EQ(StopsAt(Patience("{'patience': 1}"), {5, 4, 4, 3}), 3);  // an equal value is no better one
  EXPECT_EQ(StopsAt(Patience("{'patience': 2}"), {5, 4, 4, 3, 6, 5, 1}), 6);
  EXPECT_EQ(StopsAt(Patience("{'patience': 2}"), {5, 6, 4.9, 6, 4.8, 6}), 0);                // an improvement begins the count anew
  EXPECT_EQ(StopsAt(Patience("{'patience': 2, 'min_delta': 0.5}"), {5, 4.8, 4.6, 4.4}), 3);  // against the best, not the last one
  EXPECT_EQ(StopsAt(Patience("{'patience': 3, 'min_delta': 0.5}"), {5, 4.8, 4.6, 4.4, 4.4, 4.4, 4.4}), 7);
  EXPECT_EQ(StopsAt(Patience("{'patience': 2, 'mode': 'max'}"), {5, 4, 3}), 3);
  EXPECT_EQ(StopsAt(Patience("{'patience': 2}"), {kNaN, 5, kNaN, 4, kNaN, kNaN}), 6);
  EXPECT_EQ(StopsAt(Patience("{'patience': 2}"), {kNaN, kNaN}), 2);
}

TEST(Stopping, MonitorNamesTableAndMetric) {
  const Models models({"loss", "accuracy"}, {{{1, 0.5}, {0.9, 0.5}}, {{1, 0.5}, {1.1, 0.6}}},
                      {{{2, 0.4}, {2.1, 0.6}}, {{2, 0.4}, {1.9, 0.3}}});
  const auto stops = [&](const char* monitor) {
    return Indexes(DecideStops(Patience(std::string("{'patience': 1, 'monitor': '") + monitor + "'}", true), 2, models.models));
  };
  EXPECT_EQ(stops("loss"), std::vector<int>({1}));
  EXPECT_EQ(stops("accuracy"), std::vector<int>({0}));
  EXPECT_EQ(stops("val_loss"), std::vector<int>({0}));
  EXPECT_EQ(stops("val_accuracy"), std::vector<int>({1}));
  EXPECT_EQ(Patience("{'patience': 1}", true).early_stopping->monitor, "val_loss");
  EXPECT_EQ(Patience("{'patience': 1}", false).early_stopping->monitor, "loss");
  // a metric of its own name comes before the prefix
  const Models named({"loss", "val_loss"}, {{{2, 1}, {1, 2}}}, {{{1, 1}, {0, 0}}});
  EXPECT_EQ(DecideStops(Patience("{'patience': 1, 'monitor': 'val_loss'}", true), 2, named.models).size(), 1u);
}

TEST(Stopping, HalvingKeepsTheBest) {
  const Models models({"loss", "accuracy"}, {{{1, 0.5}}, {{1, 0.9}}, {{2, 0.9}}, {{1, kNaN}}, {{1, 0.9}}, {{0.1, 0.2}}});
  // accuracy first, then the loss, then the key; NaN is worst: 2, 5, 3, 1, 6, 4
  EXPECT_EQ(Indexes(DecideStops(Halve("{'eta': 6, 'iterations': [1]}"), 1, models.models)), std::vector<int>({0, 2, 3, 4, 5}));
  EXPECT_EQ(Indexes(DecideStops(Halve("{'eta': 3, 'iterations': [1]}"), 1, models.models)), std::vector<int>({0, 2, 3, 5}));
  EXPECT_EQ(Indexes(DecideStops(Halve("{'eta': 2, 'iterations': [1]}"), 1, models.models)), std::vector<int>({0, 3, 5}));
  EXPECT_EQ(Indexes(DecideStops(Halve("{'eta': 1.5, 'iterations': [1]}"), 1, models.models)), std::vector<int>({3, 5}));
  EXPECT_EQ(Indexes(DecideStops(Halve("{'eta': 1.1, 'iterations': [1]}"), 1, models.models)), std::vector<int>({}));
  EXPECT_EQ(Indexes(DecideStops(Halve("{'eta': 2, 'iterations': [1], 'monitor': 'loss'}"), 1, models.models)), std::vector<int>({2, 3, 4}));
  EXPECT_TRUE(DecideStops(Halve("{'eta': 2, 'iterations': [1, 3]}"), 2, models.models).empty());
  EXPECT_STREQ(DecideStops(Halve("{'eta': 2, 'iterations': [1]}"), 1, models.models)[0].by, "halving");
}

TEST(Stopping, HalvingRanksByValidationAndByCommonMetrics) {
  Models models({"loss", "accuracy"}, {{{1, 0.9}}, {{2, 0.1}}}, {{{1, 0.1}}, {{2, 0.9}}});
  EXPECT_EQ(Indexes(DecideStops(Halve("{'eta': 2, 'iterations': [1]}"), 1, models.models)), std::vector<int>({0}));
  const std::vector<std::string> other = {"loss", "auc"};
  models.models[0].metric_names = &other;  // no metric in common: by the loss
  EXPECT_EQ(Indexes(DecideStops(Halve("{'eta': 2, 'iterations': [1]}"), 1, models.models)), std::vector<int>({1}));
}

// Earlier runs may have had no validation table, or another frequency of evaluations.
TEST(Stopping, EvaluationsWithoutTheMonitoredValuesDoNotCount) {
  const std::vector<std::string> names = {"loss"};
  const std::vector<plan::Evaluation> mixed = {{1, 0, {9}, {1}}, {2, 0, {8}, {}}, {5, 0, {7}, {}}, {6, 0, {6}, {2}}, {7, 0, {5}, {3}}};
  const std::vector<ModelHistory> models = {{1, true, &names, &mixed}};
  EXPECT_TRUE(DecideStops(Patience("{'patience': 3}", true), 2, models).empty());  // 2 and 3 are no better than 1: two evaluations
  EXPECT_EQ(DecideStops(Patience("{'patience': 2}", true), 2, models).size(), 1u);
  EXPECT_TRUE(DecideStops(Patience("{'patience': 1}"), 2, models).empty());
  // the last evaluation has no validation: halving ranks by the training table
  const std::vector<plan::Evaluation> a = {{1, 0, {2}, {1}}, {2, 0, {1}, {}}}, b = {{1, 0, {1}, {2}}, {2, 0, {2}, {}}};
  const std::vector<ModelHistory> two = {{1, true, &names, &a}, {2, true, &names, &b}};
  EXPECT_EQ(Indexes(DecideStops(Halve("{'eta': 2, 'iterations': [1]}"), 1, two)), std::vector<int>({1}));
}

TEST(Stopping, ModelsThatDoNotTrainAreNotCounted) {
  Models models({"loss"}, {{{1}}, {{2}}, {{3}}, {{kNaN}}, {{0}}});
  models.models[3].trains = false;
  models.models[4].trains = false;
  EXPECT_EQ(Indexes(DecideStops(Halve("{'eta': 3, 'iterations': [1]}"), 1, models.models)), std::vector<int>({1, 2}));
  // one model always goes on
  for (int m = 1; m < 3; ++m) models.models[static_cast<size_t>(m)].trains = false;
  EXPECT_TRUE(DecideStops(Halve("{'eta': 1000, 'iterations': [1]}"), 1, models.models).empty());
  EXPECT_TRUE(DecideStops(Halve("{'eta': 2, 'iterations': [1]}"), 1, {}).empty());
}

TEST(Stopping, PatienceComesFirst) {
  const Models models({"loss"}, {{{1}, {2}}, {{9}, {8}}, {{7}, {6}}, {{5}, {5}}});
  const StoppingPolicy policy = ReadStopping("{'patience': 1}", "{'eta': 2, 'iterations': [2]}", 5, false);
  const std::vector<Stop> stops = DecideStops(policy, 2, models.models);
  EXPECT_EQ(Indexes(stops), std::vector<int>({0, 1, 3}));  // 0 and 3 by patience, of 1 and 2 the worse one
  EXPECT_STREQ(stops[0].by, "early_stopping");
  EXPECT_STREQ(stops[1].by, "halving");
}

// What restore_best keeps: the evaluation that is best by what the rules monitor.
TEST(Stopping, TheBestEvaluationFollowsTheMonitor) {
  const std::vector<std::string> names = {"loss", "accuracy"};
  const plan::Evaluation accurate{1, 0, {3, 0.9}, {4, 0.8}}, certain{2, 0, {2, 0.7}, {5, 0.6}};
  const auto first_is_better = [&](const StoppingPolicy& policy) {
    const bool better = plan::IsBetterEvaluation(policy, names, accurate, certain);
    EXPECT_EQ(plan::IsBetterEvaluation(policy, names, certain, accurate), !better);
    return better;
  };
  EXPECT_TRUE(first_is_better({}));  // the first metric over the validation table
  EXPECT_FALSE(first_is_better(Patience("{'patience': 1, 'monitor': 'loss'}", true)));
  EXPECT_TRUE(first_is_better(Patience("{'patience': 1}", true)));  // val_loss
  EXPECT_TRUE(first_is_better(Patience("{'patience': 1, 'monitor': 'accuracy'}", true)));
  EXPECT_FALSE(first_is_better(Patience("{'patience': 1, 'monitor': 'accuracy', 'mode': 'min'}", true)));
  EXPECT_TRUE(first_is_better(Patience("{'patience': 1, 'monitor': 'loss', 'mode': 'max'}", true)));
  EXPECT_FALSE(first_is_better(Halve("{'eta': 2, 'iterations': [1], 'monitor': 'loss'}")));
  EXPECT_TRUE(first_is_better(Halve("{'eta': 2, 'iterations': [1]}")));
  // early stopping's monitor comes first
  EXPECT_FALSE(first_is_better(ReadStopping("{'patience': 1, 'monitor': 'loss'}", "{'eta': 2, 'monitor': 'accuracy'}", 5, true)));
  // min_delta is for patience; equal values are told apart by the loss, and equal evaluations are no better
  const StoppingPolicy far = Patience("{'patience': 1, 'monitor': 'accuracy', 'min_delta': 10}");
  EXPECT_TRUE(plan::IsBetterEvaluation(far, names, {1, 0, {1, 0.5}, {}}, {2, 0, {1, 0.4}, {}}));
  EXPECT_TRUE(plan::IsBetterEvaluation(far, names, {1, 0, {1, 0.5}, {}}, {2, 0, {2, 0.5}, {}}));
  EXPECT_FALSE(plan::IsBetterEvaluation(far, names, {1, 0, {1, 0.5}, {}}, {2, 0, {1, 0.5}, {}}));
  EXPECT_FALSE(plan::IsBetterEvaluation(far, names, {1, 0, {1, kNaN}, {}}, {2, 0, {2, 0.1}, {}}));
  EXPECT_TRUE(plan::IsBetterEvaluation(far, names, {1, 0, {2, 0.1}, {}}, {2, 0, {1, kNaN}, {}}));
}

// A group of a run over groups may have no validating rows, though the run has a validation table.
TEST(Stopping, WithoutValidatingRowsTrainingValuesRank) {
  const std::vector<std::string> names = {"loss", "accuracy"};
  const plan::Evaluation first{1, 0, {3, 0.9}, {}}, second{2, 0, {2, 0.7}, {}}, validated{3, 0, {9, 0.1}, {1, 0.9}};
  const StoppingPolicy by_loss = Patience("{'patience': 1}", true);
  EXPECT_EQ(by_loss.early_stopping->monitor, "val_loss");
  EXPECT_TRUE(plan::IsBetterEvaluation(by_loss, names, second, first));
  EXPECT_FALSE(plan::IsBetterEvaluation(by_loss, names, first, second));
  const StoppingPolicy by_accuracy =
      ReadStopping(std::nullopt, "{'eta': 2, 'iterations': [2], 'monitor': 'val_accuracy'}", 100, true);
  EXPECT_TRUE(plan::IsBetterEvaluation(by_accuracy, names, first, second));
  EXPECT_TRUE(plan::IsBetterEvaluation(by_loss, names, second, validated));  // both by the training table
  const Models models(names, {{{1, 0.5}, {2, 0.4}}, {{1, 0.5}, {3, 0.9}}}, {{{}, {}}, {{}, {}}});
  EXPECT_EQ(Indexes(DecideStops(by_accuracy, 2, models.models)), std::vector<int>({0}));
  const StoppingPolicy halves = ReadStopping(std::nullopt, "{'eta': 2, 'iterations': [2], 'monitor': 'val_loss'}", 100, true);
  EXPECT_EQ(Indexes(DecideStops(halves, 2, models.models)), std::vector<int>({1}));
  EXPECT_TRUE(DecideStops(by_loss, 2, models.models).empty());  // nothing to be patient with
}

// The order in which a driver lists the models decides nothing.
TEST(Stopping, DoesNotDependOnTheOrderOfModels) {
  base::Stream random(1, 0, base::Purpose::kSearch);
  for (int round = 0; round < 100; ++round) {
    const size_t count = 1 + random.Below(20);
    Histories values;
    for (size_t m = 0; m < count; ++m) values.push_back({{static_cast<double>(random.Below(3)), static_cast<double>(random.Below(3)) / 4}});
    const Models models({"loss", "accuracy"}, values);
    std::vector<size_t> order(count);
    std::iota(order.begin(), order.end(), size_t{0});
    for (size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
    std::vector<ModelHistory> shuffled;
    for (const size_t m : order) shuffled.push_back(models.models[m]);
    std::set<int> a, b;
    for (const Stop& s : DecideStops(Halve("{'eta': 2, 'iterations': [1]}"), 1, models.models)) a.insert(s.model);
    for (const Stop& s : DecideStops(Halve("{'eta': 2, 'iterations': [1]}"), 1, shuffled))
      b.insert(static_cast<int>(order[static_cast<size_t>(s.model)]));
    EXPECT_EQ(a, b);
    EXPECT_EQ(a.size(), count / 2);
  }
}

TEST(Stopping, Counts) {
  EXPECT_EQ(plan::ModelsKept(64, 3), 22);
  EXPECT_EQ(plan::ModelsKept(22, 3), 8);
  EXPECT_EQ(plan::ModelsKept(3, 3), 1);
  EXPECT_EQ(plan::ModelsKept(1, 3), 1);
  EXPECT_EQ(plan::ModelsKept(0, 3), 0);
  const StoppingPolicy policy = ReadStopping(std::nullopt, "{'eta': 3, 'iterations': [1, 3, 9]}", 27, false);
  EXPECT_EQ(plan::HalvingWork(*policy.halving, 64, 27), 64 + 22 * 2 + 8 * 6 + 3 * 18);
  const std::vector<std::string> lines = plan::DescribeStopping(policy, 64, 27);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0],
            "Halving: of 64 models the best go on, 22 after iteration 1, 8 after iteration 3, 3 after iteration 9 (12 % of the "
            "model-iterations)");
}

TEST(Stopping, ExpectsPartOfTheIterations) {
  const auto part = [](const char* patience, const char* halving, int64_t first_stop) {
    const auto text = [](const char* t) { return t == nullptr ? std::nullopt : std::make_optional(std::string(t)); };
    return plan::ExpectedPart(ReadStopping(text(patience), text(halving), 10, false), first_stop, 9, 10);
  };
  EXPECT_EQ(part(nullptr, nullptr, 0), 1);
  EXPECT_EQ(part("{'patience': 1}", nullptr, 2), 0.6);  // halfway between 2 and 10
  EXPECT_EQ(part("{'patience': 9}", nullptr, 10), 1);
  EXPECT_EQ(part("{'patience': 20}", nullptr, 0), 1);
  EXPECT_NEAR(part(nullptr, "{'eta': 3, 'iterations': [1]}", 0), (9 + 3 * 9) / 90.0, 1e-12);
  EXPECT_NEAR(part("{'patience': 1}", "{'eta': 3, 'iterations': [9]}", 2), 0.6, 1e-12);
}

TEST(Stopping, DueIterations) {
  using Due = std::vector<int64_t>;
  const StoppingPolicy none, halving = ReadStopping(std::nullopt, "{'eta': 3, 'iterations': [1, 3]}", 7, false),
                             patience = ReadStopping("{'patience': 1}", std::nullopt, 7, false);
  const auto expect = [](const plan::DueIterations& due, const Due& all) {
    EXPECT_EQ(due.First(100), all);
    EXPECT_EQ(due.count(), static_cast<int64_t>(all.size()));
    EXPECT_EQ(due.After(all.back()), 0);
    EXPECT_EQ(due.First(1), Due({all.front()}));
  };
  expect(plan::DueIterations(7, std::nullopt, none), {7});
  expect(plan::DueIterations(7, 3, none), {3, 6, 7});
  expect(plan::DueIterations(6, 3, none), {3, 6});
  expect(plan::DueIterations(7, std::nullopt, halving), {1, 3, 7});
  expect(plan::DueIterations(7, 2, halving), {1, 2, 3, 4, 6, 7});
  expect(plan::DueIterations(7, std::nullopt, patience), {1, 2, 3, 4, 5, 6, 7});
  expect(plan::DueIterations(7, 5, patience), {5, 7});
  expect(plan::DueIterations(Due{2, 5}), {2, 5});
  EXPECT_EQ(plan::DueIterations().count(), 0);
  EXPECT_EQ(plan::DueIterations().After(0), 0);
  // no list of them
  const plan::DueIterations many(2147483647, 1, none);
  EXPECT_EQ(many.count(), 2147483647);
  EXPECT_EQ(many.After(2147483645), 2147483646);
  EXPECT_EQ(many.After(2147483646), 2147483647);
  EXPECT_EQ(ReadStopping(std::nullopt, "{}", 28, false).halving->iterations, Due({1, 3, 9, 27}));
  EXPECT_EQ(ReadStopping(std::nullopt, "{'eta': 1.5}", 8, false).halving->iterations, Due({1, 2, 3, 5, 7}));
  EXPECT_TRUE(ReadStopping(std::nullopt, "{}", 1, false).halving->iterations.empty());
}

TEST(Stopping, RefusesWrongTexts) {
  const auto code = [](const std::optional<std::string>& early, const std::optional<std::string>& halving) {
    try {
      ReadStopping(early, halving, 9, false);
    } catch (const Error& e) {
      EXPECT_FALSE(e.hint().empty()) << e.what();
      return e.code();
    }
    ADD_FAILURE() << early.value_or("") << halving.value_or("");
    return ErrorCode::kInternal;
  };
  for (const char* text : {"", "patience=3", "3", "['patience', 3]", "{'patience': 3", "{'patience': 3, 'patience': 4}"}) {
    EXPECT_EQ(code(text, std::nullopt), ErrorCode::kSyntax) << text;
    EXPECT_EQ(code(std::nullopt, text), ErrorCode::kSyntax) << text;
  }
  for (const char* text : {"{}", "{'patience': 0}", "{'patience': 1.5}", "{'patience': 'many'}", "{'patience': True}",
                           "{'patience': 3, 'baseline': 1}", "{'patience': 3, 'min_delta': -1}", "{'patience': 3, 'min_delta': nan}",
                           "{'patience': 3, 'mode': 'up'}", "{'patience': 3, 'monitor': 1}", "{'patience': None}"}) {
    EXPECT_EQ(code(text, std::nullopt), ErrorCode::kInvalidParameter) << text;
  }
  EXPECT_EQ(code("{'patience': 1, 'restore_best_weights': True}", std::nullopt), ErrorCode::kFeatureNotSupported);
  for (const char* text :
       {"{'eta': 1}", "{'eta': 'x'}", "{'factor': 3}", "{'iterations': []}", "{'iterations': 3}", "{'iterations': [0]}",
        "{'iterations': [3, 1]}", "{'iterations': [1, 1]}", "{'iterations': [1, 9]}", "{'iterations': [1.5]}", "{'monitor': None}"}) {
    EXPECT_EQ(code(std::nullopt, text), ErrorCode::kInvalidParameter) << text;
  }
}

TEST(Stopping, RefusesMonitorsThatAreNotThere) {
  const std::vector<std::pair<int, std::vector<std::string>>> models = {{4, {"loss", "accuracy"}}, {7, {"loss", "mae"}}};
  const auto check = [&](const char* monitor, bool validated) {
    plan::CheckMonitors(Patience(std::string("{'patience': 1, 'monitor': '") + monitor + "'}"), models, validated);
    plan::CheckMonitors(Halve(std::string("{'monitor': '") + monitor + "'}"), models, validated);
  };
  EXPECT_NO_THROW(check("loss", false));
  EXPECT_NO_THROW(check("val_loss", true));
  EXPECT_THROW(check("val_loss", false), Error);
  EXPECT_THROW(check("accuracy", true), Error);  // not of mst_key 7
  EXPECT_THROW(check("", true), Error);
  EXPECT_THROW(check("val_", true), Error);
}

TEST(MetricOrder, KnowsTheDirection) {
  EXPECT_TRUE(plan::BetterMetric("left_accuracy", 0.9, 0.8));
  EXPECT_TRUE(plan::BetterMetric("auc", 0.9, 0.8));
  EXPECT_FALSE(plan::BetterMetric("loss", 0.9, 0.8));
  EXPECT_FALSE(plan::BetterMetric("loss", kNaN, 0.8));
  EXPECT_TRUE(plan::BetterMetric("accuracy", 0.1, kNaN));
  EXPECT_FALSE(plan::BetterMetric("accuracy", kNaN, kNaN));
}

}  // namespace
