#include <algorithm>
#include <cmath>
#include <memory>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/dropout_mask.hpp"
#include "engine/math/normal_noise.hpp"
#include "engine/math/pointwise.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

// y = x * mask, with the mask of the autograd path (engine/math/dropout_mask.hpp).
template <typename T>
class Dropout : public Layer<T> {
 public:
  Dropout(int64_t elements, double rate, int site) : Layer<T>(elements, elements, -1), rate_(rate), site_(site) {}

  int64_t ScratchElements(int64_t rows) const override { return rows * this->input_elements(); }

  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_y() const override { return false; }
  bool keeps_zeros() const override { return true; }

  void Forward(const LayerCall<T>& call) const override {
    const int64_t n = call.rows * this->input_elements();
    if (!call.training) {
      std::copy(call.x, call.x + n, call.y);
      return;
    }
    math::FillDropoutMask(rate_, *call.keys, static_cast<uint64_t>(site_), n, call.scratch);
    math::Multiply(call.x, call.scratch, n, call.y);
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx != nullptr) math::Multiply(g, call.scratch, call.rows * this->input_elements(), dx);
  }

 private:
  double rate_;
  int site_;
};

// One decision for all positions of a row and channel: each lies between other channels, `positions` times.
template <typename T>
class SpatialDropout : public Layer<T> {
 public:
  SpatialDropout(int64_t positions, int64_t channels, double rate, int site)
      : Layer<T>(positions * channels, positions * channels, -1), positions_(positions), channels_(channels), rate_(rate), site_(site) {}

  int64_t ScratchElements(int64_t rows) const override { return rows * channels_; }

  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_y() const override { return false; }
  bool keeps_zeros() const override { return true; }

  void Forward(const LayerCall<T>& call) const override {
    if (!call.training) {
      std::copy_n(call.x, call.rows * this->input_elements(), call.y);
      return;
    }
    math::FillDropoutMask(rate_, *call.keys, static_cast<uint64_t>(site_), call.rows * channels_, call.scratch);
    Drop(call, call.x, call.y);
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx != nullptr) Drop(call, g, dx);
  }

 private:
  void Drop(const LayerCall<T>& call, const T* x, T* y) const {
    for (int64_t i = 0; i < call.rows * positions_; ++i) {
      math::Multiply(x + i * channels_, call.scratch + i / positions_ * channels_, channels_, y + i * channels_);
    }
  }

  int64_t positions_;
  int64_t channels_;
  double rate_;
  int site_;
};

// What is dropped takes SELU's limit, and the whole is brought back to mean 0 and variance 1 (Klambauer et al. 2017).
template <typename T>
class AlphaDropout : public Layer<T> {
 public:
  AlphaDropout(int64_t elements, double rate, int site) : Layer<T>(elements, elements, -1), rate_(rate), site_(site) {}

  int64_t ScratchElements(int64_t rows) const override { return rows * this->input_elements(); }

  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_y() const override { return false; }

  void Forward(const LayerCall<T>& call) const override {
    const int64_t n = call.rows * this->input_elements();
    if (!call.training) {
      std::copy_n(call.x, n, call.y);
      return;
    }
    math::FillDropoutMask(rate_, *call.keys, static_cast<uint64_t>(site_), n, call.scratch);
    const double limit = -kSeluAlpha * kSeluScale;
    const T factor = static_cast<T>(Factor()), shift = static_cast<T>(-Factor() * limit * rate_), dropped = static_cast<T>(limit);
    for (int64_t i = 0; i < n; ++i) call.y[i] = (call.scratch[i] != 0 ? call.x[i] : dropped) * factor + shift;
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx == nullptr) return;
    const T factor = static_cast<T>(Factor());
    for (int64_t i = 0; i < call.rows * this->input_elements(); ++i) dx[i] = call.scratch[i] != 0 ? g[i] * factor : T(0);
  }

 private:
  double Factor() const {
    const double limit = -kSeluAlpha * kSeluScale;
    return 1 / std::sqrt((1 - rate_) * (1 + rate_ * limit * limit));
  }

  double rate_;
  int site_;
};

// y = x + noise, or x * (1 + noise), of normal numbers (engine/math/normal_noise.hpp).
template <typename T>
class Noise : public Layer<T> {
 public:
  Noise(int64_t elements, double deviation, bool multiplies, int site)
      : Layer<T>(elements, elements, -1), deviation_(deviation), multiplies_(multiplies), site_(site) {}

  int64_t ScratchElements(int64_t rows) const override { return rows * this->input_elements(); }

  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_y() const override { return false; }
  bool keeps_zeros() const override { return multiplies_; }

  void Forward(const LayerCall<T>& call) const override {
    const int64_t n = call.rows * this->input_elements();
    if (!call.training) {
      std::copy_n(call.x, n, call.y);
      return;
    }
    math::FillNormalNoise(deviation_, *call.keys, static_cast<uint64_t>(site_), n, call.scratch);
    if (multiplies_) {
      for (int64_t i = 0; i < n; ++i) call.scratch[i] += T(1);
      math::Multiply(call.x, call.scratch, n, call.y);
    } else {
      for (int64_t i = 0; i < n; ++i) call.y[i] = call.x[i] + call.scratch[i];
    }
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx == nullptr) return;
    const int64_t n = call.rows * this->input_elements();
    multiplies_ ? math::Multiply(g, call.scratch, n, dx) : static_cast<void>(std::copy_n(g, n, dx));
  }

 private:
  double deviation_;
  bool multiplies_;
  int site_;
};

template <typename T>
std::unique_ptr<Layer<T>> MakeDropout(const CallSite& site) {
  const base::Value* noise = site.layer().attributes.Find("noise_shape");
  if (noise != nullptr && !noise->is_null()) return nullptr;
  return std::make_unique<Dropout<T>>(base::ElementCount(site.input_shape), NumberAttribute(site.layer(), "rate"), site.random_site());
}

// Nothing is dropped where the call is one of inference.
double Rate(const CallSite& site) { return site.inference() ? 0 : NumberAttribute(site.layer(), "rate"); }

template <typename T>
bool AddSpatialDropout(const CallSite& site, Stages<T>* stages) {
  if (Rate(site) <= 0) return stages->Skip();
  const int64_t channels = site.input_shape.back();
  return stages->Add(std::make_unique<SpatialDropout<T>>(base::ElementCount(site.input_shape) / channels, channels, Rate(site), site.random_site()));
}

template <typename T>
bool AddNoise(const CallSite& site, double deviation, bool multiplies, Stages<T>* stages) {
  if (deviation <= 0 || site.inference()) return stages->Skip();
  return stages->Add(std::make_unique<Noise<T>>(base::ElementCount(site.input_shape), deviation, multiplies, site.random_site()));
}

}  // namespace

template <typename T>
bool JoinDropout(const CallSite& site, Stages<T>* stages) {
  if (Rate(site) <= 0) return stages->Skip();
  return stages->Add(MakeDropout<T>(site));
}

template <typename T>
bool JoinSpatialDropout1D(const CallSite& site, Stages<T>* stages) {
  return AddSpatialDropout(site, stages);
}

template <typename T>
bool JoinSpatialDropout2D(const CallSite& site, Stages<T>* stages) {
  return AddSpatialDropout(site, stages);
}

template <typename T>
bool JoinAlphaDropout(const CallSite& site, Stages<T>* stages) {
  if (Rate(site) <= 0) return stages->Skip();
  return stages->Add(std::make_unique<AlphaDropout<T>>(base::ElementCount(site.input_shape), Rate(site), site.random_site()));
}

template <typename T>
bool JoinGaussianNoise(const CallSite& site, Stages<T>* stages) {
  return AddNoise(site, NumberAttribute(site.layer(), "stddev"), false, stages);
}

template <typename T>
bool JoinGaussianDropout(const CallSite& site, Stages<T>* stages) {
  return AddNoise(site, std::sqrt(Rate(site) / (1 - Rate(site))), true, stages);
}

#define CEREBRO_INSTANTIATE(T)                                        \
  template bool JoinDropout(const CallSite&, Stages<T>*);             \
  template bool JoinSpatialDropout1D(const CallSite&, Stages<T>*);    \
  template bool JoinSpatialDropout2D(const CallSite&, Stages<T>*);    \
  template bool JoinAlphaDropout(const CallSite&, Stages<T>*);        \
  template bool JoinGaussianNoise(const CallSite&, Stages<T>*);       \
  template bool JoinGaussianDropout(const CallSite&, Stages<T>*);
CEREBRO_INSTANTIATE(float)
CEREBRO_INSTANTIATE(double)
#undef CEREBRO_INSTANTIATE

}  // namespace engine::native
