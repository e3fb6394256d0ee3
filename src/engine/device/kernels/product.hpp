// The product of all layers with weights: a tile of 32 rows and 64 columns a block, whose factors come from functions.
//
// Every element of a product is added up in the order of the depth, by one thread (or one unit of the tensor cores). It
// depends on its own row and column only, so that bits do not depend on how many models or rows are beside it.
#pragma once

#include "engine/device/kernels/common.hpp"

#if defined(__CUDACC__)
#include <mma.h>
#endif

namespace engine::device {

constexpr int kTileRows = 32;
constexpr int kTileColumns = 64;
constexpr int kTileDepth = 16;
constexpr int kProductThreads = 128;
constexpr int kThreadRows = 4;
constexpr int kThreadColumns = 4;
constexpr int kLeftStride = kTileRows + 4;  // of the left factor in shared memory, depth by depth
constexpr size_t kProductBytes = sizeof(float) * kTileRows * kTileColumns;
static_assert(kTileDepth * (kLeftStride + kTileColumns) <= kTileRows * kTileColumns);
static_assert(kTileRows * kTileColumns == kProductThreads * kThreadRows * kThreadColumns);

/// Blocks along one dimension.
constexpr int Tiles(int64_t size, int tile) { return static_cast<int>((size + tile - 1) / tile); }

struct ProductShape {
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t first_depth = 0;
  int64_t depth = 0;  // one past the last
};

/// Reads the tile's factors of depths k .. k + kTileDepth - 1 into shared memory; zero outside of the shape.
template <bool kRowsFast, class Block, class Left, class Right>
CEREBRO_KERNEL void LoadTiles(const Block& block, const ProductShape& shape, Precision precision, int64_t first_row,
                              int64_t first_column, int64_t k, const Left& left, const Right& right, float* a,
                              float* b) {
  block.ForEach(kTileRows * kTileDepth, [&](int32_t i) {
    // neighbouring threads read what lies side by side
    const int32_t r = kRowsFast ? i % kTileRows : i / kTileDepth, d = kRowsFast ? i / kTileRows : i % kTileDepth;
    const int64_t row = first_row + r, depth = k + d;
    const float value = row < shape.rows && depth < shape.depth ? left(row, depth) : 0.0f;
    a[d * kLeftStride + r] = RoundedFactor(precision, value);
  });
  block.ForEach(kTileColumns * kTileDepth, [&](int32_t i) {
    const int32_t c = i % kTileColumns, d = i / kTileColumns;
    const int64_t column = first_column + c, depth = k + d;
    const float value = column < shape.columns && depth < shape.depth ? right(depth, column) : 0.0f;
    b[d * kTileColumns + c] = RoundedFactor(precision, value);
  });
}

#if defined(__CUDACC__)
/// The same product by tensor cores: factors that are rounded to 10 bits or fewer are taken as they are.
template <bool kRowsFast, class Left, class Right, class Store>
__device__ __forceinline__ void TensorCoreProduct(const CudaBlock& block, const ProductShape& shape,
                                                  Precision precision, int64_t first_row, int64_t first_column,
                                                  const Left& left, const Right& right, const Store& store) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  namespace wmma = nvcuda::wmma;
  constexpr int kSize = 16, kDepth = 8;
  float* a = reinterpret_cast<float*>(block.shared());
  float* b = a + kTileDepth * kLeftStride;
  const int warp = static_cast<int>(threadIdx.x) / 32;  // 16 columns each
  wmma::fragment<wmma::accumulator, kSize, kSize, kDepth, float> sums[kTileRows / kSize];
  for (auto& sum : sums) wmma::fill_fragment(sum, 0.0f);
  for (int64_t k = shape.first_depth; k < shape.depth; k += kTileDepth) {
    LoadTiles<kRowsFast>(block, shape, precision, first_row, first_column, k, left, right, a, b);
    __syncthreads();
    for (int d = 0; d < kTileDepth; d += kDepth) {
      wmma::fragment<wmma::matrix_b, kSize, kSize, kDepth, wmma::precision::tf32, wmma::row_major> of_right;
      wmma::load_matrix_sync(of_right, b + d * kTileColumns + warp * kSize, kTileColumns);
      for (int r = 0; r < kTileRows / kSize; ++r) {
        wmma::fragment<wmma::matrix_a, kSize, kSize, kDepth, wmma::precision::tf32, wmma::col_major> of_left;
        wmma::load_matrix_sync(of_left, a + d * kLeftStride + r * kSize, kLeftStride);
        wmma::mma_sync(sums[r], of_left, of_right, sums[r]);
      }
    }
    __syncthreads();
  }
  for (int r = 0; r < kTileRows / kSize; ++r) {
    wmma::store_matrix_sync(a + r * kSize * kTileColumns + warp * kSize, sums[r], kTileColumns, wmma::mem_row_major);
  }
  __syncthreads();
  block.ForEach(kTileRows * kTileColumns, [&](int32_t i) {
    const int64_t row = first_row + i / kTileColumns, column = first_column + i % kTileColumns;
    if (row < shape.rows && column < shape.columns) store(row, column, a[i]);
  });
#endif
}
#endif

/// store(row, column, sum over depths of left(row, depth) * right(depth, column)) for the tile at tile_row,
/// tile_column. kRowsFast: neighbouring rows of the left factor lie side by side, not neighbouring depths.
template <bool kRowsFast, class Block, class Left, class Right, class Store>
CEREBRO_KERNEL void Product(const Block& block, const ProductShape& shape, Precision precision, int tile_row,
                            int tile_column, const Left& left, const Right& right, const Store& store) {
  const int64_t first_row = static_cast<int64_t>(tile_row) * kTileRows,
                first_column = static_cast<int64_t>(tile_column) * kTileColumns;
#if defined(__CUDA_ARCH__)
  if (precision != Precision::kFloat32) {
    return TensorCoreProduct<kRowsFast>(block, shape, precision, first_row, first_column, left, right, store);
  }
#endif
  float* a = reinterpret_cast<float*>(block.shared());
  float* b = a + kTileDepth * kLeftStride;
  typename Block::template Local<float, kThreadRows * kThreadColumns, kProductThreads> sums;
  constexpr int kAcross = kTileColumns / kThreadColumns;
  block.template Threads<kProductThreads>([&](int t) {
    float* sum = sums.of(t);
    for (int i = 0; i < kThreadRows * kThreadColumns; ++i) sum[i] = 0;
  });
  for (int64_t k = shape.first_depth; k < shape.depth; k += kTileDepth) {
    LoadTiles<kRowsFast>(block, shape, precision, first_row, first_column, k, left, right, a, b);
    block.Sync();
    block.template Threads<kProductThreads>([&](int t) {
      float* sum = sums.of(t);
      const float* rows = a + t / kAcross * kThreadRows;
      const float* columns = b + t % kAcross * kThreadColumns;
#if defined(__CUDA_ARCH__)
#pragma unroll
#endif
      for (int d = 0; d < kTileDepth; ++d) {
#if defined(__CUDA_ARCH__)
#pragma unroll
#endif
        for (int i = 0; i < kThreadRows * kThreadColumns; ++i) {
          sum[i] = MultiplyAdd(rows[d * kLeftStride + i / kThreadColumns],
                               columns[d * kTileColumns + i % kThreadColumns], sum[i]);
        }
      }
    });
    block.Sync();
  }
  block.template Threads<kProductThreads>([&](int t) {
    const float* sum = sums.of(t);
#if defined(__CUDA_ARCH__)
#pragma unroll
#endif
    for (int i = 0; i < kThreadRows * kThreadColumns; ++i) {
      const int64_t row = first_row + t / kAcross * kThreadRows + i / kThreadColumns;
      const int64_t column = first_column + t % kAcross * kThreadColumns + i % kThreadColumns;
      if (row < shape.rows && column < shape.columns) store(row, column, sum[i]);
    }
  });
}

}  // namespace engine::device
