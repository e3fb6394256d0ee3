#include "wire/graph_builder.hpp"

#include <algorithm>

#include "layers/frozen.hpp"
#include "layers/refusal.hpp"

namespace wire {
namespace {

using base::ErrorCode;
using base::Layer;
using base::Shape;
using base::Value;
using layers::LayerDefinition;
using layers::Quote;
using layers::Refuse;
using layers::Where;

Where About(const Layer& layer) { return {layer.name, layers::DefinitionOf(layer).class_names[0], ""}; }

void CheckShape(const Layer& layer, const std::string& what, const Shape& shape) {
  constexpr double kMostElements = 1099511627776.0;  // 2^40
  double elements = 1;
  bool sane = shape.size() <= kMostDimensions;
  for (const int64_t size : shape) {
    sane = sane && size >= 1 && size <= layers::kLargestDimension;
    elements *= static_cast<double>(size);
  }
  if (sane && elements <= kMostElements) return;
  Refuse(ErrorCode::kLimitExceeded, About(layer), what + " would have the shape " + base::FormatShape(shape),
         "Shapes have up to 8 dimensions, a dimension up to 2^31, a tensor up to 2^40 elements.");
}

void CheckInitializer(const Layer& layer, const base::WeightSpec& weight, const Value& initializer) {
  const std::string& name = initializer.Find("class_name")->string();
  const size_t rank = weight.shape.size();
  if (name == "UnitForgetBias") return CheckInitializer(layer, weight, *initializer.Find("config")->Find("bias_initializer"));
  const bool fits = name == "Identity" ? rank == 2 : name == "Orthogonal" ? rank >= 2 : true;
  if (fits) return;
  Refuse(ErrorCode::kInvalidParameter, About(layer),
         "initializer " + name + " cannot fill the weight " + Quote(weight.name) + " of shape " + base::FormatShape(weight.shape),
         "Identity fills matrices, Orthogonal tensors of two dimensions or more.");
}

void CheckConstraint(const Layer& layer, const base::WeightSpec& weight) {
  const Value* config = weight.constraint.Find("config");
  const Value* axes = config == nullptr ? nullptr : config->Find("axis");
  if (axes == nullptr) return;
  const int64_t rank = static_cast<int64_t>(weight.shape.size());
  std::vector<int64_t> positions;
  for (const Value& entry : axes->list()) {
    const int64_t axis = entry.integer(), position = axis < 0 ? axis + rank : axis;
    const bool twice = std::find(positions.begin(), positions.end(), position) != positions.end();
    if (position < 0 || position >= rank || twice) {
      const std::string problem = twice ? " is named twice" : " is no dimension of its shape " + base::FormatShape(weight.shape);
      Refuse(ErrorCode::kInvalidParameter, About(layer),
             "axis " + std::to_string(axis) + " of the constraint of weight " + Quote(weight.name) + problem);
    }
    positions.push_back(position);
  }
}

bool SameShapes(const std::vector<base::WeightSpec>& a, const std::vector<base::WeightSpec>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const base::WeightSpec& x, const base::WeightSpec& y) { return x.shape == y.shape; });
}

}  // namespace

GraphBuilder::GraphBuilder(std::string name, bool has_shapes) : has_shapes_(has_shapes) {
  if (name.size() > kLongestName) throw base::Error(ErrorCode::kInvalidParameter, "the name of the model is longer than 256 bytes");
  graph_.name = std::move(name);
}

int GraphBuilder::AddLayer(const std::string& name, const LayerDefinition& definition, const Value& config, bool trainable,
                           int time_distributed) {
  const Where where{name, definition.class_names[0], ""};
  if (graph_.layers.size() >= kMostLayers) throw base::Error(ErrorCode::kLimitExceeded, "the model has more than 10000 layers");
  if (name.empty() || name.size() > kLongestName) {
    Refuse(ErrorCode::kInvalidParameter, where, "the name of a layer has 1 to 256 bytes, this one has " + std::to_string(name.size()));
  }
  if (!names_.insert(name).second) Refuse(ErrorCode::kInvalidParameter, where, "another layer has the same name");
  const bool distributes = time_distributed >= 0 && time_distributed < static_cast<int>(kMostDimensions) &&
                           (time_distributed == 0 || definition.kind != base::LayerKind::kInput);
  if (!distributes) {
    Refuse(ErrorCode::kInvalidParameter, where, "cannot be distributed over " + std::to_string(time_distributed) + " dimensions");
  }
  Layer layer;
  layer.name = name;
  layer.kind = definition.kind;
  layer.attributes = layers::NormalizeArguments(definition, name, config);
  layer.trainable = trainable;
  layer.time_distributed = time_distributed;
  graph_.layers.push_back(std::move(layer));
  calls_of_layer_.push_back(0);
  return static_cast<int>(graph_.layers.size()) - 1;
}

layers::Shapes GraphBuilder::ShapesOfEach(const Layer& layer, const std::vector<int>& inputs) const {
  layers::Shapes shapes;
  for (const int input : inputs) {
    const Shape& shape = OutputShape(input);
    const auto leading = static_cast<size_t>(layer.time_distributed);
    const Shape& first = OutputShape(inputs[0]);
    const bool fits = shape.size() >= leading && std::equal(first.begin(), first.begin() + layer.time_distributed, shape.begin());
    if (!fits) {
      Refuse(ErrorCode::kInvalidParameter, About(layer),
             "is distributed over the first " + std::string(leading == 1 ? "dimension" : std::to_string(leading) + " dimensions") +
                 " of its inputs, which " + base::FormatShape(shape) +
                 (shape.size() < leading ? " does not have" : " has others of than " + base::FormatShape(first)));
    }
    shapes.push_back(base::ShapeOfEach(shape, layer.time_distributed));
  }
  return shapes;
}

int GraphBuilder::AddCall(int layer_index, std::vector<int> inputs, bool inference) {
  if (layer_index < 0 || static_cast<size_t>(layer_index) >= graph_.layers.size()) {
    throw base::Error(ErrorCode::kInvalidParameter, "there is no layer number " + std::to_string(layer_index));
  }
  if (graph_.calls.size() >= kMostCalls) throw base::Error(ErrorCode::kLimitExceeded, "the model calls layers more than 100000 times");
  Layer& layer = graph_.layers[static_cast<size_t>(layer_index)];
  const LayerDefinition& definition = layers::DefinitionOf(layer);
  if (inputs.size() < definition.min_inputs || inputs.size() > definition.max_inputs) {
    const std::string wanted = std::to_string(definition.min_inputs) + (definition.max_inputs == definition.min_inputs ? "" : " or more");
    Refuse(ErrorCode::kInvalidParameter, About(layer),
           "takes " + wanted + (definition.min_inputs == 1 ? " input" : " inputs") + ", got " + std::to_string(inputs.size()));
  }
  int& calls_before = calls_of_layer_[static_cast<size_t>(layer_index)];
  if (layer.kind == base::LayerKind::kInput && calls_before > 0) Refuse(ErrorCode::kInvalidParameter, About(layer), "is called twice");
  for (const int input : inputs) {
    if (input >= 0 && static_cast<size_t>(input) < graph_.calls.size()) continue;
    Refuse(ErrorCode::kInvalidParameter, About(layer), "reads a call that does not come before it");
  }
  base::Call call;
  call.layer = layer_index;
  call.inputs = std::move(inputs);
  call.inference = inference;
  call.site = static_cast<int>(graph_.calls.size());
  if (has_shapes_) {
    const layers::Shapes shapes = ShapesOfEach(layer, call.inputs);
    const Shape each = definition.shape(layer, shapes);
    if (layer.time_distributed > 0) {
      const Shape& input = OutputShape(call.inputs[0]);
      call.output_shape.assign(input.begin(), input.begin() + layer.time_distributed);
    }
    const double times = static_cast<double>(base::ElementCount(call.output_shape));
    call.output_shape.insert(call.output_shape.end(), each.begin(), each.end());
    CheckShape(layer, "the output", call.output_shape);
    MakeWeights(&layer, definition, shapes, calls_before == 0);
    if (definition.cost.flops != nullptr) call.forward_flops = times * definition.cost.flops(layer, shapes, each);
  }
  ++calls_before;
  graph_.calls.push_back(std::move(call));
  return static_cast<int>(graph_.calls.size()) - 1;
}

void GraphBuilder::CountFollowed() {
  if (++followed_ > kMostCalls) throw base::Error(ErrorCode::kLimitExceeded, "the model calls layers more than 100000 times");
}

void GraphBuilder::MakeWeights(Layer* layer, const LayerDefinition& definition, const layers::Shapes& inputs, bool first) {
  if (definition.weights == nullptr) return;
  std::vector<base::WeightSpec> weights = definition.weights(*layer, inputs);
  if (!first) {
    if (SameShapes(layer->weights, weights)) return;
    Refuse(ErrorCode::kInvalidParameter, About(*layer), "is called with inputs of different shapes, which need different weights",
           "A shared layer has one set of weights. The input here is " + base::FormatShape(inputs[0]) + ".");
  }
  for (base::WeightSpec& weight : weights) {
    CheckShape(*layer, "weight " + Quote(weight.name), weight.shape);
    CheckInitializer(*layer, weight, weight.initializer);
    CheckConstraint(*layer, weight);
    weight.trainable = weight.trainable && layer->trainable;
  }
  layer->weights = std::move(weights);
}

base::Graph GraphBuilder::Finish(std::vector<int> inputs, std::vector<int> outputs, std::vector<std::string> output_names) {
  std::vector<bool> used(graph_.calls.size(), false), given(graph_.calls.size(), false);
  if (inputs.empty()) throw base::Error(ErrorCode::kInvalidParameter, "the model has no input");
  if (outputs.empty()) throw base::Error(ErrorCode::kInvalidParameter, "the model has no output");
  if (outputs.size() > kMostCalls) throw base::Error(ErrorCode::kLimitExceeded, "the model has more than 100000 outputs");
  const auto check = [&](int call) {
    if (call < 0 || static_cast<size_t>(call) >= graph_.calls.size()) {
      throw base::Error(ErrorCode::kInvalidParameter, "the model has no call number " + std::to_string(call));
    }
  };
  for (const int call : inputs) {
    check(call);
    const Layer& layer = graph_.layers[static_cast<size_t>(graph_.calls[static_cast<size_t>(call)].layer)];
    if (layer.kind != base::LayerKind::kInput) {
      Refuse(ErrorCode::kInvalidParameter, About(layer), "is named as an input of the model, but is no InputLayer");
    }
    if (given[static_cast<size_t>(call)]) Refuse(ErrorCode::kInvalidParameter, About(layer), "is named twice as an input of the model");
    given[static_cast<size_t>(call)] = true;
  }
  for (const int call : outputs) {
    check(call);
    used[static_cast<size_t>(call)] = true;
  }
  for (size_t call = graph_.calls.size(); call-- > 0;) {
    if (!used[call]) continue;
    for (const int input : graph_.calls[call].inputs) used[static_cast<size_t>(input)] = true;
  }
  for (size_t call = 0; call < graph_.calls.size(); ++call) {
    const Layer& layer = graph_.layers[static_cast<size_t>(graph_.calls[call].layer)];
    if (!used[call]) Refuse(ErrorCode::kInvalidParameter, About(layer), "leads to no output of the model");
    if (layer.kind == base::LayerKind::kInput && !given[call]) {
      Refuse(ErrorCode::kInvalidParameter, About(layer), "is missing among the inputs of the model");
    }
  }
  for (size_t layer = 0; layer < graph_.layers.size(); ++layer) {
    if (calls_of_layer_[layer] == 0) Refuse(ErrorCode::kInvalidParameter, About(graph_.layers[layer]), "is not connected to the model");
  }
  const std::unordered_set<std::string> different(output_names.begin(), output_names.end());
  const bool named = output_names.empty() || (output_names.size() == outputs.size() && different.size() == outputs.size());
  if (!named) throw base::Error(ErrorCode::kInvalidParameter, "the names of the model's outputs are not one an output, each once");
  graph_.output_names = std::move(output_names);
  graph_.inputs = std::move(inputs);
  graph_.outputs = std::move(outputs);
  if (has_shapes_) {  // without shapes no layer has its weights
    const std::vector<bool> frozen = layers::FrozenCalls(graph_);
    for (size_t call = 0; call < frozen.size(); ++call) graph_.calls[call].frozen = frozen[call];
  }
  return std::move(graph_);
}

}  // namespace wire
