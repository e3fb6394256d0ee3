// What a network asks of the values of packed columns beyond their shapes: indexes that an Embedding has a row for,
// classes that an output has a unit for, labels that can be probabilities. Whoever has a table compares its ranges with
// the limits before the first step; the layers and losses themselves would find out row by row.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"

namespace engine {

/// Elements of a column's row. count 0: all of them.
struct Elements {
  int64_t first = 0;
  int64_t count = 0;
};

/// The smallest and the largest value of a packed column, as a network sees them: scaled and standardised.
struct ValueRange {
  double smallest = std::numeric_limits<double>::infinity();
  double largest = -std::numeric_limits<double>::infinity();
  /// Any value that is no whole number, NaN where there is none. The layers would truncate it.
  double fraction = std::numeric_limits<double>::quiet_NaN();
};

/// The ranges of some elements of `rows` packed rows. precision: of the network, float32 or float64; the values are those of
/// the row decoder.
std::vector<ValueRange> RangesOf(const base::ColumnSpec& column, const std::vector<Elements>& subjects, base::DType precision,
                                 const uint8_t* packed, int64_t rows);
/// Of one.
ValueRange RangeOf(const base::ColumnSpec& column, const Elements& elements, base::DType precision, const uint8_t* packed, int64_t rows);

/// The range that the column's description alone warrants: of its element type, or of its dictionary. Without an end
/// where it warrants nothing.
ValueRange WarrantedRange(const base::ColumnSpec& column, const Elements& elements = {});
/// The single elements of those, where the column is made of several columns of the source table; else the elements as
/// they are.
std::vector<Elements> MembersOf(const base::ColumnSpec& column, const Elements& elements);
/// The source table's column that the elements are, or the packed column.
std::string NameOf(const base::ColumnSpec& column, const Elements& elements);

/// A column's values must lie from 0 to `largest`, and be whole numbers where they are indexes.
struct ValueLimit {
  bool is_target = false;
  int column = 0;  // index into DataSpec::inputs or DataSpec::targets
  Elements elements;
  double largest = 0;
  bool whole = true;  // values are indexes: whole numbers
  bool as_packed = false;  // the layer reads what is packed, without scale and standardisation
  std::string layer;  // the one that takes indexes, or the layer that makes the output
  std::string argument;  // of that layer: how many indexes it takes
  std::string loss;   // of an output

  /// Whether all values of the range are within the limit.
  bool Allows(const ValueRange& range) const;
  /// "layer "tokens" takes indexes from 0 to 9"; "loss sparse_categorical_crossentropy of output "out" takes classes from
  /// 0 to 2"; "loss binary_crossentropy of output "out" takes labels from 0 to 1".
  std::string Text() const;
};

/// A value of a range that the limit does not allow: the smaller end where it is below, the larger one where it is above, else one
/// that is no whole number.
double ValueOutside(const ValueLimit& limit, const ValueRange& range);

/// The column as a limit's layer sees it.
base::ColumnSpec ColumnSeen(const base::ColumnSpec& column, const ValueLimit& limit);

/// The limits of a network whose inputs and targets fit the table. An Embedding or a CategoryEncoding has one for every column that reaches it
/// through layers that only move values (Flatten, Reshape, Concatenate, zero padding, linear activations); what other
/// layers compute is not known beforehand.
std::vector<ValueLimit> ValueLimits(const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& data);

}  // namespace engine
