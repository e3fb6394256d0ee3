// Rows of a table by their indexes, which are whole numbers kept as T: what an Embedding does. Overloads for float and
// double.
#pragma once

#include <cstdint>

namespace engine::math {

#define CEREBRO_KERNELS_OF(T)                                                                                               \
  /** Whether each of n values, truncated, is from 0 to count - 1. */                                                       \
  bool IndexesWithin(const T* index, int64_t n, int64_t count);                                                             \
  /** For each of `rows` rows: `indexes` rows of the table (width elements each) side by side at y + row * y_stride. */     \
  void CopyTableRows(const T* table, int64_t width, const T* index, int64_t rows, int64_t indexes, T* y, int64_t y_stride); \
  /** The table's rows += those of g, in the order of the indexes. */                                                       \
  void AddTableRows(const T* g, int64_t g_stride, const T* index, int64_t rows, int64_t indexes, int64_t width, T* table);  \
  /** The n indexes, each from 0 to count - 1 with count at most 2^24, in ascending order: index << 32 | where it stood; */ \
  /** equal ones in the order in which they stood. pairs, spare: n elements each; the result is in one of the two. */       \
  const uint64_t* SortIndexes(const T* index, int64_t n, int64_t count, uint64_t* pairs, uint64_t* spare);                  \
  /** Numbers n indexes, each from 0 to count - 1, by their first appearance: number[i] is that of index[i], first[k] an */ \
  /** index with the number k. memory: count elements. Returns how many numbers there are. */                               \
  int64_t NumberIndexes(const T* index, int64_t n, int64_t count, int32_t* memory, int32_t* number, T* first)

CEREBRO_KERNELS_OF(float);
CEREBRO_KERNELS_OF(double);

#undef CEREBRO_KERNELS_OF

}  // namespace engine::math
