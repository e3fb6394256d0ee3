// Threads, and what the bits depend on besides the configuration.

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>

#include <sstream>
#include <string>

#include "engine/blas.hpp"
#include "engine/error.hpp"
#include "engine/fpenv.hpp"
#include "engine/model.hpp"
#include "engine/torch.hpp"

namespace engine {

namespace {

/// A function of a library that may or may not be loaded: the BLAS behind LibTorch is chosen by the system.
template <typename Fn>
Fn* FindFunction(const char* name) {
  return reinterpret_cast<Fn*>(dlsym(RTLD_DEFAULT, name));
}

/// Blocks all signals of this thread while it lives; threads started meanwhile keep them blocked.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &saved_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &saved_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t saved_;
};

/// Makes LibTorch start its pool: an element-wise operation large enough to be cut into a piece a thread. (Its parallel_for is no way: it
/// is inlined here and would run on the OpenMP library of this compiler, not on LibTorch's.)
void StartPool(int threads) {
  constexpr int64_t kPiece = 2 * 32768;  // at::internal::GRAIN_SIZE is what one thread does alone
  at::zeros({threads * kPiece}).add_(1);
}

/// The text after `key` on its line of LibTorch's description of itself, or "".
std::string ConfigEntry(const std::string& key) {
  std::istringstream lines(at::show_config());
  std::string line;
  while (std::getline(lines, line)) {
    const size_t at = line.find(key);
    if (at != std::string::npos) return line.substr(at + key.size());
  }
  return {};
}

std::string BlasDescription() {
  const auto core = FindFunction<char*()>("openblas_get_corename");
  const auto config = FindFunction<char*()>("openblas_get_config");
  if (core != nullptr && config != nullptr) {
    std::istringstream words(config());  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..."
    std::string name, version;
    words >> name >> version;
    return name + " " + version + " " + core();
  }
  if (at::hasMKL()) return "MKL";
  return "unknown BLAS";
}

/// The instruction set that LibTorch's kernels chose.
std::string InstructionSet() {
  const std::string capability = ConfigEntry("CPU capability usage: ");
  if (!capability.empty()) return capability;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return "AVX512";
  if (__builtin_cpu_supports("avx2")) return "AVX2";
#endif
  return "baseline instructions";
}

}  // namespace

void SetThreads(int threads) {
  ChooseBlasKernels();
  // Pool threads inherit what their maker has: signals blocked (the server's handlers belong to the main thread) and denormals flushed.
  // Starting the pool here and not in the first product is what makes sure of both.
  const SignalsBlocked blocked;
  const FtzGuard ftz;
  Translated("setting the number of threads", [&] {
    at::set_num_threads(threads);
    static const bool once = [] {
      at::set_num_interop_threads(1);  // can be set once in a process; nothing of ours runs there
      return true;
    }();
    (void)once;
    // a BLAS with threads of its own does not follow OpenMP
    if (const auto set = FindFunction<void(int)>("openblas_set_num_threads")) set(threads);
    if (threads > 1) StartPool(threads);
  });
}

std::string BuildDescription() {
  ChooseBlasKernels();
  return Translated("describing the build", [] {
    return std::string("LibTorch ") + TORCH_VERSION + ", " + BlasDescription() + ", " + InstructionSet();
  });
}

}  // namespace engine
