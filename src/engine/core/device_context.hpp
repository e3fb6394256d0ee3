// The device of this process, and what it has to say.
#pragma once

#include <string>

#include "engine/device/device.hpp"

namespace engine {

/// Opened at the first call, or when another one is asked for; waits for a seat meanwhile (poll). Errors: as
/// device::Device::Open.
device::Device& TheDevice(int index, const device::WaitPoll& poll);

/// From now on LibTorch may compute on devices in this process: a device that is closed leaves the context alone.
void ShareDeviceContext();

/// How groups compute by the options that were set; path: for tests and benches.
device::GroupOptions TheGroupOptions();
void SetDevicePath(device::Path path);

/// To be told to the user once a process.
void NoticeOfDevice(const std::string& text);

}  // namespace engine
