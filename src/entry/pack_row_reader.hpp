// A ROW(...) argument as data::Cell values. Includes postgres.h: only src/entry sees this file.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "pg/names.hpp"
#include "pg/own.hpp"
#include "data/row_codec.hpp"
#include "score/row_packer.hpp"

namespace entry {

/// Reads records of one row type after another; what it knows of a row type is kept between calls.
class RowReader {
 public:
  /// Takes these fields of a row, in this order: by their names where the row has all of them, else by their positions from a ROW(...) that
  /// has as many. Then values are cast to what packing casts them to (data/row_sql.hpp), and literals of no type are read as the field wants
  /// them. To be called before the first Read. memory: a MemoryContext that outlives the reader; nullptr: the function's.
  void Select(std::vector<score::RowField> fields, void* memory = nullptr) {
    wanted_ = std::move(fields);
    memory_ = memory;
  }
  /// The fields of the row that was read last, as columns of a table have them: of those that are preprocessed the types that were given, of the
  /// others what they are cast to. Errors: the server's own.
  std::vector<pg::Column> Fields() const;
  /// How many row types were met: another number says that the fields may be others than before.
  int64_t row_types() const { return row_types_; }

  /// The cells of argument n, which must be a ROW(...) of `expected` columns (0: any number). They point into the current memory context
  /// and are valid until the next call. Errors: kNullValue, kDatatypeMismatch.
  const std::vector<data::Cell>& Read(FunctionCallInfo fcinfo, int n, size_t expected);
  /// The same of a row whose fields are the arguments from `first` on, by position. REQUIRES that they are not the elements of a VARIADIC array.
  const std::vector<data::Cell>& ReadArguments(FunctionCallInfo fcinfo, int first);
  /// The same of a tuple, of which Select has chosen fields. desc: a TupleDesc, the same for all tuples of this reader; it outlives the reader. REQUIRES a Select with
  /// a memory context.
  const std::vector<data::Cell>& ReadTuple(void* desc, void* tuple);
  /// The values of the fields of the tuple that was read last, as they are stored: by position.
  const std::vector<Datum>& values() const { return all_values_; }
  const bool* nulls() const { return all_nulls_.get(); }

 private:
  /// How a value becomes one of the type that is read.
  enum class Conversion {
    kNone, kTrim, kName, kNumeric,  // of these, elements of arrays too
    kLiteral,   // by the type's input function
    kCast,      // by the server's cast
    kOutput,    // its text
    kDate, kTimestamp, kTime, kZonedTime, kInterval, kMoney,  // numbers, seconds
  };
  struct Column {
    Oid element = InvalidOid;  // the scalar type, or the array's
    data::CellType type = data::CellType::kNull;
    bool is_array = false;
    bool plain = false;  // a scalar that is passed by value
    Conversion conversion = Conversion::kNone;
    FmgrInfo function;         // of kLiteral, kCast and kOutput
    Oid parameter = InvalidOid;  // of an input function
    int arguments = 1;         // of a cast's function
    Oid declared = InvalidOid; // as the row has it, domains resolved
    bool unreadable = false;   // whoever describes the fields refuses it
    Oid given = InvalidOid;    // the scalar type that the row has, where elements of arrays are converted to `element`
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
  /// desc: of the rows that come; it lies in `memory`. record: fields may be taken by position.
  void Use(void* desc, bool record, void* memory);
  void* MemoryOf(FunctionCallInfo fcinfo) const { return memory_ != nullptr ? memory_ : fcinfo->flinfo->fn_mcxt; }
  void LookUpColumn(size_t i, void* memory, Column* column) const;
  void Choose(const score::RowField& field, void* memory, Column* column) const;
  Datum ConvertOne(const Column& column, Datum datum) const;
  /// Cells of the wanted fields of all_values_ and all_nulls_; where all are wanted, of values_ and nulls_.
  const std::vector<data::Cell>& TakeFields();
  void LayOutNumbers();
  Datum Convert(const Column& column, Datum datum) const;
  void Fill(size_t i, Datum datum);
  void StoreNumbers();
  void FillArray(size_t i, Datum datum);

  std::vector<int> FieldsToTake(void* desc, bool record) const;

  std::vector<score::RowField> wanted_;  // empty: all fields
  std::vector<int> taken_;           // positions in the row, of the columns
  int64_t row_types_ = 0;
  std::vector<Datum> all_values_;    // of the whole row
  std::unique_ptr<bool[]> all_nulls_;
  Oid type_ = InvalidOid;
  int32 typmod_ = -1;
  void* memory_ = nullptr;  // MemoryContext of what is kept; nullptr: the function's
  void* desc_ = nullptr;  // TupleDesc, lives as long as that
  std::vector<Column> columns_;
  std::vector<Datum> values_;
  std::unique_ptr<bool[]> nulls_;
  std::vector<data::Cell> cells_;
  std::vector<std::vector<base::Bytes>> texts_;
  std::vector<uint64_t> numbers_;  // plain columns: their types' own bytes, those of one type side by side
  bool had_nulls_ = false;         // whether cells of the last row differ from what LookUp made
};

}  // namespace entry
