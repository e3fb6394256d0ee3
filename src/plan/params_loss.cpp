// Losses and metrics by name or call. What there is of them, and their arguments, say the definitions.
#include <vector>

#include "definitions/loss.hpp"
#include "definitions/metric.hpp"
#include "plan/params_read.hpp"
#include "plan/params_text.hpp"

namespace plan {
namespace {

using base::ErrorCode;

[[noreturn]] void UnknownArgument(const std::string& argument, const std::string& owner, const std::vector<std::string>& known) {
  throw base::Error(ErrorCode::kInvalidParameter, "unknown parameter " + Quoted(argument) + " of " + owner, {},
                    known.empty() ? "It has no parameters." : KnownNamesHint(argument, known, "parameters"));
}

}  // namespace

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
  return config;
}

}  // namespace plan
