// An architecture as Keras's JSON: a functional model, layers with all of their arguments.
//
// Models inside of models and Bidirectional layers are written as the layers that they were taken apart into, a layer that is distributed
// over time inside of TimeDistributed, slices of a recurrent layer's output as the tensors that it returns. What Keras has no layer or
// argument for is refused.
#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "layers/definition.hpp"
#include "layers/refusal.hpp"
#include "wire/formats/keras_file.hpp"

namespace wire {
namespace {

using base::Dict;
using base::List;
using base::Value;

using base::LayerKind;
using layers::Quote;

[[noreturn]] void Refuse(const base::Layer& layer, const std::string& what) {
  throw base::Error(base::ErrorCode::kFeatureNotSupported,
                    "layer " + Quote(layer.name) + " (" + layers::DefinitionOf(layer).class_names[0] + ") " + what + ", which is not written for Keras", {},
                    "Export the weights alone as safetensors or h5.");
}

bool Flag(const base::Layer& layer, const char* name) {
  const Value* value = layer.attributes.Find(name);
  return value != nullptr && value->is_bool() && value->boolean();
}

bool IsRecurrent(const base::Layer& layer) {
  return layer.kind == LayerKind::kLSTM || layer.kind == LayerKind::kGRU || layer.kind == LayerKind::kSimpleRNN;
}

// Keras takes it from the call.
bool IsCausal(const base::Layer& layer) { return Flag(layer, "use_causal_mask") || Flag(layer, "causal"); }

class Writer {
 public:
  Writer(const base::Graph& graph, KerasForm form) : graph_(graph), keras3_(form == KerasForm::kKeras3) { NameLayers(); }

  std::string Write() {
    std::vector<List> nodes(graph_.layers.size());
    for (const base::Call& call : graph_.calls) {
      const base::Layer& layer = LayerOf(call);
      if (layer.kind == LayerKind::kSlice) {
        tensors_.push_back(StateOf(call));
        continue;
      }
      List& list = nodes[static_cast<size_t>(call.layer)];
      tensors_.push_back({call.layer, static_cast<int64_t>(list.size()), Flag(layer, "return_state") ? kAll : 0});
      list.push_back(layer.kind == LayerKind::kInput ? Value() : Inbound(call));
    }
    List layers;
    for (size_t i = 0; i < graph_.layers.size(); ++i) {
      if (graph_.layers[i].kind != LayerKind::kSlice) layers.push_back(Layer(i, std::move(nodes[i])));
    }
    Dict config = {{"name", Value(graph_.name.empty() ? "model" : graph_.name)}, {"trainable", Value(true)}, {"layers", Value(std::move(layers))},
                   {"input_layers", Ends(graph_.inputs)}, {"output_layers", Outputs()}};
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
  static constexpr int64_t kAll = -1;  // a recurrent layer's output with its states below

  /// Output number `tensor` of a layer's call number `node`, as Keras counts.
  struct Tensor {
    int layer;
    int64_t node, tensor;
  };

  // Layers of a model inside of another one are named "outer/inner" here; Keras 3 allows no slash.
  void NameLayers() {
    std::set<std::string> taken;
    for (const base::Layer& layer : graph_.layers) taken.insert(layer.name);
    for (const base::Layer& layer : graph_.layers) {
      std::string name = layer.name;
      if (keras3_ && name.find('/') != std::string::npos) {
        std::replace(name.begin(), name.end(), '/', '_');
        const std::string wanted = name;
        for (int i = 1; !taken.insert(name).second; ++i) name = wanted + "_" + std::to_string(i);
      }
      names_.push_back(std::move(name));
    }
  }

  const base::Layer& LayerOf(const base::Call& call) const { return graph_.layers[static_cast<size_t>(call.layer)]; }

  // A slice is one of the tensors that a recurrent layer returns with its state; Keras has no layer of its own for any other.
  Tensor StateOf(const base::Call& call) const {
    const base::Layer& slice = LayerOf(call);
    const base::Call& from = graph_.calls[static_cast<size_t>(call.inputs[0])];
    const base::Layer& layer = LayerOf(from);
    if (!IsRecurrent(layer) || !Flag(layer, "return_state") || layer.time_distributed > 0) Refuse(slice, "takes a part of a sequence");
    const int64_t states = layer.kind == LayerKind::kLSTM ? 2 : 1, rows = from.output_shape[0] - states;
    const int64_t begin = slice.attributes.Find("begin")->integer(), size = slice.attributes.Find("size")->integer();
    const bool squeeze = Flag(slice, "squeeze"), sequences = Flag(layer, "return_sequences");
    const bool output = begin == 0 && size == rows && squeeze == !sequences, state = begin >= rows && size == 1 && squeeze;
    if (!output && !state) Refuse(slice, "takes a part of a sequence");
    const Tensor& whole = tensors_[static_cast<size_t>(call.inputs[0])];
    return {whole.layer, whole.node, output ? 0 : begin - rows + 1};
  }

  static Value WithBatch(const base::Shape& shape) {
    List list = {Value()};
    list.insert(list.end(), shape.begin(), shape.end());
    return Value(std::move(list));
  }

  List History(int call) const {
    const Tensor& tensor = tensors_[static_cast<size_t>(call)];
    const auto layer = static_cast<size_t>(tensor.layer);
    if (tensor.tensor == kAll) Refuse(graph_.layers[layer], "is read with its states in one tensor");
    return {Value(names_[layer]), Value(tensor.node), Value(tensor.tensor)};
  }

  Value Ends(const std::vector<int>& calls) const {
    List list;
    for (const int call : calls) list.emplace_back(History(call));
    return Value(std::move(list));
  }

  // Names of their own are the keys of a dictionary, which Keras sorts. TensorFlow.js has lists only.
  Value Outputs() const {
    const std::vector<std::string>& names = graph_.output_names;
    if (!keras3_ || names.empty() || !std::is_sorted(names.begin(), names.end())) return Ends(graph_.outputs);
    Dict outputs;
    for (size_t i = 0; i < names.size(); ++i) outputs.emplace_back(names[i], Value(History(graph_.outputs[i])));
    return Value(std::move(outputs));
  }

  Value TensorOf(int input) const {
    if (!keras3_) return Value(History(input));
    Dict config = {{"shape", WithBatch(graph_.calls[static_cast<size_t>(input)].output_shape)}, {"dtype", Value("float32")},
                   {"keras_history", Value(History(input))}};
    return Value(Dict{{"class_name", Value("__keras_tensor__")}, {"config", Value(std::move(config))}});
  }

  // Arguments of a call beside its tensors.
  Dict Arguments(const base::Call& call) const {
    const base::Layer& layer = LayerOf(call);
    const bool wrapped = layer.time_distributed > 0;
    Dict arguments;
    if (call.inference) {
      // in a text of Keras 3 most layers have it as a default: see MeansInference in keras_call.cpp
      const bool said = !keras3_ || (layer.kind == LayerKind::kBatchNormalization && !wrapped);
      if (!said) Refuse(layer, "is called with training=False");
      arguments.emplace_back("training", Value(false));
    }
    if (IsCausal(layer)) {
      if (wrapped) Refuse(layer, "has a causal mask and is distributed over time");
      arguments.emplace_back("use_causal_mask", Value(true));
    }
    return arguments;
  }

  Value Inbound(const base::Call& call) const {
    const base::Layer& layer = LayerOf(call);
    Dict arguments = Arguments(call);
    List tensors;
    for (const int input : call.inputs) tensors.push_back(TensorOf(input));
    const bool heads = layer.kind == LayerKind::kMultiHeadAttention, several = tensors.size() > 1;
    if (several && layer.time_distributed > 0 && (heads || IsRecurrent(layer))) {
      Refuse(layer, "has several inputs and is distributed over time");
    }
    if (keras3_) {
      if (several && IsRecurrent(layer)) {
        arguments.emplace_back("initial_state", Value(List(tensors.begin() + 1, tensors.end())));
        tensors.resize(1);
      } else if (several && !heads) {
        tensors = List{Value(std::move(tensors))};
      }
      return Value(Dict{{"args", Value(std::move(tensors))}, {"kwargs", Value(std::move(arguments))}});
    }
    if (heads) {
      const char* const names[] = {"query", "value", "key"};
      for (size_t i = 1; i < tensors.size(); ++i) arguments.emplace_back(names[i], std::move(tensors[i]));
      tensors.resize(1);
    }
    for (Value& tensor : tensors) {
      List history = tensor.list();
      history.emplace_back(arguments);
      tensor = Value(std::move(history));
    }
    return Value(std::move(tensors));
  }

  Dict Entry(const char* class_name, Dict config) const {
    Dict entry;
    if (keras3_) entry.emplace_back("module", Value("keras.layers"));
    entry.emplace_back("class_name", Value(class_name));
    entry.emplace_back("config", Value(std::move(config)));
    if (keras3_) entry.emplace_back("registered_name", Value());
    return entry;
  }

  Value Layer(size_t index, List nodes) const {
    const base::Layer& layer = graph_.layers[index];
    if (layer.kind == LayerKind::kReverse) Refuse(layer, "gives a sequence in the opposite order");
    Dict config = {{"name", Value(names_[index])}};
    if (layer.kind == LayerKind::kInput) {
      base::Shape shape;
      for (const Value& size : layer.attributes.Find("shape")->list()) shape.push_back(size.integer());
      config.emplace_back(keras3_ ? "batch_shape" : "batch_input_shape", WithBatch(shape));
      config.emplace_back("dtype", Value("float32"));
      nodes.clear();
    } else {
      config.emplace_back("trainable", Value(layer.trainable));
      for (const auto& attribute : layer.attributes.dict()) {
        if (attribute.first != "use_causal_mask" && attribute.first != "causal") config.push_back(attribute);
      }
    }
    Dict entry = Entry(layers::DefinitionOf(layer).class_names[0], std::move(config));
    for (int i = 0; i < layer.time_distributed; ++i) {
      entry = Entry("TimeDistributed", {{"name", Value(names_[index])}, {"trainable", Value(layer.trainable)}, {"layer", Value(std::move(entry))}});
    }
    entry.emplace_back("name", Value(names_[index]));
    entry.emplace_back("inbound_nodes", Value(std::move(nodes)));
    return Value(std::move(entry));
  }

  const base::Graph& graph_;
  const bool keras3_;
  std::vector<std::string> names_;  // of each layer, in the text
  std::vector<Tensor> tensors_;     // of each call
};

}  // namespace

std::string WriteKeras(const base::Graph& graph, KerasForm form) { return Writer(graph, form).Write(); }

}  // namespace wire
