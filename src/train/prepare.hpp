// All that is checked, read and decided before a run starts: shared by fit_multiple_model and its EXPLAIN.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pg/names.hpp"
#include "plan/cost.hpp"
#include "plan/due_iterations.hpp"
#include "plan/fusion.hpp"
#include "plan/schedule.hpp"
#include "plan/stopping.hpp"
#include "plan/trials.hpp"
#include "data/packed_table.hpp"
#include "data/segment_map.hpp"
#include "store/architectures.hpp"
#include "store/model_spec.hpp"
#include "store/result_tables.hpp"
#include "store/run_record.hpp"
#include "train/arguments.hpp"
#include "train/frozen.hpp"
#include "train/memory.hpp"
#include "train/run.hpp"
#include "train/trials.hpp"

namespace train {

struct PreparedModel {
  int mst_key = 0;
  int configuration = 0;  // mst_key in the selection table; another one than the model's where there are folds
  int fold = 0;           // that the model leaves out, from 1; 0: none
  uint64_t stream() const { return static_cast<uint64_t>(static_cast<int64_t>(mst_key)); }  // of its random numbers and its sequence
  std::shared_ptr<const store::Architecture> architecture;
  std::shared_ptr<const store::ModelSpec> spec;
  std::shared_ptr<const engine::Program> program;
  double visit_seconds = 0;       // estimated, over an average partition
  double scored_row_seconds = 0;  // likewise
  size_t state_bytes() const { return program->layout().bytes; }
  int64_t weight_count() const { return program->layout().weight_count; }
  const std::vector<std::string>& metric_names() const { return program->metric_names(); }  // the loss first
  bool kernels() const { return program->has_kernels(); }
  size_t workspace_bytes = 0;  // of a step with kernels, 0 without
  bool stored = false;  // warm start, or a durable run after its first commit: goes on from <out>_state
  bool began_here = false;  // of a stored one: in this durable run, with the weights of its architecture
  bool began_stored() const { return stored && !began_here; }
  uint64_t stored_diverged_step = 0;
  ModelPast past;
  int64_t stored_shift = 0;  // store::StoredHistory::shift
  int parent = -1;         // of a trial that was just added: the model with whose state it begins
  bool keeps_optimizer = false;
  bool deleted = false;    // by a person, in a living run: nothing is written of it
  bool keeps_weights = false;  // durable run: those in <out> are its best ones; only better ones replace them
};

struct PreparedFit {
  explicit PreparedFit(const pg::TableName& out) : output(out) {}

  store::ResultTables output;
  pg::TableName selection_table, architecture_table;
  data::PackedTable training;
  std::optional<data::PackedTable> validation;
  bool grouped = false;               // both are packed by group: the run has no plan of its own (run/groups.hpp)
  std::vector<PreparedModel> models;  // by mst_key
  plan::Plan plan;
  plan::Fusion fusion;
  plan::FusionData fusion_data;
  plan::StoppingPolicy stopping;
  plan::DueIterations due;  // iterations after which metrics are computed
  uint64_t seed = 0;
  int folds = 0;              // 0: models train on all partitions
  int workers = 0;            // wanted
  std::string serial_reason;  // why workers is 0 although some were asked for
  bool too_short = false;     // workers is 0 because their start would take longer than they save
  engine::Options options;
  std::shared_ptr<engine::ModelPool> pool;  // of this process: programs compiled once, for preparing and for training
  std::optional<store::ModelTable> stored;  // warm start
  std::optional<data::SegmentMap> segments;  // of the training table, on Greenplum
  StatesDecision states;
  bool use_gpus = false;  // some process may train on one
  PreparedFrozen frozen;  // frozen layers computed once
  std::vector<PreparedModel> prototypes;  // of a search: one an architecture, for which `frozen` is planned (search_features.hpp)
  bool durable = false;   // the run comes in parts: its tables are written before each commit
  // of a living run
  bool living = false;
  size_t own_models = 0;  // those that the run began with; others have been added. Of a search 0
  std::shared_ptr<const plan::TrialPolicy> policy;  // none: only people change it
  std::optional<plan::SearchDescription> search;    // what the policy was made of
  std::vector<LivingTrial> trials;                  // of a run that begins
  int64_t decided = 0;                              // RunProgress::decided, likewise
  std::vector<ControlAction> actions;               // LivingRun::actions
  std::map<int, std::shared_ptr<const store::Architecture>> architectures;  // by model_id, those read so far
  std::vector<plan::FusionModel> fusion_models;     // a model, as far as they were asked for
  std::set<std::pair<const base::Graph*, std::string>> checked;  // whose limits the tables' values obey, by their losses
  std::optional<RunProgress> progress;  // of a durable run: the parts before the next one; none before the first commit
  size_t StateBytes() const;
  double RowsAVisit() const;  // of an average partition
  /// Of a model that does all iterations. A search evaluates its trials after each of theirs.
  int64_t Evaluations(int64_t num_iterations) const;
  /// Of a search: its expected model-iterations, in parts of those of its first models. Else 1.
  double SearchShare(int64_t num_iterations) const;
  /// Whether models are scored over rows that they do not train on.
  bool HasValidation() const { return validation.has_value() || folds > 0; }
};

/// Errors: all that a caller can get wrong; several wrong configurations are listed in one error. run: the record of the
/// durable run that goes on; then it is also an error when configurations or data are others than those it began with.
/// Of a table that is packed by group all is read and checked that groups have in common; what follows from a plan is
/// left out.
PreparedFit PrepareFit(const FitArguments& arguments, const store::RunRecord* run = nullptr);

/// Whether stored states are read; what a fit writes, it writes always.
RunTasks TasksOf(const PreparedFit& fit);

/// What a driver and the coordinator are asked to do for it.
RunRequest MakeRequest(const FitArguments& arguments, const PreparedFit& fit);

}  // namespace train
