// Packed buffers that this process has read in this run, kept in its own memory: the next visit of the partition, by whichever model, and the next
// scoring take them from here instead of fetching them piece by piece. An optimisation only: a miss costs a read. A cache belongs to one run over
// one snapshot, so what it holds cannot go out of date.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "base/bytes.hpp"
#include "data/buffer_memory.hpp"

namespace data {

/// Which of a run's tables a buffer is of.
enum class CachedTable : int { kTraining = 0, kValidation = 1 };

/// Of a buffer of a run's table: a number for engine::BufferContent. Devices are closed before a process begins another run.
uint64_t ContentOf(CachedTable table, int partition_id, int buffer_id);

class BufferCache {
 public:
  /// Keeps at most `limit` bytes of packed columns and `feature_limit` of features; buffers that would pass one of them are not kept, and those
  /// that are stay.
  explicit BufferCache(size_t limit, size_t feature_limit = 0) : limits_{limit, feature_limit} {}

  /// The data columns of a buffer, valid as long as the cache; nullptr when it is not here.
  const std::vector<base::Bytes>* Find(CachedTable table, int partition_id, int buffer_id);
  /// The columns of which the cache has no data: Keep takes these.
  std::vector<base::Bytes> Missing(CachedTable table, int partition_id, int buffer_id, std::vector<base::Bytes> columns) const;
  /// Whether there is room. features: by column, whether it is one; empty: there are none.
  bool Fits(const std::vector<base::Bytes>& columns, const std::vector<bool>& features = {}) const;
  /// Keeps a buffer if there is room. Of a buffer that is there it keeps the columns that were without data, if there is room for these: the
  /// models of one bundle need other features than those of the next. A column without data stays without.
  void Keep(CachedTable table, int partition_id, int buffer_id, const std::vector<base::Bytes>& columns, const std::vector<bool>& features = {});
  /// To be called for every buffer that was read because Find did not have it.
  void CountRead() { read_++; }
  /// Whether any buffer of the partition is here.
  bool HasPartition(CachedTable table, int partition_id) const;
  size_t bytes() const { return bytes_[0] + bytes_[1]; }
  /// Buffers that Find had, and buffers that were read.
  int64_t found() const { return found_; }
  int64_t read() const { return read_; }

 private:
  using Key = std::tuple<CachedTable, int, int>;
  using Parts = std::array<size_t, 2>;  // packed columns, features
  static Parts BytesOf(const std::vector<base::Bytes>& columns, const std::vector<bool>& features);

  Parts limits_;
  Parts bytes_{};
  int64_t found_ = 0, read_ = 0;
  BufferMemory memory_;
  std::map<Key, std::vector<base::Bytes>> entries_;  // columns, each at a multiple of 64 bytes
};

}  // namespace data
