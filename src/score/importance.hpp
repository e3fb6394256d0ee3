// Permutation importance: how much worse a model is when the values of one input column are shuffled among the rows
// (Breiman, "Random forests", 2001, section 10).
//
// A packed table's rows lie in the order of a hash of their contents. They are read once, in windows of whole buffers:
// at least 4,096 rows or 64 MB, or all there are. Within a window a column's values are permuted and the window is
// scored again, for each column and each repeat; sums are added over windows. So memory does not grow with the table,
// and a table of up to 4,096 rows is shuffled as a whole.
//
// A permutation is a function of (seed, column, repeat, window): equal calls give equal results.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "score/reports.hpp"
#include "score/scored_table.hpp"

namespace score {

struct ColumnImportance {
  std::string column;
  double mean = 0;       // in the metric's unit; above 0: the model is worse without the column
  double deviation = 0;  // sample deviation over the repeats; NaN of one repeat
};

struct Importances {
  std::string metric;  // the first one, or "loss"
  int64_t rows = 0;    // that were used
  std::vector<ColumnImportance> columns;  // the greatest first, equal ones in the table's order
};

/// An input column, or one of those that are packed side by side.
struct ImportanceColumn {
  std::string name;
  size_t input = 0;             // index into DataSpec::inputs
  size_t offset = 0, bytes = 0; // of its value within a packed row
};

/// The columns that are shuffled, in the table's order.
std::vector<ImportanceColumn> ImportanceColumns(const base::DataSpec& spec);

/// most_rows: no further window is begun when so many rows were used; windows are no longer than that where buffers
/// allow it. REQUIRES repeats >= 1.
Importances MeasureImportance(const ScoredTable& scored, int64_t repeats, uint64_t seed, int64_t most_rows);

/// cerebro.feature_importance: column_name, importance, deviation, a row a column. Errors: those of OpenScoredTable;
/// kInvalidParameter for repeats outside of 1 to 1000.
ReportRows FeatureImportance(std::string_view model_table, std::string_view test_table, std::optional<int> mst_key, int64_t repeats, int64_t seed);

}  // namespace score
