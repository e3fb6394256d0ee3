// RMSprop. Slots: "rms", then "momentum" when momentum > 0, then "mg" when centered.
#include "definitions/optimizer.hpp"

namespace definitions {
namespace {

using base::OptimizerConfig;

std::vector<std::string> Slots(const OptimizerConfig& config) {
  std::vector<std::string> names{"rms"};
  if (config.momentum > 0) names.push_back("momentum");
  if (config.centered) names.push_back("mg");
  return names;
}

OptimizerDefinition Define() {
  OptimizerDefinition rmsprop;
  rmsprop.kind = base::OptimizerKind::kRMSprop;
  rmsprop.name = "RMSprop";
  rmsprop.learning_rate = 0.001;
  rmsprop.arguments = {Number("rho", &OptimizerConfig::rho, 0.9, kZeroToOne), Number("momentum", &OptimizerConfig::momentum, 0, kZeroToOne),
                       Number("epsilon", &OptimizerConfig::epsilon, 1e-7, kNotNegative, true),
                       Flag("centered", &OptimizerConfig::centered)};
  rmsprop.slots = Slots;
  rmsprop.update_seconds = [](const OptimizerConfig&) { return 0.25e-9; };
  return rmsprop;
}

}  // namespace

const OptimizerDefinition kRMSpropOptimizer = Define();

}  // namespace definitions
