#include "run/fit.hpp"

#include <memory>
#include <optional>

#include "base/error.hpp"
#include "pg/cluster.hpp"
#include "pg/interconnect.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "pg/snapshot.hpp"
#include "run/groups.hpp"
#include "segments/segment_driver.hpp"
#include "store/result_columns.hpp"
#include "train/coordinator.hpp"
#include "train/frozen.hpp"
#include "train/living_fit.hpp"
#include "train/memory.hpp"
#include "train/results.hpp"
#include "train/run_log.hpp"
#include "train/trial_table.hpp"
#include "workers/worker_fit.hpp"

namespace run {

void ClaimOutput(const train::FitArguments& arguments) {
  const char* const argument = "model_output_table";
  const pg::TableName name = arguments.warm_start ? pg::ParseTableName(arguments.model_output_table, argument)
                                                  : pg::ParseNewTableName(arguments.model_output_table, argument);
  for (const pg::TableName& table : store::ResultTables(name).All()) pg::ClaimOutput(table, argument);
}

void FitMultipleModel(const train::FitArguments& arguments) {
  const double started_at = pg::Now();
  const pg::OlderPlanner planner;
  ClaimOutput(arguments);
  train::PreparedFit fit = train::PrepareFit(arguments);
  if (fit.grouped) {
    FitGroups(arguments, &fit, started_at);
  } else {
    RunFit(arguments, &fit, started_at);
  }
}

train::RunResult RunFit(const train::FitArguments& arguments, train::PreparedFit* prepared, double started_at) {
  const train::PreparedFit& fit = *prepared;
  const pg::WideInterconnect interconnect;  // training states are long rows
  if (!fit.serial_reason.empty()) pg::Notice("this session trains the models itself, without parallel workers: " + fit.serial_reason);
  train::RunRequest request = train::MakeRequest(arguments, fit);
  if (!pg::OnGreenplum()) request.curves_memory = train::RequireMemory("the run", train::MemoryOf(request, train::TasksOf(fit)), train::kRunMemoryHint);
  std::optional<pg::FreshSnapshot> with_features;  // what the run's processes read
  train::RunLog log(request, fit.output.models.Text());
  if (train::MakeFeatures(prepared, &request, [&log](int64_t done, int64_t all) { log.StoringFeatures(done, all); })) with_features.emplace();
  train::FitTrialMaker maker(prepared, &request);
  if (fit.search && fit.search->policy == "external" && !arguments.replay) {
    throw base::Error(base::ErrorCode::kInvalidParameter, "the policy external needs a durable run", "Nobody sees a run of one transaction before its end.",
                "Begin it by CALL cerebro.fit() or cerebro.advance().");
  }
  if (fit.living) request.living = train::LivingRunOf(arguments, fit, &maker);
  const std::unique_ptr<train::Driver> driver = pg::OnGreenplum() ? segments::MakeFitDriver(arguments, fit, request)
                                                                  : workers::MakeFitDriver(arguments, fit, request);
  train::CreateResultTables(arguments, fit);
  train::RunResult result = train::Coordinator(request, driver.get(), &log, pg::Now).Run();
  train::WriteReports(arguments, fit, result, started_at);
  if (fit.living) train::WriteActionsDone(fit.output, result.actions);
  return result;
}

}  // namespace run
