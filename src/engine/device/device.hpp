// The devices of this process: who may use one, and what it has there.
//
// So many processes of a host have a context on a device at the same time as DeviceSettings::processes says; others
// wait. A process takes a seat of a device when it opens it, and gives it back when it closes it or ends: seats are
// locks on files, which go with their process. Files of the seats are those of the operating system's user, so that all
// servers and segments that run as one user share a device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/device/backend.hpp"
#include "engine/device/group.hpp"
#include "engine/device/memory.hpp"

namespace engine::device {

struct DeviceSettings {
  size_t memory = 0;  // of a device that a process takes, at most; 0: its part of what is free when it opens the device
  int processes = 1;  // that have a context on a device at the same time
  Precision precision = Precision::kFloat32;
  int fake_devices = 0;  // instead of CUDA's, for tests
  size_t fake_memory = size_t{1} << 30;
  bool fake_backwards = false;
  int64_t fake_fails_at = 0;  // fake_device.hpp
  bool fake_fails_for_good = false;
};

/// Devices that there are; 0 where the library for CUDA is not installed.
int CountDevices(const DeviceSettings& settings);

/// Why there is none: "CUDA says: ..."; empty where the library is not installed, and where there are some.
std::string DeviceProblem(const DeviceSettings& settings);

/// The name and version of what computes on devices, for the description of a build.
std::string DescribeDevices(const DeviceSettings& settings);

/// A lock on one of a device's seats.
class Seat {
 public:
  /// nullptr when all are taken. Errors: kEngine where the files cannot be made.
  static std::unique_ptr<Seat> Take(int device, int seats);
  ~Seat();
  /// Waits for one; poll is called meanwhile.
  static std::unique_ptr<Seat> WaitFor(int device, int seats, const WaitPoll& poll);
  /// Whether another process waits for one.
  static bool AnyoneWaits(int device);
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

 private:
  explicit Seat(int file) : file_(file) {}
  static constexpr const char* kWaiting = "waiting";
  static int OpenFile(int device, const std::string& which);
  /// nullptr when another process has the lock; closes the file then.
  static std::unique_ptr<Seat> Lock(int file, int how);
  int file_;
};

class Device {
 public:
  /// Waits for a seat; poll is called meanwhile. Errors: kFeatureNotSupported where there is no device, kOutOfMemory
  /// where it has no room for this process, kEngine.
  static std::unique_ptr<Device> Open(int index, const DeviceSettings& settings, const WaitPoll& poll);

  Backend* backend() { return backend_.get(); }
  Memory* memory() { return memory_.get(); }
  int index() const { return index_; }

 private:
  Device() = default;
  int index_ = 0;
  std::unique_ptr<Seat> seat_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Memory> memory_;
};

}  // namespace engine::device
