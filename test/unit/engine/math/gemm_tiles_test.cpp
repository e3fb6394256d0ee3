// Products in tiles: the same bits on every instruction set and at any alignment, and nothing written outside the results.
#include "engine/math/gemm_tiles.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "../numbers.hpp"
#include "instruction_sets.hpp"

namespace {

// n numbers behind `shift` elements that nobody asks for.
template <typename T>
std::vector<T> Values(size_t shift, int64_t n, uint64_t stream) {
  std::vector<T> values(shift);
  for (double v : fixture::Numbers(static_cast<size_t>(n), stream)) values.push_back(static_cast<T>(v));
  return values;
}

// Products, gradients and sums of one shape by one set; `shift`: elements before every array, so that its alignment changes.
template <typename T>
std::vector<T> GemmResults(engine::math::InstructionSet set, int64_t in, int64_t n, size_t shift) {
  const engine::math::GemmKernels<T>& kernels = engine::math::GemmKernelsOf<T>(set);
  const int64_t height = 5, width = 7, window = 3, image_width = width + window - 1, k = window * window * in;
  const std::vector<int64_t> offsets{0, image_width * in, 2 * image_width * in};
  const std::vector<T> x = Values<T>(shift, (height + 2) * image_width * in, 3), w = Values<T>(shift, k * n, 4);
  const std::vector<T> g = Values<T>(shift, height * width * n, 5), bias = Values<T>(shift, n, 6);
  const engine::math::Patches<T> patches{x.data() + shift, height, width, image_width * in, in, offsets.data(), window, window * in};
  const engine::math::Panels<T> panels{w.data() + shift, n, n, engine::math::kPanelColumns};
  std::vector<T> y(shift + static_cast<size_t>(height * width * n) + 1, 77), dw(shift + static_cast<size_t>(k * n) + 1, 77);
  std::vector<T> sums(shift + static_cast<size_t>(n) + 1, 77);
  kernels.product(patches, panels, bias.data() + shift, true, y.data() + shift);
  for (bool add : {false, true}) {
    kernels.gradient(patches, g.data() + shift, n, add, dw.data() + shift);
    kernels.column_sums(g.data() + shift, height * width, n, add, sums.data() + shift);
  }
  // the same numbers as one panel matrix a segment
  const std::vector<T> panels_of_segments = Values<T>(shift, window * engine::math::PackedElements(n, window * in), 7);
  std::vector<T> image(shift + static_cast<size_t>((height + 2) * image_width * in), 1);
  image.push_back(77);
  kernels.scatter(patches, g.data() + shift, n, panels_of_segments.data() + shift, image.data() + shift);
  std::vector<T> all;
  for (const std::vector<T>* part : {&y, &dw, &sums, &image}) {
    EXPECT_EQ(part->back(), T(77));  // nothing is written behind
    all.insert(all.end(), part->begin() + static_cast<std::ptrdiff_t>(shift), part->end());
  }
  return all;
}

template <typename T>
void CheckSets(double tolerance) {
  for (int64_t in : {1, 2, 3, 10, 33}) {
    for (int64_t n : {1, 7, 8, 9, 16, 20, 33, 100}) {
      SCOPED_TRACE(std::to_string(in) + " to " + std::to_string(n));
      const std::vector<T> plain = GemmResults<T>(engine::math::InstructionSet::kBaseline, in, n, 0);
      std::vector<T> fused;
      for (engine::math::InstructionSet set : fixture::InstructionSets()) {
        for (size_t shift : {size_t{0}, size_t{1}, size_t{5}}) {
          const std::vector<T> got = GemmResults<T>(set, in, n, shift);
          for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], plain[i], tolerance * (1 + std::fabs(plain[i])));
          if (set != engine::math::InstructionSet::kBaseline && fused.empty()) fused = got;
          const std::vector<T>& same = set == engine::math::InstructionSet::kBaseline ? plain : fused;
          ASSERT_EQ(std::memcmp(got.data(), same.data(), got.size() * sizeof(T)), 0);
        }
      }
    }
  }
}

}  // namespace

TEST(GemmTiles, SetsAgree) {
  CheckSets<float>(1e-4);
  CheckSets<double>(1e-12);
}

namespace {

// Rows that are added from tables and into them: the same as one by one, on every set, and nothing beside them.
template <typename T>
void CheckNumbered(engine::math::InstructionSet set, int64_t tables, int64_t width, bool relu) {
  SCOPED_TRACE(std::to_string(tables) + " tables of " + std::to_string(width));
  constexpr int64_t kRows = 11, kCount = 4;
  const engine::math::GemmKernels<T>& kernels = engine::math::GemmKernelsOf<T>(set);
  const int64_t stride = width + 3;
  std::vector<std::vector<T>> table, sums;
  std::vector<std::vector<int32_t>> number;
  for (int64_t t = 0; t < tables; ++t) {
    table.push_back(Values<T>(0, kCount * width, static_cast<uint64_t>(t + 1)));
    sums.emplace_back(static_cast<size_t>(kCount * width + 1), std::numeric_limits<T>::quiet_NaN());
    number.emplace_back();
    for (int64_t r = 0; r < kRows; ++r) {  // each is new once, as NumberIndexes gives them
      const int64_t most = r == 0 ? -1 : *std::max_element(number.back().begin(), number.back().end());
      number.back().push_back(static_cast<int32_t>(std::min({r * (r + t) % kCount + 1, most + 1, kCount - 1})));
    }
  }
  std::vector<const T*> from;
  std::vector<T*> to;
  std::vector<const int32_t*> numbers;
  for (size_t t = 0; t < table.size(); ++t) {
    from.push_back(table[t].data());
    to.push_back(sums[t].data());
    numbers.push_back(number[t].data());
  }
  const std::vector<T> g = Values<T>(0, kRows * stride, 9);
  std::vector<T> y = g, expected_y = g;
  std::vector<std::vector<T>> expected_sums(table.size(), std::vector<T>(static_cast<size_t>(kCount * width)));
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t j = 0; j < width; ++j) {
      T& value = expected_y[static_cast<size_t>(r * stride + j)];
      for (size_t t = 0; t < table.size(); ++t) {
        const auto at = static_cast<size_t>(number[t][static_cast<size_t>(r)] * width + j);
        value += table[t][at];
        expected_sums[t][at] += g[static_cast<size_t>(r * stride + j)];
      }
      if (relu && value < 0) value = 0;
    }
  }
  kernels.add_numbered(from.data(), numbers.data(), tables, kRows, width, relu, y.data(), stride);
  kernels.sum_numbered(g.data(), stride, numbers.data(), tables, kRows, width, to.data());
  EXPECT_EQ(y, expected_y);
  for (size_t t = 0; t < sums.size(); ++t) {
    EXPECT_TRUE(std::isnan(sums[t].back()));  // nothing is written behind
    sums[t].resize(static_cast<size_t>((*std::max_element(number[t].begin(), number[t].end()) + 1) * width));
    expected_sums[t].resize(sums[t].size());
  }
  EXPECT_EQ(sums, expected_sums);
}

}  // namespace

TEST(GemmTiles, NumberedRowsAreAddedOneByOne) {
  for (const engine::math::InstructionSet set : fixture::InstructionSets()) {
    for (int64_t tables = 1; tables <= engine::math::kNumberedTables; ++tables) {
      for (const int64_t width : {1, 3, 8, 15, 16, 32, 40}) {
        for (const bool relu : {false, true}) {
          CheckNumbered<float>(set, tables, width, relu);
          CheckNumbered<double>(set, tables, width, relu);
        }
      }
    }
  }
}

namespace {

// A plain matrix's rows: the bits of each row by itself, in tiles that are whole and in others, and nothing behind them.
template <typename T>
void CheckRows(engine::math::InstructionSet set, int64_t rows, int64_t k, int64_t n, bool relu) {
  SCOPED_TRACE(std::to_string(rows) + " rows, " + std::to_string(k) + " to " + std::to_string(n));
  const engine::math::GemmKernels<T>& kernels = engine::math::GemmKernelsOf<T>(set);
  const int64_t stride = k + 1, no_offset = 0;
  const std::vector<T> x = Values<T>(0, rows * stride, 3), w = Values<T>(0, k * n, 4), bias = Values<T>(0, n, 5);
  std::vector<T> packed(static_cast<size_t>(engine::math::PackedElements(k, n)));
  const engine::math::Panels<T> panels[] = {{w.data(), n, n, engine::math::kPanelColumns},
                                            engine::math::PackPanels(w.data(), k, n, packed.data())};
  for (const engine::math::Panels<T>& right : panels) {
    std::vector<T> together(static_cast<size_t>(rows * n + 1), T(77)), alone(together);
    const auto product = [&](int64_t first, int64_t count, T* y) {
      kernels.product({x.data() + first * stride, 1, count, 0, stride, &no_offset, 1, k}, right, relu ? bias.data() : nullptr, relu, y);
    };
    product(0, rows, together.data());
    for (int64_t r = 0; r < rows; ++r) product(r, 1, alone.data() + r * n);
    ASSERT_EQ(std::memcmp(together.data(), alone.data(), together.size() * sizeof(T)), 0);
  }
}

}  // namespace

TEST(GemmTiles, RowsDoNotDependOnTheRowsBesideThem) {
  for (const engine::math::InstructionSet set : fixture::InstructionSets()) {
    for (const int64_t rows : {1, 5, 6, 7, 8, 9, 47, 48, 95, 96, 101, 150}) {
      for (const int64_t k : {1, 8, 21}) {
        for (const int64_t n : {1, 8, 9, 16, 20, 32, 50, 64}) {
          CheckRows<float>(set, rows, k, n, k == 8);
          CheckRows<double>(set, rows, k, n, k == 8);
        }
      }
    }
  }
}
