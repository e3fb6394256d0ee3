#include "data/buffer_cache.hpp"

#include <cstring>
#include <limits>

namespace data {
namespace {

constexpr size_t kAlignment = 64;

size_t RoundUp(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

const std::vector<base::Bytes>* BufferCache::Find(CachedTable table, int partition_id, int buffer_id) {
  const auto it = entries_.find({table, partition_id, buffer_id});
  if (it == entries_.end()) return nullptr;
  found_++;
  return &it->second.columns;
}

bool BufferCache::HasPartition(CachedTable table, int partition_id) const {
  const auto it = entries_.lower_bound({table, partition_id, std::numeric_limits<int>::min()});
  return it != entries_.end() && std::get<0>(it->first) == table && std::get<1>(it->first) == partition_id;
}

void BufferCache::Keep(CachedTable table, int partition_id, int buffer_id, const std::vector<base::Bytes>& columns) {
  read_++;
  const Key key{table, partition_id, buffer_id};
  size_t bytes = 0;
  for (const base::Bytes& column : columns) bytes += RoundUp(column.size);
  if (bytes_ + bytes > limit_ || entries_.count(key) != 0) return;
  Entry& entry = entries_[key];
  entry.memory.resize(bytes);
  size_t at = 0;
  for (const base::Bytes& column : columns) {
    char* to = entry.memory.data() + at;
    if (column.size > 0) std::memcpy(to, column.data, column.size);
    entry.columns.push_back({reinterpret_cast<const uint8_t*>(to), column.size});
    at += RoundUp(column.size);
  }
  bytes_ += bytes;
}

}  // namespace data
