// Features: the values of a layer of a stored model, for SQL. Of the rows of a table, into another one; and of one row, in a query.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/row_codec.hpp"
#include "pg/names.hpp"
#include "score/lookup_moment.hpp"
#include "score/row_packer.hpp"

namespace score {

struct ExtractRequest {
  std::string model_table, layer, source_table, output_table;
  std::optional<std::string> id_col;               // of a plain table
  std::optional<std::string> independent_varname;  // likewise; left out: the columns that the model was trained on
  std::optional<int> mst_key;
};

/// cerebro.extract_features: writes <output>(<id_col>, features real[]) for the rows of a plain table, and (partition_id, buffer_id, row, features)
/// for those of a packed one; row counts from 0. Features are flat, in row-major order. Errors: kUndefinedObject for a layer that the model
/// does not have; predict's.
void ExtractFeatures(const ExtractRequest& request);

class RowFeatures;

/// A layer that was looked up.
struct OpenFeatures {
  std::shared_ptr<RowFeatures> features;
  LookupMoment moment;
  bool registered = false;

  /// Whether the name still means this model to this role.
  bool IsCurrent() const { return registered ? moment.HoldsForRegistry() : moment.HoldsForTables(); }
};

/// A model that gives a layer's values for one row after another. Kept by a process for later queries: see Open.
class RowFeatures {
 public:
  ~RowFeatures();
  /// The one that this process has of the model as it is stored now, or a new one; a process keeps a few. Read-only statements. Errors: as
  /// ExtractFeatures'; kFeatureNotSupported on a segment.
  static OpenFeatures Open(const std::string& model_table, const std::string& layer, std::optional<int> mst_key);

  /// The columns that the model was trained on, in order.
  const std::vector<RowField>& fields() const;
  /// Says which types the cells will have: one column each, with name and type as pg::TableColumns gives them. What rows of a few types need is
  /// kept, since call sites share a model. Errors: kDatatypeMismatch.
  void Describe(const std::vector<pg::Column>& columns);
  /// cells: one a column. Valid until the next call. Errors: a value that cannot be converted, or that a layer does not take.
  const std::vector<float>& Compute(const data::Cell* cells);

 private:
  struct Impl;
  explicit RowFeatures(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace score
