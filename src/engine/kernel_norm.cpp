#include <algorithm>
#include <cmath>
#include <memory>

#include "base/tensor.hpp"
#include "engine/kernel_layer.hpp"
#include "engine/kernel_memory.hpp"
#include "engine/kernel_norm_math.hpp"
#include "engine/module.hpp"

namespace engine {

namespace {

// Over the last dimension; engine/layer_norm.cpp says which variance goes where.
template <typename T>
class KernelBatchNormalization : public KernelLayer<T> {
 public:
  KernelBatchNormalization(const base::Layer& layer, int64_t places, int64_t channels, bool image, int graph_layer)
      : KernelLayer<T>(places * channels, places * channels, graph_layer),
        places_(places),
        channels_(channels),
        image_(image),
        trained_(layer.trainable),
        momentum_(NumberAttribute(layer, "momentum")),
        epsilon_(static_cast<T>(NumberAttribute(layer, "epsilon"))) {
    int next = 0;
    if (BoolAttribute(layer, "scale")) gamma_ = next++;
    if (BoolAttribute(layer, "center")) beta_ = next++;
    statistics_ = next;
  }

  int64_t ScratchElements(int64_t) const override { return kVectors * Step(); }

  void Forward(const KernelCall<T>& call) const override {
    const int64_t rows = call.rows * places_;
    T* mean = Vector(call, kMean);
    T* variance = Vector(call, kVariance);
    if (call.training && trained_) {
      ColumnMoments(call.x, rows, channels_, mean, variance);
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
    NormaliseColumns(call.x, rows, channels_, mean, scale, beta_ < 0 ? nullptr : call.weights[beta_], call.y);
  }

  void Backward(const KernelCall<T>& call, T* g, T* dx, T* const* gradients) const override {
    const int64_t rows = call.rows * places_;
    const T* mean = Vector(call, kMean);
    const T* inverse = Vector(call, kInverse);
    T* sum_g = Vector(call, kSumG);
    T* sum_gx = Vector(call, kSumGx);
    if (!trained_) {  // the statistics are constants, and nothing else is trained
      if (dx == nullptr) return;
      std::fill_n(sum_g, channels_, T(0));
      NormaliseColumns(g, rows, channels_, sum_g, Vector(call, kScale), nullptr, dx);
      return;
    }
    ColumnGradientSums(g, call.x, rows, channels_, mean, sum_g, sum_gx);
    for (int64_t j = 0; gradients != nullptr && j < channels_; ++j) {
      if (gamma_ >= 0 && gradients[gamma_] != nullptr) gradients[gamma_][j] = sum_gx[j] * inverse[j];
      if (beta_ >= 0 && gradients[beta_] != nullptr) gradients[beta_][j] = sum_g[j];
    }
    if (dx == nullptr) return;
    const T count = static_cast<T>(rows);
    for (int64_t j = 0; j < channels_; ++j) {
      sum_g[j] /= count;
      sum_gx[j] = sum_gx[j] * inverse[j] * inverse[j] / count;
    }
    ColumnGradient(g, call.x, rows, channels_, mean, sum_g, sum_gx, Vector(call, kScale), dx);
  }

  bool remembers() const override { return trained_; }

  void Remember(const KernelCall<T>& call) const override {
    const int64_t rows = call.rows * places_;
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

  int64_t Step() const { return static_cast<int64_t>(KernelMemory::Padded<T>(channels_) / sizeof(T)); }
  T* Vector(const KernelCall<T>& call, int64_t which) const { return call.scratch + which * Step(); }

  int64_t places_;
  int64_t channels_;
  bool image_;
  bool trained_;
  double momentum_;
  T epsilon_;
  int gamma_ = -1, beta_ = -1;  // indexes of weights
  int statistics_ = 0;
};

// Over the last dimensions, row by row.
template <typename T>
class KernelLayerNormalization : public KernelLayer<T> {
 public:
  KernelLayerNormalization(const base::Layer& layer, int64_t places, int64_t elements, int graph_layer)
      : KernelLayer<T>(places * elements, places * elements, graph_layer),
        places_(places),
        elements_(elements),
        epsilon_(static_cast<T>(NumberAttribute(layer, "epsilon"))) {
    int next = 0;
    if (BoolAttribute(layer, "scale")) gamma_ = next++;
    if (BoolAttribute(layer, "center")) beta_ = next++;
  }

  int64_t ScratchElements(int64_t rows) const override { return 2 * rows * places_; }

  void Forward(const KernelCall<T>& call) const override {
    const int64_t rows = call.rows * places_;
    NormaliseRows(call.x, rows, elements_, epsilon_, Weight(call, gamma_), Weight(call, beta_), call.scratch, call.scratch + rows, call.y);
  }

  void Backward(const KernelCall<T>& call, T* g, T* dx, T* const* gradients) const override {
    const int64_t rows = call.rows * places_;
    T* dgamma = gradients == nullptr || gamma_ < 0 ? nullptr : gradients[gamma_];
    T* dbeta = gradients == nullptr || beta_ < 0 ? nullptr : gradients[beta_];
    RowGradient(g, call.x, rows, elements_, Weight(call, gamma_), call.scratch, call.scratch + rows, dx, dgamma, dbeta);
  }

 private:
  static const T* Weight(const KernelCall<T>& call, int which) { return which < 0 ? nullptr : call.weights[which]; }

  int64_t places_;
  int64_t elements_;
  T epsilon_;
  int gamma_ = -1, beta_ = -1;  // indexes of weights
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

}  // namespace

template <typename T>
std::unique_ptr<KernelLayer<T>> MakeKernelNormalization(const KernelPlace& place) {
  const base::Layer& layer = place.layer();
  const int64_t dims = static_cast<int64_t>(place.input_shape.size()) + 1;
  int64_t axes = 0;
  if (!LastAxes(layer, dims, &axes)) return nullptr;
  int64_t elements = 1;
  for (int64_t i = 0; i < axes; ++i) elements *= place.input_shape[static_cast<size_t>(dims - 2 - i)];
  const int64_t places = base::ElementCount(place.input_shape) / elements;
  if (layer.kind == base::LayerKind::kLayerNormalization) {
    return std::make_unique<KernelLayerNormalization<T>>(layer, places, elements, place.graph_call().layer);
  }
  if (axes != 1) return nullptr;
  return std::make_unique<KernelBatchNormalization<T>>(layer, places, elements, dims == 4, place.graph_call().layer);
}

template std::unique_ptr<KernelLayer<float>> MakeKernelNormalization(const KernelPlace&);
template std::unique_ptr<KernelLayer<double>> MakeKernelNormalization(const KernelPlace&);

}  // namespace engine
