// Losses and metrics that are functions of TorchScript, f(y_true, y_pred), of the user's own.
//
// compile_params has such a function as a call, torchscript(name="focal",source="<base64>"), and a configuration has
// this call as the name of its loss or metric. So it lies in everything that has a configuration, states, result tables
// and messages between processes, and decides digests as any other loss does. People are shown the function's name
// alone.
//
// The base64 is of a text, in one of two forms:
//   the functions themselves, as they are written in Python: def focal(y_true, y_pred): ... The one of the call's name
//   counts, or the only one;
//   the code files of an archive that PyTorch's torch.jit.script(f).save() has made, joined by WriteScriptText. Its
//   other files, pickled objects and tensors, are left out: they are never read.
// What a function may do is decided where it is compiled: engine/torch/script_function.cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/config.hpp"

namespace definitions {

/// These kinds are not in base/kinds.inc: none of the lists of losses and metrics has them.
constexpr base::LossKind kTorchScriptLoss = static_cast<base::LossKind>(100);
constexpr base::MetricKind kTorchScriptMetric = static_cast<base::MetricKind>(100);

constexpr const char* kTorchScript = "torchscript";  // what is called
/// Of the text, before base64.
constexpr size_t kLongestScript = 64 * 1024;

/// The call as a configuration has it.
std::string TorchScriptCall(const std::string& name, const std::string& source);

struct TorchScriptFunction {
  std::string name;
  std::string source;  // base64
};

/// Of a name that TorchScriptCall has written. Throws kInternal for any other.
TorchScriptFunction FunctionOfCall(std::string_view call);

/// A loss's or a metric's name as people are shown it: of a function its own, of all others as it is.
std::string ShownName(const std::string& name);

struct ScriptText {
  int version = 0;  // of the operators' meaning, as an archive states it; 0: the text is no archive's
  std::vector<std::pair<std::string, std::string>>
      files;  // path below code/, content; of a plain text one without a path
};

ScriptText ReadScriptText(std::string_view text);
/// REQUIRES paths without line breaks, contents without lines that begin with "#!".
std::string WriteScriptText(const ScriptText& script);

std::string EncodeBase64(std::string_view bytes);
/// False for what is no base64; white space counts for nothing.
bool DecodeBase64(std::string_view text, std::string* bytes);

}  // namespace definitions
