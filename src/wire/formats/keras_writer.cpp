// An architecture as Keras's JSON: a functional model, layers with all of their arguments.
//
// Models inside of models and Bidirectional layers are written as the layers that they were taken apart into (but see KerasForm), a layer that is distributed
// over time inside of TimeDistributed, slices of a recurrent layer's output as the tensors that it returns. What Keras has no layer or
// argument for is refused.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <tuple>

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

/// The layers of a Bidirectional layer that returns sequences, as the reader made them (keras_block.cpp).
struct Halves {
  size_t forward = 0, backward = 0, reverse = 0, merge = 0;
  std::string name;       // of the whole
  const char* mode = "";  // merge_mode
};

const char* MergeMode(const base::Layer& merge) {
  switch (merge.kind) {
    case LayerKind::kConcatenate: return "concat";
    case LayerKind::kAdd: return "sum";
    case LayerKind::kMultiply: return "mul";
    case LayerKind::kAverage: return "ave";
    default: return nullptr;
  }
}

bool BeginsWith(const std::string& text, const std::string& begin) { return text.compare(0, begin.size(), begin) == 0; }

class HalvesFinder {
 public:
  explicit HalvesFinder(const base::Graph& graph) : graph_(graph), calls_(graph.layers.size()), readers_(graph.calls.size()) {
    for (size_t i = 0; i < graph.calls.size(); ++i) {
      calls_[static_cast<size_t>(graph.calls[i].layer)].push_back(static_cast<int>(i));
      for (const int input : graph.calls[i].inputs) readers_[static_cast<size_t>(input)].push_back(static_cast<int>(i));
    }
    for (const int output : graph.outputs) readers_[static_cast<size_t>(output)].push_back(-1);
  }

  /// None where something else reads a part, or where a part is not as the reader makes it.
  std::optional<Halves> Of(size_t reverse) const {
    Halves found;
    found.reverse = reverse;
    const std::vector<int>& calls = calls_[reverse];
    for (size_t i = 0; i < calls.size(); ++i) {
      const int merge = OnlyReader(calls[i]);
      if (merge < 0 || Inputs(merge).size() != 2 || Inputs(merge)[1] != calls[i]) return std::nullopt;
      const int forward = Inputs(merge)[0], backward = Inputs(calls[i])[0];
      const bool alone = OnlyReader(forward) == merge && OnlyReader(backward) == calls[i] && Inputs(forward) == Inputs(backward) &&
                         graph_.calls[static_cast<size_t>(forward)].inference == graph_.calls[static_cast<size_t>(backward)].inference;
      const std::array<size_t, 3> layers = {Layer(forward), Layer(backward), Layer(merge)};
      const bool same = i == 0 || layers == std::array<size_t, 3>{found.forward, found.backward, found.merge};
      if (!alone || !same) return std::nullopt;
      std::tie(found.forward, found.backward, found.merge) = std::tie(layers[0], layers[1], layers[2]);
    }
    const size_t count = calls.size();
    const bool all = calls_[found.forward].size() == count && calls_[found.backward].size() == count && calls_[found.merge].size() == count;
    const base::Layer &forward = graph_.layers[found.forward], &backward = graph_.layers[found.backward], &merge = graph_.layers[found.merge];
    found.name = merge.name;
    const char* const mode = MergeMode(merge);
    const bool plain = forward.time_distributed == 0 && !Flag(forward, "return_state") && !Flag(backward, "return_state");
    const bool named = BeginsWith(forward.name, found.name + "/forward_") && BeginsWith(backward.name, found.name + "/backward_");
    if (!all || mode == nullptr || !plain || !named || forward.kind != backward.kind || !IsRecurrent(forward)) return std::nullopt;
    found.mode = mode;
    return found;
  }

 private:
  const std::vector<int>& Inputs(int call) const { return graph_.calls[static_cast<size_t>(call)].inputs; }
  size_t Layer(int call) const { return static_cast<size_t>(graph_.calls[static_cast<size_t>(call)].layer); }
  int OnlyReader(int call) const {
    const std::vector<int>& readers = readers_[static_cast<size_t>(call)];
    return readers.size() == 1 ? readers[0] : -1;
  }

  const base::Graph& graph_;
  std::vector<std::vector<int>> calls_;    // by layer
  std::vector<std::vector<int>> readers_;  // by call; -1: the model returns it
};

class Writer {
 public:
  Writer(const base::Graph& graph, KerasForm form) : graph_(graph), keras3_(form == KerasForm::kKeras3) {
    NameLayers();
    if (form == KerasForm::kKeras2Wrapped) FindHalves();
  }

  std::string Write() {
    std::vector<List> nodes(graph_.layers.size());
    for (const base::Call& call : graph_.calls) {
      const base::Layer& layer = LayerOf(call);
      const auto whole = halves_.find(static_cast<size_t>(call.layer));
      if (whole != halves_.end()) {
        const Halves& halves = whole->second;
        List& list = nodes[halves.forward];
        tensors_.push_back({static_cast<int>(halves.forward), static_cast<int64_t>(list.size()), 0});
        if (static_cast<size_t>(call.layer) == halves.merge) list.push_back(Inbound(graph_.calls[static_cast<size_t>(call.inputs[0])]));
        continue;
      }
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
      const auto whole = halves_.find(i);
      if (graph_.layers[i].kind == LayerKind::kSlice || (whole != halves_.end() && i != whole->second.forward)) continue;
      layers.push_back(whole == halves_.end() ? Layer(i, std::move(nodes[i])) : Bidirectional(whole->second, std::move(nodes[i])));
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

  void FindHalves() {
    const HalvesFinder finder(graph_);
    for (size_t i = 0; i < graph_.layers.size(); ++i) {
      if (graph_.layers[i].kind != LayerKind::kReverse) continue;
      const std::optional<Halves> found = finder.Of(i);
      if (!found) continue;
      for (const size_t part : {found->forward, found->backward, found->reverse, found->merge}) halves_[part] = *found;
      names_[found->forward] = found->name;  // the whole stands where its forward half does
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

  // Keras 2 has no argument for the range to which a RandomContrast cuts: it is 0 to 255.
  bool IsFixedRange(const base::Layer& layer, const std::pair<base::Key, Value>& attribute) const {
    if (keras3_ || layer.kind != LayerKind::kRandomContrast || attribute.first != "value_range") return false;
    const List& ends = attribute.second.list();
    if (ends[0].number() != 0 || ends[1].number() != 255) Refuse(layer, "cuts to another range than 0 to 255");
    return true;
  }

  Value Half(const base::Layer& layer, const std::string& whole) const {
    Dict config = {{"name", Value(layer.name.substr(whole.size() + 1))}, {"trainable", Value(layer.trainable)}};
    for (const auto& attribute : layer.attributes.dict()) config.push_back(attribute);
    return Value(Entry(layers::DefinitionOf(layer).class_names[0], std::move(config)));
  }

  Value Bidirectional(const Halves& halves, List nodes) const {
    Dict config = {{"name", Value(halves.name)}, {"trainable", Value(true)}, {"layer", Half(graph_.layers[halves.forward], halves.name)},
                   {"backward_layer", Half(graph_.layers[halves.backward], halves.name)}, {"merge_mode", Value(halves.mode)}};
    Dict entry = Entry("Bidirectional", std::move(config));
    entry.emplace_back("name", Value(halves.name));
    entry.emplace_back("inbound_nodes", Value(std::move(nodes)));
    return Value(std::move(entry));
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
        if (attribute.first == "use_causal_mask" || attribute.first == "causal" || IsFixedRange(layer, attribute)) continue;
        config.push_back(attribute);
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
  std::map<size_t, Halves> halves_;  // by each of their layers
};

}  // namespace

std::string WriteKeras(const base::Graph& graph, KerasForm form) { return Writer(graph, form).Write(); }

}  // namespace wire
