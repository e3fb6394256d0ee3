#include "engine/native/trained_weights.hpp"

namespace engine::native {

TrainedWeights::TrainedWeights(const base::Graph& graph, const StateLayout& layout) {
  for (const StateTensor& tensor : layout.tensors) offsets.push_back(tensor.offset);
  size_t tensor = 0, moved = 0;
  for (const base::Layer& layer : graph.layers) {
    counts.push_back(layer.weights.size());
    layers.emplace_back();
    for (size_t i = 0; i < layer.weights.size(); ++i, ++tensor) {
      const base::WeightSpec& spec = layer.weights[i];
      const auto count = static_cast<int64_t>(layout.tensors[tensor].count);
      elements += count;
      if (!spec.trainable) continue;
      const std::string name = layer.name + "/" + spec.name;
      layers.back().push_back({tensor, 0, i, count, ReadRegularizer(spec, name), {}, name});
      const Constraint constraint = ReadConstraint(spec.constraint, name);
      if (constraint.kind != Constraint::Kind::kNone) layers.back().back().constraint.emplace(constraint, spec.shape);
      ++moved;
    }
  }
  if (moved > 0) slots = (layout.tensors.size() - tensor) / moved;
  for (std::vector<TrainedWeight>& layer : layers) {
    for (TrainedWeight& weight : layer) {
      weight.first_slot = tensor;
      tensor += slots;
    }
  }
}

}  // namespace engine::native
