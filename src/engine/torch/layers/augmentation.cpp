// Images that are changed at random in training, each by itself.
//
// The draws are named as Dropout's are (engine/math/dropout_mask.hpp): image i of a mini-batch has block i of
// base::Stream(seed, stream, kDropout, iteration, epoch, location, site). Its words (0, 1) and (2, 3) are two 53-bit
// uniforms u and v. The site is the call in the graph, so no other layer shares the stream. So what happens to an image
// is a function of its position and of the names only. The layer's own "seed" argument is not read.
//
//   RandomFlip         left to right when u < 1/2, top to bottom when v < 1/2, as far as the mode allows
//   RandomRotation     the angle is u's share of the span
//   RandomTranslation  height by u, width by v
//   RandomZoom         height by u, width by v, or as the height
//   RandomContrast     the factor by u
//
// Rotations, translations and zooms are TensorFlow's ImageProjectiveTransform: output pixel (x, y) shows the input at (a0
// x + a1 y + a2, b0 x + b1 y + b2), whose parts outside the image are mapped by the fill mode. It is a sum of four
// pixels with shares, so that autograd has the gradient. Coordinates are computed in float64 for either precision.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/philox.hpp"
#include "engine/torch/module.hpp"

namespace engine::torch {

namespace {

// In [0, 1).
double Uniform(uint32_t low, uint32_t high) {
  const uint64_t bits = static_cast<uint64_t>(high) << 32 | low;
  return std::ldexp(static_cast<double>(bits >> 11), -53);
}

struct Draw {
  double u = 0, v = 0;
};

struct Span {
  double low = 0, high = 0;
  double At(double share) const { return low + (high - low) * share; }
};

Span SpanOf(const base::Layer& layer, const char* name) {
  const base::List& ends = Attribute(layer, name).list();
  return {ends.at(0).number(), ends.at(1).number()};
}

class AugmentationModule : public Module {
 public:
  Value Forward(const Inputs& inputs, const Weights&, const Context& context) const override {
    const at::Tensor& x = inputs[0]->data;
    if (!context.training || x.numel() == 0) return {x, {}, {}, Squash::kNone};
    const math::DrawKeys& keys = context.keys;
    const base::Stream stream(keys.seed, keys.stream, base::Purpose::kDropout, keys.iteration, keys.epoch, keys.location, context.site);
    std::vector<Draw> draws(static_cast<size_t>(x.size(0)));
    for (size_t i = 0; i < draws.size(); ++i) {
      const std::array<uint32_t, 4> words = stream.Block(i);
      draws[i] = {Uniform(words[0], words[1]), Uniform(words[2], words[3])};
    }
    return {Change(x, draws), {}, {}, Squash::kNone};
  }

 protected:
  // x: (batch, height, width, channels)
  virtual at::Tensor Change(const at::Tensor& x, const std::vector<Draw>& draws) const = 0;
};

class RandomFlipModule : public AugmentationModule {
 public:
  explicit RandomFlipModule(const base::Layer& layer) {
    const std::string& mode = TextAttribute(layer, "mode");
    horizontal_ = mode != "vertical";
    vertical_ = mode != "horizontal";
  }

 private:
  at::Tensor Change(const at::Tensor& x, const std::vector<Draw>& draws) const override {
    at::Tensor y = x;
    if (horizontal_) y = Flipped(y, 2, [&draws](size_t i) { return draws[i].u < 0.5; });
    if (vertical_) y = Flipped(y, 1, [&draws](size_t i) { return draws[i].v < 0.5; });
    return y;
  }

  template <class Chosen>
  static at::Tensor Flipped(const at::Tensor& x, int64_t axis, Chosen chosen) {
    const at::Tensor flags = at::empty({x.size(0), 1, 1, 1}, at::kBool);
    for (int64_t i = 0; i < x.size(0); ++i) flags.data_ptr<bool>()[i] = chosen(static_cast<size_t>(i));
    return at::where(flags.to(x.device()), x.flip({axis}), x);
  }

  bool horizontal_ = true;
  bool vertical_ = true;
};

class RandomContrastModule : public AugmentationModule {
 public:
  explicit RandomContrastModule(const base::Layer& layer) : range_(SpanOf(layer, "value_range")) {
    const Span factor = SpanOf(layer, "factor");
    factor_ = {1 - factor.low, 1 + factor.high};
  }

 private:
  at::Tensor Change(const at::Tensor& x, const std::vector<Draw>& draws) const override {
    const at::Tensor factors = at::empty({x.size(0), 1, 1, 1}, at::kDouble);
    for (size_t i = 0; i < draws.size(); ++i) factors.data_ptr<double>()[i] = factor_.At(draws[i].u);
    const at::Tensor mean = x.mean({1, 2}, true);
    return at::clamp((x - mean) * factors.to(x.options()) + mean, range_.low, range_.high);
  }

  Span factor_;
  Span range_;
};

/// Of an image: what output pixel (x, y) shows.
struct Affine {
  double a0 = 1, a1 = 0, a2 = 0, b0 = 0, b1 = 1, b2 = 0;
};

enum class Fill { kReflect, kConstant, kWrap, kNearest };

// A coordinate outside 0 .. size - 1 to one inside.
double Mapped(Fill fill, double at, int64_t size) {
  const double last = static_cast<double>(size - 1);
  if (fill == Fill::kConstant || (at >= 0 && at <= last)) return at;
  if (size == 1) return 0;
  const double length = static_cast<double>(size);
  if (fill == Fill::kReflect) {  // d c b a | a b c d | d c b a
    const double twice = 2 * length;
    if (at < 0) {
      if (at < twice) at += twice * std::trunc(-at / twice);
      at = at < -length ? at + twice : -at - 1;
    } else {
      at -= twice * std::trunc(at / twice);
      if (at >= length) at = twice - at - 1;
    }
  } else if (fill == Fill::kWrap) {  // a b c d | a b c d | a b c d
    at += at < 0 ? length * (std::trunc(-at / last) + 1) : -length * std::trunc(at / last);
  }
  return std::min(std::max(at, 0.0), last);
}

class TransformModule : public AugmentationModule {
 public:
  explicit TransformModule(const base::Layer& layer)
      : bilinear_(TextAttribute(layer, "interpolation") == "bilinear"), value_(NumberAttribute(layer, "fill_value")) {
    const std::string& mode = TextAttribute(layer, "fill_mode");
    fill_ = mode == "reflect" ? Fill::kReflect : mode == "constant" ? Fill::kConstant : mode == "wrap" ? Fill::kWrap : Fill::kNearest;
  }

 private:
  virtual Affine Of(const Draw& draw, double height, double width) const = 0;

  at::Tensor Change(const at::Tensor& x, const std::vector<Draw>& draws) const override {
    const int64_t height = x.size(1), width = x.size(2), pixels = height * width;
    const size_t corners = bilinear_ ? 4 : 1;
    std::vector<at::Tensor> indexes, shares;
    for (size_t c = 0; c < corners; ++c) {
      indexes.push_back(at::empty({x.size(0), pixels}, at::kLong));
      shares.push_back(at::empty({x.size(0), pixels}, at::kDouble));
    }
    const at::Tensor outside = at::zeros({x.size(0), pixels}, at::kDouble);  // the share of the fill value
    for (size_t i = 0; i < draws.size(); ++i) {
      const Affine affine = Of(draws[i], static_cast<double>(height), static_cast<double>(width));
      for (int64_t p = 0; p < pixels; ++p) {
        const double x_out = static_cast<double>(p % width), y_out = static_cast<double>(p / width);
        const double column = Mapped(fill_, affine.a0 * x_out + affine.a1 * y_out + affine.a2, width);
        const double row = Mapped(fill_, affine.b0 * x_out + affine.b1 * y_out + affine.b2, height);
        const int64_t at = static_cast<int64_t>(i) * pixels + p;
        for (size_t c = 0; c < corners; ++c) {
          double r = std::round(row), q = std::round(column), share = 1;
          if (bilinear_) {
            r = std::floor(row) + static_cast<double>(c / 2);
            q = std::floor(column) + static_cast<double>(c % 2);
            share = (1 - std::fabs(row - r)) * (1 - std::fabs(column - q));
          }
          const bool inside = r >= 0 && q >= 0 && r < static_cast<double>(height) && q < static_cast<double>(width);
          indexes[c].data_ptr<int64_t>()[at] = inside ? static_cast<int64_t>(r) * width + static_cast<int64_t>(q) : 0;
          shares[c].data_ptr<double>()[at] = inside ? share : 0;
          if (!inside) outside.data_ptr<double>()[at] += share;
        }
      }
    }
    const at::Tensor flat = x.reshape({x.size(0), pixels, x.size(3)});
    at::Tensor y;
    for (size_t c = 0; c < corners; ++c) {
      const at::Tensor index = indexes[c].to(x.device()).unsqueeze(-1).expand(flat.sizes());
      const at::Tensor part = flat.gather(1, index) * shares[c].to(x.options()).unsqueeze(-1);
      y = y.defined() ? y + part : part;
    }
    if (fill_ == Fill::kConstant && value_ != 0) y = y + (outside * value_).to(x.options()).unsqueeze(-1);
    return y.reshape(x.sizes());
  }

  bool bilinear_;
  double value_;
  Fill fill_;
};

class RandomRotationModule : public TransformModule {
 public:
  explicit RandomRotationModule(const base::Layer& layer) : TransformModule(layer), angle_(SpanOf(layer, "factor")) {}

 private:
  Affine Of(const Draw& draw, double height, double width) const override {
    constexpr double kCircle = 6.283185307179586476925286766559;
    const double cosine = std::cos(angle_.At(draw.u) * kCircle), sine = std::sin(angle_.At(draw.u) * kCircle);
    const double x = width - 1, y = height - 1;
    return {cosine, -sine, (x - (cosine * x - sine * y)) / 2, sine, cosine, (y - (sine * x + cosine * y)) / 2};
  }

  Span angle_;
};

class RandomTranslationModule : public TransformModule {
 public:
  explicit RandomTranslationModule(const base::Layer& layer)
      : TransformModule(layer), height_(SpanOf(layer, "height_factor")), width_(SpanOf(layer, "width_factor")) {}

 private:
  Affine Of(const Draw& draw, double height, double width) const override {
    return {1, 0, -width_.At(draw.v) * width, 0, 1, -height_.At(draw.u) * height};
  }

  Span height_;
  Span width_;
};

class RandomZoomModule : public TransformModule {
 public:
  explicit RandomZoomModule(const base::Layer& layer) : TransformModule(layer), height_(SpanOf(layer, "height_factor")) {
    keeps_ratio_ = Attribute(layer, "width_factor").is_null();
    if (!keeps_ratio_) width_ = SpanOf(layer, "width_factor");
  }

 private:
  Affine Of(const Draw& draw, double height, double width) const override {
    const double y = 1 + height_.At(draw.u), x = keeps_ratio_ ? y : 1 + width_.At(draw.v);
    return {x, 0, (width - 1) / 2 * (1 - x), 0, y, (height - 1) / 2 * (1 - y)};
  }

  Span height_;
  Span width_;
  bool keeps_ratio_;
};

}  // namespace

std::unique_ptr<Module> MakeRandomFlip(const base::Layer& layer) { return std::make_unique<RandomFlipModule>(layer); }
std::unique_ptr<Module> MakeRandomRotation(const base::Layer& layer) { return std::make_unique<RandomRotationModule>(layer); }
std::unique_ptr<Module> MakeRandomTranslation(const base::Layer& layer) { return std::make_unique<RandomTranslationModule>(layer); }
std::unique_ptr<Module> MakeRandomZoom(const base::Layer& layer) { return std::make_unique<RandomZoomModule>(layer); }
std::unique_ptr<Module> MakeRandomContrast(const base::Layer& layer) { return std::make_unique<RandomContrastModule>(layer); }

}  // namespace engine::torch
