// Rows that are given one by one, as cells, packed as the packer did it for training: what predictions and features of single rows have in common.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/preprocessing.hpp"
#include "base/tensor.hpp"
#include "data/row_codec.hpp"
#include "pg/names.hpp"
#include "score/plain_rows.hpp"
#include "store/result_tables.hpp"

namespace score {

/// A column that a model was trained on.
struct RowField {
  std::string name;
  bool text = false;   // it holds strings
  bool array = false;  // an array of numbers
  std::optional<base::ValueClass> value_class;  // what it is read as, where columns are preprocessed
  bool zoned = false;  // a time with a zone: a literal without one is of the zone of the session
};

class RowPacker {
 public:
  /// table: of one model; it outlives the packer.
  explicit RowPacker(const store::ModelTable& table);

  /// The columns that the model was trained on, in order.
  const std::vector<RowField>& fields() const { return fields_; }
  /// Says which types the cells will have: one column a field, with name and type as pg::TableColumns gives them. False when they have these
  /// already. Errors: kDatatypeMismatch.
  bool Describe(const std::vector<pg::Column>& columns);
  /// What a model sees of the rows. Valid until the next Describe that returns true.
  const base::DataSpec& model_data() const { return model_data_; }
  int64_t row_bytes() const { return static_cast<int64_t>(builder_->row_bytes()); }

  void Clear() { builder_->Clear(); }
  /// Of memory, about, that rows take or took since the last Shrink.
  size_t bytes() const { return static_cast<size_t>(most_rows_) * builder_->row_bytes(); }
  /// Clear, and gives that memory back, where it is more than this.
  void Shrink(size_t most_bytes);
  /// A row. cells: one a field. Errors: a value that cannot be converted.
  void Add(const data::Cell* cells);
  int64_t rows() const { return builder_->rows(); }
  /// The rows since Clear. Errors: a value that a layer does not take.
  base::Buffer buffer() const;

 private:
  void TakeShapes(const data::Cell* cells);

  const store::ModelTable& table_;
  std::vector<RowField> fields_;
  bool has_arrays_ = false;
  std::string types_;  // that Describe was given last
  base::DataSpec rows_, model_data_;
  std::unique_ptr<data::RowConverter> converter_;
  std::unique_ptr<data::BufferBuilder> builder_;
  int64_t most_rows_ = 0;  // that the builder has had
  std::unique_ptr<RowLimits> limits_;
  std::string packed_;
};

}  // namespace score
