// One definition an optimizer: what everybody but its update rule needs to know of it.
//
// Adding an optimizer: a line in base/kinds.inc, a file in this room that defines definitions::k<name>Optimizer, and
// the engine's update rule (engine/math/optimizers). An argument that no optimizer had needs a field in
// base::OptimizerConfig, too.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.hpp"
#include "definitions/argument.hpp"

namespace definitions {

struct OptimizerDefinition {
  base::OptimizerKind kind = base::OptimizerKind::kSGD;
  const char* name = "";     // as Keras writes it
  double learning_rate = 0;  // the default
  double weight_decay = 0;   // likewise
  /// Its own ones; those that every optimizer has are CommonArguments().
  std::vector<Argument<base::OptimizerConfig>> arguments;
  /// Names of its slots, in the order in which the update rule takes them. A slot is a tensor of the shape of its
  /// weight.
  std::vector<std::string> (*slots)(const base::OptimizerConfig& config) = nullptr;
  /// What a new slot, by its position in slots, is filled with; nullptr = 0.
  double (*initial)(const base::OptimizerConfig& config, size_t slot) = nullptr;
  /// Seconds of the update of one parameter, everything in cache (docs/performance.md). The planner needs ratios only.
  double (*update_seconds)(const base::OptimizerConfig& config) = nullptr;
  /// Whether a gradient of zero leaves weight and slots as they are, bit for bit, where no weight decay is at work;
  /// nullptr = it does not.
  bool (*keeps_untouched)(const base::OptimizerConfig& config) = nullptr;
};

#define CEREBRO_OPTIMIZER(name, number) extern const OptimizerDefinition k##name##Optimizer;
#include "base/kinds.inc"

/// All of them, in the order of base/kinds.inc.
const std::vector<const OptimizerDefinition*>& Optimizers();

/// By its name in any spelling; nullptr when there is none.
const OptimizerDefinition* FindOptimizer(std::string_view name);

/// Throws kInternal when the kind has no definition, which no configuration of plan::ReadConfig has.
const OptimizerDefinition& DefinitionOf(const base::OptimizerConfig& config);

/// decay, weight_decay, exclude_from_weight_decay, clipnorm, clipvalue and global_clipnorm. The learning rate and its
/// schedule are read by src/plan.
const std::vector<Argument<base::OptimizerConfig>>& CommonArguments();

/// A configuration with the definition's name and defaults.
base::OptimizerConfig DefaultConfig(const OptimizerDefinition& definition);

}  // namespace definitions
