// LibTorch's exceptions, translated: nothing but base::Error and std::bad_alloc leaves the engine.
#pragma once

#include <string>
#include <utility>

#include "base/error.hpp"
#include "engine/torch/torch.hpp"

namespace engine::torch {

/// The base::Error for an exception of LibTorch: kOutOfMemory when an allocator gave up, else kEngine. The text has no back trace and no
/// line breaks.
base::Error TranslateError(const char* what_failed, const c10::Error& error);

/// Runs fn; c10::Error becomes base::Error, saying that `what_failed` ("training", "building the model"). Everything else passes.
template <class Fn>
auto Translated(const char* what_failed, Fn&& fn) -> decltype(fn()) {
  try {
    return std::forward<Fn>(fn)();
  } catch (const c10::Error& error) {
    throw TranslateError(what_failed, error);
  }
}

}  // namespace engine::torch
