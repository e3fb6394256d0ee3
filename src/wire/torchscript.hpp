// Functions of TorchScript as PyTorch keeps them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wire {

struct ScriptArchive {
  int version = 1;                                         // of the operators' meaning
  std::vector<std::pair<std::string, std::string>> files;  // below code/: path, content
};

/// Whether bytes begin as an archive.
bool IsScriptArchive(std::string_view bytes);

/// The code of an archive that torch.jit.script(f).save() has written. Nothing else of it is read. Errors: kInvalidData
/// for a damaged archive, kInvalidParameter for one without code, kLimitExceeded for more than `limit` characters of
/// it.
ScriptArchive ReadScriptArchive(std::string_view bytes, size_t limit);

}  // namespace wire
