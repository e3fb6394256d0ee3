// Groups lie as packed tables of their rows alone do, and have their digests.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "pack/buffer_digest.hpp"
#include "pack/buffer_plan.hpp"
#include "pack/group_layout.hpp"
#include "pack/partition_ranks.hpp"

namespace {

// What TableWriter makes of so many rows: partitions one after the other, each cut into buffers.
std::vector<std::pair<int32_t, int32_t>> PositionsAlone(const pack::BufferPlan& plan, int64_t rows, int partitions) {
  const pack::PartitionRanks ranks(rows, partitions);
  std::vector<std::pair<int32_t, int32_t>> positions;
  for (int32_t p = 0; p < partitions; ++p) {
    const int64_t each = pack::BufferRows(plan, ranks.Rows(p));
    for (int64_t r = 0; r < ranks.Rows(p); ++r) positions.emplace_back(p, static_cast<int32_t>(r / each));
  }
  return positions;
}

TEST(GroupLayout, BuffersWithoutRowsHaveNoPositions) {
  EXPECT_THROW(pack::GroupPosition({0, true}, 10, 1, 0), base::Error);
  EXPECT_THROW(pack::GroupPosition({0, false}, 10, 1, 9), base::Error);
  EXPECT_THROW(pack::GroupPosition({4, true}, 10, 0, 0), base::Error);
}

TEST(GroupLayout, PositionsAreThoseOfATableAlone) {
  for (const pack::BufferPlan& plan : {pack::BufferPlan{1, true}, pack::BufferPlan{7, true},
                                       pack::BufferPlan{64, false}, pack::BufferPlan{100000, false}}) {
    for (const std::pair<int64_t, int>& size :
         {std::pair<int64_t, int>{1, 1}, {2, 2}, {7, 3}, {64, 1}, {65, 1}, {1000, 8}, {5003, 4}}) {
      const auto alone = PositionsAlone(plan, size.first, size.second);
      for (int64_t rank = 0; rank < size.first; ++rank) {
        ASSERT_EQ(pack::GroupPosition(plan, size.first, size.second, rank), alone[static_cast<size_t>(rank)])
            << "rank " << rank << " of " << size.first << " rows, buffers of " << plan.rows;
      }
      EXPECT_THROW(pack::GroupPosition(plan, size.first, size.second, size.first), base::Error);
      EXPECT_THROW(pack::GroupPosition(plan, size.first, size.second, -1), base::Error);
    }
  }
}

base::DataSpec Spec() {
  base::DataSpec spec;
  base::ColumnSpec x;
  x.name = "x";
  x.dtype = base::DType::kUInt8;
  spec.inputs.push_back(x);
  base::ColumnSpec y = x;
  y.name = "y";
  y.dtype = base::DType::kInt32;
  y.kind = base::TargetKind::kClassIndex;
  y.class_values = {"a", "b"};
  y.num_classes = 3;
  spec.targets.push_back(y);
  return spec;
}

pack::BufferDigest DigestOf(const base::DataSpec& spec, const std::vector<uint8_t>& x, const std::vector<int32_t>& y) {
  const base::Bytes labels{reinterpret_cast<const uint8_t*>(y.data()), y.size() * sizeof(int32_t)};
  return pack::DigestBuffer(spec, {false}, {{x.data(), x.size()}, labels});
}

TEST(GroupLayout, DigestIsThatOfATableAlone) {
  const base::DataSpec spec = Spec();
  const pack::PartitionRanks ranks(5, 2);
  pack::PackTally tally(spec, ranks);
  std::string entries;
  const auto add = [&](int64_t partition, int64_t buffer, const pack::BufferDigest& digest) {
    tally.Add(partition, buffer, digest);
    const std::string bytes = digest.Write();
    entries += pack::BufferEntry(partition, buffer, {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  };
  add(0, 0, DigestOf(spec, {1, 2}, {0, 1}));
  add(1, 0, DigestOf(spec, {3, 4}, {1, 1}));
  add(1, 1, DigestOf(spec, {5}, {0}));
  const pack::Packed packed = tally.Finish();
  const size_t classes = pack::ClassCounts(spec);
  ASSERT_EQ(classes, 3u);
  const base::Bytes bytes{reinterpret_cast<const uint8_t*>(entries.data()), entries.size()};
  const pack::GroupContents contents = pack::ReadEntries(bytes, classes);
  EXPECT_EQ(contents.digest, packed.digest);
  EXPECT_EQ(contents.rows, 5);
  EXPECT_EQ(contents.class_rows, (std::vector<int64_t>{2, 3, 0}));
  EXPECT_THROW(pack::ReadEntries({bytes.data, bytes.size - 1}, classes), base::Error);
  EXPECT_THROW(pack::ReadEntries(bytes, classes + 1), base::Error);
  // a number of bytes an entry that is none, or more than any
  EXPECT_THROW(pack::ReadEntries(bytes, static_cast<size_t>(-5)), base::Error);
  EXPECT_THROW(pack::ReadEntries({bytes.data, 0}, size_t{1} << 40), base::Error);
  // labels that are no whole rows
  const std::vector<uint8_t> x = {1};
  EXPECT_THROW(pack::DigestBuffer(spec, {false}, {{x.data(), 1}, {x.data(), 1}}), base::Error);
  EXPECT_THROW(pack::DigestBuffer(spec, {false}, {{x.data(), 1}}), base::Error);
}

}  // namespace
