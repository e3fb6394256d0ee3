// Losses and metrics that are functions of TorchScript (base/torchscript.hpp).
#pragma once

#include <string>

namespace engine {

/// Compiles a text, which opens LibTorch. Errors: kInvalidParameter where it is no function of two tensors,
/// kFeatureNotSupported for operations that a function may not have, kLimitExceeded.
void CheckFunction(const std::string& name, const std::string& text);

}  // namespace engine
