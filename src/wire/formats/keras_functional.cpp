// Functional models: every layer lists its calls, and each call the outputs of others that it reads. Layers may be listed in any order;
// calls are put in topological order, ties by the order of the text.
#include <algorithm>
#include <functional>
#include <map>
#include <queue>

#include "wire/formats/keras_block.hpp"
#include "wire/formats/keras_call.hpp"

namespace wire {
namespace {

using base::ErrorCode;
using base::Value;
using layers::Got;
using layers::Quote;
using layers::Refuse;
using layers::Where;

// An output of a node.
struct Source {
  size_t node = 0;
  size_t tensor = 0;
};

struct Node {
  size_t layer = 0;
  KerasCall call;
  std::vector<Source> inputs;
  std::set<size_t> wanted;
};

class FunctionalBlock : public ModelBlock {
 public:
  FunctionalBlock(const Value& config, const KerasLayer& model, const Scope& scope)
      : model_(model), scope_(scope), entries_(ReadLayers(LayerList(config), !model.trainable)) {
    ReadNodes();
    MakeBlocks();
    const Ends inputs = ReadEnds(config, "input_layers"), outputs = ReadEnds(config, "output_layers");
    FindNumbering(inputs.references);
    FindNumbering(outputs.references);
    for (const Node& node : nodes_) FindNumbering(node.call.inputs);
    for (Node& node : nodes_) {
      for (const Reference& input : node.call.inputs) node.inputs.push_back(Read(input, entries_[node.layer].where()));
    }
    for (const Reference& end : inputs.references) inputs_.push_back(Read(end, {"input_layers", "", ""}));
    for (const Reference& end : outputs.references) outputs_.push_back(Read(end, {"output_layers", "", ""}));
    output_names_ = outputs.names;
    Order();
  }

  size_t OutputCount() const override { return outputs_.size(); }

  void AddLayers(GraphBuilder* builder) override {
    for (const auto& block : blocks_) {
      if (block != nullptr) block->AddLayers(builder);
    }
  }

  std::vector<int> Call(GraphBuilder* builder, const CallRequest& request) override {
    if (request.inputs.size() != inputs_.size()) {
      Refuse(ErrorCode::kInvalidParameter, model_.where(),
             "takes " + std::to_string(inputs_.size()) + (inputs_.size() == 1 ? " input" : " inputs") + ", got " +
                 std::to_string(request.inputs.size()));
    }
    std::map<size_t, int> given;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      CheckInput(*builder, inputs_[i].node, request.inputs[i]);
      given[inputs_[i].node] = request.inputs[i];
    }
    return CallNodes(builder, request.inference, [&](size_t node) {
      const auto found = given.find(node);
      if (found != given.end()) return found->second;
      Refuse(ErrorCode::kInvalidParameter, entries_[nodes_[node].layer].where(), "is missing among the inputs of the model");
    });
  }

  Value FirstInputShape(std::string* argument) const override {
    return inputs_.empty() ? Value() : StatedInputShape(entries_[nodes_[inputs_[0].node].layer], argument);
  }

  bool HasOpenInput() const override {
    std::string argument;
    return std::any_of(inputs_.begin(), inputs_.end(), [&](const Source& input) {
      const KerasLayer& layer = entries_[nodes_[input.node].layer];
      return layer.is_input() && IsOpen(StatedInputShape(layer, &argument));
    });
  }

  base::Graph Build(const InputShapes& shapes) override {
    GraphBuilder builder(model_.name, !shapes.checked_only);
    std::map<size_t, int> layers;  // of the inputs' nodes
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (blocks_[i] != nullptr) {
        blocks_[i]->AddLayers(&builder);
      } else {
        layers[first_node_[i]] = AddInput(&builder, i, shapes);
      }
    }
    const std::vector<int> outputs =
        CallNodes(&builder, false, [&](size_t node) { return builder.AddCall(layers[node], {}); });
    std::vector<int> inputs;
    for (const Source& input : inputs_) inputs.push_back(calls_[input.node][input.tensor]);
    return builder.Finish(std::move(inputs), outputs, OutputNames(builder, outputs));
  }

 private:
  void ReadNodes() {
    for (size_t i = 0; i < entries_.size(); ++i) {
      const KerasLayer& layer = entries_[i];
      index_.emplace(layer.name, i);  // a second layer of the name is refused when it is added
      first_node_.push_back(nodes_.size());
      const Value* inbound = layer.inbound_nodes;
      if (inbound != nullptr && !inbound->is_list()) {
        Refuse(ErrorCode::kInvalidParameter, layer.where(), "\"inbound_nodes\" must be a list" + Got(*inbound));
      }
      const bool none = inbound == nullptr || inbound->list().empty();
      if (layer.is_input()) {
        if (!none) Refuse(ErrorCode::kInvalidParameter, layer.where(), "an InputLayer has no inbound nodes");
        nodes_.push_back({i, {}, {}, {}});
        continue;
      }
      if (none) Refuse(ErrorCode::kInvalidParameter, layer.where(), "is not connected to the model: it has no inbound nodes");
      for (const Value& call : inbound->list()) nodes_.push_back({i, ReadCall(call, layer), {}, {}});
      if (nodes_.size() > kMostCalls) throw base::Error(ErrorCode::kLimitExceeded, "the model calls layers more than 100000 times");
    }
    first_node_.push_back(nodes_.size());
  }

  void MakeBlocks() {
    for (size_t i = 0; i < entries_.size(); ++i) {
      const auto begin = nodes_.begin() + static_cast<std::ptrdiff_t>(first_node_[i]);
      const auto end = nodes_.begin() + static_cast<std::ptrdiff_t>(first_node_[i + 1]);
      const auto causal = std::count_if(begin, end, [](const Node& node) { return node.call.causal; });
      if (causal > 0 && causal < end - begin) {
        Refuse(ErrorCode::kFeatureNotSupported, entries_[i].where().Inside("use_causal_mask"), "must be the same in all calls of a shared layer");
      }
      ReadOperand(i, begin, end);
      blocks_.push_back(entries_[i].is_input() ? nullptr : MakeBlock(entries_[i], scope_, causal > 0));
    }
  }

  // An operation with a number is a layer of its own.
  template <class Iterator>
  void ReadOperand(size_t entry, Iterator begin, Iterator end) {
    KerasLayer& layer = entries_[entry];
    if (!layer.operation) return;
    const std::optional<double>& operand = begin->call.operand;
    const bool same = std::all_of(begin, end, [&](const Node& node) { return node.call.operand == operand; });
    if (!same) Refuse(ErrorCode::kFeatureNotSupported, layer.where(), "is called with different operands");
    if (operand) return RewriteOperand(*operand, &layer);
    if (layer.sign == '/') {
      Refuse(ErrorCode::kFeatureNotSupported, layer.where(), "divides tensors, which is not supported", "Only a number can be divided by.");
    }
  }

  // The calls of a model that is a layer are numbered from 1: Keras counts the call that made it. Some versions count from 0.
  void FindNumbering(const std::vector<Reference>& references) {
    for (const Reference& reference : references) {
      const auto found = index_.find(reference.layer);
      if (found == index_.end() || entries_[found->second].form != KerasLayer::Form::kModel) continue;
      if (reference.node == 0) counted_from_zero_.insert(found->second);
    }
  }

  Source Read(const Reference& reference, const Where& where) {
    const auto found = index_.find(reference.layer);
    if (found == index_.end()) Refuse(ErrorCode::kInvalidParameter, where, "the model has no layer " + Quote(reference.layer));
    const size_t layer = found->second, first = first_node_[layer], count = first_node_[layer + 1] - first;
    const bool from_one = entries_[layer].form == KerasLayer::Form::kModel && counted_from_zero_.count(layer) == 0;
    const size_t node = static_cast<size_t>(reference.node) - (from_one ? 1 : 0);
    if (node >= count) {
      Refuse(ErrorCode::kInvalidParameter, where, "node " + std::to_string(reference.node) + " of layer " + Quote(reference.layer) +
             " does not exist, the layer is called " + std::to_string(count) + (count == 1 ? " time" : " times"));
    }
    const size_t outputs = blocks_[layer] == nullptr ? 1 : blocks_[layer]->OutputCount();
    if (static_cast<size_t>(reference.tensor) >= outputs) {
      Refuse(ErrorCode::kInvalidParameter, where,
             "an input is output number " + std::to_string(reference.tensor) + " of layer " + Quote(reference.layer) + ", which has " +
                 (outputs == 1 ? "one" : std::to_string(outputs)));
    }
    const Source source{first + node, static_cast<size_t>(reference.tensor)};
    nodes_[source.node].wanted.insert(source.tensor);
    return source;
  }

  // Kahn's algorithm; the smallest node first, so that the order depends on the text alone.
  void Order() {
    std::vector<size_t> waiting(nodes_.size(), 0);
    std::vector<std::vector<size_t>> readers(nodes_.size());
    std::priority_queue<size_t, std::vector<size_t>, std::greater<size_t>> ready;
    for (size_t node = 0; node < nodes_.size(); ++node) {
      for (const Source& input : nodes_[node].inputs) readers[input.node].push_back(node);
      waiting[node] = nodes_[node].inputs.size();
      if (waiting[node] == 0) ready.push(node);
    }
    std::vector<bool> done(nodes_.size(), false);
    while (!ready.empty()) {
      const size_t node = ready.top();
      ready.pop();
      done[node] = true;
      order_.push_back(node);
      for (const size_t reader : readers[node]) {
        if (--waiting[reader] == 0) ready.push(reader);
      }
    }
    if (order_.size() == nodes_.size()) return;
    const auto stuck = static_cast<size_t>(std::find(done.begin(), done.end(), false) - done.begin());
    Refuse(ErrorCode::kInvalidParameter, entries_[nodes_[stuck].layer].where(),
           "the layers form a circle: its input depends on its own output");
  }

  // input: the call of an InputLayer's node.
  std::vector<int> CallNodes(GraphBuilder* builder, bool inference, const std::function<int(size_t node)>& input) {
    calls_.assign(nodes_.size(), {});
    for (const size_t node : order_) {
      builder->CountFollowed();
      const Node& called = nodes_[node];
      if (blocks_[called.layer] == nullptr) {
        calls_[node] = {input(node)};
        continue;
      }
      CallRequest request;
      for (const Source& source : called.inputs) request.inputs.push_back(calls_[source.node][source.tensor]);
      request.inference = inference || called.call.inference;
      request.wanted = called.wanted;
      calls_[node] = blocks_[called.layer]->Call(builder, request);
    }
    std::vector<int> outputs;
    for (const Source& output : outputs_) outputs.push_back(calls_[output.node][output.tensor]);
    return outputs;
  }

  // What a model inside of another one is called with must have the shape that it states, as far as it does.
  void CheckInput(const GraphBuilder& builder, size_t node, int call) const {
    const KerasLayer& layer = entries_[nodes_[node].layer];
    if (!layer.is_input()) {
      Refuse(ErrorCode::kInvalidParameter, layer.where(), "is named as an input of the model, but is no InputLayer");
    }
    std::string argument;
    const Value stated = StatedInputShape(layer, &argument);
    if (stated.is_null() || !builder.has_shapes()) return;
    const base::Shape& whole = builder.OutputShape(call);
    const auto leading = static_cast<size_t>(scope_.time_distributed);
    bool fits = whole.size() == leading + stated.list().size();
    for (size_t i = 0; fits && i < stated.list().size(); ++i) {
      const Value& size = stated.list()[i];
      fits = size.is_null() || size.integer() == whole[leading + i];
    }
    if (fits) return;
    Refuse(ErrorCode::kInvalidParameter, model_.where(),
           "its input " + Quote(layer.name) + " expects " + base::FormatShape(Sizes(stated)) + ", it is called with " + base::FormatShape(whole));
  }

  static base::Shape Sizes(const Value& stated) {
    base::Shape shape;
    for (const Value& size : stated.list()) shape.push_back(size.is_null() ? -1 : size.integer());
    return shape;
  }

  int AddInput(GraphBuilder* builder, size_t entry, const InputShapes& shapes) const {
    const KerasLayer& layer = entries_[entry];
    const auto same = std::find_if(inputs_.begin(), inputs_.end(), [&](const Source& input) { return input.node == first_node_[entry]; });
    std::string argument = "batch_input_shape";
    const Value stated = StatedInputShape(layer, &argument);
    const Value shape = same == inputs_.end() && shapes.columns != nullptr && IsOpen(stated)
                            ? Value(base::List{})  // refused when the model is finished
                            : InputShape(stated, shapes, static_cast<size_t>(same - inputs_.begin()), inputs_.size(),
                                         layer.where().Inside(argument), "is missing", "");
    return builder->AddLayer(layer.name, *layer.definition, InputConfig(layer, shape), true);
  }

  // None where they are the layers' own.
  std::vector<std::string> OutputNames(const GraphBuilder& builder, const std::vector<int>& outputs) const {
    bool own = true;
    std::set<std::string> different;
    for (size_t i = 0; i < outputs.size(); ++i) {
      own = own && builder.LayerName(outputs[i]) == output_names_[i];
      different.insert(output_names_[i]);
    }
    return own || different.size() < outputs.size() ? std::vector<std::string>() : output_names_;
  }

  const KerasLayer& model_;
  Scope scope_;
  std::vector<KerasLayer> entries_;
  std::vector<std::unique_ptr<Block>> blocks_;  // of each entry; nullptr for an InputLayer
  std::map<std::string, size_t> index_;         // name -> entry
  std::vector<Node> nodes_;                     // grouped by entry
  std::vector<size_t> first_node_;              // of each entry, and the end
  std::set<size_t> counted_from_zero_;          // models whose calls are
  std::vector<Source> inputs_, outputs_;
  std::vector<std::string> output_names_;
  std::vector<size_t> order_;                   // nodes
  std::vector<std::vector<int>> calls_;         // of each node in the current call
};

}  // namespace

std::unique_ptr<ModelBlock> MakeFunctional(const Value& config, const KerasLayer& model, const Scope& scope) {
  if (!config.is_dict()) {
    throw base::Error(ErrorCode::kInvalidParameter, "the config of a functional model must be a dictionary" + Got(config));
  }
  return std::make_unique<FunctionalBlock>(config, model, scope);
}

}  // namespace wire
