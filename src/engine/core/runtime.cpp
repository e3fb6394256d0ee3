#include "engine/core/runtime.hpp"

#include <cstdlib>

#include "base/error.hpp"
#include "engine/core/autograd_library.hpp"
#include "engine/core/devices.hpp"
#include "engine/core/signals_blocked.hpp"
#include "engine/math/blas_library.hpp"
#include "engine/math/fpenv.hpp"
#include "engine/math/gemm_blocks.hpp"

namespace engine {

void SetThreads(int threads) {
  // Pool threads inherit what their maker has: signals blocked (the server's handlers belong to the main thread) and denormals flushed.
  // Starting the pools here and not in the first product is what makes sure of both.
  const SignalsBlocked blocked;
  const math::FtzGuard ftz;
  math::SetProductThreads(threads);
  SetAutogradThreads(threads);
}

int AutogradDeviceCount() { return TheAutogradLibrary().DeviceCount(); }

int DeviceCount() {
  const int of_kernels = KernelDeviceCount();
  return of_kernels > 0 ? of_kernels : AutogradDeviceCount();
}

// LibTorch 1.13 takes AVX2 where the processor has it, and AVX-512 only when it is told to (its issue 80252). Other versions choose otherwise.
std::string LibraryInstructionSet() {
#if defined(__x86_64__)
  const bool is_1_13 = std::string(CEREBRO_TORCH_VERSION).rfind("1.13.", 0) == 0;
  if (is_1_13 && std::getenv("ATEN_CPU_CAPABILITY") == nullptr && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "AVX2";
#endif
  return {};
}

// What LibTorch alone knows; "" where its library cannot be opened.
std::string AskedOfLibTorch(std::string (AutogradLibrary::*what)() const) {
  try {
    return (TheAutogradLibrary().*what)();
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kEngine) throw;
    return {};
  }
}

// A stored state and a run's summary have this line, so it must not need LibTorch itself, whose version is that of the build. What cannot be
// known without it is asked of it.
std::string BuildDescription() {
  math::ChooseBlasKernels();
  const AutogradLibrary* library = OpenAutogradLibrary();
  std::string instructions = library != nullptr ? library->InstructionSet() : LibraryInstructionSet();
  if (instructions.empty()) instructions = AskedOfLibTorch(&AutogradLibrary::InstructionSet);
  if (instructions.empty()) instructions = "unknown instructions";
  std::string blas = math::DescribeBlas();
  if (blas.empty()) blas = AskedOfLibTorch(&AutogradLibrary::OwnBlas);
  if (blas.empty()) blas = "unknown BLAS";
  return std::string("LibTorch ") + CEREBRO_TORCH_VERSION + ", " + blas + ", " + instructions;
}

}  // namespace engine
