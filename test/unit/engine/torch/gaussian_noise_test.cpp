// GaussianNoise against Box-Muller written down once more.
#include <gtest/gtest.h>

#include <cmath>

#include "base/philox.hpp"
#include "engine/torch/module.hpp"

namespace engine::torch {
namespace {

base::Layer Noise(double stddev) {
  base::Layer layer;
  layer.kind = base::LayerKind::kGaussianNoise;
  layer.name = "noise";
  layer.attributes = base::Value(base::Dict{{"stddev", stddev}, {"seed", base::Value()}});
  return layer;
}

Context TrainingContext() {
  Context context;
  context.training = true;
  context.keys = {7, 3, 2, 1, (uint64_t{5} << 32) | 9};
  context.site = 4;
  return context;
}

at::Tensor Noised(const base::Layer& layer, const at::Tensor& x, const Context& context) {
  Value input;
  input.data = x;
  return MakeModule(layer)->Forward({&input}, {}, context).data;
}

TEST(GaussianNoise, AddsNormalsOfTheNamedStream) {
  const base::Stream stream(7, 3, base::Purpose::kDropout, 2, 1, (uint64_t{5} << 32) | 9, 4);
  const at::Tensor x = at::arange(15, at::kDouble).reshape({3, 5}), y = Noised(Noise(0.5), x, TrainingContext());
  const at::Tensor single = Noised(Noise(0.5), x.to(at::kFloat), TrainingContext());
  for (uint64_t i = 0; i < 15; i++) {
    const uint64_t first = i / 2 * 4;
    const auto uniform = [&](uint64_t at) {
      return std::floor((stream.Word(at + 1) * 4294967296.0 + stream.Word(at)) / 2048) / 9007199254740992.0;
    };
    const double u = 1 - uniform(first), v = uniform(first + 2);
    const double z = std::sqrt(-2 * std::log(u)) * (i % 2 == 0 ? std::cos(2 * M_PI * v) : std::sin(2 * M_PI * v));
    EXPECT_NEAR(y.flatten()[static_cast<int64_t>(i)].item<double>(), static_cast<double>(i) + 0.5 * z, 1e-13) << i;
    EXPECT_NEAR(single.flatten()[static_cast<int64_t>(i)].item<double>(), static_cast<double>(i) + 0.5 * z, 2e-6) << i;
  }
}

TEST(GaussianNoise, IsStandardNormal) {
  const int64_t n = 200000;
  const at::Tensor z = Noised(Noise(1), at::zeros({n / 100, 100}, at::kDouble), TrainingContext()).flatten();
  EXPECT_NEAR(z.mean().item<double>(), 0, 0.01);
  EXPECT_NEAR(z.square().mean().item<double>(), 1, 0.015);
  EXPECT_NEAR(z.pow(3).mean().item<double>(), 0, 0.04);
  EXPECT_NEAR(z.pow(4).mean().item<double>(), 3, 0.1);
  // the two values of a block, and neighbours of two blocks
  EXPECT_NEAR((z.slice(0, 0, n - 1) * z.slice(0, 1, n)).mean().item<double>(), 0, 0.01);
}

TEST(GaussianNoise, DependsOnPositionAndNamesOnly) {
  const at::Tensor all = Noised(Noise(0.3), at::zeros({6, 7}), TrainingContext());
  EXPECT_TRUE(at::equal(Noised(Noise(0.3), at::zeros({3, 14}), TrainingContext()).flatten(), all.flatten()));
  EXPECT_TRUE(at::equal(Noised(Noise(0.3), at::zeros({5, 7}), TrainingContext()), all.slice(0, 0, 5)));
  Context other = TrainingContext();
  other.site = 5;
  EXPECT_FALSE(at::equal(Noised(Noise(0.3), at::zeros({6, 7}), other), all));
  other = TrainingContext();
  other.keys.location += 1;
  EXPECT_FALSE(at::equal(Noised(Noise(0.3), at::zeros({6, 7}), other), all));
}

TEST(GaussianNoise, RestsOutsideTraining) {
  const at::Tensor x = at::arange(6, at::kFloat).reshape({2, 3});
  Context scoring = TrainingContext();
  scoring.training = false;
  EXPECT_TRUE(at::equal(Noised(Noise(0.5), x, scoring), x));
  EXPECT_TRUE(at::equal(Noised(Noise(0), x, TrainingContext()), x));
}

TEST(GaussianNoise, PassesTheGradientOn) {
  const at::Tensor x = at::ones({2, 3}, at::kDouble).requires_grad_(true);
  (Noised(Noise(0.5), x, TrainingContext()) * 3).sum().backward();
  EXPECT_TRUE(at::equal(x.grad(), at::full({2, 3}, 3.0, at::kDouble)));
}

}  // namespace
}  // namespace engine::torch
