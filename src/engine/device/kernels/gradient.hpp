// How the gradient of what a stage reads is handed on.
#pragma once

#include "engine/device/kernels/common.hpp"

namespace engine::device {

/// Gives element i of a source its gradient, turned at once into the one before the activation that made the source. A
/// source that several stages read gets the parts one after the other, in the order of the launches.
CEREBRO_KERNEL void StoreGradient(const Source& source, float* work, int64_t i, float g) {
  const float part = ActivationSlope(source.activation, work[source.x + i], g);
  float* to = work + source.dx + i;
  *to = source.adds != 0 ? *to + part : part;
}

}  // namespace engine::device
