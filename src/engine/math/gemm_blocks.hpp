// Products of large matrices: blocks of both sides are copied into the order in which tiles read them, so that they come
// from the nearest caches, and what is large is read from memory once or twice.
//
// Every element of a result is one chain of terms in the order of its index, as in gemm_tiles.hpp and with the same
// operations: where a chain goes on in another block, it goes on from the value that was stored. So the bits are those of
// the tiles. They depend neither on blocks nor on alignment, on the number of rows or on the number of threads.
#pragma once

#include <cstddef>
#include <cstdint>

namespace engine::math {

/// A matrix as it lies: element (i, j) is values[i * row_stride + j * column_stride]. One of the strides is 1.
template <typename T>
struct Matrix {
  const T* values = nullptr;
  int64_t row_stride = 0;
  int64_t column_stride = 1;

  Matrix Part(int64_t row, int64_t column) const {
    return {values + row * row_stride + column * column_stride, row_stride, column_stride};
  }
  Matrix Transposed() const { return {values, column_stride, row_stride}; }
};

/// c (m, n) = f(a b + bias), a (m, k), b (k, n); c row-major without gaps.
template <typename T>
struct BlockedProduct {
  Matrix<T> a;
  Matrix<T> b;
  int64_t m = 0;
  int64_t n = 0;
  int64_t k = 0;
  const T* bias = nullptr;  // nullptr: none
  bool relu = false;        // f(x) = x < 0 ? 0 : x, else f(x) = x
  bool bare = false;        // the sums as they are, as gradients are; otherwise no bias is a bias of zero, which takes the sign of -0
  T* c = nullptr;
  int64_t c_stride = 0;  // from one row of c to the next
};

/// Memory that a thread needs for its blocks.
template <typename T>
struct BlockMemory {
  static constexpr int64_t kDepth = 1024 / static_cast<int64_t>(sizeof(T));  // terms of a chain in a block
  static constexpr int64_t kLeft = 192 * kDepth;                             // elements: rows by terms
  static constexpr int64_t kRight = 128 * kDepth;                            // elements: terms by columns
  static constexpr int64_t kElements = kLeft + kRight;
};

/// Computes the product on as many threads as SetProductThreads has set, where it is worthwhile. Polls for interrupts.
/// Takes memory from the heap at the first call of a process, and throws std::bad_alloc where there is none.
template <typename T>
void MultiplyBlocks(const BlockedProduct<T>& product);

/// Sets the number of threads that share a large product. They are started here, and inherit the caller's signal mask and
/// floating-point modes. Where the system gives fewer, there are fewer: no bit depends on it.
void SetProductThreads(int threads);
int ProductThreads();

}  // namespace engine::math
