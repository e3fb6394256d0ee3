#include "engine/native/network.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/tensor.hpp"
#include "engine/api/workspace.hpp"
#include "engine/math/gemm_blas.hpp"
#include "engine/math/poll.hpp"
#include "engine/native/stages.hpp"

namespace engine::native {

namespace {

// Every call reads the one before it, every layer is called once.
bool IsChain(const base::Graph& graph) {
  const int calls = static_cast<int>(graph.calls.size());
  if (graph.inputs.size() != 1 || graph.outputs.size() != 1 || graph.inputs[0] != 0 || graph.outputs[0] != calls - 1 || calls < 2) {
    return false;
  }
  if (graph.layers.size() != graph.calls.size()) return false;
  std::vector<bool> called(graph.layers.size());
  for (int i = 0; i < calls; ++i) {
    const base::Call& call = graph.calls[static_cast<size_t>(i)];
    if (i > 0 && (call.inputs.size() != 1 || call.inputs[0] != i - 1)) return false;
    if (called[static_cast<size_t>(call.layer)]) return false;
    called[static_cast<size_t>(call.layer)] = true;
  }
  return true;
}

// Sizes go to the BLAS as 32-bit integers.
bool Fits(const base::Shape& shape) {
  const int64_t elements = base::ElementCount(shape);
  return elements >= 1 && elements <= std::numeric_limits<int32_t>::max();
}

bool HasConstraint(const base::Graph& graph) {
  for (const base::Layer& layer : graph.layers) {
    for (const base::WeightSpec& weight : layer.weights) {
      if (!weight.constraint.is_null()) return true;
    }
  }
  return false;
}

}  // namespace

template <typename T>
std::unique_ptr<Network<T>> Network<T>::Make(const base::Graph& graph, const base::LossConfig& loss, double loss_weight) {
  if (!math::HasProducts() || !IsChain(graph) || HasConstraint(graph)) return nullptr;
  Stages<T> joined;
  for (size_t i = 0; i < graph.calls.size(); ++i) {
    if (!Fits(graph.calls[i].output_shape)) return nullptr;
    if (i == 0) continue;
    const CallSite site{&graph, static_cast<int>(i), graph.calls[i - 1].output_shape};
    if (!Join(site, &joined)) return nullptr;
  }
  auto network = std::make_unique<Network<T>>();
  std::vector<Stage>& stages = network->stages_;
  for (std::unique_ptr<Layer<T>>& layer : joined.Take()) stages.push_back({std::move(layer)});
  if (stages.empty()) return nullptr;
  network->loss_ = Loss::Make(loss, loss_weight, graph.calls.back().output_shape, joined.last());
  if (!network->loss_) return nullptr;
  if (network->loss_->on_logits()) stages.back().layer->DropActivation();

  for (Stage& stage : stages) {
    const int layer = stage.layer->graph_layer();
    if (layer < 0) continue;
    const auto& weights = graph.layers[static_cast<size_t>(layer)].weights;
    stage.trained = std::any_of(weights.begin(), weights.end(), [](const base::WeightSpec& w) { return w.trainable; });
  }
  while (network->first_trained_ < stages.size() && !stages[network->first_trained_].trained) ++network->first_trained_;
  return network;
}

template <typename T>
typename Network<T>::Layout Network<T>::LayOut(int64_t rows) const {
  Layout layout;
  const auto take = [&](int64_t elements) {
    const size_t offset = layout.bytes;
    layout.bytes += Workspace::Padded<T>(elements);
    return offset;
  };
  int64_t widest = 1;
  for (const Stage& stage : stages_) {
    layout.results.push_back(take(rows * stage.layer->output_elements()));
    layout.scratch.push_back(take(stage.layer->ScratchElements(rows)));
    widest = std::max({widest, stage.layer->input_elements(), stage.layer->output_elements()});
  }
  for (size_t& gradient : layout.gradients) gradient = take(rows * widest);
  layout.factors = take(rows * loss_->positions());
  layout.losses = take(rows * loss_->positions());
  return layout;
}

template <typename T>
const Layer<T>& Network<T>::ReachedByZeros() const {
  size_t stage = 0;
  while (stages_[stage].layer->keeps_zeros() && stage + 1 < stages_.size()) ++stage;
  return *stages_[stage].layer;
}

template <typename T>
int64_t Network<T>::ResultBytes() const {
  int64_t elements = 0;
  for (const Stage& stage : stages_) elements += stage.layer->output_elements();
  return elements * static_cast<int64_t>(sizeof(T));
}

template <typename T>
LayerCall<T> Network<T>::CallOf(size_t stage, const Pass& pass) const {
  const auto at = [&](size_t offset) { return reinterpret_cast<T*>(pass.workspace + offset); };
  const Layer<T>& layer = *stages_[stage].layer;
  LayerCall<T> call;
  call.rows = pass.rows;
  call.training = pass.keys != nullptr;
  call.keys = pass.keys;
  call.x = stage == 0 ? pass.x : at(pass.layout->results[stage - 1]);
  call.y = at(pass.layout->results[stage]);
  call.scratch = at(pass.layout->scratch[stage]);
  if (layer.graph_layer() >= 0) call.weights = (*pass.weights)[static_cast<size_t>(layer.graph_layer())].data();
  return call;
}

template <typename T>
T* Network<T>::Forward(const Pass& pass) const {
  for (size_t i = 0; i < stages_.size(); ++i) {
    math::PollInterrupts();
    stages_[i].layer->Forward(CallOf(i, pass));
  }
  return reinterpret_cast<T*>(pass.workspace + pass.layout->results.back());
}

template <typename T>
void Network<T>::Backward(const Pass& pass, GradientSink<T>* sink) const {
  T* g = reinterpret_cast<T*>(pass.workspace + pass.layout->gradients[0]);
  T* dx = reinterpret_cast<T*>(pass.workspace + pass.layout->gradients[1]);
  for (size_t i = stages_.size(); i-- > first_trained_;) {
    math::PollInterrupts();
    const Layer<T>& layer = *stages_[i].layer;
    T* const* destinations = stages_[i].trained ? sink->Destinations(layer.graph_layer()) : nullptr;
    LayerCall<T> call = CallOf(i, pass);
    if (destinations != nullptr) call.parts = sink->Parts(layer.graph_layer());
    layer.Backward(call, g, i == first_trained_ ? nullptr : dx, destinations);
    if (stages_[i].trained) sink->Done(layer.graph_layer());
    std::swap(g, dx);
  }
  for (size_t i = 0; i < stages_.size(); ++i) {
    if (stages_[i].layer->moves_statistics()) stages_[i].layer->UpdateMovingStatistics(CallOf(i, pass));
  }
}

template class Network<float>;
template class Network<double>;

}  // namespace engine::native
