// CUDA as a device (engine/device/backend.hpp): the only file that sees CUDA's headers. It is a library of its own,
// pg_cerebro_cuda.so, which engine/device/device.cpp opens where it is installed.
//
// One stream. Errors of copies and launches show at a later call, as CUDA has it; all of them become base::Error. A
// process whose kernel failed keeps the failed context: CUDA works again in another process only. The first such error
// is kept (failure), because what CUDA says later says less.
//
// All kernels are loaded when the device is opened, CUDA's lazy loading or not. So nothing is loaded while launches are recorded, where CUDA allows
// no synchronisation, and each of them may have the shared memory that the device has, also in a process that closed
// the device before.
//
// -ftz=true and -fmad=false: denormal numbers count as zero and nothing is fused but MultiplyAdd, so that functions of
// elements have the processor's bits.
#include <cuda_runtime.h>

#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "engine/device/backend.hpp"
#include "engine/device/kernels/all.hpp"

namespace engine::device {

namespace {

// Of this process: CUDA has one context for all backends.
std::optional<base::Error> first_failure;

// Those behind which, by CUDA's manual, "the process must be terminated and relaunched".
bool IsForGood(cudaError_t status) {
  switch (status) {
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorECCUncorrectable:
      return true;
    default:
      return false;
  }
}

void Check(cudaError_t status, const char* doing) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // it is no error of the next call
  const std::string words = std::string(cudaGetErrorName(status)) + ": " + cudaGetErrorString(status) + ".";
  if (status == cudaErrorMemoryAllocation) {
    throw base::Error(base::ErrorCode::kOutOfMemory, std::string("a device has no memory left for ") + doing, words,
                      "Lower cerebro.device_mem, or let other programs use less of the device.");
  }
  const base::Error error(base::ErrorCode::kEngine, std::string("a device failed while ") + doing, words,
                          "If it fails again, go on in a new session: this one may keep the failed context.");
  if (!first_failure && IsForGood(status)) first_failure = error;
  throw error;
}

template <class Kernel>
__global__ void __launch_bounds__(Kernel::kThreads)
    RunKernel(const __grid_constant__ typename Kernel::Arguments arguments) {
  extern __shared__ __align__(128) char shared[];
  Kernel::Run(CudaBlock(shared), arguments);
}

template <class Kernel>
void PrepareKernel(int most_shared) {
  cudaFuncAttributes attributes;  // asking for them loads the kernel
  Check(cudaFuncGetAttributes(&attributes, RunKernel<Kernel>), "loading a kernel");
  Check(cudaFuncSetAttribute(RunKernel<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize, most_shared),
        "preparing a kernel");
}

template <class Kernel>
void LaunchKernel(const Grid& grid, size_t shared_bytes, const void* arguments, size_t argument_bytes,
                  cudaStream_t stream) {
  typename Kernel::Arguments copy;
  if (argument_bytes != sizeof(copy))
    throw base::Error(base::ErrorCode::kInternal, "a kernel of a device got other arguments than its own");
  std::memcpy(&copy, arguments, sizeof(copy));
  const dim3 blocks(static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y), static_cast<unsigned>(grid.z));
  RunKernel<Kernel><<<blocks, Kernel::kThreads, shared_bytes, stream>>>(copy);
  Check(cudaGetLastError(), "launching a kernel");
}

class CudaEvent : public Event {
 public:
  CudaEvent() { Check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "making an event"); }
  ~CudaEvent() override { cudaEventDestroy(event); }
  cudaEvent_t event = nullptr;
  bool marked = false;
};

class CudaRecording : public Recording {
 public:
  ~CudaRecording() override {
    if (executable != nullptr) cudaGraphExecDestroy(executable);
  }
  cudaGraphExec_t executable = nullptr;
};

class CudaBackend : public Backend {
 public:
  explicit CudaBackend(int index) {
    Check(cudaSetDevice(index), "choosing a device");
    cudaDeviceProp properties;
    Check(cudaGetDeviceProperties(&properties, index), "asking for a device's properties");
    info_.name = properties.name;
    info_.memory = properties.totalGlobalMem;
    info_.block_memory = properties.sharedMemPerBlockOptin;
    info_.units = properties.multiProcessorCount;
    const auto most_shared = static_cast<int>(info_.block_memory);
#define CEREBRO_DEVICE_KERNEL(name) PrepareKernel<name##Kernel>(most_shared);
#include "engine/device/kernels/list.inc"
#undef CEREBRO_DEVICE_KERNEL
    Check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
  }
  ~CudaBackend() override {
    cudaStreamDestroy(stream_);
    if (!keeps_context_) cudaDeviceReset();  // the context goes, and all memory with it
  }
  void KeepContext() override { keeps_context_ = true; }

  const DeviceInfo& info() const override { return info_; }
  size_t FreeMemory() const override {
    size_t free_bytes = 0, all = 0;
    Check(cudaMemGetInfo(&free_bytes, &all), "asking for free memory");
    return free_bytes;
  }

  void* Allocate(size_t bytes) override {
    void* memory = nullptr;
    const cudaError_t status = cudaMalloc(&memory, bytes);
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();  // it is no error of the next call
      return nullptr;
    }
    Check(status, "taking memory");
    return memory;
  }
  void Free(void* memory) override { cudaFree(memory); }
  void* AllocatePinned(size_t bytes) override {
    void* memory = nullptr;
    const cudaError_t status = cudaMallocHost(&memory, bytes);
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      throw std::bad_alloc();
    }
    Check(status, "taking pinned memory");
    return memory;
  }
  void FreePinned(void* memory) override { cudaFreeHost(memory); }

  void CopyToDevice(void* to, const void* from, size_t bytes) override {
    Check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_), "copying to it");
  }
  void CopyToHost(void* to, const void* from, size_t bytes) override {
    Check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_), "copying from it");
  }
  void Zero(void* memory, size_t bytes) override {
    Check(cudaMemsetAsync(memory, 0, bytes, stream_), "clearing memory");
  }

  void Launch(KernelId kernel, const Grid& grid, size_t shared_bytes, const void* arguments,
              size_t argument_bytes) override {
    switch (kernel) {
#define CEREBRO_DEVICE_KERNEL(name) \
  case KernelId::k##name:           \
    return LaunchKernel<name##Kernel>(grid, shared_bytes, arguments, argument_bytes, stream_);
#include "engine/device/kernels/list.inc"
#undef CEREBRO_DEVICE_KERNEL
    }
  }

  void Record() override { Check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "recording"); }
  void DropRecord() override {
    cudaGraph_t graph = nullptr;
    cudaStreamEndCapture(stream_, &graph);
    if (graph != nullptr) cudaGraphDestroy(graph);
    cudaGetLastError();
  }
  std::unique_ptr<Recording> EndRecord() override {
    cudaGraph_t graph = nullptr;
    Check(cudaStreamEndCapture(stream_, &graph), "recording");
    auto recording = std::make_unique<CudaRecording>();
    const cudaError_t status = cudaGraphInstantiate(&recording->executable, graph, 0);
    cudaGraphDestroy(graph);
    Check(status, "preparing a recording");
    return recording;
  }
  void Replay(const Recording& recording) override {
    Check(cudaGraphLaunch(static_cast<const CudaRecording&>(recording).executable, stream_), "replaying a recording");
  }

  std::unique_ptr<Event> MakeEvent() override { return std::make_unique<CudaEvent>(); }
  void Mark(Event* event) override {
    auto* marked = static_cast<CudaEvent*>(event);
    Check(cudaEventRecord(marked->event, stream_), "marking an event");
    marked->marked = true;
  }
  bool Finished(const Event& event) override {
    const auto& marked = static_cast<const CudaEvent&>(event);
    if (!marked.marked) return true;
    const cudaError_t status = cudaEventQuery(marked.event);
    if (status == cudaErrorNotReady) {
      cudaGetLastError();  // it is no error of the next launch
      return false;
    }
    Check(status, "computing");
    return true;
  }
  void Wait() override { Check(cudaStreamSynchronize(stream_), "computing"); }
  const base::Error* failure() const override { return first_failure ? &*first_failure : nullptr; }

 private:
  DeviceInfo info_;
  cudaStream_t stream_ = nullptr;
  bool keeps_context_ = false;
};

class CudaLibrary : public BackendLibrary {
 public:
  int Count() const override {
    static int last = 0;  // behind a failure CUDA counts no more, and what is to be said is the failure
    int count = 0;
    if (cudaGetDeviceCount(&count) != cudaSuccess) {
      cudaGetLastError();
      return last;
    }
    last = count;
    return count;
  }
  std::string Problem() const override {
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    cudaGetLastError();
    return status == cudaSuccess && count > 0 ? std::string() : std::string("CUDA says: ") + cudaGetErrorString(status);
  }
  std::unique_ptr<Backend> Open(int index) const override {
    if (first_failure) throw *first_failure;
    return std::make_unique<CudaBackend>(index);
  }
};

}  // namespace

}  // namespace engine::device

extern "C" __attribute__((visibility("default"))) const engine::device::BackendLibrary* pg_cerebro_cuda_library(
    const char* interface) {
  static const engine::device::CudaLibrary library;
  return std::strcmp(interface, CEREBRO_DEVICE_INTERFACE) == 0 ? &library : nullptr;
}
