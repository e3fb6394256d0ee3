// Functions of TorchScript in compile_params.
#pragma once

#include <string>
#include <string_view>

namespace store {

/// The call by which compile_params names a function as a loss or a metric, torchscript(name="...", source="..."), after
/// the function was compiled once. object: source text, or an archive's bytes. Errors: kInvalidParameter for a name that
/// is no identifier and for what is no function of two tensors; those of wire::FunctionText and engine::CheckFunction.
std::string TorchScriptCall(const std::string& name, std::string_view object);

}  // namespace store
