#include "engine/math/fpenv.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>
#endif

namespace engine::math {

namespace {

#if defined(__x86_64__) || defined(__i386__)
// Intel SDM volume 1, 10.2.3: bit 15 flushes results to zero, bit 6 reads denormal operands as zero.
constexpr uint64_t kFlushBits = (1u << 15) | (1u << 6);
uint64_t ReadControl() noexcept { return _mm_getcsr(); }
void WriteControl(uint64_t value) noexcept { _mm_setcsr(static_cast<unsigned>(value)); }
#elif defined(__aarch64__)
// Arm ARM, FPCR: bit 24 (FZ) does both for single and double precision.
constexpr uint64_t kFlushBits = uint64_t{1} << 24;
uint64_t ReadControl() noexcept {
  uint64_t value;
  __asm__ volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}
void WriteControl(uint64_t value) noexcept { __asm__ volatile("msr fpcr, %0" : : "r"(value)); }
#else
constexpr uint64_t kFlushBits = 0;
uint64_t ReadControl() noexcept { return 0; }
void WriteControl(uint64_t) noexcept {}
#endif

}  // namespace

uint64_t FloatingPointControl() noexcept { return ReadControl(); }

FtzGuard::FtzGuard() noexcept : saved_(ReadControl()) { WriteControl(saved_ | kFlushBits); }

FtzGuard::~FtzGuard() { WriteControl(saved_); }

}  // namespace engine::math
