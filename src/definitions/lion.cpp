// Lion (Chen et al., 2023), as Keras 3 has it: steps of one size in the direction of a momentum's sign. Slot: "m".
#include "definitions/optimizer.hpp"

namespace definitions {
namespace {

using base::OptimizerConfig;

constexpr Range kAboveZeroToOne{0, 1, true};

OptimizerDefinition Define() {
  OptimizerDefinition lion;
  lion.kind = base::OptimizerKind::kLion;
  lion.name = "Lion";
  lion.learning_rate = 0.001;
  lion.arguments = {Number("beta_1", &OptimizerConfig::beta_1, 0.9, kAboveZeroToOne),
                    Number("beta_2", &OptimizerConfig::beta_2, 0.99, kZeroToOne)};
  lion.slots = [](const OptimizerConfig&) { return std::vector<std::string>{"m"}; };
  lion.update_seconds = [](const OptimizerConfig&) { return 0.10e-9; };
  return lion;
}

}  // namespace

const OptimizerDefinition kLionOptimizer = Define();

}  // namespace definitions
