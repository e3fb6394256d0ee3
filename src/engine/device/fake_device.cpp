#include "engine/device/fake_device.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
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
  uint64_t behind = 0;  // so many jobs of the stream
};

class FakeRecording : public Recording {
 public:
  std::vector<Job> jobs;
};

class FakeDevice : public Backend {
 public:
  explicit FakeDevice(const FakeOptions& options) : options_(options) {
    if (options.memory == 0)
      throw base::Error(base::ErrorCode::kOutOfMemory, "the fake device has no room for this process");
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
    DoAll();
    const auto found = allocated_.find(static_cast<char*>(memory));
    if (found == allocated_.end()) Throw("Memory is given back that was not taken");
    used_ -= found->second;
    allocated_.erase(found);
    std::free(memory);
  }
  void* AllocatePinned(size_t bytes) override { return ::operator new(bytes, std::align_val_t(256)); }
  void FreePinned(void* memory) override {
    DoAll();
    ::operator delete(memory, std::align_val_t(256));
  }

  void CopyToDevice(void* to, const void* from, size_t bytes) override {
    RequireDevice(to, bytes);
    Do([=] { std::memcpy(to, from, bytes); });
  }
  void CopyToHost(void* to, const void* from, size_t bytes) override {
    RequireDevice(from, bytes);
    MayFail();
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
    MayFail();
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
  void DropRecord() override { recording_.reset(); }
  void Replay(const Recording& recording) override {
    RequireWorks();
    for (const Job& job : static_cast<const FakeRecording&>(recording).jobs) Give(job);
  }

  std::unique_ptr<Event> MakeEvent() override { return std::make_unique<FakeEvent>(); }
  void Mark(Event* event) override {
    RequireWorks();
    static_cast<FakeEvent*>(event)->behind = done_ + stream_.size();
  }
  bool Finished(const Event& event) override {
    RequireWorks();
    const uint64_t behind = static_cast<const FakeEvent&>(event).behind;
    for (int i = 0; i < kJobsTogether && done_ < behind; ++i) DoNext();
    return done_ >= behind;
  }
  void Wait() override {
    RequireWorks();
    DoAll();
  }
  const base::Error* failure() const override { return failure_ ? &*failure_ : nullptr; }
  size_t most_waiting() const { return most_waiting_; }

 private:
  static constexpr int kJobsTogether = 64;  // while somebody asks whether an event has come

  void Do(Job job) {
    RequireWorks();
    if (recording_ != nullptr) return recording_->jobs.push_back(std::move(job));
    Give(std::move(job));
  }
  void Give(Job job) {
    stream_.push_back(std::move(job));
    most_waiting_ = std::max(most_waiting_, stream_.size());
  }
  void DoNext() {
    const Job job = std::move(stream_.front());
    stream_.pop_front();
    ++done_;
    job();
  }
  void DoAll() {
    while (!stream_.empty()) DoNext();
  }

  void RequireWorks() const {
    if (failure_) throw *failure_;
  }
  void MayFail() {
    if (++given_ != options_.fails_at) return;
    const base::Error error(base::ErrorCode::kEngine, "the fake device fails, as it was told to");
    if (options_.fails_for_good) {
      failure_ = error;
      stream_.clear();
    }
    throw error;
  }

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
  std::deque<Job> stream_;
  uint64_t done_ = 0;  // jobs of the stream
  size_t most_waiting_ = 0;
  int64_t given_ = 0;  // launches and copies to the host
  std::optional<base::Error> failure_;
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

size_t MostWaiting(const Backend& fake) { return dynamic_cast<const FakeDevice&>(fake).most_waiting(); }

std::unique_ptr<BackendLibrary> MakeFakeDevices(int count, const FakeOptions& options) {
  return std::make_unique<FakeDevices>(count, options);
}

}  // namespace engine::device
