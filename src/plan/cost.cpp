// Seconds of a mini-batch = calls + products + passes over activations + the gathering of its rows + the optimizer's pass. Measured on one
// AVX-512 core with OpenBLAS (docs/performance.md); the planner needs ratios only, so the constants are the same on every machine: a plan
// never depends on where it was made.
#include "plan/cost.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "definitions/optimizer.hpp"
#include "layers/definition.hpp"

namespace plan {
namespace {

using base::Call;
using base::Graph;
using base::Layer;
using layers::Work;
using layers::Zeros;

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
  bool uses_sparse_product;
};

constexpr Rates kKernels{0.6e-6, 0.1e-6, 98e9, 104e9, 80e9, 0.06e-9, 0.08e-9, 0.05e-9, true};
constexpr Rates kAutograd{20e-6, 10e-6, 80e9, 72e9, 40e9, 0.3e-9, 0.3e-9, 0.4e-9, false};
// Scoring has forward passes only, over 256 rows at once (of a convolutional network fewer): by the kernels, at their rates, or by LibTorch's modules.
constexpr Rates kModules{25e-6, 4e-6, 100e9, 65e9, 40e9, 0.3e-9, 0.3e-9, 0, false};
constexpr double kScoringRows = 256;
constexpr double kScoredRowSeconds = 30e-9;  // loss and metrics

// Kernels have a sparse product for the left side of a dense layer's products (engine/math/gemm_sparse.hpp): a term that is kept takes longer,
// so that it is worthwhile up to a density of 1 / kKeptTerm. For which layers, engine/native/layers/dense.cpp says with the same figures. Zeros in gradients behind
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

double Elements(const base::Shape& shape) {
  double count = 1;
  for (int64_t d : shape) count *= static_cast<double>(d);
  return count;
}

const Layer& LayerOf(const Graph& graph, const Call& call) { return graph.layers[static_cast<size_t>(call.layer)]; }
const Call& InputOf(const Graph& graph, const Call& call) { return graph.calls[static_cast<size_t>(call.inputs[0])]; }

// Operations of one call of a layer.
double Operations(const Graph& graph, const Call& call, const layers::Cost& cost) {
  const auto leading = static_cast<size_t>(LayerOf(graph, call).time_distributed);
  if (!cost.each_time_step || call.inputs.empty() || InputOf(graph, call).output_shape.size() <= leading) return cost.operations;
  return cost.operations * static_cast<double>(std::max<int64_t>(1, InputOf(graph, call).output_shape[leading]));
}

double FlopsPerSecond(Work work, const Rates& rates) {
  switch (work) {
    case Work::kConvolution: return rates.conv_flops_per_second;
    case Work::kRecurrent: return rates.recurrent_flops_per_second;
    default: return rates.dense_flops_per_second;
  }
}

// Products of a call, with what channels that fill no vector cost: those of the output, and of the input where its gradient is taken.
// zeros: TimeWithZeros.
double ProductSeconds(const Graph& graph, const Call& call, Work work, double own, double below, const Rates& rates,
                      double zeros) {
  const double seconds = call.forward_flops / FlopsPerSecond(work, rates);
  if (work != Work::kConvolution || call.inputs.empty()) return seconds * (zeros * (1 + own) + below);
  const auto waste = [](const base::Shape& shape) {
    const double channels = shape.empty() ? 1 : std::max<double>(1, static_cast<double>(shape.back()));
    return std::ceil(channels / kChannels) * kChannels / channels;
  };
  return seconds * ((1 + own) * waste(call.output_shape) + below * waste(InputOf(graph, call).output_shape));
}

// The part of a call's output that is not zero.
double Density(const Graph& graph, const Call& call, double input_density) {
  const Call* source = &call;
  while (true) {
    const Layer& layer = LayerOf(graph, *source);
    const layers::LayerDefinition& definition = layers::DefinitionOf(layer);
    const Zeros zeros = definition.zeros == nullptr ? Zeros::kNone : definition.zeros(layer);
    if (zeros == Zeros::kData) return input_density;
    if (zeros == Zeros::kMade) return kReluDensity;
    if (zeros == Zeros::kNone || source->inputs.empty()) return 1;
    source = &InputOf(graph, *source);
  }
}

// Time of a dense layer's products with its input, to that of the same products without a zero.
double TimeWithZeros(const Graph& graph, const Call& call, Work work, double input_density) {
  if (work != Work::kDense || call.inputs.empty()) return 1;
  const Call& input = InputOf(graph, call);
  if (call.output_shape.empty() || input.output_shape.empty()) return 1;
  const auto columns = static_cast<double>(call.output_shape.back());
  if (columns < kFewestMappedColumns || columns * static_cast<double>(input.output_shape.back()) < kFewestMapped) return 1;
  return std::min(1.0, kKeptTerm * Density(graph, input, input_density));
}

/// Of a row, but for calls.
struct RowParts {
  double products = 0, elements = 0, gather = 0, operations = 0;
  double flops = 0;
};

// own: its weights are trained; below: its inputs need gradients. Then a call costs one more forward each.
RowParts CallParts(const Graph& graph, const Call& call, const Rates& rates, bool training, bool own, bool below, double input_density) {
  RowParts parts;
  const Layer& layer = LayerOf(graph, call);
  const layers::Cost& cost = layers::DefinitionOf(layer).cost;
  parts.flops = call.forward_flops * (1.0 + (own ? 1 : 0) + (below ? 1 : 0));
  parts.operations = Operations(graph, call, cost);
  const double elements = Elements(call.output_shape), both = own || below ? 2 : 1;
  switch (cost.work) {
    case Work::kGather: parts.gather = elements * rates.gather_seconds; break;
    case Work::kDense:
    case Work::kConvolution:
    case Work::kRecurrent: {
      const double zeros = rates.uses_sparse_product ? TimeWithZeros(graph, call, cost.work, input_density) : 1;
      parts.products = ProductSeconds(graph, call, cost.work, own ? 1 : 0, below ? 1 : 0, rates, zeros);
      parts.elements = elements * both * 2 * rates.element_seconds;
      break;
    }
    case Work::kDraws:
      if (training && !call.inference && !call.frozen) parts.elements = elements * (kDrawSeconds + 4 * rates.element_seconds);
      break;
    case Work::kElements:  // pooling and normalising do several things to an element
      parts.elements = (2 * elements + call.forward_flops) * both * rates.element_seconds;
      break;
    case Work::kUnstated:
      throw base::Error(base::ErrorCode::kInternal, "the definition of layer \"" + layer.name + "\" states no cost");
  }
  return parts;
}

// Frozen prefixes have no backward pass at all.
RowParts Row(const Graph& graph, const Rates& rates, bool training, double input_density) {
  RowParts row;
  std::vector<char> needs_gradient(graph.calls.size(), 0);
  std::vector<bool> read(graph.calls.size());
  for (const Call& call : graph.calls) {
    for (const int input : call.inputs) read[static_cast<size_t>(input)] = true;
  }
  for (const int output : graph.outputs) read[static_cast<size_t>(output)] = true;
  for (size_t c = 0; c < graph.calls.size(); ++c) {
    const Call& call = graph.calls[c];
    const Layer& layer = LayerOf(graph, call);
    const bool own = training && std::any_of(layer.weights.begin(), layer.weights.end(), [](const base::WeightSpec& w) { return w.trainable; });
    bool below = false;
    for (int input : call.inputs) below = below || needs_gradient[static_cast<size_t>(input)] != 0;
    needs_gradient[c] = own || below;
    if (call.inputs.empty() && !read[c]) continue;  // an input of a graph that was cut: nobody gathers it
    const RowParts parts = CallParts(graph, call, rates, training, own, below, input_density);
    row.products += parts.products;
    row.elements += parts.elements;
    row.gather += parts.gather;
    row.operations += parts.operations;
    row.flops += parts.flops;
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
  const definitions::OptimizerDefinition& optimizer = definitions::DefinitionOf(config.optimizer);
  const auto slots_each = static_cast<double>(optimizer.slots(config.optimizer).size());
  const double trainable = static_cast<double>(graph.TrainableCount());
  cost.flops_per_row = row.flops;
  cost.parameters = trainable;
  cost.state_bytes = kBytesPerElement * (static_cast<double>(graph.WeightCount()) + trainable * slots_each);
  const double touched = kBytesPerElement * trainable * (2 + slots_each);
  const double far = touched <= kCacheBytes ? 0 : kMemoryByteSeconds * kBytesPerElement * (2 + slots_each);
  cost.step.calls = rates.step_seconds + row.operations * rates.operation_seconds;
  cost.step.products = row.products * rows;
  cost.step.elements = row.elements * rows;
  cost.step.gather = row.gather * rows;
  cost.step.update = trainable * (optimizer.update_seconds(config.optimizer) + rates.parameter_seconds + far);

  const Rates& scoring = kernels ? kKernels : kModules;
  const RowParts scored = Row(graph, scoring, false, input_density);
  cost.seconds_per_scored_row = scored.products + scored.elements + scored.gather + kScoredRowSeconds +
                                (scoring.step_seconds + scored.operations * scoring.operation_seconds) / std::max(kScoringRows, rows);
  return cost;
}

std::vector<double> ForwardSeconds(const Graph& graph, bool kernels) {
  const Rates& rates = kernels ? kKernels : kModules;
  std::vector<double> seconds;
  for (const Call& call : graph.calls) {
    const Work work = layers::DefinitionOf(LayerOf(graph, call)).cost.work;
    if (work == Work::kGather || work == Work::kDraws) {
      seconds.push_back(0);
      continue;
    }
    const RowParts parts = CallParts(graph, call, rates, false, false, false, 1);
    seconds.push_back(parts.products + parts.elements + parts.operations * rates.operation_seconds / kScoringRows);
  }
  return seconds;
}

int DefaultBundles(int models, int cores) {
  constexpr int kBundlesPerCore = 4;
  const int64_t most = static_cast<int64_t>(std::max(1, cores)) * kBundlesPerCore;
  return static_cast<int>(std::min<int64_t>(std::max(1, models), most));
}

}  // namespace plan
