// The loops of pool2d.inc, compiled once for each instruction set.
#include "engine/math/pool2d.hpp"

#include "engine/math/simd/frames.hpp"

namespace engine::math {

namespace {

#define CEREBRO_LOOPS "engine/math/simd/pool2d.inc"
#include "engine/math/simd/frames.inc"
#undef CEREBRO_LOOPS

}  // namespace

template <typename T>
const PoolKernels<T>& PoolKernelsOf(InstructionSet set) {
#if CEREBRO_INSTRUCTION_SETS
  if (set == InstructionSet::kAvx512) return avx512::kPool<T>;
  if (set == InstructionSet::kAvx2) return avx2::kPool<T>;
#endif
  return baseline::kPool<T>;
}

template <typename T>
const PoolKernels<T>& ThePoolKernels() {
  static const PoolKernels<T>& chosen = PoolKernelsOf<T>(ChosenInstructionSet());
  return chosen;
}

template const PoolKernels<float>& PoolKernelsOf(InstructionSet);
template const PoolKernels<double>& PoolKernelsOf(InstructionSet);
template const PoolKernels<float>& ThePoolKernels();
template const PoolKernels<double>& ThePoolKernels();

}  // namespace engine::math
