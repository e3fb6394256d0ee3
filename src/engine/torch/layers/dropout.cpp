#include "engine/torch/layers/dropout.hpp"

#include <cmath>
#include <memory>

#include "engine/math/dropout_mask.hpp"

namespace engine::torch {

namespace {

// The layer's own "seed" argument is not read: all draws belong to the run's seed and the model's stream.
class DropoutModule : public Module {
 public:
  explicit DropoutModule(const base::Layer& layer) : rate_(NumberAttribute(layer, "rate")) {
    const base::Value* noise = layer.attributes.Find("noise_shape");
    if (noise == nullptr || noise->is_null()) return;
    for (const base::Value& size : noise->list()) noise_shape_.push_back(size.is_null() ? -1 : size.integer());
  }

  DropoutModule(const base::Layer& layer, std::vector<int64_t> noise_shape)
      : rate_(NumberAttribute(layer, "rate")), noise_shape_(std::move(noise_shape)) {}

  Value Forward(const Inputs& inputs, const Weights&, const Context& context) const override {
    const Value& in = *inputs[0];
    if (!context.training || rate_ <= 0) return {in.data, in.mask, {}, Squash::kNone};
    return {Drop(in.data, DropoutMask(MaskShape(in.data), rate_, in.data.options(), context.keys, context.site)), in.mask, {}, Squash::kNone};
  }

 protected:
  virtual at::Tensor Drop(const at::Tensor& x, const at::Tensor& mask) const { return x * mask; }
  double rate() const { return rate_; }

 private:
  std::vector<int64_t> MaskShape(const at::Tensor& x) const {
    std::vector<int64_t> shape = x.sizes().vec();
    for (size_t i = 1; i < noise_shape_.size() && i < shape.size(); ++i) {
      if (noise_shape_[i] > 0) shape[i] = noise_shape_[i];
    }
    if (!noise_shape_.empty() && noise_shape_[0] == 1) shape[0] = 1;
    return shape;
  }

  double rate_;
  std::vector<int64_t> noise_shape_;  // empty, or with the batch in front; -1 = as the input
};

// Klambauer et al., "Self-normalizing neural networks" (2017): what is dropped takes SELU's limit, and the whole is brought
// back to mean 0 and variance 1.
class AlphaDropoutModule : public DropoutModule {
 public:
  using DropoutModule::DropoutModule;

 private:
  at::Tensor Drop(const at::Tensor& x, const at::Tensor& mask) const override {
    const double limit = -kSeluAlpha * kSeluScale;
    const double factor = 1 / std::sqrt((1 - rate()) * (1 + rate() * limit * limit)), shift = -factor * limit * rate();
    const at::Tensor kept = mask != 0;
    return at::where(kept, x, at::full({}, limit, x.options())) * factor + shift;
  }
};

}  // namespace

at::Tensor DropoutMask(const std::vector<int64_t>& shape, double rate, const at::TensorOptions& options, const math::DrawKeys& keys,
                       uint64_t site) {
  at::Tensor mask = at::empty(shape, at::TensorOptions().dtype(options.dtype()));
  if (mask.scalar_type() == at::kDouble) {
    math::FillDropoutMask(rate, keys, site, mask.numel(), mask.data_ptr<double>());
  } else {
    math::FillDropoutMask(rate, keys, site, mask.numel(), mask.data_ptr<float>());
  }
  return mask.to(options.device());
}

std::unique_ptr<Module> MakeDropout(const base::Layer& layer) { return std::make_unique<DropoutModule>(layer); }
std::unique_ptr<Module> MakeAlphaDropout(const base::Layer& layer) { return std::make_unique<AlphaDropoutModule>(layer); }
// one decision a channel
std::unique_ptr<Module> MakeSpatialDropout1D(const base::Layer& layer) {
  return std::make_unique<DropoutModule>(layer, std::vector<int64_t>{-1, 1, -1});
}
std::unique_ptr<Module> MakeSpatialDropout2D(const base::Layer& layer) {
  return std::make_unique<DropoutModule>(layer, std::vector<int64_t>{-1, 1, 1, -1});
}

}  // namespace engine::torch
