// LAMB (You et al., 2020), as Keras 3 has it: Adam's step, made as long as the weight tensor's norm asks for. Slots: "m",
// "v".
#include "definitions/optimizer.hpp"

namespace definitions {
namespace {

using base::OptimizerConfig;

OptimizerDefinition Define() {
  OptimizerDefinition lamb;
  lamb.kind = base::OptimizerKind::kLAMB;
  lamb.name = "Lamb";
  lamb.learning_rate = 0.001;
  lamb.arguments = {Number("beta_1", &OptimizerConfig::beta_1, 0.9, kBelowOne), Number("beta_2", &OptimizerConfig::beta_2, 0.999, kBelowOne),
                    Number("epsilon", &OptimizerConfig::epsilon, 1e-7, kNotNegative, true)};
  lamb.slots = [](const OptimizerConfig&) { return std::vector<std::string>{"m", "v"}; };
  lamb.update_seconds = [](const OptimizerConfig&) { return 0.55e-9; };  // Adam's work twice
  return lamb;
}

}  // namespace

const OptimizerDefinition kLAMBOptimizer = Define();

}  // namespace definitions
