#include <limits>
#include <memory>
#include <tuple>

#include "engine/torch/layers/padding.hpp"
#include "engine/torch/module.hpp"

namespace engine::torch {

namespace {

// Max pooling sees padding as minus infinity; average pooling divides by the elements that lie inside the image, as
// TensorFlow does.
class Pooling2DModule : public Module {
 public:
  explicit Pooling2DModule(const base::Layer& layer)
      : max_(layer.kind == base::LayerKind::kMaxPooling2D), same_(TextAttribute(layer, "padding") == "same") {
    std::tie(pool_h_, pool_w_) = PairAttribute(layer, "pool_size");
    std::tie(stride_h_, stride_w_) = PairAttribute(layer, "strides");
  }

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    at::Tensor x = ToChannelsFirst(inputs[0]->data);
    Padding rows, columns;
    if (same_) {
      rows = SamePadding(x.size(2), pool_h_, stride_h_);
      columns = SamePadding(x.size(3), pool_w_, stride_w_);
    }
    at::Tensor y = max_ ? Max(x, rows, columns) : Average(x, rows, columns);
    return {ToChannelsLast(y).contiguous(), {}, {}, Squash::kNone};
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

class GlobalPooling2DModule : public Module {
 public:
  explicit GlobalPooling2DModule(const base::Layer& layer) : max_(layer.kind == base::LayerKind::kGlobalMaxPooling2D) {
    const base::Value* keepdims = layer.attributes.Find("keepdims");
    keepdims_ = keepdims != nullptr && keepdims->is_bool() && keepdims->boolean();
  }

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    const at::Tensor& x = inputs[0]->data;
    // amax shares the gradient among equal maxima, as TensorFlow's reduce_max does
    at::Tensor y = max_ ? at::amax(x, {1, 2}, keepdims_) : at::mean(x, {1, 2}, keepdims_);
    return {y, {}, {}, Squash::kNone};
  }

 private:
  bool max_;
  bool keepdims_ = false;
};

}  // namespace

std::unique_ptr<Module> MakeMaxPooling2D(const base::Layer& layer) { return std::make_unique<Pooling2DModule>(layer); }
std::unique_ptr<Module> MakeAveragePooling2D(const base::Layer& layer) { return std::make_unique<Pooling2DModule>(layer); }
std::unique_ptr<Module> MakeGlobalMaxPooling2D(const base::Layer& layer) { return std::make_unique<GlobalPooling2DModule>(layer); }
std::unique_ptr<Module> MakeGlobalAveragePooling2D(const base::Layer& layer) { return std::make_unique<GlobalPooling2DModule>(layer); }

}  // namespace engine::torch
