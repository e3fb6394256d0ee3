#include "engine/core/device_context.hpp"

#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "engine/core/devices.hpp"

namespace engine {

namespace {

device::DeviceSettings settings;
device::Path path = device::Path::kAuto;
std::shared_ptr<device::Device> open_device;
std::weak_ptr<device::Device> last_opened;  // closed here, it lives as long as somebody has memory there
std::optional<base::Error> failure;         // of a device that does not forget it
std::set<std::string> told;
std::vector<std::string> to_tell;
bool shares_context = false;
thread_local uint64_t current_content = 0;

bool SameDevices(const device::DeviceSettings& a, const device::DeviceSettings& b) {
  return a.memory == b.memory && a.processes == b.processes && a.fake_devices == b.fake_devices &&
         a.fake_memory == b.fake_memory && a.fake_backwards == b.fake_backwards &&
         a.fake_fails_at == b.fake_fails_at && a.fake_fails_for_good == b.fake_fails_for_good;
}

void KeepFailure() {
  if (failure || open_device == nullptr) return;
  if (const base::Error* of_device = open_device->backend()->failure()) failure = *of_device;
}

}  // namespace

void SetDeviceOptions(const DeviceOptions& options) {
  device::DeviceSettings now;
  now.memory = options.memory;
  now.processes = options.processes;
  now.fake_devices = options.fake_devices;
  now.fake_memory = options.fake_memory;
  now.fake_backwards = options.fake_backwards;
  now.fake_fails_at = options.fake_fails_at;
  now.fake_fails_for_good = options.fake_fails_for_good;
  now.precision = options.precision == "tf32"       ? device::Precision::kTf32
                  : options.precision == "bfloat16" ? device::Precision::kBfloat16
                                                    : device::Precision::kFloat32;
  if (!SameDevices(now, settings)) {
    CloseDevice();
    last_opened.reset();
    failure.reset();
    told.clear();
  }
  settings = now;
}

int KernelDeviceCount() { return device::CountDevices(settings); }

std::string KernelDeviceProblem() { return device::DeviceProblem(settings); }

BufferContent::BufferContent(uint64_t content) { current_content = content; }

BufferContent::~BufferContent() { current_content = 0; }

uint64_t BufferContent::Current() { return current_content; }

void CloseDevice() {
  KeepFailure();
  open_device.reset();
}

void YieldDevice() {
  if (open_device != nullptr && device::Seat::AnyoneWaits(open_device->index())) CloseDevice();
}

std::shared_ptr<device::Device> TheDevice(int index, const device::WaitPoll& poll) {
  KeepFailure();
  if (failure) throw *failure;
  const int count = KernelDeviceCount();
  if (open_device != nullptr && count > 0 && open_device->index() != index % count) CloseDevice();
  if (open_device == nullptr) {
    // one that somebody has memory on still has its seat, for which this process would wait
    open_device = last_opened.lock();
    if (open_device != nullptr && count > 0 && open_device->index() != index % count) open_device.reset();
  }
  if (open_device == nullptr) {
    open_device = device::Device::Open(index, settings, poll);
    last_opened = open_device;
    if (shares_context) open_device->backend()->KeepContext();
  }
  return open_device;
}

std::shared_ptr<device::Device> DeviceWithRoom(int index, const device::WaitPoll& poll) {
  try {
    return TheDevice(index, poll);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kOutOfMemory) throw;
    return nullptr;
  }
}

void ShareDeviceContext() {
  shares_context = true;
  if (open_device != nullptr) open_device->backend()->KeepContext();
}

device::GroupOptions TheGroupOptions() { return {settings.precision, path}; }

void SetDevicePath(device::Path now) { path = now; }

void NoticeOfDevice(const std::string& text) {
  if (told.insert(text).second) to_tell.push_back(text);
}

std::vector<std::string> TakeDeviceNotices() { return std::exchange(to_tell, {}); }

}  // namespace engine
