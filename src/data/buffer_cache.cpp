#include "data/buffer_cache.hpp"

#include <cstring>

namespace data {
namespace {

constexpr size_t kAlignment = 64;

size_t RoundUp(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

const std::vector<base::Bytes>* BufferCache::Find(int partition_id, int buffer_id) const {
  const auto it = entries_.find({partition_id, buffer_id});
  return it == entries_.end() ? nullptr : &it->second.columns;
}

void BufferCache::Keep(int partition_id, int buffer_id, const std::vector<base::Bytes>& columns) {
  size_t bytes = 0;
  for (const base::Bytes& column : columns) bytes += RoundUp(column.size);
  if (bytes_ + bytes > limit_ || entries_.count({partition_id, buffer_id}) != 0) return;
  Entry& entry = entries_[{partition_id, buffer_id}];
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
