// Element-wise kernels that are compiled for several instruction sets; the loader picks the widest that the processor has.
//
// Why results agree to the bit: every lane does the same IEEE operations in the same order as the scalar code (no fused multiply-add, no
// approximations, no reassociation: -ffp-contract=off and no -ffast-math), so vector body, scalar tail and every clone round alike.
#pragma once

#if defined(CEREBRO_NO_CLONES) || defined(__CUDACC__)
#define CEREBRO_CLONES  // the tests compile the kernels for one instruction set at a time; devices have no such sets
#elif defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__)
#define CEREBRO_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
// AArch64 has its vectors in the base instruction set; without glibc there is nothing to resolve clones with.
#define CEREBRO_CLONES
#endif

// A kernel's body is inlined into each clone, so that it is compiled for the clone's instruction set.
#if defined(__CUDACC__)
#define CEREBRO_INLINE __host__ __device__ __forceinline__
#else
#define CEREBRO_INLINE inline __attribute__((always_inline))
#endif
