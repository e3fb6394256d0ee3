#include <algorithm>
#include <memory>

#include "engine/torch/layers/padding.hpp"
#include "engine/torch/module.hpp"

namespace engine::torch {

namespace {

// Channels-last data are row-major as they lie: flattening is a view.
class FlattenModule : public Module {
 public:
  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    const at::Tensor& x = inputs[0]->data;
    return {x.reshape({x.size(0), x.numel() / std::max<int64_t>(x.size(0), 1)}), {}, {}, Squash::kNone};
  }
};

class ReshapeModule : public Module {
 public:
  explicit ReshapeModule(const base::Layer& layer) : shape_{-1} {
    for (const base::Value& size : Attribute(layer, "target_shape").list()) shape_.push_back(size.integer());
  }

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    std::vector<int64_t> shape = shape_;
    shape[0] = inputs[0]->data.size(0);
    return {inputs[0]->data.reshape(shape), {}, {}, Squash::kNone};
  }

 private:
  std::vector<int64_t> shape_;  // with the batch in front; one of the others may be -1
};

// Zeros around an image or a sequence; cropping is padding by a negative number.
class BorderModule : public Module {
 public:
  BorderModule(const base::Layer& layer, const char* argument, int64_t sign) : pad_{0, 0} {
    const base::List& sides = Attribute(layer, argument).list();
    if (sides.at(0).is_list()) {
      Add(sides.at(1).list(), sign);
      Add(sides.at(0).list(), sign);
    } else {
      Add(sides, sign);
    }
  }

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    return {at::constant_pad_nd(inputs[0]->data, pad_, 0), {}, {}, Squash::kNone};
  }

 private:
  void Add(const base::List& ends, int64_t sign) {
    pad_.push_back(sign * ends.at(0).integer());
    pad_.push_back(sign * ends.at(1).integer());
  }

  std::vector<int64_t> pad_;  // pairs from the last dimension: channels, then columns and rows, or steps
};

// Bilinear: TensorFlow's resize with half-pixel centres, which is LibTorch's without aligned corners.
class UpSamplingModule : public Module {
 public:
  explicit UpSamplingModule(const base::Layer& layer) {
    for (const base::Value& size : Attribute(layer, "size").list()) sizes_.push_back(size.integer());
    const base::Value* interpolation = layer.attributes.Find("interpolation");
    bilinear_ = interpolation != nullptr && interpolation->string() == "bilinear";
  }

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    const at::Tensor& x = inputs[0]->data;
    if (bilinear_) {
      const int64_t output[] = {x.size(1) * sizes_[0], x.size(2) * sizes_[1]};
      const at::Tensor y = at::upsample_bilinear2d(ToChannelsFirst(x), output, false, static_cast<double>(sizes_[0]),
                                                   static_cast<double>(sizes_[1]));
      return {ToChannelsLast(y).contiguous(), {}, {}, Squash::kNone};
    }
    // (batch, height, 1, width, 1, channels), repeated along the ones
    std::vector<int64_t> apart{x.size(0)}, repeated{x.size(0)}, shape{x.size(0)};
    for (size_t i = 0; i < sizes_.size(); ++i) {
      const int64_t size = x.size(static_cast<int64_t>(i) + 1);
      apart.insert(apart.end(), {size, 1});
      repeated.insert(repeated.end(), {size, sizes_[i]});
      shape.push_back(size * sizes_[i]);
    }
    for (std::vector<int64_t>* dimensions : {&apart, &repeated, &shape}) dimensions->push_back(x.size(-1));
    return {x.reshape(apart).expand(repeated).reshape(shape), {}, {}, Squash::kNone};
  }

 private:
  std::vector<int64_t> sizes_;
  bool bilinear_ = false;
};

class PermuteModule : public Module {
 public:
  explicit PermuteModule(const base::Layer& layer) : order_{0} {
    for (const base::Value& dimension : Attribute(layer, "dims").list()) order_.push_back(dimension.integer());
  }

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    return {inputs[0]->data.permute(order_).contiguous(), {}, {}, Squash::kNone};
  }

 private:
  std::vector<int64_t> order_;  // with the batch in front
};

class RepeatVectorModule : public Module {
 public:
  explicit RepeatVectorModule(const base::Layer& layer) : n_(IntAttribute(layer, "n")) {}

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    const at::Tensor& x = inputs[0]->data;
    return {x.unsqueeze(1).expand({x.size(0), n_, x.size(1)}).contiguous(), {}, {}, Squash::kNone};
  }

 private:
  int64_t n_;
};

}  // namespace

std::unique_ptr<Module> MakeFlatten(const base::Layer&) { return std::make_unique<FlattenModule>(); }
std::unique_ptr<Module> MakeReshape(const base::Layer& layer) { return std::make_unique<ReshapeModule>(layer); }
std::unique_ptr<Module> MakeZeroPadding1D(const base::Layer& layer) { return std::make_unique<BorderModule>(layer, "padding", 1); }
std::unique_ptr<Module> MakeZeroPadding2D(const base::Layer& layer) { return std::make_unique<BorderModule>(layer, "padding", 1); }
std::unique_ptr<Module> MakeCropping1D(const base::Layer& layer) { return std::make_unique<BorderModule>(layer, "cropping", -1); }
std::unique_ptr<Module> MakeCropping2D(const base::Layer& layer) { return std::make_unique<BorderModule>(layer, "cropping", -1); }
std::unique_ptr<Module> MakeUpSampling1D(const base::Layer& layer) { return std::make_unique<UpSamplingModule>(layer); }
std::unique_ptr<Module> MakeUpSampling2D(const base::Layer& layer) { return std::make_unique<UpSamplingModule>(layer); }
std::unique_ptr<Module> MakePermute(const base::Layer& layer) { return std::make_unique<PermuteModule>(layer); }
std::unique_ptr<Module> MakeRepeatVector(const base::Layer& layer) { return std::make_unique<RepeatVectorModule>(layer); }

}  // namespace engine::torch
