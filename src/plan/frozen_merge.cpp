// Lays the frozen parts of several models over each other. A value is named by a digest of all that it depends on: the layer's kind and
// arguments, the bytes of its weights, which trainer computes it, and the digests of what it reads; a raw input by the packed column. Two calls of
// equal digest give the same bits for every row, so they are one node.
#include "plan/frozen.hpp"

#include <algorithm>
#include <map>

#include "base/hash.hpp"
#include "layers/digest.hpp"
#include "layers/frozen.hpp"
#include "plan/cost.hpp"

namespace plan {
namespace {

constexpr uint64_t kNodeSeed = 0x66726f7a656e;  // "frozen"
constexpr uint64_t kNodeVersion = 1;            // of this rule: stored features are found by digests
constexpr size_t kColumnDigits = 12;
constexpr double kElementBytes = sizeof(float);

void AddText(const std::string& text, base::Hasher* hasher) {
  hasher->UpdateU64(text.size());
  hasher->Update(text.data(), text.size());
}

/// What a call gives, as far as merging knows it.
struct Value {
  std::string digest;
  int node = -1;          // of the merged graph; -1: a raw input, or one that is passed on
  bool can_store = true;
};

class Merger {
 public:
  FrozenGraph graph;

  void Add(const FrozenModel& model) {
    const base::Graph& whole = *model.graph;
    FrozenCandidate candidate;
    const std::vector<int> deepest = layers::DeepestCuts(whole);
    const std::vector<bool> cut = layers::CutCalls(whole, layers::FrozenCalls(whole));
    const std::vector<bool> needed = Below(whole, deepest);
    const std::vector<double> seconds = ForwardSeconds(whole, model.kernels);
    std::vector<Value> values(whole.calls.size());
    for (size_t i = 0; i < whole.inputs.size(); ++i) {
      base::Hasher hasher(kNodeSeed);
      hasher.UpdateU64(kNodeVersion);
      AddText("input", &hasher);
      AddText(model.columns[i], &hasher);
      values[static_cast<size_t>(whole.inputs[i])].digest = base::ToHex(hasher.Finish());
    }
    std::vector<std::pair<int, int>> calls;  // node, call
    for (size_t c = 0; c < whole.calls.size(); ++c) {
      const base::Call& call = whole.calls[c];
      const base::Layer& layer = whole.layers[static_cast<size_t>(call.layer)];
      if (!needed[c] || layer.kind == base::LayerKind::kInput) continue;
      if (layers::IsIdentityInScoring(layer)) {
        values[c] = values[static_cast<size_t>(call.inputs[0])];
      } else {
        values[c] = NodeOf(model, call, values);
        FrozenNode& node = graph.nodes[static_cast<size_t>(values[c].node)];
        if (node.name.empty()) {
          node.name = layer.name;
          node.seconds = seconds[c] / kFasterThanCosts;
          node.row_bytes = static_cast<double>(base::ElementCount(call.output_shape)) * kElementBytes;
          if (!call.output_shape.empty()) node.channels = call.output_shape.back();
        }
        node.can_cut = node.can_cut && cut[c];
        calls.emplace_back(values[c].node, static_cast<int>(c));
      }
    }
    for (const int call : deepest) {
      const int node = values[static_cast<size_t>(call)].node;
      if (node >= 0) candidate.needs.push_back(node);
    }
    std::sort(candidate.needs.begin(), candidate.needs.end());
    candidate.needs.erase(std::unique(candidate.needs.begin(), candidate.needs.end()), candidate.needs.end());
    // a value that several calls of one model give is taken from the first of them
    for (auto entry = calls.rbegin(); entry != calls.rend(); ++entry) calls_.back()[entry->first] = entry->second;
    graph.candidates.push_back(std::move(candidate));
    calls_.emplace_back();
  }

  void Finish() {
    for (size_t c = 0; c < graph.candidates.size(); ++c) {
      std::vector<int>& call_of_node = graph.candidates[c].call_of_node;
      call_of_node.assign(graph.nodes.size(), -1);
      for (const auto& [node, call] : calls_[c]) call_of_node[static_cast<size_t>(node)] = call;
    }
  }

 private:
  static std::vector<bool> Below(const base::Graph& whole, const std::vector<int>& calls) {
    std::vector<bool> below(whole.calls.size());
    for (const int call : calls) below[static_cast<size_t>(call)] = true;
    for (size_t i = below.size(); i-- > 0;) {
      if (!below[i]) continue;
      for (const int input : whole.calls[i].inputs) below[static_cast<size_t>(input)] = true;
    }
    return below;
  }

  Value NodeOf(const FrozenModel& model, const base::Call& call, const std::vector<Value>& values) {
    const auto index = static_cast<size_t>(call.layer);
    const base::Layer& layer = model.graph->layers[index];
    Value value;
    base::Hasher hasher(kNodeSeed);
    hasher.UpdateU64(kNodeVersion);
    AddText(model.kernels ? "kernels" : "modules", &hasher);
    hasher.UpdateU64(static_cast<uint64_t>(layer.kind));
    layers::HashAttributes(layer, true, &hasher);
    if (!layer.weights.empty()) {
      const bool given = !model.weights[index].empty();
      value.can_store = given;
      AddText(given ? model.weights[index] : "own " + model.own + " " + std::to_string(call.layer), &hasher);
    }
    FrozenNode node;
    hasher.UpdateU64(call.inputs.size());
    for (const int input : call.inputs) {
      const Value& read = values[static_cast<size_t>(input)];
      AddText(read.digest, &hasher);
      value.can_store = value.can_store && read.can_store;
      if (read.node >= 0) node.inputs.push_back(read.node);
    }
    value.digest = base::ToHex(hasher.Finish());
    const auto [known, made] = index_.try_emplace(value.digest, static_cast<int>(graph.nodes.size()));
    value.node = known->second;
    if (made) {
      node.digest = value.digest;
      node.can_store = value.can_store;
      graph.nodes.push_back(std::move(node));
    }
    return value;
  }

  std::map<std::string, int> index_;
  std::vector<std::map<int, int>> calls_ = {{}};  // by candidate: node to call
};

}  // namespace

FrozenGraph MergeFrozen(const std::vector<FrozenModel>& models) {
  Merger merger;
  for (const FrozenModel& model : models) merger.Add(model);
  merger.Finish();
  return std::move(merger.graph);
}

void CountPasses(double iterations, double epochs, double evaluations, FrozenCandidate* candidate) {
  candidate->passes = iterations * epochs + evaluations;
  candidate->visits = iterations + evaluations;
}

std::string FeatureColumnName(const FrozenNode& node) { return "features_" + node.digest.substr(0, kColumnDigits); }

std::vector<base::FeatureCut> CutsOf(const std::vector<FrozenNode>& nodes, const FrozenCandidate& candidate, const std::vector<int>& reads) {
  std::vector<base::FeatureCut> cuts;
  for (const int node : reads) {
    const auto index = static_cast<size_t>(node);
    cuts.push_back({candidate.call_of_node[index], FeatureColumnName(nodes[index])});
  }
  return cuts;
}

}  // namespace plan
