#include "engine/native/stages.hpp"

#include <algorithm>

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
  if (call.inputs.empty()) return false;
  const int distributed = graph_.layers[static_cast<size_t>(call.layer)].time_distributed;
  current_.clear();
  masks_.clear();
  made_ = {};
  StageMask outer;  // of the parts that a distributed layer runs on: it passes the layer by
  for (const int input : call.inputs) {
    const StageMask& mask = MaskOf(input);
    const bool own = static_cast<int>(mask.dims) > distributed;
    if (masks_.empty() && !own) outer = mask;
    current_.push_back(ValueOf(input));
    masks_.push_back(own ? mask : StageMask());
  }
  const auto first = static_cast<size_t>(call.inputs[0]);
  first_ = current_[0];
  last_ = results_[first];
  last_.sole = last_.sole && readers_[first] == 1;
  last_.own_output = last_.own_output && current_.size() == 1;
  each_ = 0;
  const base::Graph* graph = &graph_;
  if (distributed > 0) {
    const base::Shape& whole = graph_.calls[first].output_shape;
    each_ = base::ElementCount(base::Shape(whole.begin(), whole.begin() + distributed));
    graph = &GraphOfEach(index);
  }
  const CallSite site{graph, index, graph->calls[first].output_shape};
  const size_t before = stages_.size();
  StageMask mask;
  if (!Join(site, this) || current_.size() != 1 || !FindMask(site, &mask)) return false;
  for (size_t stage = before; stage < stages_.size(); ++stage) stages_[stage].frozen = call.frozen;
  if (mask.value >= 0) {
    mask.dims += static_cast<size_t>(made_.value >= 0 ? distributed : 0);
  } else {
    mask = outer;
  }
  results_[static_cast<size_t>(index)] = last_;
  results_[static_cast<size_t>(index)].value = current_[0];
  results_[static_cast<size_t>(index)].mask = mask;
  return true;
}

template <typename T>
const base::Graph& Stages<T>::GraphOfEach(int call) {
  if (of_each_ == nullptr) of_each_ = std::make_unique<base::Graph>(graph_);
  const base::Call& own = graph_.calls[static_cast<size_t>(call)];
  const int distributed = graph_.layers[static_cast<size_t>(own.layer)].time_distributed;
  const auto fold = [&](int which) {
    const auto at = static_cast<size_t>(which);
    of_each_->calls[at].output_shape = base::ShapeOfEach(graph_.calls[at].output_shape, distributed);
  };
  for (const int input : own.inputs) fold(input);
  fold(call);
  return *of_each_;
}

template <typename T>
int Stages<T>::AddStage(std::unique_ptr<Layer<T>> layer, std::vector<int> inputs) {
  if (each_ > 0) layer = MakeDistributed(std::move(layer), each_);
  const int value = static_cast<int>(values_.size());
  values_.push_back({layer->output_elements(), static_cast<int>(stages_.size()), -1});
  stages_.push_back({std::move(layer), std::move(inputs), value});
  return value;
}

template <typename T>
bool Stages<T>::Add(std::unique_ptr<Layer<T>> layer) {
  if (!layer || layer->inputs() != current_.size()) return false;
  current_ = {AddStage(std::move(layer), std::move(current_))};
  last_ = Result();
  last_.own_output = true;
  return true;
}

template <typename T>
bool Stages<T>::AddMasked(std::unique_ptr<Layer<T>> layer, const std::vector<size_t>& of) {
  for (const size_t input : of) current_.push_back(masks_[input].value);
  return Add(std::move(layer));
}

template <typename T>
void Stages<T>::MakeMask(std::unique_ptr<Layer<T>> layer, size_t dims) {
  made_ = {AddStage(std::move(layer), {first_}), dims};
  masks_[0] = made_;
}

template <typename T>
bool Stages<T>::FindMask(const CallSite& site, StageMask* mask) {
  using base::LayerKind;
  const bool any = std::any_of(masks_.begin(), masks_.end(), [](const StageMask& input) { return input.value >= 0; });
  if (!any) return true;
  switch (site.layer().kind) {
    case LayerKind::kEmbedding:
    case LayerKind::kMasking:
      *mask = made_;
      return true;
    case LayerKind::kDense:
    case LayerKind::kActivation:
    case LayerKind::kReLU:
    case LayerKind::kLeakyReLU:
    case LayerKind::kELU:
    case LayerKind::kSoftmax:
    case LayerKind::kThresholdedReLU:
    case LayerKind::kPReLU:
    case LayerKind::kDropout:
    case LayerKind::kSpatialDropout1D:
    case LayerKind::kSpatialDropout2D:
    case LayerKind::kAlphaDropout:
    case LayerKind::kGaussianDropout:
    case LayerKind::kGaussianNoise:
    case LayerKind::kBatchNormalization:
    case LayerKind::kLayerNormalization:
    case LayerKind::kGroupNormalization:
    case LayerKind::kUnitNormalization:
    case LayerKind::kRescaling:
    case LayerKind::kNormalization:
    case LayerKind::kReverse:
    case LayerKind::kMultiHeadAttention:
    case LayerKind::kAttention:
      *mask = masks_[0];
      return true;
    case LayerKind::kLSTM:
    case LayerKind::kGRU:
    case LayerKind::kSimpleRNN:
      if (BoolAttribute(site.layer(), "return_sequences")) *mask = masks_[0];
      return true;
    case LayerKind::kAdd:
    case LayerKind::kSubtract:
    case LayerKind::kMultiply:
    case LayerKind::kAverage:
    case LayerKind::kMaximum:
    case LayerKind::kMinimum:
      return JoinMasks(mask);
    case LayerKind::kConcatenate: {
      const size_t rank = site.input_shape.size();
      const int64_t axis = IntAttribute(site.layer(), "axis");
      if (axis != -1 && axis != static_cast<int64_t>(rank)) return false;
      return JoinMasks(mask) && mask->dims + 1 == rank + static_cast<size_t>(site.layer().time_distributed);
    }
    case LayerKind::kSlice:
      return SliceMask(site, mask);
    default:
      return true;
  }
}

// What counts in every input that has a mask.
template <typename T>
bool Stages<T>::JoinMasks(StageMask* mask) {
  std::vector<int> all;
  for (const StageMask& input : masks_) {
    if (input.value < 0) continue;
    if (all.empty()) *mask = input;
    if (values_[static_cast<size_t>(input.value)].elements != values_[static_cast<size_t>(mask->value)].elements) return false;
    if (std::find(all.begin(), all.end(), input.value) == all.end()) all.push_back(input.value);
  }
  if (all.size() == 1) return true;
  const int64_t parts = std::max<int64_t>(each_, 1), elements = values_[static_cast<size_t>(mask->value)].elements / parts;
  const size_t masks = all.size();
  mask->value = AddStage(MakeMaskProduct<T>(elements, masks), std::move(all));
  return true;
}

// Of a sequence with states behind it the mask has the steps of the sequence alone.
template <typename T>
bool Stages<T>::SliceMask(const CallSite& site, StageMask* mask) {
  const StageMask& whole = masks_[0];
  const int64_t begin = IntAttribute(site.layer(), "begin"), size = IntAttribute(site.layer(), "size");
  const int64_t steps = values_[static_cast<size_t>(whole.value)].elements / std::max<int64_t>(each_, 1);
  if (BoolAttribute(site.layer(), "squeeze")) return true;
  if (whole.dims != 1 + static_cast<size_t>(site.layer().time_distributed)) return false;
  if (begin + size > steps) return true;
  *mask = whole;
  if (begin > 0 || size < steps) mask->value = AddStage(MakeMaskSlice<T>(steps, begin, size), {whole.value});
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
