// Packed rows to dense mini-batches: conversion, scaling and standardisation on the way. No LibTorch here.
#pragma once

#include <cstdint>
#include <vector>

#include "base/tensor.hpp"

namespace engine::math {

/// Reads rows of one packed column as values of T (float or double). Built once a model, used for every mini-batch; const calls are
/// thread-safe.
///
/// value = T(packed) * T(scale); with standardisation (value - T(mean[j])) / T(std[j]), j the position in the last dimension, all in T and
/// without fused multiply-add: the same bits at any offset and for any choice of rows. Class indexes (TargetKind::kClassIndex) and one-hot
/// targets are plain numbers here.
template <typename T>
class RowDecoder {
 public:
  /// Throws kInternal when mean or std is given and has not as many entries as the last dimension.
  explicit RowDecoder(const base::ColumnSpec& column);

  /// Elements of a row.
  int64_t row_elements() const { return elements_; }

  /// out[i * row_elements() ...] = row rows[i] of the packed column, for i in [0, n). rows == nullptr: rows 0 .. n-1. `packed` may have any
  /// alignment; out holds n * row_elements() values. Row numbers are not checked.
  void Decode(const uint8_t* packed, const int64_t* rows, int64_t n, T* out) const;

 private:
  base::DType dtype_;
  int64_t elements_ = 1;
  T scale_ = 1;
  std::vector<T> mean_;  // repeated over the row: one entry an element
  std::vector<T> std_;
};

/// The same rows as 64-bit integers, unscaled: indices for Embedding layers and class indexes for sparse losses. Floating-point columns
/// are truncated towards zero, as a cast does; NaN and values beyond +-2^62 give -1. row_elements = elements of the column's row.
void DecodeIndexes(const base::ColumnSpec& column, const uint8_t* packed, const int64_t* rows, int64_t n, int64_t* out);

}  // namespace engine::math
