#include <algorithm>
#include <memory>

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

class ZeroPadding2DModule : public Module {
 public:
  explicit ZeroPadding2DModule(const base::Layer& layer) {
    const base::List& sides = Attribute(layer, "padding").list();
    const base::List& rows = sides.at(0).list();
    const base::List& columns = sides.at(1).list();
    pad_ = {0, 0, columns.at(0).integer(), columns.at(1).integer(), rows.at(0).integer(), rows.at(1).integer()};
  }

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    return {at::constant_pad_nd(inputs[0]->data, pad_, 0), {}, {}, Squash::kNone};
  }

 private:
  std::vector<int64_t> pad_;  // pairs from the last dimension: channels, columns, rows
};

}  // namespace

std::unique_ptr<Module> MakeFlatten(const base::Layer&) { return std::make_unique<FlattenModule>(); }
std::unique_ptr<Module> MakeReshape(const base::Layer& layer) { return std::make_unique<ReshapeModule>(layer); }
std::unique_ptr<Module> MakeZeroPadding2D(const base::Layer& layer) { return std::make_unique<ZeroPadding2DModule>(layer); }

}  // namespace engine::torch
