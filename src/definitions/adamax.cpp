// Adamax, as Keras 2.15 has it: Adam with a running maximum for the second moment. Slots: "m", "u".
#include "definitions/optimizer.hpp"

namespace definitions {
namespace {

using base::OptimizerConfig;

OptimizerDefinition Define() {
  OptimizerDefinition adamax;
  adamax.kind = base::OptimizerKind::kAdamax;
  adamax.name = "Adamax";
  adamax.learning_rate = 0.001;
  adamax.arguments = {Number("beta_1", &OptimizerConfig::beta_1, 0.9, kBelowOne), Number("beta_2", &OptimizerConfig::beta_2, 0.999, kBelowOne),
                      Number("epsilon", &OptimizerConfig::epsilon, 1e-7, kNotNegative, true)};
  adamax.slots = [](const OptimizerConfig&) { return std::vector<std::string>{"m", "u"}; };
  adamax.update_seconds = [](const OptimizerConfig&) { return 0.18e-9; };  // a division bounds it
  return adamax;
}

}  // namespace

const OptimizerDefinition kAdamaxOptimizer = Define();

}  // namespace definitions
