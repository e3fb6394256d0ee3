// Losses of margins, with names of Keras 2.15. They have no arguments.
#include "definitions/loss.hpp"

namespace definitions {

using base::LossKind;

const LossDefinition kHingeLoss{LossKind::kHinge, "hinge", {}, {}, Targets::kMargin};
const LossDefinition kSquaredHingeLoss{LossKind::kSquaredHinge, "squared_hinge", {}, {}, Targets::kMargin};
const LossDefinition kCategoricalHingeLoss{LossKind::kCategoricalHinge, "categorical_hinge", {}, {}, Targets::kDistribution};

}  // namespace definitions
