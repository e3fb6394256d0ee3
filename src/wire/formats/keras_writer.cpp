// An architecture as Keras's JSON: a functional model, layers with all of their arguments.
#include "base/literal.hpp"
#include "layers/definition.hpp"
#include "wire/formats/keras_file.hpp"

namespace wire {
namespace {

using base::Dict;
using base::List;
using base::Value;

class Writer {
 public:
  Writer(const base::Graph& graph, KerasForm form) : graph_(graph), keras3_(form == KerasForm::kKeras3) {}

  std::string Write() {
    std::vector<List> nodes(graph_.layers.size());
    for (const base::Call& call : graph_.calls) {
      List& list = nodes[static_cast<size_t>(call.layer)];
      node_.push_back(static_cast<int64_t>(list.size()));
      const bool input = graph_.layers[static_cast<size_t>(call.layer)].kind == base::LayerKind::kInput;
      list.push_back(input ? Value() : Inbound(call));
    }
    List layers;
    for (size_t i = 0; i < graph_.layers.size(); ++i) layers.push_back(Layer(graph_.layers[i], std::move(nodes[i])));
    Dict config = {{"name", Value(graph_.name.empty() ? "model" : graph_.name)}, {"trainable", Value(true)}, {"layers", Value(std::move(layers))},
                   {"input_layers", Ends(graph_.inputs)}, {"output_layers", Ends(graph_.outputs)}};
    Dict model = {{"class_name", Value("Functional")}, {"config", Value(std::move(config))}};
    if (keras3_) {
      model.emplace_back("module", Value("keras"));
      model.emplace_back("registered_name", Value("Functional"));
    } else {
      model.emplace_back("keras_version", Value("2.10.0"));
      model.emplace_back("backend", Value("tensorflow"));
    }
    return base::FormatJson(Value(std::move(model)));
  }

 private:
  static Value WithBatch(const base::Shape& shape) {
    List list = {Value()};
    list.insert(list.end(), shape.begin(), shape.end());
    return Value(std::move(list));
  }

  List History(int call) const {
    const base::Layer& layer = graph_.layers[static_cast<size_t>(graph_.calls[static_cast<size_t>(call)].layer)];
    return {Value(layer.name), Value(node_[static_cast<size_t>(call)]), Value(0)};
  }

  Value Ends(const std::vector<int>& calls) const {
    List list;
    for (const int call : calls) list.emplace_back(History(call));
    return Value(std::move(list));
  }

  Value Inbound(const base::Call& call) const {
    List tensors;
    for (const int input : call.inputs) {
      List history = History(input);
      if (keras3_) {
        Dict config = {{"shape", WithBatch(graph_.calls[static_cast<size_t>(input)].output_shape)}, {"dtype", Value("float32")},
                       {"keras_history", Value(std::move(history))}};
        tensors.emplace_back(Dict{{"class_name", Value("__keras_tensor__")}, {"config", Value(std::move(config))}});
      } else {
        history.emplace_back(Dict{});
        tensors.emplace_back(std::move(history));
      }
    }
    if (!keras3_) return Value(std::move(tensors));
    const base::Layer& layer = graph_.layers[static_cast<size_t>(call.layer)];
    const bool merges = tensors.size() > 1 && layer.kind != base::LayerKind::kMultiHeadAttention;
    List args = merges ? List{Value(std::move(tensors))} : std::move(tensors);
    return Value(Dict{{"args", Value(std::move(args))}, {"kwargs", Value(Dict{})}});
  }

  Value Layer(const base::Layer& layer, List nodes) const {
    const layers::LayerDefinition& definition = layers::DefinitionOf(layer);
    Dict config = {{"name", Value(layer.name)}};
    if (layer.kind == base::LayerKind::kInput) {
      base::Shape shape;
      for (const Value& size : layer.attributes.Find("shape")->list()) shape.push_back(size.integer());
      config.emplace_back(keras3_ ? "batch_shape" : "batch_input_shape", WithBatch(shape));
      config.emplace_back("dtype", Value("float32"));
      nodes.clear();
    } else {
      config.emplace_back("trainable", Value(layer.trainable));
      for (const auto& attribute : layer.attributes.dict()) config.push_back(attribute);
    }
    Dict entry;
    if (keras3_) entry.emplace_back("module", Value("keras.layers"));
    entry.emplace_back("class_name", Value(definition.class_names[0]));
    entry.emplace_back("config", Value(std::move(config)));
    if (keras3_) entry.emplace_back("registered_name", Value());
    entry.emplace_back("name", Value(layer.name));
    entry.emplace_back("inbound_nodes", Value(std::move(nodes)));
    return Value(std::move(entry));
  }

  const base::Graph& graph_;
  const bool keras3_;
  std::vector<int64_t> node_;  // of each call, in its layer
};

}  // namespace

std::string WriteKeras(const base::Graph& graph, KerasForm form) { return Writer(graph, form).Write(); }

}  // namespace wire
