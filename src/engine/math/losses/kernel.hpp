// The losses that have a hand-written gradient.
//
// Adding one: in base/kinds.inc the loss is a CEREBRO_NATIVE_LOSS, and a file in this folder defines <name>Kernel, a
// LossKernel, for float and double.
#pragma once

#include "engine/math/losses.hpp"

namespace engine::math {

#define CEREBRO_LOSS(name, number)
#define CEREBRO_NATIVE_LOSS(name, number)                                                                                                 \
  template <typename T>                                                                                                                   \
  void name##Kernel(const base::LossConfig& config, const T* target, const int64_t* index, const T* factors, int64_t positions,           \
                    int64_t classes, T* values, T* losses);
#include "base/kinds.inc"

// Makes a kernel for both types.
#define CEREBRO_LOSS_KERNEL(name)                                                                                                         \
  template void name##Kernel(const base::LossConfig&, const float*, const int64_t*, const float*, int64_t, int64_t, float*, float*);      \
  template void name##Kernel(const base::LossConfig&, const double*, const int64_t*, const double*, int64_t, int64_t, double*, double*);

}  // namespace engine::math
