// The result tables of a run over groups (store/group_columns.hpp: their columns) as reports and predictions read them.
//
//   <out>          a row a group and configuration: weights
//   <out>_info     likewise: metrics, curves, status
//   <out>_configs  a row a configuration: architecture, parameters and names of metrics
//   <out>_groups   a row a group: key columns, rows, status, the chosen model and what it is worth
//   <out>_summary  a row, as of an ordinary run, and the grouping columns
//   <out>_global   an ordinary run over the rows of all groups, where a global model was asked for
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "pg/names.hpp"
#include "store/result_rows.hpp"
#include "store/result_tables.hpp"

namespace store {

// <out>_groups.status, besides kStatusTrained and kStatusDiverged
constexpr const char* kStatusSkipped = "skipped";
constexpr const char* kStatusFailed = "failed";
// <out>_groups.chosen
constexpr const char* kChosenOwn = "own";
constexpr const char* kChosenGlobal = "global";
// <out>_summary: columns that only a run over groups has
constexpr const char* kRunGroupingColumn = "grouping_cols";
constexpr const char* kGlobalSuffix = "_global";

/// Whether <name> is the output of a run over groups: its summary says so. False where there is no such table.
bool IsGroupRun(const pg::TableName& name);

/// Throws kWrongObjectType for the output of a run over groups, where one of an ordinary run is wanted.
void RequireOrdinaryRun(const pg::TableName& name, const char* what);

/// A finished run over groups.
struct GroupRunTable {
  pg::TableName name;
  base::DataSpec data;  // of all groups together
  std::vector<std::string> dependent_vartype;
  int64_t seed = 0;
  bool float64 = false;
  std::vector<pg::Column> keys;       // the key columns, as <out>_groups has them; sql_type without modifiers and domains
  bool has_global = false;            // <out>_global is there
  std::map<int, StoredModel> models;  // by mst_key: its configurations
  ResultTables Tables() const { return ResultTables(name); }
};

/// Errors: those of ResultReader; kWrongObjectType when it is no run over groups.
GroupRunTable OpenGroupRun(std::string_view name, const char* what);

/// The model that predicts for a group.
struct ChosenModel {
  int64_t group_id = 0;
  std::string chosen;  // kChosenOwn
  int mst_key = 0;
};

}  // namespace store
