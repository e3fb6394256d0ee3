// The cost model: FLOPs and bytes to seconds. Coarse but ordered right; measured constants are in docs/internals.md.
#pragma once

#include "base/config.hpp"
#include "base/graph.hpp"

namespace plan {

struct ModelCost {
  double flops_per_row = 0;      // forward + backward
  double parameters = 0;         // trainable
  double state_bytes = 0;        // weights and slots, float32
  double seconds_per_step = 0;   // one mini-batch
  double Visit(double rows, int batch_size, int epochs) const;  // seconds
};

ModelCost EstimateCost(const base::Graph& graph, const base::TrainConfig& config);

/// Bundles for a run on PostgreSQL when cerebro.bundles is 0: min(models, 4 * cores). Never looks at launched workers.
int DefaultBundles(int models, int cores);

}  // namespace plan
