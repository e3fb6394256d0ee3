#include "engine/api/state.hpp"

namespace engine {

namespace {

size_t Aligned(size_t bytes) { return (bytes + kTensorAlignment - 1) / kTensorAlignment * kTensorAlignment; }

void Append(StateLayout* layout, std::string name, const base::Shape& shape, bool is_slot, bool trainable) {
  StateTensor tensor;
  tensor.name = std::move(name);
  tensor.shape = shape;
  tensor.offset = layout->bytes;
  tensor.count = static_cast<size_t>(base::ElementCount(shape));
  tensor.is_slot = is_slot;
  tensor.trainable = trainable;
  layout->bytes = Aligned(layout->bytes + tensor.count * base::DTypeSize(layout->precision));
  layout->tensors.push_back(std::move(tensor));
}

}  // namespace

StateLayout MakeStateLayout(const base::Graph& graph, const std::vector<std::string>& slots, base::DType precision) {
  StateLayout layout;
  layout.precision = precision;
  layout.bytes = kStateCountersBytes;
  for (const base::Layer& layer : graph.layers) {
    for (const base::WeightSpec& weight : layer.weights) {
      Append(&layout, layer.name + "/" + weight.name, weight.shape, false, weight.trainable);
      layout.weight_count += base::ElementCount(weight.shape);
    }
  }
  for (const base::Layer& layer : graph.layers) {
    for (const base::WeightSpec& weight : layer.weights) {
      if (!weight.trainable) continue;
      for (const std::string& slot : slots) Append(&layout, layer.name + "/" + weight.name + "/" + slot, weight.shape, true, false);
    }
  }
  return layout;
}

}  // namespace engine
