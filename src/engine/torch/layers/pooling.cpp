#include <limits>
#include <memory>

#include "engine/torch/layers/padding.hpp"
#include "engine/torch/module.hpp"

namespace engine::torch {

namespace {

// Max pooling sees padding as minus infinity; average pooling divides by the elements that lie inside the image, as
// TensorFlow does. A sequence of s steps is an image of s x 1 pixels.
class PoolingModule : public Module {
 public:
  PoolingModule(const base::Layer& layer, bool max) : max_(max), same_(TextAttribute(layer, "padding") == "same") {
    const base::List& pool = Attribute(layer, "pool_size").list();
    const base::List& strides = Attribute(layer, "strides").list();
    pool_h_ = pool.at(0).integer();
    stride_h_ = strides.at(0).integer();
    pool_w_ = pool.size() > 1 ? pool[1].integer() : 1;
    stride_w_ = strides.size() > 1 ? strides[1].integer() : 1;
  }

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    const bool sequence = inputs[0]->data.dim() == 3;
    at::Tensor x = ToChannelsFirst(sequence ? inputs[0]->data.unsqueeze(2) : inputs[0]->data);
    Padding rows, columns;
    if (same_) {
      rows = SamePadding(x.size(2), pool_h_, stride_h_);
      columns = SamePadding(x.size(3), pool_w_, stride_w_);
    }
    at::Tensor y = max_ ? Max(x, rows, columns) : Average(x, rows, columns);
    const at::Tensor last = ToChannelsLast(y).contiguous();
    return {sequence ? last.squeeze(2) : last, {}, {}, Squash::kNone};
  }

 private:
  at::Tensor Max(at::Tensor x, Padding rows, Padding columns) const {
    const int64_t pool[] = {pool_h_, pool_w_}, stride[] = {stride_h_, stride_w_};
    int64_t padding[] = {rows.before, columns.before};
    // LibTorch pads both sides alike, and by at most half a window
    if (!rows.symmetric() || !columns.symmetric() || rows.before > pool_h_ / 2 || columns.before > pool_w_ / 2) {
      x = Pad(x, rows, columns, -std::numeric_limits<double>::infinity());
      padding[0] = padding[1] = 0;
    }
    return at::max_pool2d(x, pool, stride, padding);
  }

  at::Tensor Average(const at::Tensor& x, Padding rows, Padding columns) const {
    const int64_t pool[] = {pool_h_, pool_w_}, stride[] = {stride_h_, stride_w_}, none[] = {0, 0};
    if (rows.after == 0 && columns.after == 0) return at::avg_pool2d(x, pool, stride, none);
    // sums of the zero-padded image over sums of the zero-padded constant one
    const at::Tensor ones = at::ones({1, 1, x.size(2), x.size(3)}, x.options());
    const at::Tensor sums = at::avg_pool2d(Pad(x, rows, columns, 0), pool, stride, none, false, true, 1);
    const at::Tensor counts = at::avg_pool2d(Pad(ones, rows, columns, 0), pool, stride, none, false, true, 1);
    return sums / counts;
  }

  static at::Tensor Pad(const at::Tensor& x, Padding rows, Padding columns, double value) {
    return at::constant_pad_nd(x, {columns.before, columns.after, rows.before, rows.after}, value);
  }

  bool max_;
  bool same_;
  int64_t pool_h_ = 2, pool_w_ = 2;
  int64_t stride_h_ = 2, stride_w_ = 2;
};

// The mean of a masked sequence is that of the steps that count; of a sequence without any it is zero, where Keras has
// NaN.
class GlobalPoolingModule : public Module {
 public:
  GlobalPoolingModule(const base::Layer& layer, bool max) : max_(max) {
    const base::Value* keepdims = layer.attributes.Find("keepdims");
    keepdims_ = keepdims != nullptr && keepdims->is_bool() && keepdims->boolean();
  }

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    const at::Tensor& x = inputs[0]->data;
    // amax shares the gradient among equal maxima, as TensorFlow's reduce_max does
    const std::vector<int64_t> axes = x.dim() == 3 ? std::vector<int64_t>{1} : std::vector<int64_t>{1, 2};
    if (max_) return {at::amax(x, axes, keepdims_), {}, {}, Squash::kNone};
    if (x.dim() != 3 || !inputs[0]->mask.defined()) return {at::mean(x, axes, keepdims_), {}, {}, Squash::kNone};
    const at::Tensor counted = inputs[0]->mask.to(x.scalar_type()).unsqueeze(-1);
    const at::Tensor y = (x * counted).sum(axes, keepdims_) / counted.sum(axes, keepdims_).clamp_min(1);
    return {y, {}, {}, Squash::kNone};
  }

 private:
  bool max_;
  bool keepdims_ = false;
};

}  // namespace

std::unique_ptr<Module> MakeMaxPooling1D(const base::Layer& layer) { return std::make_unique<PoolingModule>(layer, true); }
std::unique_ptr<Module> MakeMaxPooling2D(const base::Layer& layer) { return std::make_unique<PoolingModule>(layer, true); }
std::unique_ptr<Module> MakeAveragePooling1D(const base::Layer& layer) { return std::make_unique<PoolingModule>(layer, false); }
std::unique_ptr<Module> MakeAveragePooling2D(const base::Layer& layer) { return std::make_unique<PoolingModule>(layer, false); }
std::unique_ptr<Module> MakeGlobalMaxPooling1D(const base::Layer& layer) { return std::make_unique<GlobalPoolingModule>(layer, true); }
std::unique_ptr<Module> MakeGlobalMaxPooling2D(const base::Layer& layer) { return std::make_unique<GlobalPoolingModule>(layer, true); }
std::unique_ptr<Module> MakeGlobalAveragePooling1D(const base::Layer& layer) {
  return std::make_unique<GlobalPoolingModule>(layer, false);
}
std::unique_ptr<Module> MakeGlobalAveragePooling2D(const base::Layer& layer) {
  return std::make_unique<GlobalPoolingModule>(layer, false);
}

}  // namespace engine::torch
