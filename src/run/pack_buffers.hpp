// How a partition is cut into buffers, and what is gathered from the buffers on their way. No SQL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/tensor.hpp"

namespace run {

/// How many rows a buffer of a table has.
struct BufferPlan {
  int64_t rows = 1;      // of a full buffer
  bool exact = false;    // given by the caller: every buffer but a partition's last has exactly so many
};

/// By the caller's size, or from bytes: buffer_bytes / row_bytes rounded down to a multiple of 256, 128, 64 or 32 where it is that large.
BufferPlan PlanBuffers(const std::optional<int32_t>& buffer_size, int64_t buffer_bytes, size_t row_bytes);

/// Rows of a partition's buffers but for its last. Not exact: the partition is cut evenly, rounded up to the multiple that the plan's size
/// has, so that no tiny buffer is left at its end.
int64_t BufferRows(const BufferPlan& plan, int64_t partition_rows);

/// Mean and standard deviation (of the population) of each element of the last dimension, gathered in the order of the packed rows. Sums
/// are taken relative to the first row, in double precision.
class Moments {
 public:
  explicit Moments(const base::ColumnSpec& column);
  void Add(base::Bytes rows);
  /// Fills column->mean and std, of the value times column->scale. A deviation of 0 becomes 1.
  void Finish(base::ColumnSpec* column) const;

 private:
  template <typename T>
  void AddRun(base::Bytes rows);
  base::DType dtype_;
  size_t width_;
  bool started_ = false;
  int64_t count_ = 0;
  std::vector<double> shift_, sum_, square_;
};

}  // namespace run
