#include "score/report.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/plain_number.hpp"
#include "base/preprocessing.hpp"
#include "base/error.hpp"
#include "base/tensor.hpp"
#include "pg/encoding.hpp"
#include "pg/names.hpp"
#include "pg/sql.hpp"
#include "plan/cost.hpp"
#include "plan/flat_params.hpp"
#include "report/character_chart.hpp"
#include "report/page.hpp"
#include "report/text.hpp"
#include "report/visit_summary.hpp"
#include "score/class_counts.hpp"
#include "score/group_page.hpp"
#include "score/importance.hpp"
#include "score/ranked_models.hpp"
#include "store/group_tables.hpp"
#include "store/result_rows.hpp"
#include "store/result_tables.hpp"
#include "train/result_values.hpp"
#include "train/memory.hpp"

namespace score {
namespace {

constexpr int64_t kRepeats = 3;             // of the importance of columns
constexpr double kImportanceSeconds = 10;   // of the cost model, for the importance of columns
constexpr int64_t kLeastImportanceRows = 256;
constexpr int64_t kVisitsAtOnce = 1000;
constexpr double kClockTolerance = 600;     // less than any difference between two time zones
constexpr size_t kMostClassesNamed = 12;
constexpr size_t kCurvesTogether = 4;       // of the best models, in a text

std::string Text(const pg::Cell& cell) { return cell ? pg::ToUtf8(*cell) : ""; }

double At(const std::vector<double>& values, size_t i) { return i < values.size() ? values[i] : report::kNoNumber; }

// ---- models

std::vector<report::Setting> SettingsOf(const std::string& architecture, const pg::Cell& compile_params, const pg::Cell& fit_params) {
  std::vector<report::Setting> settings = {{"architecture", architecture}};
  try {
    for (const auto& [name, value] : plan::FlatParams(compile_params.value_or(""), fit_params.value_or(""))) {
      settings.push_back({pg::ToUtf8(name), pg::ToUtf8(value)});
    }
  } catch (const base::Error&) {  // texts that an earlier version could read
    settings.resize(1);
    settings.push_back({"compile_params", Text(compile_params)});
    settings.push_back({"fit_params", Text(fit_params)});
  }
  return settings;
}

std::vector<report::Evaluation> CurveOf(const store::StoredHistory& history) {
  std::vector<report::Evaluation> curve;
  for (const plan::Evaluation& e : history.evaluations) {
    curve.push_back({e.iteration, At(e.training, 0), At(e.training, 1), At(e.validation, 0), At(e.validation, 1)});
  }
  return curve;
}

std::vector<report::Model> CollectModels(const pg::TableName& table, const Ranking& ranking, const std::vector<store::StoredHistory>& histories) {
  const auto names = ArchitectureNames(table);
  std::vector<report::Model> models;
  for (const RankedModel& ranked : ranking.models) {
    const std::vector<pg::Cell>& c = ranked.cells;
    report::Model model;
    model.mst_key = ranked.standing.mst_key;
    const auto name = std::find_if(names.begin(), names.end(), [&](const auto& n) { return c[kModelId] && n.first == *c[kModelId]; });
    model.architecture = name != names.end() ? pg::ToUtf8(name->second) : "model_id " + c[kModelId].value_or("?");
    model.compile_params = Text(c[kCompileParams]);
    model.fit_params = Text(c[kFitParams]);
    model.status = Text(c[kStatus]);
    model.diverged = ranked.standing.diverged;
    model.training_loss = base::RealOrNaN(c[kTrainingLoss]);
    model.training_metric = base::RealOrNaN(c[kTrainingMetric]);
    model.validation_loss = base::RealOrNaN(c[kValidationLoss]);
    model.validation_metric = base::RealOrNaN(c[kValidationMetric]);
    model.parameters = base::WholeOrZero(c[kParameters]);
    model.seconds = base::RealOrNaN(c[kSeconds]);
    model.settings = SettingsOf(model.architecture, c[kCompileParams], c[kFitParams]);
    const auto history = std::find_if(histories.begin(), histories.end(), [&](const auto& h) { return h.mst_key == model.mst_key; });
    if (history != histories.end()) model.curve = CurveOf(*history);
    models.push_back(std::move(model));
  }
  return models;
}

// ---- the run and its data

/// The row of <out>_summary.
struct Summary {
  pg::TableName table;
  std::vector<pg::Cell> cells;
  double fit_seconds = report::kNoNumber;  // of the last fit
  double started = report::kNoNumber;      // seconds since the epoch, if the session's time zone was that of the fit
};

enum SummaryColumn : size_t {
  kRunName, kDescription, kSource, kValidation, kDependent, kIndependent, kIterations, kEarlyStopping, kHalving, kSeed, kWorkers, kThreads, kPrecision,
  kUseGpus, kVersion, kBuild, kDigest, kDataSpec, kSelection, kStarted, kFitSeconds, kStartedSeconds
};

Summary ReadSummary(const store::ResultTables& tables) {
  const store::ResultReader reader(tables.summary, store::ResultTable::kSummary, kRunArgument,
                                   {"name", "description", "source_table", "validation_table", "dependent_varname", "independent_varname",
                                    "num_iterations", "early_stopping", "halving", "seed", "workers", "threads", "precision", "use_gpus",
                                    "pg_cerebro_version", "build", "data_digest", "data_spec", "model_selection_table"});
  const pg::Result row = pg::Read(
      "SELECT " + reader.Columns("s") +
      ", pg_catalog.to_char(s.start_training_time, 'YYYY-MM-DD HH24:MI'::pg_catalog.text)"
      ", pg_catalog.date_part('epoch'::pg_catalog.text, s.end_training_time OPERATOR(pg_catalog.-) s.start_training_time)::pg_catalog.float8"
      ", pg_catalog.date_part('epoch'::pg_catalog.text, s.start_training_time::pg_catalog.timestamptz)::pg_catalog.float8 FROM " +
      reader.Sql() + " s");
  if (row.rows.size() != 1) {
    throw base::Error(base::ErrorCode::kPrerequisiteState,
                      "table " + reader.Text() + " must have one complete row, it has " + std::to_string(row.rows.size()),
                      pg::HiddenRowsDetail(tables.summary));
  }
  Summary summary;
  summary.table = tables.summary;
  summary.cells = row.rows.front();
  summary.fit_seconds = base::RealOrNaN(summary.cells[kFitSeconds]);
  summary.started = base::RealOrNaN(summary.cells[kStartedSeconds]);
  return summary;
}

std::string MeaningOf(const base::ColumnSpec& column) {
  std::string text;
  const auto add = [&](const std::string& more) { text += (text.empty() ? "" : "; ") + more; };
  if (!column.dictionary.empty()) add("indexes of " + report::Counted(static_cast<int64_t>(column.dictionary.size()), "text"));
  if (!column.mean.empty()) add("standardised");
  if (column.scale != 1.0) add("times " + report::Number(column.scale));
  if (column.num_classes > 0) {
    std::string classes;
    for (size_t c = 0; c < std::min(column.class_values.size(), kMostClassesNamed); c++) {
      classes += (c > 0 ? ", " : "") + pg::ToUtf8(column.class_values[c]);
    }
    if (column.class_values.size() > kMostClassesNamed) classes += ", ...";
    add(report::Counted(column.num_classes, "class", "classes") + (classes.empty() ? "" : ": " + classes));
  }
  return text;
}

std::vector<report::Column> CollectColumns(const base::DataSpec& spec) {
  std::vector<report::Column> columns;
  const auto add = [&](const base::ColumnSpec& column, const char* role) {
    columns.push_back({pg::ToUtf8(column.name), role, base::DTypeName(column.dtype), column.shape.empty() ? "" : base::FormatShape(column.shape),
                       MeaningOf(column)});
  };
  for (const base::ColumnSpec& column : base::SourceInputs(spec)) add(column, "input");
  for (const base::ColumnSpec& column : spec.targets) add(column, "label");
  if (spec.has_weights) columns.push_back({"sample_weight", "weight of a row", base::DTypeName(base::DType::kFloat32), "", ""});
  return columns;
}

void DescribeRun(const Summary& summary, const base::DataSpec& spec, const std::vector<store::StoredHistory>& histories, report::Run* run) {
  const std::vector<pg::Cell>& c = summary.cells;
  run->name = Text(c[kRunName]);
  run->description = Text(c[kDescription]);
  int64_t iterations = 0, diverged = 0;
  double seconds = 0;
  for (const store::StoredHistory& history : histories) {
    iterations = std::max(iterations, history.iterations_done);
    seconds += history.training_seconds;
  }
  for (const report::Model& model : run->models) diverged += model.diverged ? 1 : 0;
  const std::string models = report::Count(static_cast<int64_t>(run->models.size()));
  run->facts = {{"Models", diverged > 0 ? models + ", " + report::Count(diverged) + " diverged" : models},
                {"Iterations", report::Count(iterations)},
                {"Training rows", report::Count(spec.rows)},
                {"Partitions", report::Count(spec.num_partitions)},
                {"Started", Text(c[kStarted])},
                {"Time of the last fit", report::Seconds(summary.fit_seconds)},
                {"Time of all models", report::Seconds(seconds)},
                {"Workers", base::WholeOrZero(c[kWorkers]) == 0 ? "the session" : report::Count(base::WholeOrZero(c[kWorkers]))}};
  run->settings = {{"model output table", run->table},
                   {"packed training table", Text(c[kSource])},
                   {"packed validation table", Text(c[kValidation])},
                   {"selection table", Text(c[kSelection])},
                   {"iterations of the last fit", Text(c[kIterations])},
                   {"early stopping", Text(c[kEarlyStopping])},
                   {"halving", Text(c[kHalving])},
                   {"seed", Text(c[kSeed])},
                   {"precision", Text(c[kPrecision])},
                   {"threads a model", Text(c[kThreads])},
                   {"GPUs", c[kUseGpus].value_or("f") == "t" ? "used" : ""},
                   {"digest of the data", Text(c[kDigest])},
                   {"pg_cerebro", Text(c[kVersion])},
                   {"build", Text(c[kBuild])}};
  run->columns = CollectColumns(spec);
}

// ---- visits

// The visits of the last fit: those that ended after it began. When it began is known by the session's clock, which was
// in a time zone that may not be this session's; how long it took is known anyway.
double BeginOfLastFit(const Summary& summary, double last_visit) {
  if (!std::isfinite(summary.fit_seconds)) return 0;
  const double estimate = last_visit - summary.fit_seconds;
  return std::fabs(summary.started - estimate) < kClockTolerance ? summary.started : estimate;
}

void CollectVisits(const store::ResultTables& tables, const Summary& summary, report::Run* run) {
  const std::string name = pg::ToUtf8(tables.visits.Text());
  if (!MayRead(tables.visits)) {
    run->visits_absent = "Table " + name + " is gone, or you may not read it.";
    return;
  }
  const store::ResultReader visits(tables.visits, store::ResultTable::kVisits, kRunArgument, {"worker", "mst_key", "started_at", "ended_at"});
  const std::string start = "pg_catalog.date_part('epoch'::pg_catalog.text, v.started_at)::pg_catalog.float8";
  const std::string end = "pg_catalog.date_part('epoch'::pg_catalog.text, v.ended_at)::pg_catalog.float8";
  const pg::Result last = pg::Read("SELECT pg_catalog.max(" + end + ") FROM " + visits.Sql() + " v");
  if (!last.at(0, 0)) {
    run->visits_absent = "Table " + name + " has no visits.";
    return;
  }
  const std::string since = " WHERE " + end + " OPERATOR(pg_catalog.>=) $1";
  const double begin = BeginOfLastFit(summary, last.Double());
  const std::string worker = "COALESCE(v.worker, -1)";
  const pg::Result by_worker = pg::Read("SELECT " + worker + ", pg_catalog.count(*), pg_catalog.min(" + start + "), pg_catalog.max(" + end + ") FROM " +
                                            visits.Sql() + " v" + since + " GROUP BY 1 ORDER BY 1",
                                        {begin});
  std::vector<int64_t> workers;
  int64_t count = 0;
  double first = last.Double();
  for (const auto& row : by_worker.rows) {
    workers.push_back(base::WholeOrZero(row[0]));
    count += base::WholeOrZero(row[1]);
    first = std::min(first, base::RealOrNaN(row[2]));
  }
  report::VisitSummary sums(workers, count, last.Double() - first);
  // bars overlap in this order; cells do not
  const std::string order = count <= report::VisitSummary::kMostBars ? " ORDER BY v.started_at, v.mst_key" : "";
  pg::Cursor cursor("SELECT " + worker + ", v.mst_key, " + start + ", " + end + " FROM " + visits.Sql() + " v" + since + order, {begin});
  for (;;) {
    const pg::Result rows = cursor.Fetch(kVisitsAtOnce);
    if (rows.empty()) break;
    for (const auto& row : rows.rows) sums.Add({base::WholeOrZero(row[0]), base::WholeOrZero(row[1]), base::RealOrNaN(row[2]) - first, base::RealOrNaN(row[3]) - first});
  }
  run->visits = sums.Finish();
}

// ---- the best model on the validation table

// Why the table cannot be scored, or "".
std::string WhyNotScored(const report::Run& run, const pg::TableName& models, const pg::TableName& validation) {
  const std::string name = pg::ToUtf8(validation.Text());
  if (run.models.empty() || run.models.front().diverged) return "No model has weights that can be used.";
  if (run.models.front().status == train::kStatusUntrained) return "No model has been trained.";
  if (!pg::TableExists(validation) || !pg::TableExists(validation.WithSuffix("_summary"))) {
    return "The validation table " + name + " is not there any more.";
  }
  for (const pg::TableName& table : {models, validation, validation.WithSuffix("_summary")}) {
    if (!MayRead(table)) return "You may not read table " + pg::ToUtf8(table.Text()) + ".";
    if (pg::RowSecurityApplies(table)) return "Row-level security decides which rows of table " + pg::ToUtf8(table.Text()) + " you see.";
  }
  return "";
}

void CollectClasses(const ScoredTable& scored, report::Validation* validation) {
  if (std::none_of(scored.outputs.begin(), scored.outputs.end(), HasOneClass)) return;
  const std::vector<ClassCounts> counts = CountClasses(scored);
  for (size_t i = 0; i < scored.outputs.size(); i++) {
    const OutputInfo& output = scored.outputs[i];
    if (!HasOneClass(output)) continue;
    report::Confusion confusion;
    confusion.output = pg::ToUtf8(output.name);
    for (const std::string& name : output.classes) confusion.classes.push_back(pg::ToUtf8(name));
    for (const auto& [pair, rows] : counts[i].confusions) confusion.cells.push_back({pair.first, pair.second, rows});
    validation->confusions.push_back(std::move(confusion));
    if (output.margin) continue;  // no probabilities
    report::Calibration calibration;
    calibration.output = pg::ToUtf8(output.name);
    for (const ConfidenceBin& bin : counts[i].bins) calibration.bins.push_back({bin.rows, bin.confidence, bin.right});
    validation->calibrations.push_back(std::move(calibration));
  }
}

void CollectImportance(const ScoredTable& scored, report::Validation* validation) {
  const char* const by_hand = " cerebro.feature_importance() measures it.";
  const size_t columns = ImportanceColumns(scored.test.spec).size();
  if (columns < 2) {
    validation->importance_absent = std::string("The model has one input column: there is nothing to compare it with.") + by_hand;
    return;
  }
  const store::StoredModel& model = scored.model();
  const double row_seconds = plan::EstimateCost(*model.graph, model.config, scored.loaded.model->program().has_kernels()).seconds_per_scored_row;
  const double passes = static_cast<double>(kRepeats) * static_cast<double>(columns) + 1;
  const double affordable = kImportanceSeconds / std::max(1e-12, row_seconds * passes);
  const auto most_rows = static_cast<int64_t>(std::min(affordable, static_cast<double>(scored.test.spec.rows)));
  if (most_rows < std::min(kLeastImportanceRows, scored.test.spec.rows)) {
    validation->importance_absent =
        "The model has " + report::Counted(static_cast<int64_t>(columns), "column") + " and takes long for a row." + by_hand;
    return;
  }
  const Importances importances = MeasureImportance(scored, kRepeats, static_cast<uint64_t>(scored.table.seed), most_rows);
  validation->importance_metric = pg::ToUtf8(importances.metric);
  validation->importance_rows = importances.rows;
  validation->repeats = kRepeats;
  for (const ColumnImportance& column : importances.columns) {
    validation->importances.push_back({pg::ToUtf8(column.column), column.mean, column.deviation});
  }
}

report::Validation CollectValidation(const report::Run& run, const Summary& summary, const pg::TableName& models) {
  report::Validation validation;
  if (!summary.cells[kValidation]) {
    validation.absent = "The run had no validation table.";
    return validation;
  }
  const pg::TableName table = pg::ParseStoredName(*summary.cells[kValidation], "validation_table", summary.table);
  validation.table = pg::ToUtf8(table.Text());
  validation.absent = WhyNotScored(run, models, table);
  if (!validation.absent.empty()) return validation;
  try {
    const ScoredTable scored = OpenScoredTable(models.Sql(), table.Sql(), static_cast<int>(run.models.front().mst_key), "the report",
                                               train::kConfusionMemoryHint);
    validation.rows = scored.test.spec.rows;
    CollectClasses(scored, &validation);
    CollectImportance(scored, &validation);
  } catch (const base::Error& error) {
    // the table was packed anew, or changed; the rest of the report does not depend on it
    validation = report::Validation();
    validation.absent = "The best model cannot be scored over the validation table: " + pg::ToUtf8(error.what()) + ". " + pg::ToUtf8(error.detail());
  }
  return validation;
}

}  // namespace

std::string Report(std::string_view model_output_table) {
  const pg::TableName models = pg::ParseTableName(model_output_table, kRunArgument);
  if (store::IsGroupRun(models)) return GroupReport(models);
  const store::ResultTables tables(models);
  const Ranking ranking = RankModels(models);
  const std::vector<store::StoredHistory> histories = store::ReadHistory(tables, kRunArgument);
  const Summary summary = ReadSummary(tables);
  const base::DataSpec spec = base::ReadDataSpec(summary.cells[kDataSpec].value_or(""));
  report::Run run;
  run.table = pg::ToUtf8(models.Text());
  run.metric = pg::ToUtf8(ranking.metric);
  run.validated = ranking.validated;
  run.models = CollectModels(models, ranking, histories);
  DescribeRun(summary, spec, histories, &run);
  CollectVisits(tables, summary, &run);
  run.validation = CollectValidation(run, summary, models);
  return report::Page(run);
}

// ---- curves in characters

namespace {

void CheckSize(const char* name, int64_t value, int least, int most) {
  if (value >= least && value <= most) return;
  throw base::Error(base::ErrorCode::kInvalidParameter,
                    std::string(name) + " must be between " + std::to_string(least) + " and " + std::to_string(most) + ", it is " +
                        std::to_string(value),
                    {}, "Give a number of characters or lines between these, or leave it out.");
}

// The position of a metric among a model's values, or -1.
int PositionOf(const store::StoredHistory& history, const std::string& metric) {
  const auto found = std::find(history.metric_names.begin(), history.metric_names.end(), metric);
  if (found != history.metric_names.end()) return static_cast<int>(found - history.metric_names.begin());
  return metric == "loss" && history.metric_names.empty() ? 0 : -1;
}

report::CharacterSeries SeriesOf(const store::StoredHistory& history, int position, bool validation, std::string name) {
  report::CharacterSeries series;
  series.name = std::move(name);
  for (const plan::Evaluation& e : history.evaluations) {
    const double value = At(validation ? e.validation : e.training, static_cast<size_t>(position));
    if (!std::isnan(value)) series.points.emplace_back(static_cast<double>(e.iteration), value);
  }
  return series;
}

bool HasValidation(const store::StoredHistory& history) {
  return std::any_of(history.evaluations.begin(), history.evaluations.end(), [](const plan::Evaluation& e) { return !e.validation.empty(); });
}

const store::StoredHistory* HistoryOf(const std::vector<store::StoredHistory>& histories, int64_t mst_key) {
  const auto found = std::find_if(histories.begin(), histories.end(), [&](const store::StoredHistory& h) { return h.mst_key == mst_key; });
  return found == histories.end() ? nullptr : &*found;
}

[[noreturn]] void NoSuchMetric(const pg::TableName& models, const std::string& metric, const std::vector<const store::StoredHistory*>& histories) {
  std::vector<std::string> names;
  for (const store::StoredHistory* history : histories) {
    for (const std::string& name : history->metric_names) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  throw base::Error(base::ErrorCode::kUndefinedObject, "table " + models.Text() + " has no values of metric \"" + metric + "\"", "",
                    "There are values of " + list + ".");
}

}  // namespace

ReportRows LearningCurveText(const CurveTextRequest& request) {
  CheckSize("width", request.width, report::kLeastCharacters, report::kMostCharacters);
  CheckSize("height", request.height, report::kLeastLines, report::kMostLines);
  const pg::TableName models = pg::ParseTableName(request.model_output_table, kRunArgument);
  const store::ResultTables tables(models);
  const std::vector<store::StoredHistory> histories = store::ReadHistory(tables, kRunArgument);
  std::vector<const store::StoredHistory*> chosen;  // best first
  if (request.mst_key) {
    const store::StoredHistory* history = HistoryOf(histories, *request.mst_key);
    if (history == nullptr) {
      throw base::Error(base::ErrorCode::kUndefinedObject,
                        "mst_key " + std::to_string(*request.mst_key) + " does not exist in table " + tables.info.Text(),
                        pg::HiddenRowsDetail(tables.info), "cerebro.leaderboard() lists the models, best first.");
    }
    chosen.push_back(history);
  } else {
    for (const RankedModel& model : RankModels(models).models) {
      const store::StoredHistory* history = HistoryOf(histories, model.standing.mst_key);
      if (history != nullptr) chosen.push_back(history);
    }
  }
  const std::string metric = request.metric.value_or("loss");
  std::vector<const store::StoredHistory*> with;
  for (const store::StoredHistory* history : chosen) {
    if (PositionOf(*history, metric) >= 0) with.push_back(history);
  }
  if (with.empty() && (request.metric || !chosen.empty())) NoSuchMetric(models, metric, chosen);
  const bool validated = std::any_of(with.begin(), with.end(), [](const store::StoredHistory* h) { return HasValidation(*h); });
  const std::string table = validated ? "validation table" : "training table";
  std::vector<report::CharacterSeries> series;
  std::string title;
  if (request.mst_key) {
    const store::StoredHistory& history = *with.front();
    const int position = PositionOf(history, metric);
    if (validated) series.push_back(SeriesOf(history, position, true, "validation"));
    series.push_back(SeriesOf(history, position, false, "training"));
    title = metric + " of model " + std::to_string(history.mst_key);
  } else {
    for (size_t i = 0; i < std::min(with.size(), kCurvesTogether); i++) {
      series.push_back(SeriesOf(*with[i], PositionOf(*with[i], metric), validated, "model " + std::to_string(with[i]->mst_key)));
    }
    title = metric + " of the best " + std::to_string(series.size()) + " of " + std::to_string(chosen.size()) + " models, " + table;
  }
  ReportRows rows;
  for (std::string& line : report::CharacterChart(title, series, static_cast<int>(request.width), static_cast<int>(request.height))) {
    rows.push_back({std::move(line)});
  }
  return rows;
}

}  // namespace score
