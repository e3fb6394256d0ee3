#include "data/buffer_cache.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace data {

uint64_t ContentOf(CachedTable table, int partition_id, int buffer_id) {
  return static_cast<uint64_t>(static_cast<int>(table) + 1) << 62 | static_cast<uint64_t>(static_cast<uint32_t>(partition_id)) << 31 |
         static_cast<uint32_t>(buffer_id);
}
namespace {

size_t RoundUp(size_t bytes) {
  constexpr size_t kUnit = BufferMemory::kAlignment;
  return (bytes + kUnit - 1) / kUnit * kUnit;
}

}  // namespace

const std::vector<base::Bytes>* BufferCache::Find(CachedTable table, int partition_id, int buffer_id) {
  const auto it = entries_.find({table, partition_id, buffer_id});
  if (it == entries_.end()) return nullptr;
  found_++;
  return &it->second;
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

std::vector<base::Bytes> BufferCache::Missing(CachedTable table, int partition_id, int buffer_id, std::vector<base::Bytes> columns) const {
  const auto it = entries_.find({table, partition_id, buffer_id});
  if (it == entries_.end()) return columns;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (it->second[i].data != nullptr) columns[i] = {};
  }
  return columns;
}

void BufferCache::Keep(CachedTable table, int partition_id, int buffer_id, const std::vector<base::Bytes>& columns,
                       const std::vector<bool>& features) {
  const std::vector<base::Bytes> fresh = Missing(table, partition_id, buffer_id, columns);
  const bool any = std::any_of(fresh.begin(), fresh.end(), [](const base::Bytes& column) { return column.data != nullptr; });
  if (!any || !Fits(fresh, features)) return;
  const Parts more = BytesOf(fresh, features);
  char* to = memory_.Take(more[0] + more[1]);
  std::vector<base::Bytes>& kept = entries_.try_emplace({table, partition_id, buffer_id}, columns.size()).first->second;
  for (size_t i = 0; i < fresh.size(); ++i) {
    if (fresh[i].data == nullptr) continue;
    if (fresh[i].size > 0) std::memcpy(to, fresh[i].data, fresh[i].size);
    kept[i] = {reinterpret_cast<const uint8_t*>(to), fresh[i].size};
    to += RoundUp(fresh[i].size);
  }
  for (size_t part = 0; part < more.size(); ++part) bytes_[part] += more[part];
}

}  // namespace data
