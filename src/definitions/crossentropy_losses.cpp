// Cross-entropies and the Kullback-Leibler divergence, with names and arguments of tf.keras 2.10.
#include "definitions/loss.hpp"

namespace definitions {
namespace {

using base::LossConfig;
using base::LossKind;

constexpr Argument<LossConfig> kFromLogits = Flag("from_logits", &LossConfig::from_logits);
constexpr Argument<LossConfig> kLabelSmoothing = Number("label_smoothing", &LossConfig::label_smoothing, 0, kZeroToOne);

}  // namespace

const LossDefinition kCategoricalCrossentropyLoss{
    LossKind::kCategoricalCrossentropy, "categorical_crossentropy", {}, {kFromLogits, kLabelSmoothing}, Targets::kDistribution,
    Squash::kSoftmax};
const LossDefinition kSparseCategoricalCrossentropyLoss{
    LossKind::kSparseCategoricalCrossentropy, "sparse_categorical_crossentropy", {}, {kFromLogits}, Targets::kClassIndex, Squash::kSoftmax};
const LossDefinition kBinaryCrossentropyLoss{
    LossKind::kBinaryCrossentropy, "binary_crossentropy", {}, {kFromLogits, kLabelSmoothing}, Targets::kYesNo, Squash::kSigmoid};
const LossDefinition kKullbackLeiblerLoss{
    LossKind::kKullbackLeibler, "kl_divergence", {"kld", "kullbackleiblerdivergence"}, {}, Targets::kDistribution, Squash::kNone};

}  // namespace definitions
