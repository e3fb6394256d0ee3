// Matrix products whose left side lies as overlapping patches in an image, so that a convolution needs no im2col copy. A plain matrix is
// the special case of one row of positions and one segment.
//
// Every element of a result is one chain of terms in the order of its index, kept in one register, whatever its place in a tile: the bits
// do not depend on tiles, alignment or the number of rows. With FMA instructions a term is added by one fused operation, deliberately and
// explicitly (AVX-512 and AVX2 agree to the bit); without them by a product and a sum, as the BLAS's kernels of such processors do.
#pragma once

#include <cstdint>

#include "engine/kernel_zeros.hpp"

namespace engine {

/// A matrix of height * width rows (positions) and segments * length columns: row (y, x), column (s, j) is
/// image[y * row_step + x * column_step + offsets[s] + j].
template <typename T>
struct Patches {
  const T* image = nullptr;
  int64_t height = 1;
  int64_t width = 0;
  int64_t row_step = 0;
  int64_t column_step = 0;
  const int64_t* offsets = nullptr;
  int64_t segments = 1;
  int64_t length = 0;
};

/// The right side of a product, (k, n): columns in panels of kPanelColumns, a panel row after row. Where row_step is a multiple of
/// kPanelColumns, the last panel's rows are read to their ends, though no result depends on what lies there.
template <typename T>
struct Panels {
  const T* values = nullptr;
  int64_t n = 0;
  int64_t row_step = 0;    // elements between rows of a panel
  int64_t panel_step = 0;  // elements between panels
};

constexpr int64_t kPanelColumns = 16;

/// Elements of packed panels of a (k, n) matrix.
inline int64_t PackedElements(int64_t k, int64_t n) { return k * ((n + kPanelColumns - 1) / kPanelColumns) * kPanelColumns; }

/// Instruction sets that have kernels of their own.
enum class KernelSet { kBaseline, kAvx2, kAvx512 };

/// The best that this processor has.
KernelSet ChosenKernelSet();

/// The kernels of one instruction set.
template <typename T>
struct PatchKernels {
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
  void (*map_product)(const ZeroMap& map, const T* x, const T* w, int64_t n, const T* bias, bool relu, T* y);
  /// dw (end - first, n) = rows first, ..., end - 1 of x^T g, by the map of x; g: (rows of x, n).
  void (*map_gradient)(const ZeroMap& map, const T* x, int64_t first, int64_t end, const T* g, int64_t n, T* dw);
};

/// Those of a set that the processor has (for tests; the engine takes ChosenKernelSet()).
template <typename T>
const PatchKernels<T>& PatchKernelsOf(KernelSet set);

/// w (k, n) into panels. With n a multiple of kPanelColumns and small, w can be read where it lies: {w, n, n, kPanelColumns}.
template <typename T>
Panels<T> PackPanels(const T* w, int64_t k, int64_t n, T* packed);

/// The transpose (n, k) of w (k, n) into panels.
template <typename T>
Panels<T> PackTransposed(const T* w, int64_t k, int64_t n, T* packed);

/// The transpose (n, k) of w (k, n), row-major.
template <typename T>
void TransposeMatrix(const T* w, int64_t k, int64_t n, T* out);

/// The kernels to use.
template <typename T>
const PatchKernels<T>& ThePatchKernels();

}  // namespace engine
