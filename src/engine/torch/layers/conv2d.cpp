#include <memory>
#include <tuple>

#include "engine/torch/layers/activation.hpp"
#include "engine/torch/layers/padding.hpp"
#include "engine/torch/module.hpp"

namespace engine::torch {

namespace {

// Weights: kernel (height, width, in / groups, out), bias (out).
class Conv2DModule : public Module {
 public:
  explicit Conv2DModule(const base::Layer& layer)
      : activation_(ActivationAttribute(layer, "activation")),
        use_bias_(BoolAttribute(layer, "use_bias")),
        same_(TextAttribute(layer, "padding") == "same") {
    std::tie(stride_h_, stride_w_) = PairAttribute(layer, "strides");
    std::tie(dilation_h_, dilation_w_) = PairAttribute(layer, "dilation_rate");
    double groups = 1;
    if (FindNumber(layer, "groups", &groups)) groups_ = static_cast<int64_t>(groups);
  }

  Value Forward(const Inputs& inputs, const Weights& weights, const Context&) const override {
    at::Tensor x = ToChannelsFirst(inputs[0]->data);
    at::Tensor kernel = weights[0].permute({3, 2, 0, 1});
    if (x.scalar_type() == at::kDouble) {  // LibTorch 1.13's backward pass in float64 refuses some channels-last shapes of one channel
      x = x.contiguous();
      kernel = kernel.contiguous();
    }
    Padding rows, columns;
    if (same_) {
      rows = SamePadding(x.size(2), dilation_h_ * (kernel.size(2) - 1) + 1, stride_h_);
      columns = SamePadding(x.size(3), dilation_w_ * (kernel.size(3) - 1) + 1, stride_w_);
      if (!rows.symmetric() || !columns.symmetric()) {
        x = at::constant_pad_nd(x, {columns.before, columns.after, rows.before, rows.after}, 0);
        rows = columns = {};
      }
    }
    const at::Tensor bias = use_bias_ ? weights[1] : at::Tensor();
    const int64_t stride[] = {stride_h_, stride_w_}, padding[] = {rows.before, columns.before}, dilation[] = {dilation_h_, dilation_w_};
    at::Tensor y = at::conv2d(x, kernel, bias, stride, padding, dilation, groups_);
    // in place before the permuted view is made: autograd pays for writes through views
    if (activation_ == Activation::kReLU) return {ToChannelsLast(at::relu_(y)).contiguous(), {}, {}, Squash::kNone};
    return Activated(activation_, ToChannelsLast(y).contiguous(), {});
  }

 private:
  Activation activation_;
  bool use_bias_;
  bool same_;
  int64_t stride_h_ = 1, stride_w_ = 1;
  int64_t dilation_h_ = 1, dilation_w_ = 1;
  int64_t groups_ = 1;
};

}  // namespace

std::unique_ptr<Module> MakeConv2D(const base::Layer& layer) { return std::make_unique<Conv2DModule>(layer); }

}  // namespace engine::torch
