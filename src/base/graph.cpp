#include "base/graph.hpp"

namespace base {

int64_t Graph::WeightCount() const {
  int64_t count = 0;
  for (const Layer& layer : layers) {
    for (const WeightSpec& weight : layer.weights) count += ElementCount(weight.shape);
  }
  return count;
}

int64_t Graph::TrainableCount() const {
  int64_t count = 0;
  for (const Layer& layer : layers) {
    for (const WeightSpec& weight : layer.weights) {
      if (weight.trainable) count += ElementCount(weight.shape);
    }
  }
  return count;
}

double Graph::ForwardFlops() const {
  double flops = 0;
  for (const Call& call : calls) flops += call.forward_flops;
  return flops;
}

const std::string& Graph::OutputName(size_t output) const {
  if (!output_names.empty()) return output_names[output];
  return layers[static_cast<size_t>(calls[static_cast<size_t>(outputs[output])].layer)].name;
}

Shape ShapeOfEach(const Shape& shape, int time_distributed) { return Shape(shape.begin() + time_distributed, shape.end()); }

}  // namespace base
