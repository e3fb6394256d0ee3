// A device as the rest of this room sees it: memory, copies, streams, kernels. Two implementations: fake_device.hpp and
// cuda/backend.cu.
//
// A stream does what it is given in that order. Copies and kernels only begin when they are given: memory that they
// read or write must stay as it is until the stream has come that far (Finished, Wait). Used by one thread of a
// process.
//
// Errors: base::Error of kEngine, with the device's own words in the detail, and kOutOfMemory. Allocate alone has another
// way: it returns nullptr when the device has no such memory left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "engine/device/block.hpp"

namespace engine::device {

/// The kernels, by their names: kernels/list.inc.
enum class KernelId : int32_t {
#define CEREBRO_DEVICE_KERNEL(name) k##name,
#include "engine/device/kernels/list.inc"
#undef CEREBRO_DEVICE_KERNEL
};

/// How products are computed. kFloat32: no rounding of factors. kTf32 and kBfloat16 round them, and add in float32.
enum class Precision : int32_t { kFloat32 = 0, kTf32 = 1, kBfloat16 = 2 };

struct DeviceInfo {
  std::string name;
  size_t memory = 0;        // bytes in all
  size_t block_memory = 0;  // bytes of shared memory that a block can have at most
  int units = 1;            // blocks that can compute at the same time, at least
};

/// A point in a stream.
class Event {
 public:
  virtual ~Event() = default;
};

/// Launches and copies that were recorded once and can be given to a stream as a whole.
class Recording {
 public:
  virtual ~Recording() = default;
};

class Backend {
 public:
  virtual ~Backend() = default;

  virtual const DeviceInfo& info() const = 0;
  /// The context stays when the backend goes: others of this process (LibTorch) compute in it.
  virtual void KeepContext() = 0;
  /// Bytes that are free now, on the whole device.
  virtual size_t FreeMemory() const = 0;

  /// Memory of the device, at a multiple of 256 bytes; nullptr when there is none left.
  virtual void* Allocate(size_t bytes) = 0;
  virtual void Free(void* memory) = 0;
  /// The processor's memory that the device reads and writes directly. Throws std::bad_alloc.
  virtual void* AllocatePinned(size_t bytes) = 0;
  virtual void FreePinned(void* memory) = 0;

  virtual void CopyToDevice(void* to, const void* from, size_t bytes) = 0;
  virtual void CopyToHost(void* to, const void* from, size_t bytes) = 0;
  virtual void Zero(void* memory, size_t bytes) = 0;
  /// arguments: the kernel's Arguments, which are copied.
  virtual void Launch(KernelId kernel, const Grid& grid, size_t shared_bytes, const void* arguments,
                      size_t argument_bytes) = 0;

  /// What is given to the stream from Record to EndRecord is recorded and not done.
  virtual void Record() = 0;
  virtual std::unique_ptr<Recording> EndRecord() = 0;
  /// Ends a recording that nobody wants, also one in which something has failed. Throws nothing.
  virtual void DropRecord() = 0;
  virtual void Replay(const Recording& recording) = 0;

  virtual std::unique_ptr<Event> MakeEvent() = 0;
  /// The stream passes the event when it has done all that it was given before.
  virtual void Mark(Event* event) = 0;
  /// True when it has; also before the first Mark.
  virtual bool Finished(const Event& event) = 0;
  /// Waits for all that the stream was given.
  virtual void Wait() = 0;
  /// The first error after which this process can do nothing more on the device; nullptr: there was none.
  virtual const base::Error* failure() const = 0;
};

/// The devices of one kind in this process's host.
class BackendLibrary {
 public:
  virtual ~BackendLibrary() = default;
  virtual int Count() const = 0;
  /// Why there is none, in the words of what looks for them; empty where there are some.
  virtual std::string Problem() const = 0;
  /// Takes a device's context. Errors: kEngine; kOutOfMemory where there is no room for it.
  virtual std::unique_ptr<Backend> Open(int index) const = 0;
};

constexpr const char* kCudaLibraryFile = "pg_cerebro_cuda.so";
constexpr const char* kCudaDoorName = "pg_cerebro_cuda_library";

/// Type of the function that the library exports. interface: as engine/api/autograd_door.hpp has it. nullptr when it
/// was compiled with other headers.
using CudaDoor = const BackendLibrary*(const char* interface);

}  // namespace engine::device
