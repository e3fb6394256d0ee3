// Depthwise convolutions, of images and of sequences, and separable ones: a depthwise convolution and one of single
// pixels behind it.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/activations.hpp"
#include "engine/math/depthwise.hpp"
#include "engine/math/gemm_tiles.hpp"
#include "engine/math/poll.hpp"
#include "engine/native/layers/convolution.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

int64_t Rounded(int64_t elements) {
  constexpr int64_t kUnit = 16;
  return (elements + kUnit - 1) / kUnit * kUnit;
}

// With a multiplier of more than 1, every channel is repeated so often first, and its gradient is the sum of the
// repetitions'. The kernel lies as it is: (window, in * multiplier).
template <typename T>
class Depthwise : public Layer<T> {
 public:
  Depthwise(const KernelSlides& slides, int64_t in, int64_t multiplier, bool use_bias, math::FusedActivation activation, int graph_layer)
      : Layer<T>(slides.rows.in * slides.columns.in * in, slides.rows.out * slides.columns.out * in * multiplier, graph_layer),
        shape_{slides.rows, slides.columns, in * multiplier},
        multiplier_(multiplier),
        use_bias_(use_bias),
        activation_(activation) {}

  // one image with its channels repeated, and its gradient; the kernel mirrored
  int64_t ScratchElements(int64_t /*rows*/) const override { return 2 * ImageElements() + (Gathers() ? KernelElements() : 0); }

  bool backward_reads_y() const override { return activation_ != math::FusedActivation::kLinear; }

  void Forward(const LayerCall<T>& call) const override {
    const math::DepthwiseKernels<T>& kernels = math::TheDepthwiseKernels<T>();
    const bool relu = activation_ == math::FusedActivation::kReLU;
    for (int64_t i = 0; i < call.rows; ++i) {
      math::PollInterrupts();
      T* y = call.y + i * this->output_elements();
      kernels.product(shape_, Image(call, i), call.weights[0], use_bias_ ? call.weights[1] : nullptr, relu, y);
    }
    if (!relu) math::BiasActivation(activation_, static_cast<const T*>(nullptr), call.rows * Positions(), shape_.channels, call.y);
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const* gradients) const override {
    const math::DepthwiseKernels<T>& kernels = math::TheDepthwiseKernels<T>();
    T* turned = call.scratch + 2 * ImageElements();
    if (dx != nullptr && Gathers()) Mirror(call.weights[0], turned);
    for (int64_t i = 0; i < call.rows; ++i) {
      math::PollInterrupts();
      T* gi = g + i * this->output_elements();
      math::ActivationGradient(activation_, call.y + i * this->output_elements(), Positions(), shape_.channels, gi);
      if (gradients != nullptr && gradients[0] != nullptr) kernels.kernel_gradient(shape_, Image(call, i), gi, i > 0, gradients[0]);
      if (gradients != nullptr && use_bias_ && gradients[1] != nullptr) {
        math::TheGemmKernels<T>().column_sums(gi, Positions(), shape_.channels, i > 0, gradients[1]);
      }
      if (dx == nullptr) continue;
      T* dxi = dx + i * this->input_elements();
      T* image = multiplier_ == 1 ? dxi : call.scratch + ImageElements();
      if (Gathers()) {
        kernels.product(shape_.Turned(), gi, turned, nullptr, false, image);
      } else {
        kernels.input_gradient(shape_, gi, call.weights[0], image);
      }
      if (multiplier_ > 1) AddRepetitions(image, dxi);
    }
  }

  bool TakeActivation(math::FusedActivation activation) override {
    if (activation_ != math::FusedActivation::kLinear) return false;
    activation_ = activation;
    return true;
  }

  math::FusedActivation DropActivation() override { return std::exchange(activation_, math::FusedActivation::kLinear); }

 private:
  bool Gathers() const { return shape_.rows.stride == 1 && shape_.columns.stride == 1; }
  int64_t Positions() const { return shape_.rows.out * shape_.columns.out; }
  int64_t KernelElements() const { return shape_.rows.window * shape_.columns.window * shape_.channels; }
  int64_t ImageElements() const { return multiplier_ == 1 ? 0 : Rounded(shape_.rows.in * shape_.columns.in * shape_.channels); }

  const T* Image(const LayerCall<T>& call, int64_t i) const {
    const T* x = call.x + i * this->input_elements();
    if (multiplier_ == 1) return x;
    T* out = call.scratch;
    for (int64_t e = 0; e < this->input_elements(); ++e, out += multiplier_) std::fill_n(out, multiplier_, x[e]);
    return call.scratch;
  }

  void AddRepetitions(const T* image, T* dx) const {
    for (int64_t e = 0; e < this->input_elements(); ++e, image += multiplier_) {
      T sum = image[0];
      for (int64_t m = 1; m < multiplier_; ++m) sum += image[m];
      dx[e] = sum;
    }
  }

  void Mirror(const T* w, T* turned) const {
    for (int64_t p = shape_.rows.window * shape_.columns.window; p-- > 0; w += shape_.channels) {
      std::copy_n(w, shape_.channels, turned + p * shape_.channels);
    }
  }

  math::DepthwiseShape shape_;  // of images with their channels repeated
  int64_t multiplier_;
  bool use_bias_;
  math::FusedActivation activation_;
};

// Two layers in one, whose weights are depthwise_kernel, pointwise_kernel and the bias of the second.
template <typename T>
class Separable : public Layer<T> {
 public:
  Separable(std::unique_ptr<Layer<T>> depthwise, std::unique_ptr<Layer<T>> pointwise, int graph_layer)
      : Layer<T>(depthwise->input_elements(), pointwise->output_elements(), graph_layer),
        depthwise_(std::move(depthwise)),
        pointwise_(std::move(pointwise)) {}

  // what lies between the two, its gradient, the scratch of both
  int64_t ScratchElements(int64_t rows) const override {
    return 2 * Between(rows) + Rounded(depthwise_->ScratchElements(rows)) + pointwise_->ScratchElements(rows);
  }

  int64_t row_elements() const override { return depthwise_->row_elements() + pointwise_->row_elements(); }

  bool backward_reads_y() const override { return pointwise_->backward_reads_y(); }

  void Forward(const LayerCall<T>& call) const override {
    depthwise_->Forward(First(call));
    pointwise_->Forward(Second(call));
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const* gradients) const override {
    const bool first = dx != nullptr || (gradients != nullptr && gradients[0] != nullptr);
    T* between = call.scratch + Between(call.rows);
    pointwise_->Backward(Second(call), g, first ? between : nullptr, gradients == nullptr ? nullptr : gradients + 1);
    if (first) depthwise_->Backward(First(call), between, dx, gradients);
  }

  bool TakeActivation(math::FusedActivation activation) override { return pointwise_->TakeActivation(activation); }
  math::FusedActivation DropActivation() override { return pointwise_->DropActivation(); }

 private:
  int64_t Between(int64_t rows) const { return Rounded(rows * depthwise_->output_elements()); }

  LayerCall<T> First(const LayerCall<T>& call) const {
    LayerCall<T> first = call;
    first.y = call.scratch;
    first.scratch = call.scratch + 2 * Between(call.rows);
    first.parts = nullptr;
    return first;
  }

  LayerCall<T> Second(const LayerCall<T>& call) const {
    LayerCall<T> second = call;
    second.x = call.scratch;
    second.scratch = call.scratch + 2 * Between(call.rows) + Rounded(depthwise_->ScratchElements(call.rows));
    second.weights = call.weights + 1;
    second.parts = nullptr;
    return second;
  }

  std::unique_ptr<Layer<T>> depthwise_;
  std::unique_ptr<Layer<T>> pointwise_;
};

// Height and width of the depthwise kernel, in whose shape the channels and the multiplier are the last two.
KernelSlides SlidesOf(const CallSite& site) {
  const base::Shape& kernel = site.layer().weights[0].shape;
  return {site, kernel.size() == 4 ? kernel[0] : 1, kernel[kernel.size() - 3]};
}

math::FusedActivation ActivationOf(const base::Layer& layer) {
  math::FusedActivation activation = math::FusedActivation::kLinear;
  FindFusedActivation(Attribute(layer, "activation"), &activation);
  return activation;
}

template <typename T>
bool AddDepthwise(const CallSite& site, Stages<T>* stages) {
  const base::Layer& layer = site.layer();
  return stages->AddWithActivation(site, MakeDepthwise<T>(SlidesOf(site), site.input_shape.back(), layer.weights[0].shape.back(),
                                                          BoolAttribute(layer, "use_bias"), ActivationOf(layer), site.graph_call().layer));
}

template <typename T>
bool AddSeparable(const CallSite& site, Stages<T>* stages) {
  const base::Layer& layer = site.layer();
  const int64_t multiplier = layer.weights[0].shape.back(), between = site.input_shape.back() * multiplier;
  const int graph_layer = site.graph_call().layer;
  KernelSlides slides = SlidesOf(site);
  auto depthwise = MakeDepthwise<T>(slides, site.input_shape.back(), multiplier, false, math::FusedActivation::kLinear, graph_layer);
  slides.rows = math::Slide(slides.rows.out, slides.rows.out, 1, 1, 1, false);
  slides.columns = math::Slide(slides.columns.out, slides.columns.out, 1, 1, 1, false);
  auto pointwise = MakeConvolution<T>(slides, between, site.graph_call().output_shape.back(), BoolAttribute(layer, "use_bias"),
                                      ActivationOf(layer), graph_layer, true);
  return stages->AddWithActivation(site, std::make_unique<Separable<T>>(std::move(depthwise), std::move(pointwise), graph_layer));
}

}  // namespace

template <typename T>
std::unique_ptr<Layer<T>> MakeDepthwise(const KernelSlides& slides, int64_t in, int64_t multiplier, bool use_bias,
                                        math::FusedActivation activation, int graph_layer) {
  return std::make_unique<Depthwise<T>>(slides, in, multiplier, use_bias, activation, graph_layer);
}

template <typename T>
bool JoinDepthwiseConv1D(const CallSite& site, Stages<T>* stages) {
  return AddDepthwise(site, stages);
}

template <typename T>
bool JoinDepthwiseConv2D(const CallSite& site, Stages<T>* stages) {
  return AddDepthwise(site, stages);
}

template <typename T>
bool JoinSeparableConv1D(const CallSite& site, Stages<T>* stages) {
  return AddSeparable(site, stages);
}

template <typename T>
bool JoinSeparableConv2D(const CallSite& site, Stages<T>* stages) {
  return AddSeparable(site, stages);
}

#define CEREBRO_INSTANTIATE(T)                                                                                                        \
  template std::unique_ptr<Layer<T>> MakeDepthwise(const KernelSlides&, int64_t, int64_t, bool, math::FusedActivation, int);          \
  template bool JoinDepthwiseConv1D(const CallSite&, Stages<T>*);                                                                     \
  template bool JoinDepthwiseConv2D(const CallSite&, Stages<T>*);                                                                     \
  template bool JoinSeparableConv1D(const CallSite&, Stages<T>*);                                                                     \
  template bool JoinSeparableConv2D(const CallSite&, Stages<T>*);
CEREBRO_INSTANTIATE(float)
CEREBRO_INSTANTIATE(double)
#undef CEREBRO_INSTANTIATE

}  // namespace engine::native
