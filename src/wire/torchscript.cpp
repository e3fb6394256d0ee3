#include "wire/torchscript.hpp"

#include <algorithm>
#include <cstdlib>
#include <deque>

#include "base/error.hpp"
#include "wire/formats/zip.hpp"

namespace wire {
namespace {

using base::ErrorCode;

constexpr std::string_view kCode = "/code/", kSource = ".py", kVersion = "/version";

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

[[noreturn]] void NoCode() {
  throw base::Error(ErrorCode::kInvalidParameter, "the archive holds no code of TorchScript", {},
                    "Give the bytes of a file that torch.jit.script(f).save() has written.");
}

}  // namespace

bool IsScriptArchive(std::string_view bytes) { return IsZip(bytes); }

ScriptArchive ReadScriptArchive(std::string_view bytes, size_t limit) {
  ScriptArchive archive;
  std::deque<std::string> owned;
  size_t total = 0;
  for (const ZipEntry& entry : ReadZip(bytes)) {
    if (EndsWith(entry.name, kVersion) && entry.bytes < 20) {
      archive.version = static_cast<int>(std::strtol(std::string(Content(entry, &owned)).c_str(), nullptr, 10));
    }
    const size_t code = entry.name.find(kCode);
    if (code == std::string::npos || !EndsWith(entry.name, kSource)) continue;
    total += std::min<size_t>(entry.bytes, limit + 1);
    if (total > limit) {
      throw base::Error(ErrorCode::kLimitExceeded,
                        "the code of a TorchScript archive has more than " + std::to_string(limit) + " characters");
    }
    const std::string path = entry.name.substr(code + kCode.size()), content(Content(entry, &owned));
    // what definitions::WriteScriptText could not keep apart
    if (path.find('\n') != std::string::npos || content.rfind("#!", 0) == 0 ||
        content.find("\n#!") != std::string::npos)
      NoCode();
    archive.files.emplace_back(path, content);
  }
  if (archive.files.empty()) NoCode();
  archive.version = std::max(archive.version, 1);
  std::sort(archive.files.begin(), archive.files.end());
  return archive;
}

}  // namespace wire
