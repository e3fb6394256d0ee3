// Devices as the rooms above see them: how they are used, how many there are, what trains on them, what there is to
// say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "engine/core/program.hpp"

namespace engine {

/// How devices are used: cerebro's settings. Takes effect when a device is opened next.
struct DeviceOptions {
  size_t memory = 0;                  // bytes of a device that a process takes at most; 0: its part of what is free
  int processes = 1;                  // that use a device at the same time
  std::string precision = "float32";  // of factors of products: float32, tf32, bfloat16
  int fake_devices = 0;               // for tests: so many devices that the processor plays
  size_t fake_memory = size_t{1} << 30;
  bool fake_backwards = false;  // engine/device/fake_device.hpp
  int64_t fake_fails_at = 0;
  bool fake_fails_for_good = false;
};
void SetDeviceOptions(const DeviceOptions& options);

/// Devices of our own kernels (pg_cerebro_cuda.so), and those that LibTorch sees, which it opens to know them.
/// DeviceCount, in engine/core/runtime.hpp: the former, or where there are none the latter.
int KernelDeviceCount();
/// Why there are none of the former: "CUDA says: ..."; empty where that is not known.
std::string KernelDeviceProblem();
int AutogradDeviceCount();

/// Where a network's models train by the options' device. refusal: why they have no kernels there, or empty.
struct DeviceTraining {
  bool on_device = false;
  std::string refusal;
};
DeviceTraining TrainingOnDevice(const std::shared_ptr<const base::Graph>& graph, const base::TrainConfig& config,
                                const base::DataSpec& data, const Options& options);

/// Says of the buffers that this thread trains or scores while it lives that they are those of a number that no other
/// content has as long as the device is open: the device keeps them. Without one, and for 0, it does not.
class BufferContent {
 public:
  explicit BufferContent(uint64_t content);
  ~BufferContent();
  BufferContent(const BufferContent&) = delete;
  BufferContent& operator=(const BufferContent&) = delete;
  static uint64_t Current();
};

/// Gives back the device that this process has open, its memory and its seat. Models must be detached: the device stays
/// as long as a visit has memory there.
void CloseDevice();
/// The same where another process waits for the device, and nothing otherwise.
void YieldDevice();

/// What the user is to know of devices since the last call: each text once a process.
std::vector<std::string> TakeDeviceNotices();

}  // namespace engine
