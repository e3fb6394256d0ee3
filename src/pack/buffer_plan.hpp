// How a partition is cut into buffers, and what is gathered from the buffers on their way. No SQL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/tensor.hpp"
#include "pack/partition_ranks.hpp"

namespace pack {

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

/// Rows of the table's largest buffer.
int64_t MaxBufferRows(const BufferPlan& plan, const PartitionRanks& ranks);

/// Which partition of the table gets each of the new partitions, so that all stay as even as they can be: the largest new one goes to the smallest.
/// rows: of the table's partitions; more: of the new ones, at most as many.
std::vector<int> AssignPartitions(const std::vector<int64_t>& rows, const std::vector<int64_t>& more);

/// Mean and standard deviation (of the population) of each element of the last dimension. Sums are taken buffer by buffer, each from zero
/// and relative to the buffer's first row, in double precision, and merged in the order of the buffers: the result does not depend on where
/// a buffer was made.
class Moments {
 public:
  explicit Moments(const base::ColumnSpec& column);
  /// Rows of one buffer.
  void Add(base::Bytes rows);
  /// The rows of `next` come after those that are here.
  void Merge(const Moments& next);
  /// Fills column->mean and std, of the value times column->scale. A deviation of 0 becomes 1.
  void Finish(base::ColumnSpec* column) const;

  /// The sums as bytes, and back into a new object of the same column. Errors: kDataCorrupted.
  std::string Write() const;
  void Read(base::Bytes bytes);
  size_t written_bytes() const { return (1 + 3 * width_) * sizeof(double); }

 private:
  template <typename T>
  void AddRun(base::Bytes rows);
  base::DType dtype_;
  size_t width_;
  int64_t count_ = 0;
  std::vector<double> shift_, sum_, square_;
};

}  // namespace pack
