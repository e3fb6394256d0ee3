#include "base/graph_cut.hpp"

#include <map>
#include <unordered_set>
#include <utility>

#include "base/error.hpp"

namespace base {
namespace {

void RequireFrozen(const Graph& whole, int call) {
  if (call < 0 || static_cast<size_t>(call) >= whole.calls.size()) {
    throw Error(ErrorCode::kInternal, "a graph of " + std::to_string(whole.calls.size()) + " calls is cut at call " + std::to_string(call));
  }
  const Call& at = whole.calls[static_cast<size_t>(call)];
  if (at.frozen) return;
  throw Error(ErrorCode::kInternal, "layer \"" + whole.layers[static_cast<size_t>(at.layer)].name + "\" is cut off, but it is not frozen");
}

// The calls that are wanted and all that they read, but nothing below a call that is given.
std::vector<bool> Needed(const Graph& whole, const std::vector<int>& wanted, const std::vector<int>& given) {
  std::vector<bool> needed(whole.calls.size()), known(whole.calls.size());
  for (const int call : wanted) needed[static_cast<size_t>(call)] = true;
  for (const int call : given) known[static_cast<size_t>(call)] = true;
  for (size_t i = whole.calls.size(); i-- > 0;) {
    if (!needed[i] || known[i]) continue;
    for (const int input : whole.calls[i].inputs) needed[static_cast<size_t>(input)] = true;
  }
  return needed;
}

// Copies calls of the whole graph, in its order, and knows where they went.
class Part {
 public:
  explicit Part(const Graph& whole) : whole_(whole), index_(whole.calls.size(), -1) {
    graph.name = whole.name;
    graph.layers = whole.layers;
  }

  void Copy(size_t call) {
    Call copy = whole_.calls[call];
    copy.inputs = Indexes(copy.inputs);
    Add(call, std::move(copy));
  }

  void Add(size_t call, Call replacement) {
    index_[call] = static_cast<int>(graph.calls.size());
    graph.calls.push_back(std::move(replacement));
  }

  int Index(int call) const { return index_[static_cast<size_t>(call)]; }
  std::vector<int> Indexes(std::vector<int> calls) const {
    for (int& call : calls) call = Index(call);
    return calls;
  }

  Graph graph;

 private:
  const Graph& whole_;
  std::vector<int> index_;
};

std::vector<bool> InputCalls(const Graph& whole) {
  std::vector<bool> inputs(whole.calls.size());
  for (const int call : whole.inputs) inputs[static_cast<size_t>(call)] = true;
  return inputs;
}

Layer FeatureInput(const Call& cut, const std::string& name, const std::string& column) {
  Layer layer;
  layer.name = name;
  layer.kind = LayerKind::kInput;
  List shape;
  for (const int64_t size : cut.output_shape) shape.emplace_back(size);
  layer.attributes = Dict{{"shape", std::move(shape)}, {kFeatureAttribute, column}};
  return layer;
}

}  // namespace

const std::string* FeatureColumnOf(const Layer& layer) {
  if (layer.kind != LayerKind::kInput || !layer.attributes.is_dict()) return nullptr;
  const Value* column = layer.attributes.Find(kFeatureAttribute);
  return column == nullptr ? nullptr : &column->string();
}

Graph CutGraph(const Graph& whole, const std::vector<FeatureCut>& cuts) {
  const std::vector<bool> raw = InputCalls(whole);
  std::map<int, size_t> cut_of;  // by call
  std::vector<int> given;
  for (size_t i = 0; i < cuts.size(); ++i) {
    RequireFrozen(whole, cuts[i].call);
    if (raw[static_cast<size_t>(cuts[i].call)] || !cut_of.emplace(cuts[i].call, i).second) {
      throw Error(ErrorCode::kInternal, "call " + std::to_string(cuts[i].call) + " of a graph is cut off twice, or is an input");
    }
    given.push_back(cuts[i].call);
  }
  for (const int output : whole.outputs) {
    if (cut_of.count(output) != 0) throw Error(ErrorCode::kInternal, "an output of a graph is cut off");
  }
  Part part(whole);
  std::unordered_set<std::string> names;
  for (const Layer& layer : whole.layers) names.insert(layer.name);
  std::vector<int> feature_layers;
  for (const FeatureCut& cut : cuts) {
    std::string name = cut.column;
    for (int n = 2; !names.insert(name).second; ++n) name = cut.column + "_" + std::to_string(n);
    feature_layers.push_back(static_cast<int>(part.graph.layers.size()));
    part.graph.layers.push_back(FeatureInput(whole.calls[static_cast<size_t>(cut.call)], name, cut.column));
  }
  const std::vector<bool> needed = Needed(whole, whole.outputs, given);
  for (size_t i = 0; i < whole.calls.size(); ++i) {
    const auto cut = cut_of.find(static_cast<int>(i));
    if (cut != cut_of.end()) {
      Call feature = whole.calls[i];
      feature.layer = feature_layers[cut->second];
      feature.inputs.clear();
      feature.forward_flops = 0;
      feature.inference = false;
      part.Add(i, std::move(feature));
    } else if (needed[i] || raw[i]) {
      part.Copy(i);
    }
  }
  part.graph.inputs = part.Indexes(whole.inputs);
  for (const int call : part.Indexes(given)) part.graph.inputs.push_back(call);
  part.graph.outputs = part.Indexes(whole.outputs);
  part.graph.output_names = whole.output_names;
  return std::move(part.graph);
}

Graph PrefixGraph(const Graph& whole, const std::vector<int>& calls) {
  std::vector<bool> seen(whole.calls.size());
  for (const int call : calls) {
    RequireFrozen(whole, call);
    if (seen[static_cast<size_t>(call)]) throw Error(ErrorCode::kInternal, "call " + std::to_string(call) + " of a graph is wanted twice");
    seen[static_cast<size_t>(call)] = true;
  }
  const std::vector<bool> needed = Needed(whole, calls, {}), raw = InputCalls(whole);
  Part part(whole);
  for (size_t i = 0; i < whole.calls.size(); ++i) {
    if (needed[i] || raw[i]) part.Copy(i);
  }
  part.graph.inputs = part.Indexes(whole.inputs);
  part.graph.outputs = part.Indexes(calls);
  return std::move(part.graph);
}

}  // namespace base
