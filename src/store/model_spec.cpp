#include "store/model_spec.hpp"

#include <memory>
#include <string>

#include "base/error.hpp"
#include "engine/core/devices.hpp"
#include "pg/device_settings.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"

namespace store {

void SetDeviceOptions() {
  const pg::DeviceSettings settings = pg::CurrentDeviceSettings();
  engine::DeviceOptions options;
  options.memory = static_cast<size_t>(settings.memory);
  options.processes = settings.processes;
  options.precision = settings.precision;
  options.fake_devices = settings.fake_devices;
  engine::SetDeviceOptions(options);
}

int DeviceProcesses() { return engine::DeviceCount() * pg::CurrentDeviceSettings().processes; }

void TellOfDevices() {
  for (const std::string& text : engine::TakeDeviceNotices()) pg::Notice(text);
}

engine::Options EngineOptions(bool use_gpus) {
  const pg::Settings settings = pg::CurrentSettings();
  engine::SetThreads(settings.threads);
  engine::Options options;
  options.precision = settings.float64 ? base::DType::kFloat64 : base::DType::kFloat32;
  if (use_gpus) {
    SetDeviceOptions();
    const int devices = engine::DeviceCount();
    if (devices == 0) {
      throw base::Error(base::ErrorCode::kFeatureNotSupported, "use_gpus is set but no CUDA device is seen",
                        "pg_cerebro was built without CUDA, or the host has no usable GPU.",
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
