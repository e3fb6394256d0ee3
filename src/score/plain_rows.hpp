// Rows of a plain table as a stored model reads them: converted as the packer did it for training, in batches, with their ids. What predict and
// extract_features have in common.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "engine/api/value_limits.hpp"
#include "pg/names.hpp"
#include "store/result_tables.hpp"

namespace score {

// A batch is read, computed and written at once: at most so many rows, and so many bytes of inputs.
constexpr int64_t kMostBatchRows = 1024;
constexpr int64_t kMostBatchBytes = int64_t{16} << 20;

/// What the model asks of values, row by row.
class RowLimits {
 public:
  /// Of inputs alone. model_data: outlives it.
  RowLimits(const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& model_data, base::DType precision);
  /// Throws kInvalidData when a value of an input is outside of what a layer takes. detail: what names the row.
  void Check(const base::Buffer& buffer, const std::function<std::string(int64_t row)>& detail) const;

 private:
  const base::DataSpec& data_;
  const base::DType precision_;
  /// Limits of columns whose description does not warrant them, and the columns as their layers see them.
  struct Limited {
    engine::ValueLimit limit;
    base::ColumnSpec seen;
  };
  std::vector<Limited> limits_;
};

/// What the model sees of rows that are described by `rows`: the types of their values in the shapes of training, and the targets that it was
/// trained to say.
base::DataSpec ModelDataFor(const base::DataSpec& rows, const base::DataSpec& training);

/// Training may have given arrays another shape than they have in the source: rows of a table are read in the shape that the first of them has, if it
/// has as many numbers.
void ReadAsStored(const pg::TableName& table, const std::vector<pg::Column>& columns, base::DataSpec* rows);

/// Whether a table is a packed one.
bool IsPackedTable(const pg::TableName& table, const std::vector<pg::Column>& columns);

class PlainRows {
 public:
  /// Errors, argument: the table's name among the caller's arguments. A missing table or column, a packed table, a column of another type than
  /// the model's, no privilege. function: "predict", for messages.
  PlainRows(const pg::TableName& table, const char* argument, const std::string& id_col, const std::string& independent_varname,
            const store::ModelTable& model, const char* function);

  const pg::Column& id_column() const { return id_column_; }
  const base::DataSpec& model_data() const { return model_data_; }

  /// Calls `use` for every batch of rows. Says in the end how many rows hold strings that the training data lack. Errors: a NULL id, a value that
  /// cannot be converted or that a layer does not take.
  void ForEach(const std::function<void(const base::Buffer& buffer, const std::vector<std::string>& ids)>& use) const { ForEach("", use); }
  /// The same for the rows that a condition over columns of "t" chooses; it says nothing of strings. Empty: all rows.
  void ForEach(const std::string& condition, const std::function<void(const base::Buffer& buffer, const std::vector<std::string>& ids)>& use) const;

 private:
  const pg::TableName table_;
  const store::ModelTable& model_;
  std::vector<pg::Column> columns_;
  pg::Column id_column_;
  base::DataSpec rows_;  // as the table has them
  base::DataSpec model_data_;
};

}  // namespace score
