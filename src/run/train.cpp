#include "run/train.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "data/packed_table.hpp"
#include "pack/packing.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "pg/snapshot.hpp"
#include "pg/sql.hpp"
#include "run/fit.hpp"
#include "run/train_search.hpp"
#include "score/ranked_models.hpp"
#include "store/registry.hpp"
#include "store/runs.hpp"

namespace run {
namespace {

using base::Error;
using base::ErrorCode;

constexpr double kDefaultBudget = 60;
constexpr double kDefaultValidation = 0.2;

SearchTables TablesOf(const TrainArguments& a) {
  // a registered name may have characters that a table's name has not
  const std::string prefix = a.output_table ? *a.output_table : pg::QuoteIdent("train_" + a.name);
  const pg::TableName name = pg::ParseNewTableName(prefix, "output_table");
  const auto with = [&name](const char* suffix) { return name.WithSuffix(suffix).Sql(); };
  const std::string validation = std::string("_packed") + pack::kValidationSuffix;
  return {with("_packed"),  with(validation.c_str()), with("_archs"),       with("_configs"),
          with("_models"), with("_pilot_configs"),   with("_pilot_models")};
}

void Check(const TrainArguments& a) {
  const auto refuse = [](const std::string& message, const std::string& hint) { throw Error(ErrorCode::kInvalidParameter, message, "", hint); };
  if (a.time_budget && !(*a.time_budget > 0)) refuse("time_budget must be above zero", "Give an interval, such as '60 s'.");
  if (a.max_models && *a.max_models < 1) refuse("max_models is " + std::to_string(*a.max_models), "It is a number of configurations, 1 or more.");
  if (a.num_iterations && *a.num_iterations < 1) refuse("num_iterations is " + std::to_string(*a.num_iterations), "It must be 1 or more.");
}

/// A label of whole numbers is predicted as a number where it has more values than this.
constexpr int kMostWholeClasses = 20;

/// Different values of a column, as far as `most` + 1; NULLs are none.
int64_t DistinctValues(const pg::TableName& source, const pg::Column& column, int most) {
  const std::string name = pg::QuoteIdent(column.name);
  const pg::Result distinct =
      pg::Read("SELECT pg_catalog.count(*) FROM (SELECT DISTINCT s." + name + " FROM " + source.Sql() + " s WHERE s." +
               name + " IS NOT NULL LIMIT " + std::to_string(most + 1) + ") d");
  return base::WholeNumber(distinct.Text());
}

/// Types that are labels, and not numbers, and have an equality.
bool HoldsClasses(const std::string& type) {
  for (const char* known : {"text", "character varying", "character", "name", "boolean", "date", "uuid"}) {
    if (type == known) return true;
  }
  if (type.find('.') == std::string::npos) return false;
  return !pg::Read("SELECT 1 FROM pg_catalog.pg_type AS t WHERE t.oid OPERATOR(pg_catalog.=) $1::pg_catalog.regtype AND t.typtype "
                   "OPERATOR(pg_catalog.=) 'e'",
                   {type})
              .empty();
}

/// What the label means where nobody said: two classes are 0 and 1, and whole numbers of many values numbers.
std::optional<std::string> MeaningOf(const TrainArguments& a) {
  if (a.dependent_type) return a.dependent_type;
  const pg::TableName source = pg::ParseTableName(a.source_table, "source_table");
  if (!pg::TableExists(source)) return std::nullopt;  // packing says so
  const std::vector<std::string> labels = pg::ParseColumnList(a.label, "label");
  const std::vector<pg::Column> columns = pg::TableColumns(source, "source_table");
  const pg::Column* const column = labels.size() == 1 ? pg::FindColumn(columns, labels.front()) : nullptr;
  if (column == nullptr || column->is_array) return std::nullopt;
  const std::string type = column->base_type.substr(0, column->base_type.find('('));
  const bool whole = type == "integer" || type == "bigint" || type == "smallint";
  if (!whole && !HoldsClasses(type)) return std::nullopt;
  const int64_t distinct = DistinctValues(source, *column, whole ? kMostWholeClasses : 2);
  if (distinct == 2) return std::string("index");
  if (!whole || distinct <= kMostWholeClasses) return std::nullopt;
  pg::Notice("column " + pg::QuoteIdent(column->name) + " has more than " + std::to_string(kMostWholeClasses) +
                 " whole numbers: it is predicted as a number",
             "Give dependent_type => 'one_hot' to have them as classes.");
  return std::string("real");
}

void Pack(const TrainArguments& a, const SearchTables& tables) {
  pack::TrainingPackArguments p;
  p.source_table = a.source_table;
  p.output_table = tables.packed;
  p.dependent_varname = a.label;
  p.independent_varname = "*";
  p.exclude = a.exclude;
  p.preprocess = a.preprocess;
  p.seed = a.seed;
  p.dependent_type = MeaningOf(a);
  p.split.split_column = a.split_column;
  p.split.split_by_time = a.split_by_time;
  p.split.validation_fraction = a.validation_fraction;
  if (!a.validation_fraction && !a.split_column) p.split.validation_fraction = kDefaultValidation;
  pack::PackTraining(p);
}

void DropTable(const std::string& table) { pg::Execute("DROP TABLE " + table); }

/// What the most frequent class of the training rows, or their mean, comes to on the rows that validate.
std::optional<double> Baseline(const data::PackedTable& training, const data::PackedTable& validation, const std::string& metric) {
  if (training.spec.targets.size() != 1) return std::nullopt;
  if (metric == "auc") return 0.5;
  const base::ColumnSpec& target = training.spec.targets.front();
  if (!target.class_rows.empty() && (metric == "accuracy" || metric == "acc")) {
    const auto most = static_cast<size_t>(std::max_element(target.class_rows.begin(), target.class_rows.end()) - target.class_rows.begin());
    const std::vector<int64_t>& rows = validation.spec.targets.front().class_rows;
    if (most >= rows.size() || validation.spec.rows == 0) return std::nullopt;
    return static_cast<double>(rows[most]) / static_cast<double>(validation.spec.rows);
  }
  if (target.kind != base::TargetKind::kReal || (metric != "rmse" && metric != "mse" && metric != "mae")) return std::nullopt;
  double sum = 0, error = 0;
  ForEachTarget(training, [&](double value) { sum += value; });
  const double mean = sum / static_cast<double>(training.spec.rows);
  ForEachTarget(validation, [&](double value) { error += metric == "mae" ? std::fabs(value - mean) : (value - mean) * (value - mean); });
  error /= static_cast<double>(validation.spec.rows);
  return metric == "rmse" ? std::sqrt(error) : error;
}

}  // namespace

Trained Train(const TrainArguments& a) {
  const double began = pg::Now();
  Check(a);
  store::RequireRegistrable(a.name);
  const SearchTables tables = TablesOf(a);
  Pack(a, tables);

  std::optional<pg::FreshSnapshot> snapshot;
  snapshot.emplace();
  const data::PackedTable training = data::OpenPackedTable(tables.packed, "source_table");
  const data::PackedTable validation = data::OpenPackedTable(tables.validation, "validation_table");
  TrainSearch search(a, tables, training, validation);
  search.MakeArchitectures();
  snapshot.reset();

  const double budget =
      a.time_budget.value_or(a.max_models ? std::numeric_limits<double>::infinity() : kDefaultBudget);
  search.MakeConfigurations(budget - (pg::Now() - began));
  train::FitArguments fit = search.Fit();
  if (std::isfinite(budget)) fit.deadline = began + budget;
  {
    const pg::FreshSnapshot with_tables;
    FitMultipleModel(fit);
  }

  snapshot.emplace();
  const pg::TableName run = pg::ParseTableName(tables.models, "model_output_table");
  const score::Ranking ranking = score::RankModels(run);
  if (ranking.models.empty() || ranking.models.front().standing.diverged) {
    throw Error(ErrorCode::kPrerequisiteState, "every model that was trained on " + a.source_table + " has diverged", "",
                "Look for values without meaning in its columns, or give preprocess => '...' another scale for them.");
  }
  const score::RankedModel& best = ranking.models.front();
  Trained trained;
  trained.metric = ranking.metric.empty() ? "loss" : search.ranks() ? "auc" : ranking.metric;
  trained.value = ranking.metric.empty() ? best.standing.loss : best.standing.metric;
  trained.baseline = Baseline(training, validation, trained.metric);
  for (const auto& [id, name] : score::ArchitectureNames(run)) {
    if (best.cells[score::kModelId] && *best.cells[score::kModelId] == id) trained.architecture = name;
  }
  trained.compile_params = best.cells[score::kCompileParams].value_or("");
  trained.fit_params = best.cells[score::kFitParams].value_or("");
  trained.models = static_cast<int64_t>(ranking.models.size());
  trained.iterations = search.iterations();
  trained.training_rows = training.spec.rows;
  trained.validation_rows = validation.spec.rows;
  const pg::TableName source = pg::ParseTableName(a.source_table, "source_table");
  const int64_t all_rows = base::WholeNumber(pg::Read("SELECT pg_catalog.count(*) FROM " + source.Sql()).Text());
  trained.rows_left_out = std::max<int64_t>(0, all_rows - training.spec.rows - validation.spec.rows);
  const int version = store::Register(a.name, tables.models, static_cast<int>(best.standing.mst_key), a.remark);
  trained.model = a.name + "@" + std::to_string(version);

  if (!a.output_table) {
    store::DropRun(tables.models);
    search.DropConfigurations();
    DropTable(tables.architectures);
    for (const std::string& packed : {tables.packed, tables.validation}) {
      DropTable(pg::ParseTableName(packed, "source_table").WithSuffix("_summary").Sql());
      DropTable(packed);
    }
  }
  snapshot.reset();
  trained.seconds = pg::Now() - began;
  return trained;
}

}  // namespace run
