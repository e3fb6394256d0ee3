#include "train/prepare_model.hpp"

#include <map>
#include <memory>
#include <utility>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "pg/parallel.hpp"
#include "pg/device_settings.hpp"
#include "pg/settings.hpp"
#include "pg/sql.hpp"
#include "plan/loss_rules.hpp"
#include "plan/params.hpp"
#include "wire/shape_signature.hpp"

namespace train {
namespace {

using base::Error;
using base::ErrorCode;

void RequireColumns(const pg::TableName& table, const char* what, const std::vector<const char*>& needed, const char* hint) {
  const std::vector<pg::Column> columns = pg::TableColumns(table, what);
  for (const char* name : needed) {
    if (pg::FindColumn(columns, name) == nullptr) {
      throw Error(ErrorCode::kUndefinedColumn, "table " + table.Text() + " has no column \"" + name + "\"", "", hint);
    }
  }
  pg::RequireSelect(table, {needed.begin(), needed.end()});
}

}  // namespace

std::vector<Configuration> ReadSelection(const FitArguments& a, PreparedFit* fit) {
  const char* hint = "Make the table by cerebro.generate_model_configs() or cerebro.load_model_selection_table().";
  fit->selection_table = pg::ParseTableName(a.model_selection_table, "model_selection_table");
  RequireColumns(fit->selection_table, "model_selection_table", {"mst_key", "model_id", "compile_params", "fit_params"}, hint);
  const pg::TableName summary = fit->selection_table.WithSuffix("_summary");
  if (!pg::TableExists(summary)) {
    throw Error(ErrorCode::kUndefinedTable, "table " + summary.Text() + " does not exist", "It says in which table the architectures are.",
                hint);
  }
  RequireColumns(summary, "model_selection_table", {"model_arch_table"}, hint);
  const pg::Result arch = pg::Read("SELECT model_arch_table FROM " + summary.Sql() + " LIMIT 1");
  if (arch.empty() || !arch.at(0, 0)) {
    throw Error(ErrorCode::kPrerequisiteState, "table " + summary.Text() + " does not name an architecture table",
                pg::HiddenRowsDetail(summary), hint);
  }
  fit->architecture_table = pg::ParseStoredName(*arch.at(0, 0), "model_arch_table", summary);
  pg::TableColumns(fit->architecture_table, "model_arch_table");  // it is there, or the error says who names it

  const pg::Result rows = pg::Read(
      "SELECT mst_key::pg_catalog.int4, model_id::pg_catalog.int4, compile_params::pg_catalog.text, fit_params::pg_catalog.text FROM " +
      fit->selection_table.Sql() + " ORDER BY 1");
  if (rows.empty())
    throw Error(ErrorCode::kPrerequisiteState, "model selection table " + fit->selection_table.Text() + " is empty",
                pg::HiddenRowsDetail(fit->selection_table), hint);
  std::vector<Configuration> selection;
  for (const auto& row : rows.rows) {
    if (!row[0] || !row[1] || !row[2]) {
      throw Error(ErrorCode::kNullValue,
                  "model selection table " + fit->selection_table.Text() + " has a NULL in mst_key, model_id or compile_params", "", hint);
    }
    Configuration s{base::WholeInt(row[0]), base::WholeInt(row[1]), *row[2], row[3].value_or("")};
    if (!selection.empty() && selection.back().mst_key == s.mst_key) {
      throw Error(ErrorCode::kInvalidParameter,
                  "mst_key " + std::to_string(s.mst_key) + " is in table " + fit->selection_table.Text() + " twice", "",
                  "Every configuration needs a key of its own.");
    }
    selection.push_back(std::move(s));
  }
  return selection;
}

PreparedModel PrepareModel(const Configuration& row, bool trained_before, PreparedFit* fit, std::vector<plan::TrainingDoubt>* doubts) {
  PreparedModel model;
  model.mst_key = row.mst_key;
  std::shared_ptr<const store::Architecture>& architecture = fit->architectures[row.model_id];
  if (architecture == nullptr) {
    architecture = std::make_shared<const store::Architecture>(store::ReadArchitecture(fit->architecture_table, row.model_id, fit->training.spec));
  }
  model.architecture = architecture;
  auto spec = std::make_shared<store::ModelSpec>();
  spec->graph = architecture->graph;
  spec->compile_params = row.compile_params;
  spec->fit_params = row.fit_params;
  spec->config = plan::ReadConfig(row.compile_params, row.fit_params, *spec->graph);
  *doubts = plan::CheckLosses(*spec->graph, spec->config, fit->training.spec);
  for (plan::TrainingDoubt& doubt : plan::CheckColumns(*spec->graph, fit->training.spec)) doubts->push_back(std::move(doubt));
  for (plan::TrainingDoubt& doubt : plan::CheckWeightDecay(*spec->graph, spec->config)) doubts->push_back(std::move(doubt));
  if (!architecture->weights && !trained_before) {
    for (plan::TrainingDoubt& doubt : plan::CheckConstants(*spec->graph)) doubts->push_back(std::move(doubt));
  }
  plan::ResolveClassWeights(*spec->graph, fit->training.spec, &spec->config);
  model.spec = spec;
  model.program = fit->pool->ProgramOf(spec->graph, spec->config);
  model.workspace_bytes = fit->pool->Lend(model.program, spec->config)->workspace_bytes(MostRowsOfABatch(fit->training, spec->config));
  if (architecture->weights && static_cast<int64_t>(architecture->weights->size()) != model.weight_count() * 4) {
    store::Block block(model.state_bytes());
    store::LoadArchitectureWeights(*architecture, *model.program, block.data());  // raises the error with its numbers
  }
  const plan::ModelCost cost = plan::EstimateCost(*spec->graph, spec->config, model.kernels());
  model.scored_row_seconds = cost.seconds_per_scored_row;
  model.visit_seconds = cost.Visit(fit->RowsAVisit(), spec->config.batch_size, spec->config.epochs);
  return model;
}

plan::Fusion FuseBundles(const plan::Plan& plan, PreparedFit* fit) {
  std::map<const base::Graph*, std::string> signatures;
  for (size_t m = fit->fusion_models.size(); m < fit->models.size(); m++) {
    const PreparedModel& prepared = fit->models[m];
    plan::FusionModel model;
    const base::Graph& trained = *prepared.spec->TrainedGraph();
    std::string& signature = signatures[&trained];
    for (size_t other = 0; other < m && signature.empty(); other++) {
      if (fit->models[other].spec->TrainedGraph().get() == &trained) signature = fit->fusion_models[other].signature;
    }
    if (signature.empty()) signature = wire::ShapeSignature(trained);
    model.signature = signature;
    model.batch_size = prepared.spec->config.batch_size;
    model.epochs = prepared.spec->config.epochs;
    model.shuffle = prepared.spec->config.shuffle;
    model.kernels = prepared.kernels();
    model.state_bytes = static_cast<double>(prepared.state_bytes());
    model.workspace_bytes = static_cast<double>(prepared.workspace_bytes);
    fit->fusion_models.push_back(std::move(model));
  }
  const pg::Settings settings = pg::CurrentSettings();
  plan::FusionSwitches switches;
  switches.horizontal = settings.enable_horizontal;
  switches.shared_scan = settings.enable_shared_scan;
  switches.memory = static_cast<double>(settings.fusion_mem);
  if (OnDevice(*fit)) {
    // half of a device's memory, or what every one has, as nobody has opened it yet
    constexpr double kLeastDevice = 2.0 * 1024 * 1024 * 1024;
    const int64_t device = pg::CurrentDeviceSettings().memory;
    switches.memory = std::max(switches.memory, device > 0 ? static_cast<double>(device) / 2 : kLeastDevice);
  }
  return plan::PlanFusion(plan, fit->fusion_models, fit->fusion_data, switches);
}

plan::Sequence FirstSequence(const PreparedFit& fit, const PreparedModel& model) {
  const int partitions = fit.training.spec.num_partitions;
  return fit.folds > 0 ? plan::SequenceOfFold(model.stream(), partitions, fit.folds, model.fold) : plan::SequenceOf(model.stream(), partitions);
}

engine::DeviceTraining DeviceTrainingOf(const PreparedFit& fit, const PreparedModel& model) {
  return engine::TrainingOnDevice(model.spec->TrainedGraph(), model.spec->config, fit.training.spec, fit.options);
}

bool OnDevice(const PreparedFit& fit) {
  return fit.options.device >= 0 && std::any_of(fit.models.begin(), fit.models.end(),
                                                [&](const PreparedModel& model) { return DeviceTrainingOf(fit, model).on_device; });
}

int BundlesOf(const PreparedFit& fit, size_t models) {
  if (fit.segments) return fit.segments->data_segments;
  const pg::Settings settings = pg::CurrentSettings();
  if (settings.bundles > 0) return settings.bundles;
  // one bundle a process that has a device: the more models are in it, the more of the device computes
  if (OnDevice(fit)) return std::min(static_cast<int>(models), store::DeviceProcesses());
  return plan::DefaultBundles(static_cast<int>(models), pg::Cores());
}

}  // namespace train
