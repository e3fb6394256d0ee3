// The settings for GPUs (settings.hpp has the others). Registered with them.
#pragma once

#include <cstdint>
#include <string>

namespace pg {

struct DeviceSettings {
  int64_t memory;  // cerebro.device_mem, bytes (kB unit in SQL): most of a GPU that a process takes; 0 = its part of
                   // what is free
  int processes;   // cerebro.gpu_processes: processes of a host that use one GPU at the same time, 1
  std::string precision;  // cerebro.gpu_precision: float32, tf32 or bfloat16, of the factors of products
  int fake_devices;       // cerebro.fake_devices: GPUs that the processor plays, for tests; 0 = none
};

/// Current values.
DeviceSettings CurrentDeviceSettings();

}  // namespace pg
