// The packed table itself: rows in the order of the shuffle are cut into partitions and buffers and written, one buffer at a time.
//
// Memory: one buffer. Digest: base::Hash (seed 0) over, for each buffer in order of (partition, buffer), partition_id, buffer_id, rows and both
// halves of the buffer's own hash, as little-endian 64-bit words; a buffer's hash is that of its columns' bytes one after another.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.hpp"
#include "base/tensor.hpp"
#include "pg/names.hpp"
#include "pg/sql.hpp"
#include "run/pack_convert.hpp"

namespace run {

/// How many rows a buffer of a table has.
struct BufferPlan {
  int64_t rows = 1;      // of a full buffer
  bool exact = false;    // given by the caller: every buffer but a partition's last has exactly so many
};

/// By the caller's size, or from bytes: buffer_bytes / row_bytes rounded down to a multiple of 256, 128, 64 or 32 where it is that large.
BufferPlan PlanBuffers(const std::optional<int32_t>& buffer_size, int64_t buffer_bytes, size_t row_bytes);

/// Rows of a partition's buffers but for its last. Not exact: the partition is cut evenly, rounded up to the multiple that the plan's size has,
/// so that no tiny buffer is left at its end.
int64_t BufferRows(const BufferPlan& plan, int64_t partition_rows);

/// Mean and standard deviation (of the population) of each element of the last dimension, gathered in the order of the packed rows. Sums are taken
/// relative to the first row, in double precision.
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

class PackWriter {
 public:
  /// Makes the table. `rows` are to come. standardized: the inputs whose constants are wanted.
  PackWriter(const pg::TableName& output, bool temporary, const base::DataSpec& spec, int64_t rows, int partitions, const BufferPlan& plan,
             const std::vector<bool>& standardized);
  ~PackWriter();

  void Add(std::string_view packed_row);
  /// Writes what is left and the primary key. Errors: kInternal unless exactly `rows` rows came.
  void Finish();

  // After Finish.
  const base::DataSpec& spec() const { return spec_; }  // with the constants of standardisation
  const std::vector<int64_t>& partition_rows() const { return partition_rows_; }
  const std::vector<int64_t>& partition_buffers() const { return partition_buffers_; }
  int64_t max_buffer_rows() const { return max_buffer_rows_; }
  std::string digest() const;

 private:
  void StartPartition();
  void WriteBuffer();

  pg::TableName output_;
  base::DataSpec spec_;
  int64_t rows_;
  BufferPlan plan_;
  BufferBuilder builder_;
  std::vector<std::optional<Moments>> moments_;
  std::unique_ptr<pg::Statement> insert_;
  std::vector<int64_t> partition_rows_, partition_buffers_;
  base::Hasher digest_;
  int64_t added_ = 0;
  size_t partition_ = 0;
  int64_t rows_left_ = 0;    // in this partition
  int64_t buffer_rows_ = 0;  // of this partition's buffers
  int64_t max_buffer_rows_ = 0;
};

}  // namespace run
