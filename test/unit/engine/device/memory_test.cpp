#include "engine/device/memory.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "engine/device/device.hpp"
#include "engine/device/fake_device.hpp"

namespace engine::device {
namespace {

constexpr size_t kState = kStateCountersBytes + 1024;

class DeviceMemory : public testing::Test {
 protected:
  void Make(size_t budget, size_t all = size_t{1} << 20) {
    FakeOptions options;
    options.memory = all;
    backend_ = MakeFakeDevice(options);
    memory_ = std::make_unique<Memory>(backend_.get(), budget);
  }
  void TearDown() override {
    memory_.reset();
    backend_.reset();
  }

  /// A block whose bytes behind the counters are all `value`.
  static std::vector<uint64_t> Block(uint8_t value, uint64_t stream) {
    std::vector<uint64_t> block(kState / 8);
    std::memset(block.data(), value, kState);
    StateCounters counters;
    counters.stream = stream;
    std::memcpy(block.data(), &counters, sizeof(counters));
    return block;
  }
  std::string OnDevice(const void* there, size_t bytes) {
    std::string copy(bytes, '\0');
    backend_->CopyToHost(copy.data(), there, bytes);
    backend_->Wait();
    return copy;
  }

  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Memory> memory_;
};

TEST_F(DeviceMemory, StaysWithinItsBudget) {
  Make(4096);
  void* first = memory_->Take(2048);
  void* second = memory_->Take(2048);
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(memory_->Take(256), nullptr);
  memory_->Give(second);
  EXPECT_EQ(memory_->Take(2048), second);  // the same memory, used again
  EXPECT_EQ(memory_->used(), 4096u);
}

TEST_F(DeviceMemory, GivesIdleMemoryOfAnotherSizeBack) {
  Make(4096);
  void* whole = memory_->Take(4096);
  memory_->Give(whole);
  EXPECT_NE(memory_->Take(1024), nullptr);
  EXPECT_NE(memory_->Take(1024), nullptr);
}

TEST_F(DeviceMemory, AsksTheDeviceToo) {
  Make(size_t{1} << 20, 8192);
  EXPECT_NE(memory_->Take(8192), nullptr);
  EXPECT_EQ(memory_->Take(256), nullptr);
}

TEST_F(DeviceMemory, UploadsMoreThanItsStagingHolds) {
  Make(size_t{32} << 20, size_t{32} << 20);
  std::string long_text;
  for (int i = 0; long_text.size() < (size_t{9} << 20); ++i) long_text += std::to_string(i) + " ";
  void* there = memory_->Take(long_text.size());
  std::string source = long_text;
  memory_->Upload(there, source.data(), source.size());
  source.assign(source.size(), 'x');  // the copy has begun, and what it reads is its own
  EXPECT_EQ(OnDevice(there, long_text.size()), long_text);
}

TEST_F(DeviceMemory, KeepsAStateThatNobodyHasChanged) {
  Make(size_t{1} << 20);
  std::vector<uint64_t> block = Block(7, 1);
  void* there = memory_->HoldState(block.data(), kState);
  EXPECT_EQ(memory_->states_moved(), 1);
  memory_->WriteBack({block.data()});
  memory_->ReleaseState(block.data(), true);
  EXPECT_EQ(memory_->HoldState(block.data(), kState), there);
  EXPECT_EQ(memory_->states_moved(), 1);
}

TEST_F(DeviceMemory, ReadsAStateAgainThatAnotherHasChanged) {
  Make(size_t{1} << 20);
  std::vector<uint64_t> block = Block(7, 1);
  auto* counters = reinterpret_cast<StateCounters*>(block.data());
  memory_->HoldState(block.data(), kState);
  memory_->WriteBack({block.data()});
  memory_->ReleaseState(block.data(), true);
  ++counters->step;  // trained on the processor
  std::memset(block.data() + kStateCountersBytes / 8, 9, kState - kStateCountersBytes);
  const void* there = memory_->HoldState(block.data(), kState);
  EXPECT_EQ(memory_->states_moved(), 2);
  EXPECT_EQ(OnDevice(static_cast<const char*>(there) + kStateCountersBytes, 1), std::string(1, 9));
  memory_->WriteBack({block.data()});
  memory_->ReleaseState(block.data(), true);
  block[kStateCountersBytes / 8 - 1] = 12345;  // the stamp of another process's device
  memory_->HoldState(block.data(), kState);
  EXPECT_EQ(memory_->states_moved(), 3);
}

TEST_F(DeviceMemory, DropsAStateThatWasNotWrittenBack) {
  Make(size_t{1} << 20);
  std::vector<uint64_t> block = Block(7, 1);
  memory_->HoldState(block.data(), kState);
  memory_->ReleaseState(block.data(), false);
  memory_->HoldState(block.data(), kState);
  EXPECT_EQ(memory_->states_moved(), 2);
}

TEST_F(DeviceMemory, KeepsColumnsByTheirContent) {
  Make(8192);
  std::vector<uint8_t> a(2048, 1), b(2048, 2), c(4096, 3);
  memory_->BeginBuffer();
  const uint8_t* of_a = memory_->HoldColumn(11, 0, a.data(), a.size());
  memory_->BeginBuffer();
  memory_->HoldColumn(12, 0, b.data(), b.size());
  memory_->BeginBuffer();
  EXPECT_EQ(memory_->HoldColumn(11, 0, a.data(), a.size()), of_a);
  EXPECT_EQ(memory_->columns_moved(), 2);
  // 12 was unused longest
  memory_->BeginBuffer();
  EXPECT_NE(memory_->HoldColumn(13, 0, c.data(), c.size()), nullptr);
  memory_->BeginBuffer();
  memory_->HoldColumn(11, 0, a.data(), a.size());
  EXPECT_EQ(memory_->columns_moved(), 3);
  EXPECT_EQ(OnDevice(of_a, 1), std::string(1, 1));
  // columns of one buffer do not push each other out
  memory_->BeginBuffer();
  EXPECT_NE(memory_->HoldColumn(14, 0, c.data(), c.size()), nullptr);
  EXPECT_NE(memory_->HoldColumn(14, 1, c.data(), c.size()), nullptr);
  EXPECT_EQ(memory_->HoldColumn(14, 2, c.data(), c.size()), nullptr);
}

TEST_F(DeviceMemory, ColumnsThatAreNotKeptUseTheirMemoryAgain) {
  Make(4096);
  std::vector<uint8_t> a(2048, 1), b(2000, 2);
  const uint8_t* there = memory_->HoldColumn(0, 0, a.data(), a.size());
  EXPECT_EQ(memory_->HoldColumn(0, 0, b.data(), b.size()), there);
  EXPECT_EQ(OnDevice(there, 1), std::string(1, 2));
}

TEST(FakeDevice, RefusesWhatADeviceCannot) {
  const std::unique_ptr<Backend> backend = MakeFakeDevice();
  char here[16] = {};
  EXPECT_THROW(backend->CopyToDevice(here, here, 16), base::Error);
  void* there = backend->Allocate(16);
  EXPECT_THROW(backend->CopyToDevice(there, here, 32), base::Error);
  EXPECT_THROW(backend->Free(here), base::Error);
  EXPECT_THROW(backend->Launch(KernelId::kBegin, {}, size_t{1} << 20, here, 8), base::Error);
  backend->Free(there);
}

TEST(FakeDevice, DoesNothingBeforeItIsWaitedFor) {
  const std::unique_ptr<Backend> backend = MakeFakeDevice();
  void* there = backend->Allocate(4);
  int value = 5, back = 0;
  backend->CopyToDevice(there, &value, 4);
  value = 6;
  backend->CopyToHost(&back, there, 4);
  EXPECT_EQ(back, 0);
  backend->Wait();
  EXPECT_EQ(back, 6);
}

TEST(Seats, AreAsManyAsAreAskedFor) {
  constexpr int kDevice = 4711;  // nobody's
  std::unique_ptr<Seat> first = Seat::Take(kDevice, 2);
  std::unique_ptr<Seat> second = Seat::Take(kDevice, 2);
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(Seat::Take(kDevice, 2), nullptr);
  EXPECT_FALSE(Seat::AnyoneWaits(kDevice));
  int asked = 0;
  const std::unique_ptr<Seat> third = Seat::WaitFor(kDevice, 2, [&] {
    if (++asked == 2) {
      EXPECT_TRUE(Seat::AnyoneWaits(kDevice));
      first.reset();
    }
  });
  EXPECT_NE(third, nullptr);
  EXPECT_EQ(asked, 2);
  EXPECT_FALSE(Seat::AnyoneWaits(kDevice));
}

TEST(Seats, AWaitCanBeEnded) {
  constexpr int kDevice = 4712;
  const std::unique_ptr<Seat> taken = Seat::Take(kDevice, 1);
  EXPECT_THROW(Seat::WaitFor(kDevice, 1, [] { throw std::string("cancelled"); }), std::string);
}

}  // namespace
}  // namespace engine::device
