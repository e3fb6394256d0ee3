// What to do with the frozen parts of a run's models: the planner's third rewrite.
//
// Candidates that share frozen layers compute the same numbers from the same rows, in every iteration. Each of these numbers may be computed
// again by every model (recompute), once for all models of a bundle while a buffer is visited (share), or once for all and read from a table
// (store). No bit depends on the choice, so it is no part of the stored plan.
//
//  1. MergeFrozen lays the frozen parts of all candidates over each other. Calls of equal function, equal weights and equal inputs are one node.
//  2. DecideFrozen costs nodes and chooses, within a budget of disk and one of memory.
//  3. CutsOf says where a candidate is cut by the decision.
//
// The three are pure functions: no clock, no table, no randomness.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/graph.hpp"
#include "base/graph_cut.hpp"

namespace plan {

/// One value that frozen layers compute from a row.
struct FrozenNode {
  std::string digest;       // 32 hex digits, of all that the value depends on
  std::vector<int> inputs;  // nodes that it reads, all smaller than its own index; none: it reads raw columns only
  double seconds = 0;       // of its own computation, a row, forward
  double row_bytes = 0;     // of its value, float32; as it lies in memory
  double stored_row_bytes = 0;  // as it would be stored, or is; 0: row_bytes
  int64_t channels = 1;     // of its value: the last dimension
  bool stored = false;      // a fresh table has it already
  bool can_cut = true;      // layers::CutCalls, of every candidate that has it
  bool can_store = true;    // its weights are given: other runs can have it too
  std::string name;         // of its layer, in the first candidate that has it
};

/// One model of the run.
struct FrozenCandidate {
  std::vector<int> needs;    // nodes that its trained part reads (layers::DeepestCuts); none: it has no frozen part
  double passes = 0;         // forward passes of all rows in the plain run: iterations x epochs + evaluations
  double visits = 0;         // times that all rows are handed to it: iterations + evaluations; epochs of a visit share
  double stop_factor = 1;    // part of the passes that is expected to be made
  std::vector<int> call_of_node;  // by node: the call of its graph that computes it, -1: none
  int bundle = 0;            // models of one bundle visit a buffer together
};

/// Evaluations count by the rows that they score: with validation table and training table, 1 + validation rows / training rows each.
void CountPasses(double iterations, double epochs, double evaluations, FrozenCandidate* candidate);

// Of one core, measured as docs/performance.md says.

/// The processor on which these rates were measured computes layers faster by this than the one of plan/cost.hpp: a FrozenNode's seconds
/// are those of the former.
constexpr double kFasterThanCosts = 1.5;
constexpr double kReadBytesPerSecond = 2e9;
constexpr double kWriteBytesPerSecond = 0.2e9;
constexpr double kKeepBytesPerSecond = 4e9;
// What does not grow with the bytes; `test/bench/transfer rates` measures all of these.
constexpr double kStoreStatementSeconds = 12e-3;  // a set of a packed table: its table, index, statistics, checksum and row of the catalogue
constexpr double kStoreBufferSeconds = 0.15e-3;   // a buffer that is stored: its INSERT
constexpr double kStoreStartSeconds = 15e-3;      // once where something is stored: the catalogue, a sample
constexpr double kStoreWorkerSeconds = 30e-3;     // the same where parallel workers compute it
constexpr double kStoredVisitSeconds = 0.2e-3;    // a visit's query, for each table that is joined
constexpr double kStoredBufferSeconds = 20e-6;    // a buffer that is joined
constexpr double kShareProcessSeconds = 10e-3;    // a process that compiles two networks instead of one, and takes memory for what is shared
/// Part of the seconds of making what is stored that later runs are expected to save: others than the run that makes it read it, too. It
/// decides between choices that take this run nearly equally long.
constexpr double kReuse = 0.25;

/// What the machine gives, and what the user allows. Seconds are those of one core; what only the session does while the others wait counts
/// as many times as there are processes.
struct FrozenRates {
  double rows = 0;               // of the training table
  double stored_rows = 0;        // of all tables of the run, whose features would be stored
  double buffer_rows = 0;        // of the largest buffer
  double processes = 1;          // that train at once, each with features of its own in memory
  double process_rows = 0;       // rows of the buffers that one process meets in the run; 0: rows
  double read_bytes_s = kReadBytesPerSecond;      // out of a table
  double write_bytes_s = kWriteBytesPerSecond;    // into a table
  double keep_bytes_s = kKeepBytesPerSecond;  // of float32: decoded, or copied into what a process keeps
  double statement_seconds = kStoreStatementSeconds;  // of a set of features that is made, in all tables: what does not grow with its bytes
  double making_seconds = 0;     // once, where any set is made
  double pass_seconds = 0;       // of fetching one stored column of all rows, besides its bytes
  double share_seconds = 0;      // of a process, where anything is shared
  double reuse = kReuse;         // of the seconds of storing, not charged to this run when uses are compared
  double disk_budget = 0;        // bytes: cerebro.materialize_disk
  double memory_budget = 0;      // bytes, all processes together: cerebro.materialize_mem
  bool store = true;             // cerebro.enable_feature_materialization
  std::string no_making;         // why sets that are not there cannot be made; empty: they can
  bool share = true;             // cerebro.enable_feature_sharing
};

enum class FeatureUse { kRecompute, kShare, kStore };
/// "recompute", "share", "store".
const char* FeatureUseName(FeatureUse use);

/// A point where a cut was considered, and what was decided about it.
struct FrozenChoice {
  int node = 0;
  FeatureUse use = FeatureUse::kRecompute;
  int candidates = 0;        // that get it as a column
  int needed_by = 0;         // whose trained part reads it
  double bytes = 0;          // all rows: stored, or in memory where it is shared
  double saved_seconds = 0;  // against the same plan without this cut, the others as they are; 0 for kRecompute
  std::string reason;
};

struct FrozenDecision {
  std::vector<int> stored;  // nodes, ascending; those that are there already among them
  std::vector<int> shared;  // nodes, ascending
  std::vector<std::vector<int>> reads;  // by candidate: nodes that it gets as columns, ascending; empty: it runs as it is
  double seconds_plain = 0;    // of all frozen layers in the plain run, all rows and candidates, of one core
  double seconds_planned = 0;  // by this decision, store_seconds included
  double column_seconds = 0;   // of it: fetching what is stored and computing what is shared, visit by visit
  double store_seconds = 0;    // of it: computing and writing what is stored
  double disk_bytes = 0;       // of `stored`, at most disk_budget
  double memory_bytes = 0;     // of all processes, at most memory_budget
  double kept_bytes = 0;       // of it: what each process may keep of features from one visit to the next
  bool exact = true;           // no other choice takes fewer seconds; false: a search found none
  std::vector<FrozenChoice> choices;  // by node
  std::string reason;          // one sentence on the whole
  bool applied() const { return !stored.empty() || !shared.empty(); }
};

/// A model as MergeFrozen takes it.
struct FrozenModel {
  const base::Graph* graph = nullptr;         // whole, as wire::GraphBuilder makes it
  std::vector<std::string> columns;           // by Graph::inputs: what decides the numbers of the input: column, members, scale
  std::vector<std::string> weights;           // by layer: digest of its weights' bytes; empty: not given, or none
  std::string own;                            // what stands in for weights that are not given: a text that no other model has
  bool kernels = true;                        // its frozen part is computed by kernels, else by LibTorch: their bits differ
};

struct FrozenGraph {
  std::vector<FrozenNode> nodes;  // in topological order
  std::vector<FrozenCandidate> candidates;  // as the models; needs and call_of_node are set
};

/// Frozen layers that pass on their input unchanged (Dropout) make no node: the calls behind them read their input's node.
FrozenGraph MergeFrozen(const std::vector<FrozenModel>& models);

/// kHeuristic and kBranchAndBound are for tests: kAutomatic is exact wherever it can be.
enum class FrozenSearch { kAutomatic, kHeuristic, kBranchAndBound };

/// Never costlier than the plain run by its own estimate, storing charged whole: then it decides that nothing is done.
FrozenDecision DecideFrozen(const std::vector<FrozenNode>& nodes, const std::vector<FrozenCandidate>& candidates, const FrozenRates& rates,
                            FrozenSearch search = FrozenSearch::kAutomatic);

/// The estimated seconds of a decision that somebody else made: seconds_planned of one with these stored and shared nodes, which need not be
/// within the budgets.
double CostOf(const std::vector<FrozenNode>& nodes, const std::vector<FrozenCandidate>& candidates, const FrozenRates& rates,
              const std::vector<int>& stored, const std::vector<int>& shared);

/// "features_" and the first 12 digits of a node's digest: the name of its column.
std::string FeatureColumnName(const FrozenNode& node);

/// Where a candidate's graph is cut.
std::vector<base::FeatureCut> CutsOf(const std::vector<FrozenNode>& nodes, const FrozenCandidate& candidate, const std::vector<int>& reads);

}  // namespace plan
