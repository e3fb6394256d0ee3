// Right sides of products, laid out in panels for the tiles of gemm_tiles.hpp, and transposes. Copies only: nothing here decides a bit.
#pragma once

#include <cstdint>

namespace engine::math {

/// The right side of a product, (k, n): columns in panels of kPanelColumns, a panel row after row. Where row_stride is a multiple of
/// kPanelColumns, the last panel's rows are read to their ends, though no result depends on what lies there.
template <typename T>
struct Panels {
  const T* values = nullptr;
  int64_t n = 0;
  int64_t row_stride = 0;    // elements between rows of a panel
  int64_t panel_stride = 0;  // elements between panels
};

constexpr int64_t kPanelColumns = 16;

/// Elements of packed panels of a (k, n) matrix.
inline int64_t PackedElements(int64_t k, int64_t n) { return k * ((n + kPanelColumns - 1) / kPanelColumns) * kPanelColumns; }

/// w (k, n) into panels. With n a multiple of kPanelColumns and small, w can be read where it lies: {w, n, n, kPanelColumns}.
template <typename T>
Panels<T> PackPanels(const T* w, int64_t k, int64_t n, T* packed);

/// The transpose (n, k) of w (k, n) into panels.
template <typename T>
Panels<T> PackTransposed(const T* w, int64_t k, int64_t n, T* packed);

/// The same of a part of a matrix, whose rows lie `stride` elements from each other.
template <typename T>
Panels<T> PackPanels(const T* w, int64_t stride, int64_t k, int64_t n, T* packed);
template <typename T>
Panels<T> PackTransposed(const T* w, int64_t stride, int64_t k, int64_t n, T* packed);

/// The transpose (n, k) of w (k, n), row-major.
template <typename T>
void TransposeMatrix(const T* w, int64_t k, int64_t n, T* out);

}  // namespace engine::math
