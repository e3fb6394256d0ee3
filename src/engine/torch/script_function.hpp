// Losses and metrics that are functions of TorchScript, f(y_true, y_pred): definitions/torchscript.hpp says what they
// may be.
#pragma once

#include <memory>
#include <string>

#include "engine/torch/torch.hpp"

namespace engine::torch {

/// A compiled function. Used by any thread.
class ScriptFunction {
 public:
  virtual ~ScriptFunction() = default;

  /// y_true and y_pred: (rows, ...), of one shape and floating type; neither is changed. A value a row: of (rows, ...)
  /// the means over all axes but the first, of a scalar the same for every row. Differentiable where the function is.
  /// Errors: kEngine with the function's name when it fails or returns another shape.
  virtual at::Tensor Rows(const at::Tensor& y_true, const at::Tensor& y_pred) const = 0;

  /// Throws kInvalidParameter: its value does not depend on y_pred in a way that can be differentiated.
  [[noreturn]] virtual void RefuseAsLoss() const = 0;
};

/// The function of a loss or a metric, compiled once in a process. call: the configuration's name of it
/// (definitions::TorchScriptCall). Errors: kInvalidParameter when the text is none of TorchScript or not of two
/// arguments; kFeatureNotSupported for operations that a function may not have; kLimitExceeded.
std::shared_ptr<const ScriptFunction> FunctionOf(const std::string& call);

}  // namespace engine::torch
