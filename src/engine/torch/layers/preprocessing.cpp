// Layers of constants: what Keras calls preprocessing.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "engine/torch/module.hpp"

namespace engine::torch {

namespace {

void AppendNumbers(const base::Value& numbers, std::vector<double>* flat) {
  if (!numbers.is_list()) return flat->push_back(numbers.number());
  for (const base::Value& entry : numbers.list()) AppendNumbers(entry, flat);
}

// A float64 tensor of a number or of nested lists.
at::Tensor ConstantOf(const base::Value& numbers) {
  std::vector<int64_t> shape;
  for (const base::Value* inner = &numbers; inner->is_list(); inner = &inner->list().at(0)) {
    shape.push_back(static_cast<int64_t>(inner->list().size()));
  }
  std::vector<double> flat;
  AppendNumbers(numbers, &flat);
  at::Tensor constant = at::empty(shape, at::kDouble);
  std::copy(flat.begin(), flat.end(), constant.data_ptr<double>());
  return constant;
}

// Constants with more dimensions than a row has ones in front, which would only add dimensions to the result.
at::Tensor WithoutLeadingOnes(at::Tensor constant, int64_t dimensions) {
  while (constant.dim() > dimensions) constant = constant.squeeze(0);
  return constant;
}

class RescalingModule : public Module {
 public:
  explicit RescalingModule(const base::Layer& layer)
      : scale_(ConstantOf(Attribute(layer, "scale"))), offset_(ConstantOf(Attribute(layer, "offset"))) {}

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    const at::Tensor& x = inputs[0]->data;
    const auto constant = [&x](const at::Tensor& c) { return WithoutLeadingOnes(c, x.dim() - 1).to(x.options()); };
    return {x * constant(scale_) + constant(offset_), inputs[0]->mask, {}, Squash::kNone};
  }

 private:
  at::Tensor scale_;
  at::Tensor offset_;
};

// (x - mean) / max(sqrt(variance), 1e-7), or the way back. Weights: none, or mean, variance, count.
class NormalizationModule : public Module {
 public:
  explicit NormalizationModule(const base::Layer& layer) : invert_(BoolAttribute(layer, "invert")) {
    for (const base::Value& axis : Attribute(layer, "axis").list()) axes_.push_back(axis.integer());
    if (Attribute(layer, "mean").is_null()) return;
    mean_ = ConstantOf(Attribute(layer, "mean"));
    variance_ = ConstantOf(Attribute(layer, "variance"));
  }

  Value Forward(const Inputs& inputs, const Weights& weights, const Context&) const override {
    constexpr double kSmallestDeviation = 1e-7;
    const at::Tensor& x = inputs[0]->data;
    const at::Tensor mean = Spread(mean_.defined() ? mean_ : weights[0], x);
    const at::Tensor deviation = at::clamp_min(at::sqrt(Spread(variance_.defined() ? variance_ : weights[1], x)), kSmallestDeviation);
    return {invert_ ? mean + x * deviation : (x - mean) / deviation, {}, {}, Squash::kNone};
  }

 private:
  // The axes' dimensions at their positions among ones.
  at::Tensor Spread(const at::Tensor& constant, const at::Tensor& x) const {
    std::vector<int64_t> kept, shape(static_cast<size_t>(x.dim()), 1);
    for (const int64_t axis : axes_) {
      const int64_t position = axis < 0 ? axis + x.dim() : axis;
      kept.push_back(x.size(position));
      shape[static_cast<size_t>(position)] = x.size(position);
    }
    return WithoutLeadingOnes(constant, static_cast<int64_t>(kept.size())).expand(kept).reshape(shape).to(x.options());
  }

  bool invert_;
  std::vector<int64_t> axes_;
  at::Tensor mean_, variance_;  // undefined when they are weights
};

// Indexes (batch, ...) to vectors of `depth`, as an output_mode says.
at::Tensor Encode(const std::string& mode, at::Tensor indexes, int64_t depth, const at::TensorOptions& options) {
  if (mode == "int") return indexes.to(options);
  std::vector<int64_t> shape = indexes.sizes().vec();
  if (mode == "one_hot") {
    // a last dimension of 1 makes room for the vector
    if (shape.size() < 2 || shape.back() != 1) indexes = indexes.unsqueeze(-1);
  }
  shape = indexes.sizes().vec();
  shape.back() = depth;
  const at::Tensor vectors = at::zeros(shape, options);
  return mode == "count" ? vectors.scatter_add(-1, indexes, at::ones(indexes.sizes(), options)) : vectors.scatter(-1, indexes, 1.0);
}

// Values compare with boundaries of their own precision, as TensorFlow's do. There is no gradient.
class DiscretizationModule : public Module {
 public:
  explicit DiscretizationModule(const base::Layer& layer)
      : mode_(TextAttribute(layer, "output_mode")), boundaries_(ConstantOf(Attribute(layer, "bin_boundaries"))) {}

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    const at::Tensor x = inputs[0]->data.detach();
    const at::Tensor bins = at::bucketize(x.contiguous(), boundaries_.to(x.options()), false, true);
    return {Encode(mode_, bins, boundaries_.numel() + 1, x.options()), {}, {}, Squash::kNone};
  }

 private:
  std::string mode_;
  at::Tensor boundaries_;
};

class CategoryEncodingModule : public Module {
 public:
  explicit CategoryEncodingModule(const base::Layer& layer)
      : name_(layer.name), mode_(TextAttribute(layer, "output_mode")), count_(IntAttribute(layer, "num_tokens")) {}

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    const at::Tensor x = inputs[0]->data.detach(), indexes = x.to(at::kLong);
    if (indexes.numel() > 0) Check(indexes.min().item<int64_t>(), indexes.max().item<int64_t>());
    return {Encode(mode_, indexes, count_, x.options()), {}, {}, Squash::kNone};
  }

 private:
  void Check(int64_t smallest, int64_t largest) const {
    if (smallest >= 0 && largest < count_) return;
    throw base::Error(base::ErrorCode::kInvalidData,
                      "index " + std::to_string(smallest < 0 ? smallest : largest) + " is none of the categories of layer \"" + name_ + "\"",
                      "The layer has num_tokens = " + std::to_string(count_) + ": indexes 0 to " + std::to_string(count_ - 1) + ".",
                      "Set num_tokens to the largest index plus one.");
  }

  std::string name_;
  std::string mode_;
  int64_t count_;
};

}  // namespace

std::unique_ptr<Module> MakeRescaling(const base::Layer& layer) { return std::make_unique<RescalingModule>(layer); }
std::unique_ptr<Module> MakeNormalization(const base::Layer& layer) { return std::make_unique<NormalizationModule>(layer); }
std::unique_ptr<Module> MakeDiscretization(const base::Layer& layer) { return std::make_unique<DiscretizationModule>(layer); }
std::unique_ptr<Module> MakeCategoryEncoding(const base::Layer& layer) { return std::make_unique<CategoryEncodingModule>(layer); }

}  // namespace engine::torch
