// SGD. Slots: none, or "momentum" when momentum > 0.
#include "definitions/optimizer.hpp"

namespace definitions {
namespace {

using base::OptimizerConfig;

OptimizerDefinition Define() {
  OptimizerDefinition sgd;
  sgd.kind = base::OptimizerKind::kSGD;
  sgd.name = "SGD";
  sgd.learning_rate = 0.01;
  sgd.arguments = {Number("momentum", &OptimizerConfig::momentum, 0, kZeroToOne), Flag("nesterov", &OptimizerConfig::nesterov)};
  sgd.slots = [](const OptimizerConfig& config) {
    return config.momentum > 0 ? std::vector<std::string>{"momentum"} : std::vector<std::string>{};
  };
  sgd.keeps_untouched = [](const OptimizerConfig& config) { return config.momentum <= 0; };
  sgd.update_seconds = [](const OptimizerConfig& config) { return config.momentum > 0 ? 0.10e-9 : 0.04e-9; };
  return sgd;
}

}  // namespace

const OptimizerDefinition kSGDOptimizer = Define();

}  // namespace definitions
