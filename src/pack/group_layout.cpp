#include "pack/group_layout.hpp"

#include <cstring>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "pack/partition_ranks.hpp"

namespace pack {

using base::Error;
using base::ErrorCode;

namespace {

constexpr size_t kEntryWords = 5;  // partition, buffer, rows, both halves of the hash

}  // namespace

std::pair<int32_t, int32_t> GroupPosition(const BufferPlan& plan, int64_t rows, int32_t partitions, int64_t rank) {
  // more rows than any table has: sums of them stay numbers
  constexpr int64_t kMostRows = int64_t{1} << 60;
  if (plan.rows < 1 || rows > kMostRows || plan.rows > kMostRows) {
    throw Error(ErrorCode::kInvalidParameter, "a buffer of " + std::to_string(plan.rows) + " rows of a group of " +
                                                  std::to_string(rows) + " is none");
  }
  if (rank < 0 || rank >= rows || partitions < 1) {
    throw Error(ErrorCode::kInvalidParameter, "row " + std::to_string(rank) + " is none of a group of " + std::to_string(rows));
  }
  const PartitionRanks ranks(rows, partitions);
  const int64_t partition = ranks.PartitionOf(rank);
  const int64_t buffer = (rank - ranks.First(partition)) / BufferRows(plan, ranks.Rows(partition));
  return {static_cast<int32_t>(partition), static_cast<int32_t>(buffer)};
}

size_t ClassCounts(const base::DataSpec& spec) {
  size_t classes = 0;
  for (const base::ColumnSpec& target : spec.targets) {
    const bool labels = target.kind == base::TargetKind::kOneHot || target.kind == base::TargetKind::kClassIndex;
    if (labels) classes += static_cast<size_t>(target.num_classes);
  }
  return classes;
}

std::string BufferEntry(int64_t partition, int64_t buffer, base::Bytes digest) {
  const int64_t words[] = {partition, buffer};
  std::string entry(reinterpret_cast<const char*>(words), sizeof(words));
  entry.append(reinterpret_cast<const char*>(digest.data), digest.size);
  return entry;
}

GroupContents ReadEntries(base::Bytes entries, size_t classes) {
  // an entry has a number a class: more classes than bytes are none of these entries
  if (classes > entries.size) {
    throw Error(ErrorCode::kInvalidParameter, "the digests of a group's buffers have " + std::to_string(entries.size) +
                                                  " bytes, which hold no counts of " + std::to_string(classes) +
                                                  " classes");
  }
  const size_t entry_bytes = (kEntryWords + classes) * sizeof(uint64_t);
  if (entries.size % entry_bytes != 0) {
    throw Error(ErrorCode::kDataCorrupted, "the digests of a group's buffers have " + std::to_string(entries.size) +
                                               " bytes, which is not a whole number of " + std::to_string(entry_bytes));
  }
  GroupContents contents;
  contents.class_rows.assign(classes, 0);
  base::Hasher hasher(0);
  std::vector<uint64_t> words(kEntryWords + classes);
  for (const uint8_t* at = entries.data; at < entries.data + entries.size; at += entry_bytes) {
    std::memcpy(words.data(), at, entry_bytes);
    for (size_t i = 0; i < kEntryWords; ++i) hasher.UpdateU64(words[i]);
    contents.rows += static_cast<int64_t>(words[2]);
    for (size_t c = 0; c < classes; ++c) contents.class_rows[c] += static_cast<int64_t>(words[kEntryWords + c]);
  }
  contents.digest = base::ToHex(hasher.Finish());
  return contents;
}

}  // namespace pack
