// Masks, and what makes them of values: which steps of a sequence count, 1 or 0. No gradient passes a mask.
#include <algorithm>
#include <memory>
#include <vector>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

/// A layer that makes a mask.
template <typename T>
class MaskLayer : public Layer<T> {
 public:
  bool differentiable() const override { return false; }
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_y() const override { return false; }
  void Backward(const LayerCall<T>&, T*, T*, T* const*) const override {}

 protected:
  using Layer<T>::Layer;
};

template <typename T>
class MaskProduct : public MaskLayer<T> {
 public:
  MaskProduct(int64_t elements, size_t masks) : MaskLayer<T>(std::vector<int64_t>(masks, elements), elements, -1) {}

  void Forward(const LayerCall<T>& call) const override {
    const int64_t n = call.rows * this->output_elements();
    std::copy_n(call.inputs[0], n, call.y);
    for (size_t i = 1; i < this->inputs(); ++i) {
      for (int64_t k = 0; k < n; ++k) call.y[k] *= call.inputs[i][k];
    }
  }
};

template <typename T>
class MaskSlice : public MaskLayer<T> {
 public:
  MaskSlice(int64_t elements, int64_t begin, int64_t size) : MaskLayer<T>(elements, size, -1), begin_(begin) {}

  void Forward(const LayerCall<T>& call) const override {
    const int64_t size = this->output_elements();
    for (int64_t r = 0; r < call.rows; ++r) std::copy_n(call.x + r * this->input_elements() + begin_, size, call.y + r * size);
  }

 private:
  int64_t begin_;
};

// An index is what stands before the decimal point, as an Embedding takes it.
template <typename T>
class IndexMask : public MaskLayer<T> {
 public:
  explicit IndexMask(int64_t elements) : MaskLayer<T>(elements, elements, -1) {}

  void Forward(const LayerCall<T>& call) const override {
    for (int64_t i = 0; i < call.rows * this->output_elements(); ++i) call.y[i] = call.x[i] > T(-1) && call.x[i] < T(1) ? T(0) : T(1);
  }
};

// A step counts if any of its features is another number than `value`.
template <typename T>
class StepsMask : public MaskLayer<T> {
 public:
  StepsMask(int64_t steps, int64_t features, double value)
      : MaskLayer<T>(steps * features, steps, -1), features_(features), value_(static_cast<T>(value)) {}

  void Forward(const LayerCall<T>& call) const override {
    const T* x = call.x;
    for (int64_t i = 0; i < call.rows * this->output_elements(); ++i, x += features_) {
      call.y[i] = std::any_of(x, x + features_, [&](T v) { return v != value_; }) ? T(1) : T(0);
    }
  }

 private:
  int64_t features_;
  T value_;
};

// Inputs: the values and their mask. Steps that do not count become zeros.
template <typename T>
class Masking : public Layer<T> {
 public:
  Masking(int64_t steps, int64_t features)
      : Layer<T>(std::vector<int64_t>{steps * features, steps}, steps * features, -1), features_(features) {}

  bool backward_reads_y() const override { return false; }

  void Forward(const LayerCall<T>& call) const override { Mask(call, call.x, call.y); }
  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx != nullptr) Mask(call, g, dx);
  }

 private:
  void Mask(const LayerCall<T>& call, const T* x, T* y) const {
    for (int64_t i = 0; i < call.rows * this->output_elements(); ++i) y[i] = x[i] * call.inputs[1][i / features_];
  }

  int64_t features_;
};

}  // namespace

template <typename T>
std::unique_ptr<Layer<T>> MakeMaskProduct(int64_t elements, size_t masks) {
  return std::make_unique<MaskProduct<T>>(elements, masks);
}

template <typename T>
std::unique_ptr<Layer<T>> MakeMaskSlice(int64_t elements, int64_t begin, int64_t size) {
  return std::make_unique<MaskSlice<T>>(elements, begin, size);
}

template <typename T>
std::unique_ptr<Layer<T>> MakeIndexMask(int64_t elements) {
  return std::make_unique<IndexMask<T>>(elements);
}

template <typename T>
bool JoinMasking(const CallSite& site, Stages<T>* stages) {
  if (site.input_shape.size() < 2) return false;
  const int64_t features = site.input_shape.back(), steps = base::ElementCount(site.input_shape) / features;
  stages->MakeMask(std::make_unique<StepsMask<T>>(steps, features, NumberAttribute(site.layer(), "mask_value")), site.input_shape.size() - 1);
  return stages->AddMasked(std::make_unique<Masking<T>>(steps, features));
}

#define CEREBRO_INSTANTIATE(T)                                                                 \
  template std::unique_ptr<Layer<T>> MakeMaskProduct(int64_t elements, size_t masks);          \
  template std::unique_ptr<Layer<T>> MakeMaskSlice(int64_t elements, int64_t begin, int64_t size); \
  template std::unique_ptr<Layer<T>> MakeIndexMask(int64_t elements);                          \
  template bool JoinMasking(const CallSite&, Stages<T>*);
CEREBRO_INSTANTIATE(float)
CEREBRO_INSTANTIATE(double)
#undef CEREBRO_INSTANTIATE

}  // namespace engine::native
