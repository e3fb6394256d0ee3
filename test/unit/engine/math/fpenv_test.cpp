#include "engine/math/fpenv.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

namespace engine::math {
namespace {

#if defined(__x86_64__)
constexpr uint64_t kStickyFlags = 0x3f;  // exceptions that have happened
constexpr uint64_t kFlush = 0x8040;
constexpr uint64_t kDefault = 0x1f80;
#elif defined(__aarch64__)
constexpr uint64_t kStickyFlags = 0;
constexpr uint64_t kFlush = uint64_t{1} << 24;
constexpr uint64_t kDefault = 0;
#endif

/// A denormal result, computed at run time.
double HalfOfSmallest() {
  volatile double smallest = std::numeric_limits<double>::min();
  return smallest / 2;
}

TEST(FloatingPoint, GuardFlushesAndRestores) {
  const uint64_t before = FloatingPointControl();
  uint64_t inside = 0;
  double half = 1;
  {
    const FtzGuard guard;
    inside = FloatingPointControl();
    half = HalfOfSmallest();
  }
  EXPECT_EQ(FloatingPointControl(), before);
  EXPECT_EQ(inside, before | kFlush);
  EXPECT_EQ(half, 0);
  EXPECT_NE(HalfOfSmallest(), 0);
}

TEST(FloatingPoint, GuardRestoresStickyFlagsToo) {
  const uint64_t before = FloatingPointControl();
  {
    const FtzGuard guard;
    volatile double zero = 0;
    volatile double infinity = 1 / zero;  // raises divide-by-zero
    (void)infinity;
  }
  EXPECT_EQ(FloatingPointControl(), before);
}

TEST(FloatingPoint, GuardRestoresByException) {
  const uint64_t before = FloatingPointControl();
  EXPECT_THROW(
      {
        const FtzGuard guard;
        throw std::runtime_error("on the way out");
      },
      std::runtime_error);
  EXPECT_EQ(FloatingPointControl(), before);
}

TEST(FloatingPoint, GuardsNest) {
  const uint64_t before = FloatingPointControl();
  {
    const FtzGuard outer;
    const uint64_t flushing = FloatingPointControl();
    { const FtzGuard inner; }
    EXPECT_EQ(FloatingPointControl() & ~kStickyFlags, flushing & ~kStickyFlags);
  }
  EXPECT_EQ(FloatingPointControl(), before);
}

}  // namespace
}  // namespace engine::math
