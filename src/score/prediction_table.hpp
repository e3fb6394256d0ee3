// The table that predict writes: its columns and its rows (their forms are in run/predict.hpp).
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "pg/names.hpp"
#include "score/outputs.hpp"

namespace score {

/// Which classes of an id become rows.
struct RowFilter {
  int64_t most_rank = std::numeric_limits<int64_t>::max();
  double above = -1;      // probability that must be exceeded; < 0: none
  bool response = false;  // the class alone: no rank column
  bool chosen = false;    // the caller asked for ranks or probabilities, which a regression has not
};

class PredictionTable {
 public:
  /// Errors: kInvalidParameter when the filter asks for classes of a pure regression, or the id column's name is one of the table's own.
  PredictionTable(pg::TableName name, pg::Column id, std::vector<OutputInfo> outputs, const RowFilter& filter);

  void Create() const;

  /// values: an output, ids.size() rows of its elements.
  void Insert(const std::vector<std::string>& ids, const std::vector<std::vector<float>>& values) const;

 private:
  struct ColumnDefinition {
    std::string name, type;
  };

  void InsertClasses(const OutputInfo& output, const std::vector<std::string>& ids, const std::vector<float>& values) const;
  void InsertValues(const OutputInfo& output, const std::vector<std::string>& ids, const std::vector<float>& values) const;
  void InsertEstimates(const std::vector<std::string>& ids, const std::vector<std::vector<float>>& values) const;

  pg::TableName name_;
  pg::Column id_;
  std::vector<OutputInfo> outputs_;
  RowFilter filter_;
  bool any_classes_ = false, any_values_ = false;
  std::vector<ColumnDefinition> columns_;
};

}  // namespace score
