#include "engine/device/fake_device.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "engine/device/kernels/all.hpp"

namespace engine::device {

namespace {

[[noreturn]] void Throw(const std::string& what) {
  throw base::Error(base::ErrorCode::kEngine, "the fake device was misused", what + ".");
}

template <class Kernel>
void RunKernel(const Grid& grid, char* shared, bool backwards, const void* arguments) {
  typename Kernel::Arguments copy;
  std::memcpy(&copy, arguments, sizeof(copy));
  for (int z = 0; z < grid.z; ++z) {
    for (int y = 0; y < grid.y; ++y) {
      for (int x = 0; x < grid.x; ++x) Kernel::Run(FakeBlock({x, y, z}, shared, backwards), copy);
    }
  }
}

using Job = std::function<void()>;

class FakeEvent : public Event {
 public:
  bool passed = true;
};

class FakeRecording : public Recording {
 public:
  std::vector<Job> jobs;
};

class FakeDevice : public Backend {
 public:
  explicit FakeDevice(const FakeOptions& options) : options_(options) {
    info_.name = "fake device";
    info_.memory = options.memory;
    info_.block_memory = options.block_memory;
    info_.units = 4;
    shared_.resize(options.block_memory / sizeof(double) + 16);
  }
  ~FakeDevice() override {
    for (const auto& [memory, bytes] : allocated_) std::free(memory);
  }

  const DeviceInfo& info() const override { return info_; }
  void KeepContext() override {}
  size_t FreeMemory() const override { return options_.memory - used_; }

  void* Allocate(size_t bytes) override {
    if (used_ + bytes > options_.memory) return nullptr;
    const size_t rounded = (std::max<size_t>(bytes, 1) + 255) / 256 * 256;
    void* memory = std::aligned_alloc(256, rounded);
    if (memory == nullptr) return nullptr;
    std::memset(memory, 0xff, rounded);  // NaN
    used_ += bytes;
    allocated_[static_cast<char*>(memory)] = bytes;
    return memory;
  }
  void Free(void* memory) override {
    Wait();
    const auto found = allocated_.find(static_cast<char*>(memory));
    if (found == allocated_.end()) Throw("Memory is given back that was not taken");
    used_ -= found->second;
    allocated_.erase(found);
    std::free(memory);
  }
  void* AllocatePinned(size_t bytes) override { return ::operator new(bytes, std::align_val_t(256)); }
  void FreePinned(void* memory) override {
    Wait();
    ::operator delete(memory, std::align_val_t(256));
  }

  void CopyToDevice(void* to, const void* from, size_t bytes) override {
    RequireDevice(to, bytes);
    Do([=] { std::memcpy(to, from, bytes); });
  }
  void CopyToHost(void* to, const void* from, size_t bytes) override {
    RequireDevice(from, bytes);
    Do([=] { std::memcpy(to, from, bytes); });
  }
  void Zero(void* memory, size_t bytes) override {
    RequireDevice(memory, bytes);
    Do([=] { std::memset(memory, 0, bytes); });
  }

  void Launch(KernelId kernel, const Grid& grid, size_t shared_bytes, const void* arguments,
              size_t argument_bytes) override {
    if (shared_bytes > options_.block_memory)
      Throw("A block wants " + std::to_string(shared_bytes) + " bytes of shared memory");
    if (grid.x < 1 || grid.y < 1 || grid.z < 1 || grid.y > 65535 || grid.z > 65535)
      Throw("A launch has no blocks, or too many in one dimension");
    std::vector<char> copy(static_cast<const char*>(arguments), static_cast<const char*>(arguments) + argument_bytes);
    Do([this, kernel, grid, copy] { Run(kernel, grid, copy.data()); });
  }

  void Record() override {
    if (recording_ != nullptr) Throw("A recording is begun within a recording");
    recording_ = std::make_unique<FakeRecording>();
  }
  std::unique_ptr<Recording> EndRecord() override {
    if (recording_ == nullptr) Throw("No recording was begun");
    return std::move(recording_);
  }
  void Replay(const Recording& recording) override {
    const std::vector<Job>& jobs = static_cast<const FakeRecording&>(recording).jobs;
    stream_.insert(stream_.end(), jobs.begin(), jobs.end());
  }

  std::unique_ptr<Event> MakeEvent() override { return std::make_unique<FakeEvent>(); }
  void Mark(Event* event) override { static_cast<FakeEvent*>(event)->passed = stream_.empty(); }
  bool Finished(const Event& event) override {
    if (static_cast<const FakeEvent&>(event).passed) return true;
    Wait();  // the first who asks for it waits until the stream is empty
    const_cast<FakeEvent&>(static_cast<const FakeEvent&>(event)).passed = true;
    return true;
  }
  void Wait() override {
    std::vector<Job> jobs = std::exchange(stream_, {});
    for (const Job& job : jobs) job();
  }

 private:
  void Do(Job job) { (recording_ == nullptr ? stream_ : recording_->jobs).push_back(std::move(job)); }

  void RequireDevice(const void* memory, size_t bytes) const {
    const char* at = static_cast<const char*>(memory);
    auto found = allocated_.upper_bound(const_cast<char*>(at));
    if (found == allocated_.begin()) Throw("A copy is of memory that is not the device's");
    --found;
    if (at + bytes > found->first + found->second) Throw("A copy goes beyond memory of the device");
  }

  void Run(KernelId kernel, const Grid& grid, const void* arguments) {
    // what a block does not write is not there
    std::fill(shared_.begin(), shared_.end(), std::numeric_limits<double>::quiet_NaN());
    char* shared = reinterpret_cast<char*>(shared_.data());
    switch (kernel) {
#define CEREBRO_DEVICE_KERNEL(name) \
  case KernelId::k##name:           \
    return RunKernel<name##Kernel>(grid, shared, options_.backwards, arguments);
#include "engine/device/kernels/list.inc"
#undef CEREBRO_DEVICE_KERNEL
    }
  }

  FakeOptions options_;
  DeviceInfo info_;
  size_t used_ = 0;
  std::map<char*, size_t> allocated_;
  std::vector<double> shared_;
  std::vector<Job> stream_;
  std::unique_ptr<FakeRecording> recording_;
};

class FakeDevices : public BackendLibrary {
 public:
  FakeDevices(int count, const FakeOptions& options) : count_(count), options_(options) {}
  int Count() const override { return count_; }
  std::string Problem() const override { return {}; }
  std::unique_ptr<Backend> Open(int) const override { return MakeFakeDevice(options_); }

 private:
  int count_;
  FakeOptions options_;
};

}  // namespace

std::unique_ptr<Backend> MakeFakeDevice(const FakeOptions& options) { return std::make_unique<FakeDevice>(options); }

std::unique_ptr<BackendLibrary> MakeFakeDevices(int count, const FakeOptions& options) {
  return std::make_unique<FakeDevices>(count, options);
}

}  // namespace engine::device
