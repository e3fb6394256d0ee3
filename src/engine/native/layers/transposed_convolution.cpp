// Conv2DTranspose: what the gradient of a convolution with its input does (TensorFlow's conv2d_transpose), so it is a
// convolution run backwards. That convolution goes from this layer's results to its inputs, and has the same kernel
// (height, width, out, in). Its passes are: forward, what is here the gradient with respect to the input; back, what is
// here the result; and the gradient of its kernel is that of this one.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/activations.hpp"
#include "engine/math/gemm_tiles.hpp"
#include "engine/native/layers/convolution.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

int64_t Rounded(int64_t elements) {
  constexpr int64_t kUnit = 16;
  return (elements + kUnit - 1) / kUnit * kUnit;
}

template <typename T>
class TransposedConvolution : public Layer<T> {
 public:
  /// backwards: the convolution, without a bias or an activation.
  TransposedConvolution(std::unique_ptr<Layer<T>> backwards, int64_t out, bool use_bias, math::FusedActivation activation, int graph_layer)
      : Layer<T>(backwards->output_elements(), backwards->input_elements(), graph_layer),
        backwards_(std::move(backwards)),
        out_(out),
        use_bias_(use_bias),
        activation_(activation) {}

  // the inputs, or their gradient where nobody asks for it; the convolution's own
  int64_t ScratchElements(int64_t rows) const override {
    return 2 * Rounded(rows * this->input_elements()) + backwards_->ScratchElements(rows);
  }

  bool backward_reads_y() const override { return activation_ != math::FusedActivation::kLinear; }

  void Forward(const LayerCall<T>& call) const override {
    T* x = call.scratch;
    std::copy_n(call.x, call.rows * this->input_elements(), x);
    backwards_->Backward(Reversed(call, call.y, x), x, call.y, nullptr);
    math::BiasActivation(activation_, use_bias_ ? call.weights[1] : static_cast<const T*>(nullptr), Positions(call), out_, call.y);
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const* gradients) const override {
    math::ActivationGradient(activation_, call.y, Positions(call), out_, g);
    if (gradients != nullptr && use_bias_ && gradients[1] != nullptr) {
      math::TheGemmKernels<T>().column_sums(g, Positions(call), out_, false, gradients[1]);
    }
    T* x = call.scratch;
    T* const result = dx != nullptr ? dx : x + Rounded(call.rows * this->input_elements());
    const LayerCall<T> reversed = Reversed(call, g, result);
    backwards_->Forward(reversed);
    if (gradients == nullptr || gradients[0] == nullptr) return;
    std::copy_n(call.x, call.rows * this->input_elements(), x);
    backwards_->Backward(reversed, x, nullptr, gradients);
  }

  bool TakeActivation(math::FusedActivation activation) override {
    if (activation_ != math::FusedActivation::kLinear) return false;
    activation_ = activation;
    return true;
  }

  math::FusedActivation DropActivation() override { return std::exchange(activation_, math::FusedActivation::kLinear); }

 private:
  int64_t Positions(const LayerCall<T>& call) const { return call.rows * this->output_elements() / out_; }

  LayerCall<T> Reversed(const LayerCall<T>& call, const T* x, T* y) const {
    LayerCall<T> reversed = call;
    reversed.x = x;
    reversed.y = y;
    reversed.y_stride = this->input_elements();
    reversed.scratch = call.scratch + 2 * Rounded(call.rows * this->input_elements());
    reversed.parts = nullptr;
    return reversed;
  }

  std::unique_ptr<Layer<T>> backwards_;
  int64_t out_;  // channels
  bool use_bias_;
  math::FusedActivation activation_;
};

// The results that the convolution sees, to as many positions as the layer's input has.
math::Slide Turned(const CallSite& site, size_t dimension, int64_t window) {
  const base::Layer& layer = site.layer();
  return {site.graph_call().output_shape[dimension],
          site.input_shape[dimension],
          window,
          Attribute(layer, "strides").list().at(dimension).integer(),
          Attribute(layer, "dilation_rate").list().at(dimension).integer(),
          TextAttribute(layer, "padding") == "same"};
}

// With some output_padding the convolution would have other positions than the layer's input.
bool Fits(const math::Slide& slide, bool same) {
  return same ? (slide.in + slide.stride - 1) / slide.stride == slide.out : slide.seen() <= slide.in;
}

template <typename T>
std::unique_ptr<Layer<T>> MakeTransposedConvolution(const CallSite& site) {
  const base::Layer& layer = site.layer();
  const base::Shape& window = layer.weights[0].shape;
  if (site.input_shape.size() != 3 || site.graph_call().output_shape.size() != 3) return nullptr;
  KernelSlides slides(site, window[0], window[1]);
  slides.rows = Turned(site, 0, window[0]);
  slides.columns = Turned(site, 1, window[1]);
  const bool same = TextAttribute(layer, "padding") == "same";
  if (!Fits(slides.rows, same) || !Fits(slides.columns, same)) return nullptr;
  math::FusedActivation activation = math::FusedActivation::kLinear;
  FindFusedActivation(Attribute(layer, "activation"), &activation);
  const int64_t in = site.input_shape.back(), out = site.graph_call().output_shape.back();
  const int graph_layer = site.graph_call().layer;
  auto backwards = MakeConvolution<T>(slides, out, in, false, math::FusedActivation::kLinear, graph_layer, false);
  return std::make_unique<TransposedConvolution<T>>(std::move(backwards), out, BoolAttribute(layer, "use_bias"), activation, graph_layer);
}

}  // namespace

template <typename T>
bool JoinConv2DTranspose(const CallSite& site, Stages<T>* stages) {
  return stages->AddWithActivation(site, MakeTransposedConvolution<T>(site));
}

template bool JoinConv2DTranspose(const CallSite&, Stages<float>*);
template bool JoinConv2DTranspose(const CallSite&, Stages<double>*);

}  // namespace engine::native
