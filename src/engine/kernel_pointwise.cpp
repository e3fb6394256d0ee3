#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "base/tensor.hpp"
#include "engine/kernel_layer.hpp"
#include "engine/kernel_pointwise_math.hpp"
#include "engine/layer_activation.hpp"
#include "engine/module.hpp"

namespace engine {

namespace {

using base::LayerKind;

template <typename T>
class KernelPointwise : public KernelLayer<T> {
 public:
  KernelPointwise(int64_t elements, const PointwiseFunction& function) : KernelLayer<T>(elements, elements, -1), function_(function) {}

  void Forward(const KernelCall<T>& call) const override { ApplyPointwise(function_, call.x, call.rows * this->input_elements(), call.y); }
  void Backward(const KernelCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx != nullptr) PointwiseGradient(function_, call.x, g, call.rows * this->input_elements(), dx);
  }

 private:
  PointwiseFunction function_;
};

template <typename T>
class KernelLogSoftmax : public KernelLayer<T> {
 public:
  KernelLogSoftmax(int64_t places, int64_t classes)
      : KernelLayer<T>(places * classes, places * classes, -1), places_(places), classes_(classes) {}

  void Forward(const KernelCall<T>& call) const override { LogSoftmax(call.x, call.rows * places_, classes_, call.y); }
  void Backward(const KernelCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx != nullptr) LogSoftmaxGradient(call.y, g, call.rows * places_, classes_, dx);
  }

 private:
  int64_t places_;
  int64_t classes_;
};

PointwiseFunction Function(Pointwise kind) {
  PointwiseFunction function;
  function.kind = kind;
  function.limit = std::numeric_limits<double>::infinity();
  return function;
}

// By Keras's name; false for those of KernelActivation and for log_softmax.
bool FindFunction(Activation activation, PointwiseFunction* function) {
  switch (activation) {
    case Activation::kReLU6:
      *function = Function(Pointwise::kReLU6);
      return true;
    case Activation::kSoftplus:
      *function = Function(Pointwise::kSoftplus);
      return true;
    case Activation::kSoftsign:
      *function = Function(Pointwise::kSoftsign);
      return true;
    case Activation::kELU:
      *function = Function(Pointwise::kELU);
      return true;
    case Activation::kSELU:
      *function = Function(Pointwise::kELU);
      function->alpha = kSeluAlpha;
      function->scale = kSeluScale;
      return true;
    case Activation::kExponential:
      *function = Function(Pointwise::kExponential);
      return true;
    case Activation::kGELU:
      *function = Function(Pointwise::kGELU);
      return true;
    case Activation::kSwish:
      *function = Function(Pointwise::kSwish);
      return true;
    case Activation::kHardSigmoid:
      *function = Function(Pointwise::kHardSigmoid);
      return true;
    case Activation::kMish:
      *function = Function(Pointwise::kMish);
      return true;
    default:
      return false;
  }
}

}  // namespace

template <typename T>
std::unique_ptr<KernelLayer<T>> MakeKernelPointwise(const KernelPlace& place) {
  const base::Layer& layer = place.layer();
  const base::Shape& shape = place.graph_call().output_shape;
  const int64_t elements = base::ElementCount(shape);
  PointwiseFunction function = Function(Pointwise::kReLU);
  switch (layer.kind) {
    case LayerKind::kReLU:
      function.slope = NumberAttribute(layer, "negative_slope");
      function.threshold = NumberAttribute(layer, "threshold");
      FindNumber(layer, "max_value", &function.limit);
      break;
    case LayerKind::kLeakyReLU:
      function.slope = NumberAttribute(layer, "alpha");
      break;
    case LayerKind::kELU:
      function.kind = Pointwise::kELU;
      function.alpha = NumberAttribute(layer, "alpha");
      break;
    default: {
      const Activation activation = ActivationAttribute(layer, "activation");
      if (activation == Activation::kLogSoftmax && !shape.empty()) {
        return std::make_unique<KernelLogSoftmax<T>>(elements / shape.back(), shape.back());
      }
      if (!FindFunction(activation, &function)) return nullptr;
    }
  }
  return std::make_unique<KernelPointwise<T>>(elements, function);
}

template std::unique_ptr<KernelLayer<float>> MakeKernelPointwise(const KernelPlace&);
template std::unique_ptr<KernelLayer<double>> MakeKernelPointwise(const KernelPlace&);

}  // namespace engine
