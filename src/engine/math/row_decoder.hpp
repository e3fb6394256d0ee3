// Packed rows to dense mini-batches: conversion, scaling and standardisation on the way. No LibTorch here.
#pragma once

#include <cstdint>
#include <vector>

#include "base/tensor.hpp"

namespace engine::math {

/// Reads rows of one packed column as values of T (float or double). Built once a model, used for every mini-batch; const calls are
/// thread-safe.
///
/// value = T(packed) * T(scale); with standardisation (value - T(mean[j])) / T(std[j]), j the position in the last dimension, all in T; with
/// exact standardisation all in double, and rounded to T at the end. Without fused multiply-add: the same bits at any offset and for any
/// choice of rows. Class indexes (TargetKind::kClassIndex) and one-hot targets are plain numbers here.
template <typename T>
class RowDecoder {
 public:
  /// Reads the elements `first` .. `first + count - 1` of each row; count < 0: all. Throws kInternal when mean or std is given and has not
  /// as many entries as the last dimension.
  explicit RowDecoder(const base::ColumnSpec& column, int64_t first = 0, int64_t count = -1);

  /// Elements of a row that are read.
  int64_t row_elements() const { return elements_; }

  /// out[i * row_elements() ...] = row rows[i] of the packed column, for i in [0, n). rows == nullptr: rows 0 .. n-1. `packed` may have any
  /// alignment; out holds n * row_elements() values. Row numbers are not checked.
  void Decode(const uint8_t* packed, const int64_t* rows, int64_t n, T* out) const;

 private:
  base::DType dtype_;
  int64_t row_bytes_ = 0;    // of the packed column
  int64_t first_bytes_ = 0;  // before the first element that is read
  int64_t elements_ = 1;
  T scale_ = 1;
  std::vector<T> mean_;  // repeated over the row: one entry an element that is read
  std::vector<T> std_;
  double exact_scale_ = 1;
  std::vector<double> exact_mean_;  // likewise; of exact standardisation, when the others are empty
  std::vector<double> exact_std_;
};

/// The same rows as 64-bit integers, unscaled: indices for Embedding layers and class indexes for sparse losses. Floating-point columns
/// are truncated towards zero, as a cast does; NaN and values beyond +-2^62 give -1. The elements `first` .. `first + count - 1` of each row
/// are read; count < 0: all.
void DecodeIndexes(const base::ColumnSpec& column, const uint8_t* packed, const int64_t* rows, int64_t n, int64_t* out, int64_t first = 0,
                   int64_t count = -1);

}  // namespace engine::math
