// Adagrad. Slot: "accumulator", which begins at initial_accumulator_value.
#include "definitions/optimizer.hpp"

namespace definitions {
namespace {

using base::OptimizerConfig;

OptimizerDefinition Define() {
  OptimizerDefinition adagrad;
  adagrad.kind = base::OptimizerKind::kAdagrad;
  adagrad.name = "Adagrad";
  adagrad.learning_rate = 0.001;
  adagrad.arguments = {Number("initial_accumulator_value", &OptimizerConfig::initial_accumulator_value, 0.1, kNotNegative),
                       Number("epsilon", &OptimizerConfig::epsilon, 1e-7, kNotNegative, true)};
  adagrad.slots = [](const OptimizerConfig&) { return std::vector<std::string>{"accumulator"}; };
  adagrad.initial = [](const OptimizerConfig& config, size_t) { return config.initial_accumulator_value; };
  adagrad.keeps_untouched = [](const OptimizerConfig& config) { return config.epsilon > 0; };
  adagrad.update_seconds = [](const OptimizerConfig&) { return 0.25e-9; };
  return adagrad;
}

}  // namespace

const OptimizerDefinition kAdagradOptimizer = Define();

}  // namespace definitions
