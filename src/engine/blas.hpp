// The BLAS behind LibTorch: which kernels it uses.
#pragma once

namespace engine {

/// Once a process, before the first product: an OpenBLAS that is older than the processor takes its oldest kernels for it (SSE3 on a
/// machine with AVX-512: half the speed and less). Where the processor has AVX2 and the chosen kernels have not, newer ones are chosen. An
/// OPENBLAS_CORETYPE in the server's environment always has the last word. Does nothing with other libraries.
void ChooseBlasKernels();

}  // namespace engine
