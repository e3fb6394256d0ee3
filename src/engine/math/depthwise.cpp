// The loops of depthwise.inc, compiled once for each instruction set.
#include "engine/math/depthwise.hpp"

#include <type_traits>

#include "engine/math/simd/frames.hpp"

namespace engine::math {

namespace {

#define CEREBRO_LOOPS "engine/math/simd/depthwise.inc"
#include "engine/math/simd/frames.inc"
#undef CEREBRO_LOOPS

}  // namespace

template <typename T>
const DepthwiseKernels<T>& DepthwiseKernelsOf(InstructionSet set) {
#if CEREBRO_INSTRUCTION_SETS
  if (set == InstructionSet::kAvx512) return avx512::kDepthwise<T>;
  if (set == InstructionSet::kAvx2) return avx2::kDepthwise<T>;
#endif
  return baseline::kDepthwise<T>;
}

template <typename T>
const DepthwiseKernels<T>& TheDepthwiseKernels() {
  static const DepthwiseKernels<T>& chosen = DepthwiseKernelsOf<T>(ChosenInstructionSet());
  return chosen;
}

template const DepthwiseKernels<float>& DepthwiseKernelsOf(InstructionSet);
template const DepthwiseKernels<double>& DepthwiseKernelsOf(InstructionSet);
template const DepthwiseKernels<float>& TheDepthwiseKernels();
template const DepthwiseKernels<double>& TheDepthwiseKernels();

}  // namespace engine::math
