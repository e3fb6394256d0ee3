// Matrix products whose left side lies as overlapping patches in an image, so that a convolution needs no im2col copy. A plain matrix is
// the special case of one row of positions and one segment.
//
// Every element of a result is one chain of terms in the order of its index, kept in one register, wherever it lies in a tile: the bits
// do not depend on tiles, alignment or the number of rows. With FMA instructions a term is added by one fused operation, deliberately and
// explicitly (AVX-512 and AVX2 agree to the bit); without them by a product and a sum.
#pragma once

#include <cstdint>

#include "engine/math/gemm_blocks.hpp"
#include "engine/math/gemm_pack.hpp"
#include "engine/math/gemm_sparse.hpp"
#include "engine/math/simd/instruction_set.hpp"

namespace engine::math {

/// A matrix of height * width rows (positions) and segments * length columns: row (y, x), column (s, j) is
/// image[y * row_stride + x * column_stride + offsets[s] + j].
template <typename T>
struct Patches {
  const T* image = nullptr;
  int64_t height = 1;
  int64_t width = 0;
  int64_t row_stride = 0;
  int64_t column_stride = 0;
  const int64_t* offsets = nullptr;
  int64_t segments = 1;
  int64_t length = 0;
};

/// Tables at once of add_numbered and sum_numbered.
constexpr int64_t kNumberedTables = 4;

/// The kernels of one instruction set.
template <typename T>
struct GemmKernels {
  /// y (height * width, n) = f(patches w + bias); bias may be nullptr; relu: f(x) = x < 0 ? 0 : x, else f(x) = x.
  void (*product)(const Patches<T>& patches, const Panels<T>& w, const T* bias, bool relu, T* y);
  /// dw (segments * length, n) = patches^T g, or += when add (the sum over the positions is made first); g: (height * width, n).
  void (*gradient)(const Patches<T>& patches, const T* g, int64_t n, bool add, T* dw);
  /// patches of image += g w: every position's patch, one segment after the other, panel by panel, position by position.
  /// g: (height * width, n); w: for each segment a (n, length) matrix in panels of its own, PackedElements(n, length) each.
  void (*scatter)(const Patches<T>& patches, const T* g, int64_t n, const T* w, T* image);
  /// sums[j] = sum over the rows of values (rows, n), or += when add: four running sums (row i goes to sum i mod 4), added pairwise.
  void (*column_sums)(const T* values, int64_t rows, int64_t n, bool add, T* sums);

  /// bits[j / 64], bit j mod 64: x[j] is not zero, for j in [0, n).
  void (*non_zeros)(const T* x, int64_t n, uint64_t* bits);
  /// y = f(x w + bias) as in product, by the map of x; w: (columns of x, n), row-major.
  void (*sparse_product)(const ZeroMap& map, const T* x, const T* w, int64_t n, const T* bias, bool relu, T* y);
  /// dw (end - first, n) = rows first, ..., end - 1 of x^T g, by the map of x; g: (rows of x, n).
  void (*sparse_gradient)(const ZeroMap& map, const T* x, int64_t first, int64_t end, const T* g, int64_t n, T* dw);

  /// Rows of y, of `width` elements, += row numbers[t][row] of each of `count` tables (width columns, without gaps), in
  /// their order. relu: then f(x) = x < 0 ? 0 : x. count: 1 to kNumberedTables. Fast where width is a multiple of kPanelColumns.
  void (*add_numbered)(const T* const* tables, const int32_t* const* numbers, int64_t count, int64_t rows, int64_t width, bool relu, T* y,
                       int64_t y_stride);
  /// The other way round: each table's row k = the sum of the rows of g that have the number k there, in their order. A
  /// number that has not been is the next one (NumberIndexes): the tables need not be set before.
  void (*sum_numbered)(const T* g, int64_t g_stride, const int32_t* const* numbers, int64_t count, int64_t rows, int64_t width,
                       T* const* tables);

  /// A product in blocks, by this thread alone; `memory` has BlockMemory<T>::kElements. poll is called between blocks.
  void (*blocks)(const BlockedProduct<T>& product, T* memory, void (*poll)());
};

/// Those of a set that the processor has (for tests; the engine takes ChosenInstructionSet()).
template <typename T>
const GemmKernels<T>& GemmKernelsOf(InstructionSet set);

/// The kernels to use.
template <typename T>
const GemmKernels<T>& TheGemmKernels();

}  // namespace engine::math
