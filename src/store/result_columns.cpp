#include "store/result_columns.hpp"

#include "base/error.hpp"
#include "pg/cluster.hpp"
#include "store/group_columns.hpp"

namespace store {
namespace {

using base::Error;
using base::ErrorCode;


constexpr const char* kArgument = "model_output_table";

constexpr bool kLater = true;  // ResultColumn::later

constexpr ResultColumn kModelColumns[] = {
    {"mst_key", "pg_catalog.int4", "NOT NULL"},
    {"model_weights", "pg_catalog.bytea"},  // Keras's order, float32; NULL above kMostWeightBytes
    {"model_arch", "pg_catalog.json"},
};

constexpr ResultColumn kInfoColumns[] = {
    {"mst_key", "pg_catalog.int4", "PRIMARY KEY"},
    {"model_id", "pg_catalog.int4"},
    {"compile_params", "pg_catalog.text"},
    {"fit_params", "pg_catalog.text"},
    {"model_type", "pg_catalog.text"},
    {"model_size", "pg_catalog.float8"},  // kB
    {"metrics_elapsed_time", "pg_catalog.float8[]"},  // seconds over all runs, an evaluation
    {"metrics_type", "pg_catalog.text[]"},
    {"loss_type", "pg_catalog.text"},
    {"training_metrics_final", "pg_catalog.float8"},
    {"training_loss_final", "pg_catalog.float8"},
    {"training_metrics", "pg_catalog.float8[]"},  // the first metric, an evaluation
    {"training_loss", "pg_catalog.float8[]"},
    {"validation_metrics_final", "pg_catalog.float8"},
    {"validation_loss_final", "pg_catalog.float8"},
    {"validation_metrics", "pg_catalog.float8[]"},
    {"validation_loss", "pg_catalog.float8[]"},
    {"status", "pg_catalog.text"},  // kStatusTrained, kStatusStopped or kStatusDiverged
    {"diverged_step", "pg_catalog.int8"},
    {"parameters", "pg_catalog.int8"},
    {"metrics_iters", "pg_catalog.int4[]"},  // iterations of the evaluations
    {"metric_names", "pg_catalog.text[]"},
    {"training_metric_values", "pg_catalog.float8[]"},  // two dimensions: evaluations, metric_names
    {"validation_metric_values", "pg_catalog.float8[]"},
    {"training_seconds", "pg_catalog.float8"},  // over all runs
    {"iterations_done", "pg_catalog.int8"},  // likewise
    {"best_iteration", "pg_catalog.int4"},
    {"stopped_iteration", "pg_catalog.int4", "", kLater},
    {"stopped_by", "pg_catalog.text", "", kLater},
    {"configuration", "pg_catalog.int4", "", kLater},  // mst_key in the model selection table
    {"fold", "pg_catalog.int4", "", kLater},  // that the model left out, from 1; NULL: it trained on all rows
};

constexpr ResultColumn kSummaryColumns[] = {
    {"source_table", "pg_catalog.text"},
    {"validation_table", "pg_catalog.text"},
    {"model", "pg_catalog.text"},
    {"model_info", "pg_catalog.text"},
    {"dependent_varname", "pg_catalog.text[]"},
    {"independent_varname", "pg_catalog.text[]"},
    {"model_arch_table", "pg_catalog.text"},
    {"model_selection_table", "pg_catalog.text"},
    {"object_table", "pg_catalog.text"},
    {"num_iterations", "pg_catalog.int4"},
    {"metrics_compute_frequency", "pg_catalog.int4"},
    {"warm_start", "pg_catalog.bool"},
    {"name", "pg_catalog.text"},
    {"description", "pg_catalog.text"},
    {"start_training_time", "pg_catalog.timestamp"},
    {"end_training_time", "pg_catalog.timestamp"},
    {"pg_cerebro_version", "pg_catalog.text"},
    {"num_classes", "pg_catalog.int4[]"},
    {"dependent_vartype", "pg_catalog.text[]"},
    {"normalizing_const", "pg_catalog.float4"},
    {"metrics_iters", "pg_catalog.int4[]"},  // of the last run, counted from 1
    {"data_spec", "pg_catalog.text"},
    {"data_digest", "pg_catalog.text"},
    {"seed", "pg_catalog.int8"},
    {"plan", "pg_catalog.json"},
    {"workers", "pg_catalog.int4"},
    {"threads", "pg_catalog.int4"},
    {"precision", "pg_catalog.text"},
    {"use_gpus", "pg_catalog.bool"},
    {"build", "pg_catalog.text"},
    {"state_place", "pg_catalog.text"},
    {"early_stopping", "pg_catalog.text", "", kLater},
    {"halving", "pg_catalog.text", "", kLater},
    {"search", "pg_catalog.text", "", kLater},
    {"feature_precision", "pg_catalog.text", "", kLater},  // of the stored features that the run read; NULL: it read none
    {"frozen_layers", "pg_catalog.json", "", kLater},      // what was done about them; NULL: no model has any
    {"result_format", "pg_catalog.int4", "", kLater},  // kResultFormat; NULL in tables of early versions
    {"folds", "pg_catalog.int4", "", kLater},  // NULL: none
    {"end_reason", "pg_catalog.text", "", kLater},  // train/end_reason.hpp; NULL: the run has not ended
};

constexpr ResultColumn kStateColumns[] = {
    {"mst_key", "pg_catalog.int4", "NOT NULL"},
    {"piece", "pg_catalog.int4", "NOT NULL"},
    {"data", "pg_catalog.bytea", "NOT NULL"},
};

constexpr ResultColumn kVisitColumns[] = {
    {"mst_key", "pg_catalog.int4"},
    {"iteration", "pg_catalog.int4"},  // the model's, counted from its first training
    {"visit", "pg_catalog.int4"},  // within the iteration, from 1
    {"partition_id", "pg_catalog.int4"},
    {"worker", "pg_catalog.int4"},
    {"started_at", "pg_catalog.timestamptz"},
    {"ended_at", "pg_catalog.timestamptz"},
    {"loss", "pg_catalog.float8"},
    {"rows", "pg_catalog.int8"},
    {"device", "pg_catalog.int4"},
};

// One row: store/run_record.hpp.
constexpr ResultColumn kRunColumns[] = {
    {"format", "pg_catalog.int4", "NOT NULL"},
    {"state", "pg_catalog.text", "NOT NULL"},
    {"iteration", "pg_catalog.int8"},
    {"iterations", "pg_catalog.int8"},
    {"generation", "pg_catalog.int8"},
    {"started_at", "pg_catalog.timestamptz"},
    {"committed_at", "pg_catalog.timestamptz"},
    {"seconds", "pg_catalog.float8"},
    {"visits", "pg_catalog.int8"},
    {"error", "pg_catalog.text"},
    {"arguments", "pg_catalog.text[]"},
    {"settings", "pg_catalog.text[]"},
    {"data", "pg_catalog.text[]"},
    {"models", "pg_catalog.text[]"},
    {"build", "pg_catalog.text"},
    {"past_iterations", "pg_catalog.int8[]"},
    {"past_evaluations", "pg_catalog.int8[]"},
    {"past_seconds", "pg_catalog.float8[]"},
    {"past_diverged", "pg_catalog.int8[]"},
    {"decided", "pg_catalog.int8", "", kLater},  // of a living run: rounds before which it was decided who trains
};

// A row a trial of a living run: train/trials.hpp.
constexpr ResultColumn kTrialColumns[] = {
    {"mst_key", "pg_catalog.int4", "PRIMARY KEY"},
    {"state", "pg_catalog.text", "NOT NULL"},
    {"model_id", "pg_catalog.int4"},
    {"compile_params", "pg_catalog.text"},
    {"fit_params", "pg_catalog.text"},
    {"parent", "pg_catalog.int4"},        // with whose weights it began; NULL: none
    {"keeps_optimizer", "pg_catalog.bool"},
    {"began", "pg_catalog.int8"},         // iterations that it brought along
    {"iterations", "pg_catalog.int8"},    // done, those included
    {"target", "pg_catalog.int8"},        // trains until it has done so many
    {"entered_round", "pg_catalog.int8"},  // rounds that were over
    {"bracket", "pg_catalog.int8"},       // of the policy; NULL: a person has added it, or the policy has none
    {"priority", "pg_catalog.int8"},
    {"deleted", "pg_catalog.bool"},
    {"remark", "pg_catalog.text"},        // why it was added, or stopped
    {"error", "pg_catalog.text"},         // why it failed
    {"point_iterations", "pg_catalog.int8[]"},
    {"point_values", "pg_catalog.float8[]"},  // monitored after them, as a loss: smaller is better
    {"architecture", "pg_catalog.text", "", kLater},  // digests of its text and its weights
};

// A row an action that somebody asks for: cerebro.control.
constexpr ResultColumn kControlColumns[] = {
    {"requested_at", "pg_catalog.timestamptz", "NOT NULL DEFAULT pg_catalog.clock_timestamp()"},
    {"requested_by", "pg_catalog.text", "NOT NULL DEFAULT session_user"},
    {"action", "pg_catalog.text", "NOT NULL"},
    {"mst_key", "pg_catalog.int4"},
    {"model_id", "pg_catalog.int4"},
    {"compile_params", "pg_catalog.text"},
    {"fit_params", "pg_catalog.text"},
    {"from_weights", "pg_catalog.bool"},
    {"iterations", "pg_catalog.int8"},
    {"priority", "pg_catalog.int8"},
    // set by the run
    {"round", "pg_catalog.int8"},  // behind which it took effect; NULL: not yet
    {"took_effect_at", "pg_catalog.timestamptz"},
    {"new_mst_key", "pg_catalog.int4"},
    {"refused", "pg_catalog.text"},  // why nothing came of it
};

/// A table of a run.
struct Definition {
  const char* suffix;          // of its name, behind <out>
  const char* distributed_by;  // on a cluster
  const char* external;        // a column whose values are kept uncompressed, or nullptr
  const char* key;             // a constraint of the table, or ""
  ResultColumnRange columns;
};

template <size_t n>
constexpr ResultColumnRange RangeOf(const ResultColumn (&columns)[n]) {
  return {columns, n};
}

// In the order of ResultTable.
constexpr Definition kDefinitions[] = {
    {"", "mst_key", "model_weights", "", RangeOf(kModelColumns)},
    {"_info", "mst_key", nullptr, "", RangeOf(kInfoColumns)},
    {"_summary", "model", nullptr, "", RangeOf(kSummaryColumns)},
    {"_state", "mst_key", "data", "PRIMARY KEY (mst_key, piece)", RangeOf(kStateColumns)},
    {"_visits", "mst_key", nullptr, "", RangeOf(kVisitColumns)},
    {"_run", "format", nullptr, "", RangeOf(kRunColumns)},
    {"_trials", "mst_key", nullptr, "", RangeOf(kTrialColumns)},
    {"_control", "action", nullptr, "", RangeOf(kControlColumns)},
    {"", "group_id", "model_weights", "PRIMARY KEY (group_id, mst_key)", RangeOf(kGroupModelColumns)},
    {"_info", "group_id", nullptr, "PRIMARY KEY (group_id, mst_key)", RangeOf(kGroupInfoColumns)},
    {"_configs", "mst_key", nullptr, "", RangeOf(kConfigurationColumns)},
    {"_groups", "group_id", nullptr, "", RangeOf(kGroupColumns)},
};

const Definition& DefinitionOf(ResultTable table) { return kDefinitions[static_cast<size_t>(table)]; }

}  // namespace

ResultTables::ResultTables(const pg::TableName& name)
    : models(name),
      info(name.WithSuffix(DefinitionOf(ResultTable::kInfo).suffix)),
      summary(name.WithSuffix(DefinitionOf(ResultTable::kSummary).suffix)),
      state(name.WithSuffix(DefinitionOf(ResultTable::kState).suffix)),
      visits(name.WithSuffix(DefinitionOf(ResultTable::kVisits).suffix)),
      run(name.WithSuffix(DefinitionOf(ResultTable::kRun).suffix)),
      trials(name.WithSuffix(DefinitionOf(ResultTable::kTrials).suffix)),
      control(name.WithSuffix(DefinitionOf(ResultTable::kControl).suffix)),
      configurations(name.WithSuffix(DefinitionOf(ResultTable::kConfigurations).suffix)),
      groups(name.WithSuffix(DefinitionOf(ResultTable::kGroups).suffix)) {}

const pg::TableName& ResultTables::operator[](ResultTable table) const {
  switch (table) {
    case ResultTable::kModels: return models;
    case ResultTable::kInfo: return info;
    case ResultTable::kSummary: return summary;
    case ResultTable::kState: return state;
    case ResultTable::kVisits: return visits;
    case ResultTable::kRun: return run;
    case ResultTable::kTrials: return trials;
    case ResultTable::kControl: return control;
    case ResultTable::kGroupModels: return models;
    case ResultTable::kGroupInfo: return info;
    case ResultTable::kConfigurations: return configurations;
    case ResultTable::kGroups: return groups;
  }
  return models;
}

ResultColumnRange ColumnsOf(ResultTable table) { return DefinitionOf(table).columns; }

const ResultColumn& ColumnNamed(ResultTable table, std::string_view name) {
  for (const ResultColumn& column : ColumnsOf(table)) {
    if (column.name == name) return column;
  }
  throw Error(ErrorCode::kInternal, "result table <out>" + std::string(DefinitionOf(table).suffix) + " has no column " + std::string(name));
}

void CreateResultTable(const ResultTables& tables, ResultTable which, const std::vector<pg::Column>& more) {
  const Definition& definition = DefinitionOf(which);
  const bool like = pg::OnGreenplum() && definition.external != nullptr;  // ALTER TABLE takes a cluster as long as several tables
  std::string columns;
  for (const ResultColumn& column : definition.columns) {
    columns += columns.empty() ? "" : ", ";
    if (like && std::string_view(column.name) == definition.external) {
      columns += std::string("LIKE cerebro._") + column.name + "_column INCLUDING STORAGE";
      continue;
    }
    columns += std::string(column.name) + " " + column.type;
    if (*column.constraint != 0) columns += std::string(" ") + column.constraint;
  }
  for (const pg::Column& column : more) columns += ", " + pg::QuoteIdent(column.name) + " " + column.sql_type;
  if (*definition.key != 0) columns += std::string(", ") + definition.key;
  const std::string table = tables[which].Sql();
  pg::Execute("CREATE TABLE " + table + " (" + columns + ")" + pg::DistributedBy(definition.distributed_by));
  if (definition.external == nullptr || like) return;
  pg::Execute("ALTER TABLE " + table + " ALTER COLUMN " + definition.external + " SET STORAGE EXTERNAL");
}

std::vector<pg::Column> MissingColumns(const ResultTables& tables, ResultTable which, const std::vector<pg::Column>& more) {
  const std::vector<pg::Column> there = pg::TableColumns(tables[which], kArgument);
  std::vector<pg::Column> missing;
  const auto look_for = [&](const std::string& name, const std::string& type) {
    if (pg::FindColumn(there, name) != nullptr) return;
    pg::Column column;
    column.name = name;
    column.sql_type = type;
    missing.push_back(std::move(column));
  };
  for (const ResultColumn& column : ColumnsOf(which)) look_for(column.name, column.type);
  for (const pg::Column& column : more) look_for(column.name, column.sql_type);
  return missing;
}

void AddColumns(const pg::TableName& table, const std::vector<pg::Column>& columns) {
  std::string actions;
  for (const pg::Column& column : columns) {
    actions += (actions.empty() ? " ADD COLUMN " : ", ADD COLUMN ") + pg::QuoteIdent(column.name) + " " + column.sql_type;
  }
  if (!actions.empty()) pg::Execute("ALTER TABLE " + table.Sql() + actions);
}

}  // namespace store
