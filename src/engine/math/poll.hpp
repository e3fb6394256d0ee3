// Interrupts inside long loops: whoever calls the engine lends it a function that may throw to stop the work, and loops
// that can take long on large models call it between their parts.
//
// The function belongs to a thread while a PollScope lives, so that kernels need no argument for it.
#pragma once

#include <functional>

namespace engine::math {

/// Calls the function of this thread's innermost PollScope; does nothing without one. May throw whatever that throws. To
/// be called at most every few microseconds of work, and where an exception leaves nothing behind.
void PollInterrupts();

class PollScope {
 public:
  /// poll: outlives the scope; may be empty.
  explicit PollScope(const std::function<void()>& poll);
  ~PollScope();
  PollScope(const PollScope&) = delete;
  PollScope& operator=(const PollScope&) = delete;

 private:
  const std::function<void()>* const outer_;
};

}  // namespace engine::math
