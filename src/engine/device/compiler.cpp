#include "engine/device/compiler.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "definitions/loss.hpp"
#include "engine/api/constraint.hpp"
#include "engine/math/losses.hpp"

namespace engine::device {

namespace {

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

// The norms of a constraint, where the elements of each lie one behind the other or at equal distances.
WeightLimit LimitOf(const Constraint& constraint, const base::Shape& shape, const std::string& name) {
  WeightLimit limit;
  limit.kind = static_cast<int32_t>(constraint.kind);
  limit.low = static_cast<float>(constraint.low);
  limit.high = static_cast<float>(constraint.high);
  limit.rate = static_cast<float>(constraint.rate);
  if (constraint.kind == Constraint::Kind::kNonNeg) {  // element by element
    limit.inner = base::ElementCount(shape);
    return limit;
  }
  const auto rank = static_cast<int64_t>(shape.size());
  int part = 0;  // before, among and behind the summed dimensions
  for (int64_t d = 0; d < rank; ++d) {
    const bool summed = std::any_of(constraint.axis.begin(), constraint.axis.end(),
                                    [&](int64_t axis) { return axis == d || axis + rank == d; });
    if (summed && part == 0) part = 1;
    if (!summed && part == 1) part = 2;
    if (summed && part == 2) throw Refusal{"the constraint of weight " + Quoted(name) + " has axes that lie apart"};
    (part == 0 ? limit.outer : part == 1 ? limit.summed : limit.inner) *= shape[static_cast<size_t>(d)];
  }
  return limit;
}

// Elements first ... of a column; count -1: all of them. as_index: as they are packed.
ColumnPart PartOf(const base::ColumnSpec& spec, int column, int64_t first, int64_t count, bool as_index) {
  ColumnPart part;
  part.column = column;
  const int64_t elements = count < 0 ? base::ElementCount(spec.shape) - first : count;
  const auto element_bytes = static_cast<int64_t>(base::DTypeSize(spec.dtype));
  part.first_bytes = first * element_bytes;
  part.view.row_bytes = static_cast<int64_t>(spec.row_bytes());
  part.view.dtype = static_cast<int32_t>(spec.dtype);
  part.view.element_bytes = static_cast<int32_t>(element_bytes);
  part.view.elements = static_cast<int32_t>(elements);
  part.view.scale = as_index ? 1.0f : static_cast<float>(spec.scale);
  part.view.exact_scale = spec.scale;
  if (spec.mean.empty() || as_index) return part;
  const int64_t last = spec.shape.empty() ? 1 : spec.shape.back();
  for (int64_t j = 0; j < elements; ++j) {
    const auto at = static_cast<size_t>((first + j) % last);
    if (spec.exact_standardisation) {
      part.exact_mean.push_back(spec.mean[at]);
      part.exact_std.push_back(spec.std[at]);
    } else {
      part.mean.push_back(static_cast<float>(spec.mean[at]));
      part.std.push_back(static_cast<float>(spec.std[at]));
    }
  }
  return part;
}

}  // namespace

Compiler::Compiler(const ResolvedNetwork& resolved, Network* network)
    : resolved_(resolved), graph_(*resolved.graph), network_(*network) {}

void Compiler::Compile() {
  if (resolved_.layout.precision != base::DType::kFloat32) throw Refusal{"the models compute in float64"};
  if (graph_.outputs.size() != 1) throw Refusal{"the network has several outputs"};
  FindTensors();
  AddInputs();
  for (size_t c = 0; c < graph_.calls.size(); ++c) AddCall(static_cast<int>(c));
  current_ = results_[static_cast<size_t>(graph_.outputs[0])];
  AddLoss();
  BindColumns();
  PlanBackward();
  Count();
}

int64_t Compiler::Offset(size_t tensor) const {
  return static_cast<int64_t>(resolved_.layout.tensors[tensor].offset / sizeof(float));
}

void Compiler::Refuse(const base::Layer& layer) {
  throw Refusal{"layer " + Quoted(layer.name) + " has no kernel for devices"};
}

int32_t Compiler::Narrow(int64_t value) {
  if (value < 0 || value > std::numeric_limits<int32_t>::max())
    throw Refusal{"a layer has more than 2147483647 elements"};
  return static_cast<int32_t>(value);
}

// The trained weights, and where each layer's weights begin among the state's tensors.
void Compiler::FindTensors() {
  const std::vector<StateTensor>& tensors = resolved_.layout.tensors;
  size_t next = 0, moved = 0;
  for (const base::Layer& layer : graph_.layers) {
    first_tensor_.push_back(next);
    for (const base::WeightSpec& spec : layer.weights) {
      tensor_index_.push_back(-1);
      const std::string name = layer.name + "/" + spec.name;
      if (spec.trainable) {
        const Regularizer regularizer = ReadRegularizer(spec, name);
        if (regularizer.orthogonal != 0) throw Refusal{"weight " + Quoted(name) + " has an orthogonal regularizer"};
        Tensor tensor;
        tensor.weight = Offset(next);
        tensor.count = static_cast<int64_t>(tensors[next].count);
        tensor.l1 = static_cast<float>(regularizer.l1);
        tensor.l2_twice = static_cast<float>(2 * regularizer.l2);
        tensor.l1_exact = regularizer.l1;
        tensor.l2_exact = regularizer.l2;
        tensor.limit = LimitOf(ReadConstraint(spec.constraint, name), spec.shape, name);
        tensor_index_.back() = static_cast<int>(moved++);
        network_.tensors.push_back(tensor);
        network_.tensor_names.push_back(name);
      }
      ++next;
    }
  }
  if (moved > static_cast<size_t>(kMostTensors))
    throw Refusal{"the network has more than " + std::to_string(kMostTensors) + " trained weights"};
  const size_t slots = moved == 0 ? 0 : (tensors.size() - next) / moved;
  for (size_t t = 0; t < moved; ++t) {
    for (size_t s = 0; s < slots; ++s) network_.tensors[t].slots[s] = Offset(next + t * slots + s);
  }
  network_.state_bytes = static_cast<int64_t>(resolved_.layout.bytes);
  const size_t end = next < tensors.size() ? tensors[next].offset : resolved_.layout.bytes;
  network_.weight_bytes = static_cast<int64_t>(end - kStateCountersBytes);
}

void Compiler::AddInputs() {
  readers_.resize(graph_.calls.size());
  results_.resize(graph_.calls.size());
  for (const base::Call& call : graph_.calls) {
    for (const int input : call.inputs) ++readers_[static_cast<size_t>(input)];
  }
  ++readers_[static_cast<size_t>(graph_.outputs[0])];
  for (const int call : graph_.inputs) {
    input_values_.push_back(AddValue(base::ElementCount(ShapeOf(call))));
    results_[static_cast<size_t>(call)].value = input_values_.back();
  }
}

void Compiler::AddCall(int c) {
  Result& result = results_[static_cast<size_t>(c)];
  if (result.value >= 0) return;  // an input
  const base::Call& call = graph_.calls[static_cast<size_t>(c)];
  const base::Layer& layer = LayerOf(call);
  if (call.inputs.empty()) Refuse(layer);
  // a dense layer is one of positions in any case
  if (layer.time_distributed != 0 && layer.kind != base::LayerKind::kDense) Refuse(layer);
  layer_ = &layer;
  const auto first = static_cast<size_t>(call.inputs[0]);
  current_ = results_[first];
  current_.sole = current_.sole && readers_[first] == 1;
  const base::Shape& in = ShapeOf(call.inputs[0]);
  if (!AddProductLayer(call, layer, in) && !AddElementLayer(call, layer, in)) Refuse(layer);
  result = current_;
}

int Compiler::AddValue(int64_t elements) {
  network_.values.push_back({elements, false});
  makers_.push_back(-1);
  return static_cast<int>(network_.values.size()) - 1;
}

Stage& Compiler::Add(StageKind kind, int64_t in, int64_t out) {
  const int value = AddValue(out);
  makers_.back() = static_cast<int>(network_.stages.size());
  return AddInto(value, kind, in, out);
}

Stage& Compiler::AddInto(int value, StageKind kind, int64_t in, int64_t out) {
  if (network_.stages.size() == static_cast<size_t>(kMostStages))
    throw Refusal{"the network has more than " + std::to_string(kMostStages) + " stages"};
  Stage stage;
  stage.kind = kind;
  stage.in = Narrow(in);
  stage.out = Narrow(out);
  stage.source_count = 0;
  AddSource(current_.value, &stage);
  stage.value = value;
  current_ = {value, true};
  network_.stages.push_back(stage);
  network_.stage_layers.push_back(layer_->name);
  return network_.stages.back();
}

void Compiler::AddSource(int value, Stage* stage) {
  Source& source = stage->sources[stage->source_count++];
  source.value = value;
  source.elements = Narrow(network_.values[static_cast<size_t>(value)].elements);
}

Stage* Compiler::MakerOf(int value) {
  const int maker = makers_[static_cast<size_t>(value)];
  return maker < 0 ? nullptr : &network_.stages[static_cast<size_t>(maker)];
}

// weight: which of the layer's; bias: likewise, -1 for none.
void Compiler::TakeWeights(const base::Call& call, size_t weight, int bias, Stage* stage) {
  const size_t first = first_tensor_[static_cast<size_t>(call.layer)];
  stage->weight = Offset(first + weight);
  stage->weight_tensor = tensor_index_[first + weight];
  if (bias < 0) return;
  stage->bias = Offset(first + static_cast<size_t>(bias));
  stage->bias_tensor = tensor_index_[first + static_cast<size_t>(bias)];
}

void Compiler::AddLoss() {
  const base::LossConfig& config = resolved_.losses[0];
  const base::Shape& shape = ShapeOf(graph_.outputs[0]);
  if (math::FindLossKernel<float>(config.kind) == nullptr || shape.empty())
    throw Refusal{"loss " + config.name + " has no kernel for devices"};
  LossNumbers& loss = network_.loss;
  loss.kind = static_cast<int32_t>(config.kind);
  loss.smoothing = static_cast<float>(config.label_smoothing);
  loss.delta = static_cast<float>(config.delta);
  loss.focal = {static_cast<float>(config.alpha), static_cast<float>(config.gamma),
                static_cast<float>(config.label_smoothing), config.apply_class_balancing};
  loss.weight = resolved_.loss_weights[0];
  network_.classes = Narrow(shape.back());
  network_.positions = Narrow(base::ElementCount(shape)) / network_.classes;
  network_.output = current_.value;
  Stage* maker = MakerOf(current_.value);
  if (maker == nullptr) throw Refusal{"the output is not what a layer makes"};
  const definitions::LossDefinition& definition = definitions::DefinitionOf(config.kind);
  loss.sparse = definition.targets == definitions::Targets::kClassIndex ? 1 : 0;
  if (definition.squash == definitions::Squash::kNone) return;
  const bool sigmoid = definition.squash == definitions::Squash::kSigmoid;
  loss.squash = sigmoid ? math::FusedActivation::kSigmoid : math::FusedActivation::kSoftmax;
  const bool alone = current_.sole && readers_[static_cast<size_t>(graph_.outputs[0])] == 1;
  if (alone && !sigmoid && maker == &network_.stages.back() && maker->kind == StageKind::kSoftmax &&
      maker->outer == network_.classes && MakerOf(maker->sources[0].value) != nullptr) {
    network_.output = maker->sources[0].value;
    network_.stages.pop_back();
    network_.stage_layers.pop_back();
  } else if (alone && sigmoid && maker->activation == math::FusedActivation::kSigmoid) {
    maker->activation = math::FusedActivation::kLinear;
  } else if (!config.from_logits) {
    throw Refusal{"loss " + config.name + " is computed of values that are no logits"};
  }
}

void Compiler::BindColumns() {
  const std::vector<InputBinding> bindings = BindInputs(graph_, resolved_.data);
  for (size_t i = 0; i < bindings.size(); ++i) {
    if (!bindings[i].read) continue;
    const bool as_index = TakesIndexes(graph_, bindings[i], graph_.inputs[i]);
    int64_t at = 0;
    for (const InputPart& part : bindings[i].parts) {
      const auto column = static_cast<size_t>(part.column);
      network_.inputs.push_back(PartOf(resolved_.data.inputs[column], part.column, part.first, part.count, as_index));
      network_.inputs.back().value = input_values_[i];
      network_.inputs.back().view.first = Narrow(at);
      at += network_.inputs.back().view.elements;
    }
    for (ColumnPart& part : network_.inputs) {
      if (part.value == input_values_[i]) part.view.stride = Narrow(at);
    }
  }
  if (network_.inputs.size() > static_cast<size_t>(kMostColumns))
    throw Refusal{"the inputs are read from more than " + std::to_string(kMostColumns) + " columns"};
  network_.target = PartOf(resolved_.data.targets[0], 0, 0, -1, false);
  network_.target_elements = network_.target.view.elements;
  network_.has_row_weights = resolved_.data.has_weights;
  for (const auto& [index, weight] : resolved_.class_weight) {
    if (index < 0) continue;
    if (network_.class_weights.size() <= static_cast<size_t>(index))
      network_.class_weights.resize(static_cast<size_t>(index) + 1, 1.0f);
    network_.class_weights[static_cast<size_t>(index)] = static_cast<float>(weight);
  }
}

// A value has a gradient when it depends on a trained weight and the loss depends on it. The stages go back in the
// opposite order; the first one that reads a value stores its gradient, the others add to it.
void Compiler::PlanBackward() {
  std::vector<bool> depends(network_.values.size());
  for (Stage& stage : network_.stages) {
    bool below = false;
    for (int32_t s = 0; s < stage.source_count; ++s) {
      Source& source = stage.sources[s];
      below = below || depends[static_cast<size_t>(source.value)];
      const Stage* maker = MakerOf(source.value);
      if (maker != nullptr) source.activation = maker->activation;
    }
    const bool trained = stage.weight_tensor >= 0 || stage.bias_tensor >= 0;
    const auto value = static_cast<size_t>(stage.value);
    depends[value] = depends[value] || trained || (below && stage.kind != StageKind::kEmbedding);
  }
  if (!depends[static_cast<size_t>(network_.output)]) throw Refusal{"no weight is trained"};
  network_.values[static_cast<size_t>(network_.output)].has_gradient = true;
  for (auto stage = network_.stages.rbegin(); stage != network_.stages.rend(); ++stage) {
    if (!network_.values[static_cast<size_t>(stage->value)].has_gradient) continue;
    stage->backward = 1;
    for (int32_t s = 0; s < stage->source_count; ++s) {
      Source& source = stage->sources[s];
      Value& value = network_.values[static_cast<size_t>(source.value)];
      if (!depends[static_cast<size_t>(source.value)] || stage->kind == StageKind::kEmbedding) continue;
      source.wants_gradient = 1;
      source.adds = value.has_gradient ? 1 : 0;
      value.has_gradient = true;
    }
  }
}

void Compiler::Count() {
  std::vector<int> calls(network_.tensors.size());
  bool small = graph_.inputs.size() == 1 && network_.positions == 1;
  int value = input_values_[0];
  for (const Stage& stage : network_.stages) {
    const bool dense = stage.kind == StageKind::kDense && stage.positions == 1;
    const bool element =
        stage.kind == StageKind::kPointwise || (stage.kind == StageKind::kDropout && stage.positions == 1);
    small = small && (dense || element) && stage.sources[0].value == value;
    value = stage.value;
    for (const int32_t tensor : {stage.weight_tensor, stage.bias_tensor}) {
      if (tensor >= 0) small = small && ++calls[static_cast<size_t>(tensor)] == 1;
    }
  }
  for (const Tensor& tensor : network_.tensors) small = small && tensor.limit.kind == 0;
  network_.small_chain = small && value == network_.output;
}

}  // namespace engine::device
