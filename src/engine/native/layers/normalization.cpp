#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/api/workspace.hpp"
#include "engine/math/activations.hpp"
#include "engine/math/normalize.hpp"
#include "engine/math/pointwise.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

// Over the last dimension; engine/torch/layers/normalization.cpp says which variance goes where. An activation behind it
// is done block by block, while a block is in the nearest cache: the elements pass through memory once less, each way.
template <typename T>
class BatchNormalization : public Layer<T> {
 public:
  /// inference: the moving statistics are used and stay as they are, in training, too.
  BatchNormalization(const base::Layer& layer, int64_t positions, int64_t channels, bool image, bool inference, int graph_layer)
      : Layer<T>(positions * channels, positions * channels, graph_layer),
        positions_(positions),
        channels_(channels),
        image_(image),
        trained_(layer.trainable && !inference),
        momentum_(NumberAttribute(layer, "momentum")),
        epsilon_(static_cast<T>(NumberAttribute(layer, "epsilon"))) {
    int next = 0;
    if (BoolAttribute(layer, "scale")) gamma_ = next++;
    if (BoolAttribute(layer, "center")) beta_ = next++;
    statistics_ = next;
  }

  // the vectors; two blocks for an activation that needs pre-activations
  int64_t ScratchElements(int64_t) const override { return kVectors * Stride() + (function_ ? 2 * BlockRows() * channels_ : 0); }

  bool backward_reads_y() const override { return activation_ != math::FusedActivation::kLinear; }

  void Forward(const LayerCall<T>& call) const override {
    const int64_t rows = call.rows * positions_;
    T* mean = Vector(call, kMean);
    T* variance = Vector(call, kVariance);
    if (call.training && trained_) {
      math::ColumnMoments(call.x, rows, channels_, mean, variance);
    } else {
      std::copy_n(call.weights[statistics_], channels_, mean);
      std::copy_n(call.weights[statistics_ + 1], channels_, variance);
    }
    T* inverse = Vector(call, kInverse);
    T* scale = Vector(call, kScale);
    for (int64_t j = 0; j < channels_; ++j) {
      inverse[j] = T(1) / std::sqrt(variance[j] + epsilon_);
      scale[j] = gamma_ < 0 ? inverse[j] : inverse[j] * call.weights[gamma_][j];
    }
    ForBlocks(rows, [&](int64_t first, int64_t n) {
      T* y = call.y + first * channels_;
      T* before = function_ ? Block(call, 0) : y;
      Normalise(call, first, n, before);
      if (function_) {
        math::ApplyPointwise(*function_, before, n * channels_, y);
      } else {
        math::BiasActivation(activation_, static_cast<const T*>(nullptr), n, channels_, y);
      }
    });
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const* gradients) const override {
    const int64_t rows = call.rows * positions_;
    const T* mean = Vector(call, kMean);
    const T* inverse = Vector(call, kInverse);
    T* sum_g = Vector(call, kSumG);
    T* sum_gx = Vector(call, kSumGx);
    ForBlocks(rows, [&](int64_t first, int64_t n) {
      T* block = g + first * channels_;
      if (function_) {
        Normalise(call, first, n, Block(call, 0));
        math::PointwiseGradient(*function_, Block(call, 0), block, n * channels_, Block(call, 1));
        std::copy_n(Block(call, 1), n * channels_, block);
      } else {
        math::ActivationGradient(activation_, call.y + first * channels_, n, channels_, block);
      }
    });
    if (!trained_) {  // the statistics are constants; gamma and beta are trained where only this call is one of inference
      if (gradients != nullptr) {
        math::ColumnGradientSums(g, call.x, rows, channels_, mean, sum_g, sum_gx);
        GiveWeights(sum_g, sum_gx, inverse, gradients);
      }
      if (dx == nullptr) return;
      std::fill_n(sum_g, channels_, T(0));
      math::NormaliseColumns(g, rows, channels_, sum_g, Vector(call, kScale), nullptr, dx);
      return;
    }
    math::ColumnGradientSums(g, call.x, rows, channels_, mean, sum_g, sum_gx);
    if (gradients != nullptr) GiveWeights(sum_g, sum_gx, inverse, gradients);
    if (dx == nullptr) return;
    const T count = static_cast<T>(rows);
    for (int64_t j = 0; j < channels_; ++j) {
      sum_g[j] /= count;
      sum_gx[j] = sum_gx[j] * inverse[j] * inverse[j] / count;
    }
    math::ColumnGradient(g, call.x, rows, channels_, mean, sum_g, sum_gx, Vector(call, kScale), dx);
  }

  bool TakeActivation(math::FusedActivation activation) override {
    if (function_ || activation_ != math::FusedActivation::kLinear) return false;
    activation_ = activation;
    return true;
  }

  bool TakePointwise(const math::PointwiseFunction& function) override {
    if (function_ || activation_ != math::FusedActivation::kLinear) return false;
    function_ = function;
    return true;
  }

  math::FusedActivation DropActivation() override { return std::exchange(activation_, math::FusedActivation::kLinear); }

  bool moves_statistics() const override { return trained_; }

  void UpdateMovingStatistics(const LayerCall<T>& call) const override {
    const int64_t rows = call.rows * positions_;
    T bessel = T(1);
    if (rows < 2) {
      bessel = T(0);
    } else if (image_) {
      bessel = static_cast<T>(static_cast<double>(rows) / static_cast<double>(rows - 1));
    }
    const T rest = static_cast<T>(1.0 - momentum_);
    T* moving_mean = call.weights[statistics_];
    T* moving_variance = call.weights[statistics_ + 1];
    const T* mean = Vector(call, kMean);
    const T* variance = Vector(call, kVariance);
    for (int64_t j = 0; j < channels_; ++j) {
      moving_mean[j] -= (moving_mean[j] - mean[j]) * rest;
      moving_variance[j] -= (moving_variance[j] - variance[j] * bessel) * rest;
    }
  }

 private:
  enum { kMean, kVariance, kInverse, kScale, kSumG, kSumGx, kVectors };

  int64_t BlockRows() const {
    constexpr int64_t kElements = 4096;
    return std::max<int64_t>(1, kElements / channels_);
  }

  void GiveWeights(const T* sum_g, const T* sum_gx, const T* inverse, T* const* gradients) const {
    for (int64_t j = 0; j < channels_; ++j) {
      if (gamma_ >= 0 && gradients[gamma_] != nullptr) gradients[gamma_][j] = sum_gx[j] * inverse[j];
      if (beta_ >= 0 && gradients[beta_] != nullptr) gradients[beta_][j] = sum_g[j];
    }
  }

  template <class Work>
  void ForBlocks(int64_t rows, const Work& work) const {
    const int64_t most = function_ || activation_ != math::FusedActivation::kLinear ? BlockRows() : rows;
    for (int64_t first = 0; first < rows; first += most) work(first, std::min(most, rows - first));
  }

  void Normalise(const LayerCall<T>& call, int64_t first, int64_t n, T* y) const {
    math::NormaliseColumns(call.x + first * channels_, n, channels_, Vector(call, kMean), Vector(call, kScale),
                           beta_ < 0 ? nullptr : call.weights[beta_], y);
  }

  T* Block(const LayerCall<T>& call, int64_t which) const {
    return call.scratch + kVectors * Stride() + which * BlockRows() * channels_;
  }

  int64_t Stride() const { return static_cast<int64_t>(Workspace::Padded<T>(channels_) / sizeof(T)); }
  T* Vector(const LayerCall<T>& call, int64_t which) const { return call.scratch + which * Stride(); }

  int64_t positions_;
  int64_t channels_;
  bool image_;
  bool trained_;
  double momentum_;
  T epsilon_;
  int gamma_ = -1, beta_ = -1;  // indexes of weights
  int statistics_ = 0;
  math::FusedActivation activation_ = math::FusedActivation::kLinear;
  std::optional<math::PointwiseFunction> function_;
};

// GroupNormalization (Wu & He 2018), over a row's positions and some neighbouring channels, which are last. Sums are made
// in double, position by position.
template <typename T>
class GroupNormalization : public Layer<T> {
 public:
  GroupNormalization(const base::Layer& layer, int64_t positions, int64_t channels, int64_t groups, int graph_layer)
      : Layer<T>(positions * channels, positions * channels, graph_layer),
        positions_(positions),
        channels_(channels),
        groups_(groups),
        size_(channels / groups),
        epsilon_(NumberAttribute(layer, "epsilon")) {
    int next = 0;
    if (BoolAttribute(layer, "scale")) gamma_ = next++;
    if (BoolAttribute(layer, "center")) beta_ = next++;
  }

  // mean and inverse deviation, each row's groups one after another
  int64_t ScratchElements(int64_t rows) const override { return 2 * rows * groups_; }

  bool backward_reads_y() const override { return false; }

  void Forward(const LayerCall<T>& call) const override {
    const double count = static_cast<double>(positions_ * size_);
    for (int64_t i = 0; i < call.rows * groups_; ++i) {
      const int64_t first = First(i);
      double sum = 0, squares = 0;
      Each(first, [&](int64_t at, int64_t) { sum += static_cast<double>(call.x[at]); });
      const double mean = sum / count;
      Each(first, [&](int64_t at, int64_t) {
        const double d = static_cast<double>(call.x[at]) - mean;
        squares += d * d;
      });
      const T m = static_cast<T>(mean), inverse = static_cast<T>(1 / std::sqrt(squares / count + epsilon_));
      call.scratch[2 * i] = m;
      call.scratch[2 * i + 1] = inverse;
      const int64_t channel = i % groups_ * size_;
      Each(first, [&](int64_t at, int64_t j) {
        T v = (call.x[at] - m) * inverse;
        if (gamma_ >= 0) v *= call.weights[gamma_][channel + j];
        if (beta_ >= 0) v += call.weights[beta_][channel + j];
        call.y[at] = v;
      });
    }
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const* gradients) const override {
    const double count = static_cast<double>(positions_ * size_);
    T* dgamma = gradients == nullptr || gamma_ < 0 ? nullptr : gradients[gamma_];
    T* dbeta = gradients == nullptr || beta_ < 0 ? nullptr : gradients[beta_];
    if (dgamma != nullptr) std::fill_n(dgamma, channels_, T(0));
    if (dbeta != nullptr) std::fill_n(dbeta, channels_, T(0));
    for (int64_t i = 0; i < call.rows * groups_; ++i) {
      const int64_t first = First(i), channel = i % groups_ * size_;
      const T mean = call.scratch[2 * i], inverse = call.scratch[2 * i + 1];
      const auto scaled = [&](int64_t at, int64_t j) { return gamma_ < 0 ? g[at] : g[at] * call.weights[gamma_][channel + j]; };
      double sum_g = 0, sum_gx = 0;
      Each(first, [&](int64_t at, int64_t j) {
        const T normalised = (call.x[at] - mean) * inverse;
        if (dgamma != nullptr) dgamma[channel + j] += g[at] * normalised;
        if (dbeta != nullptr) dbeta[channel + j] += g[at];
        sum_g += static_cast<double>(scaled(at, j));
        sum_gx += static_cast<double>(scaled(at, j)) * static_cast<double>(normalised);
      });
      if (dx == nullptr) continue;
      const T a = static_cast<T>(sum_g / count), b = static_cast<T>(sum_gx / count);
      Each(first, [&](int64_t at, int64_t j) { dx[at] = (scaled(at, j) - a - (call.x[at] - mean) * inverse * b) * inverse; });
    }
  }

 private:
  // Where the i-th of all rows' groups begins.
  int64_t First(int64_t i) const { return i / groups_ * this->input_elements() + i % groups_ * size_; }

  template <class Work>
  void Each(int64_t first, const Work& work) const {
    for (int64_t p = 0; p < positions_; ++p, first += channels_) {
      for (int64_t j = 0; j < size_; ++j) work(first + j, j);
    }
  }

  int64_t positions_, channels_, groups_;
  int64_t size_;  // channels normalised together
  double epsilon_;
  int gamma_ = -1, beta_ = -1;  // indexes of weights
};

// Over the last dimensions, row by row.
template <typename T>
class LayerNormalization : public Layer<T> {
 public:
  LayerNormalization(const base::Layer& layer, int64_t positions, int64_t elements, int graph_layer)
      : Layer<T>(positions * elements, positions * elements, graph_layer),
        positions_(positions),
        elements_(elements),
        epsilon_(static_cast<T>(NumberAttribute(layer, "epsilon"))) {
    int next = 0;
    if (BoolAttribute(layer, "scale")) gamma_ = next++;
    if (BoolAttribute(layer, "center")) beta_ = next++;
  }

  int64_t ScratchElements(int64_t rows) const override { return 2 * rows * positions_; }

  bool backward_reads_y() const override { return false; }

  void Forward(const LayerCall<T>& call) const override {
    const int64_t rows = call.rows * positions_;
    math::NormaliseRows(call.x, rows, elements_, epsilon_, Weight(call, gamma_), Weight(call, beta_), call.scratch, call.scratch + rows,
                        call.y);
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const* gradients) const override {
    const int64_t rows = call.rows * positions_;
    T* dgamma = gradients == nullptr || gamma_ < 0 ? nullptr : gradients[gamma_];
    T* dbeta = gradients == nullptr || beta_ < 0 ? nullptr : gradients[beta_];
    math::RowGradient(g, call.x, rows, elements_, Weight(call, gamma_), call.scratch, call.scratch + rows, dx, dgamma, dbeta);
  }

 private:
  static const T* Weight(const LayerCall<T>& call, int which) { return which < 0 ? nullptr : call.weights[which]; }

  int64_t positions_;
  int64_t elements_;
  T epsilon_;
  int gamma_ = -1, beta_ = -1;  // indexes of weights
};

// Over the last dimensions: each position's elements to length 1.
template <typename T>
class UnitNormalization : public Layer<T> {
 public:
  UnitNormalization(int64_t positions, int64_t elements)
      : Layer<T>(positions * elements, positions * elements, -1), positions_(positions), elements_(elements) {}

  int64_t ScratchElements(int64_t rows) const override { return rows * positions_; }
  bool backward_reads_inputs() const override { return false; }
  bool keeps_zeros() const override { return true; }

  void Forward(const LayerCall<T>& call) const override {
    math::UnitRows(call.x, call.rows * positions_, elements_, kSmallestSquare, call.scratch, call.y);
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx != nullptr) math::UnitRowGradient(g, call.y, call.scratch, call.rows * positions_, elements_, kSmallestSquare, dx);
  }

 private:
  static constexpr T kSmallestSquare = static_cast<T>(1e-12);

  int64_t positions_;
  int64_t elements_;
};

// True when "axis" names the last dimensions in order; their number. dims: with the batch.
bool LastAxes(const base::Layer& layer, int64_t dims, int64_t* count) {
  const base::Value& axis = Attribute(layer, "axis");
  const base::List axes = axis.is_list() ? axis.list() : base::List{axis};
  *count = static_cast<int64_t>(axes.size());
  for (int64_t i = 0; i < *count; ++i) {
    const int64_t given = axes[static_cast<size_t>(i)].integer();
    if ((given < 0 ? given + dims : given) != dims - *count + i) return false;
  }
  return *count > 0 && *count < dims;
}

template <typename T>
std::unique_ptr<Layer<T>> MakeNormalization(const CallSite& site) {
  const base::Layer& layer = site.layer();
  const int64_t dims = static_cast<int64_t>(site.input_shape.size()) + 1;
  int64_t axes = 0;
  if (!LastAxes(layer, dims, &axes)) return nullptr;
  int64_t elements = 1;
  for (int64_t i = 0; i < axes; ++i) elements *= site.input_shape[static_cast<size_t>(dims - 2 - i)];
  const int64_t positions = base::ElementCount(site.input_shape) / elements;
  if (layer.kind == base::LayerKind::kUnitNormalization) return std::make_unique<UnitNormalization<T>>(positions, elements);
  if (layer.kind == base::LayerKind::kLayerNormalization) {
    return std::make_unique<LayerNormalization<T>>(layer, positions, elements, site.graph_call().layer);
  }
  if (axes != 1) return nullptr;
  return std::make_unique<BatchNormalization<T>>(layer, positions, elements, dims == 4, site.graph_call().inference,
                                                 site.graph_call().layer);
}

template <typename T>
std::unique_ptr<Layer<T>> MakeGroupNormalization(const CallSite& site) {
  const base::Layer& layer = site.layer();
  int64_t axes = 0;
  if (site.input_shape.empty() || !LastAxes(layer, static_cast<int64_t>(site.input_shape.size()) + 1, &axes)) return nullptr;
  const int64_t channels = site.input_shape.back(), given = IntAttribute(layer, "groups");
  return std::make_unique<GroupNormalization<T>>(layer, base::ElementCount(site.input_shape) / channels, channels,
                                                 given == -1 ? channels : given, site.graph_call().layer);
}

}  // namespace

template <typename T>
bool JoinGroupNormalization(const CallSite& site, Stages<T>* stages) {
  return stages->Add(MakeGroupNormalization<T>(site));
}

template <typename T>
bool JoinBatchNormalization(const CallSite& site, Stages<T>* stages) {
  return stages->Add(MakeNormalization<T>(site));
}

template <typename T>
bool JoinLayerNormalization(const CallSite& site, Stages<T>* stages) {
  return stages->Add(MakeNormalization<T>(site));
}

template <typename T>
bool JoinUnitNormalization(const CallSite& site, Stages<T>* stages) {
  return stages->Add(MakeNormalization<T>(site));
}

template bool JoinUnitNormalization(const CallSite&, Stages<float>*);
template bool JoinUnitNormalization(const CallSite&, Stages<double>*);
template bool JoinGroupNormalization(const CallSite&, Stages<float>*);
template bool JoinGroupNormalization(const CallSite&, Stages<double>*);
template bool JoinBatchNormalization(const CallSite&, Stages<float>*);
template bool JoinBatchNormalization(const CallSite&, Stages<double>*);
template bool JoinLayerNormalization(const CallSite&, Stages<float>*);
template bool JoinLayerNormalization(const CallSite&, Stages<double>*);

}  // namespace engine::native
