// Cross-entropies, focal ones and the Kullback-Leibler divergence, with names and arguments of Keras 2.15.
#include "definitions/loss.hpp"

namespace definitions {
namespace {

using base::LossConfig;
using base::LossKind;

constexpr Argument<LossConfig> kFromLogits = Flag("from_logits", &LossConfig::from_logits);
constexpr Argument<LossConfig> kLabelSmoothing = Number("label_smoothing", &LossConfig::label_smoothing, 0, kZeroToOne);
constexpr Argument<LossConfig> kGamma = Number("gamma", &LossConfig::gamma, 2.0, kNotNegative);

}  // namespace

const LossDefinition kCategoricalCrossentropyLoss{
    LossKind::kCategoricalCrossentropy, "categorical_crossentropy", {}, {kFromLogits, kLabelSmoothing}, Targets::kDistribution,
    Squash::kSoftmax};
const LossDefinition kSparseCategoricalCrossentropyLoss{
    LossKind::kSparseCategoricalCrossentropy, "sparse_categorical_crossentropy", {}, {kFromLogits}, Targets::kClassIndex, Squash::kSoftmax};
const LossDefinition kBinaryCrossentropyLoss{
    LossKind::kBinaryCrossentropy, "binary_crossentropy", {}, {kFromLogits, kLabelSmoothing}, Targets::kYesNo, Squash::kSigmoid};
const LossDefinition kBinaryFocalCrossentropyLoss{
    LossKind::kBinaryFocalCrossentropy, "binary_focal_crossentropy", {},
    {Flag("apply_class_balancing", &LossConfig::apply_class_balancing), Number("alpha", &LossConfig::alpha, 0.25, kZeroToOne), kGamma,
     kFromLogits, kLabelSmoothing},
    Targets::kYesNo, Squash::kSigmoid};
const LossDefinition kCategoricalFocalCrossentropyLoss{
    LossKind::kCategoricalFocalCrossentropy, "categorical_focal_crossentropy", {},
    {Number("alpha", &LossConfig::alpha, 0.25, kNotNegative), kGamma, kFromLogits, kLabelSmoothing}, Targets::kDistribution,
    Squash::kSoftmax};
const LossDefinition kKullbackLeiblerLoss{
    LossKind::kKullbackLeibler, "kl_divergence", {"kld", "kullbackleiblerdivergence"}, {}, Targets::kDistribution, Squash::kNone};

}  // namespace definitions
