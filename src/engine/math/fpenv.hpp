// The floating-point environment of the engine.
//
// Denormal moments slow an optimizer down by a third and more, and whether they occur must not depend on who called: on every thread that
// computes, results that would be denormal are zero and denormal operands are read as zero. The backend's own arithmetic must never see
// this: the setting is put back, bit by bit, on every way out.
#pragma once

#include <cstdint>

namespace engine::math {

/// The control register of this thread's floating-point unit: MXCSR on x86 (0x1f80 when a process starts), FPCR on AArch64, 0 elsewhere.
uint64_t FloatingPointControl() noexcept;

/// While it lives, this thread flushes denormal results to zero and reads denormal operands as zero. The destructor restores the register
/// exactly as the constructor found it, sticky exception flags included. Guards nest. A thread that is started meanwhile has both modes on
/// for its life: that is how LibTorch's pool gets them (SetThreads).
class FtzGuard {
 public:
  FtzGuard() noexcept;
  ~FtzGuard();
  FtzGuard(const FtzGuard&) = delete;
  FtzGuard& operator=(const FtzGuard&) = delete;

 private:
  uint64_t saved_;
};

}  // namespace engine::math
