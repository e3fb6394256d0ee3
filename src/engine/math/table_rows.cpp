#include "engine/math/table_rows.hpp"

#include <algorithm>
#include <utility>

#include "engine/math/simd/clones.hpp"

namespace engine::math {

namespace {

// kWidth: the width when it is known to the compiler, else 0.
template <int64_t kWidth, typename T>
CEREBRO_INLINE void Copy(const T* table, int64_t any_width, const T* index, int64_t rows, int64_t indexes, T* y, int64_t y_stride) {
  const int64_t width = kWidth > 0 ? kWidth : any_width;
  for (int64_t r = 0; r < rows; r++, index += indexes, y += y_stride) {
    for (int64_t k = 0; k < indexes; k++) {
      const T* __restrict from = table + static_cast<int64_t>(index[k]) * width;
      T* __restrict to = y + k * width;
      for (int64_t j = 0; j < width; j++) to[j] = from[j];
    }
  }
}

template <int64_t kWidth, typename T>
CEREBRO_INLINE void Add(const T* g, int64_t g_stride, const T* index, int64_t rows, int64_t indexes, int64_t any_width, T* table) {
  const int64_t width = kWidth > 0 ? kWidth : any_width;
  for (int64_t r = 0; r < rows; r++, index += indexes, g += g_stride) {
    for (int64_t k = 0; k < indexes; k++) {
      const T* __restrict from = g + k * width;
      T* __restrict to = table + static_cast<int64_t>(index[k]) * width;
      for (int64_t j = 0; j < width; j++) to[j] += from[j];
    }
  }
}

template <typename T>
CEREBRO_INLINE bool Within(const T* index, int64_t n, int64_t count) {
  const T end = static_cast<T>(count);
  int64_t outside = 0;
  for (int64_t i = 0; i < n; i++) outside += index[i] > T(-1) && index[i] < end ? 0 : 1;  // a NaN is outside
  return outside == 0;
}

// By the digits of base 256 that the largest index has, from the last to the first.
template <typename T>
const uint64_t* Sort(const T* index, int64_t n, int64_t count, uint64_t* pairs, uint64_t* spare) {
  for (int64_t i = 0; i < n; i++) pairs[i] = static_cast<uint64_t>(index[i]) << 32 | static_cast<uint64_t>(i);
  for (int shift = 32; (static_cast<uint64_t>(count - 1) << 32) >> shift != 0; shift += 8) {
    int64_t begins[257] = {};
    for (int64_t i = 0; i < n; i++) begins[(pairs[i] >> shift & 255) + 1]++;
    for (int digit = 0; digit < 256; digit++) begins[digit + 1] += begins[digit];
    for (int64_t i = 0; i < n; i++) spare[begins[pairs[i] >> shift & 255]++] = pairs[i];
    std::swap(pairs, spare);
  }
  return pairs;
}

// Without branches: nobody can guess which index is new. The compiler makes one of a choice, and none of these bits.
template <typename T>
CEREBRO_INLINE int64_t Number(const T* index, int64_t n, int64_t count, int32_t* memory, int32_t* number, T* first) {
  std::fill_n(memory, count, -1);
  int32_t numbers = 0;
  for (int64_t i = 0; i < n; i++) {
    int32_t* own = memory + static_cast<int64_t>(index[i]);
    const int32_t known = *own, unknown = known >> 31;  // all bits where it is new
    const int32_t its = (known & ~unknown) | (numbers & unknown);
    *own = its;
    number[i] = its;
    first[numbers] = index[i];
    numbers -= unknown;
  }
  return numbers;
}

}  // namespace

// One function a kernel and type: clones are made of plain functions, not of templates.
#define CEREBRO_DEFINE_ALL(T)                                                                                                              \
  CEREBRO_CLONES bool IndexesWithin(const T* index, int64_t n, int64_t count) { return Within(index, n, count); }                          \
  CEREBRO_CLONES void CopyTableRows(const T* table, int64_t width, const T* index, int64_t rows, int64_t indexes, T* y,                    \
                                    int64_t y_stride) {                                                                                    \
    switch (width) {                                                                                                                       \
      case 4:                                                                                                                              \
        return Copy<4>(table, width, index, rows, indexes, y, y_stride);                                                                   \
      case 8:                                                                                                                              \
        return Copy<8>(table, width, index, rows, indexes, y, y_stride);                                                                   \
      case 16:                                                                                                                             \
        return Copy<16>(table, width, index, rows, indexes, y, y_stride);                                                                  \
      case 32:                                                                                                                             \
        return Copy<32>(table, width, index, rows, indexes, y, y_stride);                                                                  \
      default:                                                                                                                             \
        return Copy<0>(table, width, index, rows, indexes, y, y_stride);                                                                   \
    }                                                                                                                                      \
  }                                                                                                                                        \
  CEREBRO_CLONES void AddTableRows(const T* g, int64_t g_stride, const T* index, int64_t rows, int64_t indexes, int64_t width, T* table) { \
    switch (width) {                                                                                                                       \
      case 4:                                                                                                                              \
        return Add<4>(g, g_stride, index, rows, indexes, width, table);                                                                    \
      case 8:                                                                                                                              \
        return Add<8>(g, g_stride, index, rows, indexes, width, table);                                                                    \
      case 16:                                                                                                                             \
        return Add<16>(g, g_stride, index, rows, indexes, width, table);                                                                   \
      case 32:                                                                                                                             \
        return Add<32>(g, g_stride, index, rows, indexes, width, table);                                                                   \
      default:                                                                                                                             \
        return Add<0>(g, g_stride, index, rows, indexes, width, table);                                                                    \
    }                                                                                                                                      \
  }                                                                                                                                        \
  const uint64_t* SortIndexes(const T* index, int64_t n, int64_t count, uint64_t* pairs, uint64_t* spare) {                                \
    return Sort(index, n, count, pairs, spare);                                                                                            \
  }                                                                                                                                        \
  int64_t NumberIndexes(const T* index, int64_t n, int64_t count, int32_t* memory, int32_t* number, T* first) {                            \
    return Number(index, n, count, memory, number, first);                                                                                 \
  }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

}  // namespace engine::math
