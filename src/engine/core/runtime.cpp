#include "engine/core/runtime.hpp"

#include <pthread.h>
#include <signal.h>

#include "engine/math/blas_library.hpp"
#include "engine/math/fpenv.hpp"
#include "engine/torch/library.hpp"

namespace engine {

namespace {

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

}  // namespace

void SetThreads(int threads) {
  math::ChooseBlasKernels();
  // Pool threads inherit what their maker has: signals blocked (the server's handlers belong to the main thread) and denormals flushed.
  // Starting the pools here and not in the first product is what makes sure of both.
  const SignalsBlocked blocked;
  const math::FtzGuard ftz;
  math::SetBlasThreads(threads);
  torch::TheLibrary().SetThreads(threads);
}

int DeviceCount() { return torch::TheLibrary().DeviceCount(); }

std::string BuildDescription() {
  math::ChooseBlasKernels();
  const AutogradLibrary& library = torch::TheLibrary();
  std::string blas = math::DescribeBlas();
  if (blas.empty()) blas = library.OwnBlas();
  if (blas.empty()) blas = "unknown BLAS";
  return library.Version() + ", " + blas + ", " + library.InstructionSet();
}

}  // namespace engine
