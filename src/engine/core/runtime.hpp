// The process: threads, devices, and what the bits depend on besides the configuration.
#pragma once

#include <string>

namespace engine {

/// Sets the number of threads that share a large product of our kernels and, when it is opened, of LibTorch and its BLAS,
/// for this process. Later calls change it where the library can.
void SetThreads(int threads);

/// CUDA devices that LibTorch sees; 0 without CUDA. Opens LibTorch.
int DeviceCount();

/// One line: LibTorch version, BLAS and its core name, instruction set: what the bits depend on besides the configuration.
std::string BuildDescription();

/// The instruction set that LibTorch will choose on this processor, or "" where that cannot be known without asking it.
std::string LibraryInstructionSet();

}  // namespace engine
