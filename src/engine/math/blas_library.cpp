#include "engine/math/blas_library.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <sstream>

namespace engine::math {

namespace {

using Text = char*();
using Action = void();

template <typename Fn>
Fn* Find(const char* name) {
  return reinterpret_cast<Fn*>(FindBlasFunction(name));
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
  // OpenBLAS reads its variable whenever it chooses: let it choose again. The variable goes at once, so that no child sees it.
  setenv(kCoreVariable, best, 1);
  quit();
  init();
  unsetenv(kCoreVariable);
  return true;
}

}  // namespace

void* FindBlasFunction(const char* name) { return dlsym(RTLD_DEFAULT, name); }

void ChooseBlasKernels() {
  static const bool chosen = Choose();
  (void)chosen;
}

void SetBlasThreads(int threads) {
  if (const auto set = Find<void(int)>("openblas_set_num_threads")) set(threads);
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
