#include "engine/native/loss.hpp"

#include <algorithm>

#include "definitions/loss.hpp"
#include "engine/math/losses.hpp"

namespace engine::native {

std::optional<Loss> Loss::Make(const base::LossConfig& config, double loss_weight, const base::Shape& output_shape,
                               math::FusedActivation last) {
  if (output_shape.empty() || math::FindLossKernel<float>(config.kind) == nullptr) return std::nullopt;
  Loss loss;
  loss.config_ = config;
  loss.weight_ = loss_weight;
  loss.classes_ = output_shape.back();
  if (loss.classes_ < 1) return std::nullopt;
  loss.positions_ = base::ElementCount(output_shape) / loss.classes_;
  const definitions::LossDefinition& definition = definitions::DefinitionOf(config.kind);
  loss.sparse_ = definition.targets == definitions::Targets::kClassIndex;
  if (definition.squash == definitions::Squash::kNone) return loss;
  const bool sigmoid = definition.squash == definitions::Squash::kSigmoid;
  const math::FusedActivation own = sigmoid ? math::FusedActivation::kSigmoid : math::FusedActivation::kSoftmax;
  loss.on_logits_ = last == own;
  if (!loss.on_logits_ && !config.from_logits) return std::nullopt;
  loss.squash_ = own;
  return loss;
}

template <typename T>
double Loss::Run(const Batch<T>& batch, const Target<T>& target, T* values, T* factors, T* losses, const T* mask,
                 int64_t mask_elements) const {
  const int64_t each = mask == nullptr ? 1 : positions_ / mask_elements;  // positions of an element of the mask
  const T scale = static_cast<T>(weight_ / (static_cast<double>(batch.rows) * static_cast<double>(positions_)));
  const bool all_alike = batch.weights == nullptr && mask == nullptr;
  if (all_alike) std::fill_n(factors, batch.rows * positions_, scale);
  for (int64_t i = 0; i < batch.rows && !all_alike; ++i) {
    const T factor = batch.weights == nullptr ? scale : batch.weights[i] * scale;
    std::fill_n(factors + i * positions_, positions_, factor);
    for (int64_t j = 0; mask != nullptr && j < positions_; ++j) factors[i * positions_ + j] *= mask[i * mask_elements + j / each];
  }
  math::FindLossKernel<T>(config_.kind)(config_, target.values, target.index, factors, batch.rows * positions_, classes_, values, losses);
  double sum = 0;
  if (all_alike && positions_ == 1 && weight_ == 1.0) {
    for (int64_t i = 0; i < batch.rows; ++i) sum += static_cast<double>(losses[i]);
    return sum;
  }
  for (int64_t i = 0; i < batch.rows; ++i) {
    T row = 0;
    for (int64_t j = 0; j < positions_; ++j) {
      row += mask == nullptr ? losses[i * positions_ + j] : losses[i * positions_ + j] * mask[i * mask_elements + j / each];
    }
    if (positions_ > 1) row /= static_cast<T>(positions_);
    if (batch.weights != nullptr) row *= batch.weights[i];
    if (weight_ != 1.0) row *= static_cast<T>(weight_);
    sum += static_cast<double>(row);
  }
  return sum;
}

template double Loss::Run(const Batch<float>&, const Target<float>&, float*, float*, float*, const float*, int64_t) const;
template double Loss::Run(const Batch<double>&, const Target<double>&, double*, double*, double*, const double*, int64_t) const;

}  // namespace engine::native
