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

}  // namespace base
