#include "engine/torch/layers/dropout.hpp"

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

  Value Forward(const Inputs& inputs, const Weights&, const Context& context) const override {
    const Value& in = *inputs[0];
    if (!context.training || rate_ <= 0) return {in.data, in.mask, {}, Squash::kNone};
    std::vector<int64_t> shape = in.data.sizes().vec();
    for (size_t i = 1; i < noise_shape_.size() && i < shape.size(); ++i) {
      if (noise_shape_[i] > 0) shape[i] = noise_shape_[i];
    }
    if (!noise_shape_.empty() && noise_shape_[0] == 1) shape[0] = 1;
    return {in.data * DropoutMask(shape, rate_, in.data.options(), context.keys, context.site), in.mask, {}, Squash::kNone};
  }

 private:
  double rate_;
  std::vector<int64_t> noise_shape_;  // empty, or with the batch in front; -1 = as the input
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

}  // namespace engine::torch
