// A ROW(...) argument as data::Cell values. Includes postgres.h: only src/entry sees this file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/preprocessing.hpp"
#include "pg/names.hpp"
#include "pg/own.hpp"
#include "data/row_codec.hpp"

namespace entry {

/// Reads records of one row type after another; what it knows of a row type is kept between calls.
class RowReader {
 public:
  /// Takes these fields of a row, in this order: by their names where the row has all of them, else by their positions
  /// from a ROW(...) that has as many. Then numeric is read as double precision, and character, name and literals of no
  /// type as text: what packing casts them to. To be called before the first Read. classes, one a name, where the
  /// columns are preprocessed: values are read as data::SourceCellSql has them, so that a row and a table's row give
  /// the same cells.
  void Select(std::vector<std::string> names, std::vector<base::ValueClass> classes = {}) {
    wanted_ = std::move(names);
    classes_ = std::move(classes);
  }
  /// The fields of the row that was read last, as columns of a table have them. Errors: the server's own.
  std::vector<pg::Column> Fields() const;
  /// How many row types were met: another number says that the fields may be others than before.
  int64_t row_types() const { return row_types_; }

  /// The cells of argument n, which must be a ROW(...) of `expected` columns (0: any number). They point into the current memory context
  /// and are valid until the next call. Errors: kNullValue, kDatatypeMismatch.
  const std::vector<data::Cell>& Read(FunctionCallInfo fcinfo, int n, size_t expected);

 private:
  struct Column {
    Oid element = InvalidOid;  // the scalar type, or the array's
    data::CellType type = data::CellType::kNull;
    bool is_array = false;
    bool plain = false;  // a scalar that is passed by value
    Oid given = InvalidOid;    // the scalar type that the row has, where values are converted to `element`
    bool given_is_array = false;
    FmgrInfo convert{};  // what makes a category's text, or an array of a vector
    std::optional<base::ValueClass> value_class;
    int16 given_length = 0;
    bool given_by_value = false;
    char given_align = 'i';
    size_t offset = 0;   // of its bytes in numbers_
    int64_t run = 1;     // plain columns of this type from this one on
    int16 length = 0;
    bool by_value = false;
    char align = 'i';
  };
  void LookUp(FunctionCallInfo fcinfo, HeapTupleHeader row);
  void ReadAsClass(FunctionCallInfo fcinfo, Column* column) const;
  void LayOutNumbers();
  Datum Convert(Column* column, Datum datum) const;
  void Fill(size_t i, Datum datum);
  void StoreNumbers();
  void FillArray(size_t i, Datum datum);

  std::vector<int> FieldsToTake(void* desc, bool record) const;

  std::vector<std::string> wanted_;  // empty: all fields
  std::vector<base::ValueClass> classes_;  // of wanted_; empty: the columns are not preprocessed
  std::vector<int> taken_;           // positions in the row, of the columns
  int64_t row_types_ = 0;
  std::vector<Datum> all_values_;    // of the whole row
  std::unique_ptr<bool[]> all_nulls_;
  Oid type_ = InvalidOid;
  int32 typmod_ = -1;
  void* desc_ = nullptr;  // TupleDesc, lives as long as the function's cache
  std::vector<Column> columns_;
  std::vector<Datum> values_;
  std::unique_ptr<bool[]> nulls_;
  std::vector<data::Cell> cells_;
  std::vector<std::vector<base::Bytes>> texts_;
  std::vector<uint64_t> numbers_;  // plain columns: their types' own bytes, those of one type side by side
  bool had_nulls_ = false;         // whether cells of the last row differ from what LookUp made
};

}  // namespace entry
