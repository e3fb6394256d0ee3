// Where rows lie on a cluster: every rank has one position, cuts are exact, buffer digests make the digest.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/error.hpp"
#include "pack/buffer_digest.hpp"
#include "pack/cluster_layout.hpp"
#include "pack/shuffle_key.hpp"

namespace {

using pack::ClusterLayout;

ClusterLayout Layout(int64_t rows, int partitions, std::vector<int32_t> distribution_keys, int buffer_rows, bool exact) {
  ClusterLayout layout;
  layout.rows = rows;
  layout.partitions = partitions;
  layout.plan = {buffer_rows, exact};
  layout.distribution_keys = std::move(distribution_keys);
  layout.cuts.resize(layout.distribution_keys.size() - 1);
  return layout;
}

TEST(ClusterLayout, CutsEverySegmentIntoItsPartitionsAndBuffers) {
  for (const ClusterLayout& layout : {Layout(5003, 6, {4, 0, 2}, 100, true), Layout(5003, 6, {4, 0, 2}, 100, false),
                                   Layout(7, 7, {1}, 3, true), Layout(10, 3, {5, 6, 7}, 1, true)}) {
    const int each = layout.partitions / static_cast<int>(layout.distribution_keys.size());
    int64_t rank = 0;
    std::pair<int32_t, int32_t> last{-1, 0};
    for (size_t d = 0; d < layout.distribution_keys.size(); ++d) {
      ASSERT_EQ(layout.First(d), rank);
      for (int64_t n = 0; n < layout.First(d + 1) - layout.First(d); ++n, ++rank) {
        const auto position = layout.BufferPosition(d, n);
        ASSERT_EQ(position.first / each, static_cast<int>(d));
        ASSERT_GE(rank, pack::FirstRank(position.first, layout.partitions, layout.rows));
        ASSERT_LT(rank, pack::FirstRank(position.first + 1, layout.partitions, layout.rows));
        if (position != last) {
          ASSERT_EQ(position.second, position.first == last.first ? last.second + 1 : 0);
        }
        last = position;
      }
      EXPECT_THROW(layout.BufferPosition(d, layout.First(d + 1) - layout.First(d)), base::Error);
    }
    EXPECT_EQ(rank, layout.rows);
    EXPECT_EQ(last.first, layout.partitions - 1);
  }
}

TEST(ClusterLayout, FoldsAreWholePartitions) {
  ClusterLayout layout = Layout(18, 6, {4, 0, 2}, 100, true);
  layout.fold_rows = {7, 11};
  const ClusterLayout copy = ClusterLayout::Read(layout.Write());
  EXPECT_EQ(copy.fold_rows, layout.fold_rows);
  std::vector<int64_t> rows(6, 0);
  for (size_t d = 0; d < 3; ++d) {
    for (int64_t n = 0; n < copy.First(d + 1) - copy.First(d); ++n) ++rows[static_cast<size_t>(copy.BufferPosition(d, n).first)];
  }
  EXPECT_EQ(rows, (std::vector<int64_t>{2, 2, 3, 3, 4, 4}));
  layout.fold_rows = {7, 12};
  EXPECT_THROW(ClusterLayout::Read(layout.Write()), base::Error);
}

TEST(PackTally, CountsRowsOfClasses) {
  base::DataSpec spec;
  spec.inputs.resize(1);
  spec.inputs[0].dtype = base::DType::kUInt8;
  base::ColumnSpec hot, index;
  hot.kind = base::TargetKind::kOneHot;
  hot.dtype = base::DType::kUInt8;
  hot.shape = {3};
  hot.num_classes = 3;
  hot.class_values = {"a", "b"};
  index.kind = base::TargetKind::kClassIndex;
  index.dtype = base::DType::kInt32;
  index.num_classes = 2;
  index.class_values = {"x", "y"};
  spec.targets = {hot, index};
  const uint8_t input[] = {1, 2, 3, 4}, hots[] = {1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0};
  const int32_t indexes[] = {1, 1, 1, 0};
  pack::PackTally tally(spec, pack::PartitionRanks(4, 1));
  for (const size_t first : {size_t{0}, size_t{2}}) {
    const std::vector<base::Bytes> columns = {{input + first, 2}, {hots + 3 * first, 6}, {reinterpret_cast<const uint8_t*>(indexes + first), 8}};
    const std::string text = pack::DigestBuffer(spec, {false}, columns).Write();
    EXPECT_THROW(pack::ReadBufferDigest(spec, {false}, {reinterpret_cast<const uint8_t*>(text.data()), text.size() - 8}), base::Error);
    tally.Add(0, first == 0 ? 0 : 1, pack::ReadBufferDigest(spec, {false}, {reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
  }
  const pack::Packed packed = tally.Finish();
  EXPECT_EQ(packed.spec.targets[0].class_rows, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(packed.spec.targets[1].class_rows, (std::vector<int64_t>{1, 3}));
  // the description keeps them
  EXPECT_EQ(base::ReadDataSpec(base::WriteDataSpec(packed.spec)).targets[1].class_rows, packed.spec.targets[1].class_rows);
}

TEST(ClusterLayout, FindsTheSegmentOfAKeyEvenAmongEqualKeys) {
  // ten rows by key and position among equal keys; five segments of two rows
  const std::vector<std::pair<int64_t, int64_t>> rows = {
      {std::numeric_limits<int64_t>::min(), 1}, {-5, 1}, {7, 1}, {7, 2}, {7, 3}, {7, 4}, {7, 5}, {8, 1}, {9, 1},
      {std::numeric_limits<int64_t>::max(), 1}};
  ClusterLayout layout = Layout(10, 5, {0, 1, 2, 3, 4}, 1, true);
  for (size_t d = 0; d < layout.cuts.size(); ++d) {
    const auto& first = rows[2 * (d + 1)];
    layout.cuts[d] = {first.first, first.second - 1};
  }
  const ClusterLayout copy = ClusterLayout::Read(layout.Write());
  EXPECT_EQ(copy.Write(), layout.Write());
  for (size_t r = 0; r < rows.size(); ++r) EXPECT_EQ(copy.Segment(rows[r].first, rows[r].second), r / 2) << r;
  EXPECT_THROW(ClusterLayout::Read("{\"rows\": 3}"), base::Error);
  layout.partitions = 7;
  EXPECT_THROW(ClusterLayout::Read(layout.Write()), base::Error);
}

TEST(PackTally, TakesDigestsInOrderOnly) {
  base::DataSpec spec;
  base::ColumnSpec x;
  x.dtype = base::DType::kFloat32;
  x.shape = {2};
  spec.inputs = {x};
  const std::vector<float> values = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const auto digest = [&](size_t first, size_t rows) {
    const base::Bytes bytes{reinterpret_cast<const uint8_t*>(values.data() + 2 * first), rows * 8};
    const pack::BufferDigest made = pack::DigestBuffer(spec, {true}, {bytes});
    const std::string text = made.Write();
    EXPECT_THROW(pack::ReadBufferDigest(spec, {true}, {reinterpret_cast<const uint8_t*>(text.data()), text.size() - 1}), base::Error);
    return pack::ReadBufferDigest(spec, {true}, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  };
  pack::PackTally tally(spec, pack::PartitionRanks(5, 2));
  tally.Add(0, 0, digest(0, 2));
  EXPECT_THROW(tally.Add(0, 0, digest(0, 2)), base::Error);
  EXPECT_THROW(tally.Add(2, 0, digest(0, 2)), base::Error);
  tally.Add(1, 0, digest(2, 2));
  pack::PackTally short_tally = tally;
  EXPECT_THROW(short_tally.Finish(), base::Error);
  tally.Add(1, 1, digest(4, 1));
  const pack::Packed packed = tally.Finish();
  EXPECT_EQ(packed.partition_rows, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(packed.partition_buffers, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(packed.max_buffer_rows, 2);
  EXPECT_EQ(packed.spec.inputs[0].mean, (std::vector<double>{5, 6}));
  EXPECT_EQ(packed.spec.rows, 5);
}

}  // namespace
