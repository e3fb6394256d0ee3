// Losses and metrics by name or call. What there is of them, and their arguments, say the definitions.
#include <vector>

#include "definitions/loss.hpp"
#include "definitions/metric.hpp"
#include "definitions/names.hpp"
#include "definitions/torchscript.hpp"
#include "plan/params_read.hpp"
#include "plan/params_text.hpp"

namespace plan {
namespace {

using base::ErrorCode;

[[noreturn]] void UnknownArgument(const std::string& argument, const std::string& owner, const std::vector<std::string>& known) {
  throw base::Error(ErrorCode::kInvalidParameter, "unknown parameter " + Quoted(argument) + " of " + owner, {},
                    known.empty() ? "It has no parameters." : KnownNamesHint(argument, known, "parameters"));
}

// name='focal', source='<base64>' -> the call as a configuration has it.
std::string ReadFunction(const CallText& call, const std::string& owner) {
  constexpr size_t kLongestName = 63;
  constexpr const char* kExample = "Write what cerebro.torchscript(name, object) returns.";
  std::string name, source;
  for (const auto& [argument, value] : call.arguments) {
    if (argument != "name" && argument != "source") UnknownArgument(argument, owner, {"name", "source"});
    (argument == "name" ? name : source) = Parameter(owner, argument, value).Text();
  }
  if (!IsIdentifier(name) || name.size() > kLongestName) {
    throw base::Error(ErrorCode::kInvalidParameter, "a function of TorchScript needs a name of letters, digits and underscores, not " + Quoted(name),
                      {}, kExample);
  }
  std::string text;
  if (source.empty() || !definitions::DecodeBase64(source, &text)) {
    throw base::Error(ErrorCode::kInvalidParameter, "function " + Quoted(name) + " has no source in base64", {}, kExample);
  }
  if (text.size() > definitions::kLongestScript) {
    throw base::Error(ErrorCode::kLimitExceeded,
                      "function " + Quoted(name) + " has more characters than " + std::to_string(definitions::kLongestScript));
  }
  return definitions::TorchScriptCall(name, definitions::EncodeBase64(text));
}

bool IsFunction(const CallText& call) { return definitions::Folded(call.name) == definitions::kTorchScript; }

}  // namespace

std::string LossName(std::string_view name) {
  const definitions::LossDefinition* definition = definitions::FindLoss(name);
  return definition == nullptr ? std::string() : definition->name;
}

base::LossConfig ReadLoss(std::string_view text) {
  const CallText call = ReadCall(text, "loss");
  if (IsFunction(call)) {
    base::LossConfig config = definitions::DefaultConfig(definitions::DefinitionOf(definitions::kTorchScriptLoss));
    config.name = ReadFunction(call, "loss torchscript");
    return config;
  }
  const definitions::LossDefinition* definition = definitions::FindLoss(call.name);
  if (definition == nullptr) {
    std::vector<std::string> known;
    for (const definitions::LossDefinition* loss : definitions::Losses()) known.emplace_back(loss->name);
    throw base::Error(ErrorCode::kInvalidParameter, "unknown loss " + Quoted(call.name), {}, KnownNamesHint(call.name, known, "losses"));
  }
  base::LossConfig config = definitions::DefaultConfig(*definition);
  const std::string owner = "loss " + config.name;
  for (const auto& [name, value] : call.arguments) {
    if (ReadArgument(definition->arguments, owner, name, value, &config)) continue;
    UnknownArgument(name, owner, ArgumentNames(definition->arguments));
  }
  return config;
}

base::MetricConfig ReadMetric(const std::string& text) {
  const CallText call = ReadCall(text, "metrics");
  if (IsFunction(call)) {
    base::MetricConfig config;
    config.kind = definitions::kTorchScriptMetric;
    config.name = ReadFunction(call, "metric torchscript");
    return config;
  }
  const definitions::MetricDefinition* definition = definitions::FindMetric(call.name);
  int k = 0;
  const bool numbered = definition == nullptr;  // the number in the name is its only argument
  if (numbered) definition = definitions::FindNumberedMetric(call.name, &k);
  if (definition == nullptr) {
    std::vector<std::string> known;
    for (const definitions::MetricDefinition* metric : definitions::Metrics()) known.emplace_back(metric->name);
    known.emplace_back("top_<k>_accuracy");
    throw base::Error(ErrorCode::kInvalidParameter, "unknown metric " + Quoted(call.name), {},
                      KnownNamesHint(call.name, known, "metrics"));
  }
  base::MetricConfig config = definitions::DefaultConfig(*definition);
  config.name = std::string(Trim(text));
  if (numbered) config.k = k;
  const std::vector<definitions::Argument<base::MetricConfig>> none, &arguments = numbered ? none : definition->arguments;
  const std::string owner = "metric " + call.name;
  for (const auto& [name, value] : call.arguments) {
    if (!ReadArgument(arguments, owner, name, value, &config)) UnknownArgument(name, owner, ArgumentNames(arguments));
  }
  return config;
}

}  // namespace plan
