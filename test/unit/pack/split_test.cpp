// Shares of classes, cuts, ranks of partitions with folds, keys of rows.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <set>
#include <vector>

#include "base/error.hpp"
#include "base/philox.hpp"
#include "pack/class_cuts.hpp"
#include "pack/content_key.hpp"
#include "pack/partition_ranks.hpp"
#include "pack/shuffle_key.hpp"

namespace {

using pack::ClassShare;

TEST(ShareRows, IsWithinOneRowOfEachClassAndOfAll) {
  base::Stream random(1, 0, base::Purpose::kSearch);
  for (int round = 0; round < 500; ++round) {
    std::vector<int64_t> classes(1 + random.Below(20));
    for (int64_t& rows : classes) rows = 1 + static_cast<int64_t>(random.Below(round % 2 == 0 ? 5 : 1000));
    const double fraction = 0.001 + 0.998 * random.Uniform();
    const auto folds = static_cast<int64_t>(random.Below(3) == 0 ? 0 : 2 + random.Below(10));
    const std::vector<ClassShare> shares = pack::ShareRows(classes, fraction, folds);
    ASSERT_EQ(shares.size(), classes.size());
    std::vector<int64_t> fold_rows(static_cast<size_t>(folds), 0);
    for (size_t c = 0; c < classes.size(); ++c) {
      const ClassShare& share = shares[c];
      ASSERT_EQ(share.rows, classes[c]);
      ASSERT_GE(share.validation, 0);
      ASSERT_LT(share.validation, classes[c]) << "a class keeps a row that trains";
      ASSERT_LT(std::abs(static_cast<double>(share.validation) - fraction * static_cast<double>(classes[c])),
                1.0 + 1e-9);
      ASSERT_EQ(share.folds.size(), static_cast<size_t>(folds));
      if (folds == 0) continue;
      ASSERT_EQ(std::accumulate(share.folds.begin(), share.folds.end(), int64_t{0}), share.rows - share.validation);
      const auto [fewest, most] = std::minmax_element(share.folds.begin(), share.folds.end());
      ASSERT_LE(*most - *fewest, 1);
      for (size_t f = 0; f < fold_rows.size(); ++f) fold_rows[f] += share.folds[f];
    }
    if (folds == 0) continue;
    const auto [fewest, most] = std::minmax_element(fold_rows.begin(), fold_rows.end());
    ASSERT_LE(*most - *fewest, 1);
  }
}

TEST(ShareRows, WithoutAFractionNobodyValidates) {
  for (const ClassShare& share : pack::ShareRows({5, 1, 100}, 0, 3)) EXPECT_EQ(share.validation, 0);
  EXPECT_TRUE(pack::ShareRows({}, 0.5, 2).empty());
}

TEST(ClassCuts, ComeBack) {
  const std::vector<pack::ClassCuts> cuts = {
      {std::numeric_limits<int64_t>::min(), {std::numeric_limits<int64_t>::min(), -1, 5}}, {7, {}}};
  const std::vector<pack::ClassCuts> read = pack::ReadCuts(pack::WriteCuts(cuts));
  ASSERT_EQ(read.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read[i].id, cuts[i].id);
    EXPECT_EQ(read[i].last_keys, cuts[i].last_keys);
  }
  for (const char* text : {"[[]]", "{}", "[5]", "[[1, 3, 2]]", "[[1.5]]", "[["})
    EXPECT_THROW(pack::ReadCuts(text), base::Error) << text;
}

TEST(PartitionRanks, FoldsAreCutByThemselves) {
  const pack::PartitionRanks ranks({7, 5, 6}, 6);
  std::vector<int64_t> first;
  for (int64_t p = 0; p <= 6; ++p) first.push_back(ranks.First(p));
  EXPECT_EQ(first, (std::vector<int64_t>{0, 3, 7, 9, 12, 15, 18}));
  base::Stream random(2, 0, base::Purpose::kSearch);
  for (int round = 0; round < 200; ++round) {
    const int64_t folds = 1 + static_cast<int64_t>(random.Below(6)), each = 1 + static_cast<int64_t>(random.Below(5));
    std::vector<int64_t> rows;
    for (int64_t f = 0; f < folds; ++f) rows.push_back(each + static_cast<int64_t>(random.Below(50)));
    const pack::PartitionRanks made(rows, folds * each);
    ASSERT_EQ(made.rows(), std::accumulate(rows.begin(), rows.end(), int64_t{0}));
    for (int64_t p = 0; p < made.partitions(); ++p) {
      ASSERT_GE(made.Rows(p), 1);
      for (int64_t rank = made.First(p); rank < made.First(p + 1); ++rank) ASSERT_EQ(made.PartitionOf(rank), p);
    }
    for (int64_t f = 0, before = 0; f < folds; before += rows[static_cast<size_t>(f++)])
      ASSERT_EQ(made.First(f * each), before);
  }
}

TEST(FoldKey, KeepsTheOrderWithinAFold) {
  base::Stream random(3, 0, base::Purpose::kSearch);
  for (const int64_t folds : {1, 2, 3, 5, 8, 1000}) {
    int64_t last = std::numeric_limits<int64_t>::min();
    for (int64_t fold = 0; fold < folds; ++fold) {
      for (const int64_t key : {std::numeric_limits<int64_t>::min(), -(int64_t{1} << 40), int64_t{1} << 40,
                                std::numeric_limits<int64_t>::max()}) {
        const int64_t made = pack::FoldKey(key, fold, folds);
        ASSERT_EQ(pack::FoldOfKey(made, folds), fold);
        ASSERT_GE(made, last);
        last = made;
      }
    }
    for (int i = 0; i < 100; ++i) {
      const auto a = static_cast<int64_t>(random.Next64()), b = static_cast<int64_t>(random.Next64());
      ASSERT_LE(pack::FoldKey(std::min(a, b), folds - 1, folds), pack::FoldKey(std::max(a, b), folds - 1, folds));
    }
  }
  EXPECT_EQ(pack::FoldKey(-5, 0, 1), -5);
}

template <typename T>
data::Cell Number(data::CellType type, const T* value) {
  data::Cell cell;
  cell.type = type;
  cell.count = 1;
  cell.data = value;
  return cell;
}

TEST(ContentKey, IsOfValues) {
  const double zero = 0.0, negative_zero = -0.0, nan = std::nan(""), other_nan = -std::nan("1"), one = 1;
  const auto key = [](const double& value) { return pack::ContentKey({Number(data::CellType::kFloat64, &value)}, 1); };
  EXPECT_EQ(key(zero), key(negative_zero));
  EXPECT_EQ(key(nan), key(other_nan));
  EXPECT_NE(key(zero), key(one));
  EXPECT_NE(pack::ContentKey({Number(data::CellType::kFloat64, &one)}, 2), key(one));
  const int32_t integer = 1;
  EXPECT_NE(pack::ContentKey({Number(data::CellType::kInt32, &integer)}, 1), key(one));
  // texts are told apart by their lengths, NULLs from what they are beside
  const auto texts = [](std::vector<base::Bytes> parts) {
    data::Cell cell;
    cell.type = data::CellType::kText;
    cell.is_array = true;
    cell.rank = 1;
    cell.dims[0] = cell.count = static_cast<int64_t>(parts.size());
    cell.texts = parts.data();
    return pack::ContentKey({cell}, 1);
  };
  const uint8_t bytes[] = {'a', 'b', 'c'};
  EXPECT_NE(texts({{bytes, 1}, {bytes + 1, 2}}), texts({{bytes, 2}, {bytes + 2, 1}}));
  const data::Cell null;
  EXPECT_NE(pack::ContentKey({null, Number(data::CellType::kInt32, &integer)}, 1),
            pack::ContentKey({Number(data::CellType::kInt32, &integer), null}, 1));
  // frozen, worked out from the format by another program: stored splits must be found again
  const int16_t words[] = {1, 2, 300};
  data::Cell array = Number(data::CellType::kInt16, words);
  array.is_array = true;
  array.rank = 1;
  array.dims[0] = array.count = 3;
  EXPECT_EQ(pack::ContentKey({array, null}, 5), 9028946780840542237LL);
}

}  // namespace
