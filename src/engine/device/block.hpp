// The language of the kernels: one source that is compiled for CUDA and for the fake device.
//
// A kernel is a struct with its arguments and a function that says what a block does:
//
//   struct Scale {
//     struct Arguments { float* values; int count; };
//     static constexpr int kThreads = 128;
//     template <class Block> static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a);
//   };
//
// Run is a sequence of phases. In a phase, ForEach hands items to the block's threads; items of one phase must not
// depend on each other. Items are counted in 32 bits: divisions of 64 bits are slow on devices. Sync ends a phase whose
// results others read. Threads hands one item to every thread, each time the same one, so that a thread can keep values
// of its own (Local) from phase to phase.
//
// On the fake device a block is one thread of the processor that does the items one after another. It does them
// backwards when it is told to (FakeDevice), so that a phase whose items depend on each other shows.
#pragma once

#include <cstdint>

// CEREBRO_KERNEL_CALL is for large functions that several kernels call: there is one of each, which takes the compiler
// less time.
#if defined(__CUDACC__)
#define CEREBRO_KERNEL __device__ __forceinline__
#define CEREBRO_KERNEL_CALL inline __device__ __noinline__
#else
#define CEREBRO_KERNEL inline
#define CEREBRO_KERNEL_CALL inline
#endif

namespace engine::device {

/// Blocks of a launch, or which of them one is.
struct Grid {
  int x = 1;
  int y = 1;
  int z = 1;
};

/// a * b + c: one rounding on a device, two on the processor.
CEREBRO_KERNEL float MultiplyAdd(float a, float b, float c) {
#if defined(__CUDA_ARCH__)
  return __fmaf_rn(a, b, c);
#else
  return a * b + c;
#endif
}

#if defined(__CUDACC__)

class CudaBlock {
 public:
  __device__ explicit CudaBlock(char* shared) : shared_(shared) {}
  __device__ int x() const { return static_cast<int>(blockIdx.x); }
  __device__ int y() const { return static_cast<int>(blockIdx.y); }
  __device__ int z() const { return static_cast<int>(blockIdx.z); }
  __device__ char* shared() const { return shared_; }
  __device__ void Sync() const { __syncthreads(); }

  template <class Item>
  __device__ __forceinline__ void ForEach(int32_t count, const Item& item) const {
    for (int32_t i = static_cast<int32_t>(threadIdx.x); i < count; i += static_cast<int32_t>(blockDim.x)) item(i);
  }
  template <int kThreads, class Item>
  __device__ __forceinline__ void Threads(const Item& item) const {
    item(static_cast<int>(threadIdx.x));
  }
  template <class T, int kCount, int kThreads>
  struct Local {
    T values[kCount];
    __device__ __forceinline__ T* of(int) { return values; }
  };

 private:
  char* shared_;
};

#endif

class FakeBlock {
 public:
  FakeBlock(const Grid& at, char* shared, bool backwards) : at_(at), shared_(shared), backwards_(backwards) {}
  int x() const { return at_.x; }
  int y() const { return at_.y; }
  int z() const { return at_.z; }
  char* shared() const { return shared_; }
  void Sync() const {}

  template <class Item>
  void ForEach(int32_t count, const Item& item) const {
    if (backwards_) {
      for (int32_t i = count; i-- > 0;) item(i);
    } else {
      for (int32_t i = 0; i < count; ++i) item(i);
    }
  }
  template <int kThreads, class Item>
  void Threads(const Item& item) const {
    if (backwards_) {
      for (int t = kThreads; t-- > 0;) item(t);
    } else {
      for (int t = 0; t < kThreads; ++t) item(t);
    }
  }
  template <class T, int kCount, int kThreads>
  struct Local {
    T values[kThreads][kCount];
    T* of(int thread) { return values[thread]; }
  };

 private:
  Grid at_;
  char* shared_;
  bool backwards_;
};

}  // namespace engine::device
