// The packed table itself: rows in the order of the shuffle are cut into partitions and buffers and written, one buffer at a time.
//
// Memory: one buffer. Digest: base::Hash (seed 0) over, for each buffer in order of (partition, buffer), partition_id, buffer_id, rows and
// both halves of the buffer's own hash, as little-endian 64-bit words; a buffer's hash is that of its columns' bytes one after another.
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
#include "run/pack_buffers.hpp"
#include "run/pack_convert.hpp"

namespace run {

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
