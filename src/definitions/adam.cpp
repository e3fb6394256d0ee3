// Adam, as tf.keras 2.10 has it, and AdamW, which is Adam with a weight decay by default.
// Slots: "m", "v", and "vhat" with amsgrad.
#include "definitions/optimizer.hpp"

namespace definitions {
namespace {

using base::OptimizerConfig;

std::vector<std::string> Slots(const OptimizerConfig& config) {
  if (config.amsgrad) return {"m", "v", "vhat"};
  return {"m", "v"};
}

double UpdateSeconds(const OptimizerConfig&) { return 0.26e-9; }  // square root and division bound it

OptimizerDefinition Define(base::OptimizerKind kind, const char* name) {
  OptimizerDefinition adam;
  adam.kind = kind;
  adam.name = name;
  adam.learning_rate = 0.001;
  adam.arguments = {Number("beta_1", &OptimizerConfig::beta_1, 0.9, kBelowOne),
                    Number("beta_2", &OptimizerConfig::beta_2, 0.999, kBelowOne),
                    Number("epsilon", &OptimizerConfig::epsilon, 1e-7, kNotNegative, true), Flag("amsgrad", &OptimizerConfig::amsgrad)};
  adam.slots = Slots;
  adam.update_seconds = UpdateSeconds;
  return adam;
}

OptimizerDefinition DefineAdamW() {
  OptimizerDefinition adamw = Define(base::OptimizerKind::kAdamW, "AdamW");
  adamw.weight_decay = 0.004;
  return adamw;
}

}  // namespace

const OptimizerDefinition kAdamOptimizer = Define(base::OptimizerKind::kAdam, "Adam");
const OptimizerDefinition kAdamWOptimizer = DefineAdamW();

}  // namespace definitions
