// Seconds of a mini-batch = calls + products + passes over activations + the gathering of its rows + the optimizer's pass. Measured on one
// AVX-512 core with OpenBLAS (docs/internals.md); the planner needs ratios only, so the constants are the same on every machine: a plan
// never depends on where it was made.
#include "plan/cost.hpp"

#include <algorithm>
#include <cmath>

namespace plan {
namespace {

using base::Call;
using base::Graph;
using base::Layer;
using base::LayerKind;

/// What a trainer pays for.
struct Rates {
  double step_seconds;           // of a mini-batch, whatever the network
  double operation_seconds;      // of a layer's operation, all of its passes
  double dense_flops_per_second;
  double conv_flops_per_second;
  double recurrent_flops_per_second;  // small products, one a time step
  double element_seconds;        // an element of an activation, read or written once
  double gather_seconds;         // an element of an input
  double parameter_seconds;      // a parameter's gradient, written and read, besides its optimizer
  bool leaves_zeros_out;
};

constexpr Rates kKernels{0.6e-6, 0.1e-6, 98e9, 104e9, 40e9, 0.06e-9, 0.08e-9, 0.05e-9, true};
constexpr Rates kAutograd{20e-6, 10e-6, 80e9, 72e9, 40e9, 0.3e-9, 0.3e-9, 0.4e-9, false};
// Scoring has forward passes only, over 256 rows at once (of a convolutional network fewer): by the kernels, at their rates, or by LibTorch's modules.
constexpr Rates kModules{25e-6, 4e-6, 100e9, 65e9, 40e9, 0.3e-9, 0.3e-9, 0, false};
constexpr double kScoringRows = 256;
constexpr double kScoredRowSeconds = 30e-9;  // loss and metrics

// Kernels leave zeros out on the left side of a dense layer's products (engine/math/gemm_sparse.hpp): a term that is kept takes longer, so that
// it pays up to a density of 1 / kKeptTerm. For which layers, engine/native/layers/dense.cpp says with the same figures. Zeros in gradients behind
// a ReLU are not reckoned with: there are few of them when a model has learned.
constexpr double kKeptTerm = 1.35;
constexpr double kReluDensity = 0.5;  // of what a ReLU gives
constexpr double kFewestMapped = 8 * 1024, kFewestMappedColumns = 48;

// A vector of output channels is worked on at once, full or not.
constexpr double kChannels = 16;
// Random numbers of dropout, an element.
constexpr double kDrawSeconds = 6e-9;

// Weights, gradients and slots beyond this do not stay in a core's cache between two mini-batches.
constexpr double kCacheBytes = 2 * 1024 * 1024;
constexpr double kMemoryByteSeconds = 0.036e-9;
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

// One parameter, everything in cache. Square root and division bound all but SGD.
double UpdateSeconds(const base::OptimizerConfig& optimizer) {
  switch (optimizer.kind) {
    case base::OptimizerKind::kSGD: return optimizer.momentum > 0 ? 0.10e-9 : 0.04e-9;
    case base::OptimizerKind::kAdam:
    case base::OptimizerKind::kAdamW: return 0.26e-9;
    case base::OptimizerKind::kRMSprop:
    case base::OptimizerKind::kAdagrad: return 0.25e-9;
  }
  return 0.26e-9;
}

double Elements(const base::Shape& shape) {
  double count = 1;
  for (int64_t d : shape) count *= static_cast<double>(d);
  return count;
}

// Operations of one call of a layer.
double Operations(const Graph& graph, const Call& call) {
  switch (graph.layers[static_cast<size_t>(call.layer)].kind) {
    case LayerKind::kInput:
    case LayerKind::kFlatten:
    case LayerKind::kReshape: return 0;
    case LayerKind::kDense: return 4;    // product, bias, activation, sums for the bias's gradient
    case LayerKind::kConv2D: return 16;  // the same, and what LibTorch does to choose and set up a convolution
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

double FlopsPerSecond(LayerKind kind, const Rates& rates) {
  switch (kind) {
    case LayerKind::kConv2D: return rates.conv_flops_per_second;
    case LayerKind::kLSTM:
    case LayerKind::kGRU: return rates.recurrent_flops_per_second;
    default: return rates.dense_flops_per_second;
  }
}

bool HasProduct(LayerKind kind) {
  return kind == LayerKind::kDense || kind == LayerKind::kConv2D || kind == LayerKind::kLSTM || kind == LayerKind::kGRU;
}

// Products of a call, with what channels that fill no vector cost: those of the output, and of the input where its gradient is taken.
// zeros: TimeWithZeros.
double ProductSeconds(const Graph& graph, const Call& call, LayerKind kind, double own, double below, const Rates& rates,
                      double zeros) {
  const double seconds = call.forward_flops / FlopsPerSecond(kind, rates);
  if (kind != LayerKind::kConv2D || call.inputs.empty()) return seconds * (zeros * (1 + own) + below);
  const auto waste = [](const base::Shape& shape) {
    const double channels = shape.empty() ? 1 : std::max<double>(1, static_cast<double>(shape.back()));
    return std::ceil(channels / kChannels) * kChannels / channels;
  };
  return seconds * ((1 + own) * waste(call.output_shape) + below * waste(graph.calls[static_cast<size_t>(call.inputs[0])].output_shape));
}

bool GivesZeros(const Layer& layer) {
  if (layer.kind == LayerKind::kReLU) {
    const base::Value* slope = layer.attributes.Find("negative_slope");
    return slope == nullptr || !slope->is_number() || slope->number() == 0;
  }
  const base::Value* activation = layer.attributes.Find("activation");
  return activation != nullptr && activation->is_string() && activation->string() == "relu";
}

// Time of a dense layer's products with its input, to that of the same products without a zero.
double TimeWithZeros(const Graph& graph, const Call& call, double input_density) {
  if (graph.layers[static_cast<size_t>(call.layer)].kind != LayerKind::kDense || call.inputs.empty()) return 1;
  const Call* input = &graph.calls[static_cast<size_t>(call.inputs[0])];
  if (call.output_shape.empty() || input->output_shape.empty()) return 1;
  const auto columns = static_cast<double>(call.output_shape.back());
  if (columns < kFewestMappedColumns || columns * static_cast<double>(input->output_shape.back()) < kFewestMapped) return 1;
  const auto layer = [&]() -> const Layer& { return graph.layers[static_cast<size_t>(input->layer)]; };
  while (!input->inputs.empty() &&
         (layer().kind == LayerKind::kFlatten || layer().kind == LayerKind::kReshape || layer().kind == LayerKind::kDropout)) {
    input = &graph.calls[static_cast<size_t>(input->inputs[0])];
  }
  const double density = layer().kind == LayerKind::kInput ? input_density : GivesZeros(layer()) ? kReluDensity : 1;
  return std::min(1.0, kKeptTerm * density);
}

/// Of a row, but for calls.
struct RowParts {
  double products = 0, elements = 0, gather = 0, operations = 0;
  double flops = 0;
};

// A call costs one forward; one more for the gradient of its weights; one more for the gradient of its inputs where a trainable layer lies
// below. Frozen prefixes have no backward pass at all.
RowParts Row(const Graph& graph, const Rates& rates, bool training, double input_density) {
  RowParts row;
  std::vector<char> needs_gradient(graph.calls.size(), 0);
  for (size_t c = 0; c < graph.calls.size(); ++c) {
    const Call& call = graph.calls[c];
    const Layer& layer = graph.layers[static_cast<size_t>(call.layer)];
    const bool own = training && std::any_of(layer.weights.begin(), layer.weights.end(), [](const base::WeightSpec& w) { return w.trainable; });
    bool below = false;
    for (int input : call.inputs) below = below || needs_gradient[static_cast<size_t>(input)] != 0;
    needs_gradient[c] = own || below;
    const double passes = 1.0 + (own ? 1 : 0) + (below ? 1 : 0);
    row.flops += call.forward_flops * passes;
    row.operations += Operations(graph, call);
    if (layer.kind == LayerKind::kInput) {
      row.gather += Elements(call.output_shape) * rates.gather_seconds;
      continue;
    }
    if (HasProduct(layer.kind)) {
      const double zeros = rates.leaves_zeros_out ? TimeWithZeros(graph, call, input_density) : 1;
      row.products += ProductSeconds(graph, call, layer.kind, own ? 1 : 0, below ? 1 : 0, rates, zeros);
      row.elements += Elements(call.output_shape) * (needs_gradient[c] ? 2 : 1) * 2 * rates.element_seconds;
    } else if (layer.kind == LayerKind::kDropout) {
      if (training) row.elements += Elements(call.output_shape) * (kDrawSeconds + 4 * rates.element_seconds);
    } else {
      // pooling and normalising do several things to an element
      row.elements += (2 * Elements(call.output_shape) + call.forward_flops) * (needs_gradient[c] ? 2 : 1) * rates.element_seconds;
    }
  }
  return row;
}

}  // namespace

double ModelCost::Visit(double rows, int batch_size, int epochs) const {
  if (!(rows > 0)) return 0;
  return std::ceil(rows / std::max(1, batch_size)) * std::max(1, epochs) * seconds_per_step();
}

ModelCost EstimateCost(const Graph& graph, const base::TrainConfig& config, bool kernels, double input_density) {
  ModelCost cost;
  const Rates& rates = kernels ? kKernels : kAutograd;
  const RowParts row = Row(graph, rates, true, input_density);
  const double rows = std::max(1, config.batch_size);
  const double slots = Slots(config.optimizer);
  const double trainable = static_cast<double>(graph.TrainableCount());
  cost.flops_per_row = row.flops;
  cost.parameters = trainable;
  cost.state_bytes = kBytesPerElement * (static_cast<double>(graph.WeightCount()) + trainable * slots);
  const double touched = kBytesPerElement * trainable * (2 + slots);
  const double far = touched <= kCacheBytes ? 0 : kMemoryByteSeconds * kBytesPerElement * (2 + slots);
  cost.step.calls = rates.step_seconds + row.operations * rates.operation_seconds;
  cost.step.products = row.products * rows;
  cost.step.elements = row.elements * rows;
  cost.step.gather = row.gather * rows;
  cost.step.update = trainable * (UpdateSeconds(config.optimizer) + rates.parameter_seconds + far);

  const Rates& scoring = kernels ? kKernels : kModules;
  const RowParts scored = Row(graph, scoring, false, input_density);
  cost.seconds_per_scored_row = scored.products + scored.elements + scored.gather + kScoredRowSeconds +
                                (scoring.step_seconds + scored.operations * scoring.operation_seconds) / std::max(kScoringRows, rows);
  return cost;
}

int DefaultBundles(int models, int cores) {
  constexpr int kBundlesPerCore = 4;
  const int64_t most = static_cast<int64_t>(std::max(1, cores)) * kBundlesPerCore;
  return static_cast<int>(std::min<int64_t>(std::max(1, models), most));
}

}  // namespace plan
