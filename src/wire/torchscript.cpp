#include "wire/torchscript.hpp"

#include <algorithm>
#include <cstdlib>
#include <deque>

#include "base/error.hpp"
#include "base/torchscript.hpp"
#include "wire/formats/zip.hpp"

namespace wire {
namespace {

using base::ErrorCode;

constexpr const char* kHint = "Give source text, def f(y_true, y_pred): ..., or the bytes of a file that torch.jit.script(f).save() has written.";
constexpr std::string_view kCode = "/code/", kSource = ".py", kVersion = "/version";
constexpr unsigned char kPickle = 0x80;  // the first byte of protocol 2 and later

[[noreturn]] void Invalid(const std::string& message) { throw base::Error(ErrorCode::kInvalidParameter, message, {}, kHint); }

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::string TextOfArchive(std::string_view object) {
  base::ScriptText script;
  std::deque<std::string> owned;
  size_t bytes = 0;
  for (const ZipEntry& entry : ReadZip(object)) {
    if (EndsWith(entry.name, kVersion)) {
      script.version = static_cast<int>(std::strtol(std::string(Content(entry, &owned)).c_str(), nullptr, 10));
    }
    const size_t code = entry.name.find(kCode);
    if (code == std::string::npos || !EndsWith(entry.name, kSource)) continue;
    bytes += entry.bytes;
    if (entry.bytes > base::kLongestScript || bytes > base::kLongestScript) {
      throw base::Error(ErrorCode::kLimitExceeded,
                        "the code of a TorchScript archive has more than " + std::to_string(base::kLongestScript) + " characters");
    }
    const std::string path = entry.name.substr(code + kCode.size()), content(Content(entry, &owned));
    if (path.find('\n') != std::string::npos || content.rfind("#!", 0) == 0 || content.find("\n#!") != std::string::npos) {
      Invalid("the archive holds no code of TorchScript");
    }
    script.files.emplace_back(path, content);
  }
  if (script.files.empty()) Invalid("the archive holds no code of TorchScript");
  script.version = std::max(script.version, 1);
  std::sort(script.files.begin(), script.files.end());
  return base::WriteScriptText(script);
}

}  // namespace

std::string FunctionText(std::string_view object) {
  if (IsZip(object)) return TextOfArchive(object);
  if (!object.empty() && static_cast<unsigned char>(object.front()) == kPickle) {
    throw base::Error(ErrorCode::kFeatureNotSupported, "the function is a pickled object of Python", "There is no Python here.", kHint);
  }
  if (object.find('\0') != std::string_view::npos || object.substr(0, 2) == "#!") Invalid("the object is no function of TorchScript");
  return std::string(object);
}

}  // namespace wire
