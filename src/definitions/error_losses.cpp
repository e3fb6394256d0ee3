// Losses of regression, with names and arguments of tf.keras 2.10.
#include "definitions/loss.hpp"

namespace definitions {

using base::LossKind;

const LossDefinition kMeanSquaredErrorLoss{LossKind::kMeanSquaredError, "mean_squared_error", {"mse"}, {}};
const LossDefinition kMeanAbsoluteErrorLoss{LossKind::kMeanAbsoluteError, "mean_absolute_error", {"mae"}, {}};
const LossDefinition kHuberLoss{
    LossKind::kHuber, "huber", {"huberloss"}, {Number("delta", &base::LossConfig::delta, 1.0, kPositive)}};

}  // namespace definitions
