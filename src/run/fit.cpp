#include "run/fit.hpp"

#include <utility>

#include "base/error.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "run/fit_prepare.hpp"
#include "run/fit_results.hpp"
#include "run/fit_run.hpp"
#include "run/hop_loop.hpp"
#include "run/wave_fit.hpp"

namespace run {
namespace {

// A model's first state: the stored one when the run goes on, else initial weights (the architecture's own where it has any).
void FirstState(const PreparedFit& fit, const PreparedModel& model, const engine::Model& engine, void* block) {
  const auto partitions = static_cast<uint32_t>(fit.training.spec.num_partitions);
  engine.Initialise(block, fit.seed, static_cast<uint64_t>(static_cast<int64_t>(model.mst_key)), partitions);
  if (!model.stored) {
    LoadArchitectureWeights(*model.architecture, engine, block);
    return;
  }
  const std::string bytes = ReadState(*fit.stored, model.mst_key);
  size_t raw_offset = 0;
  const wire::StateHeader header = wire::ReadStateHeader(bytes, &raw_offset);
  const std::string key = "mst_key=" + std::to_string(model.mst_key);
  if (DecodeState(header, bytes, raw_offset, engine.layout(), block) == StateFit::kWeightsOnly) {
    pg::Notice("model " + key + " goes on with its weights only: the stored optimizer state is of another optimizer");
  }
  if (header.build != engine::BuildDescription()) {
    pg::Warning("model " + key + " was trained by another build (" + header.build + "): its further training will not repeat bit for bit",
                "This server's build is " + engine::BuildDescription() + ".");
  }
  auto* counters = static_cast<engine::StateCounters*>(block);
  counters->partitions = partitions;
  counters->visits_in_iteration = 0;
  if (counters->diverged_step != 0) NoticeDivergedBefore(model.mst_key, counters->diverged_step);
}

}  // namespace

void FitMultipleModel(const FitArguments& arguments) {
  const double started_at = pg::Now();
  RunFit(arguments, PrepareFit(arguments), started_at);
}

HopResult RunFit(const FitArguments& arguments, const PreparedFit& fit, double started_at) {
  if (!fit.serial_reason.empty()) pg::Notice("this session trains the models itself, without parallel workers: " + fit.serial_reason);

  std::vector<KeptModel> kept(fit.models.size());
  HopRequest request;
  request.spec.training = fit.training;
  if (fit.validation) request.spec.validation = *fit.validation;
  for (const PreparedModel& model : fit.models) {
    request.spec.models.push_back(model.spec);
    request.spec.costs.push_back(model.visit_seconds);
    request.mst_keys.push_back(model.mst_key);
  }
  request.spec.plan = fit.plan;
  request.spec.grouping = fit.grouping;
  request.spec.first_iteration = fit.first_iteration;
  request.spec.precision = fit.options.precision;
  request.spec.use_gpus = arguments.use_gpus;
  request.iterations = arguments.num_iterations;
  request.due = fit.due;
  request.stopping = fit.stopping;
  request.workers = fit.workers;
  request.keep_best = arguments.restore_best;
  if (pg::OnGreenplum()) return FitOnSegments(arguments, fit, request, started_at);
  CreateResultTables(arguments, fit);
  request.initialise = [&](int m, engine::Model* engine, void* block) {
    FirstState(fit, fit.models[static_cast<size_t>(m)], *engine, block);
  };
  request.collect = [&](int m, const engine::Model& engine, const void* block, const HopModelResult& result) {
    const auto model = static_cast<size_t>(m);
    if (m == 0) ClearResultTables(arguments, fit);
    pg::CheckInterrupts();
    std::string weights = result.best_weights;
    if (result.best_due < 0) engine.StoreWeights(block, &weights);
    WriteModel(fit, model, weights, EncodeState(fit.models[model].spec, fit.training.spec, engine.layout(), block));
    kept[model].weight_bytes = weights.size();
    kept[model].iterations_done = static_cast<int64_t>(static_cast<const engine::StateCounters*>(block)->iterations_done);
    kept[model].metric_names = engine.metric_names();
  };
  HopResult result = RunHopLoop(request, fit.output.models.Sql());
  WriteReports(arguments, fit, result, kept, started_at);
  return result;
}

}  // namespace run
