// Functional models: every layer lists its calls ("inbound nodes"), and each call the calls that it reads.
//
// Keras 2: a call is a list of [layer, node index, tensor index, kwargs], or one such tuple alone (TensorFlow 2.4 and
// later).
// Keras 3: a call is {"args": [..], "kwargs": {..}}, with tensors {"class_name": "__keras_tensor__", "config":
// {"keras_history": [..]}} in its arguments. Layers may be listed in any order; calls are put in topological order,
// ties by the order of the text.
#include <algorithm>
#include <functional>
#include <map>
#include <queue>

#include "wire/formats/keras_layer.hpp"

namespace wire {
namespace {

using base::ErrorCode;
using base::List;
using base::Value;
using layers::AsInteger;
using layers::Got;
using layers::Quote;
using layers::Refuse;
using layers::Where;

// Call number `node` of a layer.
struct Reference {
  std::string layer;
  int64_t node = 0;
};

struct Node {
  size_t layer = 0;
  std::vector<Reference> inputs;
};

void CheckKwargs(const Value& kwargs, const Where& where) {
  if (kwargs.is_null()) return;
  if (!kwargs.is_dict()) Refuse(ErrorCode::kInvalidParameter, where, "the arguments of a call must be a dictionary" + Got(kwargs));
  for (const auto& entry : kwargs.dict()) {
    if (entry.second.is_null() || (entry.second.is_dict() && entry.second.dict().empty())) continue;
    Refuse(ErrorCode::kFeatureNotSupported, where.Inside(entry.first), "of a call is not supported" + Got(entry.second));
  }
}

bool IsReference(const Value& value) { return value.is_list() && value.list().size() >= 3 && value.list()[0].is_string(); }

Reference ReadReference(const Value& value, const Where& where) {
  int64_t node = 0, tensor = 0;
  const bool shaped = IsReference(value) && value.list().size() <= 4 && AsInteger(value.list()[1], &node) &&
                      AsInteger(value.list()[2], &tensor);
  if (!shaped) Refuse(ErrorCode::kInvalidParameter, where, "an input must be [layer, node index, tensor index]" + Got(value));
  if (value.list().size() == 4) CheckKwargs(value.list()[3], where);
  const std::string& layer = value.list()[0].string();
  if (node < 0 || layer == "_CONSTANT_VALUE") {
    Refuse(ErrorCode::kFeatureNotSupported, where, "an input is a constant, which is not supported" + Got(value));
  }
  if (tensor != 0) {
    Refuse(ErrorCode::kInvalidParameter, where,
           "an input is output number " + std::to_string(tensor) + " of layer " + Quote(layer) + ", which has one");
  }
  return {layer, node};
}

// All tensors in a nest of lists, in order.
void ReadTensors(const Value& value, const Where& where, std::vector<Reference>* out) {
  if (value.is_list()) {
    for (const Value& entry : value.list()) ReadTensors(entry, where, out);
    return;
  }
  const Value* config = value.Find("config");
  const Value* history = config == nullptr ? nullptr : config->Find("keras_history");
  if (history == nullptr) Refuse(ErrorCode::kFeatureNotSupported, where, "an argument of a call is no tensor" + Got(value));
  out->push_back(ReadReference(*history, where));
}

std::vector<Reference> ReadCall(const Value& call, const Where& where) {
  std::vector<Reference> inputs;
  if (const Value* args = call.Find("args")) {
    ReadTensors(*args, where, &inputs);
    const Value* kwargs = call.Find("kwargs");
    if (kwargs != nullptr) CheckKwargs(*kwargs, where);
    return inputs;
  }
  if (IsReference(call)) return {ReadReference(call, where)};
  if (!call.is_list() || call.list().empty()) {
    Refuse(ErrorCode::kInvalidParameter, where, "an entry of \"inbound_nodes\" must be a list of inputs" + Got(call));
  }
  for (const Value& input : call.list()) inputs.push_back(ReadReference(input, where));
  return inputs;
}

// input_layers and output_layers: a list of references, one reference alone, or a dictionary of them, which Keras sorts
// by key.
std::vector<Reference> ReadEnds(const Value& config, const char* what) {
  const Where where{what, "", ""};
  const Value* ends = config.Find(what);
  std::vector<Reference> references;
  if (ends == nullptr) throw base::Error(ErrorCode::kInvalidParameter, std::string("the model's config has no \"") + what + "\"");
  if (IsReference(*ends)) return {ReadReference(*ends, where)};
  if (ends->is_dict()) {
    std::map<std::string, const Value*> sorted;
    for (const auto& entry : ends->dict()) sorted[entry.first] = &entry.second;
    for (const auto& entry : sorted) references.push_back(ReadReference(*entry.second, where));
    return references;
  }
  if (!ends->is_list()) throw base::Error(ErrorCode::kInvalidParameter, std::string("\"") + what + "\" must be a list" + Got(*ends));
  for (const Value& entry : ends->list()) references.push_back(ReadReference(entry, where));
  return references;
}

class FunctionalReader {
 public:
  FunctionalReader(std::vector<KerasLayer> layers, const std::string& name) : layers_(std::move(layers)), builder_(name) {}

  base::Graph Read(const Value& config) {
    ReadNodes();
    AddLayers();
    AddCalls();
    std::vector<int> inputs, outputs;
    for (const Reference& end : ReadEnds(config, "input_layers")) inputs.push_back(calls_[Find(end, {"input_layers", "", ""})]);
    for (const Reference& end : ReadEnds(config, "output_layers")) outputs.push_back(calls_[Find(end, {"output_layers", "", ""})]);
    return builder_.Finish(std::move(inputs), std::move(outputs));
  }

 private:
  void ReadNodes() {
    for (size_t i = 0; i < layers_.size(); ++i) {
      const KerasLayer& layer = layers_[i];
      index_.emplace(layer.name, i);  // a second layer of the name is refused when it is added
      first_node_.push_back(nodes_.size());
      const Value* inbound = layer.inbound_nodes;
      if (inbound != nullptr && !inbound->is_list()) {
        Refuse(ErrorCode::kInvalidParameter, layer.where(), "\"inbound_nodes\" must be a list" + Got(*inbound));
      }
      const bool none = inbound == nullptr || inbound->list().empty();
      if (layer.definition->kind == base::LayerKind::kInput) {
        if (!none) Refuse(ErrorCode::kInvalidParameter, layer.where(), "an InputLayer has no inbound nodes");
        nodes_.push_back({i, {}});
        continue;
      }
      if (none) Refuse(ErrorCode::kInvalidParameter, layer.where(), "is not connected to the model: it has no inbound nodes");
      for (const Value& call : inbound->list()) nodes_.push_back({i, ReadCall(call, layer.where())});
      if (nodes_.size() > kMostCalls) throw base::Error(ErrorCode::kLimitExceeded, "the model calls layers more than 100000 times");
    }
    first_node_.push_back(nodes_.size());
  }

  void AddLayers() {
    for (const KerasLayer& layer : layers_) {
      const bool input = layer.definition->kind == base::LayerKind::kInput;
      builder_.AddLayer(layer.name, *layer.definition, input ? InputConfig(layer) : *layer.config, layer.trainable || input);
    }
  }

  // Kahn's algorithm; the smallest node first, so that the order depends on the text alone.
  void AddCalls() {
    calls_.assign(nodes_.size(), -1);
    std::vector<size_t> waiting(nodes_.size(), 0);
    std::vector<std::vector<size_t>> readers(nodes_.size());
    std::vector<std::vector<size_t>> sources(nodes_.size());
    std::priority_queue<size_t, std::vector<size_t>, std::greater<size_t>> ready;
    for (size_t node = 0; node < nodes_.size(); ++node) {
      for (const Reference& input : nodes_[node].inputs) {
        const size_t source = Find(input, layers_[nodes_[node].layer].where());
        sources[node].push_back(source);
        readers[source].push_back(node);
        ++waiting[node];
      }
      if (waiting[node] == 0) ready.push(node);
    }
    size_t done = 0;
    for (; !ready.empty(); ++done) {
      const size_t node = ready.top();
      ready.pop();
      std::vector<int> inputs;
      for (const size_t source : sources[node]) inputs.push_back(calls_[source]);
      calls_[node] = builder_.AddCall(static_cast<int>(nodes_[node].layer), std::move(inputs));
      for (const size_t reader : readers[node]) {
        if (--waiting[reader] == 0) ready.push(reader);
      }
    }
    if (done == nodes_.size()) return;
    const auto stuck = static_cast<size_t>(std::find(calls_.begin(), calls_.end(), -1) - calls_.begin());
    Refuse(ErrorCode::kInvalidParameter, layers_[nodes_[stuck].layer].where(),
           "the layers form a circle: its input depends on its own output");
  }

  size_t Find(const Reference& reference, const Where& where) const {
    const auto found = index_.find(reference.layer);
    if (found == index_.end()) Refuse(ErrorCode::kInvalidParameter, where, "the model has no layer " + Quote(reference.layer));
    const size_t first = first_node_[found->second], count = first_node_[found->second + 1] - first;
    if (static_cast<size_t>(reference.node) >= count) {
      Refuse(ErrorCode::kInvalidParameter, where, "node " + std::to_string(reference.node) + " of layer " + Quote(reference.layer) +
             " does not exist, the layer is called " + std::to_string(count) + (count == 1 ? " time" : " times"));
    }
    return first + static_cast<size_t>(reference.node);
  }

  std::vector<KerasLayer> layers_;
  GraphBuilder builder_;
  std::map<std::string, size_t> index_;  // name -> layer
  std::vector<Node> nodes_;              // grouped by layer
  std::vector<size_t> first_node_;       // of each layer, and the end
  std::vector<int> calls_;               // call of each node
};

}  // namespace

base::Graph ReadFunctional(const Value& config, const std::string& name, bool frozen) {
  if (!config.is_dict()) {
    throw base::Error(ErrorCode::kInvalidParameter, "the config of a functional model must be a dictionary" + Got(config));
  }
  const Value* list = config.Find("layers");
  return FunctionalReader(ReadLayers(list == nullptr ? Value() : *list, frozen), name).Read(config);
}

}  // namespace wire
