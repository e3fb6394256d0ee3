// Compiling: the calls join the stages, the losses take logits where they can, and the pass back is planned: which
// stages it has, and where each part of a gradient goes. LayOut then says where values and gradients lie, by the times
// between which they are in use.
#include "engine/native/network.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/tensor.hpp"
#include "engine/api/workspace.hpp"
#include "engine/math/merge.hpp"
#include "engine/math/poll.hpp"
#include "engine/native/categories.hpp"
#include "engine/native/memory_plan.hpp"

namespace engine::native {

namespace {

// Larger ones are nothing that a row of a table could hold.
bool Fits(const base::Shape& shape) {
  const int64_t elements = base::ElementCount(shape);
  return elements >= 1 && elements <= std::numeric_limits<int32_t>::max();
}

template <typename T>
int64_t PaddedElements(int64_t n) {
  return static_cast<int64_t>(Workspace::Padded<T>(n) / sizeof(T));
}

}  // namespace

template <typename T>
struct Network<T>::Joined {
  explicit Joined(const base::Graph& graph) : calls(graph) {}
  Stages<T> calls;
  std::vector<StageValue> values;
  std::vector<JoinedStage<T>> stages;
};

template <typename T>
std::unique_ptr<Network<T>> Network<T>::Make(const base::Graph& graph, const std::vector<base::LossConfig>& losses,
                                             const std::vector<double>& loss_weights) {
  const std::unique_ptr<Joined> joined = JoinCalls(graph);
  if (joined == nullptr || joined->stages.empty()) return nullptr;
  auto network = std::make_unique<Network<T>>();
  if (!network->AddLosses(graph, losses, loss_weights, joined.get())) return nullptr;
  network->TakeStages(joined.get());
  network->PlaceInside();
  network->FindGradients(graph);
  network->FindZeros();
  return network;
}

template <typename T>
std::unique_ptr<Network<T>> Network<T>::MakeForward(const base::Graph& graph) {
  const std::unique_ptr<Joined> joined = JoinCalls(graph);
  if (joined == nullptr) return nullptr;
  auto network = std::make_unique<Network<T>>();
  for (const int call : graph.outputs) network->outputs_.push_back({Loss(), joined->calls.ValueOf(call), kNone, false});
  network->TakeStages(joined.get());
  network->PlaceInside();
  return network;
}

template <typename T>
std::unique_ptr<typename Network<T>::Joined> Network<T>::JoinCalls(const base::Graph& graph) {
  auto joined = std::make_unique<Joined>(graph);
  for (size_t call = 0; call < graph.calls.size(); ++call) {
    if (!Fits(graph.calls[call].output_shape) || !joined->calls.JoinCall(static_cast<int>(call))) return nullptr;
  }
  joined->values = joined->calls.TakeValues();
  joined->stages = joined->calls.TakeStages();
  std::vector<int> returned;
  for (const int call : graph.outputs) {
    returned.push_back(joined->calls.ValueOf(call));
    if (joined->calls.MaskOf(call).value >= 0) returned.push_back(joined->calls.MaskOf(call).value);
  }
  JoinCategories(graph, returned, &joined->values, &joined->stages);
  return joined;
}

template <typename T>
bool Network<T>::AddLosses(const base::Graph& graph, const std::vector<base::LossConfig>& losses, const std::vector<double>& loss_weights,
                           Joined* joined) {
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    const int call = graph.outputs[i];
    std::optional<Loss> loss =
        Loss::Make(losses[i], loss_weights[i], graph.calls[static_cast<size_t>(call)].output_shape, joined->calls.ActivationOf(call));
    if (!loss) return false;
    const int mask = graph.calls[static_cast<size_t>(call)].output_shape.size() > 1 ? joined->calls.MaskOf(call).value : -1;
    if (mask >= 0 && loss->positions() % joined->values[static_cast<size_t>(mask)].elements != 0) return false;
    outputs_.push_back({*loss, joined->calls.ValueOf(call), 0, false, mask});
  }
  GiveLogits(graph, &joined->stages, &joined->values);
  return true;
}

template <typename T>
void Network<T>::TakeStages(Joined* joined) {
  for (const StageValue& value : joined->values) values_.emplace_back(value);
  for (JoinedStage<T>& stage : joined->stages) {
    most_inputs_ = std::max(most_inputs_, stage.inputs.size());
    values_[static_cast<size_t>(stage.output)].stage = stages();
    stages_.emplace_back();
    stages_.back().layer = std::move(stage.layer);
    stages_.back().output = stage.output;
    stages_.back().frozen = stage.frozen;
    product_offsets_.push_back(product_elements_);
    product_elements_ += PaddedElements<T>(stages_.back().layer->ProductElements());
    for (const int input : stage.inputs) stages_.back().inputs.push_back({input});
  }
}

// A loss that wants logits takes them from the stage that makes the output, whose activation goes. Who else reads the
// output gets it from an activation behind that stage.
template <typename T>
void Network<T>::GiveLogits(const base::Graph& graph, std::vector<JoinedStage<T>>* joined, std::vector<StageValue>* values) {
  std::vector<bool> given(values->size());
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const int logits = outputs_[i].value;
    if (!outputs_[i].loss.on_logits() || given[static_cast<size_t>(logits)]) continue;
    given[static_cast<size_t>(logits)] = true;
    const auto maker = std::find_if(joined->begin(), joined->end(), [&](const JoinedStage<T>& stage) { return stage.output == logits; });
    const math::FusedActivation activation = maker->layer->DropActivation();

    std::vector<int*> others;
    for (JoinedStage<T>& stage : *joined) {
      for (int& input : stage.inputs) {
        if (input == logits) others.push_back(&input);
      }
    }
    for (Output& output : outputs_) {
      if (output.value == logits && !output.loss.on_logits()) others.push_back(&output.value);
    }
    if (others.empty()) continue;
    const int activated = static_cast<int>(values->size());
    for (int* other : others) *other = activated;
    const int call = graph.outputs[i];
    values->push_back({(*values)[static_cast<size_t>(logits)].elements, 0, -1});
    JoinedStage<T> stage;
    stage.layer = MakeActivation<T>({&graph, call, graph.calls[static_cast<size_t>(call)].output_shape}, activation);
    stage.inputs = {logits};
    stage.output = activated;
    joined->insert(maker + 1, std::move(stage));
  }
}

// Rows that only one stage reads, to lay them beside others, are written where they will lie.
template <typename T>
void Network<T>::PlaceInside() {
  std::vector<int> readers(values_.size());
  for (const Stage& stage : stages_) {
    for (const Source& input : stage.inputs) ++readers[static_cast<size_t>(input.value)];
  }
  for (const Output& output : outputs_) ++readers[static_cast<size_t>(output.value)];
  for (const Stage& stage : stages_) {
    for (size_t i = 0; i < stage.inputs.size(); ++i) {
      const int64_t position = stage.layer->PositionOfInput(i);
      Value& value = values_[static_cast<size_t>(stage.inputs[i].value)];
      if (position < 0 || readers[static_cast<size_t>(stage.inputs[i].value)] != 1 || value.stage < 0) continue;
      if (!stages_[static_cast<size_t>(value.stage)].layer->rows_may_lie_apart()) continue;
      value.whole = stage.output;
      value.position = position;
    }
  }
}

// Marks the stages that have trained weights. Returns the values that depend on one.
template <typename T>
std::vector<bool> Network<T>::FindTrained(const base::Graph& graph) {
  for (const base::Layer& layer : graph.layers) {
    weight_counts_.emplace_back();
    for (const base::WeightSpec& weight : layer.weights) weight_counts_.back().push_back(base::ElementCount(weight.shape));
  }
  std::vector<bool> needs(values_.size());
  for (Stage& stage : stages_) {
    const int layer = stage.layer->graph_layer();
    if (layer >= 0) {
      const auto& weights = graph.layers[static_cast<size_t>(layer)].weights;
      stage.trained = std::any_of(weights.begin(), weights.end(), [](const base::WeightSpec& w) { return w.trainable; });
    }
    bool below = false;
    for (const Source& input : stage.inputs) below = below || needs[static_cast<size_t>(input.value)];
    needs[static_cast<size_t>(stage.output)] = stage.trained || (below && stage.layer->differentiable());
  }
  return needs;
}

template <typename T>
void Network<T>::FindGradients(const base::Graph& graph) {
  const std::vector<bool> needs = FindTrained(graph);
  const int losses = stages();
  for (Output& output : outputs_) {
    Value& value = values_[static_cast<size_t>(output.value)];
    output.gradient = gradients_.size();
    gradients_.push_back({value.elements, losses, losses});
    if (!needs[static_cast<size_t>(output.value)]) continue;
    output.adds = value.gradient != kNone;
    if (!output.adds) value.gradient = output.gradient;
  }
  calls_back_.resize(graph.layers.size());
  for (size_t i = stages_.size(); i-- > 0;) {
    Stage& stage = stages_[i];
    const Value& result = values_[static_cast<size_t>(stage.output)];
    if (result.gradient == kNone) continue;
    stage.backward = true;
    gradients_[result.gradient].until = BackwardTime(i);
    if (stage.layer->differentiable()) GiveSources(i, needs);
    if (!stage.trained) continue;
    int& calls = calls_back_[static_cast<size_t>(stage.layer->graph_layer())];
    stage.adds = calls++ > 0;
  }
  std::vector<int> calls_left = calls_back_;
  for (size_t i = stages_.size(); i-- > 0;) {
    Stage& stage = stages_[i];
    if (!stage.backward || !stage.trained) continue;
    const auto layer = static_cast<size_t>(stage.layer->graph_layer());
    stage.last = --calls_left[layer] == 0;
    if (!stage.adds) continue;
    int64_t elements = 0;
    for (const int64_t count : weight_counts_[layer]) elements += PaddedElements<T>(count);
    most_aside_ = std::max(most_aside_, elements);
    most_weights_ = std::max(most_weights_, weight_counts_[layer].size());
  }
}

// Where the stage's gradients with respect to what it reads go: to the value's own memory when they are the first,
// else aside. A gradient that is handed on as it is may become the value's own, memory and all.
template <typename T>
void Network<T>::GiveSources(size_t index, const std::vector<bool>& needs) {
  Stage& stage = stages_[index];
  const int now = BackwardTime(index);
  const size_t given = values_[static_cast<size_t>(stage.output)].gradient;
  bool taken = !stage.layer->hands_gradient_on();
  for (Source& source : stage.inputs) {
    if (!needs[static_cast<size_t>(source.value)]) continue;
    Value& value = values_[static_cast<size_t>(source.value)];
    const auto same = [&](const Source& other) { return other.value == source.value; };
    source.adds = value.gradient != kNone;
    if (value.whole == stage.output) {
      source.gradient = given;
    } else if (!taken && !source.adds && std::count_if(stage.inputs.begin(), stage.inputs.end(), same) == 1) {
      source.gradient = given;
      taken = true;
    } else {
      source.gradient = gradients_.size();
      gradients_.push_back({stage.layer->hands_gradient_on() && source.adds ? 0 : value.elements, now, now});
    }
    if (!source.adds) value.gradient = source.gradient;
    gradients_[value.gradient].until = now;
  }
}

// The first layer with the sparse product that an input's zeros reach.
template <typename T>
void Network<T>::FindZeros() {
  std::vector<int> from(values_.size(), -1);  // the input whose zeros a value has
  for (size_t i = 0; i < values_.size(); ++i) from[i] = values_[i].input;
  for (const Stage& stage : stages_) {
    const int input = stage.inputs.size() == 1 ? from[static_cast<size_t>(stage.inputs[0].value)] : -1;
    if (input < 0) continue;
    if (stage.layer->keeps_zeros()) from[static_cast<size_t>(stage.output)] = input;
    if (!stage.layer->uses_sparse_product()) continue;
    reached_by_zeros_ = stage.layer.get();
    zeros_from_ = input;
    return;
  }
}

template <typename T>
double Network<T>::Density(const T* const* inputs, int64_t rows) const {
  return uses_sparse_product() ? reached_by_zeros_->Density(inputs[zeros_from_], rows) : 1;
}

// Times: stage i runs at i and backwards at 2 * stages - i, with the losses at `stages` between. Statistics move at the
// end.
template <typename T>
typename Network<T>::Layout Network<T>::LayOut(int64_t rows, bool training) const {
  const int losses = stages(), end = 2 * stages() + 1;
  std::vector<int> from(values_.size()), until(values_.size());
  for (size_t i = 0; i < stages_.size(); ++i) {
    const Stage& stage = stages_[i];
    const int now = static_cast<int>(i);
    const int back = training && stage.backward && !stage.layer->hands_gradient_on() ? BackwardTime(i) : now;
    from[static_cast<size_t>(stage.output)] = now;
    until[static_cast<size_t>(stage.output)] = stage.layer->backward_reads_y() ? back : now;
    for (const Source& input : stage.inputs) {
      int& last = until[static_cast<size_t>(input.value)];
      last = std::max(last, stage.layer->backward_reads_inputs() ? back : now);
    }
  }
  for (const Output& output : outputs_) {
    for (const int value : {output.value, output.mask}) {
      if (value >= 0) until[static_cast<size_t>(value)] = std::max(until[static_cast<size_t>(value)], losses);
    }
  }
  for (size_t i = 0; i < values_.size(); ++i) {
    if (values_[i].whole < 0) continue;
    const auto whole = static_cast<size_t>(values_[i].whole);
    from[whole] = std::min(from[whole], from[i]);
    until[whole] = std::max(until[whole], until[i]);
  }

  std::vector<Block> blocks;
  const auto add = [&](int64_t elements, int first, int last) {
    blocks.push_back({static_cast<size_t>(elements) * sizeof(T), first, last});
    return blocks.size() - 1;
  };
  for (size_t i = 0; i < stages_.size(); ++i) {
    const auto output = static_cast<size_t>(stages_[i].output);
    const Layer<T>& layer = *stages_[i].layer;
    const int now = static_cast<int>(i);
    const int back = training && stages_[i].backward ? BackwardTime(i) : now;
    add(values_[output].whole < 0 ? rows * values_[output].elements : 0, from[output], until[output]);
    add(layer.ScratchElements(rows), now, training && layer.moves_statistics() ? end : back);
  }
  const size_t first_gradient = blocks.size();
  for (const Gradient& gradient : gradients_) {
    const bool wanted = training || gradient.from == losses;
    add(wanted ? rows * gradient.elements : 0, gradient.from, training ? gradient.until : gradient.from);
  }
  int64_t positions = 1;
  for (const Output& output : outputs_) positions = std::max(positions, output.loss.positions());
  const size_t factors = add(rows * positions, losses, losses), row_losses = add(rows * positions, losses, losses);
  const size_t aside = add(training ? most_aside_ : 0, losses, end);
  blocks.push_back({(most_inputs_ > 1 ? 2 * most_inputs_ : 0) * sizeof(T*) + most_weights_ * sizeof(T*), 0, end});

  Layout layout;
  layout.bytes = PlanMemory(&blocks);
  layout.values.resize(values_.size());
  for (size_t i = 0; i < stages_.size(); ++i) {
    layout.values[static_cast<size_t>(stages_[i].output)] = blocks[2 * i].offset;
    layout.scratch.push_back(blocks[2 * i + 1].offset);
  }
  for (size_t i = 0; i < values_.size(); ++i) {
    if (values_[i].whole < 0) continue;
    layout.values[i] = layout.values[static_cast<size_t>(values_[i].whole)] + static_cast<size_t>(values_[i].position) * sizeof(T);
  }
  for (size_t i = 0; i < gradients_.size(); ++i) layout.gradients.push_back(blocks[first_gradient + i].offset);
  layout.factors = blocks[factors].offset;
  layout.losses = blocks[row_losses].offset;
  layout.aside = blocks[aside].offset;
  layout.pointers = blocks.back().offset;
  return layout;
}

template <typename T>
int64_t Network<T>::ResultBytes() const {
  int64_t elements = 0;
  for (const Stage& stage : stages_) elements += stage.layer->row_elements();
  return elements * static_cast<int64_t>(sizeof(T));
}

template <typename T>
LayerCall<T> Network<T>::CallOf(size_t index, const Pass& pass) const {
  const Stage& stage = stages_[index];
  const Value& result = values_[static_cast<size_t>(stage.output)];
  LayerCall<T> call;
  call.rows = pass.rows;
  call.training = pass.keys != nullptr && !stage.frozen;
  call.keys = pass.keys;
  call.x = ValueOf(stage.inputs[0].value, pass);
  if (stage.inputs.size() > 1) {
    const T** inputs = reinterpret_cast<const T**>(pass.workspace + pass.layout->pointers);
    for (size_t i = 0; i < stage.inputs.size(); ++i) inputs[i] = ValueOf(stage.inputs[i].value, pass);
    call.inputs = inputs;
  }
  call.y = At(pass, pass.layout->values[static_cast<size_t>(stage.output)]);
  call.y_stride = result.whole < 0 ? result.elements : values_[static_cast<size_t>(result.whole)].elements;
  call.scratch = At(pass, pass.layout->scratch[index]);
  if (pass.products != nullptr) call.products = pass.products + product_offsets_[index];
  const int layer = stage.layer->graph_layer();
  if (layer >= 0) call.weights = (*pass.weights)[static_cast<size_t>(layer)].data();
  return call;
}

template <typename T>
void Network<T>::MakeProducts(const Weights& weights, T* products) const {
  for (size_t i = 0; i < stages_.size(); ++i) {
    math::PollInterrupts();
    stages_[i].layer->MakeProducts(weights, products + product_offsets_[i]);
  }
}

template <typename T>
void Network<T>::Forward(const Pass& pass) const {
  for (size_t i = 0; i < stages_.size(); ++i) {
    math::PollInterrupts();
    stages_[i].layer->Forward(CallOf(i, pass));
  }
}

template <typename T>
void Network<T>::StageBackward(size_t index, const Pass& pass, GradientSink<T>* sink) const {
  const Stage& stage = stages_[index];
  const Layer<T>& layer = *stage.layer;
  T* g = GradientOf(stage.output, pass);
  const auto own = [&](const Source& source) { return GradientOf(source.value, pass); };
  const auto elements = [&](const Source& source) { return pass.rows * values_[static_cast<size_t>(source.value)].elements; };
  if (layer.hands_gradient_on()) {
    for (const Source& source : stage.inputs) {
      if (source.gradient == kNone) continue;
      if (source.adds) {
        math::AddTo(g, elements(source), own(source));
      } else if (own(source) != g) {
        std::copy_n(g, elements(source), own(source));
      }
    }
    return;
  }
  LayerCall<T> call = CallOf(index, pass);
  const auto destination = [&](const Source& source) -> T* {
    if (source.gradient == kNone) return nullptr;
    return source.adds ? At(pass, pass.layout->gradients[source.gradient]) : own(source);
  };
  T** pointers = reinterpret_cast<T**>(pass.workspace + pass.layout->pointers);
  if (stage.inputs.size() > 1) {
    pointers += most_inputs_;
    for (size_t i = 0; i < stage.inputs.size(); ++i) pointers[i] = destination(stage.inputs[i]);
    call.input_gradients = pointers;
    pointers += most_inputs_;
  }
  T* const* destinations = stage.trained ? sink->Destinations(layer.graph_layer()) : nullptr;
  if (stage.trained && !adds_calls(layer.graph_layer())) call.parts = sink->Parts(layer.graph_layer());
  if (!stage.adds) {
    layer.Backward(call, g, destination(stage.inputs[0]), destinations);
  } else {
    const std::vector<int64_t>& counts = weight_counts_[static_cast<size_t>(layer.graph_layer())];
    T* aside = At(pass, pass.layout->aside);
    for (size_t w = 0; w < counts.size(); aside += PaddedElements<T>(counts[w]), ++w) {
      pointers[w] = destinations[w] == nullptr ? nullptr : aside;
    }
    layer.Backward(call, g, destination(stage.inputs[0]), pointers);
    for (size_t w = 0; w < counts.size(); ++w) {
      if (destinations[w] != nullptr) math::AddTo(pointers[w], counts[w], destinations[w]);
    }
  }
  for (const Source& source : stage.inputs) {
    if (source.adds) math::AddTo(destination(source), elements(source), own(source));
  }
  if (stage.last) sink->Done(layer.graph_layer());
}

template <typename T>
void Network<T>::Backward(const Pass& pass, GradientSink<T>* sink) const {
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (!outputs_[i].adds) continue;
    const int value = outputs_[i].value;
    math::AddTo(LossValues(pass, i), pass.rows * values_[static_cast<size_t>(value)].elements, GradientOf(value, pass));
  }
  for (size_t i = stages_.size(); i-- > 0;) {
    if (!stages_[i].backward) continue;
    math::PollInterrupts();
    StageBackward(i, pass, sink);
  }
  for (size_t i = 0; i < stages_.size(); ++i) {
    if (stages_[i].layer->moves_statistics() && !stages_[i].frozen) stages_[i].layer->UpdateMovingStatistics(CallOf(i, pass));
  }
}

template class Network<float>;
template class Network<double>;

}  // namespace engine::native
