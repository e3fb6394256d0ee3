#include "engine/math/row_decoder.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.hpp"
#include "base/philox.hpp"

namespace engine::math {
namespace {

using base::ColumnSpec;
using base::DType;

constexpr DType kTypes[] = {DType::kUInt8, DType::kInt8, DType::kInt16, DType::kInt32, DType::kFloat32, DType::kFloat64};

ColumnSpec Column(DType dtype, base::Shape shape, double scale = 1) {
  ColumnSpec column;
  column.name = "x";
  column.dtype = dtype;
  column.shape = std::move(shape);
  column.scale = scale;
  return column;
}

/// n random values of a type as packed bytes.
std::vector<uint8_t> RandomBytes(DType dtype, int64_t n) {
  base::Stream draw(3, static_cast<uint64_t>(dtype), base::Purpose::kSearch);
  const size_t size = base::DTypeSize(dtype);
  std::vector<uint8_t> bytes(static_cast<size_t>(n) * size);
  for (int64_t i = 0; i < n; i++) {
    uint8_t* at = bytes.data() + static_cast<size_t>(i) * size;
    if (dtype == DType::kFloat32) {
      const float v = static_cast<float>(draw.Normal() * 100);
      std::memcpy(at, &v, size);
    } else if (dtype == DType::kFloat64) {
      const double v = draw.Normal() * 100;
      std::memcpy(at, &v, size);
    } else {
      const uint32_t v = draw.Next();
      std::memcpy(at, &v, size);
    }
  }
  return bytes;
}

template <typename P>
P Load(const uint8_t* at) {
  P v;
  std::memcpy(&v, at, sizeof(P));
  return v;
}

/// One packed value as T, read on its own.
template <typename T>
T Single(DType dtype, const uint8_t* at) {
  switch (dtype) {
    case DType::kUInt8:
      return static_cast<T>(Load<uint8_t>(at));
    case DType::kInt8:
      return static_cast<T>(Load<int8_t>(at));
    case DType::kInt16:
      return static_cast<T>(Load<int16_t>(at));
    case DType::kInt32:
      return static_cast<T>(Load<int32_t>(at));
    case DType::kFloat32:
      return static_cast<T>(Load<float>(at));
    case DType::kFloat64:
      return static_cast<T>(Load<double>(at));
  }
  return 0;
}

template <typename T>
void CheckAllTypes() {
  constexpr int64_t kRows = 9;
  const int64_t order[] = {3, 0, 8, 8, 1};
  for (DType dtype : kTypes) {
    const size_t size = base::DTypeSize(dtype);
    for (int64_t elements = 1; elements <= 41; elements++) {
      for (bool standardise : {false, true}) {
        ColumnSpec column = Column(dtype, {elements}, 1.0 / 255);
        if (standardise) {
          for (int64_t j = 0; j < elements; j++) {
            column.mean.push_back(0.3 + 0.01 * static_cast<double>(j));
            column.std.push_back(0.7 + 0.03 * static_cast<double>(j));
          }
        }
        // one byte off: packed values need not be aligned
        std::vector<uint8_t> packed(1);
        const std::vector<uint8_t> random = RandomBytes(dtype, kRows * elements);
        packed.insert(packed.end(), random.begin(), random.end());

        const RowDecoder<T> gather(column);
        ASSERT_EQ(gather.row_elements(), elements);
        for (const int64_t* rows : {static_cast<const int64_t*>(order), static_cast<const int64_t*>(nullptr)}) {
          const int64_t n = 5;
          std::vector<T> out(static_cast<size_t>(n * elements) + 1, T(-77));
          gather.Decode(packed.data() + 1, rows, n, out.data());
          for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j < elements; j++) {
              const int64_t row = rows == nullptr ? i : rows[i];
              T expected = Single<T>(dtype, random.data() + static_cast<size_t>(row * elements + j) * size) * static_cast<T>(1.0 / 255);
              if (standardise) {
                const size_t k = static_cast<size_t>(j);
                expected = (expected - static_cast<T>(column.mean[k])) / static_cast<T>(column.std[k]);
              }
              ASSERT_EQ(std::memcmp(&expected, &out[static_cast<size_t>(i * elements + j)], sizeof(T)), 0)
                  << base::DTypeName(dtype) << " elements " << elements << " row " << i << " element " << j;
            }
          }
          ASSERT_EQ(out.back(), T(-77)) << "wrote past the end";
        }
      }
    }
  }
}

TEST(RowDecoder, FloatBitsAtAnyOffset) { CheckAllTypes<float>(); }
TEST(RowDecoder, DoubleBitsAtAnyOffset) { CheckAllTypes<double>(); }

TEST(RowDecoder, StandardisationRepeatsOverTheLastDimension) {
  ColumnSpec column = Column(DType::kUInt8, {2, 2, 3}, 0.5);
  column.mean = {1, 2, 3};
  column.std = {1, 2, 4};
  std::vector<uint8_t> packed(12);
  for (size_t i = 0; i < 12; i++) packed[i] = static_cast<uint8_t>(i * 2);
  std::vector<double> out(12);
  RowDecoder<double>(column).Decode(packed.data(), nullptr, 1, out.data());
  for (size_t i = 0; i < 12; i++) EXPECT_EQ(out[i], (static_cast<double>(i) - column.mean[i % 3]) / column.std[i % 3]);
}

TEST(RowDecoder, ScalarColumn) {
  ColumnSpec column = Column(DType::kInt16, {});
  column.mean = {10};
  column.std = {2};
  const int16_t values[] = {12, -4};
  std::vector<float> out(2);
  RowDecoder<float>(column).Decode(reinterpret_cast<const uint8_t*>(values), nullptr, 2, out.data());
  EXPECT_EQ(out, (std::vector<float>{1, -7}));
}

TEST(RowDecoder, ExactStandardisationIsRoundedOnce) {
  ColumnSpec column = Column(DType::kFloat64, {2}, 0.5);
  column.mean = {0.5 * 1700000250, 0.1};
  column.std = {72.25, 3};
  column.exact_standardisation = true;
  const double values[] = {1700000001, 0.7, 1700000002, 0.3};
  std::vector<float> out(4);
  RowDecoder<float>(column).Decode(reinterpret_cast<const uint8_t*>(values), nullptr, 2, out.data());
  for (size_t i = 0; i < 4; i++) EXPECT_EQ(out[i], static_cast<float>((values[i] * 0.5 - column.mean[i % 2]) / column.std[i % 2])) << i;
  EXPECT_NE(out[0], out[2]);
  std::vector<double> wide(4);
  RowDecoder<double>(column).Decode(reinterpret_cast<const uint8_t*>(values), nullptr, 2, wide.data());
  for (size_t i = 0; i < 4; i++) EXPECT_EQ(static_cast<float>(wide[i]), out[i]) << i;
}

TEST(RowDecoder, PartsOfRows) {
  ColumnSpec column = Column(DType::kInt16, {4});
  const int16_t values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const auto* packed = reinterpret_cast<const uint8_t*>(values);
  const int64_t rows[] = {2, 0};
  for (bool constants : {false, true}) {
    for (bool exact : {false, true}) {
      column.exact_standardisation = exact;
      column.mean = constants ? std::vector<double>{1, 2, 3, 4} : std::vector<double>();
      column.std = constants ? std::vector<double>{1, 2, 4, 8} : std::vector<double>();
      const RowDecoder<float> all(column), part(column, 1, 2);
      EXPECT_EQ(part.row_elements(), 2);
      std::vector<float> whole(12), out(6), chosen(4);
      all.Decode(packed, nullptr, 3, whole.data());
      part.Decode(packed, nullptr, 3, out.data());
      EXPECT_EQ(out, (std::vector<float>{whole[1], whole[2], whole[5], whole[6], whole[9], whole[10]}));
      part.Decode(packed, rows, 2, chosen.data());
      EXPECT_EQ(chosen, (std::vector<float>{whole[9], whole[10], whole[1], whole[2]}));
    }
  }
  std::vector<int64_t> indexes(2);
  DecodeIndexes(column, packed, rows, 2, indexes.data(), 3, 1);
  EXPECT_EQ(indexes, (std::vector<int64_t>{12, 4}));
}

TEST(RowDecoder, WrongConstantsAreRefused) {
  ColumnSpec column = Column(DType::kUInt8, {4});
  column.mean = {1, 2, 3};
  column.std = {1, 2, 3};
  EXPECT_THROW(RowDecoder<float>{column}, base::Error);
  column.mean = {1, 2, 3, 4};
  column.std = {};
  EXPECT_THROW(RowDecoder<float>{column}, base::Error);
}

TEST(RowDecoder, Indexes) {
  const int32_t values[] = {5, -1, 2147483647, 0};
  const int64_t rows[] = {1, 0};
  std::vector<int64_t> out(4);
  DecodeIndexes(Column(DType::kInt32, {2}), reinterpret_cast<const uint8_t*>(values), rows, 2, out.data());
  EXPECT_EQ(out, (std::vector<int64_t>{2147483647, 0, 5, -1}));
  DecodeIndexes(Column(DType::kInt32, {}), reinterpret_cast<const uint8_t*>(values), nullptr, 4, out.data());
  EXPECT_EQ(out, (std::vector<int64_t>{5, -1, 2147483647, 0}));
}

TEST(RowDecoder, IndexesOfFloatsAreTruncated) {
  const double values[] = {3.9, -0.5, 1e300, std::numeric_limits<double>::quiet_NaN()};
  std::vector<int64_t> out(4);
  DecodeIndexes(Column(DType::kFloat64, {4}), reinterpret_cast<const uint8_t*>(values), nullptr, 1, out.data());
  EXPECT_EQ(out, (std::vector<int64_t>{3, 0, -1, -1}));
}

}  // namespace
}  // namespace engine::math
