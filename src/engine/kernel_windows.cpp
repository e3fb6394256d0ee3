// The loops of kernel_windows.inc, compiled once for each instruction set.
#include "engine/kernel_windows.hpp"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CEREBRO_KERNEL_SETS 1
#include <immintrin.h>
#endif

namespace engine {

namespace {

#define CEREBRO_TILE inline __attribute__((always_inline))

namespace baseline {
#include "engine/kernel_vector_baseline.inc"
#include "engine/kernel_windows.inc"
}  // namespace baseline

#if CEREBRO_KERNEL_SETS
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {
#include "engine/kernel_vector_avx2.inc"
#include "engine/kernel_windows.inc"
}  // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx2,fma")
namespace avx512 {
#include "engine/kernel_vector_avx512.inc"
#include "engine/kernel_windows.inc"
}  // namespace avx512
#pragma GCC pop_options
#endif

}  // namespace

template <typename T>
const PoolKernels<T>& PoolKernelsOf(KernelSet set) {
#if CEREBRO_KERNEL_SETS
  if (set == KernelSet::kAvx512) return avx512::kPool<T>;
  if (set == KernelSet::kAvx2) return avx2::kPool<T>;
#endif
  return baseline::kPool<T>;
}

template <typename T>
const PoolKernels<T>& ThePoolKernels() {
  static const PoolKernels<T>& chosen = PoolKernelsOf<T>(ChosenKernelSet());
  return chosen;
}

template const PoolKernels<float>& PoolKernelsOf(KernelSet);
template const PoolKernels<double>& PoolKernelsOf(KernelSet);
template const PoolKernels<float>& ThePoolKernels();
template const PoolKernels<double>& ThePoolKernels();

}  // namespace engine
