// GaussianNoise: y = x + stddev * z in training, z standard normal; y = x otherwise. GaussianDropout: y = x * (1 + stddev *
// z) likewise, with the variance of inverted dropout, stddev = sqrt(rate / (1 - rate)).
//
// engine/math/normal_noise.hpp says which draws z is made of. The site is the call in the graph, so no Dropout shares it.
// The layer's own "seed" argument is not read: all draws belong to the run's seed and the model's stream.
#include <cmath>
#include <memory>

#include "engine/math/normal_noise.hpp"
#include "engine/torch/module.hpp"

namespace engine::torch {

namespace {

class GaussianNoiseModule : public Module {
 public:
  GaussianNoiseModule(double stddev, bool multiplies) : stddev_(stddev), multiplies_(multiplies) {}

  Value Forward(const Inputs& inputs, const Weights&, const Context& context) const override {
    const Value& in = *inputs[0];
    if (!context.training || stddev_ <= 0) return {in.data, in.mask, {}, Squash::kNone};
    at::Tensor noise = at::empty(in.data.sizes(), at::TensorOptions().dtype(in.data.dtype()));
    if (noise.scalar_type() == at::kDouble) {
      math::FillNormalNoise(stddev_, context.keys, context.site, noise.numel(), noise.data_ptr<double>());
    } else {
      math::FillNormalNoise(stddev_, context.keys, context.site, noise.numel(), noise.data_ptr<float>());
    }
    noise = noise.to(in.data.device());
    return {multiplies_ ? in.data * (noise + 1) : in.data + noise, in.mask, {}, Squash::kNone};
  }

 private:
  double stddev_;
  bool multiplies_;
};

}  // namespace

std::unique_ptr<Module> MakeGaussianNoise(const base::Layer& layer) {
  return std::make_unique<GaussianNoiseModule>(NumberAttribute(layer, "stddev"), false);
}
std::unique_ptr<Module> MakeGaussianDropout(const base::Layer& layer) {
  const double rate = NumberAttribute(layer, "rate");
  return std::make_unique<GaussianNoiseModule>(std::sqrt(rate / (1 - rate)), true);
}

}  // namespace engine::torch
