#include "score/promotion.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/preprocessing.hpp"
#include "data/buffer_source.hpp"
#include "data/groups.hpp"
#include "data/packed_table.hpp"
#include "data/row_codec.hpp"
#include "data/row_sql.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "plan/metric_order.hpp"
#include "score/group_evaluation.hpp"
#include "score/plain_rows.hpp"
#include "store/group_models.hpp"
#include "store/loaded_model.hpp"
#include "store/registry.hpp"
#include "train/memory.hpp"

namespace score {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kArgument = "test_table";

/// What a version is worth over a table.
struct Measured {
  std::vector<std::string> names;  // the loss first
  std::vector<double> values;
  int64_t rows = 0;
};

/// Feeds all rows of a table, as the model wants them.
using Feed = std::function<void(const std::function<void(const base::Buffer&)>& use)>;

Measured Measure(const store::ModelTable& table, const base::DataSpec& data, const Feed& feed) {
  const engine::Options options = store::ScoringOptions(table, false);
  const store::StoredModel& stored = table.models.front();
  train::RequireMemory("the evaluation", train::MemoryOfPrediction(*stored.graph, stored.config, options.precision, static_cast<double>(kMostBatchBytes)),
                       train::kPredictionMemoryHint);
  const store::LoadedModel loaded = store::LoadModelForScoring(table, stored, data, options);
  const engine::Program& program = loaded.model->program();
  const RowLimits limits(*stored.graph, stored.config, data, options.precision);
  std::vector<double> sums(program.sums_size(), 0.0);
  Measured measured;
  feed([&](const base::Buffer& buffer) {
    limits.Check(buffer, [](int64_t) { return std::string(); });
    loaded.model->Evaluate(buffer, sums.data(), pg::CheckInterrupts);
    measured.rows += buffer.rows;
  });
  measured.names = program.metric_names();
  measured.values = program.Finish(sums.data());
  return measured;
}

Measured MeasurePacked(const store::ModelTable& table, const std::string& test_table) {
  const data::PackedTable packed = data::OpenPackedTable(test_table, kArgument);
  data::PackedTable training;
  training.spec = table.data;
  training.name = table.name;
  data::RequireCompatible(training, packed);
  const data::BufferSource source(packed);
  return Measure(table, packed.spec, [&](const std::function<void(const base::Buffer&)>& use) {
    for (int p = 0; p < packed.spec.num_partitions; ++p) source.ForEach(p, use);
  });
}

Measured MeasurePlain(const store::ModelTable& table, const pg::TableName& test, const std::vector<pg::Column>& columns) {
  std::vector<std::string> names = data::InputNames(table.data, data::kAllColumns, columns, "test table");
  base::DataSpec rows = data::PredictSpec(table.data, columns, names, kArgument);
  ReadAsStored(test, columns, &rows);
  const base::DataSpec model_data = ModelDataFor(rows, table.data);
  rows.targets = table.data.targets;
  std::string labelled;
  for (const base::ColumnSpec& target : rows.targets) {
    if (pg::FindColumn(columns, target.name) == nullptr) {
      throw Error(ErrorCode::kUndefinedColumn, "table " + test.Text() + " has no column \"" + target.name + "\", the label", "",
                  "Give a table with labels, such as rows that were not trained on.");
    }
    names.push_back(target.name);
    labelled += (labelled.empty() ? " WHERE " : " AND ") + std::string("t.") + pg::QuoteIdent(target.name) + " IS NOT NULL";
  }
  pg::RequireSelect(test, names);
  data::BufferBuilder builder(rows);
  const int64_t row_bytes = std::max<int64_t>(1, static_cast<int64_t>(builder.row_bytes()));
  const int64_t batch_rows = std::clamp<int64_t>(kMostBatchBytes / row_bytes, 1, kMostBatchRows);
  return Measure(table, model_data, [&](const std::function<void(const base::Buffer&)>& use) {
    pg::Cursor cursor("SELECT " + data::PackRowSql(rows, columns, "", "t") + " FROM " + test.Sql() + " AS t" + labelled);
    for (;;) {
      pg::CheckInterrupts();
      const pg::Result batch = cursor.Fetch(batch_rows);
      if (batch.empty()) return;
      builder.Clear();
      for (const auto& row : batch.rows) builder.Add(row[0].value());
      use(builder.buffer());
    }
  });
}

/// A run over groups: means over the groups, weighted by their rows, of the values that all of them have.
Measured MeasureGroups(const std::string& version, const std::string& test_table) {
  const std::unique_ptr<store::GroupModels> models = store::OpenAnyGroupModels(version, kArgument);
  const data::GroupedTable test = data::OpenGroupedTable(test_table, kArgument);
  RequireScorable(*models, test);
  Measured measured;
  std::map<std::string, std::pair<double, int64_t>> sums;  // by name: weighted by rows, and the rows
  std::vector<std::string> names;                          // of the first group
  ScoreGroups(models.get(), test, false, [&](const GroupScore& score) {
    if (names.empty()) names = score.names;
    measured.rows += score.rows;
    for (size_t i = 0; i < score.names.size(); ++i) {
      auto& [sum, rows] = sums[score.names[i]];
      sum += score.values[i] * static_cast<double>(score.rows);
      rows += score.rows;
    }
  });
  for (const std::string& name : names) {
    const auto& [sum, rows] = sums[name];
    if (rows != measured.rows) continue;
    measured.names.push_back(name);
    measured.values.push_back(sum / static_cast<double>(rows));
  }
  if (measured.rows > 0) return measured;
  throw Error(ErrorCode::kPrerequisiteState, "no group of packed table " + test.packed.name.Text() + " has a model",
              "Its groups are unknown to the models, or have no usable one, and there is no global model.",
              "Give a table whose groups the models know.");
}

Measured MeasureVersion(const std::string& name, int version, const std::string& test_table) {
  const std::string text = name + "@" + std::to_string(version);
  // a number that no version has, such as -1 or one of ten digits, is no reference to one
  if (const auto reference = store::ParseModelReference(text); !reference || reference->version != version) {
    throw Error(ErrorCode::kUndefinedObject, "registered model \"" + name + "\" has no version " + std::to_string(version), "",
                "SELECT * FROM cerebro.model_versions lists them.");
  }
  if (store::NamesGroups(text, kArgument)) return MeasureGroups(text, test_table);
  const std::optional<store::ModelTable> table = store::OpenRegistered(text);
  if (!table) throw Error(ErrorCode::kInternal, "a registered model is gone while it is claimed");
  const pg::TableName test = pg::ParseTableName(test_table, kArgument);
  const std::vector<pg::Column> columns = pg::TableColumns(test, kArgument);
  Measured measured = IsPackedTable(test, columns) ? MeasurePacked(*table, test_table) : MeasurePlain(*table, test, columns);
  if (measured.rows > 0) return measured;
  throw Error(ErrorCode::kPrerequisiteState, "table " + test.Text() + " has no rows with a label", pg::HiddenRowsDetail(test));
}

/// The values' position; the metric that both have first, else the loss.
size_t PositionOf(const Measured& measured, const std::string& metric) {
  const auto found = std::find(measured.names.begin(), measured.names.end(), metric);
  if (found != measured.names.end()) return static_cast<size_t>(found - measured.names.begin());
  std::string list;
  for (const std::string& name : measured.names) list += (list.empty() ? "" : ", ") + name;
  throw Error(ErrorCode::kInvalidParameter, "metric \"" + metric + "\" is none of a version's", "It has " + list + ".", "Name one that both versions have.");
}

std::string CommonMetric(const Measured& a, const Measured& b) {
  const bool same = a.names.size() > 1 && b.names.size() > 1 && a.names[1] == b.names[1];
  return same ? a.names[1] : a.names[0];
}

}  // namespace

Promotion PromoteIfBetter(const std::string& name, const std::string& test_table, std::optional<int> version, const std::optional<std::string>& metric) {
  const store::Versions versions = store::RequireModelOwner(name);
  Promotion promotion;
  promotion.candidate_version = version.value_or(versions.latest);
  promotion.deployed_version = versions.deployed.value_or(0);
  const Measured candidate = MeasureVersion(name, promotion.candidate_version, test_table);
  promotion.rows = candidate.rows;
  if (versions.deployed) {
    const bool same = versions.deployed == promotion.candidate_version;
    const Measured deployed = same ? candidate : MeasureVersion(name, *versions.deployed, test_table);
    promotion.metric = metric ? *metric : CommonMetric(candidate, deployed);
    promotion.candidate = candidate.values[PositionOf(candidate, promotion.metric)];
    promotion.deployed = deployed.values[PositionOf(deployed, promotion.metric)];
    promotion.promoted = !same && plan::BetterMetric(promotion.metric, promotion.candidate, promotion.deployed);
    if (same) pg::Notice("version " + std::to_string(promotion.candidate_version) + " of model \"" + name + "\" is deployed already");
  } else {
    promotion.metric = metric ? *metric : CommonMetric(candidate, candidate);
    promotion.candidate = candidate.values[PositionOf(candidate, promotion.metric)];
    promotion.promoted = true;
  }
  if (promotion.promoted) store::Deploy(name, promotion.candidate_version);
  return promotion;
}

}  // namespace score
