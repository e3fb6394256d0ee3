// Element types, shapes, and what a packed table's columns hold. Shared by all layers; std types only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace base {

/// Element types of packed columns and states. Numbers are written into tables and files: never reuse one.
enum class DType : int { kUInt8 = 1, kInt8 = 2, kInt16 = 3, kInt32 = 4, kFloat32 = 5, kFloat64 = 6 };

size_t DTypeSize(DType t);
const char* DTypeName(DType t);  // "uint8" ... "float64"
DType DTypeFromName(std::string_view name);

/// Dimensions without the batch. Empty = a scalar a row.
using Shape = std::vector<int64_t>;

/// Product of the dimensions; 1 for a scalar. Overflow past 2^40 elements throws kLimitExceeded.
int64_t ElementCount(const Shape& shape);
/// "(28, 28, 1)"
std::string FormatShape(const Shape& shape);

/// What a dependent column means.
enum class TargetKind : int {
  kNone = 0,        // an independent column
  kOneHot = 1,      // scalar labels packed one-hot (uint8; MADlib: int16), class_values in column order
  kClassIndex = 2,  // scalar labels packed as an index into class_values (int32)
  kArray = 3,       // a numeric array: one-hot, multi-label or regression vector
  kReal = 4,        // a real scalar as regression target
};

/// One of several scalar columns of the source table that are packed side by side.
struct ColumnMember {
  std::string name;                     // column of the source table
  std::vector<std::string> dictionary;  // as ColumnSpec has it
};

/// One packed column.
struct ColumnSpec {
  std::string name;             // column of the source table; a name of the packed table's own where there are members
  DType dtype = DType::kFloat32;
  Shape shape;                  // of one row, without the batch
  double scale = 1.0;           // value used = packed value * scale (float32 multiplication), before standardisation
  // Standardisation, one entry an element of the last dimension, or empty: (x * scale - mean) / std.
  std::vector<double> mean;
  std::vector<double> std;
  // Whether scaling and standardisation are computed in float64 and rounded once, to the model's precision. False in tables of version 0.1,
  // where each operation is in the model's precision.
  bool exact_standardisation = false;
  // Strings packed as indexes (int32, 1-based; 0 is kept for masking and unknown values): the dictionary in index order.
  std::vector<std::string> dictionary;
  // Dependent columns only.
  TargetKind kind = TargetKind::kNone;
  std::vector<std::string> class_values;  // as text, in class order; padding classes are absent here
  int64_t num_classes = 0;                // >= class_values.size(); 0 for kArray and kReal
  std::vector<int64_t> class_rows;        // rows of each of class_values, without their weights; empty: not known
  // Independent columns only: the scalar columns that are the elements of a row of shape (members.size()), in order. Empty: the column is
  // packed by itself.
  std::vector<ColumnMember> members;
  // Independent columns of a run only: what frozen layers make of the packed ones (base/graph_cut.hpp). No packed table's summary has them.
  bool feature = false;

  size_t row_bytes() const { return DTypeSize(dtype) * static_cast<size_t>(ElementCount(shape)); }
};

struct Preprocessing;  // base/preprocessing.hpp

/// Everything that training and prediction need to know of a packed table.
struct DataSpec {
  std::vector<ColumnSpec> inputs;
  std::vector<ColumnSpec> targets;
  bool has_weights = false;  // a float32 sample weight a row, packed as column sample_weight
  int num_partitions = 0;
  int64_t rows = 0;
  // How the inputs are made of the source table's columns. nullptr: each input is one column, or several side by side.
  std::shared_ptr<const Preprocessing> preprocessing;
};

/// The columns of the source table, each by itself: a packed column of several members gives a scalar column for each of them, with its own
/// constants of standardisation.
std::vector<ColumnSpec> SourceColumns(const std::vector<ColumnSpec>& packed);

/// DataSpec <-> JSON text, as stored in <packed>_summary.data_spec. Errors of reading: kDataCorrupted.
std::string WriteDataSpec(const DataSpec& spec);
DataSpec ReadDataSpec(std::string_view json);

/// One packed buffer as the trainer gets it: raw little-endian rows, columns in DataSpec's order.
struct Buffer {
  int64_t rows = 0;
  int partition_id = 0;
  int buffer_id = 0;
  std::vector<const uint8_t*> inputs;  // nullptr: not there, because no model that gets the buffer reads it
  std::vector<const uint8_t*> targets;
  const uint8_t* weights = nullptr;  // float32 a row, or nullptr
};

}  // namespace base
