// Ftrl, "follow the regularized leader" (McMahan et al., 2013), as Keras 2.15 has it. Slots: "accumulator", which begins
// at initial_accumulator_value, and "linear".
#include "definitions/optimizer.hpp"

namespace definitions {
namespace {

using base::OptimizerConfig;

OptimizerDefinition Define() {
  OptimizerDefinition ftrl;
  ftrl.kind = base::OptimizerKind::kFtrl;
  ftrl.name = "Ftrl";
  ftrl.learning_rate = 0.001;
  ftrl.arguments = {
      Number("learning_rate_power", &OptimizerConfig::learning_rate_power, -0.5, kNotPositive),
      Number("initial_accumulator_value", &OptimizerConfig::initial_accumulator_value, 0.1, kNotNegative),
      Number("l1_regularization_strength", &OptimizerConfig::l1_regularization_strength, 0, kNotNegative),
      Number("l2_regularization_strength", &OptimizerConfig::l2_regularization_strength, 0, kNotNegative),
      Number("l2_shrinkage_regularization_strength", &OptimizerConfig::l2_shrinkage_regularization_strength, 0, kNotNegative),
      Number("beta", &OptimizerConfig::beta, 0, kNotNegative)};
  ftrl.slots = [](const OptimizerConfig&) { return std::vector<std::string>{"accumulator", "linear"}; };
  ftrl.initial = [](const OptimizerConfig& config, size_t slot) { return slot == 0 ? config.initial_accumulator_value : 0.0; };
  // two square roots and two divisions; two logarithms and exponentials for other powers
  ftrl.update_seconds = [](const OptimizerConfig& config) { return config.learning_rate_power == -0.5 ? 0.55e-9 : 3e-9; };
  return ftrl;
}

}  // namespace

const OptimizerDefinition kFtrlOptimizer = Define();

}  // namespace definitions
