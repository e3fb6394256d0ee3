#include "wire/variants.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <unordered_set>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "layers/definition.hpp"
#include "layers/refusal.hpp"
#include "wire/formats/keras_file.hpp"
#include "wire/graph_builder.hpp"
#include "wire/keras.hpp"

namespace wire {
namespace {

using base::Dict;
using base::Error;
using base::ErrorCode;
using base::Graph;
using base::LayerKind;
using base::List;
using base::Value;
using layers::Quote;

constexpr size_t kMostNamed = 20;
constexpr int64_t kMostNewWeights = int64_t{1} << 31;  // of all new layers: 8 GB

const base::Layer& LayerOf(const Graph& graph, int call) {
  return graph.layers[static_cast<size_t>(graph.calls[static_cast<size_t>(call)].layer)];
}

std::string Names(const Graph& graph) {
  std::string list;
  size_t named = 0;
  for (const base::Layer& layer : graph.layers) {
    if (layer.kind == LayerKind::kInput) continue;
    if (named++ == kMostNamed) return list + ", ...";
    list += (list.empty() ? "" : ", ") + layer.name;
  }
  return list;
}

/// The last call of a layer.
int CallOf(const Graph& graph, const std::string& name) {
  for (size_t i = graph.calls.size(); i-- > 0;) {
    if (LayerOf(graph, static_cast<int>(i)).name != name) continue;
    if (LayerOf(graph, static_cast<int>(i)).kind != LayerKind::kInput) return static_cast<int>(i);
    throw Error(ErrorCode::kInvalidParameter, "layer " + Quote(name) + " is an input of the model", "", "Name a layer that computes something.");
  }
  throw Error(ErrorCode::kInvalidParameter, "the model has no layer " + Quote(name), "", "It has the layers " + Names(graph) + ".");
}

int LastWithWeights(const Graph& graph) {
  for (size_t i = graph.calls.size(); i-- > 0;) {
    if (!LayerOf(graph, static_cast<int>(i)).weights.empty()) return static_cast<int>(i);
  }
  throw Error(ErrorCode::kInvalidParameter, "the model has no layer with weights");
}

/// These calls and all that they read.
std::vector<bool> UpTo(const Graph& graph, const std::vector<int>& calls) {
  std::vector<bool> below(graph.calls.size());
  for (const int call : calls) below[static_cast<size_t>(call)] = true;
  for (size_t i = below.size(); i-- > 0;) {
    if (!below[i]) continue;
    for (const int input : graph.calls[i].inputs) below[static_cast<size_t>(input)] = true;
  }
  return below;
}

/// The call whose value a new head reads.
int HeadInput(const Graph& graph, const HeadRequest& head, const std::optional<int>& truncated) {
  if (graph.outputs.size() != 1) {
    throw Error(ErrorCode::kInvalidParameter, "the model has " + std::to_string(graph.outputs.size()) + " outputs, a head replaces one", "",
                "Write an architecture with the heads that you want, and load it by cerebro.load_model().");
  }
  if (truncated) return *truncated;
  if (head.on) return CallOf(graph, *head.on);
  const int last = LastWithWeights(graph);
  const base::Call& call = graph.calls[static_cast<size_t>(last)];
  if (call.inputs.size() == 1) return call.inputs[0];
  throw Error(ErrorCode::kInvalidParameter, "the last layer with weights, " + Quote(LayerOf(graph, last).name) + ", has several inputs", "",
              "Say by head_on which layer the head reads.");
}

// As the model's own output has it.
std::string OutputActivation(const Graph& graph) {
  const base::Layer& layer = LayerOf(graph, graph.outputs[0]);
  if (layer.kind == LayerKind::kSoftmax) return "softmax";
  const Value* activation = layer.attributes.is_dict() ? layer.attributes.Find("activation") : nullptr;
  return activation != nullptr && activation->is_string() ? activation->string() : "linear";
}

int OutputUnits(const Graph& graph, const HeadRequest& head) {
  if (head.classes) return *head.classes;
  const base::Shape& shape = graph.calls[static_cast<size_t>(graph.outputs[0])].output_shape;
  if (shape.size() == 1) return static_cast<int>(shape[0]);
  throw Error(ErrorCode::kInvalidParameter, "the model's output has the shape " + base::FormatShape(shape) + ", which is no list of classes", "",
              "Say by classes how many outputs the head has.");
}

Value LayerText(const char* class_name, const std::string& name, Dict config = {}) {
  config.insert(config.begin(), {"name", Value(name)});
  return Value(Dict{{"class_name", Value(class_name)}, {"config", Value(std::move(config))}});
}

List HiddenLayers(const Graph& graph, const HeadRequest& head, const base::Shape& input) {
  List list;
  if (input.size() == 3) {
    list.push_back(LayerText("GlobalAveragePooling2D", "head_pooling"));
  } else if (input.size() == 2) {
    list.push_back(LayerText("GlobalAveragePooling1D", "head_pooling"));
  } else if (input.size() > 3) {
    list.push_back(LayerText("Flatten", "head_flatten"));
  }
  int number = 0;
  for (const int units : *head.hidden) {
    list.push_back(LayerText("Dense", "head_hidden_" + std::to_string(++number), {{"units", Value(int64_t{units})}, {"activation", Value("relu")}}));
  }
  list.push_back(LayerText("Dense", "head_output", {{"units", Value(int64_t{OutputUnits(graph, head)})}, {"activation", Value(OutputActivation(graph))}}));
  return list;
}

[[noreturn]] void RefuseHead() {
  throw Error(ErrorCode::kInvalidParameter, "head is neither a JSON list of layers nor a Sequential model", "",
              "Write for example [{\"class_name\": \"Dense\", \"config\": {\"units\": 10, \"activation\": \"softmax\"}}].");
}

// Layers of the user's JSON; those without a name get one. What says the shape of an input is left out: it is that of the layer below.
List GivenLayers(const std::string& json) {
  Value given = base::ParseLiteral(json);
  if (given.is_dict()) {
    const Value* class_name = given.Find("class_name");
    const Value* config = given.Find("config");
    const Value* layers = config != nullptr && config->is_dict() ? config->Find("layers") : config;  // Keras 2.0: the list itself
    if (class_name == nullptr || !class_name->is_string() || class_name->string() != "Sequential" || layers == nullptr) RefuseHead();
    given = Value(*layers);
  }
  if (!given.is_list() || given.list().empty()) RefuseHead();
  List list;
  std::map<std::string, int> numbers;
  for (const Value& entry : given.list()) {
    const Value* class_name = entry.is_dict() ? entry.Find("class_name") : nullptr;
    if (class_name == nullptr || !class_name->is_string()) RefuseHead();
    if (class_name->string() == "InputLayer") continue;
    Dict layer = entry.dict(), config;
    for (auto& [key, value] : layer) {
      if (key == "config" && value.is_dict()) config = value.dict();
    }
    const auto remove = [&config](const char* key) {
      config.erase(std::remove_if(config.begin(), config.end(), [key](const auto& argument) { return argument.first == key; }), config.end());
    };
    remove("batch_input_shape");
    remove("batch_shape");
    if (Value(config).Find("name") == nullptr) {
      std::string name = class_name->string();
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      config.insert(config.begin(), {"name", Value("head_" + name + "_" + std::to_string(++numbers[name]))});
    }
    layer.erase(std::remove_if(layer.begin(), layer.end(), [](const auto& part) { return part.first == "config"; }), layer.end());
    layer.emplace_back("config", Value(std::move(config)));
    list.emplace_back(std::move(layer));
  }
  if (list.empty()) RefuseHead();
  return list;
}

Graph ReadHead(const Graph& source, const HeadRequest& head, const base::Shape& input) {
  List shape = {Value()};
  for (const int64_t size : input) shape.emplace_back(size);
  List list = head.layers ? GivenLayers(*head.layers) : HiddenLayers(source, head, input);
  list.insert(list.begin(), LayerText("InputLayer", "head_input", {{"batch_input_shape", Value(std::move(shape))}}));
  Dict model{{"class_name", Value("Sequential")}, {"config", Value(Dict{{"name", Value("head")}, {"layers", Value(std::move(list))}})},
             {"keras_version", Value("2.10.0")}};
  return ReadKeras(base::FormatJson(Value(std::move(model))));
}

/// Copies a source into a builder, layer by layer, and puts others beside.
class Maker {
 public:
  explicit Maker(const Graph& source) : source_(source), builder_(source.name), layer_(source.layers.size(), -1), call_(source.calls.size(), -1) {
    for (const base::Layer& layer : source.layers) names_.insert(layer.name);
  }

  void AddLayer(size_t layer, bool trainable) {
    const base::Layer& from = source_.layers[layer];
    layer_[layer] = builder_.AddLayer(from.name, layers::DefinitionOf(from), from.attributes, trainable, from.time_distributed);
    from_.push_back(static_cast<int>(layer));
    frozen_ += trainable || from.kind == LayerKind::kInput ? 0 : 1;
  }

  int AddNew(const std::string& wanted, LayerKind kind, const Value& config, int time_distributed = 0, bool trainable = true) {
    std::string name = wanted;
    for (int n = 2; !names_.insert(name).second; ++n) name = wanted + "_" + std::to_string(n);
    from_.push_back(-1);
    return builder_.AddLayer(name, *layers::FindLayer(kind), config, trainable, time_distributed);
  }

  int Call(int layer, std::vector<int> inputs) { return builder_.AddCall(layer, std::move(inputs)); }

  void CopyCall(size_t call) {
    const base::Call& from = source_.calls[call];
    std::vector<int> inputs = from.inputs;
    for (int& input : inputs) input = call_[static_cast<size_t>(input)];
    call_[call] = builder_.AddCall(layer_[static_cast<size_t>(from.layer)], std::move(inputs), from.inference);
  }

  /// Where readers of a call of the source read from now on.
  void Replace(size_t call, int by) { call_[call] = by; }
  int Now(int call) const { return call_[static_cast<size_t>(call)]; }
  const base::Shape& Shape(int call) const { return builder_.OutputShape(call); }

  /// A graph of one input on top of a call. Returns the call that it ends with.
  int Put(const Graph& head, int on) {
    std::vector<int> layer(head.layers.size(), -1), call(head.calls.size(), -1);
    for (size_t i = 0; i < head.layers.size(); ++i) {
      const base::Layer& from = head.layers[i];
      if (from.kind != LayerKind::kInput) layer[i] = AddNew(from.name, from.kind, from.attributes, from.time_distributed, from.trainable);
    }
    for (size_t i = 0; i < head.calls.size(); ++i) {
      const base::Call& from = head.calls[i];
      if (from.inputs.empty()) {
        call[i] = on;
        continue;
      }
      std::vector<int> inputs = from.inputs;
      for (int& input : inputs) input = call[static_cast<size_t>(input)];
      call[i] = builder_.AddCall(layer[static_cast<size_t>(from.layer)], std::move(inputs), from.inference);
    }
    return call[static_cast<size_t>(head.outputs[0])];
  }

  Variant Finish(std::vector<int> inputs, std::vector<int> outputs, std::vector<std::string> output_names) {
    Variant variant;
    variant.graph = builder_.Finish(std::move(inputs), std::move(outputs), std::move(output_names));
    variant.architecture = WriteKeras(variant.graph, KerasForm::kKeras2);
    variant.from = std::move(from_);
    CheckNewWeights(variant);
    variant.frozen = frozen_;
    if (GraphDigest(ReadKeras(variant.architecture)) != GraphDigest(variant.graph)) {
      throw Error(ErrorCode::kInternal, "the architecture of a variant of model " + Quote(source_.name) + " is read as another one");
    }
    return variant;
  }

 private:
  // More would fail, too, but only when a run asks for the memory, and then by all of its models.
  void CheckNewWeights(const Variant& variant) const {
    double all = 0, most = 0;
    const base::Layer* largest = nullptr;
    for (size_t i = 0; i < variant.from.size(); ++i) {
      if (variant.from[i] >= 0) continue;
      double weights = 0;
      for (const base::WeightSpec& weight : variant.graph.layers[i].weights) weights += static_cast<double>(base::ElementCount(weight.shape));
      all += weights;
      if (weights <= most) continue;
      most = weights;
      largest = &variant.graph.layers[i];
    }
    if (all <= static_cast<double>(kMostNewWeights)) return;
    throw Error(ErrorCode::kLimitExceeded,
                "the new layers of a variant of model " + Quote(source_.name) + " would have " + std::to_string(static_cast<int64_t>(all)) +
                    " weights",
                "Layer " + Quote(largest->name) + " has the weights " + WeightShapes(*largest) + ".",
                "Give it fewer units: new layers may have up to " + std::to_string(kMostNewWeights) + " weights.");
  }

  static std::string WeightShapes(const base::Layer& layer) {
    std::string text;
    for (const base::WeightSpec& weight : layer.weights) text += (text.empty() ? "" : ", ") + weight.name + " " + base::FormatShape(weight.shape);
    return text;
  }

  const Graph& source_;
  GraphBuilder builder_;
  std::vector<int> layer_, call_;  // of the source, there
  std::unordered_set<std::string> names_;
  std::vector<int> from_;
  int frozen_ = 0;
};

std::vector<bool> LayersOf(const Graph& graph, const std::vector<bool>& calls) {
  std::vector<bool> used(graph.layers.size());
  for (size_t i = 0; i < calls.size(); ++i) {
    if (calls[i]) used[static_cast<size_t>(graph.calls[i].layer)] = true;
  }
  return used;
}

void CheckHead(const HeadRequest& head) {
  if (head.layers && head.hidden) throw Error(ErrorCode::kInvalidParameter, "head and hidden are both given", "", "Give one of them.");
  if ((head.classes || head.on) && !head.given()) {
    throw Error(ErrorCode::kInvalidParameter, std::string(head.classes ? "classes" : "head_on") + " is given without a head", "",
                "Give head or hidden, too: hidden => '{}' is a head of one layer.");
  }
  if (head.classes && head.layers) throw Error(ErrorCode::kInvalidParameter, "classes goes with hidden; a head has its own last layer");
  if (head.hidden) {
    for (const int units : *head.hidden) {
      if (units < 1) throw Error(ErrorCode::kInvalidParameter, "hidden has a layer of " + std::to_string(units) + " units");
    }
  }
  if (head.classes && *head.classes < 1) throw Error(ErrorCode::kInvalidParameter, "classes must be at least 1, got " + std::to_string(*head.classes));
}

/// What a variant has of its source, and where its head goes.
struct Plan {
  std::vector<bool> calls;  // that are kept
  int on = -1;              // call that the head reads; -1: the source's own head
};

Plan KeepFor(const Graph& source, const HeadRequest& head, const std::optional<int>& truncated) {
  CheckHead(head);
  Plan plan;
  if (!head.given()) {
    plan.calls.assign(source.calls.size(), true);
    return plan;
  }
  plan.on = HeadInput(source, head, truncated);
  plan.calls = UpTo(source, {plan.on});
  return plan;
}

Variant End(const Graph& source, const HeadRequest& head, const Plan& plan, Maker* maker) {
  std::vector<int> inputs, outputs;
  for (const int input : source.inputs) {
    if (plan.calls[static_cast<size_t>(input)]) inputs.push_back(maker->Now(input));
  }
  if (plan.on < 0) {
    for (const int output : source.outputs) outputs.push_back(maker->Now(output));
    return maker->Finish(std::move(inputs), std::move(outputs), source.output_names);
  }
  const int on = maker->Now(plan.on);
  const Graph end = ReadHead(source, head, maker->Shape(on));
  return maker->Finish(std::move(inputs), {maker->Put(end, on)}, {});
}

}  // namespace

Variant FreezeVariant(const Graph& source, const std::optional<std::string>& up_to, const HeadRequest& head, bool truncate) {
  std::optional<int> last;
  if (up_to) last = CallOf(source, *up_to);
  if (truncate && (!last || !head.given() || head.on)) {
    throw Error(ErrorCode::kInvalidParameter, "truncate needs a layer and a head, and no head_on", "",
                "With truncate the head reads the layer up to which the model is frozen.");
  }
  const Plan plan = KeepFor(source, head, truncate ? last : std::nullopt);
  if (last && !plan.calls[static_cast<size_t>(*last)]) {
    throw Error(ErrorCode::kInvalidParameter, "layer " + Quote(*up_to) + " is not below the new head, which reads layer " + Quote(LayerOf(source, plan.on).name),
                "", "Name a layer below it, or say by head_on what the head reads.");
  }
  const std::vector<bool> frozen = last ? LayersOf(source, UpTo(source, {*last})) : std::vector<bool>(source.layers.size());
  const std::vector<bool> kept = LayersOf(source, plan.calls);
  Maker maker(source);
  for (size_t i = 0; i < source.layers.size(); ++i) {
    if (kept[i]) maker.AddLayer(i, !frozen[i] || source.layers[i].kind == LayerKind::kInput);
  }
  for (size_t i = 0; i < source.calls.size(); ++i) {
    if (plan.calls[i]) maker.CopyCall(i);
  }
  return End(source, head, plan, &maker);
}

Variant AdapterVariant(const Graph& source, const std::vector<std::string>& layers, int units, const HeadRequest& head) {
  if (layers.empty()) throw Error(ErrorCode::kInvalidParameter, "no layer is named for an adapter", "", "It has the layers " + Names(source) + ".");
  if (units < 1) throw Error(ErrorCode::kInvalidParameter, "an adapter has at least 1 unit, got " + std::to_string(units));
  const Plan plan = KeepFor(source, head, std::nullopt);
  const int own_head = head.given() ? -1 : LastWithWeights(source);
  const std::vector<bool> kept = LayersOf(source, plan.calls);
  std::map<int, std::array<int, 3>> adapters;  // by layer of the source: down, up, add
  for (const std::string& name : layers) {
    const int call = CallOf(source, name);
    const bool below = plan.calls[static_cast<size_t>(call)] && (own_head < 0 || (call != own_head && UpTo(source, {own_head})[static_cast<size_t>(call)]));
    if (!below) throw Error(ErrorCode::kInvalidParameter, "layer " + Quote(name) + " is not below the head of the model", "", "Adapters are for layers below it.");
    if (source.calls[static_cast<size_t>(call)].output_shape.empty()) throw Error(ErrorCode::kInvalidParameter, "layer " + Quote(name) + " gives one number a row");
    adapters[source.calls[static_cast<size_t>(call)].layer] = {-1, -1, -1};
  }
  Maker maker(source);
  for (size_t i = 0; i < source.layers.size(); ++i) {
    const bool trained = source.layers[i].kind == LayerKind::kInput || (own_head >= 0 && source.calls[static_cast<size_t>(own_head)].layer == static_cast<int>(i));
    if (kept[i]) maker.AddLayer(i, trained);
  }
  const Value zeros(Dict{{"class_name", Value("Zeros")}, {"config", Value(Dict{})}});
  for (auto& [layer, adapter] : adapters) {
    const std::string name = source.layers[static_cast<size_t>(layer)].name + "_adapter";
    const int64_t width = source.calls[static_cast<size_t>(CallOf(source, source.layers[static_cast<size_t>(layer)].name))].output_shape.back();
    adapter[0] = maker.AddNew(name + "_down", LayerKind::kDense, Value(Dict{{"units", Value(int64_t{units})}, {"activation", Value("relu")}}));
    adapter[1] = maker.AddNew(name + "_up", LayerKind::kDense, Value(Dict{{"units", Value(width)}, {"kernel_initializer", zeros}}));
    adapter[2] = maker.AddNew(name + "_add", LayerKind::kAdd, Value(Dict{}));
  }
  for (size_t i = 0; i < source.calls.size(); ++i) {
    if (!plan.calls[i]) continue;
    maker.CopyCall(i);
    const auto adapter = adapters.find(source.calls[i].layer);
    if (adapter == adapters.end()) continue;
    const int x = maker.Now(static_cast<int>(i));
    const int up = maker.Call(adapter->second[1], {maker.Call(adapter->second[0], {x})});
    maker.Replace(i, maker.Call(adapter->second[2], {x, up}));
  }
  return End(source, head, plan, &maker);
}

}  // namespace wire
