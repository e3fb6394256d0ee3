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
    EXPECT_GE(plan::SimulateRounds(costs, workers, iterations).ratio(), 1 - 1e-9);
    EXPECT_GE(plan::SimulateRestingRounds(costs, workers, iterations).ratio(), 1 - 1e-9);
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

// Why bundles: a rotation of one model a segment waits for the slowest model at every hop.
TEST(Simulate, RoundsOfBundlesBeatRotation) {
  for (int segments : {8, 32, 128}) {
    const auto costs = Costs(Mix::kEight, 4 * segments, 3);
    const auto rounds = plan::SimulateRounds(costs, segments, 2), rotation = plan::SimulateRotation(costs, segments, 2);
    EXPECT_DOUBLE_EQ(rounds.lower_bound, rotation.lower_bound);
    EXPECT_LE(rounds.ratio(), 1.1);
    EXPECT_GT(rotation.ratio(), 1.4);
  }
  // by hand: two segments, costs 1, 2, 3: hops {1,2}, {2,3}, {3,1}; bundles {3}, {1,2}
  EXPECT_DOUBLE_EQ(plan::SimulateRotation({1, 2, 3}, 2, 1).makespan, 2 + 3 + 3);
  EXPECT_DOUBLE_EQ(plan::SimulateRounds({1, 2, 3}, 2, 1).makespan, 6);
  EXPECT_DOUBLE_EQ(plan::SimulateRotation({1}, 2, 1).makespan, 2);
}

// With at least four models a segment an iteration is within a tenth of the lower bound. Whole bundles that are in every round cannot be
// better than the fullest one, ceil(models / segments) equal models, which is more than a tenth when few models are left over; models that
// rest for a round can.
TEST(Simulate, RoundsAreWithinATenthOfTheBound) {
  for (int segments : {8, 16, 32, 64, 128, 256, 512, 1024}) {
    for (int models : {4 * segments, 4 * segments + 1, 4 * segments + 3, 9 * segments / 2, 5 * segments - 1, 8 * segments, 8 * segments + 3,
                       16 * segments}) {
      for (Mix mix : {Mix::kEqual, Mix::kEight}) {
        const auto costs = Costs(mix, models, 5);
        const auto whole = plan::SimulateRounds(costs, segments, 1);
        const double fullest = mix == Mix::kEqual ? (models + segments - 1) / segments * static_cast<double>(segments) : 0;
        EXPECT_LE(whole.makespan, std::max(1.10 * whole.lower_bound, fullest) * (1 + 1e-12)) << segments << " " << models;
        if (segments > 256 && models % segments != 0) continue;  // the layout below takes its time there
        const auto rests = plan::SimulateRestingRounds(costs, segments, 1);
        EXPECT_LE(rests.ratio(), mix == Mix::kEqual ? 1.06 : 1.10) << segments << " " << models;
        EXPECT_LE(rests.ratio(), whole.ratio() * (1 + 1e-12)) << segments << " " << models;
        EXPECT_LE(rests.ratio(), plan::SimulateRotation(costs, segments, 1).ratio() + 0.06) << segments << " " << models;
      }
    }
  }
  EXPECT_DOUBLE_EQ(plan::SimulateRounds(Costs(Mix::kEqual, 35, 0), 8, 1).makespan, 40);
  EXPECT_DOUBLE_EQ(plan::SimulateRestingRounds(Costs(Mix::kEqual, 35, 0), 8, 1).makespan, 35);
}

}  // namespace
