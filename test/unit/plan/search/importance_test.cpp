#include "plan/parameter_importance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/philox.hpp"

namespace {

using plan::ImportanceTrial;

// Trials at random points of three numbers and a word.
template <class Loss>
std::vector<ImportanceTrial> Trials(int count, Loss loss) {
  base::Stream random(3, 1, base::Purpose::kSearch);
  std::vector<ImportanceTrial> trials;
  for (int i = 0; i < count; ++i) {
    const double a = random.Uniform(), b = random.Uniform(), c = random.Uniform();
    const std::string word = random.Below(2) == 0 ? "relu" : "tanh";
    trials.push_back({{{"a", base::FormatNumber(a)},
                       {"b", base::FormatNumber(b)},
                       {"c", base::FormatNumber(c)},
                       {"word", word},
                       {"same", "1"}},
                      loss(a, b, c, word)});
  }
  return trials;
}

std::map<std::string, double> Importances(const std::vector<ImportanceTrial>& trials) {
  std::map<std::string, double> out;
  for (const auto& p : plan::ParameterImportances(trials, 0, [] {})) out[p.name] = p.importance;
  return out;
}

TEST(Importance, PartsOfTheVariance) {
  // variances: a 100/12, b 9/12, word 4 / 4; all in all 10.08
  auto parts = Importances(Trials(400, [](double a, double b, double, const std::string& word) {
    return 10 * a + 3 * b + (word == "relu" ? 2 : 0);
  }));
  EXPECT_EQ(parts.count("same"), 0u);
  EXPECT_NEAR(parts["a"], 8.33 / 10.08, 0.06);
  EXPECT_NEAR(parts["b"], 0.75 / 10.08, 0.04);
  EXPECT_NEAR(parts["word"], 1 / 10.08, 0.04);
  EXPECT_LT(parts["c"], 0.02);
}

TEST(Importance, InteractionsBelongToNobody) {
  auto parts = Importances(
      Trials(500, [](double a, double b, double, const std::string&) { return (a < 0.5) != (b < 0.5) ? 1.0 : 0.0; }));
  EXPECT_LT(parts["a"] + parts["b"] + parts["c"] + parts["word"], 0.4);
}

TEST(Importance, ADivergedTrialIsOneBadTrial) {
  auto trials = Trials(200, [](double a, double, double, const std::string&) { return a; });
  auto before = Importances(trials);
  trials[0].loss = std::nan("");
  trials[1].loss = 1e30;
  auto after = Importances(trials);
  EXPECT_GT(after["a"], 0.7);
  EXPECT_GT(before["a"], 0.9);
}

TEST(Importance, IsTheSameTwice) {
  const auto trials = Trials(50, [](double a, double b, double c, const std::string&) { return a * b + c; });
  const auto one = plan::ParameterImportances(trials, 4, [] {}), two = plan::ParameterImportances(trials, 4, [] {});
  ASSERT_EQ(one.size(), two.size());
  for (size_t i = 0; i < one.size(); ++i) EXPECT_EQ(one[i].importance, two[i].importance);
}

TEST(Importance, SaysWhatHelps) {
  for (const double loss : {1.0, std::nan("")}) {
    try {
      plan::ParameterImportances(Trials(30, [&](double, double, double, const std::string&) { return loss; }), 0, [] {});
      ADD_FAILURE() << loss;
    } catch (const base::Error& error) {
      EXPECT_FALSE(error.hint().empty()) << error.what();
    }
  }
}

// Levels of real numbers are as many as trials: what is done for each leaf and each of them takes many minutes.
TEST(Importance, TakesManyTrials) {
  auto parts = Importances(Trials(30000, [](double a, double b, double, const std::string&) { return 10 * a + 3 * b; }));
  EXPECT_NEAR(parts["a"], 100.0 / 109, 0.05);
  EXPECT_NEAR(parts["b"], 9.0 / 109, 0.04);
}

TEST(Importance, CanBeEndedBetweenItsParts) {
  const auto trials = Trials(50, [](double a, double b, double c, const std::string&) { return a * b + c; });
  int calls = 0;
  plan::ParameterImportances(trials, 0, [&] { ++calls; });
  EXPECT_GT(calls, 64);  // trees
  for (const int last : {1, 5, 6, calls / 2, calls}) {
    int call = 0;
    EXPECT_THROW(plan::ParameterImportances(trials, 0, [&] { if (++call == last) throw last; }), int);
    EXPECT_EQ(call, last);
  }
}

TEST(Importance, RefusesWhatSaysNothing) {
  EXPECT_THROW(plan::ParameterImportances(Trials(3, [](double a, double, double, const std::string&) { return a; }), 0, [] {}),
               base::Error);
  EXPECT_THROW(
      plan::ParameterImportances(Trials(30, [](double, double, double, const std::string&) { return 1.0; }), 0, [] {}),
      base::Error);
}

}  // namespace
