// What follows from a prepared run: sums over its models, and what a driver and the coordinator are asked to do for it.
#include <algorithm>
#include <cstdint>

#include "train/prepare.hpp"
#include "train/visit_log.hpp"

namespace train {

double PreparedFit::RowsAVisit() const { return static_cast<double>(training.spec.rows) / std::max(1, training.spec.num_partitions); }

int64_t PreparedFit::Evaluations(int64_t num_iterations) const { return policy ? num_iterations : due.count(); }

double PreparedFit::SearchShare(int64_t num_iterations) const {
  if (!policy || models.empty()) return 1;
  return static_cast<double>(policy->ExpectedWork()) / (static_cast<double>(models.size()) * static_cast<double>(num_iterations));
}

size_t PreparedFit::StateBytes() const {
  size_t bytes = 0;
  for (const PreparedModel& model : models) bytes += model.state_bytes();
  return bytes;
}

RunTasks TasksOf(const PreparedFit& fit) {
  RunTasks tasks;
  tasks.written = true;
  for (const PreparedModel& model : fit.models) tasks.stored = tasks.stored || model.stored || model.architecture->weights;
  return tasks;
}

RunRequest MakeRequest(const FitArguments& arguments, const PreparedFit& fit) {
  RunRequest request;
  request.spec.training = fit.frozen.TableOf(fit.training);
  if (fit.validation) request.spec.validation = fit.frozen.TableOf(*fit.validation);
  request.spec.shared_features = fit.frozen.shared;
  request.spec.model_reads = fit.frozen.model_reads;
  request.spec.feature_cache = static_cast<size_t>(fit.frozen.decision.kept_bytes);
  for (const PreparedModel& model : fit.models) {
    request.spec.models.push_back(model.spec);
    request.spec.costs.push_back(model.visit_seconds);
    request.mst_keys.push_back(model.mst_key);
    request.metric_names.push_back(model.metric_names());
    request.programs.push_back(model.program);
    request.past.push_back(model.past);
  }
  request.pool = fit.pool;
  request.spec.plan = fit.plan;
  request.spec.fusion = fit.fusion;
  request.spec.precision = fit.options.precision;
  request.spec.use_gpus = arguments.use_gpus;
  request.iterations = arguments.num_iterations;
  request.deadline = arguments.deadline;
  request.quiet = arguments.quiet;
  request.due = fit.due;
  request.stopping = fit.stopping;
  request.workers = fit.workers;
  request.states = fit.states;
  request.make_visit_store = MakeVisitFile;
  request.keep_best = arguments.restore_best;
  request.progress = fit.progress;
  return request;
}

}  // namespace train
