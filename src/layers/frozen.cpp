// One pass over the calls in their order. For the mask, Keras's rules as the engine follows them: Embedding and Masking make one, what gives one
// value a row or a position's neighbourhood loses it, everything else hands it on. Where that is not known, a mask is assumed: then a cut is made
// before it, which costs time and is never wrong.
#include "layers/frozen.hpp"

#include <algorithm>
#include <string>

#include "base/value.hpp"
#include "layers/definition.hpp"

namespace layers {
namespace {

using base::Call;
using base::Graph;
using base::Layer;
using base::LayerKind;

const Layer& LayerOf(const Graph& graph, size_t call) { return graph.layers[static_cast<size_t>(graph.calls[call].layer)]; }

bool IsPositive(const Layer& layer, const char* attribute) {
  const base::Value* value = layer.attributes.is_dict() ? layer.attributes.Find(attribute) : nullptr;
  return value != nullptr && value->is_number() && value->number() > 0;
}

bool IsTrue(const Layer& layer, const char* attribute) {
  const base::Value* value = layer.attributes.is_dict() ? layer.attributes.Find(attribute) : nullptr;
  return value != nullptr && value->is_bool() && value->boolean();
}

bool HasTrainedWeight(const Layer& layer) {
  return std::any_of(layer.weights.begin(), layer.weights.end(), [](const base::WeightSpec& weight) { return weight.trainable; });
}

// Layers with moving statistics change their own weights in training, trained or not, unless no call of theirs computes by the batch.
std::vector<bool> MovingLayers(const Graph& graph) {
  std::vector<bool> moves(graph.layers.size());
  for (const Call& call : graph.calls) {
    const Layer& layer = graph.layers[static_cast<size_t>(call.layer)];
    if (layer.kind == LayerKind::kBatchNormalization && layer.trainable && !call.inference) moves[static_cast<size_t>(call.layer)] = true;
  }
  return moves;
}

bool MakesMask(const Layer& layer) {
  return layer.kind == LayerKind::kMasking || (layer.kind == LayerKind::kEmbedding && IsTrue(layer, "mask_zero"));
}

bool DropsMask(const Layer& layer, const base::Shape& output) {
  if (layer.time_distributed > 0) return false;
  switch (layer.kind) {
    case LayerKind::kFlatten:
    case LayerKind::kGlobalAveragePooling1D:
    case LayerKind::kGlobalMaxPooling1D: return true;
    default: return output.size() < 2;  // no time steps are left
  }
}

}  // namespace

bool IsIdentityInScoring(const Layer& layer) {
  const LayerDefinition* definition = FindLayer(layer.kind);
  return definition != nullptr && definition->cost.work == Work::kDraws;
}

bool IsRandom(const Layer& layer) {
  return IsIdentityInScoring(layer) || IsPositive(layer, "dropout") || IsPositive(layer, "recurrent_dropout");
}

std::vector<bool> FrozenCalls(const Graph& graph) {
  std::vector<bool> frozen(graph.calls.size());
  const std::vector<bool> moves = MovingLayers(graph);
  for (size_t i = 0; i < graph.calls.size(); ++i) {
    const Call& call = graph.calls[i];
    const Layer& layer = LayerOf(graph, i);
    const bool draws = IsRandom(layer) && layer.trainable && !call.inference;
    frozen[i] = !HasTrainedWeight(layer) && !moves[static_cast<size_t>(call.layer)] && !draws &&
                std::all_of(call.inputs.begin(), call.inputs.end(), [&](int input) { return frozen[static_cast<size_t>(input)]; });
  }
  return frozen;
}

std::vector<bool> CutCalls(const Graph& graph, const std::vector<bool>& frozen) {
  std::vector<bool> cut(graph.calls.size()), masked(graph.calls.size());
  for (size_t i = 0; i < graph.calls.size(); ++i) {
    const Call& call = graph.calls[i];
    const Layer& layer = LayerOf(graph, i);
    const bool below = std::any_of(call.inputs.begin(), call.inputs.end(), [&](int input) { return masked[static_cast<size_t>(input)]; });
    masked[i] = MakesMask(layer) || (below && !DropsMask(layer, call.output_shape));
    cut[i] = frozen[i] && !masked[i] && layer.kind != LayerKind::kInput;
  }
  for (const int output : graph.outputs) cut[static_cast<size_t>(output)] = false;
  return cut;
}

std::vector<int> DeepestCuts(const Graph& graph) {
  const std::vector<bool> cut = CutCalls(graph, FrozenCalls(graph));
  std::vector<bool> needed(graph.calls.size());
  for (const int output : graph.outputs) needed[static_cast<size_t>(output)] = true;
  std::vector<int> deepest;
  for (size_t i = graph.calls.size(); i-- > 0;) {
    if (!needed[i]) continue;
    if (cut[i]) {
      deepest.push_back(static_cast<int>(i));
      continue;
    }
    for (const int input : graph.calls[i].inputs) needed[static_cast<size_t>(input)] = true;
  }
  std::reverse(deepest.begin(), deepest.end());
  return deepest;
}

}  // namespace layers
