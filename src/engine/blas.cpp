#include "engine/blas.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <string>

namespace engine {
namespace {

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
  using Name = char*();
  using Action = void();
  const auto name = reinterpret_cast<Name*>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  const auto quit = reinterpret_cast<Action*>(dlsym(RTLD_DEFAULT, "gotoblas_dynamic_quit"));
  const auto init = reinterpret_cast<Action*>(dlsym(RTLD_DEFAULT, "gotoblas_dynamic_init"));
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

void ChooseBlasKernels() {
  static const bool chosen = Choose();
  (void)chosen;
}

}  // namespace engine
