#include "plan/search/point_space.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "base/error.hpp"
#include "simulated_run.hpp"

namespace {

using plan::Point;
using plan::PointSpace;

plan::SearchDescription Space(const std::string& compile, const std::string& fit, std::vector<int> models = {1}) {
  plan::SearchDescription d;
  d.compile_grid = compile;
  d.fit_grid = fit;
  d.model_ids = std::move(models);
  return d;
}

std::set<std::string> TextsOf(const std::string& fit) {
  const PointSpace space(Space("{'loss': ['mse'], 'optimizer': ['SGD']}", fit));
  std::set<std::string> texts;
  for (const Point& point : space.Enumerate()) texts.insert(space.Write(point).params.fit_params);
  return texts;
}

// A range that is narrow beside its bounds has more digits than others.
TEST(PointSpace, NarrowRangesKeepTheirValuesApart) {
  const std::string compile = "{'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': ";
  const auto different = [&](const std::string& range) {
    const PointSpace space(Space(compile + range + "}]}", "{}"));
    std::set<std::string> texts;
    for (uint64_t draw = 0; draw < 400; ++draw) texts.insert(space.Write(space.Sample(draw)).params.compile_params);
    return texts.size();
  };
  EXPECT_EQ(different("{'low': 1000001, 'high': 1000009, 'q': 1}"), 9u);
  EXPECT_GE(different("{'low': 0.1234567, 'high': 0.1234577, 'q': 0.0000001}"), 10u);
  EXPECT_GT(different("[1000000, 1000001, 'linear']"), 300u);
  EXPECT_GT(different("[1000000, 1000001, 'log']"), 300u);
  const PointSpace space(Space(compile + "{'low': 1000001, 'high': 1000009, 'q': 1}}]}", "{}"));
  std::set<std::string> texts;
  for (const Point& point : space.Enumerate()) {
    const plan::Candidate candidate = space.Write(point);
    texts.insert(candidate.params.compile_params);
    ASSERT_TRUE(space.Locate(candidate));
    EXPECT_EQ(plan::KeyOf(space.Write(*space.Locate(candidate))), plan::KeyOf(candidate));
  }
  EXPECT_EQ(texts.size(), 9u);
}

// The list is put in order once: with every draw sorting it this takes minutes.
TEST(PointSpace, TakesLongLists) {
  constexpr int kValues = 20000;
  std::string list;
  for (int i = kValues; i > 0; --i) list += std::to_string(i) + ",";
  EXPECT_EQ(TextsOf("{'batch_size': [" + list + "]}").size(), static_cast<size_t>(kValues));
}

TEST(PointSpace, DrawsAreThoseOfGenerateModelConfigs) {
  const char* const fit = "{'batch_size': [8, 256, 'log'], 'epochs': [1, 2, 4]}";
  plan::SearchDescription d = Space(simulated::CompileGrid(), fit, {3, 5, 9});
  d.seed = 17;
  const PointSpace space(d);
  const auto drawn = plan::GenerateCandidates({3, 5, 9}, d.compile_grid, fit, "random", 40, 17);
  const plan::RandomSequence sequence(&space, 17);
  std::set<std::string> seen;
  size_t from = 0;
  for (const plan::Candidate& candidate : drawn) {
    const auto next = sequence.Next(seen, &from);
    ASSERT_TRUE(next);
    EXPECT_EQ(plan::KeyOf(*next), plan::KeyOf(candidate));
    seen.insert(plan::KeyOf(*next));
  }
}

// Numbers are written with six digits: multiples that have more are found again, and lie between the bounds.
TEST(PointSpace, RoundedMultiplesAreFoundAgain) {
  const PointSpace space(Space(
      "{'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': {'low': 0.0009765625, 'high': 0.015625, 'q': 0.0009765625}}]}",
      "{'batch_size': [8]}"));
  const std::vector<Point> points = space.Enumerate();
  EXPECT_EQ(points.size(), 16u);
  for (const Point& point : points) {
    const plan::Candidate candidate = space.Write(point);
    const auto found = space.Locate(candidate);
    ASSERT_TRUE(found) << candidate.params.compile_params;
    EXPECT_EQ(plan::KeyOf(space.Write(*found)), plan::KeyOf(candidate));
    EXPECT_GE(simulated::Number(candidate, "learning_rate"), 0.0009765625);
    EXPECT_LE(simulated::Number(candidate, "learning_rate"), 0.015625);
  }
  for (uint64_t n = 0; n < 200; ++n) EXPECT_TRUE(space.Locate(space.Write(space.Sample(n))));
}

// Each entry of optimizer_params_list has an optimizer of its own: a condition holds by any of them.
TEST(PointSpace, AConditionOnTheOptimizerIsOnAllEntries) {
  const char* const compile = "{'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.1, 0.2]}, {'optimizer': ['Adam'], 'lr': [0.3]}, "
                              "{'optimizer': ['Adam', 'RMSprop'], 'lr': [0.4]}]}";
  const PointSpace space(Space(compile, "{'batch_size': [8], 'epochs': {'values': [1, 2], 'when': {'optimizer': ['SGD']}}, "
                                        "'shuffle': {'values': [True], 'when': {'optimizer': ['Adam']}}}"));
  int sgd = 0, adam = 0;
  for (const Point& point : space.Enumerate()) {
    const plan::Candidate candidate = space.Write(point);
    const std::string optimizer = simulated::Text(candidate, "optimizer");
    EXPECT_EQ(!simulated::Text(candidate, "epochs").empty(), optimizer == "SGD") << candidate.params.fit_params;
    EXPECT_EQ(!simulated::Text(candidate, "shuffle").empty(), optimizer == "Adam") << candidate.params.fit_params;
    EXPECT_TRUE(space.Locate(candidate));
    sgd += optimizer == "SGD";
    adam += optimizer == "Adam";
  }
  EXPECT_EQ(sgd, 4);
  EXPECT_EQ(adam, 2);
  EXPECT_THROW(PointSpace{Space(compile, "{'batch_size': {'values': [8], 'when': {'optimizer': ['Adagrad']}}}")}, base::Error);
}

TEST(PointSpace, EveryDrawIsFoundAgainInItsText) {
  plan::SearchDescription d = Space(
      "{'loss': ['mse', 'mae'], 'metrics': [['mae'], ['mse', 'mae']], 'optimizer_params_list': [{'optimizer': ['SGD', "
      "'RMSprop'], "
      "'lr': [0.0001, 1.0, 'log'], 'momentum': [0.1, 0.99999, 'log_near_one'], 'clipnorm': {'low': 0.5, 'high': 4, "
      "'q': 0.25}}, "
      "{'lr': [0.3, 0.1, 0.2], 'optimizer': ['Adam'], 'amsgrad': {'values': [True, False], 'when': {'model_id': "
      "[2]}}}]}",
      "{'batch_size': {'low': 8, 'high': 100, 'distribution': 'log', 'q': 4}, 'epochs': {'low': 1, 'high': 9}, "
      "'shuffle': {'values': [True, False], 'when': {'epochs_kind': [1]}}}",
      {1, 2});
  EXPECT_THROW(PointSpace{d}, base::Error);  // epochs_kind is no key
  d.fit_grid =
      "{'batch_size': {'low': 8, 'high': 100, 'distribution': 'log', 'q': 4}, 'epochs': [1, 2, 5], "
      "'shuffle': {'values': [True, False], 'when': {'epochs': [2, 5], 'model_id': [1]}}}";
  const PointSpace space(d);
  std::set<std::string> keys;
  int shuffles = 0, amsgrads = 0;
  for (uint64_t n = 0; n < 2000; ++n) {
    const Point point = space.Sample(n);
    const plan::Candidate candidate = space.Write(point);
    const auto found = space.Locate(candidate);
    ASSERT_TRUE(found) << candidate.params.compile_params << " | " << candidate.params.fit_params;
    EXPECT_EQ(plan::KeyOf(space.Write(*found)), plan::KeyOf(candidate));
    for (size_t i = 0; i < point.size(); ++i)
      EXPECT_TRUE(point[i] == (*found)[i] || (std::isnan(point[i]) && std::isnan((*found)[i])));
    const bool shuffle = !simulated::Text(candidate, "shuffle").empty();
    EXPECT_EQ(shuffle, candidate.model_id == 1 && simulated::Text(candidate, "epochs") != "1");
    const bool amsgrad = !simulated::Text(candidate, "amsgrad").empty();
    EXPECT_EQ(amsgrad, candidate.model_id == 2 && simulated::Text(candidate, "optimizer") == "Adam");
    shuffles += shuffle;
    amsgrads += amsgrad;
    const double batch = simulated::Number(candidate, "batch_size");
    EXPECT_EQ(std::fmod(batch - 8, 4), 0);
    EXPECT_GE(batch, 8);
    EXPECT_LE(batch, 100);
    keys.insert(plan::KeyOf(candidate));
  }
  EXPECT_GT(keys.size(), 1500u);
  EXPECT_GT(shuffles, 400);
  EXPECT_GT(amsgrads, 200);
  EXPECT_FALSE(space.Locate({3, {"loss='mse',metrics=['mae'],optimizer='Adam(lr=0.1)'", "epochs=1,batch_size=8"}}));
  EXPECT_FALSE(space.Locate({1, {"nonsense", "epochs=1,batch_size=8"}}));
}

TEST(PointSpace, EqualPartsOfACoordinateAreDrawnAsOften) {
  plan::SearchDescription d = Space("{'loss': ['mse'], 'optimizer': ['sgd']}",
                                    "{'batch_size': {'low': 4, 'high': 4096, 'distribution': 'log'}}");
  const PointSpace space(d);
  std::vector<int> count(10);
  for (uint64_t n = 0; n < 5000; ++n) ++count[static_cast<size_t>(space.Sample(n).back() * 10)];
  for (int c : count) EXPECT_NEAR(c, 500, 130);
}

TEST(PointSpace, EnumeratesTheGridInTheOrderWritten) {
  const char* const compile =
      "{'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.01, 0.001]}, {'optimizer': "
      "['sgd'], 'lr': [0.1], "
      "'momentum': [0.5, 0.9]}]}";
  const char* const fit = "{'batch_size': [64, 32], 'epochs': [1]}";
  const PointSpace space(Space(compile, fit, {2, 4}));
  const auto grid = plan::GenerateCandidates({2, 4}, compile, fit, "grid", {}, {});
  const auto points = space.Enumerate();
  EXPECT_EQ(space.Size(), static_cast<double>(grid.size()));
  ASSERT_EQ(points.size(), grid.size());
  for (size_t i = 0; i < grid.size(); ++i) EXPECT_EQ(plan::KeyOf(space.Write(points[i])), plan::KeyOf(grid[i]));
}

TEST(PointSpace, CountsConditionsOnce) {
  const PointSpace space(Space("{'loss': ['mse'], 'optimizer': ['sgd', 'adam']}",
                               "{'epochs': [1, 2, 3], 'shuffle': {'values': [True, False], 'when': {'epochs': [3]}}}"));
  EXPECT_EQ(space.Size(), 2 * (2 + 2));
  const plan::RandomSequence sequence(&space, 0);
  std::set<std::string> seen;
  size_t from = 0;
  while (const auto next = sequence.Next(seen, &from)) seen.insert(plan::KeyOf(*next));
  EXPECT_EQ(seen.size(), 8u);  // all of a finite space, each once
  size_t again = 0;
  EXPECT_FALSE(sequence.Next(seen, &again));
  again = 0;
  EXPECT_TRUE(sequence.Next({}, &again));
}

// A sequence is gone through once, whoever takes one after another: with a walk from its beginning each this takes many minutes.
TEST(PointSpace, TakesLongSequences) {
  constexpr size_t kValues = 20000;
  std::string list;
  for (size_t i = kValues; i > 0; --i) list += std::to_string(i) + ",";
  const PointSpace space(Space("{'loss': ['mse'], 'optimizer': ['SGD']}", "{'batch_size': [" + list + "]}"));
  const plan::RandomSequence sequence(&space, 0);
  std::set<std::string> seen;
  size_t from = 0;
  while (const auto next = sequence.Next(seen, &from)) seen.insert(plan::KeyOf(*next));
  EXPECT_EQ(seen.size(), kValues);
}

plan::SearchDescription Hypercube() {
  plan::SearchDescription d = Space(
      "{'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.001, 1.0, 'log']}, {'optimizer': "
      "['Adam'], 'lr': [0.1, 0.2]}]}",
      "{'batch_size': [8, 256, 'log']}");
  d.seed = 3;
  return d;
}

// A hypercube is drawn once, not at each of its points: that takes many minutes.
TEST(PointSpace, SpreadsManyPoints) {
  const PointSpace space(Hypercube());
  constexpr uint64_t kSize = 1000000;
  std::set<uint64_t> parts;
  for (uint64_t n = 0; n < 20000; ++n) {
    const double at = space.Spread(n, kSize).back();
    ASSERT_TRUE(at >= 0 && at < 1);
    parts.insert(static_cast<uint64_t>(at * static_cast<double>(kSize)));
  }
  EXPECT_GE(parts.size(), 19990u);  // each another part, but for rounding at a border
}

// Points are those of their numbers, in whatever order they are asked for, and of every hypercube.
TEST(PointSpace, SpreadsTheSamePointsInAnyOrder) {
  const PointSpace space(Hypercube());
  std::map<uint64_t, Point> points;
  for (const uint64_t n : {5, 2, 0, 9, 13, 1, 2, 5, 0, 13}) {
    const Point point = space.Spread(n, 6), fresh = PointSpace(Hypercube()).Spread(n, 6);
    const Point& known = points.emplace(n, point).first->second;
    for (size_t d = 0; d < point.size(); ++d) {
      for (const double other : {fresh[d], known[d]})
        EXPECT_TRUE(point[d] == other || (std::isnan(point[d]) && std::isnan(other))) << n << " " << d;
    }
  }
  // as it was drawn when each point drew its hypercube itself
  const Point known = PointSpace(simulated::Description("{}", 3, 4)).Spread(9, 6);
  EXPECT_EQ(known[4], 0x1.43a7fbe010a33p-1);
  EXPECT_EQ(known[5], 0x1.100807630af42p-1);
  EXPECT_EQ(known.back(), 0x1.16b223fc5f3d3p-1);
}

// A key that is not looked at may have the value nan, which has no order.
TEST(PointSpace, FindsNaN) {
  for (const char* values : {"[nan, 1]", "[1, nan, 2]", "[nan]"}) {
    const PointSpace space(Space("{'loss': ['mse'], 'optimizer': ['SGD']}", std::string("{'verbose': ") + values + "}"));
    std::set<std::string> texts;
    for (const Point& point : space.Enumerate()) {
      const plan::Candidate candidate = space.Write(point);
      texts.insert(candidate.params.fit_params);
      const auto found = space.Locate(candidate);
      ASSERT_TRUE(found) << candidate.params.fit_params;
      EXPECT_EQ(plan::KeyOf(space.Write(*found)), plan::KeyOf(candidate));
    }
    EXPECT_EQ(static_cast<double>(texts.size()), space.Size());
    std::set<std::string> drawn;
    for (uint64_t n = 0; n < 100; ++n) drawn.insert(space.Write(space.Sample(n)).params.fit_params);
    EXPECT_EQ(drawn, texts);
  }
}

std::string Refusal(const std::string& compile, const std::string& fit) {
  try {
    const PointSpace space(Space(compile, fit));
  } catch (const base::Error& error) {
    EXPECT_FALSE(error.hint().empty()) << error.what();
    return error.what();
  }
  return "";
}

TEST(PointSpace, RefusesWhatCannotBeSearched) {
  EXPECT_NE(
      Refusal("{'loss': ['mse']}", "{'batch_size': {'values': [1], 'low': 2}}").find("both values and a distribution"),
      std::string::npos);
  EXPECT_NE(Refusal("{'loss': ['mse']}", "{'batch_size': {'low': 2}}").find("has no high"), std::string::npos);
  EXPECT_NE(Refusal("{'loss': ['mse']}", "{'batch_size': {'low': 2, 'high': 9, 'q': 50}}").find("no width that fits"),
            std::string::npos);
  EXPECT_NE(Refusal("{'loss': ['mse']}", "{'batch_size': {'low': 2, 'high': 9, 'hihg': 5}}").find("hihg"),
            std::string::npos);
  EXPECT_NE(Refusal("{'loss': ['mse']}", "{'epochs': {'values': [1], 'when': {'shuffle': [True]}}}").find("shuffle"),
            std::string::npos);
  EXPECT_NE(Refusal("{'loss': ['mse']}", "{'batch_size': [8], 'epochs': {'values': [1], 'when': {'batch_size': [9]}}}")
                .find("names 9, which is no value of batch_size"),
            std::string::npos);
  const auto rate = [](const std::string& range) {
    return Refusal("{'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': " + range + "}]}", "{}");
  };
  EXPECT_NE(rate("[-1e308, 1.7e308, 'linear']").find("further apart than the largest number"), std::string::npos);
  EXPECT_NE(rate("{'low': 0, 'high': 1e10, 'q': 1e-300}").find("too narrow for its bounds"), std::string::npos);
  EXPECT_NE(Refusal("{'loss': ['nonesuch'], 'optimizer': ['sgd']}", "{}").find("nonesuch"), std::string::npos);
  // a value that no draw would show at once
  EXPECT_NE(
      Refusal("{'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'momentum': [0.1, 1.5, 'linear']}]}",
              "{}"),
      "");
}

}  // namespace
