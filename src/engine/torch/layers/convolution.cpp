// Convolutions of images and sequences. A sequence of s steps is an image of s x 1 pixels, its kernel one of size x 1.
#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "engine/torch/layers/activation.hpp"
#include "engine/torch/layers/padding.hpp"
#include "engine/torch/module.hpp"

namespace engine::torch {

namespace {

using Sizes = std::array<int64_t, 2>;

// Of an attribute with a size a dimension.
Sizes ReadSizes(const base::Layer& layer, const char* name) {
  const base::List& list = Attribute(layer, name).list();
  return {list.at(0).integer(), list.size() > 1 ? list[1].integer() : 1};
}

// (batch, steps, channels) or (batch, height, width, channels) to LibTorch's (batch, channels, height, width).
at::Tensor ToImages(const at::Tensor& x) { return ToChannelsFirst(x.dim() == 3 ? x.unsqueeze(2) : x); }

// And back: a fresh tensor of as many dimensions as the layer's input.
at::Tensor FromImages(const at::Tensor& y, const at::Tensor& input) {
  const at::Tensor last = ToChannelsLast(y).contiguous();
  return input.dim() == 3 ? last.squeeze(2) : last;
}

// Keras's kernels of three dimensions get a width of 1.
at::Tensor KernelOfImages(const at::Tensor& kernel) { return kernel.dim() == 3 ? kernel.unsqueeze(1) : kernel; }

// How a kernel slides.
class Sliding {
 public:
  explicit Sliding(const base::Layer& layer)
      : strides_(ReadSizes(layer, "strides")),
        dilation_(ReadSizes(layer, "dilation_rate")),
        padding_(TextAttribute(layer, "padding")) {}

  const Sizes& strides() const { return strides_; }
  const Sizes& dilation() const { return dilation_; }

  // x: images, kernel: (out, in / groups, height, width).
  at::Tensor Convolve(at::Tensor x, at::Tensor kernel, const at::Tensor& bias, int64_t groups) const {
    if (x.scalar_type() == at::kDouble) {  // LibTorch 1.13's backward pass in float64 refuses some channels-last shapes of one channel
      x = x.contiguous();
      kernel = kernel.contiguous();
    }
    Padding rows, columns;
    if (padding_ != "valid") {
      const int64_t height = dilation_[0] * (kernel.size(2) - 1) + 1;
      rows = padding_ == "causal" ? Padding{height - 1, 0} : SamePadding(x.size(2), height, strides_[0]);
      columns = SamePadding(x.size(3), dilation_[1] * (kernel.size(3) - 1) + 1, strides_[1]);
      if (!rows.symmetric() || !columns.symmetric()) {
        x = at::constant_pad_nd(x, {columns.before, columns.after, rows.before, rows.after}, 0);
        rows = columns = {};
      }
    }
    const int64_t padding[] = {rows.before, columns.before};
    return at::conv2d(x, kernel, bias, strides_, padding, dilation_, groups);
  }

  bool same() const { return padding_ == "same"; }

 private:
  Sizes strides_;
  Sizes dilation_;
  std::string padding_;
};

// y: images, fresh.
Value Finished(Activation activation, at::Tensor y, const at::Tensor& input) {
  // in place before the permuted view is made: autograd pays for writes through views
  if (activation == Activation::kReLU) return {FromImages(at::relu_(y), input), {}, {}, Squash::kNone};
  return Activated(activation, FromImages(y, input), {});
}

// Weights: kernel (height, width, in / groups, out) or (size, in / groups, out), bias (out).
class ConvolutionModule : public Module {
 public:
  explicit ConvolutionModule(const base::Layer& layer)
      : activation_(ActivationAttribute(layer, "activation")), use_bias_(BoolAttribute(layer, "use_bias")), sliding_(layer) {
    double groups = 1;
    if (FindNumber(layer, "groups", &groups)) groups_ = static_cast<int64_t>(groups);
  }

  Value Forward(const Inputs& inputs, const Weights& weights, const Context&) const override {
    const at::Tensor& x = inputs[0]->data;
    const at::Tensor kernel = KernelOfImages(weights[0]).permute({3, 2, 0, 1});
    return Finished(activation_, sliding_.Convolve(ToImages(x), kernel, use_bias_ ? weights[1] : at::Tensor(), groups_), x);
  }

 private:
  Activation activation_;
  bool use_bias_;
  Sliding sliding_;
  int64_t groups_ = 1;
};

// A depthwise convolution, and one of single pixels behind it when the layer is separable.
// Weights: depthwise_kernel (height, width, in, multiplier) or (size, in, multiplier), [pointwise_kernel (1, 1, in *
// multiplier, out) or (1, in * multiplier, out)], bias.
class DepthwiseModule : public Module {
 public:
  DepthwiseModule(const base::Layer& layer, bool separable)
      : activation_(ActivationAttribute(layer, "activation")),
        use_bias_(BoolAttribute(layer, "use_bias")),
        separable_(separable),
        sliding_(layer) {}

  Value Forward(const Inputs& inputs, const Weights& weights, const Context&) const override {
    const at::Tensor& x = inputs[0]->data;
    const at::Tensor bias = use_bias_ ? weights.back() : at::Tensor();
    const at::Tensor depthwise = KernelOfImages(weights[0]);
    const int64_t channels = depthwise.size(2), between = channels * depthwise.size(3);
    const at::Tensor kernel = depthwise.permute({2, 3, 0, 1}).reshape({between, 1, depthwise.size(0), depthwise.size(1)});
    const at::Tensor y = sliding_.Convolve(ToImages(x), kernel, separable_ ? at::Tensor() : bias, channels);
    if (!separable_) return Finished(activation_, y, x);
    // one product over all pixels: a convolution of single pixels is a dense layer over the channels
    const at::Tensor pixels = FromImages(y, x), pointwise = weights[1].reshape({between, -1});
    const at::Tensor rows = pixels.reshape({-1, between});
    at::Tensor out = use_bias_ ? at::addmm(bias, rows, pointwise) : at::mm(rows, pointwise);
    std::vector<int64_t> shape = pixels.sizes().vec();
    shape.back() = pointwise.size(1);
    Value value = Activated(activation_, std::move(out), {});
    value.data = value.data.view(shape);
    if (value.logits.defined()) value.logits = value.logits.view(shape);
    return value;
  }

 private:
  Activation activation_;
  bool use_bias_;
  bool separable_;
  Sliding sliding_;
};

// What the gradient of a convolution with its input does (TensorFlow's conv2d_transpose): every pixel adds the kernel,
// scaled, to a window of the output. 'same' cuts as that convolution pads, and what no window reaches is zero.
// Weights: kernel (height, width, out, in), bias (out).
class TransposedConvolutionModule : public Module {
 public:
  explicit TransposedConvolutionModule(const base::Layer& layer)
      : activation_(ActivationAttribute(layer, "activation")), use_bias_(BoolAttribute(layer, "use_bias")), sliding_(layer) {
    const base::Value& more = Attribute(layer, "output_padding");
    has_output_padding_ = !more.is_null();
    if (has_output_padding_) output_padding_ = ReadSizes(layer, "output_padding");
  }

  Value Forward(const Inputs& inputs, const Weights& weights, const Context&) const override {
    at::Tensor x = ToImages(inputs[0]->data);
    at::Tensor kernel = weights[0].permute({3, 2, 0, 1});
    if (x.scalar_type() == at::kDouble) {
      x = x.contiguous();
      kernel = kernel.contiguous();
    }
    const int64_t none[] = {0, 0};
    const at::Tensor whole = at::conv_transpose2d(x, kernel, {}, sliding_.strides(), none, none, 1, sliding_.dilation());
    const Padding rows = Cut(x.size(2), whole.size(2), kernel.size(2), 0), columns = Cut(x.size(3), whole.size(3), kernel.size(3), 1);
    at::Tensor y = FromImages(at::constant_pad_nd(whole, {columns.before, columns.after, rows.before, rows.after}, 0), inputs[0]->data);
    if (use_bias_) y = y + weights[1];
    return Activated(activation_, y, {});
  }

 private:
  // What is added in front and behind: negative where it is cut off.
  Padding Cut(int64_t size, int64_t whole, int64_t kernel, size_t dimension) const {
    const int64_t stride = sliding_.strides()[dimension], window = sliding_.dilation()[dimension] * (kernel - 1) + 1;
    int64_t output = size * stride + (sliding_.same() ? 0 : std::max<int64_t>(window - stride, 0));
    if (has_output_padding_) {
      output = (size - 1) * stride + window - (sliding_.same() ? window / 2 * 2 : 0) + output_padding_[dimension];
    }
    const int64_t before = sliding_.same() ? SamePadding(output, window, stride).before : 0;
    return {-before, output - whole + before};
  }

  Activation activation_;
  bool use_bias_;
  Sliding sliding_;
  bool has_output_padding_ = false;
  Sizes output_padding_{};
};

}  // namespace

std::unique_ptr<Module> MakeConv1D(const base::Layer& layer) { return std::make_unique<ConvolutionModule>(layer); }
std::unique_ptr<Module> MakeConv2D(const base::Layer& layer) { return std::make_unique<ConvolutionModule>(layer); }
std::unique_ptr<Module> MakeConv2DTranspose(const base::Layer& layer) { return std::make_unique<TransposedConvolutionModule>(layer); }
std::unique_ptr<Module> MakeDepthwiseConv1D(const base::Layer& layer) { return std::make_unique<DepthwiseModule>(layer, false); }
std::unique_ptr<Module> MakeDepthwiseConv2D(const base::Layer& layer) { return std::make_unique<DepthwiseModule>(layer, false); }
std::unique_ptr<Module> MakeSeparableConv1D(const base::Layer& layer) { return std::make_unique<DepthwiseModule>(layer, true); }
std::unique_ptr<Module> MakeSeparableConv2D(const base::Layer& layer) { return std::make_unique<DepthwiseModule>(layer, true); }

}  // namespace engine::torch
