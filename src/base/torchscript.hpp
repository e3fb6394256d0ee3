// Functions of TorchScript as texts: losses and metrics of the user's own, f(y_true, y_pred).
//
// compile_params has such a function as a call, torchscript(name='focal', source='<base64>'): so it lies in everything
// that has compile_params, states, result tables and messages between processes, and decides digests as any other
// argument does. The base64 is of a text, in one of two forms:
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

namespace base {

/// Of the text, before base64.
constexpr size_t kLongestScript = 64 * 1024;

struct ScriptText {
  int version = 0;  // of the operators' meaning, as an archive states it; 0: the text is no archive's
  std::vector<std::pair<std::string, std::string>> files;  // path below code/, content; of a plain text one without a path
};

ScriptText ReadScriptText(std::string_view text);
/// REQUIRES paths without line breaks, contents without lines that begin with "#!".
std::string WriteScriptText(const ScriptText& script);

std::string EncodeBase64(std::string_view bytes);
/// False for what is no base64; white space counts for nothing.
bool DecodeBase64(std::string_view text, std::string* bytes);

}  // namespace base
