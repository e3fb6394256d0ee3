#include "engine/torch/layers/activation.hpp"

#include <utility>

namespace engine::torch {

namespace {

// Above this, exp(x) + 1 is exp(x) in float64 too: softplus(x) = x.
constexpr double kSoftplusThreshold = 40.0;

at::Tensor Softplus(const at::Tensor& x) { return at::softplus(x, 1.0, kSoftplusThreshold); }

class ActivationModule : public Module {
 public:
  explicit ActivationModule(const base::Layer& layer) : activation_(ActivationAttribute(layer, "activation")) {}

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    const Value& in = *inputs[0];
    if (activation_ == Activation::kLinear) return in;
    if (activation_ == Activation::kReLU) return {at::relu(in.data), in.mask, {}, Squash::kNone};
    return Activated(activation_, in.data, in.mask);
  }

 private:
  Activation activation_;
};

// f(x) = max_value where x >= max_value; x where threshold <= x < max_value; negative_slope * (x - threshold) below.
class ReLUModule : public Module {
 public:
  explicit ReLUModule(const base::Layer& layer)
      : slope_(NumberAttribute(layer, "negative_slope")), threshold_(NumberAttribute(layer, "threshold")),
        has_max_(FindNumber(layer, "max_value", &max_value_)) {}

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    const at::Tensor& x = inputs[0]->data;
    at::Tensor y;
    if (threshold_ == 0) {
      y = slope_ == 0 ? at::relu(x) : at::leaky_relu(x, slope_);
    } else {
      const at::Tensor below = slope_ == 0 ? at::zeros_like(x) : slope_ * (x - threshold_);
      y = at::where(x > threshold_, x, below);
    }
    if (has_max_) y = at::clamp_max(y, max_value_);
    return {y, inputs[0]->mask, {}, Squash::kNone};
  }

 private:
  double slope_;
  double threshold_;
  double max_value_ = 0;
  bool has_max_;
};

class ThresholdedReLUModule : public Module {
 public:
  explicit ThresholdedReLUModule(const base::Layer& layer) : theta_(NumberAttribute(layer, "theta")) {}
  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    return {at::threshold(inputs[0]->data, theta_, 0), inputs[0]->mask, {}, Squash::kNone};
  }

 private:
  double theta_;
};

// He et al., "Delving deep into rectifiers" (2015). Weights: alpha, 1 along the shared axes.
class PReLUModule : public Module {
 public:
  Value Forward(const Inputs& inputs, const Weights& weights, const Context&) const override {
    const at::Tensor& x = inputs[0]->data;
    return {at::relu(x) - weights[0] * at::relu(-x), inputs[0]->mask, {}, Squash::kNone};
  }
};

class LeakyReLUModule : public Module {
 public:
  explicit LeakyReLUModule(const base::Layer& layer) : alpha_(NumberAttribute(layer, "alpha")) {}
  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    return {at::leaky_relu(inputs[0]->data, alpha_), inputs[0]->mask, {}, Squash::kNone};
  }

 private:
  double alpha_;
};

class ELUModule : public Module {
 public:
  explicit ELUModule(const base::Layer& layer) : alpha_(NumberAttribute(layer, "alpha")) {}
  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    return {at::elu(inputs[0]->data, alpha_), inputs[0]->mask, {}, Squash::kNone};
  }

 private:
  double alpha_;
};

class SoftmaxModule : public Module {
 public:
  explicit SoftmaxModule(const base::Layer& layer) {
    const base::Value& axis = Attribute(layer, "axis");
    if (axis.is_list() && axis.list().size() != 1) ThrowUnsupported(layer, "axis", "a list of several axes");
    axis_ = axis.is_list() ? axis.list()[0].integer() : axis.integer();
  }

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    const Value& in = *inputs[0];
    const bool last = axis_ == -1 || axis_ == in.data.dim() - 1;
    if (last) return Activated(Activation::kSoftmax, in.data, in.mask);
    return {at::softmax(in.data, axis_), in.mask, {}, Squash::kNone};
  }

 private:
  int64_t axis_ = -1;
};

}  // namespace

at::Tensor Activate(Activation activation, const at::Tensor& x) {
  switch (activation) {
    case Activation::kLinear: return x;
    case Activation::kReLU: return at::relu(x);
    case Activation::kReLU6: return at::clamp(x, 0.0, 6.0);
    case Activation::kSigmoid: return at::sigmoid(x);
    case Activation::kTanh: return at::tanh(x);
    case Activation::kSoftmax: return at::softmax(x, -1);
    case Activation::kLogSoftmax: return at::log_softmax(x, -1);
    case Activation::kSoftplus: return Softplus(x);
    case Activation::kSoftsign: return x / (at::abs(x) + 1.0);
    case Activation::kELU: return at::elu(x);
    case Activation::kSELU: return at::elu(x, kSeluAlpha, kSeluScale);
    case Activation::kExponential: return at::exp(x);
    case Activation::kGELU: return at::gelu(x);
    case Activation::kSwish: return at::silu(x);
    case Activation::kHardSigmoid: return at::clamp(x * 0.2 + 0.5, 0.0, 1.0);
    case Activation::kMish: return x * at::tanh(Softplus(x));
  }
  return x;
}

Value Activated(Activation activation, at::Tensor x, const at::Tensor& mask) {
  switch (activation) {
    case Activation::kLinear: return {std::move(x), mask, {}, Squash::kNone};
    case Activation::kReLU: return {at::relu_(x), mask, {}, Squash::kNone};
    case Activation::kSoftmax: return {at::softmax(x, -1), mask, x, Squash::kSoftmax};
    case Activation::kSigmoid: return {at::sigmoid(x), mask, x, Squash::kSigmoid};
    default: return {Activate(activation, x), mask, {}, Squash::kNone};
  }
}

std::unique_ptr<Module> MakeActivation(const base::Layer& layer) { return std::make_unique<ActivationModule>(layer); }
std::unique_ptr<Module> MakeReLU(const base::Layer& layer) { return std::make_unique<ReLUModule>(layer); }
std::unique_ptr<Module> MakeThresholdedReLU(const base::Layer& layer) { return std::make_unique<ThresholdedReLUModule>(layer); }
std::unique_ptr<Module> MakePReLU(const base::Layer&) { return std::make_unique<PReLUModule>(); }
std::unique_ptr<Module> MakeLeakyReLU(const base::Layer& layer) { return std::make_unique<LeakyReLUModule>(layer); }
std::unique_ptr<Module> MakeELU(const base::Layer& layer) { return std::make_unique<ELUModule>(layer); }
std::unique_ptr<Module> MakeSoftmax(const base::Layer& layer) { return std::make_unique<SoftmaxModule>(layer); }

}  // namespace engine::torch
