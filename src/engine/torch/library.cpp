#include "engine/torch/library.hpp"

#include <cstdlib>
#include <cstring>
#include <sstream>

#include "engine/api/autograd_door.hpp"
#include "engine/torch/device.hpp"
#include "engine/torch/error.hpp"
#include "engine/torch/script_guards.hpp"
#include "engine/torch/torch.hpp"
#include "engine/torch/trainer.hpp"

namespace engine::torch {

namespace {

/// Makes LibTorch start its pool: an element-wise operation large enough to be cut into a piece a thread. (Its
/// parallel_for is no way: it is inlined here and would run on the OpenMP library of this compiler, not on LibTorch's.)
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

class Library : public AutogradLibrary {
 public:
  std::unique_ptr<AutogradTrainer> MakeTrainer(const ResolvedNetwork& network, const base::OptimizerConfig& optimizer) const override {
    return torch::MakeTrainer(network, optimizer);
  }

  void SetThreads(int threads) const override {
    Translated("setting the number of threads", [&] {
      // With AVX2 and later oneDNN writes beyond its workspace in the weights' gradient of strided 1x1 convolutions of
      // few channels: that of LibTorch 1.13, and each until 3.12 at least (its issue 6035). It reads this before its first
      // work; who sets it otherwise is heard.
      setenv("DNNL_MAX_CPU_ISA", "AVX", 0);
      at::set_num_threads(threads);
      static const bool once = [] {
        at::set_num_interop_threads(1);  // can be set once in a process; nothing of ours runs there
        return true;
      }();
      (void)once;
      if (threads > 1) StartPool(threads);
    });
  }

  void SetPoll(void (*poll)()) const override { SetScriptPoll(poll); }

  int DeviceCount() const override { return torch::DeviceCount(); }

  std::string Version() const override { return std::string("LibTorch ") + TORCH_VERSION; }

  std::string OwnBlas() const override { return at::hasMKL() ? "MKL" : ""; }

  std::string InstructionSet() const override {
    const std::string capability = Translated("describing the build", [] { return ConfigEntry("CPU capability usage: "); });
    if (!capability.empty()) return capability;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return "AVX512";
    if (__builtin_cpu_supports("avx2")) return "AVX2";
#endif
    return "baseline instructions";
  }
};

}  // namespace

const AutogradLibrary& TheLibrary() {
  static const Library library;
  return library;
}

}  // namespace engine::torch

extern "C" engine::AutogradDoor pg_cerebro_torch_library;

extern "C" __attribute__((visibility("default"))) const engine::AutogradLibrary* pg_cerebro_torch_library(const char* interface) {
  return std::strcmp(interface, CEREBRO_ENGINE_INTERFACE) == 0 ? &engine::torch::TheLibrary() : nullptr;
}
