#include <string>

#include "base/error.hpp"
#include "definitions/loss.hpp"
#include "definitions/metric.hpp"
#include "definitions/names.hpp"
#include "definitions/optimizer.hpp"
#include "definitions/torchscript.hpp"

namespace definitions {
namespace {

const std::vector<const char*> kNoAliases;

// The number that stands in `name` for "<k>" of the pattern, or 0.
int NumberIn(std::string_view name, std::string_view pattern) {
  constexpr std::string_view kNumber = "<k>";
  const size_t at = pattern.find(kNumber);
  const std::string_view head = pattern.substr(0, at), tail = pattern.substr(at + kNumber.size());
  if (name.size() <= head.size() + tail.size() || name.substr(0, head.size()) != head) return 0;
  if (name.substr(name.size() - tail.size()) != tail) return 0;
  int k = 0;
  for (const char digit : name.substr(head.size(), name.size() - head.size() - tail.size())) {
    if (digit < '0' || digit > '9' || k > kMaxTopK) return 0;
    k = k * 10 + (digit - '0');
  }
  return k <= kMaxTopK ? k : 0;
}

}  // namespace

const std::vector<const OptimizerDefinition*>& Optimizers() {
  static const std::vector<const OptimizerDefinition*> all = {
#define CEREBRO_OPTIMIZER(name, number) &k##name##Optimizer,
#include "base/kinds.inc"
  };
  return all;
}

const std::vector<const LossDefinition*>& Losses() {
  static const std::vector<const LossDefinition*> all = {
#define CEREBRO_LOSS(name, number) &k##name##Loss,
#include "base/kinds.inc"
  };
  return all;
}

const std::vector<const MetricDefinition*>& Metrics() {
  static const std::vector<const MetricDefinition*> all = {
#define CEREBRO_METRIC(name, number) &k##name##Metric,
#include "base/kinds.inc"
  };
  return all;
}

const OptimizerDefinition* FindOptimizer(std::string_view name) {
  for (const OptimizerDefinition* definition : Optimizers()) {
    if (IsNamed(name, definition->name, kNoAliases)) return definition;
  }
  return nullptr;
}

const LossDefinition* FindLoss(std::string_view name) {
  for (const LossDefinition* definition : Losses()) {
    if (IsNamed(name, definition->name, definition->aliases)) return definition;
  }
  return nullptr;
}

const MetricDefinition* FindMetric(std::string_view name) {
  for (const MetricDefinition* definition : Metrics()) {
    if (IsNamed(name, definition->name, definition->aliases)) return definition;
  }
  return nullptr;
}

const MetricDefinition* FindNumberedMetric(std::string_view name, int* k) {
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const MetricDefinition* definition : Metrics()) {
    for (const char* pattern : definition->numbered) {
      *k = NumberIn(lower, pattern);
      if (*k >= 1) return definition;
    }
  }
  return nullptr;
}

const OptimizerDefinition& DefinitionOf(const base::OptimizerConfig& config) {
  for (const OptimizerDefinition* definition : Optimizers()) {
    if (definition->kind == config.kind) return *definition;
  }
  throw base::Error(base::ErrorCode::kInternal, "optimizer kind " + std::to_string(static_cast<int>(config.kind)) + " has no definition");
}

const LossDefinition& DefinitionOf(base::LossKind kind) {
  // what y_true is, the function knows
  static const LossDefinition function{kTorchScriptLoss, kTorchScript, {}, {}};
  if (kind == kTorchScriptLoss) return function;
  for (const LossDefinition* definition : Losses()) {
    if (definition->kind == kind) return *definition;
  }
  throw base::Error(base::ErrorCode::kInternal, "loss kind " + std::to_string(static_cast<int>(kind)) + " has no definition");
}

const std::vector<Argument<base::OptimizerConfig>>& CommonArguments() {
  using base::OptimizerConfig;
  // 0 is off
  static const std::vector<Argument<OptimizerConfig>> common = {
      Number("decay", &OptimizerConfig::decay, 0, kNotNegative),
      Number("weight_decay", &OptimizerConfig::weight_decay, 0, kNotNegative, true),
      Texts("exclude_from_weight_decay", &OptimizerConfig::exclude_from_weight_decay),
      Number("clipnorm", &OptimizerConfig::clipnorm, 0, kPositive, true),
      Number("clipvalue", &OptimizerConfig::clipvalue, 0, kPositive, true),
      Number("global_clipnorm", &OptimizerConfig::global_clipnorm, 0, kPositive, true)};
  return common;
}

base::OptimizerConfig DefaultConfig(const OptimizerDefinition& definition) {
  base::OptimizerConfig config;
  config.kind = definition.kind;
  config.name = definition.name;
  config.learning_rate = definition.learning_rate;
  for (const auto& argument : CommonArguments()) SetDefault(argument, &config);
  config.weight_decay = definition.weight_decay;
  for (const auto& argument : definition.arguments) SetDefault(argument, &config);
  return config;
}

base::LossConfig DefaultConfig(const LossDefinition& definition) {
  base::LossConfig config;
  config.kind = definition.kind;
  config.name = definition.name;
  for (const auto& argument : definition.arguments) SetDefault(argument, &config);
  return config;
}

base::MetricConfig DefaultConfig(const MetricDefinition& definition) {
  base::MetricConfig config;
  config.kind = definition.kind;
  for (const auto& argument : definition.arguments) SetDefault(argument, &config);
  return config;
}

}  // namespace definitions
