// The buffers of a packed table, with its feature columns as float32, read by SQL or taken from a process's cache.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/tensor.hpp"
#include "data/buffer_cache.hpp"
#include "data/feature_columns.hpp"
#include "data/packed_table.hpp"

namespace data {

/// Gives a packed table's partitions buffer by buffer, in buffer order, each buffer once. Read-only statements only: works in parallel
/// workers.
class BufferSource {
 public:
  /// The table and the cache outlive the source. cache: of this process's run, or nullptr; `which` says which of its tables this is. Buffers
  /// that the cache has are not read, and those that are read are handed to it.
  explicit BufferSource(const PackedTable& table, BufferCache* cache = nullptr, CachedTable which = CachedTable::kTraining,
                        CompleteColumns complete = {});
  /// Calls `use` for every buffer of the partition. The buffer is valid during the call. Errors: kDataCorrupted when the
  /// partition has not as many rows as the summary says.
  void ForEach(int partition, const std::function<void(const base::Buffer&)>& use) const;
  /// ContentOf a buffer of this source; 0 where there is no cache: only a process that has one works for one run.
  uint64_t Content(const base::Buffer& buffer) const {
    return cache_ == nullptr ? 0 : ContentOf(which_, buffer.partition_id, buffer.buffer_id);
  }
  /// The same for the partition's first buffer.
  void First(int partition, const std::function<void(const base::Buffer&)>& use) const;

 private:
  void Read(const std::string& sql, int partition, const std::function<void(const base::Buffer&)>& use) const;
  void UseOne(int partition, int buffer, const std::function<void(const base::Buffer&)>& use) const;

  const PackedTable& table_;
  BufferCache* cache_;
  CachedTable which_;
  CompleteColumns complete_;
  std::string sql_;
};

}  // namespace data
