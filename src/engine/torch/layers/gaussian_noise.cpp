// GaussianNoise: y = x + stddev * z in training, z standard normal; y = x otherwise. GaussianDropout: y = x * (1 + stddev *
// z) likewise, with the variance of inverted dropout, stddev = sqrt(rate / (1 - rate)).
//
// The draws are named as Dropout's are (engine/math/dropout_mask.hpp): element i of a mini-batch, row-major with the
// batch in front, gets its z from block i / 2 of base::Stream(seed, stream, kDropout, iteration, epoch, location,
// site). The site is the call in the graph, so no Dropout shares it. Box-Muller makes two values of a block, in double:
// with u and v the 53-bit uniforms of its words (0, 1) and (2, 3), they are sqrt(-2 log(1 - u)) times the cosine and
// the sine of 2 pi v. So z is a function of (sample, unit) and of the names only. The layer's own "seed" argument is
// not read: all draws belong to the run's seed and the model's stream.
#include <array>
#include <cmath>
#include <memory>

#include "base/philox.hpp"
#include "engine/torch/module.hpp"

namespace engine::torch {

namespace {

// In [0, 1), as base::Stream::Uniform.
double Uniform(uint32_t low, uint32_t high) {
  const uint64_t bits = static_cast<uint64_t>(high) << 32 | low;
  return std::ldexp(static_cast<double>(bits >> 11), -53);
}

template <typename T>
void Fill(double stddev, const base::Stream& stream, int64_t n, T* noise) {
  constexpr double kTwoPi = 6.283185307179586476925286766559;
  for (int64_t i = 0; i < n; i += 2) {
    const std::array<uint32_t, 4> words = stream.Block(static_cast<uint64_t>(i) >> 1);
    const double radius = stddev * std::sqrt(-2.0 * std::log(1.0 - Uniform(words[0], words[1])));
    const double angle = kTwoPi * Uniform(words[2], words[3]);
    noise[i] = static_cast<T>(radius * std::cos(angle));
    if (i + 1 < n) noise[i + 1] = static_cast<T>(radius * std::sin(angle));
  }
}

class GaussianNoiseModule : public Module {
 public:
  GaussianNoiseModule(double stddev, bool multiplies) : stddev_(stddev), multiplies_(multiplies) {}

  Value Forward(const Inputs& inputs, const Weights&, const Context& context) const override {
    const Value& in = *inputs[0];
    if (!context.training || stddev_ <= 0) return {in.data, in.mask, {}, Squash::kNone};
    const math::DrawKeys& keys = context.keys;
    const base::Stream stream(keys.seed, keys.stream, base::Purpose::kDropout, keys.iteration, keys.epoch, keys.location, context.site);
    at::Tensor noise = at::empty(in.data.sizes(), at::TensorOptions().dtype(in.data.dtype()));
    if (noise.scalar_type() == at::kDouble) {
      Fill(stddev_, stream, noise.numel(), noise.data_ptr<double>());
    } else {
      Fill(stddev_, stream, noise.numel(), noise.data_ptr<float>());
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
