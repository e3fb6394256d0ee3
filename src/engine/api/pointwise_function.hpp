// Keras's activations as functions of one element, for the processor's kernels and the devices'.
#pragma once

#include "engine/api/layer_arguments.hpp"
#include "engine/math/pointwise.hpp"

namespace engine {

/// Of this kind, without a limit.
math::PointwiseFunction PlainFunction(math::Pointwise kind);

/// False for those of math::FusedActivation and for log_softmax.
bool FindFunction(Activation activation, math::PointwiseFunction* function);

}  // namespace engine
