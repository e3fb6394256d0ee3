// Devices: nothing else knows of CUDA. Compiles without CUDA's headers.
#pragma once

#include "engine/torch/torch.hpp"

namespace engine::torch {

/// CUDA devices that LibTorch sees; 0 without CUDA.
int DeviceCount();

/// The device of an Options::device: -1 the CPU; any other number a CUDA device, modulo the devices that there are, so that workers can be
/// numbered without knowing the host. Throws kFeatureNotSupported when a device is asked for and LibTorch sees none.
at::Device PlaceModel(int index);

/// Gives memory that LibTorch caches on the devices back to them, for the other processes of the host. Nothing happens without CUDA.
void EmptyDeviceCache();

}  // namespace engine::torch
