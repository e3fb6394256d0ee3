// The loops of gemm_tiles.inc and of those that it includes, compiled once for each instruction set, and the choice among them.
#include "engine/math/gemm_tiles.hpp"

#include <utility>

#include "engine/math/simd/frames.hpp"

namespace engine::math {

namespace {

#define CEREBRO_LOOPS "engine/math/simd/gemm_tiles.inc"
#include "engine/math/simd/frames.inc"
#undef CEREBRO_LOOPS

}  // namespace

#define CEREBRO_GEMM_KERNELS(set) \
  { set::Product<T>, set::Gradient<T>, set::Scatter<T>, set::ColumnSum<T>, set::NonZeros<T>, set::SparseProduct<T>, set::SparseGradient<T>, \
    set::AddNumbered<T>, set::SumNumbered<T>, set::Blocks<T> }

template <typename T>
const GemmKernels<T>& GemmKernelsOf(InstructionSet set) {
#if CEREBRO_INSTRUCTION_SETS
  static constexpr GemmKernels<T> kAvx512 = CEREBRO_GEMM_KERNELS(avx512), kAvx2 = CEREBRO_GEMM_KERNELS(avx2);
  if (set == InstructionSet::kAvx512) return kAvx512;
  if (set == InstructionSet::kAvx2) return kAvx2;
#endif
  static constexpr GemmKernels<T> kBaseline = CEREBRO_GEMM_KERNELS(baseline);
  return kBaseline;
}

template <typename T>
const GemmKernels<T>& TheGemmKernels() {
  static const GemmKernels<T>& chosen = GemmKernelsOf<T>(ChosenInstructionSet());
  return chosen;
}

template const GemmKernels<float>& GemmKernelsOf(InstructionSet);
template const GemmKernels<double>& GemmKernelsOf(InstructionSet);
template const GemmKernels<float>& TheGemmKernels();
template const GemmKernels<double>& TheGemmKernels();

}  // namespace engine::math
