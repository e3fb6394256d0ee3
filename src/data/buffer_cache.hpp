// Packed buffers that this process has read in this run, kept in its own memory: the next visit of the partition, by whichever model, takes
// them from here instead of fetching them piece by piece. An optimisation only: the rows still come from the aggregate's query, and a miss
// costs a read. A cache belongs to one run over one table and one snapshot, so what it holds cannot go out of date.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"

namespace data {

class BufferCache {
 public:
  /// Keeps at most `limit` bytes; buffers that would pass it are not kept, and those that are stay.
  explicit BufferCache(size_t limit) : limit_(limit) {}

  /// The data columns of a buffer, valid as long as the cache; nullptr when it is not here.
  const std::vector<base::Bytes>* Find(int partition_id, int buffer_id) const;
  void Keep(int partition_id, int buffer_id, const std::vector<base::Bytes>& columns);
  size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string memory;  // all columns, each at a multiple of 64 bytes
    std::vector<base::Bytes> columns;
  };

  size_t limit_;
  size_t bytes_ = 0;
  std::map<std::pair<int, int>, Entry> entries_;
};

}  // namespace data
