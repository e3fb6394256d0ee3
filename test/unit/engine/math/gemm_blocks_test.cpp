// Products in blocks: the bits of the tiles at any shape, on every instruction set and with any number of threads, and
// nothing written outside the results.
#include "engine/math/gemm_blocks.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/math/gemm_tiles.hpp"
#include "engine/math/poll.hpp"
#include "../numbers.hpp"
#include "instruction_sets.hpp"

using engine::math::BlockedProduct;
using engine::math::BlockMemory;
using engine::math::GemmKernels;

namespace {

template <typename T>
std::vector<T> Values(int64_t n, uint64_t stream) {
  std::vector<T> values;
  for (double v : fixture::Numbers(static_cast<size_t>(n), stream)) values.push_back(static_cast<T>(v));
  return values;
}

template <typename T>
void ExpectSame(const std::vector<T>& got, const std::vector<T>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  ASSERT_EQ(std::memcmp(got.data(), expected.data(), got.size() * sizeof(T)), 0);
}

// y = f(x w + b), its input gradient and its kernel's gradient, x (m, k), w (k, n): what tiles give, and blocks in `multiply`.
template <typename T>
struct Layer {
  int64_t m, k, n;
  std::vector<T> x = Values<T>(m * k, 1), w = Values<T>(k * n, 2), g = Values<T>(m * n, 3), bias = Values<T>(n, 4);

  std::vector<T> ByTiles(const GemmKernels<T>& kernels, bool relu) const {
    static constexpr int64_t kNoOffset = 0;
    const auto rows = [&](const std::vector<T>& values, int64_t columns) {
      return engine::math::Patches<T>{values.data(), 1, m, 0, columns, &kNoOffset, 1, columns};
    };
    std::vector<T> all(Size(), 77), packed(static_cast<size_t>(engine::math::PackedElements(n, k)));
    kernels.product(rows(x, k), {w.data(), n, n, engine::math::kPanelColumns}, relu ? bias.data() : nullptr, relu, all.data());
    kernels.product(rows(g, n), engine::math::PackTransposed(w.data(), k, n, packed.data()), nullptr, false, all.data() + m * n + 1);
    kernels.gradient(rows(x, k), g.data(), n, false, all.data() + m * n + m * k + 2);
    return all;
  }

  std::vector<T> ByBlocks(bool relu, const std::function<void(const BlockedProduct<T>&)>& multiply) const {
    std::vector<T> all(Size(), 77);
    T* const dx = all.data() + m * n + 1;
    multiply({{x.data(), k, 1}, {w.data(), n, 1}, m, n, k, relu ? bias.data() : nullptr, relu, false, all.data(), n});
    multiply({{g.data(), n, 1}, {w.data(), 1, n}, m, k, n, nullptr, false, false, dx, k});
    // the gradient in two parts of its rows
    const int64_t middle = k - k / 3;
    for (const auto& [first, rows] : {std::pair{int64_t{0}, middle}, std::pair{middle, k / 3}}) {
      multiply({{x.data() + first, 1, k}, {g.data(), n, 1}, rows, n, m, nullptr, false, true, dx + m * k + 1 + first * n, n});
    }
    return all;
  }

 private:
  size_t Size() const { return static_cast<size_t>(m * n + m * k + k * n + 3); }  // a sentinel behind each
};

template <typename T>
void CheckSets() {
  std::vector<T> memory(static_cast<size_t>(BlockMemory<T>::kElements));
  for (const engine::math::InstructionSet set : fixture::InstructionSets()) {
    const GemmKernels<T>& kernels = engine::math::GemmKernelsOf<T>(set);
    for (const int64_t m : {1, 3, 5, 6, 12, 32, 205}) {
      for (const int64_t k : {1, 7, 128, 300, 600}) {
        for (const int64_t n : {1, 3, 8, 9, 16, 17, 40, 150}) {
          SCOPED_TRACE(std::to_string(m) + " x " + std::to_string(k) + " x " + std::to_string(n));
          const Layer<T> layer{m, k, n};
          const bool relu = (m + n) % 2 == 0;
          ExpectSame(layer.ByBlocks(relu, [&](const BlockedProduct<T>& p) { kernels.blocks(p, memory.data(), [] {}); }),
                     layer.ByTiles(kernels, relu));
        }
      }
    }
  }
}

}  // namespace

TEST(GemmBlocks, BitsAreThoseOfTiles) {
  CheckSets<float>();
  CheckSets<double>();
}

TEST(GemmBlocks, BitsDoNotDependOnThreads) {
  for (const auto& [m, k, n] : {std::tuple{32, 700, 1300}, std::tuple{900, 300, 130}, std::tuple{260, 1000, 100}}) {
    const Layer<float> layer{m, k, n};
    const std::vector<float> expected = layer.ByTiles(engine::math::TheGemmKernels<float>(), true);
    for (const int threads : {1, 2, 3, 5}) {
      SCOPED_TRACE(std::to_string(m) + " rows, " + std::to_string(threads) + " threads");
      engine::math::SetProductThreads(threads);
      EXPECT_EQ(engine::math::ProductThreads(), threads);
      ExpectSame(layer.ByBlocks(true, [](const BlockedProduct<float>& p) { engine::math::MultiplyBlocks(p); }), expected);
    }
  }
  engine::math::SetProductThreads(1);
}

// What stops a product is thrown on, when the threads that share it have let go of its operands.
TEST(GemmBlocks, AnInterruptStopsASharedProduct) {
  const std::function<void()> stop = [] { throw std::runtime_error("stop"); };
  for (const int threads : {1, 3}) {
    engine::math::SetProductThreads(threads);
    {
      const Layer<float> layer{64, 600, 1000};
      const engine::math::PollScope scope(stop);
      EXPECT_THROW(layer.ByBlocks(false, [](const BlockedProduct<float>& p) { engine::math::MultiplyBlocks(p); }), std::runtime_error);
    }
    const Layer<float> next{64, 600, 1000};
    ExpectSame(next.ByBlocks(false, [](const BlockedProduct<float>& p) { engine::math::MultiplyBlocks(p); }),
               next.ByTiles(engine::math::TheGemmKernels<float>(), false));
  }
  engine::math::SetProductThreads(1);
}
