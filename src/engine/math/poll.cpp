#include "engine/math/poll.hpp"

namespace engine::math {
namespace {

thread_local const std::function<void()>* current = nullptr;

}  // namespace

void PollInterrupts() {
  if (current != nullptr) (*current)();
}

PollScope::PollScope(const std::function<void()>& poll) : outer_(current) { current = poll ? &poll : nullptr; }

PollScope::~PollScope() { current = outer_; }

}  // namespace engine::math
