// The columns of the result tables of a run over groups. Only result_columns.cpp includes this file.
#pragma once

#include "store/result_columns.hpp"

namespace store {

inline constexpr ResultColumn kGroupModelColumns[] = {
    {"group_id", "pg_catalog.int8", "NOT NULL"},
    {"mst_key", "pg_catalog.int4", "NOT NULL"},
    {"model_weights", "pg_catalog.bytea"},  // Keras's order, float32
};

inline constexpr ResultColumn kGroupInfoColumns[] = {
    {"group_id", "pg_catalog.int8", "NOT NULL"},
    {"mst_key", "pg_catalog.int4", "NOT NULL"},
    {"status", "pg_catalog.text"},  // as of kInfoColumns
    {"diverged_step", "pg_catalog.int8"},
    {"training_loss_final", "pg_catalog.float8"},
    {"training_metrics_final", "pg_catalog.float8"},
    {"validation_loss_final", "pg_catalog.float8"},
    {"validation_metrics_final", "pg_catalog.float8"},
    {"metrics_iters", "pg_catalog.int4[]"},
    {"metrics_elapsed_time", "pg_catalog.float8[]"},
    {"training_loss", "pg_catalog.float8[]"},
    {"training_metrics", "pg_catalog.float8[]"},
    {"validation_loss", "pg_catalog.float8[]"},
    {"validation_metrics", "pg_catalog.float8[]"},
    {"training_metric_values", "pg_catalog.float8[]"},
    {"validation_metric_values", "pg_catalog.float8[]"},
    {"training_seconds", "pg_catalog.float8"},
    {"iterations_done", "pg_catalog.int8"},
    {"best_iteration", "pg_catalog.int4"},
    {"stopped_iteration", "pg_catalog.int4"},
    {"stopped_by", "pg_catalog.text"},
};

inline constexpr ResultColumn kConfigurationColumns[] = {
    {"mst_key", "pg_catalog.int4", "PRIMARY KEY"},
    {"model_id", "pg_catalog.int4"},
    {"model_arch", "pg_catalog.json"},
    {"compile_params", "pg_catalog.text"},
    {"fit_params", "pg_catalog.text"},
    {"model_type", "pg_catalog.text"},
    {"model_size", "pg_catalog.float8"},  // kB
    {"parameters", "pg_catalog.int8"},
    {"loss_type", "pg_catalog.text"},
    {"metrics_type", "pg_catalog.text[]"},
    {"metric_names", "pg_catalog.text[]"},
};

// Besides the key columns, which stand behind group_id.
inline constexpr ResultColumn kGroupColumns[] = {
    {"group_id", "pg_catalog.int8", "PRIMARY KEY"},
    {"group_rows", "pg_catalog.int8"},
    {"validation_rows", "pg_catalog.int8"},
    {"status", "pg_catalog.text"},   // kStatusTrained, kStatusDiverged, kStatusFailed or kStatusSkipped
    {"reason", "pg_catalog.text"},   // why it was skipped or failed
    {"chosen", "pg_catalog.text"},   // kChosenOwn, kChosenGlobal, or NULL: no model predicts for the group
    {"mst_key", "pg_catalog.int4"},  // of the chosen model
    {"metric", "pg_catalog.text"},   // by which models were compared
    {"value", "pg_catalog.float8"},  // of the best own model, over the group's validation rows where it has any
    {"loss", "pg_catalog.float8"},
    {"global_value", "pg_catalog.float8"},  // of the global model, over the same rows
    {"seconds", "pg_catalog.float8"},
    {"digest", "pg_catalog.text"},
    {"constants", "pg_catalog.json"},  // of the group's own preprocessing; NULL: they are those of the whole table
};

}  // namespace store
