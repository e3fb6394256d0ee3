#include "engine/torch/device.hpp"

// CEREBRO_CUDA is defined by the build when LibTorch comes with CUDA; its headers need the toolkit's.
#if defined(CEREBRO_CUDA) && __has_include(<cuda_runtime_api.h>)
#define CEREBRO_CUDA_CACHE
#include <c10/cuda/CUDACachingAllocator.h>
#endif

#include "base/error.hpp"
#include "engine/torch/error.hpp"

namespace engine::torch {

int DeviceCount() {
  return Translated("looking for devices", [] { return at::hasCUDA() ? static_cast<int>(at::getNumGPUs()) : 0; });
}

at::Device PlaceModel(int index) {
  if (index < 0) return at::Device(at::kCPU);
  const int count = DeviceCount();
  if (count == 0) {
    throw base::Error(base::ErrorCode::kFeatureNotSupported, "no CUDA device is available to this server",
                      at::hasCUDA() ? "LibTorch was built with CUDA but sees no device." : "LibTorch was built without CUDA.",
                      "Call the function with use_gpus => false.");
  }
  return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(index % count));
}

void EmptyDeviceCache() {
#ifdef CEREBRO_CUDA_CACHE
  if (at::hasCUDA()) Translated("emptying the device cache", [] { c10::cuda::CUDACachingAllocator::emptyCache(); });
#endif
}

}  // namespace engine::torch
