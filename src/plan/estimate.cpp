#include "plan/estimate.hpp"

#include <algorithm>
#include <cmath>

#include "plan/rounds.hpp"
#include "plan/simulate.hpp"

namespace plan {
namespace {

constexpr double kProcessSeconds = 0.05;   // a worker's start
constexpr double kLibrarySeconds = 0.4;    // LibTorch opened by a process
constexpr double kModelSeconds = 0.25e-3;  // a model: its configuration read and checked, its first state made, its rows written
constexpr int kIterationsSimulated = 4;
constexpr double kMostSimulatedVisits = 1e7;  // the scheduler looks at every bundle at every visit
constexpr double kRoundSeconds = 10e-3;         // a statement over all segments
constexpr double kScoreQuerySeconds = 300e-6;  // of a partition: a cursor

}  // namespace

bool WorthWorkers(double seconds, int workers, bool autograd) {
  return workers > 0 && seconds * (1 - 1.0 / workers) > kProcessSeconds + (autograd ? kLibrarySeconds : 0);
}

namespace {

// What a fusion group saves an iteration, spread over its visits, comes off the members' own costs.
FusionEstimate EstimateFusionGroup(const FusionGroup& fusion_group, const RunWork& work, int partitions) {
  FusionEstimate estimate;
  const double rows = work.data.rows / partitions;
  for (const int m : fusion_group.models) {
    estimate.visit_seconds += work.visit_seconds[static_cast<size_t>(m)];
    estimate.visit_flops += work.costs[static_cast<size_t>(m)].flops_per_row * rows;
  }
  if (fusion_group.horizontal.applied) {
    estimate.visit_seconds = std::max(estimate.visit_seconds / 2, estimate.visit_seconds - fusion_group.horizontal.saved_seconds / partitions);
  }
  return estimate;
}

double Scans(const BundleFusion& bundle) {
  if (bundle.shared_scan.applied) return 1;
  double scans = 0;
  for (const FusionGroup& fusion_group : bundle.fusion_groups) scans += fusion_group.horizontal.applied ? 1 : static_cast<double>(fusion_group.models.size());
  return scans;
}

// Models rest and advance one by one; what their bundle shares is spread over them by their costs.
void EstimateRounds(const Plan& costed, const RunWork& work, int iterations, RunEstimate* run) {
  RoundSpan span;
  span.partitions = costed.partitions;
  span.partitions_each = costed.partitions / work.segments;
  span.iterations = iterations;
  span.visited = costed.visits();
  std::vector<RoundUnit> units;
  double total = 0, longest = 0;
  for (const Bundle& bundle : costed.bundles) {
    double own = 0;
    for (const int m : bundle.models) own += work.visit_seconds[static_cast<size_t>(m)];
    for (const int m : bundle.models) {
      const double share = own > 0 ? work.visit_seconds[static_cast<size_t>(m)] / own : 1.0 / static_cast<double>(bundle.models.size());
      units.push_back({bundle.sequence, bundle.visit_cost * share, 0});
      total += units.back().cost;
      longest = std::max(longest, units.back().cost);
    }
  }
  const RoundChoice choice = ChooseRounds(span, units);
  run->rounds = choice.rounds;
  run->iteration = choice.seconds + choice.rounds * kRoundSeconds;
  run->lower_bound = costed.visits() * std::max(longest, total / work.segments);
}

// Partitions are what processes take.
double EvaluationSeconds(const RunWork& work, double rows, double bytes, double partitions) {
  double row = 0;
  for (const ModelCost& cost : work.costs) row += cost.seconds_per_scored_row;
  const double all = rows * row + bytes * kFetchByteSeconds + partitions * kScoreQuerySeconds;
  return partitions > 0 ? all * std::ceil(partitions / work.hands) / partitions : 0;
}

}  // namespace

RunEstimate EstimateRun(const Plan& plan, const Fusion& fusion, const RunWork& work) {
  RunEstimate run;
  const double bytes = work.data.rows * work.data.row_bytes;
  const double kept = std::min(work.data.cached_bytes, bytes);
  Plan costed = plan;
  for (size_t b = 0; b < plan.bundles.size(); ++b) {
    BundleEstimate bundle;
    const double scans = Scans(fusion.bundles[b]);
    bundle.scan_seconds = scans * (kQuerySeconds + (bytes - kept) / plan.partitions * kFetchByteSeconds);
    bundle.visit_seconds = bundle.scan_seconds;
    for (const FusionGroup& fusion_group : fusion.bundles[b].fusion_groups) {
      bundle.fusion_groups.push_back(EstimateFusionGroup(fusion_group, work, plan.partitions));
      bundle.visit_seconds += bundle.fusion_groups.back().visit_seconds;
    }
    costed.bundles[b].visit_cost = bundle.visit_seconds;
    run.bundles.push_back(std::move(bundle));
  }
  if (plan.bundles.empty()) return run;
  const int hands = std::max(1, work.hands);
  run.lower_bound = costed.LowerBound(hands);
  const double looks = static_cast<double>(plan.bundles.size()) * static_cast<double>(plan.bundles.size()) * plan.partitions;
  // metrics make all bundles wait for each other; between them, ends of iterations overlap
  const int together = std::clamp(work.iterations / std::max(1, work.evaluations), 1, kIterationsSimulated);
  if (work.segments > 0) {
    EstimateRounds(costed, work, std::max(1, work.iterations / std::max(1, work.evaluations)), &run);
  } else if (looks > kMostSimulatedVisits) {
    run.iteration = run.lower_bound;  // so many bundles fill any number of workers
  } else {
    run.iteration = SharedMakespan(costed, hands, together, false) / together;
  }
  // started processes open it side by side, after the session has
  const double openings = work.autograd ? 1.0 + static_cast<double>(work.started) / hands : 0;
  run.start = kProcessSeconds * work.started / hands + kLibrarySeconds * openings + kModelSeconds * static_cast<double>(work.costs.size());
  run.first_read = kept * kFetchByteSeconds;
  run.training = run.first_read + work.share * run.iteration * work.iterations;
  run.evaluation = EvaluationSeconds(work, work.data.rows, bytes, work.data.partitions);
  run.evaluation += EvaluationSeconds(work, work.validation_rows, work.validation_bytes, work.validation_partitions);
  run.metrics = work.share * run.evaluation * work.evaluations;
  run.total = run.start + run.training + run.metrics;
  return run;
}

}  // namespace plan
