#include "plan/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/error.hpp"
#include "base/philox.hpp"

namespace {

using plan::MakePlan;
using plan::Plan;
using plan::Scheduler;
using plan::Sequence;

std::vector<double> RandomCosts(base::Stream* random, size_t models) {
  std::vector<double> costs;
  for (size_t m = 0; m < models; ++m) costs.push_back(1 + 7 * random->Uniform());
  return costs;
}

// Of new models, numbered from 1.
std::vector<Sequence> Sequences(size_t models, int partitions) {
  std::vector<Sequence> sequences;
  for (uint64_t stream = 1; stream <= models; ++stream) sequences.push_back(plan::SequenceOf(stream, partitions));
  return sequences;
}

Plan PlanOf(const std::vector<double>& costs, int partitions, int bundles) {
  return MakePlan(costs, Sequences(costs.size(), partitions), partitions, bundles);
}

Plan OfOneSequence(const std::vector<double>& costs, int partitions, int bundles) {
  return MakePlan(costs, std::vector<Sequence>(costs.size()), partitions, bundles);
}

struct Block {
  explicit Block(const Plan& plan) : words((Scheduler::BlockSize(static_cast<int>(plan.bundles.size())) + 7) / 8) {}
  void* data() { return words.data(); }
  std::vector<int64_t> words;
};

TEST(Plan, EveryModelIsInOneBundleOfItsSequence) {
  base::Stream random(1, 0, base::Purpose::kSearch);
  for (int round = 0; round < 200; ++round) {
    const size_t models = 1 + random.Below(60);
    const int partitions = 1 + static_cast<int>(random.Below(12)), bundles = 1 + static_cast<int>(random.Below(70));
    const std::vector<Sequence> sequences = Sequences(models, partitions);
    const Plan plan = MakePlan(RandomCosts(&random, models), sequences, partitions, bundles);
    const size_t different = std::set<Sequence>(sequences.begin(), sequences.end()).size();
    ASSERT_EQ(plan.bundles.size(), std::min(models, std::max(different, static_cast<size_t>(bundles))));
    std::set<int> seen;
    for (const plan::Bundle& b : plan.bundles) {
      ASSERT_FALSE(b.models.empty());
      ASSERT_TRUE(std::is_sorted(b.models.begin(), b.models.end()));
      for (int m : b.models) {
        ASSERT_TRUE(seen.insert(m).second);
        ASSERT_TRUE(b.sequence == sequences[static_cast<size_t>(m)]);
      }
    }
    ASSERT_EQ(seen.size(), models);
    ASSERT_TRUE(std::is_sorted(plan.bundles.begin(), plan.bundles.end(),
                               [](const plan::Bundle& a, const plan::Bundle& b) { return a.models.front() < b.models.front(); }));
  }
}

// Graham's bound for longest processing time first: at most 4/3 - 1/(3 n) of the best; the best is at least the mean and the longest.
TEST(Plan, BundlesOfOneSequenceAreBalanced) {
  base::Stream random(2, 0, base::Purpose::kSearch);
  for (int round = 0; round < 200; ++round) {
    const int bundles = 2 + static_cast<int>(random.Below(10));
    const std::vector<double> costs = RandomCosts(&random, static_cast<size_t>(bundles) * (3 + random.Below(6)));
    const Plan plan = OfOneSequence(costs, 8, bundles);
    double total = 0, most = 0, least = std::numeric_limits<double>::infinity();
    for (const plan::Bundle& b : plan.bundles) {
      total += b.visit_cost;
      most = std::max(most, b.visit_cost);
      least = std::min(least, b.visit_cost);
    }
    EXPECT_LE(most, (4.0 / 3) * std::max(total / bundles, *std::max_element(costs.begin(), costs.end())));
    EXPECT_GT(least, 0);
  }
}

// Where there are bundles to spare they go to the sequences with the most work.
TEST(Plan, SequencesWithMoreWorkGetMoreBundles) {
  std::vector<Sequence> sequences(9);
  for (size_t m = 3; m < 9; ++m) sequences[m].start = 1;
  const Plan plan = MakePlan(std::vector<double>(9, 1.0), sequences, 2, 3);
  ASSERT_EQ(plan.bundles.size(), 3u);
  for (const plan::Bundle& b : plan.bundles) EXPECT_EQ(b.models.size(), 3u);
}

TEST(Plan, ModelsWithoutCostSpread) {
  const Plan plan = OfOneSequence(std::vector<double>(10, 0.0), 4, 3);
  for (const plan::Bundle& b : plan.bundles) EXPECT_GE(b.models.size(), 3u);
}

TEST(Plan, IsPure) {
  base::Stream random(3, 0, base::Purpose::kSearch);
  const std::vector<double> costs = RandomCosts(&random, 37);
  EXPECT_EQ(plan::WritePlan(PlanOf(costs, 8, 8)), plan::WritePlan(PlanOf(costs, 8, 8)));
  // frozen: a stored plan and its visit order must be found again by later versions
  EXPECT_EQ(plan::WritePlan(PlanOf({1, 5, 2, 4, 3.5}, 4, 2)),
            "{\"version\":2,\"partitions\":4,\"bundles\":[{\"models\":[0],\"start\":0,\"visit_cost\":1.0},"
            "{\"models\":[1,4],\"start\":1,\"visit_cost\":8.5},{\"models\":[2],\"start\":2,\"visit_cost\":2.0},"
            "{\"models\":[3],\"start\":3,\"visit_cost\":4.0}]}");
}

// Frozen: bits depend on it.
TEST(Sequence, IsAFunctionOfStreamAndPartitionsAlone) {
  const auto starts = [](int partitions, uint64_t first, int count) {
    std::vector<int> starts;
    for (int i = 0; i < count; ++i) {
      const Sequence sequence = plan::SequenceOf(first + static_cast<uint64_t>(i), partitions);
      EXPECT_EQ(sequence.shift, 0);
      EXPECT_EQ(sequence.first, 0);
      starts.push_back(sequence.start);
    }
    return starts;
  };
  EXPECT_EQ(starts(1, 1, 3), std::vector<int>({0, 0, 0}));
  EXPECT_EQ(starts(2, 1, 8), std::vector<int>({0, 1, 1, 0, 0, 1, 1, 0}));
  EXPECT_EQ(starts(3, 1, 12), std::vector<int>({0, 1, 2, 1, 2, 0, 2, 0, 1, 0, 1, 2}));
  EXPECT_EQ(starts(8, 17, 8), std::vector<int>({2, 3, 4, 5, 6, 7, 0, 1}));
  for (const uint64_t stream : {uint64_t{0}, ~uint64_t{0}, uint64_t{1} << 63}) {  // a model may have any number
    const int start = plan::SequenceOf(stream, 7).start;
    EXPECT_TRUE(start >= 0 && start < 7);
  }
}

// Of any `partitions` models numbered on from a multiple, no two begin at one partition; so no two are ever at one at one visit number.
TEST(Sequence, IsALatinSquare) {
  for (const int partitions : {1, 2, 3, 7, 8, 20}) {
    for (uint64_t block = 0; block < 5; ++block) {
      for (const int64_t iteration : {int64_t{0}, int64_t{1}, int64_t{1} << 40}) {
        for (int v = 0; v < partitions; ++v) {
          std::set<int> at;
          for (int m = 0; m < partitions; ++m) {
            const uint64_t stream = block * static_cast<uint64_t>(partitions) + static_cast<uint64_t>(m) + 1;
            ASSERT_TRUE(at.insert(plan::SequenceOf(stream, partitions).PartitionAt(partitions, iteration, v)).second);
          }
        }
      }
    }
  }
}

// A fold's model goes through the other partitions as through a table of its own.
TEST(Sequence, OfAFoldIsThatOfATableWithoutTheFold) {
  base::Stream random(5, 0, base::Purpose::kSearch);
  for (int round = 0; round < 100; ++round) {
    const int folds = 2 + static_cast<int>(random.Below(6)), each = 1 + static_cast<int>(random.Below(4)), partitions = folds * each;
    const int fold = 1 + static_cast<int>(random.Below(static_cast<uint64_t>(folds)));
    const uint64_t stream = random.Next64();
    const Sequence sequence = plan::SequenceOfFold(stream, partitions, folds, fold), alone = plan::SequenceOf(stream, partitions - each);
    std::vector<int> left_out, visited = sequence.Visited(partitions);
    for (int p = (fold - 1) * each; p < fold * each; ++p) left_out.push_back(p);
    ASSERT_EQ(sequence.LeftOut(partitions), left_out);
    ASSERT_EQ(visited.size(), static_cast<size_t>(partitions - each));
    ASSERT_EQ(sequence.Visits(partitions), partitions - each);
    for (const int64_t iteration : {int64_t{0}, int64_t{3}}) {
      for (int v = 0; v < partitions - each; ++v) {
        // partition n of such a table is the n-th that is visited
        ASSERT_EQ(sequence.PartitionAt(partitions, iteration, v), visited[static_cast<size_t>(alone.PartitionAt(partitions - each, iteration, v))]);
      }
    }
  }
  EXPECT_EQ(Sequence().Visited(3), (std::vector<int>{0, 1, 2}));
  EXPECT_TRUE(Sequence().LeftOut(3).empty());
}

TEST(Plan, OfFoldsComesBackAndMakesFewerVisits) {
  std::vector<Sequence> sequences;
  for (int m = 1; m <= 6; ++m) sequences.push_back(plan::SequenceOfFold(static_cast<uint64_t>(m), 6, 3, 1 + (m - 1) % 3));
  const Plan plan = MakePlan(std::vector<double>(6, 1.0), sequences, 6, 4);
  EXPECT_EQ(plan.visits(), 4);
  EXPECT_TRUE(plan.has_folds());
  EXPECT_FALSE(PlanOf({1, 2}, 4, 2).has_folds());
  EXPECT_EQ(plan.Sequences(6), sequences);
  const Plan read = plan::ReadPlan(plan::WritePlan(plan));
  EXPECT_EQ(plan::WritePlan(read), plan::WritePlan(plan));
  EXPECT_EQ(read.Sequences(6), sequences);
  double longest = 0;
  for (const plan::Bundle& b : plan.bundles) longest = std::max(longest, b.visit_cost);
  EXPECT_EQ(plan.LowerBound(100), 4 * longest);
  // each bundle makes as many visits
  Block block(plan);
  Scheduler scheduler(block.data(), plan, true);
  scheduler.SetTarget(2);
  Scheduler::Task task;
  int64_t tasks = 0;
  for (; scheduler.Take(&task); ++tasks) {
    ASSERT_LT(task.visit, 4);
    scheduler.Done(task, 1.0);
  }
  EXPECT_EQ(tasks, 2 * 4 * static_cast<int64_t>(plan.bundles.size()));
  sequences.push_back(plan::SequenceOf(7, 6));
  EXPECT_THROW(MakePlan(std::vector<double>(7, 1.0), sequences, 6, 4), base::Error);
  const auto bundle = [](const char* fields) {
    return std::string(R"({"version":2,"partitions":6,"bundles":[{"models":[0],"start":0,"visit_cost":1.0},{"models":[1],"visit_cost":1.0,)") + fields + "}]}";
  };
  for (const char* fields : {R"("start":0,"base":2,"count":4)", R"("start":4,"base":2,"count":4)", R"("start":0,"base":6,"count":4)", R"("start":0,"count":4)",
                             R"("start":0,"base":0,"count":6)"}) {
    EXPECT_THROW(plan::ReadPlan(bundle(fields)), base::Error) << fields;
  }
}

// A model's visits of two iterations follow each other without a break; those of an old run shift.
TEST(Sequence, VisitsEveryPartitionOnceAnIteration) {
  base::Stream random(4, 0, base::Purpose::kSearch);
  for (int round = 0; round < 100; ++round) {
    const int partitions = 1 + static_cast<int>(random.Below(20));
    Sequence sequence = plan::SequenceOf(random.Next64(), partitions);
    if (round % 2 == 1) {
      sequence.shift = 1 + static_cast<int>(random.Below(static_cast<uint64_t>(partitions)));
      sequence.first = static_cast<int64_t>(random.Below(1000));
    }
    for (const int64_t iteration : {int64_t{0}, int64_t{1}, int64_t{1} << 40}) {
      std::set<int> seen;
      for (int v = 0; v < partitions; ++v) {
        const int p = sequence.PartitionAt(partitions, iteration, v);
        ASSERT_TRUE(p >= 0 && p < partitions && seen.insert(p).second);
        ASSERT_EQ(sequence.PartitionAt(partitions, iteration + 1, v), (p + sequence.shift) % partitions);
      }
    }
  }
}

TEST(Plan, RoundTrip) {
  base::Stream random(5, 0, base::Purpose::kSearch);
  for (int round = 0; round < 50; ++round) {
    const int partitions = 1 + static_cast<int>(random.Below(300));
    std::vector<Sequence> sequences = Sequences(1 + random.Below(40), partitions);
    for (Sequence& sequence : sequences) sequence.shift = random.Below(3) == 0 ? 1 : 0;
    const Plan plan = MakePlan(RandomCosts(&random, sequences.size()), sequences, partitions, 16);
    const std::string text = plan::WritePlan(plan);
    const Plan back = plan::ReadPlan(text);
    ASSERT_EQ(plan::WritePlan(back), text);
    for (int b = 0; b < static_cast<int>(plan.bundles.size()); ++b) ASSERT_EQ(back.PartitionAt(b, 7, 0), plan.PartitionAt(b, 7, 0));
    ASSERT_EQ(back.bundles[0].visit_cost, plan.bundles[0].visit_cost);
  }
}

// The texts are version 0.1's: bundle b at visit v of iteration i was at (offset_b + i * stride + v) mod partitions.
TEST(Plan, OldPlansKeepTheirOrder) {
  const Plan plain = plan::ReadPlan(
      "{\"version\":1,\"partitions\":4,\"bundles\":[{\"models\":[0,1,2],\"offset\":3,\"visit_cost\":8.0},"
      "{\"models\":[3,4],\"offset\":0,\"visit_cost\":7.5}]}");
  EXPECT_EQ(plain.PartitionAt(0, 0, 0), 3);
  EXPECT_EQ(plain.PartitionAt(0, 1, 0), 0);
  EXPECT_EQ(plain.PartitionAt(1, 6, 3), 1);
  const Plan blocks = plan::ReadPlan(
      "{\"version\":1,\"partitions\":8,\"stride\":4,\"bundles\":[{\"models\":[0],\"offset\":4,\"visit_cost\":1.0}]}");
  EXPECT_EQ(blocks.PartitionAt(0, 0, 0), 4);
  EXPECT_EQ(blocks.PartitionAt(0, 1, 2), 2);
  const std::string kept = plan::WritePlan(blocks);
  EXPECT_NE(kept.find("\"version\":2"), std::string::npos);
  EXPECT_EQ(plan::ReadPlan(kept).PartitionAt(0, 1, 2), 2);
}

TEST(Plan, RefusesTextsThatAreNoPlan) {
  for (const char* bad :
       {"", "[]", "{}", "{\"version\":3,\"partitions\":4,\"bundles\":[]}", "{\"version\":0,\"partitions\":4,\"bundles\":[]}",
        "{\"version\":2,\"partitions\":0,\"bundles\":[]}", "{\"version\":2,\"partitions\":4}",
        "{\"version\":2,\"partitions\":4,\"bundles\":[{}]}",
        "{\"version\":2,\"partitions\":4,\"bundles\":[{\"models\":[],\"start\":0,\"visit_cost\":1}]}",
        "{\"version\":2,\"partitions\":4,\"bundles\":[{\"models\":[0],\"start\":4,\"visit_cost\":1}]}",
        "{\"version\":2,\"partitions\":4,\"bundles\":[{\"models\":[0],\"start\":-1,\"visit_cost\":1}]}",
        "{\"version\":2,\"partitions\":4,\"bundles\":[{\"models\":[0],\"start\":0,\"shift\":5,\"visit_cost\":1}]}",
        "{\"version\":2,\"partitions\":4,\"bundles\":[{\"models\":[0],\"offset\":0,\"visit_cost\":1}]}",
        "{\"version\":1,\"partitions\":4,\"bundles\":[{\"models\":[0],\"start\":0,\"visit_cost\":1}]}",
        "{\"version\":1,\"partitions\":4,\"stride\":5,\"bundles\":[]}",
        "{\"version\":2,\"partitions\":4,\"bundles\":[{\"models\":[1,0],\"start\":0,\"visit_cost\":1}]}",
        "{\"version\":2,\"partitions\":4,\"bundles\":[{\"models\":[-1],\"start\":0,\"visit_cost\":1}]}",
        "{\"version\":2,\"partitions\":4,\"bundles\":[{\"models\":[99999999999],\"start\":0,\"visit_cost\":1}]}",
        "{\"version\":2,\"partitions\":4,\"bundles\":[{\"models\":[0],\"start\":0,\"visit_cost\":nan}]}",
        "{\"version\":2,\"partitions\":4,\"bundles\":[{\"models\":[0],\"start\":0,\"visit_cost\":-1}]}",
        "{\"version\":2,\"partitions\":4,\"bundles\":[{\"models\":[0],\"start\":0,\"visit_cost\":1},"
        "{\"models\":[0],\"start\":1,\"visit_cost\":1}]}"}) {
    try {
      plan::ReadPlan(bad);
      ADD_FAILURE() << "was read: " << bad;
    } catch (const base::Error& e) {
      EXPECT_EQ(e.code(), base::ErrorCode::kDataCorrupted) << bad;
    }
  }
  EXPECT_THROW(OfOneSequence({1}, 0, 1), base::Error);
  EXPECT_THROW(OfOneSequence({1}, 1, 0), base::Error);
  EXPECT_THROW(OfOneSequence({-1}, 1, 1), base::Error);
  EXPECT_THROW(MakePlan({1}, {}, 1, 1), base::Error);
  EXPECT_TRUE(OfOneSequence({}, 4, 4).bundles.empty());
}

TEST(Plan, LowerBound) {
  const Plan plan = OfOneSequence({4, 1, 1}, 8, 3);
  EXPECT_EQ(plan.LowerBound(1), 48);
  EXPECT_EQ(plan.LowerBound(2), 32);
  EXPECT_EQ(plan.LowerBound(8), 32);
}

// Random takers and finishing orders: a bundle has one taker at a time, its visits come in order, and nothing passes the target.
TEST(Scheduler, HandsABundleToOneTakerInOrder) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    base::Stream random(seed, 0, base::Purpose::kSearch);
    const int partitions = 1 + static_cast<int>(random.Below(9));
    const Plan plan = OfOneSequence(RandomCosts(&random, 1 + random.Below(20)), partitions, 12);
    const int bundles = static_cast<int>(plan.bundles.size());
    Block block(plan);
    Scheduler first(block.data(), plan, true);
    Scheduler second(block.data(), plan, false);  // another process's view of the same block
    std::vector<Scheduler::Task> held;
    std::vector<int64_t> next(static_cast<size_t>(bundles), 0);
    int64_t done = 0;
    int64_t target = 0;
    Scheduler::Task task;
    EXPECT_TRUE(first.AtTarget());
    EXPECT_FALSE(first.Take(&task));
    for (int i = 0; i < 3000; ++i) {
      Scheduler& s = random.Below(2) == 0 ? first : second;
      if (random.Below(2) == 0) {
        if (s.Take(&task)) {
          for (const auto& other : held) ASSERT_NE(other.bundle, task.bundle);
          ASSERT_EQ(task.iteration * partitions + task.visit, next[static_cast<size_t>(task.bundle)]);
          ASSERT_LT(task.iteration, target);
          held.push_back(task);
        } else {
          for (int b = 0; b < bundles; ++b) {
            const bool is_held = std::any_of(held.begin(), held.end(), [&](const auto& t) { return t.bundle == b; });
            ASSERT_TRUE(is_held || next[static_cast<size_t>(b)] == target * partitions);
          }
        }
      } else if (!held.empty()) {
        const size_t pick = random.Below(held.size());
        s.Done(held[pick], random.Uniform());
        ++next[static_cast<size_t>(held[pick].bundle)];
        ++done;
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(pick));
      } else if (s.AtTarget()) {
        ASSERT_EQ(done, target * partitions * bundles);
        s.SetTarget(++target);
      }
      ASSERT_EQ(s.VisitsDone(), done);
    }
    EXPECT_GT(target, 1);
  }
}

TEST(Scheduler, TakesMostRemainingWorkFirst) {
  const Plan plan = OfOneSequence({3, 2, 1}, 2, 3);
  Block block(plan);
  Scheduler s(block.data(), plan, true);
  s.SetTarget(1);
  Scheduler::Task a, b;
  ASSERT_TRUE(s.Take(&a));
  EXPECT_EQ(a.bundle, 0);  // 6 left
  ASSERT_TRUE(s.Take(&b));
  EXPECT_EQ(b.bundle, 1);  // 4 left
  s.Done(a, 1.0);
  ASSERT_TRUE(s.Take(&a));
  EXPECT_EQ(a.bundle, 0);  // 3 left, against 2
  s.Done(a, 1.0);
  s.Done(b, 0.0);          // all of its models diverged: it comes last
  ASSERT_TRUE(s.Take(&a));
  EXPECT_EQ(a.bundle, 2);
  ASSERT_TRUE(s.Take(&b));
  EXPECT_EQ(b.bundle, 1);
  EXPECT_EQ(b.visit, 1);
}

// What is left to do when models have stopped between two targets.
TEST(Scheduler, EndedBundlesAreAtEveryTarget) {
  const Plan plan = OfOneSequence({3, 2, 1}, 2, 3);
  Block block(plan);
  Scheduler s(block.data(), plan, true);
  s.End(0);
  s.SetAlive(1, 0.25);  // 2 * 2 * 0.25 of work, less than the third bundle's 2
  s.SetTarget(1);
  Scheduler::Task task;
  std::vector<int> order;
  while (s.Take(&task)) {
    order.push_back(task.bundle);
    s.Done(task, task.bundle == 1 ? 0.25 : 1.0);
  }
  EXPECT_EQ(order, std::vector<int>({2, 1, 2, 1}));
  EXPECT_TRUE(s.AtTarget());
  EXPECT_EQ(s.VisitsDone(), 4);
  s.SetTarget(2);
  EXPECT_FALSE(s.AtTarget());
  s.End(1);
  s.End(2);
  EXPECT_TRUE(s.AtTarget());
  EXPECT_FALSE(s.Take(&task));
  EXPECT_THROW(s.End(3), base::Error);
  EXPECT_THROW(s.SetAlive(-1, 1), base::Error);
}

// A run that goes on: each bundle begins behind the visits that it has made.
TEST(Scheduler, BeginsWhereAnEarlierPartEnded) {
  const Plan plan = OfOneSequence({1, 1, 1}, 3, 3);
  Block block(plan);
  Scheduler s(block.data(), plan, true);
  s.Begin(0, 1, 2);
  s.Begin(1, 2, 0);
  s.SetTarget(2);
  Scheduler::Task task;
  std::vector<int> visits(3);
  while (s.Take(&task)) {
    if (task.bundle == 0) {
      EXPECT_EQ(task.iteration, 1);
      EXPECT_EQ(task.visit, 2);
    }
    visits[static_cast<size_t>(task.bundle)]++;
    s.Done(task, 1.0);
  }
  EXPECT_EQ(visits, std::vector<int>({1, 0, 6}));
  EXPECT_TRUE(s.AtTarget());
  EXPECT_THROW(s.Begin(0, 1, 3), base::Error);
  EXPECT_THROW(s.Begin(0, -1, 0), base::Error);
  EXPECT_THROW(s.Begin(3, 0, 0), base::Error);
}

TEST(Scheduler, HeldTasksEndWhileNobodyGetsAnother) {
  const Plan plan = OfOneSequence({1, 1}, 2, 2);
  Block block(plan);
  Scheduler s(block.data(), plan, true);
  s.SetTarget(1);
  Scheduler::Task first, second, none;
  ASSERT_TRUE(s.Take(&first));
  ASSERT_TRUE(s.Take(&second));
  s.Hold();
  s.Done(first, 1.0);
  EXPECT_FALSE(s.Take(&none));
  EXPECT_TRUE(s.AnyHeld());
  s.Done(second, 1.0);
  EXPECT_FALSE(s.AnyHeld());
  s.SetTarget(1);
  ASSERT_TRUE(s.Take(&first));
  EXPECT_EQ(first.visit, 1);
}

// Bundles are at different iterations: the end is that of the furthest one which has begun, and not more.
TEST(Scheduler, EndsWithTheIterationThatIsUnderWay) {
  const Plan plan = OfOneSequence({1, 1}, 2, 2);
  Block block(plan);
  Scheduler scheduler(block.data(), plan, true);
  scheduler.SetTarget(10);
  scheduler.Begin(0, 2, 1);
  scheduler.Begin(1, 0, 1);
  Scheduler::Task task;
  ASSERT_TRUE(scheduler.Take(&task));
  EXPECT_EQ(scheduler.EndIteration(), 3);
  scheduler.Done(task, 1);
  while (scheduler.Take(&task)) scheduler.Done(task, 1);
  EXPECT_TRUE(scheduler.AtTarget());
  EXPECT_EQ(scheduler.IterationsDone(), 3);
  scheduler.SetTarget(10);
  EXPECT_EQ(scheduler.EndIteration(), 3);  // nobody has begun another one
  EXPECT_TRUE(scheduler.AtTarget());
}

// Of a living run: its bundles are others in every round.
TEST(Scheduler, BeginsAnotherPlanInTheSameBlock) {
  const Plan large = OfOneSequence({1, 1, 1}, 2, 3), small = OfOneSequence({1}, 2, 1);
  Block block(large);
  Scheduler scheduler(block.data(), small, true), other(block.data());
  scheduler.Begin(large);
  scheduler.SetTarget(1);
  std::set<int> bundles;
  Scheduler::Task task;
  while (other.Take(&task)) {
    bundles.insert(task.bundle);
    other.Done(task, 1);
  }
  EXPECT_EQ(bundles.size(), 3u);
  EXPECT_EQ(scheduler.VisitsDone(), 6);
  EXPECT_TRUE(scheduler.AtTarget());
  scheduler.Begin(small);
  EXPECT_EQ(scheduler.VisitsDone(), 0);
  EXPECT_FALSE(other.Take(&task));
  scheduler.SetTarget(1);
  EXPECT_TRUE(other.Take(&task));
}

TEST(Scheduler, RefusesWhatItDidNotHandOut) {
  const Plan plan = OfOneSequence({1, 1}, 2, 2);
  Block block(plan);
  Scheduler s(block.data(), plan, true);
  s.SetTarget(1);
  Scheduler::Task task;
  EXPECT_THROW(s.Done(Scheduler::Task{0, 0, 0}, 1), base::Error);
  EXPECT_THROW(s.Done(Scheduler::Task{5, 0, 0}, 1), base::Error);
  EXPECT_THROW(s.Done(Scheduler::Task{-1, 0, 0}, 1), base::Error);
  ASSERT_TRUE(s.Take(&task));
  s.Done(task, std::numeric_limits<double>::quiet_NaN());
  EXPECT_THROW(s.Done(task, 1), base::Error);
  EXPECT_THROW(Scheduler(block.data(), OfOneSequence({1, 1}, 3, 2), false), base::Error);
}

}  // namespace
