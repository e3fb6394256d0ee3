// The process: threads, devices, and what the bits depend on besides the configuration.
#pragma once

#include <string>

namespace engine {

/// Sets the number of threads of LibTorch and of the BLAS for this process. Call before the first tensor operation; later calls
/// change the number where the library can.
void SetThreads(int threads);

/// CUDA devices that LibTorch sees; 0 without CUDA.
int DeviceCount();

/// One line: LibTorch version, BLAS and its core name, instruction set: what the bits depend on besides the configuration.
std::string BuildDescription();

}  // namespace engine
