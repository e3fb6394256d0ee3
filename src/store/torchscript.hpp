// Functions of TorchScript in compile_params.
#pragma once

#include <string>
#include <string_view>

namespace store {

/// The call by which compile_params names a function as a loss or a metric, torchscript(name="...",source="..."), after
/// the function was compiled once. object: source text, or an archive's bytes. Errors: kInvalidParameter for a name
/// that is no identifier and for what is no function of two tensors; kFeatureNotSupported for a pickled object of
/// Python and for operations that a function may not have; kInvalidData for a damaged archive; kLimitExceeded.
std::string TorchScriptCall(const std::string& name, std::string_view object);

}  // namespace store
