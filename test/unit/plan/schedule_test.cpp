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

std::vector<double> RandomCosts(base::Stream* random, size_t models) {
  std::vector<double> costs;
  for (size_t m = 0; m < models; ++m) costs.push_back(1 + 7 * random->Uniform());
  return costs;
}

struct Block {
  explicit Block(const Plan& plan) : words((Scheduler::BlockSize(static_cast<int>(plan.bundles.size())) + 7) / 8) {}
  void* data() { return words.data(); }
  std::vector<int64_t> words;
};

TEST(Plan, EveryModelIsInOneBundle) {
  base::Stream random(1, 0, base::Purpose::kSearch);
  for (int round = 0; round < 200; ++round) {
    const size_t models = 1 + random.Below(60);
    const int bundles = 1 + static_cast<int>(random.Below(70));
    const Plan plan = MakePlan(RandomCosts(&random, models), 8, bundles, 0);
    ASSERT_EQ(plan.bundles.size(), std::min(models, static_cast<size_t>(bundles)));
    std::set<int> seen;
    for (const plan::Bundle& b : plan.bundles) {
      ASSERT_FALSE(b.models.empty());
      ASSERT_TRUE(std::is_sorted(b.models.begin(), b.models.end()));
      for (int m : b.models) ASSERT_TRUE(seen.insert(m).second);
    }
    ASSERT_EQ(seen.size(), models);
  }
}

// Graham's bound for longest processing time first: at most 4/3 - 1/(3 n) of the best; the best is at least the mean and the longest.
TEST(Plan, BundlesAreBalanced) {
  base::Stream random(2, 0, base::Purpose::kSearch);
  for (int round = 0; round < 200; ++round) {
    const int bundles = 2 + static_cast<int>(random.Below(10));
    const std::vector<double> costs = RandomCosts(&random, static_cast<size_t>(bundles) * (3 + random.Below(6)));
    const Plan plan = MakePlan(costs, 8, bundles, 0);
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

TEST(Plan, ModelsWithoutCostSpread) {
  const Plan plan = MakePlan(std::vector<double>(10, 0.0), 4, 3, 0);
  for (const plan::Bundle& b : plan.bundles) EXPECT_GE(b.models.size(), 3u);
}

TEST(Plan, IsPure) {
  base::Stream random(3, 0, base::Purpose::kSearch);
  const std::vector<double> costs = RandomCosts(&random, 37);
  EXPECT_EQ(plan::WritePlan(MakePlan(costs, 8, 8, 3)), plan::WritePlan(MakePlan(costs, 8, 8, 3)));
  // frozen: a stored plan and its visit order must be found again by later versions
  EXPECT_EQ(plan::WritePlan(MakePlan({1, 5, 2, 4, 3.5}, 4, 2, 3)),
            "{\"version\":1,\"partitions\":4,\"bundles\":[{\"models\":[0,1,2],\"offset\":3,\"visit_cost\":8.0},"
            "{\"models\":[3,4],\"offset\":0,\"visit_cost\":7.5}]}");
}

// With no more bundles than partitions, bundles x visits is a Latin rectangle: no two bundles are at one partition at one visit number, and
// every bundle sees every partition once an iteration, in an order that is shifted from iteration to iteration.
TEST(Plan, IsALatinSquare) {
  base::Stream random(4, 0, base::Purpose::kSearch);
  for (int round = 0; round < 100; ++round) {
    const int partitions = 1 + static_cast<int>(random.Below(20));
    const int bundles = 1 + static_cast<int>(random.Below(static_cast<uint64_t>(partitions)));
    const int offset = static_cast<int>(random.Below(100));
    const Plan plan = MakePlan(RandomCosts(&random, static_cast<size_t>(bundles) + random.Below(30)), partitions, bundles, offset);
    for (int64_t iteration : {int64_t{0}, int64_t{1}, int64_t{partitions}, int64_t{1} << 40}) {
      for (int v = 0; v < partitions; ++v) {
        std::set<int> at;
        for (int b = 0; b < static_cast<int>(plan.bundles.size()); ++b) ASSERT_TRUE(at.insert(plan.PartitionAt(b, iteration, v)).second);
      }
      for (int b = 0; b < static_cast<int>(plan.bundles.size()); ++b) {
        std::set<int> seen;
        for (int v = 0; v < partitions; ++v) {
          const int p = plan.PartitionAt(b, iteration, v);
          ASSERT_TRUE(p >= 0 && p < partitions && seen.insert(p).second);
          ASSERT_EQ(plan.PartitionAt(b, iteration + 1, v), (p + 1) % partitions);
        }
      }
    }
  }
}

TEST(Plan, RoundTrip) {
  base::Stream random(5, 0, base::Purpose::kSearch);
  for (int round = 0; round < 50; ++round) {
    const Plan plan = MakePlan(RandomCosts(&random, 1 + random.Below(40)), 1 + static_cast<int>(random.Below(300)), 16, -5);
    const std::string text = plan::WritePlan(plan);
    const Plan back = plan::ReadPlan(text);
    ASSERT_EQ(plan::WritePlan(back), text);
    ASSERT_EQ(back.PartitionAt(0, 7, 0), plan.PartitionAt(0, 7, 0));
    ASSERT_EQ(back.bundles[0].visit_cost, plan.bundles[0].visit_cost);
  }
}

TEST(Plan, RefusesTextsThatAreNoPlan) {
  for (const char* bad :
       {"", "[]", "{}", "{\"version\":2,\"partitions\":4,\"bundles\":[]}", "{\"version\":1,\"partitions\":0,\"bundles\":[]}",
        "{\"version\":1,\"partitions\":4}", "{\"version\":1,\"partitions\":4,\"bundles\":[{}]}",
        "{\"version\":1,\"partitions\":4,\"bundles\":[{\"models\":[],\"offset\":0,\"visit_cost\":1}]}",
        "{\"version\":1,\"partitions\":4,\"bundles\":[{\"models\":[0],\"offset\":4,\"visit_cost\":1}]}",
        "{\"version\":1,\"partitions\":4,\"bundles\":[{\"models\":[0],\"offset\":-1,\"visit_cost\":1}]}",
        "{\"version\":1,\"partitions\":4,\"bundles\":[{\"models\":[1,0],\"offset\":0,\"visit_cost\":1}]}",
        "{\"version\":1,\"partitions\":4,\"bundles\":[{\"models\":[-1],\"offset\":0,\"visit_cost\":1}]}",
        "{\"version\":1,\"partitions\":4,\"bundles\":[{\"models\":[99999999999],\"offset\":0,\"visit_cost\":1}]}",
        "{\"version\":1,\"partitions\":4,\"bundles\":[{\"models\":[0],\"offset\":0,\"visit_cost\":nan}]}",
        "{\"version\":1,\"partitions\":4,\"bundles\":[{\"models\":[0],\"offset\":0,\"visit_cost\":-1}]}",
        "{\"version\":1,\"partitions\":4,\"bundles\":[{\"models\":[0],\"offset\":0,\"visit_cost\":1},"
        "{\"models\":[0],\"offset\":1,\"visit_cost\":1}]}"}) {
    try {
      plan::ReadPlan(bad);
      ADD_FAILURE() << "was read: " << bad;
    } catch (const base::Error& e) {
      EXPECT_EQ(e.code(), base::ErrorCode::kDataCorrupted) << bad;
    }
  }
  EXPECT_THROW(MakePlan({1}, 0, 1, 0), base::Error);
  EXPECT_THROW(MakePlan({1}, 1, 0, 0), base::Error);
  EXPECT_THROW(MakePlan({-1}, 1, 1, 0), base::Error);
  EXPECT_TRUE(MakePlan({}, 4, 4, 0).bundles.empty());
}

TEST(Plan, LowerBound) {
  const Plan plan = MakePlan({4, 1, 1}, 8, 3, 0);
  EXPECT_EQ(plan.LowerBound(1), 48);
  EXPECT_EQ(plan.LowerBound(2), 32);
  EXPECT_EQ(plan.LowerBound(8), 32);
}

// Random takers and finishing orders: a bundle has one taker at a time, its visits come in order, and nothing passes the target.
TEST(Scheduler, HandsABundleToOneTakerInOrder) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    base::Stream random(seed, 0, base::Purpose::kSearch);
    const int partitions = 1 + static_cast<int>(random.Below(9));
    const Plan plan = MakePlan(RandomCosts(&random, 1 + random.Below(20)), partitions, 12, 0);
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
  const Plan plan = MakePlan({1, 3, 2}, 2, 3, 0);  // bundles in order of cost: 3, 2, 1
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
  const Plan plan = MakePlan({3, 2, 1}, 2, 3, 0);
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

TEST(Scheduler, RefusesWhatItDidNotHandOut) {
  const Plan plan = MakePlan({1, 1}, 2, 2, 0);
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
  EXPECT_THROW(Scheduler(block.data(), MakePlan({1, 1}, 3, 2, 0), false), base::Error);
}

}  // namespace
