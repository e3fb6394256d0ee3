// The process: threads, devices, and what the bits depend on besides the configuration.
#pragma once

#include <string>

namespace engine {

/// Sets the number of threads of the BLAS, and of LibTorch when it is opened, for this process. Later calls change the number where the library
/// can.
void SetThreads(int threads);

/// CUDA devices that LibTorch sees; 0 without CUDA. Opens LibTorch.
int DeviceCount();

/// One line: LibTorch version, BLAS and its core name, instruction set: what the bits depend on besides the configuration.
std::string BuildDescription();

/// The instruction set that LibTorch will choose on this processor, or "" where that cannot be known without asking it.
std::string LibraryInstructionSet();

}  // namespace engine
