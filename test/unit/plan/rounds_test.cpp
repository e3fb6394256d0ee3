#include "plan/rounds.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/philox.hpp"

namespace {

using plan::RoundChoice;
using plan::Rounds;
using plan::RoundUnit;
using plan::RoundVisit;

plan::Plan PlanOf(int bundles, int partitions) {
  return plan::MakePlan(std::vector<double>(static_cast<size_t>(bundles), 1.0), partitions, bundles, 0);
}

struct Laid {
  std::vector<std::vector<RoundVisit>> rounds;
  double seconds = 0;
};

Laid Lay(const plan::Plan& plan, const std::vector<RoundUnit>& units, const RoundChoice& choice) {
  Laid laid;
  Rounds rounds(plan, units, choice);
  std::vector<RoundVisit> visits;
  while (rounds.Next(&visits)) {
    laid.rounds.push_back(visits);
    laid.seconds += rounds.seconds();
  }
  return laid;
}

// Whatever the layout: each unit makes all its visits, in its bundle's order, at most one a round; and the choice knows length and rounds.
TEST(Rounds, EveryUnitKeepsItsSequence) {
  base::Stream random(1, 0, base::Purpose::kSearch);
  for (int round = 0; round < 300; ++round) {
    const int partitions = 1 + static_cast<int>(random.Below(9)), bundles = 1 + static_cast<int>(random.Below(12));
    const plan::Plan plan = PlanOf(bundles, partitions);
    std::vector<RoundUnit> units;
    for (uint64_t u = random.Below(40); u > 0; --u) {
      units.push_back(RoundUnit{static_cast<int>(random.Below(static_cast<uint64_t>(bundles))), static_cast<int64_t>(random.Below(5)),
                               random.Below(4) == 0 ? 0.0 : 1 + 7 * random.Uniform()});
    }
    RoundChoice forced;
    forced.capped = true;
    forced.cap = 1 + 20 * random.Uniform();
    for (const RoundChoice& choice : {plan::ChooseRounds(plan, units), forced}) {
      const Laid laid = Lay(plan, units, choice);
      std::vector<int> next(units.size(), 0);
      for (const auto& round : laid.rounds) {
        std::set<int> seen;
        std::map<int, double> load;
        std::map<int, int> count;
        for (const RoundVisit& v : round) {
          const auto u = static_cast<size_t>(v.unit);
          ASSERT_TRUE(seen.insert(v.unit).second);
          ASSERT_EQ(v.visit, next[u]++);
          ASSERT_EQ(v.partition, plan.PartitionAt(units[u].bundle, units[u].iteration, v.visit));
          load[v.partition] += units[u].cost;
          count[v.partition] += units[u].cost > 0;
        }
        for (const auto& [partition, sum] : load) ASSERT_TRUE(!choice.capped || count[partition] <= 1 || sum <= choice.cap * (1 + 1e-6));
      }
      for (const int n : next) ASSERT_EQ(n, partitions);
      if (choice.rounds > 0 || units.empty()) {
        ASSERT_EQ(static_cast<int>(laid.rounds.size()), choice.rounds);
        ASSERT_NEAR(laid.seconds, choice.seconds, 1e-9 * (1 + choice.seconds));
      }
    }
  }
}

// 16 models on two segments: as many rounds as segments, all models in each.
TEST(Rounds, BalancedBundlesAreInEveryRound) {
  const plan::Plan plan = PlanOf(2, 2);
  std::vector<RoundUnit> units;
  for (int m = 0; m < 16; ++m) units.push_back(RoundUnit{m % 2, 3, 1.0});
  const RoundChoice choice = plan::ChooseRounds(plan, units);
  EXPECT_FALSE(choice.capped);
  EXPECT_EQ(choice.rounds, 2);
  EXPECT_EQ(choice.seconds, 16);
  EXPECT_EQ(plan::ChooseRounds(plan, {}).rounds, 0);
}

// Models that stopped leave bundles of different size behind: those that go on rest in turns instead of waiting for the fullest bundle.
TEST(Rounds, RestEvensOutWhatStoppedModelsLeave) {
  const plan::Plan plan = PlanOf(8, 8);
  std::vector<RoundUnit> units;
  for (int b = 0; b < 8; ++b) {
    for (int m = 0; m < (b == 2 ? 8 : 4); ++m) units.push_back(RoundUnit{b, 1, 1.0});
  }
  const RoundChoice choice = plan::ChooseRounds(plan, units);
  EXPECT_TRUE(choice.capped);
  EXPECT_LE(choice.seconds, 1.05 * 36);  // all advance: 64
}

}  // namespace
