// Activations: as layers, and as the stage behind a layer that cannot do them itself.
#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/api/pointwise_function.hpp"
#include "engine/math/activations.hpp"
#include "engine/math/pointwise.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

using base::LayerKind;

// An activation that no layer before it could take.
template <typename T>
class ActivationLayer : public Layer<T> {
 public:
  ActivationLayer(int64_t positions, int64_t classes, math::FusedActivation activation)
      : Layer<T>(positions * classes, positions * classes, -1), positions_(positions), classes_(classes), activation_(activation) {}

  bool backward_reads_inputs() const override { return false; }

  void Forward(const LayerCall<T>& call) const override {
    std::copy(call.x, call.x + call.rows * this->input_elements(), call.y);
    math::BiasActivation(activation_, static_cast<const T*>(nullptr), call.rows * positions_, classes_, call.y);
  }

  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx == nullptr) return;
    math::ActivationGradient(activation_, call.y, call.rows * positions_, classes_, g);
    std::copy(g, g + call.rows * this->input_elements(), dx);
  }

  bool TakeActivation(math::FusedActivation activation) override {
    if (activation_ != math::FusedActivation::kLinear) return false;
    activation_ = activation;
    return true;
  }

  math::FusedActivation DropActivation() override { return std::exchange(activation_, math::FusedActivation::kLinear); }

 private:
  int64_t positions_;
  int64_t classes_;
  math::FusedActivation activation_;
};

template <typename T>
class PointwiseLayer : public Layer<T> {
 public:
  PointwiseLayer(int64_t elements, const math::PointwiseFunction& function) : Layer<T>(elements, elements, -1), function_(function) {}

  bool backward_reads_y() const override { return false; }

  void Forward(const LayerCall<T>& call) const override {
    math::ApplyPointwise(function_, call.x, call.rows * this->input_elements(), call.y);
  }
  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx != nullptr) math::PointwiseGradient(function_, call.x, g, call.rows * this->input_elements(), dx);
  }

 private:
  math::PointwiseFunction function_;
};

template <typename T>
class LogSoftmaxLayer : public Layer<T> {
 public:
  LogSoftmaxLayer(int64_t positions, int64_t classes)
      : Layer<T>(positions * classes, positions * classes, -1), positions_(positions), classes_(classes) {}

  bool backward_reads_inputs() const override { return false; }

  void Forward(const LayerCall<T>& call) const override { math::LogSoftmax(call.x, call.rows * positions_, classes_, call.y); }
  void Backward(const LayerCall<T>& call, T* g, T* dx, T* const*) const override {
    if (dx != nullptr) math::LogSoftmaxGradient(call.y, g, call.rows * positions_, classes_, dx);
  }

 private:
  int64_t positions_;
  int64_t classes_;
};

}  // namespace

bool FindFusedActivation(const base::Value& name, math::FusedActivation* activation) {
  if (name.is_null()) {
    *activation = math::FusedActivation::kLinear;
    return true;
  }
  static constexpr std::pair<const char*, math::FusedActivation> kNames[] = {
      {"linear", math::FusedActivation::kLinear},   {"relu", math::FusedActivation::kReLU},
      {"sigmoid", math::FusedActivation::kSigmoid}, {"tanh", math::FusedActivation::kTanh},
      {"softmax", math::FusedActivation::kSoftmax},
  };
  for (const auto& [known, kind] : kNames) {
    if (name.string() == known) {
      *activation = kind;
      return true;
    }
  }
  return false;
}

template <typename T>
std::unique_ptr<Layer<T>> MakeActivation(const CallSite& site, math::FusedActivation activation) {
  const int64_t elements = base::ElementCount(site.input_shape);
  const int64_t classes = site.input_shape.empty() ? 1 : site.input_shape.back();
  if (elements < 1) return nullptr;
  return std::make_unique<ActivationLayer<T>>(elements / classes, classes, activation);
}

bool FindPointwise(const CallSite& site, math::PointwiseFunction* function) {
  const base::Layer& layer = site.layer();
  *function = PlainFunction(math::Pointwise::kReLU);
  switch (layer.kind) {
    case LayerKind::kReLU:
      function->slope = NumberAttribute(layer, "negative_slope");
      function->threshold = NumberAttribute(layer, "threshold");
      FindNumber(layer, "max_value", &function->limit);
      return true;
    case LayerKind::kThresholdedReLU:
      function->threshold = NumberAttribute(layer, "theta");
      return true;
    case LayerKind::kLeakyReLU:
      function->slope = NumberAttribute(layer, "alpha");
      return true;
    case LayerKind::kELU:
      function->kind = math::Pointwise::kELU;
      function->alpha = NumberAttribute(layer, "alpha");
      return true;
    default:
      return FindFunction(ActivationAttribute(layer, "activation"), function);
  }
}

template <typename T>
std::unique_ptr<Layer<T>> MakePointwise(const CallSite& site) {
  const base::Shape& shape = site.graph_call().output_shape;
  const int64_t elements = base::ElementCount(shape);
  math::PointwiseFunction function;
  if (FindPointwise(site, &function)) return std::make_unique<PointwiseLayer<T>>(elements, function);
  if (ActivationAttribute(site.layer(), "activation") != Activation::kLogSoftmax || shape.empty()) return nullptr;
  return std::make_unique<LogSoftmaxLayer<T>>(elements / shape.back(), shape.back());
}

template <typename T>
bool JoinActivation(const CallSite& site, Stages<T>* stages) {
  math::FusedActivation activation = math::FusedActivation::kLinear;
  if (FindFusedActivation(Attribute(site.layer(), "activation"), &activation)) return stages->AddActivation(site, activation);
  return stages->AddPointwise(site);
}

template <typename T>
bool JoinReLU(const CallSite& site, Stages<T>* stages) {
  const base::Layer& layer = site.layer();
  double max = 0;
  const bool plain = NumberAttribute(layer, "negative_slope") == 0 && NumberAttribute(layer, "threshold") == 0;
  if (plain && !FindNumber(layer, "max_value", &max)) return stages->AddActivation(site, math::FusedActivation::kReLU);
  return stages->AddPointwise(site);
}

template <typename T>
bool JoinThresholdedReLU(const CallSite& site, Stages<T>* stages) {
  return stages->AddPointwise(site);
}

template <typename T>
bool JoinLeakyReLU(const CallSite& site, Stages<T>* stages) {
  return stages->AddPointwise(site);
}

template <typename T>
bool JoinELU(const CallSite& site, Stages<T>* stages) {
  return stages->AddPointwise(site);
}

template <typename T>
bool JoinSoftmax(const CallSite& site, Stages<T>* stages) {
  const base::Value& axis = Attribute(site.layer(), "axis");
  const auto dims = static_cast<int64_t>(site.input_shape.size());
  if (!axis.is_number() || (axis.integer() != -1 && axis.integer() != dims)) return false;
  return stages->AddActivation(site, math::FusedActivation::kSoftmax);
}

template std::unique_ptr<Layer<float>> MakeActivation(const CallSite&, math::FusedActivation);
template std::unique_ptr<Layer<double>> MakeActivation(const CallSite&, math::FusedActivation);
template std::unique_ptr<Layer<float>> MakePointwise(const CallSite&);
template std::unique_ptr<Layer<double>> MakePointwise(const CallSite&);
template bool JoinActivation(const CallSite&, Stages<float>*);
template bool JoinActivation(const CallSite&, Stages<double>*);
template bool JoinReLU(const CallSite&, Stages<float>*);
template bool JoinReLU(const CallSite&, Stages<double>*);
template bool JoinThresholdedReLU(const CallSite&, Stages<float>*);
template bool JoinThresholdedReLU(const CallSite&, Stages<double>*);
template bool JoinLeakyReLU(const CallSite&, Stages<float>*);
template bool JoinLeakyReLU(const CallSite&, Stages<double>*);
template bool JoinELU(const CallSite&, Stages<float>*);
template bool JoinELU(const CallSite&, Stages<double>*);
template bool JoinSoftmax(const CallSite&, Stages<float>*);
template bool JoinSoftmax(const CallSite&, Stages<double>*);

}  // namespace engine::native
