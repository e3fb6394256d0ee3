// The third rewrite of a run: frozen layers computed once. What the planner needs to know of the prepared models, and what its decision
// makes of them (plan/frozen.hpp decides; store/features.hpp keeps what is stored).
//
// A run whose models are cut is an ordinary run: packed tables have more columns, graphs fewer calls. What is stored of a model, and all
// that others see of it, is the whole model.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "data/packed_table.hpp"
#include "plan/frozen.hpp"
#include "store/features.hpp"
#include "store/model_spec.hpp"
#include "train/arguments.hpp"
#include "train/feature_computer.hpp"

namespace train {

struct PreparedFit;
struct PreparedModel;
struct RunRequest;

/// A feature column of a prepared run.
struct PreparedFeature {
  int node = 0;         // of the plan's graph
  bool stored = false;  // in a table; else computed while a buffer is visited
  int model = 0;        // of PlannedModels: the first that reads or computes it
  int call = 0;         // of that model's whole graph
};

/// Made once, before the run; EXPLAIN prints it.
struct PreparedFrozen {
  plan::FrozenGraph graph;
  plan::FrozenRates rates;
  plan::FrozenDecision decision;
  std::string precision;                  // of stored features
  int making_workers = 0;                 // parallel processes that compute what is not stored yet; 0: the session does
  std::string off_reason;                 // why nothing was planned; empty: it was
  std::vector<base::ColumnSpec> columns;  // appended to the packed table's; none: no model is cut
  std::vector<PreparedFeature> features;  // of them
  std::vector<SharedFeature> shared;      // those that are computed in visits
  std::vector<bool> model_reads;          // by input column, feature columns included: whether a model reads it
  std::vector<bool> fetched;              // by input column: whether a buffer needs it
  store::FeatureCosts costs;              // of making what is stored; set by MakeFeatures

  /// Of the stored features that models read; nothing where they read none.
  std::optional<std::string> StoredPrecision() const;
  /// JSON for <out>_summary: an array of {layer, use, models, digest} for each point where a cut was considered; nothing where no model has
  /// frozen layers, or nothing was planned.
  std::optional<std::string> Ways() const;
  /// The table as the run reads it. Columns of stored features have no table yet.
  data::PackedTable TableOf(const data::PackedTable& packed) const;
};

/// Plans the rewrite of a fit whose models are read and planned without it. Writes nothing. Cut models get their programs, in a pool of
/// their own, and their costs: who plans bundles and fusion by these does it again when this returns true.
bool PlanFrozen(const FitArguments& arguments, PreparedFit* fit);

/// The program of what is left of a model, over the table with its features; and where something was cut off, the costs
/// that follow.
void CompileTrained(PreparedFit* fit, PreparedModel* model);

/// Makes or finds what the plan wants stored, and says in the request where it is. Writes; to be called before the run's own tables are
/// made. progress: called as buffers are stored. True when there was something to be had: read-only statements see it from the next snapshot
/// on.
bool MakeFeatures(PreparedFit* fit, RunRequest* request, const store::FeatureProgress& progress = {});

}  // namespace train
