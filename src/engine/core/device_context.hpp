// The device of this process, and what it has to say.
#pragma once

#include <memory>
#include <string>

#include "engine/device/device.hpp"

namespace engine {

/// Opened at the first call, or when another one is asked for; waits for a seat meanwhile (poll). Whoever has memory
/// there keeps the pointer as long. Errors: as device::Device::Open; kOutOfMemory where the device has no room for this
/// process. After an error that the device does not forget every call throws that one.
std::shared_ptr<device::Device> TheDevice(int index, const device::WaitPoll& poll);

/// From now on LibTorch may compute on devices in this process: a device that is closed leaves the context alone.
void ShareDeviceContext();

/// How groups compute by the options that were set; path: for tests and benches.
device::GroupOptions TheGroupOptions();
void SetDevicePath(device::Path path);

/// TheDevice; nullptr where it has no room for this process.
std::shared_ptr<device::Device> DeviceWithRoom(int index, const device::WaitPoll& poll);

/// To be told to the user once a process, and again when its devices are used otherwise.
void NoticeOfDevice(const std::string& text);

}  // namespace engine
