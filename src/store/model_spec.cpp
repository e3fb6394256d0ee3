#include "store/model_spec.hpp"

#include <memory>

#include "base/error.hpp"
#include "pg/settings.hpp"

namespace store {
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
