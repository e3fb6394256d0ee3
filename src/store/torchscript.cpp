#include "store/torchscript.hpp"

#include "base/torchscript.hpp"
#include "engine/core/functions.hpp"
#include "plan/params.hpp"
#include "wire/torchscript.hpp"

namespace store {

std::string TorchScriptCall(const std::string& name, std::string_view object) {
  const std::string text = wire::FunctionText(object);
  const std::string call = plan::TorchScriptCall(name, base::EncodeBase64(text));
  engine::CheckFunction(name, text);
  return call;
}

}  // namespace store
