#include "definitions/torchscript.hpp"

#include <cstdint>
#include <cstdlib>

#include "base/error.hpp"

namespace definitions {
namespace {

constexpr std::string_view kArchive = "#!torchscript ", kFile = "#!file ";
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr int kMostVersion = 1000;

/// Cuts the first line off.
std::string_view TakeLine(std::string_view* text) {
  const size_t end = text->find('\n');
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  return line;
}

constexpr std::string_view kHead = "torchscript(name=\"", kMiddle = "\",source=\"", kTail = "\")";

/// Where the middle of a call stands; npos for what is none.
size_t MiddleOf(std::string_view call) {
  const bool framed = call.size() > kHead.size() + kTail.size() && call.substr(0, kHead.size()) == kHead &&
                      call.substr(call.size() - kTail.size()) == kTail;
  return framed ? call.find(kMiddle) : std::string_view::npos;
}

}  // namespace

std::string TorchScriptCall(const std::string& name, const std::string& source) {
  return std::string(kHead) + name + std::string(kMiddle) + source + std::string(kTail);
}

TorchScriptFunction FunctionOfCall(std::string_view call) {
  const size_t middle = MiddleOf(call);
  if (middle == std::string_view::npos)
    throw base::Error(base::ErrorCode::kInternal, "a function of TorchScript has no call");
  const size_t source = middle + kMiddle.size();
  return {std::string(call.substr(kHead.size(), middle - kHead.size())),
          std::string(call.substr(source, call.size() - kTail.size() - source))};
}

std::string ShownName(const std::string& name) {
  return MiddleOf(name) == std::string_view::npos ? name : FunctionOfCall(name).name;
}

ScriptText ReadScriptText(std::string_view text) {
  ScriptText script;
  if (text.substr(0, kArchive.size()) != kArchive) {
    script.files.emplace_back("", std::string(text));
    return script;
  }
  const long version = std::strtol(std::string(TakeLine(&text).substr(kArchive.size())).c_str(), nullptr, 10);
  script.version = version >= 1 && version <= kMostVersion ? static_cast<int>(version) : 1;
  while (!text.empty()) {
    const std::string_view line = TakeLine(&text);
    if (line.substr(0, kFile.size()) == kFile) {
      script.files.emplace_back(std::string(line.substr(kFile.size())), "");
    } else if (!script.files.empty()) {
      script.files.back().second.append(line).push_back('\n');
    }
  }
  return script;
}

std::string WriteScriptText(const ScriptText& script) {
  std::string text(kArchive);
  text += std::to_string(script.version) + "\n";
  for (const auto& [path, content] : script.files) {
    text.append(kFile).append(path).append("\n").append(content);
    if (!content.empty() && content.back() != '\n') text.push_back('\n');
  }
  return text;
}

std::string EncodeBase64(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t n = bytes.size() - i < 3 ? bytes.size() - i : 3;
    uint32_t group = 0;
    for (size_t j = 0; j < 3; j++) group = group << 8 | (j < n ? static_cast<unsigned char>(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; j++) text.push_back(j <= n ? kDigits[group >> (18 - 6 * j) & 63] : '=');
  }
  return text;
}

bool DecodeBase64(std::string_view text, std::string* bytes) {
  bytes->clear();
  uint32_t group = 0;
  size_t digits = 0, filled = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    const size_t digit = c == '=' ? 0 : kDigits.find(c);
    if (digit == std::string_view::npos || (c != '=' && filled > 0)) return false;
    if (c == '=') filled++;
    group = group << 6 | static_cast<uint32_t>(digit);
    if (++digits % 4 != 0) continue;
    if (filled > 2) return false;
    for (size_t j = 0; j + filled < 3; j++) bytes->push_back(static_cast<char>(group >> (16 - 8 * j) & 255));
    group = 0;
  }
  return digits % 4 == 0;
}

}  // namespace definitions
