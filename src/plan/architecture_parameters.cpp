#include "plan/architecture_parameters.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace plan {
namespace {

constexpr size_t kMostLayers = 4;  // whose units are told

bool Multiplies(const base::Layer& layer) {
  return std::any_of(layer.weights.begin(), layer.weights.end(),
                     [](const base::WeightSpec& weight) { return weight.shape.size() > 1; });
}

}  // namespace

base::Dict ArchitectureParameters(const base::Graph& graph) {
  std::vector<const base::Layer*> layers;
  double rate = 0;
  for (const base::Layer& layer : graph.layers) {
    if (Multiplies(layer)) layers.push_back(&layer);
    const base::Value* given = layer.kind == base::LayerKind::kDropout ? layer.attributes.Find("rate") : nullptr;
    if (given != nullptr && given->is_number()) rate = std::max(rate, given->number());
  }
  base::Dict out = {{"layers", base::Value(static_cast<int64_t>(layers.size()))},
                    {"weights", base::Value(graph.WeightCount())},
                    {"rate", base::Value(rate)}};
  for (size_t i = 0; i + 1 < layers.size() && i < kMostLayers; ++i) {
    for (const base::WeightSpec& weight : layers[i]->weights) {
      if (weight.shape.size() < 2) continue;
      out.emplace_back("units_" + std::to_string(i + 1), base::Value(static_cast<int64_t>(weight.shape.back())));
      break;
    }
  }
  const base::Value* activation = layers.empty() ? nullptr : layers[0]->attributes.Find("activation");
  if (activation != nullptr && activation->is_string()) out.emplace_back("activation", *activation);
  return out;
}

}  // namespace plan
