// Profiles, keys, buffers and moments of the packer, without a server.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "data/row_codec.hpp"
#include "pack/buffer_plan.hpp"
#include "pack/rounding_sample.hpp"
#include "pack/shuffle_key.hpp"
#include "pack/source_profile.hpp"

namespace {

using base::ColumnSpec;
using base::DType;
using data::Cell;
using data::CellType;
using pack::Profile;

data::Cell Reals(const std::vector<double>& values) {
  data::Cell cell;
  cell.type = data::CellType::kFloat64;
  cell.is_array = true;
  cell.rank = 1;
  cell.dims[0] = cell.count = static_cast<int64_t>(values.size());
  cell.data = values.data();
  return cell;
}

TEST(Profile, MergesToTheSameAsOnePass) {
  const std::vector<std::vector<double>> rows = {{1, 2}, {-3, 4}, {5, 6, 7}, {std::numeric_limits<double>::quiet_NaN(), 0}, {0.5, 9}};
  Profile all, left, right;
  for (size_t i = 0; i < rows.size(); ++i) {
    all.Add({Reals(rows[i]), data::Cell()});
    (i % 2 ? left : right).Add({Reals(rows[i]), data::Cell()});
  }
  left.Merge(right);
  left.Merge(Profile());
  EXPECT_EQ(pack::WriteProfile(left), pack::WriteProfile(all));
  EXPECT_EQ(pack::WriteProfile(pack::ReadProfile(pack::WriteProfile(all))), pack::WriteProfile(all));
  const pack::ColumnProfile& c = all.columns.at(0);
  EXPECT_EQ(all.rows, 5);
  EXPECT_EQ(c.min, -3);
  EXPECT_EQ(c.max, 9);
  EXPECT_EQ(c.nonfinite, 1);
  EXPECT_EQ(c.values, 10);
  EXPECT_FALSE(c.integral);
  EXPECT_EQ(c.CommonShape(), (base::Shape{2}));
  EXPECT_EQ(c.shapes.size(), 2u);
  EXPECT_EQ(all.columns.at(1).nulls, 5);
}

TEST(Profile, TextsWithEveryByteTravel) {
  std::string odd = "a\"b\\c\n\t{}'";
  odd += "\xc3\xa4";
  const base::Bytes view{reinterpret_cast<const uint8_t*>(odd.data()), odd.size()};
  data::Cell cell;
  cell.type = data::CellType::kText;
  cell.count = 1;
  cell.texts = &view;
  Profile profile;
  profile.Add({cell});
  const Profile back = pack::ReadProfile(pack::WriteProfile(profile));
  EXPECT_EQ(back.columns.at(0).texts.count(odd), 1u);
}

std::optional<std::pair<double, double>> Indistinct(const std::vector<double>& values) {
  pack::RoundingSample all, left, right;
  for (size_t i = 0; i < values.size(); ++i) {
    all.Add(values[i]);
    (i % 3 ? left : right).Add(values[values.size() - 1 - i]);
  }
  left.Merge(right);
  const auto found = all.Indistinct();
  EXPECT_EQ(found, left.Indistinct());
  EXPECT_EQ(found, pack::RoundingSample::Read(all.Write()).Indistinct());
  return found;
}

TEST(RoundingSample, FindsWhatFloat32CannotTellApart) {
  std::vector<double> seconds, quarters, random, grid;
  for (int i = 0; i < 5000; ++i) {
    seconds.push_back(1.7e9 + i);
    quarters.push_back(1.7e9 + i / 4.0);
    random.push_back(std::fmod(i * 0.6180339887498949, 1.0));
    random.push_back(random.back() + 1e-12);
    grid.push_back(100000 + i % 60 / 10.0);
  }
  for (const auto& values : {seconds, quarters}) {
    const auto found = Indistinct(values);
    ASSERT_TRUE(found);
    EXPECT_LT(found->first, found->second);
    EXPECT_EQ(static_cast<float>(found->first), static_cast<float>(found->second));
  }
  EXPECT_TRUE(Indistinct({16777216, 16777217, 5}));
  EXPECT_FALSE(Indistinct({16777216, 16777218, 5}));
  EXPECT_FALSE(Indistinct(random)) << "neighbours that nobody misses: float32 has millions of values between 0 and 1";
  EXPECT_FALSE(Indistinct(grid));
  EXPECT_FALSE(Indistinct({1.7e9, 1.7e9}));
  EXPECT_FALSE(Indistinct({}));
}

TEST(Profile, SamplesOfArraysAreOfEachElement) {
  std::vector<double> row(2);
  Profile profile;
  for (int i = 0; i < 100; ++i) {
    row = {i / 7.0, 1.7e9 + i};
    profile.Add({Reals(row)});
  }
  const auto found = profile.columns.at(0).IndistinctInFloat32();
  ASSERT_TRUE(found);
  EXPECT_GE(found->first, 1.7e9);
}

TEST(RowKey, RepetitionsHaveKeysOfTheirOwn) {
  const std::string row = "the same bytes";
  const base::Bytes bytes{reinterpret_cast<const uint8_t*>(row.data()), row.size()};
  std::set<int64_t> keys;
  for (int64_t n = 0; n < 1000; ++n) keys.insert(pack::RowKey(bytes, 7, n));
  EXPECT_EQ(keys.size(), 1000u);
  EXPECT_EQ(keys.count(pack::RowKey(bytes, 8, 0)), 0u);
  EXPECT_EQ(static_cast<uint64_t>(pack::RowKey(bytes, 7, 0)) ^ (uint64_t{1} << 63), base::Hash(row.data(), row.size(), 7).hi);
}

TEST(FirstRank, PartitionsDifferByAtMostOneRow) {
  for (int64_t rows : {1LL, 7LL, 8LL, 1000LL, 5003LL, 9007199254740993LL}) {
    for (int64_t partitions : {1LL, 2LL, 7LL, 8LL, 64LL}) {
      int64_t sum = 0;
      for (int64_t p = 0; p < partitions; ++p) {
        const int64_t size = pack::FirstRank(p + 1, partitions, rows) - pack::FirstRank(p, partitions, rows);
        EXPECT_TRUE(size == rows / partitions || size == rows / partitions + 1);
        sum += size;
      }
      EXPECT_EQ(sum, rows);
    }
  }
}

TEST(Buffers, MultiplesOfBatchSizesAndNoTinyRest) {
  EXPECT_EQ(pack::PlanBuffers(std::nullopt, 4 << 20, 794).rows, 5120);  // 5282 rounded down to a multiple of 256
  EXPECT_EQ(pack::PlanBuffers(std::nullopt, 4 << 20, 30000).rows, 128);
  EXPECT_EQ(pack::PlanBuffers(std::nullopt, 4 << 20, 100000).rows, 32);
  EXPECT_EQ(pack::PlanBuffers(std::nullopt, 4 << 20, 1 << 20).rows, 4);
  EXPECT_EQ(pack::PlanBuffers(std::nullopt, 4 << 20, 64 << 20).rows, 1);
  const pack::BufferPlan by_bytes = pack::PlanBuffers(std::nullopt, 4 << 20, 794);
  EXPECT_EQ(pack::BufferRows(by_bytes, 7500), 3840);
  EXPECT_EQ(pack::BufferRows(by_bytes, 5121), 2816);
  EXPECT_EQ(pack::BufferRows(by_bytes, 100), 100);
  EXPECT_EQ(pack::BufferRows(by_bytes, 0), 1);
  const pack::BufferPlan given = pack::PlanBuffers(100, 4 << 20, 794);
  EXPECT_EQ(pack::BufferRows(given, 7500), 100);
  EXPECT_EQ(pack::BufferRows(given, 99), 99);
  for (int64_t rows = 1; rows < 30000; rows += 37) {
    const int64_t size = pack::BufferRows(by_bytes, rows);
    EXPECT_LE(size, by_bytes.rows);
    EXPECT_EQ((rows + size - 1) / size, (rows + by_bytes.rows - 1) / by_bytes.rows) << rows;
  }
}

TEST(Moments, OfThePopulationAndScaled) {
  ColumnSpec column;
  column.dtype = DType::kFloat32;
  column.shape = {2, 2};
  column.scale = 0.5;
  const std::vector<float> rows = {100001, 5, 100003, 5, 100005, 5, 100007, 5};
  pack::Moments moments(column), next(column), copy(column);
  // a buffer after the other, the second one by way of its bytes
  moments.Add({reinterpret_cast<const uint8_t*>(rows.data()), 16});
  next.Add({reinterpret_cast<const uint8_t*>(rows.data() + 4), 16});
  const std::string bytes = next.Write();
  EXPECT_EQ(bytes.size(), next.written_bytes());
  copy.Read({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  moments.Merge(copy);
  moments.Finish(&column);
  EXPECT_DOUBLE_EQ(column.mean.at(0), 50002);
  EXPECT_DOUBLE_EQ(column.std.at(0), std::sqrt(5.0) * 0.5);
  EXPECT_DOUBLE_EQ(column.mean.at(1), 2.5);
  EXPECT_DOUBLE_EQ(column.std.at(1), 1);  // a constant is not divided by 0
  EXPECT_THROW(copy.Read({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size() - 1}), base::Error);
}

}  // namespace
