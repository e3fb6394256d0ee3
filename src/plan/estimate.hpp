// How long a planned run takes: what EXPLAIN shows. Nothing is decided by it. A pure function of the plan, the costs of
// its models and of how many of them can train at once.
#pragma once

#include <vector>

#include "plan/cost.hpp"
#include "plan/fusion.hpp"
#include "plan/schedule.hpp"

namespace plan {

/// What is to be done, besides the plan and its fusion.
struct RunWork {
  std::vector<ModelCost> costs;       // a model
  std::vector<double> visit_seconds;  // a model: mini-batches over an average partition
  FusionData data;                     // of the training table
  double validation_rows = 0, validation_bytes = 0, validation_partitions = 0;
  int iterations = 1;
  int evaluations = 1;     // iterations after which metrics are computed
  double share = 1;        // of the models' iterations that are not dropped by halving
  int hands = 1;           // processes that train at once
  int started = 0;         // processes that are started for the run
  bool autograd = false;   // some model trains without kernels: processes open LibTorch
  int segments = 0;         // that own the partitions, with a barrier after each round; 0: workers on shared storage
};

/// Whether starting `workers` processes is worthwhile for work that takes the session alone `seconds`: whether less is
/// lost by their start than is won by sharing the work. autograd: they must open LibTorch.
bool WorthWorkers(double seconds, int workers, bool autograd);

struct FusionEstimate {
  double visit_seconds = 0;  // all members, an average partition
  double visit_flops = 0;
};

struct BundleEstimate {
  std::vector<FusionEstimate> fusion_groups;
  double scan_seconds = 0;   // a visit's queries, and fetching what the process does not keep
  double visit_seconds = 0;  // of all its fusion groups
};

/// Seconds.
struct RunEstimate {
  std::vector<BundleEstimate> bundles;
  double iteration = 0;    // of training, as scheduled
  double rounds = 0;       // of an iteration, on segments
  double lower_bound = 0;  // of the same: no schedule of whole bundles is shorter; on segments: of models
  double start = 0;        // processes, models, result tables
  double first_read = 0;   // the first iteration's reading of what is kept afterwards
  double training = 0;     // all iterations
  double evaluation = 0;   // one
  double metrics = 0;      // all evaluations
  double total = 0;
};

RunEstimate EstimateRun(const Plan& plan, const Fusion& fusion, const RunWork& work);

}  // namespace plan
