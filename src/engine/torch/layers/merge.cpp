#include <memory>

#include "engine/torch/module.hpp"

namespace engine::torch {

namespace {

// A position counts only if it counts in every input that has a mask.
at::Tensor JoinMasks(const Inputs& inputs) {
  at::Tensor joined;
  for (const Value* input : inputs) {
    if (!input->mask.defined()) continue;
    joined = joined.defined() ? at::logical_and(joined, input->mask) : input->mask;
  }
  return joined;
}

class MergeModule : public Module {
 public:
  explicit MergeModule(const base::Layer& layer) : kind_(layer.kind) {}

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    at::Tensor y = inputs[0]->data;
    for (size_t i = 1; i < inputs.size(); ++i) {
      const at::Tensor& x = inputs[i]->data;
      switch (kind_) {
        case base::LayerKind::kMultiply:
          y = y * x;
          break;
        case base::LayerKind::kMaximum:
          y = Larger(y, x);
          break;
        case base::LayerKind::kMinimum:
          y = at::where(y <= x, y, x);
          break;
        case base::LayerKind::kSubtract:
          y = y - x;
          break;
        default:
          y = y + x;
          break;
      }
    }
    if (kind_ == base::LayerKind::kAverage) y = y / static_cast<double>(inputs.size());
    return {y, JoinMasks(inputs), {}, Squash::kNone};
  }

 private:
  // The gradient of equal elements goes to the first, as tf.maximum (x >= y) has it, and tf.minimum; at::maximum would halve it.
  static at::Tensor Larger(const at::Tensor& a, const at::Tensor& b) { return at::where(a >= b, a, b); }

  base::LayerKind kind_;
};

class ConcatenateModule : public Module {
 public:
  explicit ConcatenateModule(const base::Layer& layer) : axis_(IntAttribute(layer, "axis")) {}

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    std::vector<at::Tensor> parts;
    bool masked = false;
    for (const Value* input : inputs) {
      parts.push_back(input->data);
      masked = masked || input->mask.defined();
    }
    Value out;
    out.data = at::cat(parts, axis_);
    if (masked) out.mask = Mask(inputs);
    return out;
  }

 private:
  // Keras: masks (ones where there is none) concatenated like the data, then "all" over the last dimension.
  at::Tensor Mask(const Inputs& inputs) const {
    std::vector<at::Tensor> parts;
    for (const Value* input : inputs) {
      std::vector<int64_t> shape = input->data.sizes().vec();
      if (input->mask.defined()) {
        parts.push_back(input->mask.unsqueeze(-1).expand(shape));
      } else {
        parts.push_back(at::ones(shape, input->data.options().dtype(at::kBool)));
      }
    }
    return at::cat(parts, axis_).all(-1);
  }

  int64_t axis_;
};

}  // namespace

std::unique_ptr<Module> MakeAdd(const base::Layer& layer) { return std::make_unique<MergeModule>(layer); }
std::unique_ptr<Module> MakeMultiply(const base::Layer& layer) { return std::make_unique<MergeModule>(layer); }
std::unique_ptr<Module> MakeAverage(const base::Layer& layer) { return std::make_unique<MergeModule>(layer); }
std::unique_ptr<Module> MakeMaximum(const base::Layer& layer) { return std::make_unique<MergeModule>(layer); }
std::unique_ptr<Module> MakeMinimum(const base::Layer& layer) { return std::make_unique<MergeModule>(layer); }
std::unique_ptr<Module> MakeSubtract(const base::Layer& layer) { return std::make_unique<MergeModule>(layer); }
std::unique_ptr<Module> MakeConcatenate(const base::Layer& layer) { return std::make_unique<ConcatenateModule>(layer); }

}  // namespace engine::torch
