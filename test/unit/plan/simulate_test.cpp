#include "plan/simulate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/philox.hpp"
#include "plan/cost.hpp"

namespace {

using plan::DefaultBundles;
using plan::SimulateShared;

enum class Mix { kEqual, kEight };

std::vector<double> Costs(Mix mix, int models, uint64_t seed) {
  base::Stream random(seed, 0, base::Purpose::kSearch);
  std::vector<double> costs;
  for (int m = 0; m < models; ++m) costs.push_back(mix == Mix::kEqual ? 1.0 : 1 + 7 * random.Uniform());
  return costs;
}

TEST(Simulate, OneWorkerDoesAllWork) {
  const auto costs = Costs(Mix::kEight, 7, 1);
  const auto r = SimulateShared(costs, 5, 3, 1, 2, false);
  EXPECT_NEAR(r.ratio(), 1.0, 1e-12);
}

TEST(Simulate, EqualModelsOnEqualWorkersMeetTheBound) {
  for (int workers : {1, 2, 4, 8, 16}) {
    for (bool barrier : {false, true}) {
      const auto r = SimulateShared(Costs(Mix::kEqual, 2 * workers, 0), 8, 2 * workers, workers, 3, barrier);
      EXPECT_DOUBLE_EQ(r.makespan, 2.0 * 8 * 3);
      EXPECT_DOUBLE_EQ(r.ratio(), 1.0);
    }
  }
}

TEST(Simulate, FewerModelsThanWorkersAreBoundByOneModel) {
  const auto r = SimulateShared({1, 2, 3}, 4, 3, 8, 5, false);
  EXPECT_DOUBLE_EQ(r.makespan, 3.0 * 4 * 5);
  EXPECT_DOUBLE_EQ(r.ratio(), 1.0);
}

TEST(Simulate, NeverBeatsTheBound) {
  base::Stream random(9, 0, base::Purpose::kSearch);
  for (int round = 0; round < 100; ++round) {
    const int models = 1 + static_cast<int>(random.Below(30)), workers = 1 + static_cast<int>(random.Below(12));
    const int partitions = 1 + static_cast<int>(random.Below(12)), iterations = 1 + static_cast<int>(random.Below(3));
    const auto costs = Costs(Mix::kEight, models, random.Next64());
    const auto free = SimulateShared(costs, partitions, 1 + static_cast<int>(random.Below(40)), workers, iterations, false);
    EXPECT_GE(free.ratio(), 1 - 1e-9);
    for (const bool rests : {false, true}) {
      for (const bool barrier : {false, true}) {
        EXPECT_GE(plan::SimulateRounds(costs, workers, iterations, rests, barrier).ratio(), 1 - 1e-9);
      }
    }
    EXPECT_GE(plan::SimulateRotation(costs, workers, iterations).ratio(), 1 - 1e-9);
  }
}

// With at least two models a worker a run is within 5 % of the lower bound. Visits are not divisible: where the bound leaves a worker a
// fraction of a visit (129 equal models, 8 partitions, 64 workers: 16.1 visits), one iteration alone takes the next whole number. A barrier
// after every iteration gives the ratio of one iteration, since all bundles start together again.
TEST(Simulate, IsWithinFivePercentOfTheBound) {
  std::printf("makespan / lower bound, worst of the seeds; bundles = DefaultBundles(models, workers)\n");
  std::printf("%8s %8s %10s %6s | %12s %14s\n", "workers", "models", "partitions", "costs", "1 iteration", "10 iterations");
  for (int workers : {8, 16, 32, 64, 128, 256}) {
    for (int partitions : workers > 8 ? std::vector<int>{8, workers} : std::vector<int>{8}) {
      for (int models : {2 * workers, 2 * workers + 1, 4 * workers + workers / 2}) {
        for (Mix mix : {Mix::kEqual, Mix::kEight}) {
          const bool small = partitions == 8;
          const int seeds = mix == Mix::kEqual || !small ? 1 : 3;
          double one = 0, ten = 0;
          for (int seed = 0; seed < seeds; ++seed) {
            const auto costs = Costs(mix, models, static_cast<uint64_t>(seed));
            const int bundles = DefaultBundles(models, workers);
            const auto r = SimulateShared(costs, partitions, bundles, workers, 1, false);
            one = std::max(one, r.ratio());
            const double whole = mix == Mix::kEqual ? std::ceil(r.lower_bound - 1e-9) : r.lower_bound;
            EXPECT_LE(r.makespan, std::max(1.05 * r.lower_bound, whole) * (1 + 1e-12)) << workers << " " << models << " " << partitions;
            if (small) ten = std::max(ten, SimulateShared(costs, partitions, bundles, workers, 10, false).ratio());
          }
          EXPECT_LE(small ? ten : one, 1.05) << workers << " " << models << " " << partitions;
          std::printf("%8d %8d %10d %6s | %12.4f", workers, models, partitions, mix == Mix::kEqual ? "equal" : "1:8", one);
          if (small) std::printf(" %14.4f", ten);
          std::printf("\n");
        }
      }
    }
  }
}

// Why rounds of many models: a rotation of one model a segment waits for the slowest model at every hop.
TEST(Simulate, RoundsBeatRotation) {
  for (int segments : {8, 32, 128}) {
    const auto costs = Costs(Mix::kEight, 4 * segments, 3);
    const auto rounds = plan::SimulateRounds(costs, segments, 10, true, false), rotation = plan::SimulateRotation(costs, segments, 10);
    EXPECT_DOUBLE_EQ(rounds.lower_bound, rotation.lower_bound);
    EXPECT_LE(rounds.ratio(), 1.1);
    EXPECT_GT(rotation.ratio(), 1.4);
  }
  // by hand: two segments, costs 1, 2, 3: hops {1,2}, {2,3}, {3,1}; models 1 | 2, 3, and all advance
  EXPECT_DOUBLE_EQ(plan::SimulateRotation({1, 2, 3}, 2, 1).makespan, 2 + 3 + 3);
  EXPECT_DOUBLE_EQ(plan::SimulateRounds({1, 2, 3}, 2, 1, false, false).makespan, 10);
  EXPECT_DOUBLE_EQ(plan::SimulateRotation({1}, 2, 1).makespan, 2);
}

std::vector<double> OneInN(int n, int models) {
  std::vector<double> costs;
  for (int m = 0; m < models; ++m) costs.push_back(m % n == 0 ? 8.0 : 1.0);
  return costs;
}

// With four models a segment or more, a run of ten iterations is within about 5 % of the lower bound for models of equal cost and of cost 1 and 8
// in turns or in blocks, although each model's sequence is fixed by its own number.
TEST(Simulate, RoundsAreNearTheBound) {
  for (int segments : {8, 16, 32, 64}) {
    for (int models : {4 * segments, 4 * segments + 1, 4 * segments + 3, 9 * segments / 2, 5 * segments - 1, 8 * segments, 8 * segments + 3}) {
      std::vector<double> halves(static_cast<size_t>(models), 1.0);
      std::fill(halves.begin(), halves.begin() + models / 2, 8.0);
      // what one in eight costs is more than a segment's mean share: there is little room to pass it
      const double near = segments < 32 ? 1.055 : 1.05;  // a round is more of a short run
      const std::vector<std::pair<std::vector<double>, double>> mixes = {
          {Costs(Mix::kEqual, models, 5), near}, {OneInN(2, models), near}, {halves, near}, {OneInN(8, models), 1.09}};
      for (const auto& [costs, most] : mixes) {
        const auto rests = plan::SimulateRounds(costs, segments, 10, true, false);
        EXPECT_LE(rests.ratio(), most) << segments << " " << models << " " << &costs - &mixes.front().first;
        EXPECT_LE(rests.ratio(), plan::SimulateRounds(costs, segments, 10, false, false).ratio() * (1 + 1e-12)) << segments << " " << models;
      }
    }
  }
  EXPECT_DOUBLE_EQ(plan::SimulateRounds(Costs(Mix::kEqual, 35, 0), 8, 1, false, false).makespan, 40);
  EXPECT_DOUBLE_EQ(plan::SimulateRounds(Costs(Mix::kEqual, 35, 0), 8, 1, true, false).makespan, 35);
}

}  // namespace
