#include "run/fit.hpp"

#include <utility>

#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "segments/segment_fit.hpp"
#include "train/arguments.hpp"
#include "train/prepare.hpp"
#include "train/run.hpp"
#include "workers/worker_fit.hpp"

namespace run {

void FitMultipleModel(const train::FitArguments& arguments) {
  const double started_at = pg::Now();
  RunFit(arguments, train::PrepareFit(arguments), started_at);
}

train::RunResult RunFit(const train::FitArguments& arguments, const train::PreparedFit& fit, double started_at) {
  if (!fit.serial_reason.empty()) pg::Notice("this session trains the models itself, without parallel workers: " + fit.serial_reason);

  train::RunRequest request;
  request.spec.training = fit.training;
  if (fit.validation) request.spec.validation = *fit.validation;
  for (const train::PreparedModel& model : fit.models) {
    request.spec.models.push_back(model.spec);
    request.spec.costs.push_back(model.visit_seconds);
    request.mst_keys.push_back(model.mst_key);
  }
  request.spec.plan = fit.plan;
  request.spec.fusion = fit.fusion;
  request.spec.first_iteration = fit.first_iteration;
  request.spec.precision = fit.options.precision;
  request.spec.use_gpus = arguments.use_gpus;
  request.iterations = arguments.num_iterations;
  request.due = fit.due;
  request.stopping = fit.stopping;
  request.workers = fit.workers;
  request.keep_best = arguments.restore_best;
  if (pg::OnGreenplum()) return segments::FitOnSegments(arguments, fit, request, started_at);
  return workers::FitOnWorkers(arguments, fit, std::move(request), started_at);
}

}  // namespace run
