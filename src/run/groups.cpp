// Order of a run over groups: make the tables, train the global models where they are wanted, make the first states,
// and then window after window of groups: read which they are, train them, write what came of them.
//
// Nothing is kept of a group once it is written, so that memory does not grow with their number.
#include "run/groups.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "data/groups.hpp"
#include "pack/packing.hpp"
#include "pg/cluster.hpp"
#include "pg/names.hpp"
#include "pg/parallel.hpp"
#include "pg/progress.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "pg/snapshot.hpp"
#include "pg/sql.hpp"
#include "plan/cost.hpp"
#include "plan/estimate.hpp"
#include "plan/group_tasks.hpp"
#include "plan/params.hpp"
#include "run/compare_groups.hpp"
#include "run/fit.hpp"
#include "segments/group_segments.hpp"
#include "store/group_tables.hpp"
#include "store/loaded_model.hpp"
#include "store/model_spec.hpp"
#include "store/result_tables.hpp"
#include "train/first_state.hpp"
#include "train/group_results.hpp"
#include "train/group_run.hpp"
#include "workers/group_driver.hpp"

namespace run {
namespace {

using base::Error;
using base::ErrorCode;

constexpr size_t kGroupsAtOnce = 4096;   // that are read from the table of groups
constexpr double kGroupSeconds = 50e-6;  // of a group besides its models' training: reading, copying, writing
constexpr double kModelSeconds = 40e-6;  // of a model besides its training: its rows in the result tables

// A validation table that was packed later has a table of groups of its own: that of the training table, with the rows
// that validate there.
data::GroupedTable OpenTraining(const train::FitArguments& a) {
  data::GroupedTable table = data::OpenGroupedTable(a.source_table, "source_table");
  if (a.validation_table)
    table.groups_table = data::OpenGroupedTable(*a.validation_table, "validation_table").groups_table;
  return table;
}

std::string Seconds(double s) {
  char text[32];
  std::snprintf(text, sizeof(text), s < 10 ? "%.2f s" : "%.0f s", s);
  return text;
}

std::string Count(int64_t n, const char* what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); }

/// What all groups have in common.
train::GroupRun MakeRun(const train::FitArguments& a, const train::PreparedFit& fit,
                        const data::GroupedTable& training) {
  train::GroupRun run;
  run.spec.training = fit.training;
  if (fit.validation) run.spec.validation = *fit.validation;
  for (const train::PreparedModel& model : fit.models) {
    run.spec.models.push_back(model.spec);
    run.spec.costs.push_back(model.visit_seconds);
    run.mst_keys.push_back(model.mst_key);
  }
  run.spec.plan.partitions = 1;
  run.spec.precision = fit.options.precision;
  run.spec.use_gpus = a.use_gpus;
  run.iterations = a.num_iterations;
  if (a.metrics_compute_frequency) run.metrics_frequency = *a.metrics_compute_frequency;
  run.early_stopping = a.early_stopping;
  run.halving = a.halving;
  run.keep_best = a.restore_best;
  run.validated = fit.validation.has_value();
  for (const train::PreparedModel& model : fit.models) {
    const store::ModelSpec& spec = *model.spec;
    run.balanced.push_back(plan::ReadConfig(spec.compile_params, spec.fit_params, *spec.graph).balanced_class_weight);
    if (run.balanced.back()) run.classes = static_cast<size_t>(fit.training.spec.targets.at(0).num_classes);
  }
  const pg::Settings settings = pg::CurrentSettings();
  run.typical.rows = static_cast<double>(training.packed.spec.rows) /
                     static_cast<double>(std::max<int64_t>(1, training.packed_groups));
  run.typical.row_bytes = static_cast<double>(training.packed.RowBytes());
  for (const base::ColumnSpec& input : training.packed.spec.inputs)
    run.typical.row_elements += static_cast<double>(base::ElementCount(input.shape));
  run.typical.cached_bytes = static_cast<double>(settings.cache_mem);
  run.switches.horizontal = settings.enable_horizontal;
  run.switches.shared_scan = true;  // rows of a group are in memory: there is nothing to scan
  run.switches.memory = static_cast<double>(settings.fusion_mem);
  return run;
}

/// Of training and metrics, if one process does all of it.
double SerialSeconds(const train::FitArguments& a, const train::PreparedFit& fit, const data::GroupedTable& training) {
  const auto groups = static_cast<double>(std::max<int64_t>(1, training.packed_groups));
  const double rows = static_cast<double>(training.packed.spec.rows);
  const double scored = (rows + static_cast<double>(fit.validation ? fit.validation->spec.rows : 0)) *
                        static_cast<double>(fit.due.count());
  double seconds = kGroupSeconds * groups;
  for (const train::PreparedModel& model : fit.models) {
    const plan::ModelCost cost = plan::EstimateCost(*model.spec->graph, model.spec->config, model.kernels());
    const double visit = cost.Visit(rows / groups, model.spec->config.batch_size, model.spec->config.epochs);
    seconds += groups * (visit * a.num_iterations + kModelSeconds) + model.scored_row_seconds * scored;
  }
  return seconds;
}

/// The arguments of the run over the rows of all groups.
train::FitArguments GlobalArguments(const train::FitArguments& a, const train::PreparedFit& fit) {
  train::FitArguments global = a;
  global.source_table = fit.training.name.WithSuffix(data::kPooledSuffix).Sql();
  global.model_output_table = fit.output.models.WithSuffix(store::kGlobalSuffix).Sql();
  // the validating rows of all groups are packed without groups, too, where the packer has split the rows
  const pg::TableName split = fit.training.name.WithSuffix(pack::kValidationSuffix),
                      pooled = fit.training.name.WithSuffix(std::string(data::kPooledSuffix) + pack::kValidationSuffix);
  if (fit.validation && fit.validation->name.Sql() == split.Sql() && pg::TableExists(pooled))
    global.validation_table = pooled.Sql();
  global.global_model = global.warm_start_groups = false;
  global.promote.reset();
  global.max_failed_groups.reset();
  return global;
}

/// The output of the run over the rows of all groups.
pg::TableName GlobalOutput(const train::FitArguments& a, const train::PreparedFit& fit) {
  const pg::TableName run = a.global_run ? pg::ParseTableName(*a.global_run, "model_output_table") : fit.output.models;
  return run.WithSuffix(store::kGlobalSuffix);
}

/// Trains the configurations over the rows of all groups, as an ordinary run with tables of its own.
void FitGlobal(const train::FitArguments& a, const train::PreparedFit& fit) {
  const pg::TableName pooled = fit.training.name.WithSuffix(data::kPooledSuffix);
  if (!pg::TableExists(pooled)) {
    throw Error(ErrorCode::kUndefinedTable, "global_model needs table " + pooled.Text() + ", which does not exist",
                "It has the rows of all groups in one shuffle.",
                "Pack the table with pooled => true, or leave global_model out.");
  }
  pg::Info("the global models are trained on all rows");
  FitMultipleModel(GlobalArguments(a, fit));
}

/// The best of them.
train::GlobalModel BestGlobal(const train::FitArguments& a, const train::PreparedFit& fit) {
  train::GlobalModel global;
  global.mst_key = BestGlobalModel(GlobalOutput(a, fit));
  global.must_be_beaten = a.promote.has_value();
  return global;
}

/// The blocks in which groups begin, and that of the global model that they are compared with.
class FirstStates {
 public:
  FirstStates(const train::FitArguments& a, const train::PreparedFit& fit,
              const std::optional<train::GlobalModel>& global) {
    std::optional<pg::FreshSnapshot> written;
    std::optional<store::ModelTable> table;
    if (global) {
      written.emplace();
      table = store::OpenModelTable(GlobalOutput(a, fit).Sql(), "model_output_table", std::nullopt);
    }
    for (size_t m = 0; m < fit.models.size(); m++) {
      const train::PreparedModel& model = fit.models[m];
      blocks_.emplace_back(model.state_bytes());
      train::WriteFirstState(fit, model, blocks_.back().data());
      if (!global) continue;
      const store::StoredModel& stored = table->models.at(m);
      if (a.warm_start_groups) {
        if (store::IsDiverged(stored)) {
          pg::Notice("groups begin with new weights for mst_key " + std::to_string(model.mst_key) +
                     ": its global model has diverged");
        } else {
          store::LoadStoredWeights(*table, stored, *model.program, blocks_.back().data());
        }
      }
      if (stored.mst_key != global->mst_key) continue;
      compared_model_ = static_cast<int>(m);
      compared_.emplace(model.state_bytes());
      train::WriteFirstState(fit, model, compared_->data());
      store::LoadStoredWeights(*table, stored, *model.program, compared_->data());
    }
    for (const store::Block& block : blocks_) pointers_.push_back(block.data());
  }

  const std::vector<const void*>& pointers() const { return pointers_; }
  int compared_model() const { return compared_model_; }
  const void* compared() const { return compared_ ? compared_->data() : nullptr; }

 private:
  std::vector<store::Block> blocks_;
  std::vector<const void*> pointers_;
  std::optional<store::Block> compared_;
  int compared_model_ = -1;
};

/// The weights that groups have in an earlier run, of a window of groups at a time.
class StoredWeights {
 public:
  StoredWeights(const std::string& run, const train::PreparedFit& fit, const FirstStates& first)
      : run_(pg::ParseTableName(run, "model_output_table")), fit_(fit), first_(first) {}

  void Read(const std::vector<data::Group>& window) {
    weights_.clear();
    std::vector<int64_t> ids;
    for (const data::Group& group : window) ids.push_back(group.id);
    std::map<int, size_t> position;  // by mst_key
    for (size_t m = 0; m < fit_.models.size(); m++) position[fit_.models[m].mst_key] = m;
    pg::Cursor cursor("SELECT m.group_id, m.mst_key, m.model_weights FROM " + run_.Sql() + " AS m JOIN " +
                          run_.WithSuffix("_info").Sql() +
                          " AS i ON i.group_id OPERATOR(pg_catalog.=) m.group_id AND i.mst_key OPERATOR(pg_catalog.=) "
                          "m.mst_key WHERE m.group_id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[]) AND "
                          "i.diverged_step IS NULL AND m.model_weights IS NOT NULL",
                      {ids});
    for (;;) {
      const pg::Result rows = cursor.Fetch(kModelsAtOnce);
      if (rows.empty()) return;
      for (const auto& row : rows.rows) {
        const auto found = position.find(base::WholeInt(row[1]));
        if (found == position.end()) continue;
        std::vector<std::string>& models = weights_[base::WholeNumber(row[0])];
        models.resize(fit_.models.size());
        models[found->second] = *row[2];
      }
    }
  }

  /// A model that has none, because it has diverged, begins anew.
  bool Find(const data::Group& group, std::vector<std::string>* weights) const {
    const auto found = weights_.find(group.id);
    if (found == weights_.end()) return false;
    *weights = found->second;
    for (size_t m = 0; m < weights->size(); m++) {
      if (!(*weights)[m].empty()) continue;
      fit_.models[m].program->StoreWeights(first_.pointers()[m], &(*weights)[m]);
    }
    return true;
  }

 private:
  static constexpr int64_t kModelsAtOnce = 256;
  const pg::TableName run_;
  const train::PreparedFit& fit_;
  const FirstStates& first_;
  std::map<int64_t, std::vector<std::string>> weights_;  // by group
};

/// What a user sees of it: INFO lines, and the progress view, where visits are groups.
class GroupLog {
 public:
  GroupLog(const train::FitArguments& a, const train::PreparedFit& fit, const GroupPlan& plan)
      : quiet_(a.quiet),
        plan_(plan),
        models_(static_cast<int>(fit.models.size())),
        iterations_(a.num_iterations),
        table_(fit.output.models.Text()),
        progress_(table_),
        started_(pg::Now()) {
    Show(0, 0);
  }

  void WindowBegins(int64_t groups, int64_t rows) {
    groups_before_ += groups_;
    rows_before_ += rows_;
    groups_ = groups;
    rows_ = rows;
    trained_before_ = trained_;
  }
  void Show(int64_t groups_done, int64_t rows_trained) {
    trained_ = trained_before_ + rows_trained;
    pg::ProgressRow row;
    row.model_table = table_;
    row.phase = pg::Phase::kTraining;
    row.iteration = row.iterations = iterations_;
    row.visits_done = groups_before_ + groups_done;
    row.visits_total = plan_.trained_groups;
    row.models = row.models_training = models_;
    row.workers = plan_.processes;
    const double seconds = pg::Now() - started_;
    if (trained_ > 0 && seconds > 0) {
      row.rows_per_second = static_cast<double>(trained_) / seconds;
      row.seconds_left = seconds * (static_cast<double>(plan_.rows) * models_ * static_cast<double>(iterations_) /
                                        static_cast<double>(trained_) -
                                    1);
    }
    progress_.Update(row);
  }
  void WindowDone(const train::GroupCounts& counts) {
    if (quiet_) return;
    const int64_t done = groups_before_ + groups_;
    const double seconds = pg::Now() - started_;
    const auto rows = static_cast<double>(rows_before_ + rows_);
    std::string line = std::to_string(done) + " of " + Count(plan_.trained_groups, "group") + ": " + Seconds(seconds) +
                       ", " + Count(counts.models, "model");
    if (counts.failed > 0) line += ", " + Count(counts.failed, "group") + " failed";
    if (counts.diverged > 0) line += ", " + Count(counts.diverged, "group") + " diverged";
    if (rows > 0 && done < plan_.trained_groups)
      line += ", about " + Seconds(seconds * (static_cast<double>(plan_.rows) / rows - 1)) + " left";
    pg::Info(line);
  }

 private:
  const bool quiet_;
  const GroupPlan& plan_;
  const int models_;
  const int64_t iterations_;
  const std::string table_;
  pg::Progress progress_;
  const double started_;
  int64_t groups_before_ = 0, groups_ = 0, rows_before_ = 0, rows_ = 0, trained_before_ = 0, trained_ = 0;
};

/// The next groups with rows, as many as a window has, from `next` on, which moves behind them.
std::vector<data::Group> NextWindow(const data::GroupedTable& training, size_t most, int64_t* next) {
  std::vector<data::Group> window;
  data::GroupCursor cursor(training, *next);
  while (window.size() < most) {
    const std::vector<data::Group> groups = cursor.Next(std::min(kGroupsAtOnce, most));
    if (groups.empty()) break;
    for (const data::Group& group : groups) {
      if (window.size() == most) break;
      *next = group.id + 1;
      if (!group.skipped()) window.push_back(group);
    }
  }
  return window;
}

void RequireFew(const train::FitArguments& a, const data::GroupedTable& training, const train::GroupWriter& writer) {
  const int64_t failed = writer.counts().failed + writer.counts().diverged;
  if (!a.max_failed_groups || failed <= *a.max_failed_groups) return;
  const std::string first_error = "group " + std::to_string(writer.first_failed()) + " (" +
                                  data::KeyText(training, writer.first_failed()) + "): " + writer.first_error();
  const bool sentence = first_error.back() == '.';
  throw Error(
      ErrorCode::kPrerequisiteState,
      Count(failed, "group") + " failed or diverged, and max_failed_groups is " + std::to_string(*a.max_failed_groups),
      "The first is " + first_error + (sentence ? "" : "."),
      "Correct the data or the configurations, or raise max_failed_groups: groups that fail are in "
      "<model_output_table>_groups then.");
}

void SayEnd(const train::PreparedFit& fit, const train::GroupCounts& counts, bool global) {
  std::string text = Count(counts.trained, "group") + " trained";
  if (counts.diverged > 0) text += ", " + std::to_string(counts.diverged) + " diverged";
  if (counts.failed > 0) text += ", " + std::to_string(counts.failed) + " failed";
  if (counts.skipped > 0) text += ", " + std::to_string(counts.skipped) + " skipped";
  if (global)
    text += "; " + Count(counts.own, "group") +
            (counts.own == 1 ? " has a model of its own, " : " have a model of their own, ") +
            std::to_string(counts.global) + (counts.global == 1 ? " has the global one" : " have the global one");
  const bool any = counts.diverged + counts.failed + counts.skipped > 0;
  pg::Notice(text, any ? "Table " + fit.output.groups.Text() + " has the status and the reason of each group."
                       : std::string());
}

/// Before anything is written. The global models have a check of their own.
void RequireMemory(const train::FitArguments& a, const train::PreparedFit& fit, const data::GroupedTable& training,
                   const GroupPlan& plan) {
  const std::vector<const void*> none;
  const workers::GroupDriver driver(MakeRun(a, fit, training), fit.pool, training, nullptr, none, nullptr,
                                    plan.processes);
  driver.RequireMemory(plan.groups_at_once);
}

// Groups are trained whole where they lie.
GroupPlan PlanOnSegments(const train::FitArguments& a, const train::PreparedFit& fit, const data::GroupedTable& training, GroupPlan plan) {
  plan.processes = segments::GroupSegmentCount();
  plan.on_segments = true;
  plan.seconds = SerialSeconds(a, fit, training) / plan.processes;
  const segments::GroupSegments driver(MakeRun(a, fit, training), fit.pool, training, nullptr, {}, nullptr);
  plan.groups_at_once = std::min<size_t>(driver.GroupsAtOnce(), static_cast<size_t>(std::max<int64_t>(1, plan.trained_groups)));
  plan.group_bytes = driver.GroupBytes();
  return plan;
}

}  // namespace

GroupPlan PlanGroups(const train::FitArguments& a, const train::PreparedFit& fit) {
  const data::GroupedTable training = OpenTraining(a);
  const pg::Settings settings = pg::CurrentSettings();
  GroupPlan plan;
  plan.groups = training.groups;
  plan.trained_groups = training.packed_groups;
  plan.largest_rows = training.largest_rows;
  plan.rows = training.packed.spec.rows;
  if (pg::OnGreenplum()) return PlanOnSegments(a, fit, training, plan);
  int wanted = a.workers ? *a.workers : settings.workers;
  const bool ours = wanted < 0;
  if (ours) wanted = std::min(pg::Cores(), pg::WorkerLimit());
  plan.processes = wanted;
  const double serial = SerialSeconds(a, fit, training);
  if (wanted > 0) {
    if (pg::InParallelWorker()) plan.serial_reason = "the function runs in a parallel worker itself";
    if (fit.training.temporary || (fit.validation && fit.validation->temporary))
      plan.serial_reason = "parallel workers cannot read temporary tables";
    const bool autograd = std::any_of(fit.models.begin(), fit.models.end(),
                                      [](const train::PreparedModel& model) { return !model.kernels(); });
    plan.too_short = ours && plan.serial_reason.empty() && !plan::WorthWorkers(serial, wanted, autograd);
    if (!plan.serial_reason.empty() || plan.too_short) plan.processes = 0;
  }
  plan.largest_hops = plan::HopsGroup(plan.largest_rows, plan.rows, plan.processes);
  plan.seconds = serial / std::max(1, plan.processes);
  const std::vector<const void*> none;
  const workers::GroupDriver driver(MakeRun(a, fit, training), fit.pool, training, nullptr, none, nullptr,
                                    plan.processes);
  plan.groups_at_once =
      std::min<size_t>(driver.GroupsAtOnce(), static_cast<size_t>(std::max<int64_t>(1, plan.trained_groups)));
  plan.group_bytes = driver.GroupBytes();
  return plan;
}

train::GroupCounts FitGroups(const train::FitArguments& a, train::PreparedFit* prepared, double started_at,
                             const pg::TableName* into) {
  if (into != nullptr) prepared->output = store::ResultTables(*into);
  const train::PreparedFit& fit = *prepared;
  const data::GroupedTable training = OpenTraining(a);
  std::optional<data::GroupedTable> validation;
  if (a.validation_table) validation = data::OpenGroupedTable(*a.validation_table, "validation_table");
  const GroupPlan plan = PlanGroups(a, fit);
  if (!plan.serial_reason.empty())
    pg::Notice("this session trains the models itself, without parallel workers: " + plan.serial_reason);
  if (!plan.on_segments) RequireMemory(a, fit, training, plan);  // segments ask the tracker of theirs
  if (into == nullptr) {
    train::CreateGroupTables(fit, training);
    train::WriteConfigurations(fit);
  }
  std::optional<train::GlobalModel> global;
  if (a.global_model && !a.global_run) FitGlobal(a, fit);
  if (a.global_model) global = BestGlobal(a, fit);
  const FirstStates first(a, fit, global);
  train::GroupRun group_run = MakeRun(a, fit, training);
  group_run.compared_model = first.compared_model();
  std::optional<workers::GroupDriver> processes;
  std::optional<segments::GroupSegments> on_segments;
  const data::GroupedTable* const validating = validation ? &*validation : nullptr;
  if (pg::OnGreenplum()) {
    on_segments.emplace(group_run, fit.pool, training, validating, first.pointers(), first.compared());
  } else {
    processes.emplace(std::move(group_run), fit.pool, training, validating, first.pointers(), first.compared(), plan.processes);
  }
  const size_t at_once = on_segments ? on_segments->GroupsAtOnce() : processes->GroupsAtOnce();
  train::GroupWriter writer(fit, training, global ? &*global : nullptr);
  GroupLog log(a, fit, plan);
  std::optional<StoredWeights> stored;
  if (a.groups_begin_with) stored.emplace(*a.groups_begin_with, fit, first);
  const auto start = [&stored](const data::Group& group, std::vector<std::string>* weights) {
    return stored && stored->Find(group, weights);
  };
  int workers = 0;
  for (int64_t next = 1;;) {
    const std::vector<data::Group> window = NextWindow(training, at_once, &next);
    if (window.empty()) break;
    int64_t rows = 0;
    for (const data::Group& group : window) rows += group.rows;
    log.WindowBegins(static_cast<int64_t>(window.size()), rows);
    if (stored) stored->Read(window);
    size_t g = 0;
    const auto progress = [&log](int64_t groups_done, int64_t rows_trained) { log.Show(groups_done, rows_trained); };
    const auto write = [&](const train::GroupOutcome& outcome) { writer.Write(window[g++], outcome); };
    const int used = on_segments ? on_segments->TrainWindow(window, start, progress, write)
                                 : processes->TrainWindow(window, start, progress, write);
    workers = std::max(workers, used);
    writer.Flush();
    log.WindowDone(writer.counts());
    RequireFew(a, training, writer);
  }
  const train::GroupCounts counts = writer.Finish();
  if (into == nullptr)
    train::WriteGroupSummary(a, fit, training, counts, global ? &*global : nullptr, workers, started_at);
  if (!a.quiet) SayEnd(fit, counts, global.has_value());
  return counts;
}

}  // namespace run
