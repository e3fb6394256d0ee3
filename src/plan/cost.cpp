// Seconds of a mini-batch = products + passes over activations + calls + the optimizer's pass. Measured on one AVX-512 core with OpenBLAS;
// only ratios between models matter to the planner, so the constants are the same on every machine: a plan never depends on where it was
// made.
#include "plan/cost.hpp"

#include <algorithm>
#include <cmath>

namespace plan {
namespace {

using base::Call;
using base::Graph;
using base::Layer;
using base::LayerKind;

// One product of a model's own shape in one thread.
constexpr double kProductFlopsPerSecond = 126e9;
// A convolution spends most of its time outside of the product (LeNet-5, batch 32: 2.9 ms for 75 Mflop).
constexpr double kConvolutionFlopsPerSecond = 30e9;
// Recurrent layers make small products, one a time step.
constexpr double kRecurrentFlopsPerSecond = 40e9;
// One element of an activation, read or written once in cache.
constexpr double kElementSeconds = 0.3e-9;
// An operation of the framework, forward and backward together.
constexpr double kOperationSeconds = 10e-6;
// Loss, gradient seed and bookkeeping of one mini-batch, in operations.
constexpr double kStepOperations = 2;
// Adam in one vectorised pass, a parameter: its state in cache and in memory.
constexpr double kCachedParameterSeconds = 0.22e-9;
constexpr double kMemoryParameterSeconds = 0.80e-9;
// Weights, gradients and slots beyond this do not stay in a core's cache between two mini-batches.
constexpr double kCacheBytes = 2 * 1024 * 1024;
constexpr double kBytesPerElement = 4;

int Slots(const base::OptimizerConfig& optimizer) {
  switch (optimizer.kind) {
    case base::OptimizerKind::kSGD: return optimizer.momentum > 0 ? 1 : 0;
    case base::OptimizerKind::kAdam:
    case base::OptimizerKind::kAdamW: return optimizer.amsgrad ? 3 : 2;
    case base::OptimizerKind::kRMSprop: return 1 + (optimizer.centered ? 1 : 0) + (optimizer.momentum > 0 ? 1 : 0);
    case base::OptimizerKind::kAdagrad: return 1;
  }
  return 2;
}

double Elements(const base::Shape& shape) {
  double count = 1;
  for (int64_t d : shape) count *= static_cast<double>(d);
  return count;
}

// Operations of one call of a layer.
double Operations(const Graph& graph, const Call& call) {
  switch (graph.layers[static_cast<size_t>(call.layer)].kind) {
    case LayerKind::kInput: return 0;
    case LayerKind::kDense:
    case LayerKind::kConv2D: return 4;  // product, bias, activation, sums for the bias's gradient
    case LayerKind::kBatchNormalization:
    case LayerKind::kLayerNormalization: return 3;
    case LayerKind::kLSTM:
    case LayerKind::kGRU: {
      constexpr double kOperationsPerTimeStep = 12;
      double steps = 1;
      if (!call.inputs.empty()) {
        const base::Shape& input = graph.calls[static_cast<size_t>(call.inputs[0])].output_shape;
        if (!input.empty()) steps = static_cast<double>(std::max<int64_t>(1, input[0]));
      }
      return kOperationsPerTimeStep * steps;
    }
    default: return 1;
  }
}

double FlopsPerSecond(LayerKind kind) {
  switch (kind) {
    case LayerKind::kConv2D: return kConvolutionFlopsPerSecond;
    case LayerKind::kLSTM:
    case LayerKind::kGRU: return kRecurrentFlopsPerSecond;
    default: return kProductFlopsPerSecond;
  }
}

}  // namespace

double ModelCost::Visit(double rows, int batch_size, int epochs) const {
  if (!(rows > 0)) return 0;
  return std::ceil(rows / std::max(1, batch_size)) * std::max(1, epochs) * seconds_per_step;
}

ModelCost EstimateCost(const Graph& graph, const base::TrainConfig& config) {
  ModelCost cost;
  double products = 0;    // seconds a row
  double elements = 0;    // passes over activations, a row
  double operations = kStepOperations;
  // A call costs one forward; one more for the gradient of its weights; one more for the gradient of its inputs where a
  // trainable layer lies below. Frozen prefixes have no backward pass at all.
  std::vector<char> needs_gradient(graph.calls.size(), 0);
  for (size_t c = 0; c < graph.calls.size(); ++c) {
    const Call& call = graph.calls[c];
    const Layer& layer = graph.layers[static_cast<size_t>(call.layer)];
    const bool own = std::any_of(layer.weights.begin(), layer.weights.end(), [](const base::WeightSpec& w) { return w.trainable; });
    bool below = false;
    for (int input : call.inputs) below = below || needs_gradient[static_cast<size_t>(input)] != 0;
    needs_gradient[c] = own || below;
    const double passes = 1.0 + (own ? 1 : 0) + (below ? 1 : 0);
    cost.flops_per_row += call.forward_flops * passes;
    products += call.forward_flops * passes / FlopsPerSecond(layer.kind);
    if (layer.kind != LayerKind::kInput) elements += Elements(call.output_shape) * (needs_gradient[c] ? 2 : 1) * 2;
    operations += Operations(graph, call);
  }
  const double slots = Slots(config.optimizer);
  const double trainable = static_cast<double>(graph.TrainableCount());
  cost.parameters = trainable;
  cost.state_bytes = kBytesPerElement * (static_cast<double>(graph.WeightCount()) + trainable * slots);
  const double touched = kBytesPerElement * trainable * (2 + slots);
  const double adam = touched <= kCacheBytes ? kCachedParameterSeconds : kMemoryParameterSeconds;
  const double update = adam * (2 + slots) / 4;  // Adam touches weight, gradient and two slots
  cost.seconds_per_step = (products + elements * kElementSeconds) * std::max(1, config.batch_size) + operations * kOperationSeconds +
                          trainable * update;
  return cost;
}

int DefaultBundles(int models, int cores) {
  constexpr int kBundlesPerCore = 4;
  const int64_t most = static_cast<int64_t>(std::max(1, cores)) * kBundlesPerCore;
  return static_cast<int>(std::min<int64_t>(std::max(1, models), most));
}

}  // namespace plan
