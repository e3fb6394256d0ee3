#include "engine/math/blas_library.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <sstream>
#include <vector>

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

// The system's choice under its interface's name, as LibTorch is linked with it; then OpenBLAS by its own. Lazily
// bound: of OpenBLAS's many thousand references one product needs a few, and binding all of them takes two thirds of
// the time of opening it, in every worker.
void* Open() {
  for (const char* name : {"libblas.so.3", "libopenblas.so.0"}) {
    if (void* library = dlopen(name, RTLD_LAZY | RTLD_LOCAL)) return library;
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
  if (const auto set = Find<void(int)>("openblas_set_num_threads")) set(threads);
  const auto product = Find<Sgemm>("sgemm_");
  if (threads < 2 || product == nullptr) return;
  // large enough that every thread gets a part
  constexpr int n = 512;
  const float one = 1, zero = 0;
  std::vector<float> a(size_t{n} * n, 1), b(size_t{n} * n);
  product("N", "N", &n, &n, &n, &one, a.data(), &n, a.data(), &n, &zero, b.data(), &n);
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
