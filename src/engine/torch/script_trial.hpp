// A first compilation in a process of its own.
#pragma once

#include <functional>
#include <string>

namespace engine::torch {

/// How a trial ended: "" when the work came to its end, by an exception or not. Else what it would do to this process,
/// as the end of a sentence: "needs more than 10 seconds".
///
/// The work runs in a copy of this process with limits of processor time, memory and stack, and leaves nothing behind.
/// It must not call the server. poll is called meanwhile; what it throws ends the copy and passes.
std::string TryInCopy(const std::function<void()>& work, void (*poll)());

}  // namespace engine::torch
