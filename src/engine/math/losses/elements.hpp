// Losses that are means over a position's elements of a function of an element and its target.
//
// A formula is a struct with the function
//   template <typename T> static T Loss(T p, T y, T* slope)
// which returns the loss of an element and sets its derivative with respect to p. It is inlined into the clones.
#pragma once

#include <cstdint>

#include "engine/math/simd/clones.hpp"

namespace engine::math {

template <typename Formula, typename T>
CEREBRO_INLINE void MeanOfElements(const T* __restrict target, const T* __restrict factors, int64_t positions, int64_t classes,
                                   T* __restrict p, T* __restrict losses) {
  const T mean = T(1) / static_cast<T>(classes);
  for (int64_t i = 0; i < positions; i++) {
    T* row = p + i * classes;
    const T* y = target + i * classes;
    const T factor = factors[i] * mean;
    T sum = 0;
    for (int64_t j = 0; j < classes; j++) {
      T slope;
      sum += Formula::Loss(row[j], y[j], &slope);
      row[j] = slope * factor;
    }
    losses[i] = sum * mean;
  }
}

// Defines the kernels of such a loss for both types: clones are made of plain functions, not of templates.
#define CEREBRO_ELEMENT_LOSS_OF(name, T)                                                                                           \
  CEREBRO_CLONES void name##Loss(const T* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) {               \
    MeanOfElements<name>(y, f, positions, classes, values, losses);                                                                \
  }
#define CEREBRO_ELEMENT_LOSS(name, kind)                                                                                           \
  CEREBRO_ELEMENT_LOSS_OF(name, float)                                                                                             \
  CEREBRO_ELEMENT_LOSS_OF(name, double)                                                                                            \
  template <typename T>                                                                                                            \
  void kind##Kernel(const base::LossConfig&, const T* y, const int64_t* /*index*/, const T* f, int64_t positions, int64_t classes, \
                    T* values, T* losses) {                                                                                        \
    name##Loss(y, f, positions, classes, values, losses);                                                                          \
  }                                                                                                                                \
  CEREBRO_LOSS_KERNEL(kind)

}  // namespace engine::math
