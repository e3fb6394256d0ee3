// Samplers where it is known what they should find: what they learn from, and where they look then.
#include "plan/search/sampler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "plan/search/configurations.hpp"
#include "simulated_run.hpp"

namespace {

using plan::Configuration;
using plan::Observation;
using plan::Point;
using plan::Trial;
using plan::TrialState;

// model_id 1 or 2; the optimizer's entry, its name and rate; the batch size.
plan::SearchDescription Space() {
  plan::SearchDescription d;
  d.compile_grid = "{'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['SGD'], 'lr': [0.001, 1.0, 'log']}]}";
  d.fit_grid = "{'batch_size': [8, 16, 32, 64]}";
  d.model_ids = {1, 2};
  d.seed = 3;
  return d;
}

size_t DimensionOf(const plan::PointSpace& space, const std::string& name) {
  for (size_t d = 0; d < space.dimensions().size(); ++d) {
    if (space.dimensions()[d].name == name) return d;
  }
  ADD_FAILURE() << "no dimension " << name;
  return 0;
}

Trial TrialOf(int64_t key, TrialState state, const std::vector<double>& values) {
  Trial trial;
  trial.key = key;
  trial.state = state;
  for (double value : values) trial.points.push_back({++trial.iterations, value});
  return trial;
}

// Of trials with these losses the keys in the order that a sampler learns, and those that are no more than bad.
std::pair<std::vector<int>, std::vector<int>> Order(const std::vector<Trial>& trials) {
  std::vector<Configuration> configurations;
  for (const Trial& trial : trials) configurations.push_back({{&trial}, 0, Point{static_cast<double>(trial.key)}});
  std::vector<const Configuration*> all;
  for (const Configuration& configuration : configurations) all.push_back(&configuration);
  std::pair<std::vector<int>, std::vector<int>> out;
  double before = -1;
  for (const Observation& observation : plan::OrderOf(all)) {
    (std::isinf(observation.loss) ? out.second : out.first).push_back(static_cast<int>(observation.point[0]));
    EXPECT_TRUE(std::isinf(observation.loss) || observation.loss > before);
    before = observation.loss;
  }
  return out;
}

TEST(OrderOf, EqualTrainingIsComparedByTheLastValue) {
  const auto [order, bad] = Order({TrialOf(1, TrialState::kFinished, {9, 5, 3}), TrialOf(2, TrialState::kFinished, {1, 1, 4}),
                                   TrialOf(3, TrialState::kFinished, {8, 8, 2})});
  EXPECT_EQ(order, (std::vector<int>{3, 1, 2}));
  EXPECT_TRUE(bad.empty());
}

TEST(OrderOf, LessTrainingIsPlacedAmongThoseWithMore) {
  const std::vector<Trial> trials = {
      TrialOf(1, TrialState::kFinished, {0.9, 0.8, 0.1}), TrialOf(2, TrialState::kFinished, {0.5, 0.4, 0.3}),
      TrialOf(3, TrialState::kStopped, {0.6}),        // one of the longer trained was better: behind one
      TrialOf(4, TrialState::kWaiting, {0.2}),        // none was
      TrialOf(5, TrialState::kStopped, {1.0}),        // both were
      TrialOf(6, TrialState::kStopped, {0.7, 0.6}),   // one was; and of the one less trained, compared after one iteration, one more
      TrialOf(7, TrialState::kStopped, {0.9})};       // as good as one of them is behind it
  const auto [order, bad] = Order(trials);
  EXPECT_EQ(order, (std::vector<int>{4, 1, 3, 6, 2, 7, 5}));
  EXPECT_TRUE(bad.empty());
}

TEST(OrderOf, WhoDivergedOrFailedIsBadAndWhoHasNotBegunIsUnknown) {
  const auto [order, bad] = Order({TrialOf(1, TrialState::kDiverged, {0.1}), TrialOf(2, TrialState::kFinished, {0.4}),
                                   TrialOf(3, TrialState::kFailed, {}), TrialOf(4, TrialState::kTrains, {}),
                                   TrialOf(5, TrialState::kStopped, {0.2, std::nan("")})});
  EXPECT_EQ(order, (std::vector<int>{2}));
  EXPECT_EQ(bad, (std::vector<int>{1, 3, 5}));
}

TEST(Spread, DrawsEveryPartOfEveryParameterOnce) {
  const plan::PointSpace space(Space());
  for (const uint64_t block : {0, 1}) {
    for (size_t d = 0; d < space.dimensions().size(); ++d) {
      const bool ordered = space.dimensions()[d].ordered;
      std::map<int, int> drawn;
      for (uint64_t i = 0; i < 8; ++i) {
        const double at = space.Spread(8 * block + i, 8)[d];
        ++drawn[static_cast<int>(ordered ? 8 * at : at)];
      }
      const size_t parts = ordered ? 8 : space.dimensions()[d].values();
      EXPECT_EQ(drawn.size(), parts) << space.dimensions()[d].name;
      for (const auto& [part, times] : drawn) EXPECT_EQ(times, static_cast<int>(8 / parts)) << space.dimensions()[d].name;
    }
  }
  const size_t rate = DimensionOf(space, "lr");
  EXPECT_NE(space.Spread(0, 8)[rate], space.Spread(8, 8)[rate]);
}

TEST(Samplers, BeginWithALatinHypercube) {
  const plan::PointSpace space(Space());
  const auto parzen = plan::MakeParzenSampler(&space, 3, 6, true, 0);
  const auto process = plan::MakeGaussianProcessSampler(&space, 3, 6);
  for (const plan::Sampler* sampler : {parzen.get(), process.get()}) {
    const std::vector<Observation> five(5, {space.Sample(1), 0.5});
    for (uint64_t number = 0; number < 7; ++number) EXPECT_EQ(sampler->Suggest(five, {}, number, 0), space.Spread(number, 6));
    EXPECT_FALSE(sampler->Suggest(five, {}, 0, 1)) << "a point that is there already: draw another one";
  }
}

class Parzen : public testing::Test {
 protected:
  // Suggestions of the rate's coordinate.
  std::vector<double> Suggested(const std::vector<Observation>& observations, const std::vector<Point>& pending = {}) const {
    const auto sampler = plan::MakeParzenSampler(&space_, 3, 4, true, 0);
    std::vector<double> out;
    for (uint64_t number = 0; number < 100; ++number) {
      const auto point = sampler->Suggest(observations, pending, number, 0);
      EXPECT_TRUE(point);
      if (point) out.push_back((*point)[rate_]);
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  Point At(double rate, double model = 0) const {
    Point point = space_.Sample(0);
    point[rate_] = rate;
    point[0] = model;
    return point;
  }

  const plan::PointSpace space_{Space()};
  const size_t rate_ = DimensionOf(space_, "lr");
};

TEST_F(Parzen, LooksWhereTheBestAre) {
  std::vector<Observation> observations;
  for (int i = 0; i < 30; ++i) {
    const double rate = (i + 0.5) / 30;
    observations.push_back({At(rate), std::fabs(rate - 0.3)});
  }
  const std::vector<double> found = Suggested(observations);
  EXPECT_NEAR(found[50], 0.3, 0.05);
  EXPECT_GT(found[10], 0.15);
  EXPECT_LT(found[90], 0.45);
}

TEST_F(Parzen, ComparesLossesAndAsksNothingOfTheirScale) {
  std::vector<Observation> observations, steep;
  for (int i = 0; i < 30; ++i) {
    const double rate = (i * 7 % 30 + 0.5) / 30, loss = std::fabs(rate - 0.8);
    observations.push_back({At(rate), loss});
    steep.push_back({At(rate), std::exp(20 * loss)});
  }
  EXPECT_EQ(Suggested(observations), Suggested(steep));
}

TEST_F(Parzen, KeepsAwayFromWhereManyArePendingAndFromWhatDiverged) {
  std::vector<Observation> observations;
  for (int i = 0; i < 20; ++i) {
    const double rate = (i + 0.5) / 20;  // the best one is low, the second one is high
    observations.push_back({At(rate), std::min(std::fabs(rate - 0.275), std::fabs(rate - 0.725) + 0.001)});
  }
  const auto low = [](const std::vector<double>& found) { return std::lower_bound(found.begin(), found.end(), 0.5) - found.begin(); };
  const auto alone = low(Suggested(observations));
  const auto beside = low(Suggested(observations, std::vector<Point>(20, At(0.275))));
  EXPECT_GT(alone, 20);
  EXPECT_LT(beside, 0.8 * static_cast<double>(alone)) << "of 100 suggestions";
  for (Observation& observation : observations) {
    if (observation.point[rate_] < 0.5) observation.loss = HUGE_VAL;
  }
  EXPECT_LT(low(Suggested(observations)), 10);
}

TEST_F(Parzen, LearnsAnUnorderedParameter) {
  std::vector<Observation> observations;
  for (int i = 0; i < 40; ++i) observations.push_back({At((i % 20 + 0.5) / 20, i / 20), static_cast<double>(i < 20) + 0.01 * i});
  const auto sampler = plan::MakeParzenSampler(&space_, 3, 4, true, 0);
  int second = 0;
  for (uint64_t number = 0; number < 100; ++number) second += (*sampler->Suggest(observations, {}, number, 0))[0] == 1;
  EXPECT_GT(second, 85);
}

}  // namespace
