#include <memory>
#include <numeric>

#include "engine/torch/module.hpp"

namespace engine::torch {

namespace {

// "axis" is an integer or a list of integers, counted with the batch.
std::vector<int64_t> ReadAxes(const base::Layer& layer) {
  const base::Value& axis = Attribute(layer, "axis");
  if (!axis.is_list()) return {axis.integer()};
  std::vector<int64_t> axes;
  for (const base::Value& a : axis.list()) axes.push_back(a.integer());
  return axes;
}

int64_t Positive(int64_t axis, int64_t dims) { return axis < 0 ? axis + dims : axis; }

// Ioffe & Szegedy, "Batch normalization" (2015), with tf.keras 2.10's statistics: batches are normalised by the biased variance; the moving
// variance takes the unbiased one (Bessel's correction) for images, where Keras runs TensorFlow's fused kernel (rank 4, channels last), and
// the biased one for every other rank. A layer that is not trainable normalises by the moving statistics, in training too.
//
// Weights: [gamma], [beta], moving_mean, moving_variance.
class BatchNormalizationModule : public Module {
 public:
  explicit BatchNormalizationModule(const base::Layer& layer)
      : center_(BoolAttribute(layer, "center")),
        scale_(BoolAttribute(layer, "scale")),
        trainable_(layer.trainable),
        momentum_(NumberAttribute(layer, "momentum")),
        epsilon_(NumberAttribute(layer, "epsilon")) {
    const std::vector<int64_t> axes = ReadAxes(layer);
    if (axes.size() != 1) ThrowUnsupported(layer, "axis", "a list of several axes");
    axis_ = axes[0];
  }

  Value Forward(const Inputs& inputs, const Weights& weights, const Context& context) const override {
    const Value& in = *inputs[0];
    const int64_t dims = in.data.dim();
    const int64_t axis = Positive(axis_, dims);
    const at::Tensor x = axis == dims - 1 ? in.data : in.data.movedim(axis, -1).contiguous();
    const int64_t channels = x.size(-1);
    const int64_t rows = x.numel() / channels;
    size_t next = 0;
    const at::Tensor gamma = scale_ ? weights[next++] : at::Tensor();
    const at::Tensor beta = center_ ? weights[next++] : at::Tensor();
    const at::Tensor& mean = weights[next];
    const at::Tensor& variance = weights[next + 1];

    // one image of rows x 1 pixels with channels-last strides: LibTorch's vectorised path
    const at::Tensor flat = x.reshape({1, rows, 1, channels}).permute({0, 3, 1, 2});
    at::Tensor y;
    if (context.training && trainable_) {
      const at::Tensor batch_mean = at::zeros_like(mean), batch_variance = at::zeros_like(variance);
      y = std::get<0>(at::native_batch_norm(flat, gamma, beta, batch_mean, batch_variance, true, 1.0, epsilon_));
      const bool fused = dims == 4 && axis == 3;
      UpdateMovingStatistics(context, mean, batch_mean);
      UpdateMovingStatistics(context, variance, Variance(batch_variance, rows, fused));
    } else {
      y = std::get<0>(at::native_batch_norm(flat, gamma, beta, mean, variance, false, 0.0, epsilon_));
    }
    y = y.permute({0, 2, 3, 1}).reshape(x.sizes());
    if (axis != dims - 1) y = y.movedim(-1, axis).contiguous();
    return {y, in.mask, {}, Squash::kNone};
  }

 private:
  void UpdateMovingStatistics(const Context& context, const at::Tensor& moving, const at::Tensor& batch) const {
    if (context.updates != nullptr) context.updates->push_back({moving, batch, momentum_});
  }

  // LibTorch's running variance is the unbiased one.
  static at::Tensor Variance(const at::Tensor& unbiased, int64_t rows, bool fused) {
    if (rows < 2) return at::zeros_like(unbiased);  // of one row: LibTorch divides by zero, TensorFlow says 0
    if (fused) return unbiased;
    return unbiased * (static_cast<double>(rows - 1) / static_cast<double>(rows));
  }

  bool center_;
  bool scale_;
  bool trainable_;
  double momentum_;
  double epsilon_;
  int64_t axis_;
};

// Ba et al., "Layer normalization" (2016). Weights: [gamma], [beta], shaped like the normalised dimensions.
class LayerNormalizationModule : public Module {
 public:
  explicit LayerNormalizationModule(const base::Layer& layer)
      : center_(BoolAttribute(layer, "center")),
        scale_(BoolAttribute(layer, "scale")),
        epsilon_(NumberAttribute(layer, "epsilon")),
        axes_(ReadAxes(layer)) {}

  Value Forward(const Inputs& inputs, const Weights& weights, const Context&) const override {
    const Value& in = *inputs[0];
    const int64_t dims = in.data.dim();
    std::vector<int64_t> axes, last(axes_.size());
    for (int64_t axis : axes_) axes.push_back(Positive(axis, dims));
    std::iota(last.begin(), last.end(), dims - static_cast<int64_t>(axes.size()));
    const bool moved = axes != last;
    const at::Tensor x = moved ? in.data.movedim(axes, last) : in.data;
    size_t next = 0;
    const at::Tensor gamma = scale_ ? weights[next++] : at::Tensor();
    const at::Tensor beta = center_ ? weights[next++] : at::Tensor();
    at::Tensor y = at::layer_norm(x, x.sizes().slice(dims - static_cast<int64_t>(axes.size())), gamma, beta, epsilon_);
    if (moved) y = y.movedim(last, axes).contiguous();
    return {y, in.mask, {}, Squash::kNone};
  }

 private:
  bool center_;
  bool scale_;
  double epsilon_;
  std::vector<int64_t> axes_;
};

// Wu & He, "Group normalization" (2018): mean and variance of each row's group of neighbours along an axis, over all other
// dimensions. Weights: [gamma], [beta], a number for each element of the axis.
class GroupNormalizationModule : public Module {
 public:
  explicit GroupNormalizationModule(const base::Layer& layer)
      : center_(BoolAttribute(layer, "center")),
        scale_(BoolAttribute(layer, "scale")),
        epsilon_(NumberAttribute(layer, "epsilon")),
        groups_(IntAttribute(layer, "groups")),
        axis_(IntAttribute(layer, "axis")) {}

  Value Forward(const Inputs& inputs, const Weights& weights, const Context&) const override {
    const Value& in = *inputs[0];
    const int64_t axis = Positive(axis_, in.data.dim());
    const at::Tensor x = (axis == 1 ? in.data : in.data.movedim(axis, 1)).contiguous();
    size_t next = 0;
    const at::Tensor gamma = scale_ ? weights[next++] : at::Tensor();
    const at::Tensor beta = center_ ? weights[next++] : at::Tensor();
    at::Tensor y = at::group_norm(x, groups_ == -1 ? x.size(1) : groups_, gamma, beta, epsilon_);
    if (axis != 1) y = y.movedim(1, axis).contiguous();
    return {y, in.mask, {}, Squash::kNone};
  }

 private:
  bool center_;
  bool scale_;
  double epsilon_;
  int64_t groups_;
  int64_t axis_;
};

// x over its length along some dimensions, TensorFlow's l2_normalize: lengths below 1e-6 count as 1e-6.
class UnitNormalizationModule : public Module {
 public:
  explicit UnitNormalizationModule(const base::Layer& layer) : axes_(ReadAxes(layer)) {}

  Value Forward(const Inputs& inputs, const Weights&, const Context&) const override {
    constexpr double kSmallestSquare = 1e-12;
    const at::Tensor& x = inputs[0]->data;
    return {x * at::rsqrt(at::clamp_min((x * x).sum(axes_, true), kSmallestSquare)), inputs[0]->mask, {}, Squash::kNone};
  }

 private:
  std::vector<int64_t> axes_;
};

}  // namespace

std::unique_ptr<Module> MakeBatchNormalization(const base::Layer& layer) { return std::make_unique<BatchNormalizationModule>(layer); }
std::unique_ptr<Module> MakeLayerNormalization(const base::Layer& layer) { return std::make_unique<LayerNormalizationModule>(layer); }
std::unique_ptr<Module> MakeGroupNormalization(const base::Layer& layer) { return std::make_unique<GroupNormalizationModule>(layer); }
std::unique_ptr<Module> MakeUnitNormalization(const base::Layer& layer) { return std::make_unique<UnitNormalizationModule>(layer); }

}  // namespace engine::torch
