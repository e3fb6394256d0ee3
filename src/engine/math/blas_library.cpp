#include "engine/math/blas_library.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <vector>

#include "base/error.hpp"
#include "engine/math/address_space.hpp"

namespace engine::math {

namespace {

using Text = char*();
using Action = void();
using Sgemm = void(const char*, const char*, const int*, const int*, const int*, const float*, const float*, const int*, const float*, const int*,
                   const float*, float*, const int*);

template <typename Fn>
Fn* Find(const char* name) {
  return reinterpret_cast<Fn*>(FindBlasFunction(name));
}

// What an OpenBLAS takes of the address space (of 0.3.21: read off /proc): itself and a buffer for every thread that it
// may have when it is opened, and a buffer for each thread that computes. Of a buffer only what is used becomes memory.
// A buffer that it does not get it asks for again for ever.
constexpr size_t kLibraryBytes = size_t{64} << 20;
constexpr size_t kBufferBytes = size_t{128} << 20;
constexpr size_t kThreadBytes = kBufferBytes + (size_t{16} << 20);  // with a stack
constexpr long kMostBuffers = 128;

size_t OpeningBytes() {
  long threads = sysconf(_SC_NPROCESSORS_CONF);
  if (const char* set = std::getenv("OMP_NUM_THREADS")) {
    const long number = std::strtol(set, nullptr, 10);
    if (number > 0) threads = std::min(threads, number);
  }
  return kLibraryBytes + static_cast<size_t>(std::clamp(threads, 1L, kMostBuffers)) * kBufferBytes;
}

// The system's choice under its interface's name, as LibTorch is linked with it; then OpenBLAS by its own. Lazily
// bound: of OpenBLAS's many thousand references one product needs a few, and binding all of them takes two thirds of
// the time of opening it, in every worker.
void* Open() {
  RequireAddressSpace(OpeningBytes(), "the BLAS");
  for (const char* name : {"libblas.so.3", "libopenblas.so.0"}) {
    if (void* library = dlopen(name, RTLD_LAZY | RTLD_LOCAL)) return library;
    const char* why = dlerror();
    if (why != nullptr && SaysOutOfMemory(why)) {
      throw base::Error(base::ErrorCode::kOutOfMemory, "the BLAS cannot be opened", std::string(why) + ".",
                        "Raise the limit of the server's address space (ulimit -v).");
    }
  }
  return nullptr;
}

constexpr const char* kCoreVariable = "OPENBLAS_CORETYPE";

// Kernels without AVX, by the names that OpenBLAS gives them.
bool IsOld(const std::string& core) {
  for (const char* old : {"Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "Atom", "Nano", "Katmai", "Coppermine", "Northwood",
                          "Banias", "Opteron", "Opteron_SSE3", "Barcelona", "Bobcat", "Athlon"}) {
    if (core == old) return true;
  }
  return false;
}

const char* BestCore() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    return "SkylakeX";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return nullptr;
}

bool Choose() {
  const auto name = Find<Text>("openblas_get_corename");
  const auto quit = Find<Action>("gotoblas_dynamic_quit");
  const auto init = Find<Action>("gotoblas_dynamic_init");
  if (name == nullptr || quit == nullptr || init == nullptr) return false;
  const char* best = BestCore();
  if (best == nullptr || std::getenv(kCoreVariable) != nullptr || !IsOld(name())) return false;
  // OpenBLAS reads its variable whenever it chooses: let it choose again. The variable goes at once, so that no child
  // sees it.
  setenv(kCoreVariable, best, 1);
  quit();
  init();
  unsetenv(kCoreVariable);
  return true;
}

}  // namespace

void* FindBlasFunction(const char* name) {
  if (void* here = dlsym(RTLD_DEFAULT, name)) return here;
  static void* const library = Open();
  return library == nullptr ? nullptr : dlsym(library, name);
}

void ChooseBlasKernels() {
  static const bool chosen = Choose();
  (void)chosen;
}

void SetBlasThreads(int threads) {
  static int most = 0;  // that have their buffers
  const auto set = Find<void(int)>("openblas_set_num_threads");
  const auto product = Find<Sgemm>("sgemm_");
  if (set != nullptr && threads > most) RequireAddressSpace(static_cast<size_t>(threads) * kThreadBytes, "the BLAS's buffers");
  if (set != nullptr) set(threads);
  if (product == nullptr || (threads < 2 && most > 0)) return;
  // large enough that every thread gets a part, and that one thread takes its buffer
  const int n = threads < 2 ? 128 : 512;
  const float one = 1, zero = 0;
  std::vector<float> a(static_cast<size_t>(n) * static_cast<size_t>(n), 1), b(a.size());
  product("N", "N", &n, &n, &n, &one, a.data(), &n, a.data(), &n, &zero, b.data(), &n);
  most = std::max(most, threads);
}

std::string DescribeBlas() {
  const auto core = Find<Text>("openblas_get_corename");
  const auto config = Find<Text>("openblas_get_config");
  if (core == nullptr || config == nullptr) return {};
  std::istringstream words(config());  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..."
  std::string name, version;
  words >> name >> version;
  return name + " " + version + " " + core();
}

}  // namespace engine::math
