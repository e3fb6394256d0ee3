// A device that computes in the processor's memory: the same kernels, launches, recordings and copies, so that
// everything but CUDA's own calls can be tested without a device. It is slow, and meant to be.
//
// It is strict: memory that was not allocated here is no device's memory, in copies; a launch with more shared memory
// than info().block_memory is an error; new memory is filled with NaN; a copy that is not yet due has not happened:
// copies and launches are done when the stream is waited for. Whoever asks whether it has finished lets it do a little.
#pragma once

#include <memory>

#include "engine/device/backend.hpp"

namespace engine::device {

struct FakeOptions {
  size_t memory = size_t{4} << 30;
  size_t block_memory = 227 * 1024;
  bool backwards = false;  // items of a phase are done from the last one to the first: block.hpp
  int64_t fails_at = 0;    // the launch or copy to the host that fails, from 1; 0: none
  bool fails_for_good = false;  // all that comes behind it fails, too
};

/// Errors: kOutOfMemory where it has no memory at all.
std::unique_ptr<Backend> MakeFakeDevice(const FakeOptions& options = {});

/// The most launches and copies that have waited in its stream.
size_t MostWaiting(const Backend& fake);

/// So many of them.
std::unique_ptr<BackendLibrary> MakeFakeDevices(int count, const FakeOptions& options = {});

}  // namespace engine::device
