// Losses and metrics by name or call. What there is of them, and their arguments, say the definitions.
#include <vector>

#include "base/torchscript.hpp"
#include "definitions/loss.hpp"
#include "definitions/metric.hpp"
#include "plan/params.hpp"
#include "plan/params_read.hpp"
#include "plan/params_text.hpp"

namespace plan {
namespace {

using base::ErrorCode;

[[noreturn]] void UnknownArgument(const std::string& argument, const std::string& owner, const std::vector<std::string>& known) {
  throw base::Error(ErrorCode::kInvalidParameter, "unknown parameter " + Quoted(argument) + " of " + owner, {},
                    known.empty() ? "It has no parameters." : KnownNamesHint(argument, known, "parameters"));
}

// A function of the user's own has a name, by which messages and tables call it, and a source.
void CheckFunction(const std::string& name, const std::string& source) {
  constexpr size_t kLongestName = 63;
  constexpr const char* kExample = "Write torchscript(name='...', source='...') by cerebro.torchscript(name, object).";
  if (!IsIdentifier(name) || name.size() > kLongestName) {
    throw base::Error(ErrorCode::kInvalidParameter, "a function of TorchScript needs a name of letters, digits and underscores, not " + Quoted(name),
                      {}, kExample);
  }
  if (source.empty()) throw base::Error(ErrorCode::kInvalidParameter, "function " + Quoted(name) + " has no source", {}, kExample);
  if (source.size() / 4 * 3 > base::kLongestScript) {
    throw base::Error(ErrorCode::kLimitExceeded,
                      "the source of function " + Quoted(name) + " is longer than " + std::to_string(base::kLongestScript) + " characters");
  }
}

}  // namespace

std::string TorchScriptCall(const std::string& name, const std::string& source) {
  CheckFunction(name, source);
  return std::string(definitions::kTorchScriptLoss.name) + "(name=\"" + name + "\",source=\"" + source + "\")";
}

std::string LossName(std::string_view name) {
  const definitions::LossDefinition* definition = definitions::FindLoss(name);
  return definition == nullptr ? std::string() : definition->name;
}

base::LossConfig ReadLoss(std::string_view text) {
  const CallText call = ReadCall(text, "loss");
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
  if (config.kind == base::LossKind::kTorchScript) CheckFunction(config.name, config.source);
  return config;
}

base::MetricConfig ReadMetric(const std::string& text) {
  const CallText call = ReadCall(text, "metrics");
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
  if (config.kind == base::MetricKind::kTorchScript) CheckFunction(config.name, config.source);
  return config;
}

}  // namespace plan
