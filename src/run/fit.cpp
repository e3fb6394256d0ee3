#include "run/fit.hpp"

#include <memory>

#include "pg/cluster.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "segments/segment_driver.hpp"
#include "store/result_columns.hpp"
#include "train/coordinator.hpp"
#include "train/memory.hpp"
#include "train/results.hpp"
#include "train/run_log.hpp"
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
  RunFit(arguments, train::PrepareFit(arguments), started_at);
}

train::RunResult RunFit(const train::FitArguments& arguments, const train::PreparedFit& fit, double started_at) {
  if (!fit.serial_reason.empty()) pg::Notice("this session trains the models itself, without parallel workers: " + fit.serial_reason);
  train::RunRequest request = train::MakeRequest(arguments, fit);
  if (!pg::OnGreenplum()) request.curves_memory = train::RequireMemory("the run", train::MemoryOf(request, train::TasksOf(fit)), train::kRunMemoryHint);
  const std::unique_ptr<train::Driver> driver = pg::OnGreenplum() ? segments::MakeFitDriver(arguments, fit, request)
                                                                  : workers::MakeFitDriver(arguments, fit, request);
  train::CreateResultTables(arguments, fit);
  train::RunLog log(request, fit.output.models.Text());
  train::RunResult result = train::Coordinator(request, driver.get(), &log, pg::Now).Run();
  train::WriteReports(arguments, fit, result, started_at);
  return result;
}

}  // namespace run
