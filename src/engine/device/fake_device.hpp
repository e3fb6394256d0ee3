// A device that computes in the processor's memory: the same kernels, launches, recordings and copies, so that
// everything but CUDA's own calls can be tested without a device. It is slow, and meant to be.
//
// It is strict: memory that was not allocated here is no device's memory, in copies; a launch with more shared memory
// than info().block_memory is an error; new memory is filled with NaN; a copy that is not yet due has not happened:
// copies to the host and launches are done when the stream is waited for, or asked whether it has finished.
#pragma once

#include <memory>

#include "engine/device/backend.hpp"

namespace engine::device {

struct FakeOptions {
  size_t memory = size_t{4} << 30;
  size_t block_memory = 227 * 1024;
  bool backwards = false;  // items of a phase are done from the last one to the first: block.hpp
};

std::unique_ptr<Backend> MakeFakeDevice(const FakeOptions& options = {});

/// So many of them.
std::unique_ptr<BackendLibrary> MakeFakeDevices(int count, const FakeOptions& options = {});

}  // namespace engine::device
