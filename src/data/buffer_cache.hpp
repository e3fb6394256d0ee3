// Packed buffers that this process has read in this run, kept in its own memory: the next visit of the partition, by whichever model, and the next
// scoring take them from here instead of fetching them piece by piece. An optimisation only: a miss costs a read. A cache belongs to one run over
// one snapshot, so what it holds cannot go out of date.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/bytes.hpp"

namespace data {

/// Which of a run's tables a buffer is of.
enum class CachedTable : int { kTraining = 0, kValidation = 1 };

class BufferCache {
 public:
  /// Keeps at most `limit` bytes; buffers that would pass it are not kept, and those that are stay.
  explicit BufferCache(size_t limit) : limit_(limit) {}

  /// The data columns of a buffer, valid as long as the cache; nullptr when it is not here.
  const std::vector<base::Bytes>* Find(CachedTable table, int partition_id, int buffer_id);
  /// To be called for every buffer that was read because Find did not have it.
  void Keep(CachedTable table, int partition_id, int buffer_id, const std::vector<base::Bytes>& columns);
  /// Whether any buffer of the partition is here.
  bool HasPartition(CachedTable table, int partition_id) const;
  size_t bytes() const { return bytes_; }
  /// Buffers that Find had, and buffers that were read.
  int64_t found() const { return found_; }
  int64_t read() const { return read_; }

 private:
  using Key = std::tuple<CachedTable, int, int>;
  struct Entry {
    std::string memory;  // all columns, each at a multiple of 64 bytes
    std::vector<base::Bytes> columns;
  };

  size_t limit_;
  size_t bytes_ = 0;
  int64_t found_ = 0, read_ = 0;
  std::map<Key, Entry> entries_;
};

}  // namespace data
