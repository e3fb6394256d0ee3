// What EXPLAIN knows of a fit, as plain values: gathered once (ExplainPlan), completed by a run (AddActual), printed as text or as JSON.
//
// Times are seconds, sizes bytes. Estimates of a time are of this plan on the machine that the cost model's constants come from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "explain/explain_features.hpp"
#include "train/arguments.hpp"
#include "train/prepare.hpp"
#include "train/run.hpp"

namespace explain {

/// A rewrite of the multi-query: of the run, of a bundle or of a fusion group. Further kinds go into the same lists.
struct ExplainedRewrite {
  std::string name;
  bool applied = false;
  std::string reason;
  double saved_seconds = 0;  // estimated, an iteration
};

/// What a run measured of a bundle or a fusion group.
struct ExplainedActual {
  int64_t visits = 0;        // a model's visit of a partition is one
  int64_t rows = 0;          // that they trained on, epochs counted
  double seconds = 0;        // of the whole run
  double visit_seconds = 0;  // of one visit of all models that trained then, on average
  double ratio = 0;          // actual to estimated time of a visit; 0 = none
  int64_t diverged = 0, stopped = 0;  // models
};

struct ExplainedFusionGroup {
  std::vector<int> mst_keys;
  int model_id = 0;          // of its first member: all have one shape
  std::string architecture;  // name, or empty
  std::string trainer;       // "kernels" or "autograd"
  int batch_size = 0, batches_per_switch = 0;
  int64_t parameters = 0;    // of one member, trainable or not
  double state_bytes = 0, workspace_bytes = 0;  // of all members
  double flops = 0;          // of a visit of all members, zeros among them
  double input_density = 1;  // part of the table's values that the first layer multiplies: others are zero and left out
  double visit_seconds = 0, iteration_seconds = 0;
  std::vector<ExplainedRewrite> rewrites;
  std::optional<ExplainedActual> actual;
};

struct ExplainedBundle {
  std::vector<int> mst_keys;
  std::vector<int> partitions;  // of the first iteration, in order
  double visit_seconds = 0, iteration_seconds = 0;
  std::vector<ExplainedRewrite> rewrites;
  std::vector<ExplainedFusionGroup> fusion_groups;
  std::optional<ExplainedActual> actual;
};

struct ExplainedTable {
  std::string name;
  int64_t rows = 0;
  int partitions = 0;
  double bytes = 0;
};

struct ExplainedDriver {
  std::string kind;    // "this session", "parallel workers", "segments"
  std::string reason;  // why there are no workers although some were asked for
  int workers = 0;     // planned
  int cores = 0;
  int data_segments = 0, partitions_each = 0;  // segments
  double rounds = 0;                           // an iteration, on average
};

struct ExplainedMemory {
  double states = 0;
  std::string states_location;  // "session memory", "shared memory", "a mapped file", "tables on the segments"
  bool has_room = false;     // of workers: what decides between shared memory and file
  double shared_state_mem = 0, shared_free = 0;
  double widest_fusion = 0, fusion_mem = 0;  // states and workspace
  double table = 0, cache_mem = 0;         // packed training data, and what a process keeps of it
  bool has_need = false;                   // not on segments
  double all = 0, session = 0, process = 0;  // what the run needs: of all processes, the session, each process that trains
  int processes = 0;                         // that train
  double allowed = 0;                        // what it may take
  std::string allowed_by;                    // "cerebro.max_memory" or "free memory"
};

struct ExplainedRunActual {
  double seconds = 0;           // of the whole statement
  double run_seconds = 0;       // of them from the start of the run to its end
  double training_seconds = 0;  // sum over models
  double ratio = 0;             // seconds to the estimated ones
  int workers = 0;              // that took part
  std::string states_location;
  int64_t visits = 0, rows = 0, evaluations = 0, diverged = 0, stopped = 0;
};

/// A run that searches: its models are those of its first round.
struct ExplainedSearch {
  std::string policy;
  int64_t trials = 0;            // at most
  int64_t model_iterations = 0;  // expected
  int64_t rounds = 0;            // likewise, about; metrics are computed after each
  std::vector<std::string> lines;  // rungs and their sizes, in words
};

struct ExplainedFit {
  int64_t models = 0, iterations = 0;
  int partitions = 0;
  int folds = 0;  // 0: none
  ExplainedTable source;
  std::optional<ExplainedTable> validation;
  std::string output;
  bool warm_start = false;
  plan::DueIterations due;             // iterations of a model after which metrics are computed
  std::vector<std::string> stopping;   // its rules, in words
  std::optional<ExplainedSearch> search;
  ExplainedDriver driver;
  ExplainedMemory memory;
  double iteration_seconds = 0, bound_seconds = 0;
  double start_seconds = 0, training_seconds = 0, metrics_seconds = 0, total_seconds = 0;
  std::vector<ExplainedRewrite> rewrites;  // of the run
  std::optional<ExplainedFeatures> features;  // where a model has frozen layers
  std::vector<ExplainedBundle> bundles;
  std::optional<ExplainedRunActual> actual;
};

ExplainedFit ExplainPlan(const train::FitArguments& arguments, const train::PreparedFit& fit);

/// seconds: of the whole statement.
void AddActual(const train::PreparedFit& fit, const train::RunResult& result, double seconds, ExplainedFit* explained);

/// Lines in the manner of the server's EXPLAIN (explain_text.cpp).
std::vector<std::string> ExplainAsText(const ExplainedFit& fit);
/// One document in the manner of EXPLAIN (FORMAT JSON) (explain_json.cpp).
std::string ExplainAsJson(const ExplainedFit& fit);

}  // namespace explain
