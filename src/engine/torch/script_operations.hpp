// The operations that a function of TorchScript may have.
#pragma once

#include <string>

namespace engine::torch {

/// kind: with its namespace, "aten::add_". One that writes to its argument, with a trailing underscore, is allowed
/// where the one that does not is.
bool IsAllowedOperation(const std::string& kind);

}  // namespace engine::torch
