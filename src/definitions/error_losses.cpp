// Losses of regression, with names and arguments of Keras 2.15.
#include "definitions/loss.hpp"

namespace definitions {

using base::LossKind;

const LossDefinition kMeanSquaredErrorLoss{LossKind::kMeanSquaredError, "mean_squared_error", {"mse"}, {}};
const LossDefinition kMeanAbsoluteErrorLoss{LossKind::kMeanAbsoluteError, "mean_absolute_error", {"mae"}, {}};
const LossDefinition kHuberLoss{
    LossKind::kHuber, "huber", {"huberloss"}, {Number("delta", &base::LossConfig::delta, 1.0, kPositive)}};
const LossDefinition kLogCoshLoss{LossKind::kLogCosh, "log_cosh", {}, {}};
const LossDefinition kPoissonLoss{LossKind::kPoisson, "poisson", {}, {}};
const LossDefinition kMeanAbsolutePercentageErrorLoss{
    LossKind::kMeanAbsolutePercentageError, "mean_absolute_percentage_error", {"mape"}, {}};
const LossDefinition kMeanSquaredLogarithmicErrorLoss{
    LossKind::kMeanSquaredLogarithmicError, "mean_squared_logarithmic_error", {"msle"}, {}};
const LossDefinition kCosineSimilarityLoss{LossKind::kCosineSimilarity, "cosine_similarity", {}, {}};

}  // namespace definitions
