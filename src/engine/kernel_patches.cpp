// The tiles of kernel_patches.inc and kernel_zeros.inc, compiled once for each instruction set, and the choice among them.
#include "engine/kernel_patches.hpp"

#include <utility>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CEREBRO_KERNEL_SETS 1
#include <immintrin.h>
#endif

namespace engine {

namespace {

#define CEREBRO_TILE inline __attribute__((always_inline))

namespace baseline {
#include "engine/kernel_vector_baseline.inc"
#include "engine/kernel_vector_pair.inc"
#include "engine/kernel_patches.inc"
#include "engine/kernel_zeros.inc"
}  // namespace baseline

#if CEREBRO_KERNEL_SETS
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {
#include "engine/kernel_vector_avx2.inc"
#include "engine/kernel_vector_pair.inc"
#include "engine/kernel_patches.inc"
#include "engine/kernel_zeros.inc"
}  // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx2,fma")
namespace avx512 {
#include "engine/kernel_vector_avx512.inc"
#include "engine/kernel_patches.inc"
#include "engine/kernel_zeros.inc"
}  // namespace avx512
#pragma GCC pop_options
#endif

KernelSet Choose() {
#if CEREBRO_KERNEL_SETS
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) return KernelSet::kAvx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return KernelSet::kAvx2;
#endif
  return KernelSet::kBaseline;
}

}  // namespace

KernelSet ChosenKernelSet() {
  static const KernelSet chosen = Choose();
  return chosen;
}

#define CEREBRO_PATCH_KERNELS(set) \
  { set::Product<T>, set::Gradient<T>, set::Scatter<T>, set::ColumnSum<T>, set::NonZeros<T>, set::MapProduct<T>, set::MapGradient<T> }

template <typename T>
const PatchKernels<T>& PatchKernelsOf(KernelSet set) {
#if CEREBRO_KERNEL_SETS
  static constexpr PatchKernels<T> kAvx512 = CEREBRO_PATCH_KERNELS(avx512), kAvx2 = CEREBRO_PATCH_KERNELS(avx2);
  if (set == KernelSet::kAvx512) return kAvx512;
  if (set == KernelSet::kAvx2) return kAvx2;
#endif
  static constexpr PatchKernels<T> kBaseline = CEREBRO_PATCH_KERNELS(baseline);
  return kBaseline;
}

template <typename T>
const PatchKernels<T>& ThePatchKernels() {
  static const PatchKernels<T>& chosen = PatchKernelsOf<T>(ChosenKernelSet());
  return chosen;
}

template const PatchKernels<float>& PatchKernelsOf(KernelSet);
template const PatchKernels<double>& PatchKernelsOf(KernelSet);
template const PatchKernels<float>& ThePatchKernels();
template const PatchKernels<double>& ThePatchKernels();

}  // namespace engine
