#include "plan/rounds.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/philox.hpp"

namespace {

using plan::RoundChoice;
using plan::RoundLeg;
using plan::Rounds;
using plan::RoundSpan;
using plan::RoundUnit;
using plan::Sequence;

RoundSpan Span(int partitions, int each, int64_t iterations) {
  RoundSpan span;
  span.partitions = partitions;
  span.partitions_each = each;
  span.iterations = iterations;
  return span;
}

std::vector<RoundUnit> Models(int count, int partitions) {
  std::vector<RoundUnit> units;
  for (int m = 1; m <= count; ++m) units.push_back({plan::SequenceOf(static_cast<uint64_t>(m), partitions), 1.0, 0});
  return units;
}

struct Laid {
  std::vector<std::vector<RoundLeg>> rounds;
  double seconds = 0;
};

Laid Lay(const RoundSpan& span, const std::vector<RoundUnit>& units, const RoundChoice& choice) {
  Laid laid;
  Rounds rounds(span, units, choice);
  std::vector<RoundLeg> legs;
  while (rounds.Next(&legs)) {
    laid.rounds.push_back(legs);
    laid.seconds += rounds.seconds();
  }
  EXPECT_TRUE(rounds.done());
  return laid;
}

// Whatever the layout: each unit makes all its visits, in its own order, on one segment a round, and no segment is fuller than the cap.
TEST(Rounds, EveryUnitKeepsItsSequence) {
  base::Stream random(1, 0, base::Purpose::kSearch);
  for (int round = 0; round < 300; ++round) {
    const int each = 1 + static_cast<int>(random.Below(4)), segments = 1 + static_cast<int>(random.Below(9));
    RoundSpan span = Span(each * segments, each, 1 + static_cast<int64_t>(random.Below(4)));
    span.iteration = static_cast<int64_t>(random.Below(5));
    std::vector<RoundUnit> units;
    for (uint64_t u = random.Below(40); u > 0; --u) {
      RoundUnit unit{plan::SequenceOf(random.Next64(), span.partitions), random.Below(4) == 0 ? 0.0 : 1 + 7 * random.Uniform(), 0};
      if (random.Below(4) == 0) {  // of an old run
        unit.sequence.shift = random.Below(2) == 0 ? 1 : each;
        unit.sequence.first = static_cast<int64_t>(random.Below(7));
      }
      if (random.Below(4) == 0) unit.done = static_cast<int64_t>(random.Below(static_cast<uint64_t>(span.visits()) + 1));
      units.push_back(unit);
    }
    RoundChoice forced;
    forced.capped = true;
    forced.cap = each + 20 * random.Uniform();
    for (const RoundChoice& choice : {plan::ChooseRounds(span, units), forced, RoundChoice()}) {
      const Laid laid = Lay(span, units, choice);
      std::vector<int64_t> next;
      for (const RoundUnit& unit : units) next.push_back(unit.done);
      for (const auto& legs : laid.rounds) {
        std::set<int> seen;
        std::map<int, double> load;
        std::map<int, int> count;
        for (const RoundLeg& leg : legs) {
          const auto u = static_cast<size_t>(leg.unit);
          ASSERT_TRUE(seen.insert(leg.unit).second);
          ASSERT_EQ(leg.visit, next[u]);
          ASSERT_GE(leg.visits, 1);
          const int segment = leg.partition / each;
          for (int v = 0; v < leg.visits; ++v, ++next[u]) {
            const int partition = units[u].sequence.PartitionAt(span.partitions, span.iteration + next[u] / span.partitions,
                                                                static_cast<int>(next[u] % span.partitions));
            ASSERT_EQ(partition, leg.partition + v);
            ASSERT_EQ(partition / each, segment);
          }
          load[segment] += units[u].cost * leg.visits;
          count[segment] += units[u].cost > 0;
        }
        for (const auto& [segment, sum] : load) ASSERT_TRUE(!choice.capped || count[segment] <= 1 || sum <= choice.cap * (1 + 1e-6));
      }
      for (const int64_t n : next) ASSERT_EQ(n, span.visits());
    }
  }
}

// Units of folds make all visits of the partitions that they do not leave out, and no leg goes over a fold.
TEST(Rounds, FoldsAreLeftOut) {
  base::Stream random(3, 0, base::Purpose::kSearch);
  for (int round = 0; round < 100; ++round) {
    const int folds = 2 + static_cast<int>(random.Below(4)), segments = 1 + static_cast<int>(random.Below(4));
    RoundSpan span = Span(folds * segments * 2, folds * 2, 1 + static_cast<int64_t>(random.Below(3)));
    span.visited = span.partitions - span.partitions / folds;
    std::vector<RoundUnit> units;
    for (uint64_t u = 0; u < 3 * static_cast<uint64_t>(folds); ++u) {
      const int fold = 1 + static_cast<int>(u) % folds;
      units.push_back({plan::SequenceOfFold(u + 1, span.partitions, folds, fold), 1 + random.Uniform(), 0});
    }
    for (const RoundChoice& choice : {plan::ChooseRounds(span, units), RoundChoice()}) {
      std::vector<int64_t> next(units.size(), 0);
      for (const auto& legs : Lay(span, units, choice).rounds) {
        for (const RoundLeg& leg : legs) {
          const auto u = static_cast<size_t>(leg.unit);
          ASSERT_EQ(leg.visit, next[u]);
          for (int v = 0; v < leg.visits; ++v, ++next[u]) {
            ASSERT_EQ(span.PartitionOf(units[u].sequence, next[u]), leg.partition + v);
            ASSERT_EQ((leg.partition + v) / span.partitions_each, leg.partition / span.partitions_each);
          }
        }
      }
      for (const int64_t n : next) ASSERT_EQ(n, span.visits());
    }
  }
}

// The choice knows length and rounds of what it tried, and that is all of a short span.
TEST(Rounds, TheChoiceIsWhatIsLaidOut) {
  base::Stream random(2, 0, base::Purpose::kSearch);
  for (int round = 0; round < 100; ++round) {
    const RoundSpan span = Span(8, 1 + static_cast<int>(random.Below(2)), 1 + static_cast<int64_t>(random.Below(4)));
    std::vector<RoundUnit> units = Models(1 + static_cast<int>(random.Below(40)), 8);
    for (RoundUnit& unit : units) unit.cost = 1 + 7 * random.Uniform();
    const RoundChoice choice = plan::ChooseRounds(span, units);
    const Laid laid = Lay(span, units, choice);
    const auto iterations = static_cast<double>(span.iterations);
    ASSERT_EQ(static_cast<double>(laid.rounds.size()), choice.rounds * iterations);
    ASSERT_NEAR(laid.seconds, choice.seconds * iterations, 1e-9 * laid.seconds);
    ASSERT_LE(laid.seconds, Lay(span, units, RoundChoice()).seconds * (1 + 1e-12));
  }
}

// 16 models on two segments: as many rounds as segments, all models in each, iteration after iteration.
TEST(Rounds, BalancedModelsAreInEveryRound) {
  const RoundSpan span = Span(2, 1, 3);
  const RoundChoice choice = plan::ChooseRounds(span, Models(16, 2));
  EXPECT_FALSE(choice.capped);
  EXPECT_EQ(choice.rounds, 2);
  EXPECT_EQ(choice.seconds, 16);
  EXPECT_EQ(plan::ChooseRounds(span, {}).rounds, 0);
}

// A model that begins within a segment's partitions makes one leg more, once in all.
TEST(Rounds, LegsGoOnOverTheEndOfAnIteration) {
  const RoundSpan span = Span(8, 4, 5);
  const std::vector<RoundUnit> units = {{plan::SequenceOf(3, 8), 1.0, 0}};  // begins at partition 2
  const Laid laid = Lay(span, units, RoundChoice());
  ASSERT_EQ(laid.rounds.size(), 11u);
  EXPECT_EQ(laid.rounds.front().front().visits, 2);
  for (size_t r = 1; r < 10; ++r) EXPECT_EQ(laid.rounds[r].front().visits, 4);
  EXPECT_EQ(laid.rounds.back().front().visits, 2);
  EXPECT_EQ(laid.seconds, 40);
}

// Models that stopped leave segments of different load behind: those that go on rest in turns instead of waiting for the fullest one.
TEST(Rounds, RestEvensOutWhatStoppedModelsLeave) {
  std::vector<RoundUnit> units = Models(64, 8);
  std::vector<RoundUnit> left;
  for (const RoundUnit& unit : units) {
    int there = 0;
    for (const RoundUnit& other : left) there += other.sequence.start == unit.sequence.start;
    if (there < (unit.sequence.start == 2 ? 8 : 4)) left.push_back(unit);
  }
  ASSERT_EQ(left.size(), 36u);
  const RoundChoice one = plan::ChooseRounds(Span(8, 1, 1), left);
  EXPECT_TRUE(one.capped);
  EXPECT_LE(one.seconds, 1.15 * 36);  // all advance: 64
  EXPECT_LE(plan::ChooseRounds(Span(8, 1, 10), left).seconds, 1.05 * 36);  // the rests of all iterations are those of the first one
}

}  // namespace
