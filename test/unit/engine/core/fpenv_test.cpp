// The floating-point modes around calls of the libraries.
#include "engine/math/fpenv.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "engine/core/runtime.hpp"

namespace engine {
namespace {

using math::FloatingPointControl;

#if defined(__x86_64__)
constexpr uint64_t kStickyFlags = 0x3f;  // exceptions that have happened
constexpr uint64_t kDefault = 0x1f80;
#elif defined(__aarch64__)
constexpr uint64_t kStickyFlags = 0;
constexpr uint64_t kDefault = 0;
#endif

/// A denormal result, computed at run time.
double HalfOfSmallest() {
  volatile double smallest = std::numeric_limits<double>::min();
  return smallest / 2;
}

TEST(FloatingPoint, LoadingLibTorchLeavesTheRegisterAsItWas) {
  // this program is linked to LibTorch and OpenBLAS: their initialisers have run
  EXPECT_EQ(FloatingPointControl() & ~kStickyFlags, kDefault);
  EXPECT_FALSE(BuildDescription().empty());
  DeviceCount();
  EXPECT_EQ(FloatingPointControl() & ~kStickyFlags, kDefault);
  EXPECT_NE(HalfOfSmallest(), 0);
}

TEST(FloatingPoint, SettingThreadsLeavesTheRegisterAsItWas) {
  const uint64_t before = FloatingPointControl();
  SetThreads(2);
  SetThreads(1);
  EXPECT_EQ(FloatingPointControl() & ~kStickyFlags, before & ~kStickyFlags);
}

}  // namespace
}  // namespace engine
