#include "explain/explain_model.hpp"
#include "train/prepare.hpp"
#include "train/run.hpp"

// What a run measured, beside what was estimated: from the log of its visits.

namespace explain {
namespace {

constexpr size_t kVisitsAtOnce = 1000;

/// Sums over the visits of a model.
struct Visits {
  int64_t count = 0, rows = 0;
  double seconds = 0;
};

std::vector<Visits> ByModel(const train::RunResult& result) {
  std::vector<Visits> sums(result.models.size());
  result.visits.ForEach(kVisitsAtOnce, [&](const std::vector<train::VisitRecord>& visits) {
    for (const train::VisitRecord& visit : visits) {
      Visits& model = sums[static_cast<size_t>(visit.model)];
      model.count++;
      model.rows += visit.rows;
      model.seconds += visit.ended - visit.started;
    }
  });
  return sums;
}

double Ratio(double actual, double estimated) { return estimated > 0 ? actual / estimated : 0; }

// A visit that only some of the members made counts as that part of one.
ExplainedActual Actual(const train::RunResult& result, const std::vector<Visits>& by_model, const std::vector<int>& members, double visit_seconds) {
  ExplainedActual actual;
  for (const int m : members) {
    const Visits& visits = by_model[static_cast<size_t>(m)];
    actual.visits += visits.count;
    actual.rows += visits.rows;
    actual.seconds += visits.seconds;
    const train::ModelResult& model = result.models[static_cast<size_t>(m)];
    actual.diverged += model.diverged_step != 0 ? 1 : 0;
    actual.stopped += model.stopped_iteration != 0 ? 1 : 0;
  }
  if (actual.visits > 0) actual.visit_seconds = actual.seconds / static_cast<double>(actual.visits) * static_cast<double>(members.size());
  actual.ratio = Ratio(actual.visit_seconds, visit_seconds);
  return actual;
}

}  // namespace

void AddActual(const train::PreparedFit& fit, const train::RunResult& result, double seconds, ExplainedFit* explained) {
  const std::vector<Visits> by_model = ByModel(result);
  std::vector<int> all;
  for (size_t b = 0; b < explained->bundles.size(); b++) {
    ExplainedBundle& bundle = explained->bundles[b];
    const std::vector<int>& members = fit.plan.bundles[b].models;
    bundle.actual = Actual(result, by_model, members, bundle.visit_seconds);
    for (size_t g = 0; g < bundle.fusion_groups.size(); g++) {
      ExplainedFusionGroup& fusion_group = bundle.fusion_groups[g];
      fusion_group.actual = Actual(result, by_model, fit.fusion.bundles[b].fusion_groups[g].models, fusion_group.visit_seconds);
    }
    all.insert(all.end(), members.begin(), members.end());
  }
  const ExplainedActual sum = Actual(result, by_model, all, 0);
  ExplainedRunActual run;
  run.seconds = seconds;
  run.run_seconds = result.seconds;
  for (const train::ModelResult& model : result.models) run.training_seconds += model.training_seconds;
  run.ratio = Ratio(seconds, explained->total_seconds);
  run.workers = result.workers;
  run.states_location = result.states_location;
  run.visits = sum.visits;
  run.rows = sum.rows;
  run.evaluations = static_cast<int64_t>(result.due.size());
  run.diverged = sum.diverged;
  run.stopped = sum.stopped;
  explained->actual = run;
}

}  // namespace explain
