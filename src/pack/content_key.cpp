#include "pack/content_key.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>

#include "base/hash.hpp"

namespace pack {
namespace {

constexpr uint64_t kSplit = 0x73706c6974;  // "split": no key of the shuffle is made of the same bytes

template <typename T>
void HashReals(const data::Cell& cell, base::Hasher* hasher) {
  const char* in = static_cast<const char*>(cell.data);
  for (int64_t i = 0; i < cell.count; ++i, in += sizeof(T)) {
    T value;
    std::memcpy(&value, in, sizeof(value));
    if (value == 0) value = 0;  // the negative one, too
    if (std::isnan(value)) value = std::numeric_limits<T>::quiet_NaN();
    hasher->Update(&value, sizeof(value));
  }
}

size_t ElementBytes(data::CellType type) {
  switch (type) {
    case data::CellType::kBool:
    case data::CellType::kBytes:
      return 1;
    case data::CellType::kInt16:
      return sizeof(int16_t);
    case data::CellType::kInt32:
      return sizeof(int32_t);
    case data::CellType::kInt64:
      return sizeof(int64_t);
    default:
      return 0;  // hashed by their values
  }
}

void HashCell(const data::Cell& cell, base::Hasher* hasher) {
  const bool null = cell.type == data::CellType::kNull || cell.has_null_elements;
  const auto type = static_cast<uint64_t>(null ? data::CellType::kNull : cell.type);
  hasher->UpdateU64(type << 56 | static_cast<uint64_t>(null ? 0 : cell.rank) << 48 |
                    static_cast<uint64_t>(null ? 0 : cell.count));
  if (null) return;
  for (int d = 0; d < cell.rank; ++d) hasher->UpdateU64(static_cast<uint64_t>(cell.dims[d]));
  switch (cell.type) {
    case data::CellType::kFloat32:
      return HashReals<float>(cell, hasher);
    case data::CellType::kFloat64:
      return HashReals<double>(cell, hasher);
    case data::CellType::kText:
      for (int64_t i = 0; i < cell.count; ++i) {
        hasher->UpdateU64(cell.texts[i].size);
        hasher->Update(cell.texts[i]);
      }
      return;
    default:
      hasher->Update(cell.data, static_cast<size_t>(cell.count) * ElementBytes(cell.type));
  }
}

}  // namespace

int64_t ContentKey(const std::vector<data::Cell>& cells, uint64_t seed) {
  base::Hasher hasher(seed);
  hasher.UpdateU64(kSplit);
  for (const data::Cell& cell : cells) HashCell(cell, &hasher);
  const auto key = static_cast<int64_t>(hasher.Finish().hi ^ (uint64_t{1} << 63));
  return std::max(key, std::numeric_limits<int64_t>::min() + 1);
}

}  // namespace pack
