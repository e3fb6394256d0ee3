// EXPLAIN's texts from hand-made plans: every line and every key, with what is there and with what is not.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/literal.hpp"
#include "base/value.hpp"
#include "explain/explain_model.hpp"

namespace {

using base::Value;
using explain::ExplainedActual;
using explain::ExplainedBundle;
using explain::ExplainedFit;
using explain::ExplainedFusionGroup;
using explain::ExplainedRewrite;
using explain::ExplainedRunActual;
using Lines = std::vector<std::string>;

constexpr double kKilobyte = 1024, kMegabyte = 1024 * 1024;

ExplainedFusionGroup Pair() {
  ExplainedFusionGroup pair;
  pair.mst_keys = {4, 6};
  pair.model_id = 2;
  pair.architecture = "conv";
  pair.trainer = "kernels";
  pair.batch_size = 16;
  pair.batches_per_switch = 8;
  pair.parameters = 91;
  pair.state_bytes = 3072;
  pair.workspace_bytes = 20 * kKilobyte;
  pair.flops = 1.35e6;
  pair.visit_seconds = 0.002;
  pair.iteration_seconds = 0.008;
  pair.rewrites = {ExplainedRewrite{"Horizontal", true, "one workspace of 20 kB for 2 models", 0.00125}};
  return pair;
}

ExplainedFusionGroup Lone() {
  ExplainedFusionGroup lone;
  lone.mst_keys = {1};
  lone.model_id = 1;
  lone.trainer = "autograd";
  lone.batch_size = 32;
  lone.parameters = 1234567;
  lone.state_bytes = 16 * kMegabyte;
  lone.flops = 42;
  lone.visit_seconds = 1.5;
  lone.iteration_seconds = 6;
  lone.rewrites = {ExplainedRewrite{"Horizontal", false, "no kernels for this network", 0}};
  return lone;
}

// Two bundles in this session: a pair that trains side by side, and a model alone.
ExplainedFit Small() {
  ExplainedFit fit;
  fit.models = 3;
  fit.iterations = 4;
  fit.partitions = 2;
  fit.source = {"points_packed", 900, 2, 17 * kKilobyte};
  fit.output = "models";
  fit.due = plan::DueIterations(std::vector<int64_t>{4});
  fit.driver.kind = "this session";
  fit.memory.states = 14 * kKilobyte;
  fit.memory.states_location = "session memory";
  fit.memory.widest_fusion = 21 * kKilobyte;
  fit.memory.fusion_mem = 256 * kMegabyte;
  fit.memory.table = 17 * kKilobyte;
  fit.memory.cache_mem = 256 * kMegabyte;
  fit.iteration_seconds = 6.008;
  fit.bound_seconds = 6.008;
  fit.start_seconds = 0.25;
  fit.training_seconds = 24.032;
  fit.metrics_seconds = 0.5;
  fit.total_seconds = 24.782;
  fit.rewrites = {ExplainedRewrite{"Fewer Models", false, "neither early_stopping nor halving is given", 0}};
  ExplainedBundle first, second;
  first.mst_keys = {4, 6};
  first.partitions = {0, 1};
  first.visit_seconds = 0.002;
  first.iteration_seconds = 0.008;
  first.rewrites = {ExplainedRewrite{"Shared Scan", true, "each buffer is read once for 2 models", 0}};
  first.fusion_groups = {Pair()};
  second.mst_keys = {1};
  second.partitions = {1, 0};
  second.visit_seconds = 1.5;
  second.iteration_seconds = 6;
  second.rewrites = {ExplainedRewrite{"Shared Scan", false, "one model in the bundle", 0}};
  second.fusion_groups = {Lone()};
  fit.bundles = {first, second};
  return fit;
}

// The same as workers ran it, with a validation table and a warm start; one model diverged, one was stopped.
ExplainedFit Ran() {
  ExplainedFit fit = Small();
  fit.validation = explain::ExplainedTable{"\"My\".valid", 100, 1, 500};
  fit.warm_start = true;
  fit.stopping = {"Early Stopping: patience 2", "Halving: of 3 models the best go on"};
  fit.driver.kind = "parallel workers";
  fit.driver.workers = 2;
  fit.driver.cores = 4;
  fit.memory.states_location = "shared memory";
  fit.memory.has_room = true;
  fit.memory.shared_state_mem = 1024 * kMegabyte;
  fit.memory.shared_free = 64 * kMegabyte;
  fit.memory.cache_mem = 10 * kKilobyte;
  fit.bound_seconds = 5;
  fit.bundles[0].fusion_groups[0].input_density = 0.19;
  ExplainedActual actual;
  actual.visits = 16;
  actual.rows = 7200;
  actual.seconds = 0.032;
  actual.visit_seconds = 0.004;
  actual.ratio = 2;
  fit.bundles[0].actual = fit.bundles[0].fusion_groups[0].actual = actual;
  actual.diverged = 1;
  actual.stopped = 2;
  fit.bundles[1].actual = fit.bundles[1].fusion_groups[0].actual = actual;
  ExplainedRunActual run;
  run.seconds = 30;
  run.run_seconds = 29.5;
  run.training_seconds = 28;
  run.ratio = 1.2105;
  run.workers = 2;
  run.states_location = "shared memory";
  run.visits = 32;
  run.rows = 14400;
  run.evaluations = 1;
  run.diverged = 1;
  run.stopped = 2;
  fit.actual = run;
  return fit;
}

TEST(ExplainText, HasALineForEachFact) {
  EXPECT_EQ(explain::ExplainAsText(Small()),
            (Lines{"Model Hopper  (models=3 bundles=2 partitions=2 iterations=4)",
                   "  Source: points_packed  (rows=900 partitions=2 size=17 kB)",
                   "  Output: models",
                   "  Metrics: after 1 of 4 iterations, all models in one shared scan a table",
                   "  Driver: this session",
                   "  Schedule: 6.01 s an iteration, lower bound 6.01 s  (0.0 % over it)",
                   "  Estimated: 24.8 s in all: start 0.25 s, training 24 s, metrics 0.5 s",
                   "  Fewer Models: declined: neither early_stopping nor halving is given",
                   "  Training States: 14 kB in session memory",
                   "  Fusion Memory: 21 kB for the largest fusion group  (cerebro.fusion_mem=256 MB)",
                   "  Data Cache: 17 kB, read once a process  (cerebro.cache_mem=256 MB a process)",
                   "  ->  Bundle 0  (models=2 visit=0.002 s iteration=0.008 s)",
                   "        mst_key: 4, 6",
                   "        partitions: 0 1",
                   "        Shared Scan: each buffer is read once for 2 models",
                   "        ->  Fusion Group  (models=2 visit=0.002 s iteration=0.008 s flops=1.35e+06)",
                   "              mst_key: 4, 6",
                   "              Architecture: 2 (conv)  (parameters=91 batch_size=16)",
                   "              Trainer: kernels  (states=3072 B workspace=20 kB)",
                   "              Horizontal: one workspace of 20 kB for 2 models  (saves 0.0013 s an iteration)",
                   "  ->  Bundle 1  (models=1 visit=1.5 s iteration=6 s)",
                   "        mst_key: 1",
                   "        partitions: 1 0",
                   "        Shared Scan: declined: one model in the bundle",
                   "        ->  Fusion Group  (models=1 visit=1.5 s iteration=6 s flops=42)",
                   "              mst_key: 1",
                   "              Architecture: 1  (parameters=1234567 batch_size=32)",
                   "              Trainer: autograd  (states=16 MB workspace=0 B)",
                   "              Horizontal: declined: no kernels for this network"}));
}

// Which lines of `now` are not among `before`, in their order.
Lines Added(const Lines& before, const Lines& now) {
  Lines added;
  for (const std::string& line : now) {
    if (std::find(before.begin(), before.end(), line) == before.end()) added.push_back(line);
  }
  return added;
}

// Of a trunk of two layers, one of them stored and one shared; a third is computed again.
plan::FrozenDecision Decision() {
  plan::FrozenDecision decision;
  decision.stored = {1};
  decision.shared = {2};
  decision.reads = {{1}, {1, 2}, {}};
  decision.seconds_plain = 40;
  decision.seconds_planned = 4;
  decision.store_seconds = 1.5;
  decision.disk_bytes = 20 * kMegabyte;
  decision.memory_bytes = 30 * kKilobyte;
  decision.choices = {{0, plan::FeatureUse::kRecompute, 0, 1, 90 * kMegabyte, 0, "storing it would take 2 s more"},
                      {1, plan::FeatureUse::kStore, 2, 1, 20 * kMegabyte, 30, "computed once, then read for 2 models"},
                      {2, plan::FeatureUse::kShare, 1, 1, 25 * kKilobyte, 6, "computed once a visit for 1 model"}};
  decision.reason = "frozen layers take 4 s instead of 40 s";
  return decision;
}

std::vector<plan::FrozenNode> Nodes() {
  std::vector<plan::FrozenNode> nodes(3);
  for (size_t i = 0; i < nodes.size(); ++i) {
    nodes[i].name = "conv" + std::to_string(i);
    nodes[i].digest = "0123456789abcdef0123456789abcde" + std::to_string(i);
  }
  nodes[1].stored = true;
  return nodes;
}

plan::FrozenRates Rates() {
  plan::FrozenRates rates;
  rates.disk_budget = 100 * kMegabyte;
  rates.memory_budget = 50 * kMegabyte;
  return rates;
}

TEST(ExplainText, ShowsWhatIsDoneWithFrozenLayers) {
  ExplainedFit fit = Small();
  fit.features = explain::ExplainFeatures(Nodes(), Rates(), Decision(), "");
  EXPECT_EQ(Added(explain::ExplainAsText(Small()), explain::ExplainAsText(fit)),
            (Lines{"  Features: frozen layers take 4 s instead of 40 s  (models=2 making=1.5 s disk=20 MB cerebro.materialize_disk=100 MB "
                   "memory=30 kB cerebro.materialize_mem=50 MB)",
                   "    Store conv1: computed once, then read for 2 models  (size=20 MB saves 30 s)",
                   "    Share conv2: computed once a visit for 1 model  (size=25 kB saves 6 s)",
                   "    Recompute conv0: storing it would take 2 s more  (size=90 MB)"}));
  fit.features->exact = false;
  EXPECT_NE(explain::ExplainAsText(fit)[8].find("instead of 40 s, by search  (models=2"), std::string::npos);
  fit.features = explain::ExplainFeatures({}, Rates(), {}, "the models compute on GPUs");
  EXPECT_EQ(Added(explain::ExplainAsText(Small()), explain::ExplainAsText(fit)), (Lines{"  Features: declined: the models compute on GPUs"}));
}

TEST(ExplainText, ShowsWhatARunMeasured) {
  EXPECT_EQ(Added(explain::ExplainAsText(Small()), explain::ExplainAsText(Ran())),
            (Lines{"  Validation: \"My\".valid  (rows=100 partitions=1 size=500 B)",
                   "  Output: models  (warm start)",
                   "  Early Stopping: patience 2",
                   "  Halving: of 3 models the best go on",
                   "  Driver: parallel workers  (planned=2 cores=4)",
                   "  Schedule: 6.01 s an iteration, lower bound 5 s  (20.2 % over it)",
                   "  Training States: 14 kB in shared memory  (cerebro.shared_state_mem=1024 MB free shared memory=64 MB)",
                   "  Data Cache: 17 kB, read again at every visit what does not fit  (cerebro.cache_mem=10 kB a process)",
                   "  Actual: 30 s in all, 29.5 s of the run, 28 s of models' visits, actual/estimated 1.21",
                   "  Actual Work: workers=2 visits=32 rows=14400 evaluations=1 diverged=1 stopped=2 states in shared memory",
                   "  ->  Bundle 0  (models=2 visit=0.002 s iteration=0.008 s)  (actual visit=0.004 s visits=16 rows=7200 total=0.032 s "
                   "actual/estimated=2.00)",
                   "        ->  Fusion Group  (models=2 visit=0.002 s iteration=0.008 s flops=1.35e+06)  (actual visit=0.004 s visits=16 rows=7200 "
                   "total=0.032 s actual/estimated=2.00)",
                   "              Input Density: 19 %  (the first layer uses the sparse product)",
                   "  ->  Bundle 1  (models=1 visit=1.5 s iteration=6 s)  (actual visit=0.004 s visits=16 rows=7200 total=0.032 s "
                   "actual/estimated=2.00 diverged=1 stopped=2)",
                   "        ->  Fusion Group  (models=1 visit=1.5 s iteration=6 s flops=42)  (actual visit=0.004 s visits=16 rows=7200 total=0.032 s "
                   "actual/estimated=2.00 diverged=1 stopped=2)"}));
}

TEST(ExplainText, NamesTheDriver) {
  const auto driver = [](const ExplainedFit& fit) {
    for (const std::string& line : explain::ExplainAsText(fit)) {
      if (line.find("  Driver: ") == 0) return line;
    }
    return std::string("no such line");
  };
  ExplainedFit fit = Small();
  fit.driver.reason = "no free worker";
  EXPECT_EQ(driver(fit), "  Driver: this session (no free worker)");
  fit.driver = explain::ExplainedDriver();
  fit.driver.kind = "segments";
  fit.driver.data_segments = 8;
  fit.driver.rounds = 9;
  fit.driver.partitions_each = 3;
  EXPECT_EQ(driver(fit), "  Driver: segments  (data segments=8 rounds an iteration=9 partitions each=3)");
}

TEST(ExplainText, CutsLongListsOfPartitionsAndNothingElse) {
  ExplainedFit fit = Small();
  fit.bundles[0].partitions.clear();
  fit.bundles[0].mst_keys.clear();
  for (int i = 0; i < 17; i++) {
    fit.bundles[0].partitions.push_back(i);
    fit.bundles[0].mst_keys.push_back(i);
  }
  const Lines added = Added(explain::ExplainAsText(Small()), explain::ExplainAsText(fit));
  ASSERT_EQ(added.size(), 3u);
  EXPECT_EQ(added[1], "        mst_key: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16");
  EXPECT_EQ(added[2], "        partitions: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 ...");
}

// ---- JSON

/// The value behind a way of keys and list positions, or null.
const Value* At(const Value* value) { return value; }
template <typename... Rest>
const Value* At(const Value* value, const char* key, Rest... rest);
template <typename... Rest>
const Value* At(const Value* value, int position, Rest... rest) {
  if (value == nullptr || !value->is_list() || static_cast<size_t>(position) >= value->list().size()) return nullptr;
  return At(&value->list()[static_cast<size_t>(position)], rest...);
}
template <typename... Rest>
const Value* At(const Value* value, const char* key, Rest... rest) {
  return value == nullptr ? nullptr : At(value->Find(key), rest...);
}

#define EXPECT_VALUE(expected, ...)                                                                  \
  do {                                                                                               \
    const Value* found = At(__VA_ARGS__);                                                            \
    ASSERT_NE(found, nullptr);                                                                       \
    EXPECT_EQ(base::FormatJson(*found), base::FormatJson(Value(expected)));                          \
  } while (false)

std::vector<std::string> Keys(const Value* dict) {
  std::vector<std::string> keys;
  for (const auto& entry : dict->dict()) keys.push_back(entry.first);
  return keys;
}

TEST(ExplainJson, IsAListOfOnePlan) {
  const Value document = base::ParseLiteral(explain::ExplainAsJson(Small()));
  ASSERT_TRUE(document.is_list());
  ASSERT_EQ(document.list().size(), 1u);
  EXPECT_EQ(Keys(At(&document, 0)), (Lines{"Plan"}));
  const Value* plan = At(&document, 0, "Plan");
  EXPECT_EQ(Keys(plan),
            (Lines{"Node Type", "Models", "Iterations", "Partitions", "Source", "Validation", "Output", "Warm Start", "Evaluations",
                   "Metrics after Iterations", "Stopping", "Driver", "Memory", "Estimated Iteration Seconds", "Lower Bound Iteration Seconds", "Estimated Start Seconds",
                   "Estimated Training Seconds", "Estimated Metrics Seconds", "Estimated Seconds", "Rewrites", "Features", "Plans"}));
  EXPECT_VALUE("Model Hopper", plan, "Node Type");
  EXPECT_VALUE(3, plan, "Models");
  EXPECT_VALUE("points_packed", plan, "Source", "Table");
  EXPECT_VALUE(17408, plan, "Source", "Bytes");
  EXPECT_VALUE(Value(), plan, "Validation");  // there, and null
  EXPECT_VALUE(Value(), plan, "Features");
  EXPECT_VALUE(false, plan, "Warm Start");
  EXPECT_VALUE(1, plan, "Evaluations");
  EXPECT_VALUE((base::List{4}), plan, "Metrics after Iterations");
  EXPECT_VALUE(base::List{}, plan, "Stopping");
  EXPECT_VALUE("this session", plan, "Driver", "Kind");
  EXPECT_VALUE(24.782, plan, "Estimated Seconds");
  EXPECT_VALUE("Fewer Models", plan, "Rewrites", 0, "Rewrite");
  EXPECT_VALUE(false, plan, "Rewrites", 0, "Applied");
  EXPECT_EQ(Keys(At(plan, "Memory")).size(), 6u);
  EXPECT_VALUE(14336, plan, "Memory", "State Bytes");
  EXPECT_VALUE(268435456, plan, "Memory", "Data Cache Limit Bytes");
}

TEST(ExplainJson, HasFeaturesAndTheirCuts) {
  ExplainedFit fit = Small();
  fit.features = explain::ExplainFeatures(Nodes(), Rates(), Decision(), "");
  const Value document = base::ParseLiteral(explain::ExplainAsJson(fit));
  const Value* features = At(&document, 0, "Plan", "Features");
  EXPECT_VALUE(true, features, "Applied");
  EXPECT_VALUE(2, features, "Models");
  EXPECT_VALUE(40.0, features, "Estimated Seconds without");
  EXPECT_VALUE(104857600, features, "Disk Limit Bytes");
  ASSERT_EQ(At(features, "Cuts")->list().size(), 3u);
  EXPECT_VALUE("store", features, "Cuts", 0, "Use");
  EXPECT_VALUE("features_0123456789ab", features, "Cuts", 0, "Column");
  EXPECT_VALUE(true, features, "Cuts", 0, "Stored Before");
  EXPECT_VALUE("share", features, "Cuts", 1, "Use");
  EXPECT_VALUE("conv0", features, "Cuts", 2, "Layer");
  EXPECT_VALUE("storing it would take 2 s more", features, "Cuts", 2, "Reason");
}

TEST(ExplainJson, HasABundleAndItsFusionGroupsAsPlans) {
  const Value document = base::ParseLiteral(explain::ExplainAsJson(Small()));
  const Value* plan = At(&document, 0, "Plan");
  ASSERT_EQ(At(plan, "Plans")->list().size(), 2u);
  EXPECT_VALUE("Bundle", plan, "Plans", 0, "Node Type");
  EXPECT_VALUE(1, plan, "Plans", 1, "Bundle");
  EXPECT_VALUE((base::List{4, 6}), plan, "Plans", 0, "mst_key");
  EXPECT_VALUE((base::List{1, 0}), plan, "Plans", 1, "Partitions");
  EXPECT_VALUE(true, plan, "Plans", 0, "Rewrites", 0, "Applied");
  EXPECT_EQ(At(plan, "Plans", 0, "Actual Visits"), nullptr);
  const Value* pair = At(plan, "Plans", 0, "Plans", 0);
  ASSERT_NE(pair, nullptr);
  EXPECT_VALUE(2, pair, "Width");
  EXPECT_VALUE("conv", pair, "Architecture");
  EXPECT_VALUE("kernels", pair, "Trainer");
  EXPECT_VALUE(16, pair, "Batch Size");
  EXPECT_VALUE(91, pair, "Parameters");
  EXPECT_VALUE(3072, pair, "State Bytes");
  EXPECT_VALUE(20480, pair, "Workspace Bytes");
  EXPECT_VALUE(0.00125, pair, "Rewrites", 0, "Estimated Seconds Saved");
  EXPECT_VALUE(1.0, pair, "Input Density");
  const Value* lone = At(plan, "Plans", 1, "Plans", 0);
  EXPECT_VALUE(Value(), lone, "Architecture");
  EXPECT_VALUE("autograd", lone, "Trainer");
  EXPECT_VALUE("no kernels for this network", lone, "Rewrites", 0, "Reason");
}

// Keys of a plan are all there after a run, and in the same order; what was measured comes on top.
TEST(ExplainJson, KeepsItsKeysWhenARunIsAdded) {
  const Value before = base::ParseLiteral(explain::ExplainAsJson(Small())), after = base::ParseLiteral(explain::ExplainAsJson(Ran()));
  EXPECT_EQ(Keys(At(&after, 0)), (Lines{"Plan", "Actual"}));
  EXPECT_EQ(Keys(At(&after, 0, "Plan")), Keys(At(&before, 0, "Plan")));
  for (const int bundle : {0, 1}) {
    const Value* then = At(&before, 0, "Plan", "Plans", bundle);
    const Value* now = At(&after, 0, "Plan", "Plans", bundle);
    const Lines measured = {"Actual Visit Seconds", "Actual Seconds", "Actual Visits", "Actual Rows", "Actual to Estimated", "Diverged Models",
                            "Stopped Models"};
    EXPECT_EQ(Added(Keys(then), Keys(now)), measured);
    EXPECT_EQ(Added(Keys(now), Keys(then)), Lines{});
    EXPECT_EQ(Added(Keys(At(then, "Plans", 0)), Keys(At(now, "Plans", 0))), measured);
    EXPECT_EQ(Added(Keys(At(now, "Plans", 0)), Keys(At(then, "Plans", 0))), Lines{});
  }
  EXPECT_VALUE(2, &after, 0, "Plan", "Plans", 1, "Stopped Models");
  EXPECT_VALUE(0, &after, 0, "Plan", "Plans", 0, "Stopped Models");
  EXPECT_VALUE("\"My\".valid", &after, 0, "Plan", "Validation", "Table");
  EXPECT_VALUE(2, &after, 0, "Plan", "Driver", "Workers Planned");
  EXPECT_VALUE(67108864, &after, 0, "Plan", "Memory", "Free Shared Memory Bytes");
  EXPECT_VALUE(29.5, &after, 0, "Actual", "Run Seconds");
  EXPECT_VALUE(14400, &after, 0, "Actual", "Rows");
  EXPECT_VALUE(0.19, &after, 0, "Plan", "Plans", 0, "Plans", 0, "Input Density");
}

TEST(ExplainJson, HasSegmentsOfADriverThatHasThem) {
  ExplainedFit fit = Small();
  const Value session = base::ParseLiteral(explain::ExplainAsJson(fit));
  EXPECT_EQ(Keys(At(&session, 0, "Plan", "Driver")), (Lines{"Kind", "Workers Planned", "Cores"}));
  fit.driver.kind = "segments";
  fit.driver.data_segments = 8;
  fit.driver.rounds = 9;
  fit.driver.partitions_each = 3;
  const Value segments = base::ParseLiteral(explain::ExplainAsJson(fit));
  EXPECT_VALUE(8, &segments, 0, "Plan", "Driver", "Data Segments");
  EXPECT_VALUE(9.0, &segments, 0, "Plan", "Driver", "Rounds per Iteration");
  EXPECT_VALUE(3, &segments, 0, "Plan", "Driver", "Partitions per Segment");
}

// Names come from tables and files: the text stays one that can be read.
TEST(ExplainJson, QuotesEveryName) {
  ExplainedFit fit = Small();
  fit.source.name = "\"a\\b\"\n\t\x01 {]";
  fit.bundles[0].fusion_groups[0].architecture = "it's \"quoted\"";
  const Value document = base::ParseLiteral(explain::ExplainAsJson(fit));
  EXPECT_VALUE(fit.source.name, &document, 0, "Plan", "Source", "Table");
  EXPECT_VALUE(fit.bundles[0].fusion_groups[0].architecture, &document, 0, "Plan", "Plans", 0, "Plans", 0, "Architecture");
}

}  // namespace
