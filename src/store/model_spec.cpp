#include "store/model_spec.hpp"

#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

#include "base/error.hpp"
#include "pg/settings.hpp"

namespace store {
namespace {

constexpr size_t kAlignment = 64;

}  // namespace

// Zeroed by the system where it is large: page by page as it is used, not here at once.
Block::Block(size_t bytes) : memory_(std::calloc(bytes + kAlignment, 1)), size_(bytes) {
  if (memory_ == nullptr) throw std::bad_alloc();
}

Block::~Block() { std::free(memory_); }

void* Block::data() const {
  const auto begin = reinterpret_cast<uintptr_t>(memory_);
  return static_cast<char*>(memory_) + ((begin + kAlignment - 1) / kAlignment * kAlignment - begin);
}

Block::Block(Block&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Block& Block::operator=(Block&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(size_, other.size_);
  return *this;
}

engine::Options EngineOptions(bool use_gpus) {
  const pg::Settings settings = pg::CurrentSettings();
  engine::SetThreads(settings.threads);
  engine::Options options;
  options.precision = settings.float64 ? base::DType::kFloat64 : base::DType::kFloat32;
  if (use_gpus) {
    const int devices = engine::DeviceCount();
    if (devices == 0) {
      throw base::Error(base::ErrorCode::kFeatureNotSupported, "use_gpus is set but LibTorch sees no CUDA device",
                        "This server's LibTorch was built without CUDA, or the host has no usable GPU.",
                        "Call the function with use_gpus => false.");
    }
    options.device = settings.device_rank % devices;
  }
  return options;
}

std::unique_ptr<engine::Model> BuildModel(const ModelSpec& spec, const base::DataSpec& data, const engine::Options& options) {
  return std::make_unique<engine::Model>(std::make_shared<const engine::Program>(spec.graph, spec.config, data, options), spec.config);
}

}  // namespace store
