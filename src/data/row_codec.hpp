// Rows of a plain table -> packed bytes. Used by the packer and by predict: both convert by a DataSpec, so a value means the same in both.
//
// A packed row is the columns of a DataSpec one after another (inputs, targets, then the sample weight as float32), little-endian, without
// gaps. The server side makes it, one row at a time: the SQL expression of PackRowSql() calls cerebro._pack_row(data_spec, ROW(...)), whose
// body is RowConverter. BufferBuilder lays packed rows out column by column, as base::Buffer wants them.
//
//   predict:  names  = pg::ParseColumnList(independent_varname, "independent_varname");
//             spec   = PredictSpec(model.data, pg::TableColumns(test, "test_table"), names, "test_table");   // build the engine::Model
// with it
//             cursor = SELECT t.id, <PackRowSql(spec, columns, "t")> FROM test AS t
//             builder.Add(row) for each row of a batch; model.Predict(builder.buffer(), ...); builder.Clear()
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/tensor.hpp"
#include "pg/names.hpp"
#include "data/row_sql.hpp"

namespace data {

enum class CellType { kNull, kBool, kInt16, kInt32, kInt64, kFloat32, kFloat64, kText, kBytes };

constexpr int kMaxRank = 6;  // the server's limit; packed columns have at most 5

/// A value as the server hands it over. Points into the server's memory.
struct Cell {
  CellType type = CellType::kNull;
  bool is_array = false;
  bool has_null_elements = false;
  int rank = 0;                    // arrays: 0 for an empty array
  int64_t dims[kMaxRank] = {};
  int64_t count = 0;               // elements; 1 for a scalar; bytes for kBytes
  const void* data = nullptr;      // numbers and booleans: contiguous elements; kBytes: the bytes
  const base::Bytes* texts = nullptr;  // kText: one view an element
  /// Of a number: how many cells of the row, from this one on, have its type and lie side by side at `data`. 1 is always right.
  int64_t side_by_side = 1;
};

/// The shape of one row's value: an array's dimensions, {bytes} of a bytea, {} of a scalar.
base::Shape CellShape(const Cell& cell);

/// Whether values of one shape may be read as the other: as many elements, and equal when dimensions of 1 are left out, or one of them
/// flat.
bool ShapesAgree(const base::Shape& a, const base::Shape& b);

/// Converts rows by a DataSpec. Thread-compatible; const after construction.
class RowConverter {
 public:
  /// Errors: kLimitExceeded when a packed row would not fit in a value of the server.
  explicit RowConverter(const base::DataSpec& spec);
  ~RowConverter();
  RowConverter(RowConverter&&) noexcept;

  /// Cells of a row, a column of the source table each: inputs (base::SourceInputs), targets, weight.
  size_t columns() const;
  size_t row_bytes() const;

  /// Whether the cells have the shapes that Convert wants, with its errors: to be asked where a description may ask for more room than
  /// any row has.
  void CheckShapes(const Cell* cells) const;
  /// Writes row_bytes() bytes. A value that cannot be used (NULL, another shape, NaN or infinite, out of the packed type's range, an
  /// unknown class, a negative weight) throws base::Error that names the column, the value and, in an array, its subscript. A string that
  /// is not in a column's dictionary becomes 0.
  void Convert(const Cell* cells, uint8_t* out) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A number as class values have it: no trailing zeros after the point, no negative zero ("1.50" -> "1.5", "2.0" -> "2"). Other text
/// unchanged.
std::string CanonicalNumber(std::string_view text);

/// Packed rows -> one buffer, column by column. The memory grows to the largest buffer seen and is reused.
class BufferBuilder {
 public:
  explicit BufferBuilder(const base::DataSpec& spec);
  /// Errors: kDataCorrupted when the row has another size than the spec says.
  void Add(std::string_view packed_row);
  void Clear();
  int64_t rows() const { return rows_; }
  size_t row_bytes() const { return row_bytes_; }
  /// The bytes of column i (inputs, targets, weight).
  base::Bytes column(size_t i) const;
  size_t columns() const { return widths_.size(); }
  /// Valid until the next Add or Clear. partition_id and buffer_id are 0.
  base::Buffer buffer() const;

 private:
  std::vector<size_t> widths_;
  std::vector<std::vector<uint8_t>> data_;
  size_t inputs_ = 0, targets_ = 0;
  size_t row_bytes_ = 0;
  int64_t rows_ = 0;
};

}  // namespace data
