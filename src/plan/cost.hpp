// The cost model: FLOPs and bytes to seconds. Coarse but ordered right; measured constants are in docs/performance.md.
#pragma once

#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"

namespace plan {

constexpr double kQuerySeconds = 100e-6;      // starting and ending a visit's query
constexpr double kFetchByteSeconds = 0.5e-9;  // a byte of a packed row out of the table

/// Where the seconds of one mini-batch go.
struct StepParts {
  double calls = 0;     // what a step and each of its operations cost whatever their sizes
  double products = 0;  // of dense, convolution and recurrent layers
  double elements = 0;  // activations, read or written
  double gather = 0;    // rows out of a packed buffer
  double update = 0;    // the optimizer's pass
  double Sum() const { return calls + products + elements + gather + update; }
};

struct ModelCost {
  double flops_per_row = 0;           // forward + backward
  double parameters = 0;              // trainable
  double state_bytes = 0;             // weights and slots, float32
  StepParts step;                     // one mini-batch
  double seconds_per_scored_row = 0;  // forward pass, losses and metrics
  double seconds_per_step() const { return step.Sum(); }
  double Visit(double rows, int batch_size, int epochs) const;  // seconds
};

/// kernels: the model trains by hand-written kernels, else by autograd. input_density: engine::Model::InputDensity, 1 where it is not known.
ModelCost EstimateCost(const base::Graph& graph, const base::TrainConfig& config, bool kernels, double input_density = 1);

/// Seconds of the forward pass of each call for one row, in mini-batches as large as scoring takes them; 0 for Inputs and for random layers,
/// which compute nothing there.
std::vector<double> ForwardSeconds(const base::Graph& graph, bool kernels);

/// Bundles for a run on PostgreSQL when cerebro.bundles is 0: min(models, 4 * cores). Never looks at launched workers.
int DefaultBundles(int models, int cores);

}  // namespace plan
