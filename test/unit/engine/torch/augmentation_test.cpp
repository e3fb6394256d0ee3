// Layers that draw at random in training, by draws that are read from the stream once more.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/philox.hpp"
#include "engine/torch/module.hpp"

namespace engine::torch {
namespace {

using base::LayerKind;
using base::List;

base::Layer Make(LayerKind kind, base::Dict attributes) {
  base::Layer layer;
  layer.kind = kind;
  layer.name = "layer";
  layer.attributes = base::Value(std::move(attributes));
  return layer;
}

base::Value Pair(double low, double high) { return base::Value(List{base::Value(low), base::Value(high)}); }

Context Training() {
  Context context;
  context.training = true;
  context.keys = {7, 3, 2, 1, (uint64_t{5} << 32) | 9};
  context.site = 4;
  return context;
}

at::Tensor Output(const base::Layer& layer, const at::Tensor& x, const Context& context) {
  Value input;
  input.data = x;
  return MakeModule(layer)->Forward({&input}, {}, context).data;
}

// The uniforms of image i.
double Uniform(uint64_t image, uint64_t which) {
  const base::Stream stream(7, 3, base::Purpose::kDropout, 2, 1, (uint64_t{5} << 32) | 9, 4);
  const uint64_t first = image * 4 + which * 2;
  return std::floor((stream.Word(first + 1) * 4294967296.0 + stream.Word(first)) / 2048) / 9007199254740992.0;
}

// (images, height, width, 1), every pixel another number.
at::Tensor Images(int64_t count, int64_t height, int64_t width) {
  return at::arange(count * height * width, at::kDouble).reshape({count, height, width, 1});
}

base::Layer Translation(double height, double width, const char* fill, const char* interpolation, double value = 0) {
  return Make(LayerKind::kRandomTranslation,
              {{"height_factor", Pair(height, height)}, {"width_factor", Pair(width, width)}, {"fill_mode", fill},
               {"interpolation", interpolation}, {"fill_value", value}});
}

std::vector<double> Numbers(const at::Tensor& x) {
  const at::Tensor flat = x.to(at::kDouble).contiguous();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

TEST(RandomFlip, FlipsTheImagesThatTheStreamNames) {
  const at::Tensor x = Images(12, 2, 3);
  const at::Tensor both = Output(Make(LayerKind::kRandomFlip, {{"mode", "horizontal_and_vertical"}}), x, Training());
  const at::Tensor across = Output(Make(LayerKind::kRandomFlip, {{"mode", "horizontal"}}), x, Training());
  const at::Tensor down = Output(Make(LayerKind::kRandomFlip, {{"mode", "vertical"}}), x, Training());
  int flipped = 0;
  for (int64_t i = 0; i < 12; ++i) {
    const bool left_right = Uniform(static_cast<uint64_t>(i), 0) < 0.5, top_bottom = Uniform(static_cast<uint64_t>(i), 1) < 0.5;
    flipped += left_right + top_bottom;
    const at::Tensor mirrored = left_right ? x[i].flip({1}) : x[i];
    EXPECT_TRUE(at::equal(across[i], mirrored)) << i;
    EXPECT_TRUE(at::equal(down[i], top_bottom ? x[i].flip({0}) : x[i])) << i;
    EXPECT_TRUE(at::equal(both[i], top_bottom ? mirrored.flip({0}) : mirrored)) << i;
  }
  EXPECT_GT(flipped, 4);  // of 24
  EXPECT_LT(flipped, 20);
}

TEST(RandomTranslation, FillsFromWhereTheModeSays) {
  const at::Tensor x = Images(1, 4, 1);
  for (const char* interpolation : {"nearest", "bilinear"}) {
    const auto rows = [&](double factor, const char* fill) {
      return Numbers(Output(Translation(factor, 0, fill, interpolation, 9), x, Training()));
    };
    EXPECT_EQ(rows(0.25, "constant"), (std::vector<double>{9, 0, 1, 2}));
    EXPECT_EQ(rows(0.5, "reflect"), (std::vector<double>{1, 0, 0, 1}));
    EXPECT_EQ(rows(-0.5, "reflect"), (std::vector<double>{2, 3, 3, 2}));
    EXPECT_EQ(rows(0.5, "wrap"), (std::vector<double>{2, 3, 0, 1}));
    EXPECT_EQ(rows(-0.25, "wrap"), (std::vector<double>{1, 2, 3, 0}));
    EXPECT_EQ(rows(-0.5, "nearest"), (std::vector<double>{2, 3, 3, 3}));
    EXPECT_EQ(rows(1, "constant"), (std::vector<double>{9, 9, 9, 9}));
  }
}

TEST(RandomTranslation, SharesBetweenPixels) {
  const at::Tensor x = Images(1, 1, 4) + 1;
  // half a pixel to the right: each shows the mean of itself and its left neighbour
  EXPECT_EQ(Numbers(Output(Translation(0, 0.125, "constant", "bilinear", 3), x, Training())), (std::vector<double>{2, 1.5, 2.5, 3.5}));
  EXPECT_EQ(Numbers(Output(Translation(0, 0.125, "nearest", "bilinear"), x, Training())), (std::vector<double>{1, 1.5, 2.5, 3.5}));
}

TEST(RandomTranslation, TakesHeightAndWidthFromTheStream) {
  const base::Layer layer = Make(LayerKind::kRandomTranslation, {{"height_factor", Pair(-0.5, 0.5)}, {"width_factor", Pair(-0.25, 0.75)},
                                                                 {"fill_mode", "nearest"}, {"interpolation", "bilinear"}, {"fill_value", 0.0}});
  // pixels hold their own position, so the middle one shows how far the image has gone
  const at::Tensor rows = at::arange(41, at::kDouble).reshape({1, 41, 1, 1}).expand({3, 41, 41, 1}).contiguous();
  const at::Tensor by_height = Output(layer, rows, Training()), by_width = Output(layer, rows.transpose(1, 2).contiguous(), Training());
  for (int64_t i = 0; i < 3; ++i) {
    const double down = 41 * (Uniform(static_cast<uint64_t>(i), 0) - 0.5), right = 41 * (Uniform(static_cast<uint64_t>(i), 1) - 0.25);
    EXPECT_NEAR(by_height[i][20][20][0].item<double>(), std::min(40.0, std::max(0.0, 20 - down)), 1e-9);
    EXPECT_NEAR(by_width[i][20][20][0].item<double>(), std::min(40.0, std::max(0.0, 20 - right)), 1e-9);
  }
}

TEST(RandomRotation, RunsAgainstTheClock) {
  const base::Layer quarter = Make(LayerKind::kRandomRotation, {{"factor", Pair(0.25, 0.25)}, {"fill_mode", "constant"},
                                                                {"interpolation", "bilinear"}, {"fill_value", 0.0}});
  const at::Tensor x = Images(2, 3, 3);
  EXPECT_TRUE(at::allclose(Output(quarter, x, Training()), at::rot90(x, 1, {1, 2}), 0, 1e-12));
}

TEST(RandomZoom, ShowsMoreOrLess) {
  const auto zoom = [](base::Value height, base::Value width) {
    return Make(LayerKind::kRandomZoom, {{"height_factor", std::move(height)}, {"width_factor", std::move(width)}, {"fill_mode", "constant"},
                                         {"interpolation", "bilinear"}, {"fill_value", 0.0}});
  };
  const at::Tensor x = Images(1, 3, 3) + 1;
  EXPECT_EQ(Numbers(Output(zoom(Pair(1, 1), base::Value()), x, Training())), (std::vector<double>{0, 0, 0, 0, 5, 0, 0, 0, 0}));
  EXPECT_EQ(Numbers(Output(zoom(Pair(-0.5, -0.5), Pair(0, 0)), x, Training())), (std::vector<double>{2.5, 3.5, 4.5, 4, 5, 6, 5.5, 6.5, 7.5}));
}

TEST(RandomContrast, SpreadsAroundTheMeanOfAChannel) {
  const base::Layer layer = Make(LayerKind::kRandomContrast, {{"factor", Pair(0.5, 0.75)}, {"value_range", Pair(0, 255)}});
  const at::Tensor x = at::rand({4, 3, 5, 2}, at::kDouble) * 100 + 20, y = Output(layer, x, Training());
  for (int64_t i = 0; i < 4; ++i) {
    const double factor = 0.5 + 1.25 * Uniform(static_cast<uint64_t>(i), 0);
    const at::Tensor mean = x[i].mean(at::IntArrayRef{0, 1}, true);
    EXPECT_TRUE(at::allclose(y[i], at::clamp((x[i] - mean) * factor + mean, 0, 255), 0, 1e-10)) << i;
  }
  const base::Layer cut = Make(LayerKind::kRandomContrast, {{"factor", Pair(0, 1)}, {"value_range", Pair(50, 60)}});
  EXPECT_EQ(Output(cut, x, Training()).max().item<double>(), 60);
  EXPECT_EQ(Output(cut, x, Training()).min().item<double>(), 50);
}

TEST(Augmentation, DependsOnPositionAndNamesOnly) {
  const base::Layer layer = Make(LayerKind::kRandomRotation, {{"factor", Pair(-0.5, 0.5)}, {"fill_mode", "reflect"},
                                                              {"interpolation", "bilinear"}, {"fill_value", 0.0}});
  const at::Tensor x = at::rand({6, 5, 4, 3}), y = Output(layer, x, Training());
  EXPECT_TRUE(at::equal(Output(layer, x.slice(0, 0, 4), Training()), y.slice(0, 0, 4)));
  Context other = Training();
  other.site = 5;
  EXPECT_FALSE(at::equal(Output(layer, x, other), y));
  other = Training();
  other.keys.location += 1;
  EXPECT_FALSE(at::equal(Output(layer, x, other), y));
  other = Training();
  other.training = false;
  EXPECT_TRUE(at::equal(Output(layer, x, other), x));
}

TEST(Augmentation, PassesTheGradientOn) {
  const at::Tensor x = Images(1, 1, 4).requires_grad_(true);
  Output(Translation(0, 0.5, "reflect", "bilinear"), x, Training()).sum().backward();
  EXPECT_EQ(Numbers(x.grad()), (std::vector<double>{2, 2, 0, 0}));
}

TEST(GaussianDropout, MultipliesByTheNoiseOfItsPosition) {
  const at::Tensor x = at::rand({3, 5}, at::kDouble) + 1;
  const at::Tensor noise = Output(Make(LayerKind::kGaussianNoise, {{"stddev", 0.5}}), at::zeros_like(x), Training());
  // rate 0.2: a variance of 0.25
  EXPECT_TRUE(at::allclose(Output(Make(LayerKind::kGaussianDropout, {{"rate", 0.2}}), x, Training()), x * (1 + noise), 0, 1e-14));
}

TEST(AlphaDropout, KeepsMeanAndVariance) {
  const base::Layer layer = Make(LayerKind::kAlphaDropout, {{"rate", 0.3}, {"noise_shape", base::Value()}});
  const at::Tensor x = Output(Make(LayerKind::kGaussianNoise, {{"stddev", 1.0}}), at::zeros({2000, 100}, at::kDouble), Training());
  const at::Tensor y = Output(layer, x, Training());
  EXPECT_NEAR(y.mean().item<double>(), 0, 0.01);
  EXPECT_NEAR(y.var().item<double>(), 1, 0.02);
  const at::Tensor mask = Output(Make(LayerKind::kDropout, {{"rate", 0.3}}), at::ones_like(x), Training());
  const double limit = -1.7580993408473766, factor = 1 / std::sqrt(0.7 * (1 + 0.3 * limit * limit));
  EXPECT_TRUE(at::allclose(y, factor * (at::where(mask > 0, x, at::full_like(x, limit)) - 0.3 * limit), 0, 1e-12));
}

TEST(SpatialDropout, DropsWholeChannels) {
  for (const bool images : {false, true}) {
    const base::Layer layer = Make(images ? LayerKind::kSpatialDropout2D : LayerKind::kSpatialDropout1D, {{"rate", 0.5}});
    const at::Tensor x = images ? at::ones({6, 3, 4, 8}) : at::ones({6, 5, 8});
    const at::Tensor y = Output(layer, x, Training()).reshape({6, -1, 8});
    EXPECT_TRUE(at::equal(y, y.slice(1, 0, 1).expand(y.sizes())));
    const int64_t dropped = y.eq(0).sum().item<int64_t>() / y.size(1);
    EXPECT_GT(dropped, 12);
    EXPECT_LT(dropped, 36);
    EXPECT_EQ(y.eq(2).sum().item<int64_t>() / y.size(1), 48 - dropped);
  }
}

}  // namespace
}  // namespace engine::torch
