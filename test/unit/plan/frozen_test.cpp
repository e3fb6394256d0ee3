// What is done with frozen layers: the decision against every other one, its budgets, and how models are laid over each other.
#include "plan/frozen.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>

#include "base/value.hpp"

namespace {

using plan::FrozenCandidate;
using plan::FrozenDecision;
using plan::FrozenNode;
using plan::FrozenRates;
using plan::FrozenSearch;

constexpr double kMegabyte = 1024 * 1024;

struct Workload {
  std::vector<FrozenNode> nodes;
  std::vector<FrozenCandidate> candidates;
  FrozenRates rates;
};

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  int Whole(int least, int most) { return std::uniform_int_distribution<int>(least, most)(engine_); }
  double Log(double least, double most) { return std::exp(std::uniform_real_distribution<double>(std::log(least), std::log(most))(engine_)); }
  bool Chance(double p) { return std::uniform_real_distribution<double>(0, 1)(engine_) < p; }

 private:
  std::mt19937_64 engine_;
};

FrozenCandidate Candidate(std::vector<int> needs, double iterations, double epochs, double evaluations, int bundle) {
  FrozenCandidate candidate;
  candidate.needs = std::move(needs);
  plan::CountPasses(iterations, epochs, evaluations, &candidate);
  candidate.bundle = bundle;
  return candidate;
}

Workload RandomWorkload(uint64_t seed, int most_nodes = 12) {
  Random random(seed);
  Workload work;
  const int nodes = random.Whole(1, most_nodes);
  const bool chain = random.Chance(0.3);
  for (int i = 0; i < nodes; ++i) {
    FrozenNode node;
    node.digest = std::to_string(i);
    node.name = "layer" + std::to_string(i);
    node.seconds = random.Log(1e-6, 1e-3);
    node.row_bytes = std::floor(random.Log(64, 300e3));
    node.stored_row_bytes = random.Chance(0.3) ? node.row_bytes / 2 : 0;
    node.stored = random.Chance(0.1);
    node.can_cut = random.Chance(0.9);
    node.can_store = node.stored || random.Chance(0.9);
    if (i > 0 && chain) node.inputs = {i - 1};
    for (int input = 0; input < i && !chain; ++input) {
      if (random.Chance(1.5 / i)) node.inputs.push_back(input);
    }
    work.nodes.push_back(std::move(node));
  }
  const int candidates = random.Whole(1, 12), bundles = random.Whole(1, 3);
  for (int c = 0; c < candidates; ++c) {
    std::set<int> needs = {random.Whole(nodes / 2, nodes - 1)};
    if (random.Chance(0.3)) needs.insert(random.Whole(0, nodes - 1));
    FrozenCandidate candidate = Candidate({needs.begin(), needs.end()}, random.Whole(1, 10), random.Whole(1, 3), random.Whole(0, 10), random.Whole(0, bundles - 1));
    candidate.stop_factor = random.Chance(0.5) ? 1 : 0.4;
    work.candidates.push_back(std::move(candidate));
  }
  work.rates.rows = random.Log(1e3, 1e5);
  work.rates.stored_rows = work.rates.rows * (random.Chance(0.5) ? 1 : 1.2);
  work.rates.buffer_rows = std::min(work.rates.rows, random.Log(100, 2000));
  work.rates.processes = random.Whole(1, 4);
  work.rates.process_rows = work.rates.rows;
  work.rates.disk_budget = random.Log(1e6, 50e9);
  work.rates.memory_budget = random.Log(1e7, 4e9);
  work.rates.store = random.Chance(0.95);
  work.rates.share = random.Chance(0.95);
  return work;
}

// A trunk of three depths, each of which halves what the one before gives; 12 models over them.
Workload Trunk() {
  Workload work;
  for (int i = 0; i < 3; ++i) {
    FrozenNode node;
    node.digest = std::string(31, 'a') + std::to_string(i);
    node.name = "block" + std::to_string(i + 1);
    node.seconds = 1e-3;
    node.row_bytes = 64e3 / (1 << i);
    if (i > 0) node.inputs = {i - 1};
    work.nodes.push_back(node);
  }
  for (int c = 0; c < 12; ++c) work.candidates.push_back(Candidate({c % 3}, 10, 1, 10, c % 4));
  work.rates.rows = work.rates.stored_rows = 10e3;
  work.rates.buffer_rows = 500;
  work.rates.disk_budget = 50e9;
  work.rates.memory_budget = 2e9;
  return work;
}

double Seconds(const Workload& work, const std::vector<int>& stored, const std::vector<int>& shared) {
  return plan::CostOf(work.nodes, work.candidates, work.rates, stored, shared);
}

double StoredBytes(const Workload& work, const std::vector<int>& nodes) {
  double bytes = 0;
  for (const int n : nodes) {
    const FrozenNode& node = work.nodes[static_cast<size_t>(n)];
    bytes += (node.stored_row_bytes > 0 ? node.stored_row_bytes : node.row_bytes) * work.rates.stored_rows;
  }
  return bytes;
}

double BufferBytes(const Workload& work, const FrozenDecision& decision) {
  double bytes = 0;
  for (const std::vector<int>* nodes : {&decision.stored, &decision.shared}) {
    for (const int n : *nodes) bytes += work.nodes[static_cast<size_t>(n)].row_bytes * work.rates.buffer_rows * work.rates.processes;
  }
  return bytes;
}

// Every node a point, every combination of uses, by nothing but CostOf: slow, and written without the search's own shortcuts.
double LeastSeconds(const Workload& work) {
  const size_t n = work.nodes.size();
  double least = std::numeric_limits<double>::infinity();
  std::vector<int> use(n);
  while (true) {
    std::vector<int> stored, shared;
    bool may = true;
    for (size_t i = 0; i < n; ++i) {
      const FrozenNode& node = work.nodes[i];
      if (use[i] == 1) stored.push_back(static_cast<int>(i));
      if (use[i] == 2) shared.push_back(static_cast<int>(i));
      may = may && (use[i] == 0 || node.can_cut) && (use[i] != 1 || (work.rates.store && node.can_store)) && (use[i] != 2 || work.rates.share);
    }
    FrozenDecision both;
    both.stored = stored;
    both.shared = shared;
    may = may && StoredBytes(work, stored) <= work.rates.disk_budget && (stored.empty() || BufferBytes(work, both) <= work.rates.memory_budget) &&
          (shared.empty() || BufferBytes(work, both) <= work.rates.memory_budget);
    if (may) least = std::min(least, Seconds(work, stored, shared));
    size_t i = 0;
    while (i < n && use[i] == 2) use[i++] = 0;
    if (i == n) return least;
    ++use[i];
  }
}

TEST(Frozen, IsTheBestOfAllCombinations) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Workload work = RandomWorkload(seed, 6);
    work.rates.reuse = 0;
    const FrozenDecision decision = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
    EXPECT_TRUE(decision.exact);
    const double least = LeastSeconds(work);
    // what saves less than a thirtieth is not done
    EXPECT_LE(decision.seconds_planned, std::max(least, (least < 0.97 * decision.seconds_plain ? 0 : decision.seconds_plain)) * (1 + 1e-6));
    EXPECT_GE(decision.seconds_planned, least * (1 - 1e-6));
  }
}

// The heuristic against the optimum on 1,000 graphs; docs/performance.md has the figures.
TEST(Frozen, TheHeuristicIsSeldomFarFromTheBest) {
  std::vector<double> gaps;
  for (uint64_t seed = 1000; seed < 2000; ++seed) {
    Workload work = RandomWorkload(seed);
    work.rates.reuse = 0;
    const FrozenDecision best = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
    const FrozenDecision found = plan::DecideFrozen(work.nodes, work.candidates, work.rates, FrozenSearch::kHeuristic);
    ASSERT_TRUE(best.exact) << seed;
    ASSERT_FALSE(found.exact);
    EXPECT_GE(found.seconds_planned, best.seconds_planned * (1 - 1e-9)) << seed;
    gaps.push_back(found.seconds_planned / best.seconds_planned - 1);
  }
  std::sort(gaps.begin(), gaps.end());
  const auto off = static_cast<int>(std::count_if(gaps.begin(), gaps.end(), [](double gap) { return gap > 1e-6; }));
  RecordProperty("graphs_with_a_gap", off);
  RecordProperty("worst_gap_percent", std::to_string(100 * gaps.back()));
  EXPECT_LE(gaps[gaps.size() / 2], 1e-9);
  EXPECT_LE(off, 5);
  EXPECT_LE(gaps.back(), 0.05);
}

TEST(Frozen, KeepsItsBudgetsAndIsNeverCostlierThanThePlainRun) {
  for (uint64_t seed = 5000; seed < 5080; ++seed) {
    SCOPED_TRACE(seed);
    const Workload work = RandomWorkload(seed, 30);
    const FrozenDecision decision = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
    EXPECT_LE(decision.seconds_planned, decision.seconds_plain * (1 + 1e-9));
    EXPECT_NEAR(decision.seconds_plain, Seconds(work, {}, {}), 1e-9 * decision.seconds_plain);
    EXPECT_LE(decision.disk_bytes, work.rates.disk_budget);
    EXPECT_LE(decision.memory_bytes, work.rates.memory_budget * (1 + 1e-12));
    EXPECT_NEAR(decision.disk_bytes, StoredBytes(work, decision.stored), 1);
    EXPECT_LE(BufferBytes(work, decision), work.rates.memory_budget);
    EXPECT_GE(decision.memory_bytes, BufferBytes(work, decision) * (1 - 1e-12));
    std::set<int> read;
    ASSERT_EQ(decision.reads.size(), work.candidates.size());
    for (const std::vector<int>& reads : decision.reads) read.insert(reads.begin(), reads.end());
    std::set<int> made(decision.stored.begin(), decision.stored.end());
    made.insert(decision.shared.begin(), decision.shared.end());
    EXPECT_EQ(read, made);  // nothing is made that nobody reads
    EXPECT_EQ(made.size(), decision.stored.size() + decision.shared.size());
    for (const int node : decision.stored) EXPECT_TRUE(work.nodes[static_cast<size_t>(node)].can_store && work.rates.store);
    for (const int node : made) EXPECT_TRUE(work.nodes[static_cast<size_t>(node)].can_cut);
    EXPECT_TRUE(decision.shared.empty() || work.rates.share);
    EXPECT_FALSE(decision.reason.empty());
    for (const plan::FrozenChoice& choice : decision.choices) EXPECT_FALSE(choice.reason.empty());
  }
}

// What a candidate reads with what it computes above: every way down from its needs ends at a column or at raw inputs, and no column lies
// below another one that is read on all ways to it.
TEST(Frozen, ReadsNoColumnThatAnotherOneHides) {
  for (uint64_t seed = 7000; seed < 7040; ++seed) {
    SCOPED_TRACE(seed);
    const Workload work = RandomWorkload(seed, 20);
    const FrozenDecision decision = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
    for (size_t c = 0; c < work.candidates.size(); ++c) {
      const std::set<int> columns(decision.reads[c].begin(), decision.reads[c].end());
      std::set<int> met, open(work.candidates[c].needs.begin(), work.candidates[c].needs.end());
      while (!open.empty()) {
        const int node = *open.begin();
        open.erase(open.begin());
        if (columns.count(node) != 0) {
          met.insert(node);
          continue;
        }
        for (const int input : work.nodes[static_cast<size_t>(node)].inputs) open.insert(input);
      }
      EXPECT_EQ(met, columns) << c;
    }
  }
}

TEST(Frozen, TakesLessTimeTheMoreItMayUse) {
  for (uint64_t seed = 8000; seed < 8050; ++seed) {
    SCOPED_TRACE(seed);
    Workload work = RandomWorkload(seed, 9);
    work.rates.reuse = 0;
    double before = std::numeric_limits<double>::infinity();
    const double disk = StoredBytes(work, [&] {
      std::vector<int> all;
      for (size_t i = 0; i < work.nodes.size(); ++i) all.push_back(static_cast<int>(i));
      return all;
    }());
    for (int tenth = 0; tenth <= 10; ++tenth) {
      work.rates.disk_budget = disk * tenth / 10;
      work.rates.memory_budget = 20e9 * tenth / 10;
      const FrozenDecision decision = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
      EXPECT_LE(decision.seconds_planned, before * (1 + 1e-9));
      EXPECT_TRUE(tenth > 0 || !decision.applied());
      before = decision.seconds_planned;
    }
  }
}

// With what later runs gain, and on graphs that only a search decides: a larger budget costs at most what is given to later runs.
TEST(Frozen, ALargerBudgetNeverPlansASlowerRun) {
  for (uint64_t seed = 8100; seed < 8140; ++seed) {
    SCOPED_TRACE(seed);
    Workload work = RandomWorkload(seed, seed % 2 == 0 ? 10 : 24);
    std::vector<int> all;
    for (size_t i = 0; i < work.nodes.size(); ++i) all.push_back(static_cast<int>(i));
    const double disk = StoredBytes(work, all);
    const bool both = seed % 3 == 0;
    double least = std::numeric_limits<double>::infinity();
    for (int tenth = 0; tenth <= 10; ++tenth) {
      work.rates.disk_budget = disk * tenth / 10;
      if (both) work.rates.memory_budget = 4e9 * tenth / 10;
      const FrozenDecision decision = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
      EXPECT_LE(decision.seconds_planned, least * 1.05) << tenth;
      EXPECT_LE(decision.disk_bytes, work.rates.disk_budget);
      least = std::min(least, decision.seconds_planned);
    }
  }
}

// A layer that is called very often: a walk over the graph for each node takes minutes.
TEST(Frozen, TakesVeryLongChains) {
  for (const bool grows : {false, true}) {
    Workload work = Trunk();
    work.nodes.clear();
    work.candidates.clear();
    constexpr int kNodes = 100000;
    for (int i = 0; i < kNodes; ++i) {
      FrozenNode node;
      node.digest = node.name = std::to_string(i);
      node.seconds = 1e-7;
      node.row_bytes = grows ? 64 + i : 64;
      if (i > 0) node.inputs = {i - 1};
      work.nodes.push_back(std::move(node));
    }
    work.candidates = {Candidate({kNodes - 1}, 10, 1, 10, 0), Candidate({kNodes / 2}, 10, 1, 10, 0)};
    const FrozenDecision decision = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
    EXPECT_TRUE(decision.applied());
    EXPECT_LT(decision.seconds_planned, 0.5 * decision.seconds_plain);
    for (const std::vector<int>& reads : decision.reads) EXPECT_EQ(reads.size(), 1u);
  }
}

// Freeze depths along a chain: more points than are compared one by one. docs/performance.md has how many are proven.
TEST(Frozen, MostLongChainsAreDecidedExactly) {
  int proven = 0, chains = 0;
  for (uint64_t seed = 9000; seed < 9050; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Workload work;
    const int nodes = random.Whole(13, 24);
    double bytes = random.Log(1e3, 50e3);
    for (int i = 0; i < nodes; ++i) {
      FrozenNode node;
      node.digest = node.name = std::to_string(i);
      node.seconds = random.Log(1e-5, 1e-3);
      bytes *= random.Chance(0.3) ? 0.5 : 1.1;
      node.row_bytes = std::floor(bytes);
      if (i > 0) node.inputs = {i - 1};
      work.nodes.push_back(std::move(node));
    }
    for (int i = 0; i < nodes; ++i) {
      work.candidates.push_back(Candidate({i}, random.Whole(1, 10), random.Whole(1, 3), random.Whole(0, 10), random.Whole(0, 3)));
    }
    work.rates = Trunk().rates;
    work.rates.reuse = 0;
    work.rates.disk_budget = random.Log(1e8, 20e9);
    const FrozenDecision decision = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
    if (seed % 5 == 0) {
      const FrozenDecision found = plan::DecideFrozen(work.nodes, work.candidates, work.rates, FrozenSearch::kHeuristic);
      EXPECT_LE(decision.seconds_planned, found.seconds_planned * (1 + 1e-9));
    }
    if (decision.choices.size() <= 12) continue;
    ++chains;
    proven += decision.exact ? 1 : 0;
  }
  EXPECT_EQ(chains, 50);
  EXPECT_GE(proven, 45);
  RecordProperty("chains", chains);
  RecordProperty("proven", proven);
}

// The bound leaves out nothing that is better: the same decision, proven in one way and in the other.
TEST(Frozen, BranchAndBoundAgreesWithAllCombinations) {
  int compared = 0;
  for (uint64_t seed = 9200; seed < 9400; ++seed) {
    SCOPED_TRACE(seed);
    Workload work = RandomWorkload(seed, 12);
    work.rates.reuse = 0;
    const FrozenDecision all = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
    const FrozenDecision bound = plan::DecideFrozen(work.nodes, work.candidates, work.rates, FrozenSearch::kBranchAndBound);
    ASSERT_TRUE(all.exact);
    if (!bound.exact) continue;
    ++compared;
    EXPECT_NEAR(all.seconds_planned, bound.seconds_planned, 1e-6 * all.seconds_planned);
  }
  EXPECT_GT(compared, 150);
}

TEST(Frozen, StoresEveryDepthOfATrunk) {
  Workload work = Trunk();
  work.rates.share = false;
  const FrozenDecision decision = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
  EXPECT_EQ(decision.stored, (std::vector<int>{0, 1, 2}));
  for (size_t c = 0; c < 12; ++c) EXPECT_EQ(decision.reads[c], (std::vector<int>{static_cast<int>(c % 3)}));
  EXPECT_LT(decision.seconds_planned * 10, decision.seconds_plain);
  ASSERT_EQ(decision.choices.size(), 3u);
  EXPECT_EQ(decision.choices[0].reason, "computed once, then read for 4 models");
  EXPECT_EQ(decision.choices[0].needed_by, 4);
  EXPECT_GT(decision.choices[2].saved_seconds, 0);
  EXPECT_EQ(decision.reason.find("frozen layers take "), 0u);
}

TEST(Frozen, SaysSecondsAsPeopleDo) {
  Workload work = Trunk();
  for (FrozenNode& node : work.nodes) node.seconds = 0.5;
  const FrozenDecision decision = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
  EXPECT_EQ(decision.reason.find("e+"), std::string::npos) << decision.reason;
  EXPECT_GT(decision.seconds_plain, 10000);
}

// What does not grow with the bytes: a small table is left alone, a large one is not.
TEST(Frozen, FixedCostsDecideSmallRuns) {
  Workload work = Trunk();
  work.rates.share = false;
  work.rates.statement_seconds = 0.05;
  work.rates.making_seconds = 0.1;
  for (FrozenNode& node : work.nodes) node.seconds = 1e-5;
  for (const double rows : {10.0, 10e3}) {
    work.rates.rows = work.rates.stored_rows = rows;
    const FrozenDecision decision = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
    EXPECT_EQ(decision.applied(), rows > 100) << rows;
    if (!decision.applied()) continue;
    EXPECT_GT(decision.store_seconds, 0.1 + 0.05);
  }
}

TEST(Frozen, MakesNothingTwice) {
  Workload work = Trunk();
  work.rates.share = false;
  const double first = plan::DecideFrozen(work.nodes, work.candidates, work.rates).store_seconds;
  for (FrozenNode& node : work.nodes) node.stored = true;
  const FrozenDecision again = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
  EXPECT_GT(first, 0);
  EXPECT_EQ(again.store_seconds, 0);
  EXPECT_EQ(again.choices[0].reason, "there already, read for 4 models");
}

TEST(Frozen, StoringIsPreferredWhereLaterRunsReadItToo) {
  Workload work = Trunk();
  for (FrozenNode& node : work.nodes) node.row_bytes /= 10;
  work.rates.reuse = 0;  // one process, and memory for all: keeping is a little faster for this run alone
  const FrozenDecision alone = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
  EXPECT_TRUE(alone.stored.empty());
  work.rates.reuse = plan::kReuse;
  const FrozenDecision again = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
  EXPECT_FALSE(again.stored.empty());
  EXPECT_LE(again.seconds_planned, 1.04 * alone.seconds_planned);
  // where writing takes much longer than keeping, this run does not pay for later ones
  for (FrozenNode& node : work.nodes) node.row_bytes *= 10;
  EXPECT_TRUE(plan::DecideFrozen(work.nodes, work.candidates, work.rates).stored.empty());
}

TEST(Frozen, EachWayHasItsSwitch) {
  Workload work = Trunk();
  work.rates.store = false;
  FrozenDecision decision = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
  EXPECT_TRUE(decision.stored.empty());
  EXPECT_FALSE(decision.shared.empty());
  EXPECT_NE(decision.choices.back().reason.find("computed once a visit for "), std::string::npos);
  work.rates.share = false;
  decision = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
  EXPECT_FALSE(decision.applied());
  EXPECT_EQ(decision.reason, "cerebro.enable_feature_materialization and cerebro.enable_feature_sharing are off");
  EXPECT_EQ(decision.choices[0].reason, decision.reason);
  work.rates.store = true;
  decision = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
  EXPECT_FALSE(decision.stored.empty());
  EXPECT_TRUE(decision.shared.empty());
}

TEST(Frozen, SaysWhatDoesNotFit) {
  Workload work = Trunk();
  work.rates.share = false;
  work.rates.disk_budget = 300 * kMegabyte;  // the last depth, and not the first
  const FrozenDecision decision = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
  ASSERT_EQ(decision.choices.size(), 3u);
  EXPECT_EQ(decision.choices[0].use, plan::FeatureUse::kRecompute);
  EXPECT_EQ(decision.choices[0].reason, "610 MB to store, more than cerebro.materialize_disk leaves");
  work.rates.memory_budget = kMegabyte;  // not even a buffer
  const FrozenDecision none = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
  EXPECT_FALSE(none.applied());
  EXPECT_EQ(none.choices[2].reason, "a buffer of it takes more memory than cerebro.materialize_mem leaves");
}

TEST(Frozen, SharesWhatIsCheaperToComputeThanToStore) {
  Workload work = Trunk();
  work.nodes.resize(1);
  work.nodes[0].row_bytes = 4e6;
  work.candidates.clear();
  for (int c = 0; c < 4; ++c) work.candidates.push_back(Candidate({0}, 1, 4, 0, 0));  // one visit of four epochs
  work.rates.memory_budget = 10e9;
  const FrozenDecision decision = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
  EXPECT_EQ(decision.shared, (std::vector<int>{0}));
}

TEST(Frozen, LeavesCheapLayersAlone) {
  Workload work = Trunk();
  for (FrozenNode& node : work.nodes) node.seconds = 1e-9;
  const FrozenDecision decision = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
  EXPECT_FALSE(decision.applied());
  EXPECT_EQ(decision.seconds_planned, decision.seconds_plain);
  EXPECT_EQ(decision.choices[0].reason, "computing it again takes less than reading it");
}

// Of a residual block only its end is a point: all that is inside leads there.
TEST(Frozen, CutsAResidualBlockAtItsEndOnly) {
  Workload work = Trunk();
  work.nodes.clear();
  const std::vector<std::vector<int>> inputs = {{}, {0}, {1}, {0, 2}, {3}, {4}, {3, 5}};  // two blocks
  for (size_t i = 0; i < inputs.size(); ++i) {
    FrozenNode node;
    node.digest = node.name = "n" + std::to_string(i);
    node.inputs = inputs[i];
    node.seconds = 1e-4;
    node.row_bytes = 4096;
    work.nodes.push_back(node);
  }
  work.candidates = {Candidate({6}, 5, 1, 0, 0), Candidate({6}, 5, 1, 0, 0), Candidate({3}, 5, 1, 0, 0)};
  const FrozenDecision decision = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
  std::vector<int> points;
  for (const plan::FrozenChoice& choice : decision.choices) points.push_back(choice.node);
  EXPECT_EQ(points, (std::vector<int>{3, 6}));
}

TEST(Frozen, ThousandsOfModelsAreDecidedByALimitedSearch) {
  Workload work;
  for (int m = 0; m < 2000; ++m) {  // each with a trunk of its own
    for (int i = 0; i < 3; ++i) {
      FrozenNode node;
      node.digest = node.name = std::to_string(3 * m + i);
      node.seconds = 1e-5;
      node.row_bytes = 1024.0 * (3 - i);
      node.can_store = false;
      if (i > 0) node.inputs = {3 * m + i - 1};
      work.nodes.push_back(node);
    }
    work.candidates.push_back(Candidate({3 * m + 2}, 5, 2, 1, m % 8));
  }
  work.rates = Trunk().rates;
  const FrozenDecision decision = plan::DecideFrozen(work.nodes, work.candidates, work.rates);
  EXPECT_FALSE(decision.exact);
  EXPECT_LE(decision.seconds_planned, decision.seconds_plain);
}

// A stack of dense layers over one input; `frozen` of them are. Layers carry their units only.
base::Graph Stack(const std::vector<int64_t>& widths, size_t frozen, bool dropout = false) {
  base::Graph graph;
  const auto add = [&graph](base::LayerKind kind, const std::string& name, const base::Shape& shape, bool trainable) {
    base::Layer layer;
    layer.name = name;
    layer.kind = kind;
    layer.trainable = trainable;
    layer.attributes = base::Dict{};
    base::Call call;
    call.layer = static_cast<int>(graph.layers.size());
    call.output_shape = shape;
    if (!graph.calls.empty()) call.inputs = {static_cast<int>(graph.calls.size()) - 1};
    if (kind == base::LayerKind::kDense) {
      layer.attributes = base::Dict{{"units", shape[0]}};
      layer.weights.resize(1);
      layer.weights[0].shape = {graph.calls.back().output_shape[0], shape[0]};
      layer.weights[0].trainable = trainable;
      call.forward_flops = 2.0 * static_cast<double>(graph.calls.back().output_shape[0] * shape[0]);
    }
    call.frozen = !trainable || kind == base::LayerKind::kInput;
    graph.layers.push_back(std::move(layer));
    graph.calls.push_back(std::move(call));
  };
  add(base::LayerKind::kInput, "in", {widths[0]}, true);
  graph.inputs = {0};
  for (size_t i = 1; i < widths.size(); ++i) {
    add(base::LayerKind::kDense, "dense" + std::to_string(i), {widths[i]}, i > frozen);
    if (dropout && i == 1) add(base::LayerKind::kDropout, "drop", {widths[i]}, i > frozen);
  }
  graph.outputs = {static_cast<int>(graph.calls.size()) - 1};
  return graph;
}

plan::FrozenModel Model(const base::Graph& graph, const std::string& weights, const std::string& own) {
  plan::FrozenModel model;
  model.graph = &graph;
  model.columns = {"x"};
  for (const base::Layer& layer : graph.layers) model.weights.push_back(layer.weights.empty() || weights.empty() ? "" : weights + layer.name);
  model.own = own;
  return model;
}

TEST(FrozenMerge, ModelsOfOneTrunkShareWhatTheyHaveInCommon) {
  const base::Graph deep = Stack({8, 16, 32, 4, 3}, 3), shallow = Stack({8, 16, 32, 5}, 2), with_dropout = Stack({8, 16, 32, 2}, 2, true);
  const plan::FrozenGraph graph = plan::MergeFrozen({Model(deep, "w", "1"), Model(shallow, "w", "2"), Model(with_dropout, "w", "3")});
  ASSERT_EQ(graph.nodes.size(), 3u);
  EXPECT_EQ(graph.nodes[0].name, "dense1");
  EXPECT_TRUE(graph.nodes[0].inputs.empty());
  EXPECT_EQ(graph.nodes[2].inputs, (std::vector<int>{1}));
  EXPECT_EQ(graph.nodes[1].row_bytes, 128);
  EXPECT_GT(graph.nodes[1].seconds, graph.nodes[0].seconds);
  EXPECT_EQ(graph.candidates[0].needs, (std::vector<int>{2}));
  EXPECT_EQ(graph.candidates[1].needs, (std::vector<int>{1}));
  EXPECT_EQ(graph.candidates[2].needs, (std::vector<int>{1}));
  EXPECT_EQ(graph.candidates[0].call_of_node, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(graph.candidates[2].call_of_node, (std::vector<int>{1, 3, -1}));  // call 2 is the Dropout, which gives dense1's values
  const std::vector<base::FeatureCut> cuts = plan::CutsOf(graph.nodes, graph.candidates[2], {1});
  ASSERT_EQ(cuts.size(), 1u);
  EXPECT_EQ(cuts[0].call, 3);
  EXPECT_EQ(cuts[0].column, "features_" + graph.nodes[1].digest.substr(0, 12));
}

TEST(FrozenMerge, NothingIsSharedThatMayDiffer) {
  const base::Graph graph = Stack({8, 16, 4}, 1), wider = Stack({8, 17, 4}, 1);
  const auto nodes = [&](const plan::FrozenModel& a, const plan::FrozenModel& b) { return plan::MergeFrozen({a, b}).nodes.size(); };
  plan::FrozenModel model = Model(graph, "w", "1");
  EXPECT_EQ(nodes(model, Model(graph, "w", "2")), 1u);
  EXPECT_EQ(nodes(model, Model(graph, "v", "2")), 2u);   // other weights
  EXPECT_EQ(nodes(model, Model(wider, "w", "2")), 2u);   // other arguments
  plan::FrozenModel other = model;
  other.columns = {"y"};
  EXPECT_EQ(nodes(model, other), 2u);
  other = model;
  other.kernels = false;
  EXPECT_EQ(nodes(model, other), 2u);
  const plan::FrozenModel first = Model(graph, "", "1"), second = Model(graph, "", "2");  // weights that the run itself draws
  EXPECT_EQ(nodes(first, second), 2u);
  EXPECT_EQ(nodes(first, first), 1u);
  EXPECT_FALSE(plan::MergeFrozen({first}).nodes[0].can_store);
  EXPECT_TRUE(plan::MergeFrozen({model}).nodes[0].can_store);
}

TEST(FrozenMerge, AModelWithoutFrozenLayersNeedsNothing) {
  const base::Graph graph = Stack({8, 16, 4}, 0);
  const plan::FrozenGraph merged = plan::MergeFrozen({Model(graph, "w", "1")});
  EXPECT_TRUE(merged.nodes.empty());
  ASSERT_EQ(merged.candidates.size(), 1u);
  EXPECT_TRUE(merged.candidates[0].needs.empty());
  const FrozenDecision decision = plan::DecideFrozen(merged.nodes, merged.candidates, {});
  EXPECT_FALSE(decision.applied());
  EXPECT_EQ(decision.reason, "no model has frozen layers that compute anything");
}

}  // namespace
