// The BLAS of the process, which LibTorch calls; our own kernels do without. It is the system's choice: the one that is
// loaded already, or else the one that LibTorch is linked with. It is opened when it is first needed: for LibTorch, and to
// name it in the description of the build. No header and no link of our own.
#pragma once

#include <string>

namespace engine::math {

/// The address of one of its functions, or nullptr. Throws kOutOfMemory where the library finds no room.
void* FindBlasFunction(const char* name);

/// To be called once a process, before the first product. An OpenBLAS that is older than the processor takes its oldest kernels for it
/// (SSE3 on a machine with AVX-512: half the speed and less). Where the processor has AVX2 and the chosen kernels have not, this chooses
/// newer ones. An OPENBLAS_CORETYPE in the server's environment always has the last word. Does nothing with other libraries.
void ChooseBlasKernels();

/// Sets the number of threads of the BLAS, starts them and has them take their buffers: they inherit the caller's signal
/// mask and floating-point modes. Throws kOutOfMemory where there is no room for the buffers.
void SetBlasThreads(int threads);

/// Name, version and kernels of an OpenBLAS; "" for another library.
std::string DescribeBlas();

}  // namespace engine::math
