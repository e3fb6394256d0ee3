#include "pack/suspect_groups.hpp"

#include <algorithm>
#include <cstring>

namespace pack {
namespace {

constexpr uint32_t kNone = UINT32_MAX;
constexpr size_t kFewestCells = 64;
constexpr uint32_t kMostRanges = 1 << 20;  // 8 MB
constexpr uint32_t kFewestRangePages = 4;  // so that reading a range is worth its beginning

/// Of a few bytes: keys are short.
uint64_t HashOf(std::string_view key) {
  uint64_t hash = 0x9e3779b97f4a7c15ULL ^ key.size();
  const auto mix = [&hash](uint64_t word) {
    hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
    hash ^= hash >> 32;
  };
  size_t i = 0;
  for (; i + sizeof(uint64_t) <= key.size(); i += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, key.data() + i, sizeof(word));
    mix(word);
  }
  uint64_t rest = 0;
  std::memcpy(&rest, key.data() + i, key.size() - i);
  mix(rest);
  return hash;
}

}  // namespace

SuspectGroups::SuspectGroups(uint32_t pages) : cells_(kFewestCells, kNone), pages_(pages) {
  range_pages_ = std::max(kFewestRangePages, pages / kMostRanges + 1);
  ranges_.resize(pages / range_pages_ + 1);
}

std::string_view SuspectGroups::KeyOf(const Group& group) const {
  return std::string_view(keys_).substr(group.key_begin, group.key_bytes);
}

bool SuspectGroups::Suspect(const Group& group) {
  return group.counted > 0 && (group.id == 0 || group.suspect || group.counted != group.expected);
}

uint32_t SuspectGroups::Find(uint64_t hash, std::string_view key) const {
  const size_t mask = cells_.size() - 1;
  for (size_t cell = hash & mask; cells_[cell] != kNone; cell = (cell + 1) & mask) {
    const Group& group = groups_[cells_[cell]];
    if (group.hash == hash && KeyOf(group) == key) return cells_[cell];
  }
  return kNone;
}

void SuspectGroups::Grow() {
  cells_.assign(2 * cells_.size(), kNone);
  const size_t mask = cells_.size() - 1;
  for (uint32_t g = 0; g < groups_.size(); ++g) {
    size_t cell = groups_[g].hash & mask;
    while (cells_[cell] != kNone) cell = (cell + 1) & mask;
    cells_[cell] = g;
  }
}

uint32_t SuspectGroups::Insert(uint64_t hash, std::string_view key) {
  const auto position = static_cast<uint32_t>(groups_.size());
  Group group;
  group.hash = hash;
  group.key_begin = keys_.size();
  group.key_bytes = static_cast<uint32_t>(key.size());
  groups_.push_back(group);
  keys_.append(key);
  if (2 * groups_.size() > cells_.size()) {
    Grow();
    return position;
  }
  const size_t mask = cells_.size() - 1;
  size_t cell = hash & mask;
  while (cells_[cell] != kNone) cell = (cell + 1) & mask;
  cells_[cell] = position;
  return position;
}

bool SuspectGroups::AddKnown(std::string_view key, int64_t group_id, int64_t rows, bool comparable) {
  const uint64_t hash = HashOf(key);
  if (Find(hash, key) != kNone) return false;
  Group& group = groups_[Insert(hash, key)];
  group.id = group_id;
  group.expected = rows;
  group.suspect = !comparable;
  ++known_;
  last_id_ = std::max(last_id_, group_id);
  return true;
}

// Rows of a group often lie together.
void SuspectGroups::AddRow(std::string_view key, uint32_t page, bool written, bool counts) {
  ++all_rows_;
  if (last_ >= groups_.size() || KeyOf(groups_[last_]) != key) {
    const uint64_t hash = HashOf(key);
    last_ = Find(hash, key);
    if (last_ == kNone) last_ = Insert(hash, key);
  }
  Group& group = groups_[last_];
  group.suspect = group.suspect || written;
  if (!counts) return;
  ++group.counted;
  ++rows_;
  Range& range = ranges_[std::min<size_t>(page / range_pages_, ranges_.size() - 1)];
  range.lowest = std::min(range.lowest, last_);
  range.highest = std::max(range.highest, last_);
}

bool SuspectGroups::IsSuspect(std::string_view key) const {
  const uint32_t position = Find(HashOf(key), key);
  return position != kNone && Suspect(groups_[position]);
}

int64_t SuspectGroups::suspect_rows() const {
  int64_t rows = 0;
  for (const Group& group : groups_) rows += Suspect(group) ? group.counted : 0;
  return rows;
}

std::vector<int64_t> SuspectGroups::Vanished() const {
  std::vector<int64_t> ids;
  for (const Group& group : groups_) {
    if (group.id != 0 && group.counted == 0) ids.push_back(group.id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<std::pair<uint32_t, uint32_t>> SuspectGroups::SuspectPages() const {
  std::vector<uint32_t> before(groups_.size() + 1, 0);  // how many suspects stand before a position
  for (size_t g = 0; g < groups_.size(); ++g) before[g + 1] = before[g] + (Suspect(groups_[g]) ? 1 : 0);
  std::vector<std::pair<uint32_t, uint32_t>> pages;
  for (size_t r = 0; r < ranges_.size(); ++r) {
    const Range& range = ranges_[r];
    if (range.lowest > range.highest || before[range.highest + 1] == before[range.lowest]) continue;
    const auto first = static_cast<uint32_t>(r) * range_pages_;
    // pages that came behind the last one since have no row that was counted
    const uint32_t count = std::min(range_pages_, pages_ > first ? pages_ - first : 1);
    if (!pages.empty() && pages.back().first + pages.back().second == first) {
      pages.back().second += count;
    } else {
      pages.emplace_back(first, count);
    }
  }
  return pages;
}

}  // namespace pack
