#include "data/buffer_cache.hpp"

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

BufferCache::Parts BufferCache::BytesOf(const std::vector<base::Bytes>& columns, const std::vector<bool>& features) {
  Parts parts{};
  for (size_t i = 0; i < columns.size(); ++i) parts[i < features.size() && features[i] ? 1 : 0] += RoundUp(columns[i].size);
  return parts;
}

bool BufferCache::Fits(const std::vector<base::Bytes>& columns, const std::vector<bool>& features) const {
  const Parts more = BytesOf(columns, features);
  return (more[0] == 0 || bytes_[0] + more[0] <= limits_[0]) && (more[1] == 0 || bytes_[1] + more[1] <= limits_[1]);
}

void BufferCache::Keep(CachedTable table, int partition_id, int buffer_id, const std::vector<base::Bytes>& columns,
                       const std::vector<bool>& features) {
  const Key key{table, partition_id, buffer_id};
  if (!Fits(columns, features) || entries_.count(key) != 0) return;
  const Parts more = BytesOf(columns, features);
  const size_t bytes = more[0] + more[1];
  Entry& entry = entries_[key];
  entry.memory.reserve(bytes);  // appended to, so that nothing is written twice
  for (const base::Bytes& column : columns) {
    if (column.data == nullptr) {
      entry.columns.push_back(column);
      continue;
    }
    const size_t at = entry.memory.size();
    if (column.size > 0) entry.memory.append(reinterpret_cast<const char*>(column.data), column.size);
    entry.memory.append(RoundUp(column.size) - column.size, '\0');
    entry.columns.push_back({reinterpret_cast<const uint8_t*>(entry.memory.data()) + at, column.size});
  }
  for (size_t part = 0; part < more.size(); ++part) bytes_[part] += more[part];
}

}  // namespace data
