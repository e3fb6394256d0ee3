// Adadelta, as Keras 2.15 has it. Slots: "accumulated_grad", "accumulated_delta_var".
#include "definitions/optimizer.hpp"

namespace definitions {
namespace {

using base::OptimizerConfig;

OptimizerDefinition Define() {
  OptimizerDefinition adadelta;
  adadelta.kind = base::OptimizerKind::kAdadelta;
  adadelta.name = "Adadelta";
  adadelta.learning_rate = 0.001;
  adadelta.arguments = {Number("rho", &OptimizerConfig::rho, 0.95, kZeroToOne),
                        Number("epsilon", &OptimizerConfig::epsilon, 1e-7, kNotNegative, true)};
  adadelta.slots = [](const OptimizerConfig&) { return std::vector<std::string>{"accumulated_grad", "accumulated_delta_var"}; };
  adadelta.update_seconds = [](const OptimizerConfig&) { return 0.40e-9; };  // two square roots and a division
  return adadelta;
}

}  // namespace

const OptimizerDefinition kAdadeltaOptimizer = Define();

}  // namespace definitions
