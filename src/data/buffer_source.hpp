// The buffers of a packed table, read by SQL.
#pragma once

#include <functional>
#include <string>

#include "base/tensor.hpp"
#include "data/packed_table.hpp"

namespace data {

/// Reads a packed table's partitions buffer by buffer, in buffer order, each buffer once. Read-only statements only: works in parallel
/// workers.
class BufferSource {
 public:
  explicit BufferSource(const PackedTable& table);
  /// Calls `use` for every buffer of the partition. The buffer is valid during the call.
  void ForEach(int partition, const std::function<void(const base::Buffer&)>& use) const;
  /// The same for the partition's first buffer.
  void First(int partition, const std::function<void(const base::Buffer&)>& use) const;

 private:
  void Scan(const std::string& sql, int partition, const std::function<void(const base::Buffer&)>& use) const;

  std::string sql_;
  base::DataSpec spec_;
};

}  // namespace data
