// The plan as one JSON document in the manner of EXPLAIN (FORMAT JSON): an array with one object, keys in words. Keys never change their
// meaning and are never left out where a value exists; further ones may come.
#include <cmath>
#include <utility>

#include "base/literal.hpp"
#include "base/value.hpp"
#include "explain/explain_model.hpp"

namespace explain {
namespace {

constexpr size_t kMostIterationsListed = 1000;  // of those after which metrics are computed

using base::Dict;
using base::List;
using base::Value;

// Sizes are whole bytes; null where there is no limit.
Value Bytes(double bytes) {
  constexpr double kMost = 9e18;  // an int64 has more
  return std::fabs(bytes) < kMost ? Value(static_cast<int64_t>(std::llround(bytes))) : Value();
}

template <typename T>
Value Integers(const std::vector<T>& values) {
  List list;
  for (const T v : values) list.emplace_back(static_cast<int64_t>(v));
  return list;
}

Value Rewrites(const std::vector<ExplainedRewrite>& rewrites) {
  List list;
  for (const ExplainedRewrite& rewrite : rewrites) {
    list.emplace_back(Dict{{"Rewrite", rewrite.name},
                           {"Applied", rewrite.applied},
                           {"Reason", rewrite.reason},
                           {"Estimated Seconds Saved", rewrite.saved_seconds}});
  }
  return list;
}

void AddActual(const std::optional<ExplainedActual>& actual, Dict* dict) {
  if (!actual) return;
  dict->emplace_back("Actual Visit Seconds", actual->visit_seconds);
  dict->emplace_back("Actual Seconds", actual->seconds);
  dict->emplace_back("Actual Visits", actual->visits);
  dict->emplace_back("Actual Rows", actual->rows);
  dict->emplace_back("Actual to Estimated", actual->ratio);
  dict->emplace_back("Diverged Models", actual->diverged);
  dict->emplace_back("Stopped Models", actual->stopped);
}

Value Table(const ExplainedTable& table) {
  return Dict{{"Table", table.name}, {"Rows", table.rows}, {"Partitions", table.partitions}, {"Bytes", Bytes(table.bytes)}};
}

Value Driver(const ExplainedDriver& driver) {
  Dict dict{{"Kind", driver.kind}, {"Workers Planned", driver.workers}, {"Cores", driver.cores}};
  if (!driver.reason.empty()) dict.emplace_back("Reason", driver.reason);
  if (driver.data_segments > 0) {
    dict.emplace_back("Data Segments", driver.data_segments);
    dict.emplace_back("Rounds per Iteration", driver.rounds);
    dict.emplace_back("Partitions per Segment", driver.partitions_each);
  }
  return dict;
}

Value Memory(const ExplainedMemory& memory) {
  Dict dict{{"State Bytes", Bytes(memory.states)}, {"State Place", memory.states_location}};
  if (memory.has_room) {
    dict.emplace_back("Shared State Limit Bytes", Bytes(memory.shared_state_mem));
    dict.emplace_back("Free Shared Memory Bytes", Bytes(memory.shared_free));
  }
  dict.emplace_back("Largest Fusion Group Bytes", Bytes(memory.widest_fusion));
  dict.emplace_back("Fusion Memory Limit Bytes", Bytes(memory.fusion_mem));
  dict.emplace_back("Data Bytes", Bytes(memory.table));
  dict.emplace_back("Data Cache Limit Bytes", Bytes(memory.cache_mem));
  if (memory.has_need) {
    dict.emplace_back("Needed Bytes", Bytes(memory.all));
    dict.emplace_back("Needed Bytes of a Process", Bytes(memory.process));
    dict.emplace_back("Processes", memory.processes);
    dict.emplace_back("Needed Bytes of the Session", Bytes(memory.session));
    dict.emplace_back("Limit Bytes", Bytes(memory.allowed));
    dict.emplace_back("Limit", memory.allowed_by);
  }
  return dict;
}

Value FusionGroupAsJson(const ExplainedFusionGroup& fusion_group) {
  Dict dict{{"Node Type", "Fusion Group"},
            {"mst_key", Integers(fusion_group.mst_keys)},
            {"Width", static_cast<int64_t>(fusion_group.mst_keys.size())},
            {"model_id", fusion_group.model_id},
            {"Architecture", fusion_group.architecture.empty() ? Value() : Value(fusion_group.architecture)},
            {"Trainer", fusion_group.trainer},
            {"Batch Size", fusion_group.batch_size},
            {"Mini-Batches per Switch", fusion_group.batches_per_switch},
            {"Parameters", fusion_group.parameters},
            {"State Bytes", Bytes(fusion_group.state_bytes)},
            {"Workspace Bytes", Bytes(fusion_group.workspace_bytes)},
            {"Estimated Visit FLOPs", fusion_group.flops},
            {"Input Density", fusion_group.input_density},
            {"Estimated Visit Seconds", fusion_group.visit_seconds},
            {"Estimated Iteration Seconds", fusion_group.iteration_seconds}};
  AddActual(fusion_group.actual, &dict);
  dict.emplace_back("Rewrites", Rewrites(fusion_group.rewrites));
  return dict;
}

Value Bundle(const ExplainedBundle& bundle, size_t number) {
  Dict dict{{"Node Type", "Bundle"},
            {"Bundle", static_cast<int64_t>(number)},
            {"mst_key", Integers(bundle.mst_keys)},
            {"Partitions", Integers(bundle.partitions)},
            {"Estimated Visit Seconds", bundle.visit_seconds},
            {"Estimated Iteration Seconds", bundle.iteration_seconds}};
  AddActual(bundle.actual, &dict);
  dict.emplace_back("Rewrites", Rewrites(bundle.rewrites));
  List fusion_groups;
  for (const ExplainedFusionGroup& fusion_group : bundle.fusion_groups) fusion_groups.push_back(FusionGroupAsJson(fusion_group));
  dict.emplace_back("Plans", std::move(fusion_groups));
  return dict;
}

Value RunActual(const ExplainedRunActual& actual) {
  return Dict{{"Seconds", actual.seconds},
              {"Run Seconds", actual.run_seconds},
              {"Training Seconds", actual.training_seconds},
              {"Actual to Estimated", actual.ratio},
              {"Workers Launched", actual.workers},
              {"State Place", actual.states_location},
              {"Visits", actual.visits},
              {"Rows", actual.rows},
              {"Evaluations", actual.evaluations},
              {"Diverged Models", actual.diverged},
              {"Stopped Models", actual.stopped}};
}

Value Strings(const std::vector<std::string>& texts) {
  List list;
  for (const std::string& text : texts) list.emplace_back(text);
  return list;
}

Value Features(const ExplainedFeatures& features) {
  List cuts;
  for (const ExplainedCut& cut : features.cuts) {
    cuts.emplace_back(Dict{{"Layer", cut.layer},
                           {"Column", cut.column},
                           {"Use", cut.use},
                           {"Stored Before", cut.there},
                           {"Models", cut.models},
                           {"Bytes", Bytes(cut.bytes)},
                           {"Estimated Seconds Saved", cut.saved_seconds},
                           {"Reason", cut.reason}});
  }
  return Dict{{"Applied", features.applied},
              {"Reason", features.reason},
              {"All Combinations Compared", features.exact},
              {"Models", features.models},
              {"Estimated Seconds without", features.seconds_plain},
              {"Estimated Seconds", features.seconds_planned},
              {"Estimated Making Seconds", features.store_seconds},
              {"Disk Bytes", Bytes(features.disk)},
              {"Disk Limit Bytes", Bytes(features.disk_budget)},
              {"Memory Bytes", Bytes(features.memory)},
              {"Memory Limit Bytes", Bytes(features.memory_budget)},
              {"Cuts", std::move(cuts)}};
}

}  // namespace

std::string ExplainAsJson(const ExplainedFit& fit) {
  Dict plan{{"Node Type", "Model Hopper"},
            {"Models", fit.models},
            {"Iterations", fit.iterations},
            {"Partitions", fit.partitions},
            {"Source", Table(fit.source)},
            {"Validation", fit.validation ? Table(*fit.validation) : Value()},
            {"Output", fit.output},
            {"Warm Start", fit.warm_start},
            {"Evaluations", fit.search ? fit.search->rounds : fit.due.count()},
            {"Metrics after Iterations", Integers(fit.due.First(kMostIterationsListed))},
            {"Stopping", Strings(fit.stopping)},
            {"Driver", Driver(fit.driver)},
            {"Memory", Memory(fit.memory)},
            {"Estimated Iteration Seconds", fit.iteration_seconds},
            {"Lower Bound Iteration Seconds", fit.bound_seconds},
            {"Estimated Start Seconds", fit.start_seconds},
            {"Estimated Training Seconds", fit.training_seconds},
            {"Estimated Metrics Seconds", fit.metrics_seconds},
            {"Estimated Seconds", fit.total_seconds},
            {"Rewrites", Rewrites(fit.rewrites)},
            {"Features", fit.features ? Features(*fit.features) : Value()}};
  if (fit.folds > 0) plan.emplace_back("Folds", fit.folds);
  if (fit.search) {
    plan.emplace_back("Search", Dict{{"Policy", fit.search->policy},
                                     {"Trials", fit.search->trials},
                                     {"Expected Model Iterations", fit.search->model_iterations},
                                     {"Expected Rounds", fit.search->rounds},
                                     {"Description", Strings(fit.search->lines)}});
  }
  List bundles;
  for (size_t b = 0; b < fit.bundles.size(); b++) bundles.push_back(Bundle(fit.bundles[b], b));
  plan.emplace_back("Plans", std::move(bundles));
  Dict document{{"Plan", std::move(plan)}};
  if (fit.actual) document.emplace_back("Actual", RunActual(*fit.actual));
  return base::FormatJson(List{Value(std::move(document))});
}

}  // namespace explain
