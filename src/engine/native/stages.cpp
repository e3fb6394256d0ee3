#include "engine/native/stages.hpp"

#include "base/tensor.hpp"
#include "engine/api/layer_arguments.hpp"

namespace engine::native {

template <typename T>
Stages<T>::Stages(const base::Graph& graph) : graph_(graph), readers_(graph.calls.size()), results_(graph.calls.size()) {
  for (const base::Call& call : graph.calls) {
    for (const int input : call.inputs) ++readers_[static_cast<size_t>(input)];
  }
  for (const int output : graph.outputs) ++readers_[static_cast<size_t>(output)];
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    const auto call = static_cast<size_t>(graph.inputs[i]);
    results_[call].value = static_cast<int>(values_.size());
    values_.push_back({base::ElementCount(graph.calls[call].output_shape), -1, static_cast<int>(i)});
  }
}

template <typename T>
bool Stages<T>::JoinCall(int index) {
  if (ValueOf(index) >= 0) return true;  // an input
  const base::Call& call = graph_.calls[static_cast<size_t>(index)];
  if (call.inputs.empty() || call.inference || graph_.layers[static_cast<size_t>(call.layer)].time_distributed > 0) return false;
  current_.clear();
  for (const int input : call.inputs) current_.push_back(ValueOf(input));
  const auto first = static_cast<size_t>(call.inputs[0]);
  last_ = results_[first];
  last_.sole = last_.sole && readers_[first] == 1;
  last_.own_output = last_.own_output && current_.size() == 1;
  const CallSite site{&graph_, index, graph_.calls[first].output_shape};
  if (!Join(site, this) || current_.size() != 1) return false;
  results_[static_cast<size_t>(index)] = last_;
  results_[static_cast<size_t>(index)].value = current_[0];
  return true;
}

template <typename T>
bool Stages<T>::Add(std::unique_ptr<Layer<T>> layer) {
  if (!layer || layer->inputs() != current_.size()) return false;
  const int value = static_cast<int>(values_.size());
  values_.push_back({layer->output_elements(), static_cast<int>(stages_.size()), -1});
  stages_.push_back({std::move(layer), std::move(current_), value});
  current_ = {value};
  last_ = Result();
  last_.own_output = true;
  return true;
}

template <typename T>
Layer<T>* Stages<T>::Maker() const {
  const int maker = last_.own_output && last_.sole ? values_[static_cast<size_t>(current_[0])].stage : -1;
  return maker < 0 ? nullptr : stages_[static_cast<size_t>(maker)].layer.get();
}

template <typename T>
bool Stages<T>::AddWithActivation(const CallSite& site, std::unique_ptr<Layer<T>> layer) {
  if (!Add(std::move(layer))) return false;
  math::FusedActivation activation = math::FusedActivation::kLinear;
  if (!FindFusedActivation(Attribute(site.layer(), "activation"), &activation)) return AddPointwise(site);
  last_.last = activation;
  return true;
}

template <typename T>
bool Stages<T>::AddActivation(const CallSite& site, math::FusedActivation activation) {
  if (activation == math::FusedActivation::kLinear) return true;
  Layer<T>* const maker = Maker();
  const bool taken = maker != nullptr && maker->TakeActivation(activation);
  if (!taken && !Add(MakeActivation<T>(site, activation))) return false;
  last_.last = activation;
  last_.own_output = true;
  return true;
}

template <typename T>
bool Stages<T>::AddPointwise(const CallSite& site) {
  math::PointwiseFunction function;
  Layer<T>* const maker = Maker();
  if (maker == nullptr || !FindPointwise(site, &function) || !maker->TakePointwise(function)) return Add(MakePointwise<T>(site));
  last_ = Result();
  return true;
}

template <typename T>
bool Stages<T>::Skip() {
  last_.own_output = false;
  return true;
}

template <typename T>
math::FusedActivation Stages<T>::ActivationOf(int call) const {
  const Result& result = results_[static_cast<size_t>(call)];
  return result.own_output ? result.last : math::FusedActivation::kLinear;
}

template <typename T>
bool Join(const CallSite& site, Stages<T>* stages) {
  switch (site.layer().kind) {
#define CEREBRO_LAYER(name, number)
#define CEREBRO_NATIVE_LAYER(name, number) \
  case base::LayerKind::k##name:           \
    return Join##name(site, stages);
#include "base/kinds.inc"
    default:
      return false;
  }
}

template class Stages<float>;
template class Stages<double>;
template bool Join(const CallSite&, Stages<float>*);
template bool Join(const CallSite&, Stages<double>*);

}  // namespace engine::native
