// Columns of a buffer made ready: features decoded and put in, and kept in the cache within its two limits.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "data/buffer_view.hpp"
#include "data/feature_codec.hpp"
#include "data/feature_columns.hpp"

namespace {

using data::BufferCache;
using data::CachedTable;

base::Bytes View(const std::string& bytes) { return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}; }
base::Bytes View(const std::vector<float>& values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(float)};
}

/// A packed column x of two values, features of three, a target.
data::PackedTable Table(const std::string& encoding) {
  data::PackedTable table;
  for (const auto& [name, width] : {std::pair("x", 2), std::pair("features_1", 3)}) {
    base::ColumnSpec column;
    column.name = name;
    column.shape = {width};
    column.feature = width == 3;
    table.spec.inputs.push_back(column);
  }
  base::ColumnSpec y;
  y.name = "y";
  y.kind = base::TargetKind::kReal;
  table.spec.targets = {y};
  table.features = {{1, "t", encoding}};
  return table;
}

const std::vector<float> kX = {1, 2, 3, 4}, kY = {5, 6}, kFeatures = {0.5f, -1, 0, 2, 0, 8};

TEST(FeatureColumns, EncodedOnesBecomeFloat32) {
  for (const data::FeatureEncoding encoding :
       {data::FeatureEncoding::kFloat32, data::FeatureEncoding::kFloat32Sparse, data::FeatureEncoding::kFloat16}) {
    const data::PackedTable table = Table(data::FeatureEncodingName(encoding));
    const std::string stored = data::EncodeFeatures(encoding, kFeatures.data(), 2, 3, 3);
    std::vector<base::Bytes> columns = {View(kX), View(stored), View(kY)};
    std::vector<std::vector<float>> memory;
    data::DecodeFeatureColumns(table, 3, 4, &columns, &memory);
    ASSERT_EQ(columns[1].size, kFeatures.size() * sizeof(float));
    EXPECT_EQ(0, std::memcmp(columns[1].data, kFeatures.data(), columns[1].size));
    const base::Buffer buffer = data::ViewBuffer(table.spec, 3, 4, columns);
    EXPECT_EQ(buffer.rows, 2);
  }
}

TEST(FeatureColumns, RefuseBytesOfAnotherNumberOfRows) {
  const data::PackedTable table = Table(data::FeatureEncodingName(data::FeatureEncoding::kFloat16));
  const std::string stored = data::EncodeFeatures(data::FeatureEncoding::kFloat16, kFeatures.data(), 1, 3, 3);
  std::vector<base::Bytes> columns = {View(kX), View(stored), View(kY)};
  std::vector<std::vector<float>> memory;
  try {
    data::DecodeFeatureColumns(table, 3, 4, &columns, &memory);
    FAIL() << "taken";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kDataCorrupted);
    EXPECT_EQ(std::string(error.what()).rfind("column \"features_1\" of partition 3, buffer 4: ", 0), 0u) << error.what();
  }
}

TEST(FeatureColumns, WhatIsNotThereStaysAway) {
  const data::PackedTable table = Table("float32");
  std::vector<base::Bytes> columns = {{}, View(kFeatures), View(kY)};
  std::vector<std::vector<float>> memory;
  data::DecodeFeatureColumns(table, 0, 0, &columns, &memory);
  EXPECT_EQ(data::RowsOf(table.spec, columns), 2);
  base::Buffer buffer = data::ViewBuffer(table.spec, 0, 0, columns);
  EXPECT_EQ(buffer.inputs[0], nullptr);
  EXPECT_NE(buffer.inputs[1], nullptr);
  EXPECT_EQ(buffer.rows, 2);
  BufferCache cache(1024, 1024);
  cache.Keep(CachedTable::kTraining, 0, 0, columns, table.FeatureFlags());
  const std::vector<base::Bytes>* kept = cache.Find(CachedTable::kTraining, 0, 0);
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ((*kept)[0].data, nullptr);
  EXPECT_EQ(0, std::memcmp((*kept)[1].data, kFeatures.data(), (*kept)[1].size));
}

// Computed features are kept where there is room for them; else the packed columns that they are computed from.
TEST(FeatureColumns, AreKeptWithinTheirOwnLimit) {
  data::PackedTable table = Table("float32");
  table.features.clear();  // computed, not stored
  int computed = 0;
  std::vector<float> made;
  const data::CompleteColumns complete = [&](int, int, std::vector<base::Bytes>* columns) {
    if ((*columns)[1].data != nullptr) return;
    ++computed;
    made = kFeatures;
    (*columns)[1] = View(made);
    (*columns)[0] = {};
  };
  for (const size_t room : {size_t{0}, size_t{1024}}) {
    BufferCache cache(1024, room);
    std::vector<base::Bytes> columns = {View(kX), {}, View(kY)};
    std::vector<std::vector<float>> memory;
    data::PrepareColumns(table, CachedTable::kTraining, 0, 7, complete, &cache, &columns, &memory);
    EXPECT_EQ(columns[0].data, nullptr);
    EXPECT_NE(columns[1].data, nullptr);
    EXPECT_EQ(cache.read(), 1);
    const std::vector<base::Bytes>* kept = cache.Find(CachedTable::kTraining, 0, 7);
    ASSERT_NE(kept, nullptr);
    EXPECT_EQ((*kept)[0].data == nullptr, room > 0);
    EXPECT_EQ((*kept)[1].data != nullptr, room > 0);
    EXPECT_EQ(cache.Find(CachedTable::kValidation, 0, 7), nullptr);
  }
  EXPECT_EQ(computed, 2);
  // stored features, for which there is no room: the buffer is read again at every visit
  BufferCache cache(1024, 0);
  std::vector<base::Bytes> columns = {View(kX), View(kFeatures), View(kY)};
  std::vector<std::vector<float>> memory;
  data::PrepareColumns(Table("float32"), CachedTable::kTraining, 0, 7, {}, &cache, &columns, &memory);
  EXPECT_EQ(cache.Find(CachedTable::kTraining, 0, 7), nullptr);
  EXPECT_EQ(cache.bytes(), 0u);
}

}  // namespace
