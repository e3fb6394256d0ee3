#include <algorithm>
#include <memory>
#include <vector>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/merge.hpp"
#include "engine/math/pool2d.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

// Of images, and of sequences as images of one row.
template <typename T>
class Pooling2D : public Layer<T> {
 public:
  Pooling2D(const math::PoolShape& shape, bool mean)
      : Layer<T>(shape.rows.in * shape.columns.in * shape.channels, shape.rows.out * shape.columns.out * shape.channels, -1),
        shape_(shape),
        mean_(mean) {}

  void Forward(const LayerCall<T>& call) const override {
    const auto pool = mean_ ? math::ThePoolKernels<T>().mean : math::ThePoolKernels<T>().largest;
    for (int64_t i = 0; i < call.rows; ++i) pool(shape_, call.x + i * this->input_elements(), call.y + i * this->output_elements());
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx == nullptr) return;
    const auto pool = mean_ ? math::ThePoolKernels<T>().mean_gradient : math::ThePoolKernels<T>().largest_gradient;
    const int64_t in = this->input_elements(), out = this->output_elements();
    for (int64_t i = 0; i < call.rows; ++i) pool(shape_, call.x + i * in, call.y + i * out, g + i * out, dx + i * in);
  }

 private:
  math::PoolShape shape_;
  bool mean_;
};

template <typename T>
class GlobalMaxPooling2D : public Layer<T> {
 public:
  explicit GlobalMaxPooling2D(const math::PoolShape& shape)
      : Layer<T>(shape.rows.in * shape.columns.in * shape.channels, shape.channels, -1), shape_(shape) {}

  void Forward(const LayerCall<T>& call) const override {
    const auto pool = math::ThePoolKernels<T>().largest;
    for (int64_t i = 0; i < call.rows; ++i) pool(shape_, call.x + i * this->input_elements(), call.y + i * shape_.channels);
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx == nullptr) return;
    const auto share = math::ThePoolKernels<T>().shared_gradient;
    const int64_t in = this->input_elements(), out = shape_.channels, positions = shape_.rows.in * shape_.columns.in;
    for (int64_t i = 0; i < call.rows; ++i) share(positions, out, call.x + i * in, call.y + i * out, g + i * out, dx + i * in);
  }

 private:
  math::PoolShape shape_;
};

// Inputs: a sequence and its mask. The mean of the steps that count; zero where none does.
template <typename T>
class MaskedMean : public Layer<T> {
 public:
  MaskedMean(int64_t steps, int64_t features)
      : Layer<T>(std::vector<int64_t>{steps * features, steps}, features, -1), steps_(steps), features_(features) {}

  bool backward_reads_y() const override { return false; }

  void Forward(const LayerCall<T>& call) const override {
    for (int64_t r = 0; r < call.rows; ++r) {
      T* y = call.y + r * features_;
      const T* x = call.x + r * this->input_elements();
      std::fill_n(y, features_, T(0));
      ForCounted(call, r, [&](int64_t step) { math::AddTo(x + step * features_, features_, y); });
      math::DivideBy(Count(call, r), features_, y);
    }
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx == nullptr) return;
    std::fill_n(dx, call.rows * this->input_elements(), T(0));
    for (int64_t r = 0; r < call.rows; ++r) {
      T* of_row = g + r * features_;
      math::DivideBy(Count(call, r), features_, of_row);
      ForCounted(call, r, [&](int64_t step) { std::copy_n(of_row, features_, dx + r * this->input_elements() + step * features_); });
    }
  }

 private:
  template <class Each>
  void ForCounted(const LayerCall<T>& call, int64_t row, const Each& each) const {
    for (int64_t step = 0; step < steps_; ++step) {
      if (call.inputs[1][row * steps_ + step] != 0) each(step);
    }
  }

  T Count(const LayerCall<T>& call, int64_t row) const {
    T count = 0;
    ForCounted(call, row, [&](int64_t) { count += T(1); });
    return std::max(count, T(1));
  }

  int64_t steps_;
  int64_t features_;
};

// Of dimension i of an image or a sequence, which is an image of one row: i is negative there.
math::Slide WindowOf(const CallSite& site, int i) {
  if (i < 0) return {1, 1, 1, 1, 1, false};
  const auto at = static_cast<size_t>(i);
  const base::Layer& layer = site.layer();
  return {site.input_shape[at],
          site.graph_call().output_shape[at],
          Attribute(layer, "pool_size").list().at(at).integer(),
          Attribute(layer, "strides").list().at(at).integer(),
          1,
          TextAttribute(layer, "padding") == "same"};
}

// The window is all of dimension i.
math::Slide WholeOf(const CallSite& site, int i) {
  const int64_t size = i < 0 ? 1 : site.input_shape[static_cast<size_t>(i)];
  return {size, 1, size, size, 1, false};
}

template <typename T>
std::unique_ptr<Layer<T>> MakePooling(const CallSite& site, size_t dimensions, bool mean) {
  if (site.input_shape.size() != dimensions + 1) return nullptr;
  const int columns = static_cast<int>(dimensions) - 1;
  const math::PoolShape shape{WindowOf(site, columns - 1), WindowOf(site, columns), site.input_shape.back()};
  return std::make_unique<Pooling2D<T>>(shape, mean);
}

template <typename T>
std::unique_ptr<Layer<T>> MakeGlobalPooling(const CallSite& site, size_t dimensions, bool mean) {
  if (site.input_shape.size() != dimensions + 1) return nullptr;
  const int columns = static_cast<int>(dimensions) - 1;
  const math::PoolShape shape{WholeOf(site, columns - 1), WholeOf(site, columns), site.input_shape.back()};
  if (!mean) return std::make_unique<GlobalMaxPooling2D<T>>(shape);
  return std::make_unique<Pooling2D<T>>(shape, true);
}

}  // namespace

#define CEREBRO_JOIN(name, make, dimensions, mean)                      \
  template <typename T>                                                 \
  bool Join##name(const CallSite& site, Stages<T>* stages) {            \
    return stages->Add(make<T>(site, dimensions, mean));                \
  }                                                                     \
  template bool Join##name(const CallSite&, Stages<float>*);            \
  template bool Join##name(const CallSite&, Stages<double>*);

CEREBRO_JOIN(MaxPooling1D, MakePooling, 1, false)
CEREBRO_JOIN(MaxPooling2D, MakePooling, 2, false)
CEREBRO_JOIN(AveragePooling1D, MakePooling, 1, true)
CEREBRO_JOIN(AveragePooling2D, MakePooling, 2, true)
CEREBRO_JOIN(GlobalMaxPooling1D, MakeGlobalPooling, 1, false)
CEREBRO_JOIN(GlobalMaxPooling2D, MakeGlobalPooling, 2, false)
CEREBRO_JOIN(GlobalAveragePooling2D, MakeGlobalPooling, 2, true)
#undef CEREBRO_JOIN

template <typename T>
bool JoinGlobalAveragePooling1D(const CallSite& site, Stages<T>* stages) {
  if (!stages->masked()) return stages->Add(MakeGlobalPooling<T>(site, 1, true));
  return site.input_shape.size() == 2 && stages->AddMasked(std::make_unique<MaskedMean<T>>(site.input_shape[0], site.input_shape[1]));
}

template bool JoinGlobalAveragePooling1D(const CallSite&, Stages<float>*);
template bool JoinGlobalAveragePooling1D(const CallSite&, Stages<double>*);

}  // namespace engine::native
