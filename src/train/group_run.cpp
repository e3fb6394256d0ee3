#include "train/group_run.hpp"

namespace train {

RunRequest RequestOf(const GroupRun& run, const std::shared_ptr<engine::ModelPool>& pool) {
  RunRequest request;
  request.spec = run.spec;
  request.pool = pool;
  request.mst_keys = run.mst_keys;
  request.iterations = run.iterations;
  request.stopping = plan::ReadStopping(run.early_stopping, run.halving, run.iterations, run.validated);
  request.due = plan::DueIterations(run.iterations, run.metrics_frequency, request.stopping);
  request.keep_best = run.keep_best;
  for (const auto& model : run.spec.models) {
    request.programs.push_back(pool->ProgramOf(model->TrainedGraph(), model->config));
    request.metric_names.push_back(request.programs.back()->metric_names());
  }
  return request;
}

}  // namespace train
