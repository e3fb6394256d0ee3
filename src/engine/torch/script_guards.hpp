// What watches a function of TorchScript while it runs: operations of our own between those of its code.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <cstddef>
#include <cstdint>
#include <exception>

#include "engine/torch/torch.hpp"

namespace engine::torch {

/// Called between the operations of a function; may throw anything to end it. nullptr: nothing is called.
void SetScriptPoll(void (*poll)());
void (*ScriptPoll())();

/// Puts the watching operations before and behind a node: interrupts, divisions of whole numbers, sizes of lists, texts
/// and tensors. Before the first one of the process RegisterGuards must have been called.
void GuardNode(::torch::jit::Node* node);
/// Counts the rounds of a loop.
void GuardLoop(::torch::jit::Node* loop);
void RegisterGuards();

/// A call: what it may use is counted from its beginning. Of the thread that makes it.
class ScriptCall {
 public:
  /// input_elements, input_bytes: of the tensors that it is called with.
  ScriptCall(int64_t input_elements, size_t input_bytes);
  ~ScriptCall();
  ScriptCall(const ScriptCall&) = delete;
  ScriptCall& operator=(const ScriptCall&) = delete;

  /// What the poll has thrown: the interpreter lets it through as an error of its own.
  static std::exception_ptr Interrupted();
};

}  // namespace engine::torch
