// Nadam, as tf.keras 2.10 has it. Slots: "m", "v".
#include "definitions/optimizer.hpp"

namespace definitions {
namespace {

using base::OptimizerConfig;

std::vector<std::string> Slots(const OptimizerConfig&) { return {"m", "v"}; }

double UpdateSeconds(const OptimizerConfig&) { return 0.26e-9; }  // Adam's: the same square root and division bound it

OptimizerDefinition Define() {
  OptimizerDefinition nadam;
  nadam.kind = base::OptimizerKind::kNadam;
  nadam.name = "Nadam";
  nadam.learning_rate = 0.001;
  nadam.arguments = {Number("beta_1", &OptimizerConfig::beta_1, 0.9, kBelowOne),
                     Number("beta_2", &OptimizerConfig::beta_2, 0.999, kBelowOne),
                     Number("epsilon", &OptimizerConfig::epsilon, 1e-7, kNotNegative, true)};
  nadam.slots = Slots;
  nadam.update_seconds = UpdateSeconds;
  return nadam;
}

}  // namespace

const OptimizerDefinition kNadamOptimizer = Define();

}  // namespace definitions
