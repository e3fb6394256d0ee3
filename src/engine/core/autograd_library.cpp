#include "engine/core/autograd_library.hpp"

#include <dlfcn.h>

#include <cstring>
#include <string>

#include "base/error.hpp"
#include "engine/api/autograd_door.hpp"
#include "engine/core/signals_blocked.hpp"
#include "engine/math/address_space.hpp"
#include "engine/math/blas_library.hpp"
#include "engine/math/fpenv.hpp"
#include "engine/math/poll.hpp"

namespace engine {

namespace {

const AutogradLibrary* open_library = nullptr;
int threads_to_set = 1;

constexpr size_t kLibraryBytes = size_t{640} << 20;  // of address space, LibTorch and all that it is linked with

[[noreturn]] void NotOpened(const std::string& why) {
  if (math::SaysOutOfMemory(why)) {
    throw base::Error(base::ErrorCode::kOutOfMemory, "LibTorch cannot be opened", why,
                      "Raise the limit of the server's address space (ulimit -v), or train networks that have kernels.");
  }
  throw base::Error(base::ErrorCode::kEngine, std::string("the library ") + kAutogradLibraryFile + " cannot be used", why,
                    "Install it beside pg_cerebro.so, from the same build.");
}

// Its pool and that of the BLAS, which only LibTorch calls: threads inherit that signals are blocked and denormals flushed.
void StartThreads(const AutogradLibrary& library) {
  const SignalsBlocked blocked;
  const math::FtzGuard ftz;
  library.SetThreads(threads_to_set);
  math::SetBlasThreads(threads_to_set);  // after it: an OpenBLAS may ask OpenMP for its number, which LibTorch sets
}

// With its own names first, the library does not meet those of the server and of what it has loaded. A sanitizer's runtime refuses that.
#ifdef __SANITIZE_ADDRESS__
constexpr int kOwnNamesFirst = 0;
#else
constexpr int kOwnNamesFirst = RTLD_DEEPBIND;
#endif

const AutogradLibrary* Open() {
  // A program that is itself linked with LibTorch, as some unit tests are, has copies of its data: all must see the same ones.
  const bool linked = dlsym(RTLD_DEFAULT, "_ZN3c1019UndefinedTensorImpl10_singletonE") != nullptr;
  math::ChooseBlasKernels();  // before anything is computed by it
  math::RequireAddressSpace(kLibraryBytes, "LibTorch");
  // found by the run path of whoever this code is linked into
  void* handle = dlopen(kAutogradLibraryFile, RTLD_NOW | RTLD_LOCAL | (linked ? 0 : kOwnNamesFirst));
  if (handle == nullptr) {
    const char* why = dlerror();
    NotOpened(why != nullptr ? std::string(why) + "." : std::string());
  }
  const auto door = reinterpret_cast<AutogradDoor*>(dlsym(handle, kAutogradDoorName));
  if (door == nullptr) NotOpened("It has no function " + std::string(kAutogradDoorName) + ".");
  const AutogradLibrary* library = door(CEREBRO_ENGINE_INTERFACE);
  if (library == nullptr) NotOpened("It was built from other sources than pg_cerebro.so.");
  StartThreads(*library);
  library->SetPoll(&math::PollInterrupts);
  return library;
}

}  // namespace

const AutogradLibrary& TheAutogradLibrary() {
  if (open_library == nullptr) open_library = Open();
  return *open_library;
}

const AutogradLibrary* OpenAutogradLibrary() { return open_library; }

void SetAutogradThreads(int threads) {
  threads_to_set = threads;
  if (open_library != nullptr) StartThreads(*open_library);
}

}  // namespace engine
