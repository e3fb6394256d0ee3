#include <memory>

#include "engine/torch/layers/activation.hpp"
#include "engine/torch/module.hpp"

namespace engine::torch {

namespace {

class InputModule : public Module {
 public:
  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override { return *inputs[0]; }
};

// y = f(x W + b) over the last dimension. Weights: kernel (in, out), bias (out).
class DenseModule : public Module {
 public:
  explicit DenseModule(const base::Layer& layer)
      : activation_(ActivationAttribute(layer, "activation")), use_bias_(BoolAttribute(layer, "use_bias")) {}

  Value Forward(const Inputs& inputs, const Weights& weights, const Context&) const override {
    const at::Tensor& x = inputs[0]->data;
    const at::Tensor& kernel = weights[0];
    const bool flat = x.dim() == 2;
    const at::Tensor rows = flat ? x : x.reshape({-1, x.size(-1)});
    Value out = Activated(activation_, use_bias_ ? at::addmm(weights[1], rows, kernel) : at::mm(rows, kernel), inputs[0]->mask);
    if (!flat) {
      std::vector<int64_t> shape = x.sizes().vec();
      shape.back() = kernel.size(1);
      out.data = out.data.view(shape);
      if (out.logits.defined()) out.logits = out.logits.view(shape);
    }
    return out;
  }

 private:
  Activation activation_;
  bool use_bias_;
};

// y = f(einsum(x, W) + b). Weights: kernel, [bias], which broadcasts.
class EinsumDenseModule : public Module {
 public:
  explicit EinsumDenseModule(const base::Layer& layer)
      : activation_(ActivationAttribute(layer, "activation")), equation_(TextAttribute(layer, "equation")) {}

  Value Forward(const Inputs& inputs, const Weights& weights, const Context&) const override {
    at::Tensor y = at::einsum(equation_, {inputs[0]->data, weights[0]});
    if (weights.size() > 1) y = y + weights[1];
    return Activated(activation_, y.contiguous(), {});
  }

 private:
  Activation activation_;
  std::string equation_;
};

}  // namespace

std::unique_ptr<Module> MakeInput(const base::Layer&) { return std::make_unique<InputModule>(); }
std::unique_ptr<Module> MakeDense(const base::Layer& layer) { return std::make_unique<DenseModule>(layer); }
std::unique_ptr<Module> MakeEinsumDense(const base::Layer& layer) { return std::make_unique<EinsumDenseModule>(layer); }

}  // namespace engine::torch
