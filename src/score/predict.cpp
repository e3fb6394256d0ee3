#include "score/predict.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/plain_number.hpp"
#include "data/group_constants.hpp"
#include "engine/core/model.hpp"
#include "engine/core/predictor.hpp"
#include "pg/key_type.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "pg/snapshot.hpp"
#include "pg/sql.hpp"
#include "score/outputs.hpp"
#include "score/plain_rows.hpp"
#include "score/prediction_table.hpp"
#include "store/group_models.hpp"
#include "store/loaded_model.hpp"
#include "store/result_tables.hpp"
#include "train/memory.hpp"

namespace score {
namespace {

using base::Error;
using base::ErrorCode;

[[noreturn]] void BadPredType(const std::string& given) {
  throw Error(ErrorCode::kInvalidParameter, "pred_type must be 'prob', 'response', an integer > 0 or a number in [0, 1), got " + given, "",
              "'prob' gives every class with its probability, 'response' the most probable class, an integer n the n most probable "
              "classes, a number p "
              "the classes whose probability is greater than p.");
}

// The number that a text says as a whole.
std::optional<double> NumberIn(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  return text.empty() || *end != '\0' ? std::nullopt : std::optional<double>(number);
}

// A rank where it is an integer, else a probability: a bigint, a smallint and a numeric come as double precision. given: as
// messages show it.
RowFilter ReadPredNumber(double number, const std::string& given) {
  RowFilter filter;
  filter.chosen = true;
  if (number >= 1 && number <= std::numeric_limits<int32_t>::max() && number == std::trunc(number)) {
    filter.most_rank = static_cast<int64_t>(number);
  } else if (number >= 0.0 && number < 1.0) {
    filter.above = number;
  } else {
    BadPredType(given);
  }
  return filter;
}

RowFilter ReadPredType(const PredictType& type) {
  RowFilter filter;
  if (const auto* text = std::get_if<std::string>(&type)) {
    if (const std::optional<double> number = NumberIn(*text)) return ReadPredNumber(*number, "'" + *text + "'");
    filter.response = *text == "response";
    if (!filter.response && *text != "prob") BadPredType("'" + *text + "'");
    if (filter.response) filter.most_rank = 1;
    return filter;
  }
  if (const auto* rank = std::get_if<int32_t>(&type)) {
    if (*rank <= 0) BadPredType(std::to_string(*rank));
    return ReadPredNumber(*rank, std::to_string(*rank));
  }
  return ReadPredNumber(std::get<double>(type), base::FormatNumber(std::get<double>(type), true));
}

void NoticeFewerClasses(const RowFilter& filter, const std::vector<OutputInfo>& outputs) {
  if (!filter.chosen || filter.above >= 0) return;
  for (const OutputInfo& output : outputs) {
    if (output.meaning == OutputMeaning::kValues || output.classes_count >= filter.most_rank) continue;
    pg::Notice("pred_type asks for " + std::to_string(filter.most_rank) + " classes, but \"" + output.name + "\" has " +
               std::to_string(output.classes_count));
  }
}

constexpr const char* kGroupIdColumn = "__group_id__";  // of the rows that are routed; 0: the global model

bool IsOneOf(const pg::Column& column, std::initializer_list<const char*> types) {
  return !column.is_array && std::any_of(types.begin(), types.end(), [&](const char* type) { return column.base_type == type; });
}
bool IsInteger(const pg::Column& column) { return IsOneOf(column, {"smallint", "integer", "bigint"}); }
bool HasFractions(const pg::Column& column) { return IsOneOf(column, {"numeric", "real", "double precision"}); }

/// The rows of a table with the group whose model predicts for them, in a temporary table of this call.
class RoutedRows {
 public:
  RoutedRows(const pg::TableName& test, store::GroupModels* models) : rows_{"pg_temp", "cerebro_rows_to_predict"} {
    const store::GroupRunTable& run = models->run();
    const std::vector<pg::Column> columns = pg::TableColumns(test, "test_table");
    std::string equal, same, any_null;
    const pg::TableName of_groups = models->Groups();
    for (const pg::Column& key : run.keys) {
      const pg::Column* column = pg::FindColumn(columns, key.name);
      if (column == nullptr) {
        throw Error(ErrorCode::kUndefinedColumn, "table " + test.Text() + " has no column \"" + key.name + "\"",
                    "It tells which group a row belongs to, and the models of " + run.name.Text() + " are chosen by it.",
                    "Give rows with all grouping columns.");
      }
      const pg::KeyType type = pg::KeyTypeOf(of_groups, key.name);
      const std::string name = pg::QuoteIdent(key.name);
      std::string is_equal = "g." + name + " " + type.equal + " t." + name + "::" + key.sql_type + type.collate;
      // a cast to an integer would round 1.4 to 1
      if (IsInteger(key) && HasFractions(*column)) is_equal += " AND t." + name + " OPERATOR(pg_catalog.=) pg_catalog.round(t." + name + ")";
      equal += (equal.empty() ? "" : " AND ") + is_equal;
      same += (same.empty() ? "(" : " AND (") + is_equal + " OR g." + name + " IS NULL AND t." + name + " IS NULL)";
      any_null += (any_null.empty() ? "" : " OR ") + ("t." + name) + " IS NULL";
    }
    const std::string groups = of_groups.Sql(), id = kGroupIdColumn;
    // NULL: there is no model
    const std::string other = run.has_global ? "0" : "NULL";
    const std::string chosen = "CASE WHEN g.chosen OPERATOR(pg_catalog.=) '" + std::string(store::kChosenOwn) + "' THEN g.group_id ELSE " + other + " END";
    pg::Execute("CREATE TEMPORARY TABLE " + pg::QuoteIdent(rows_.name) + " ON COMMIT DROP AS SELECT t.*, (" + chosen + ")::pg_catalog.int8 AS " + id + " FROM " +
                test.Sql() + " AS t LEFT JOIN " + groups + " AS g ON " + equal);
    pg::Execute("UPDATE " + rows_.Sql() + " AS t SET " + id + " = " + chosen + " FROM " + groups + " AS g WHERE (" + any_null + ") AND " + same);
    pg::Execute("CREATE INDEX ON " + rows_.Sql() + " (" + id + ")");
    pg::Execute("ANALYZE " + rows_.Sql());
    const pg::Result met = pg::Execute("SELECT d.id, g.mst_key FROM (SELECT DISTINCT t.__group_id__ AS id FROM " + rows_.Sql() +
                                       " AS t WHERE t.__group_id__ IS NOT NULL) AS d LEFT JOIN " + groups +
                                       " AS g ON g.group_id OPERATOR(pg_catalog.=) d.id ORDER BY 1");
    for (const auto& row : met.rows) groups_.push_back({base::WholeNumber(row[0]), store::kChosenOwn, row[1] ? base::WholeInt(row[1]) : 0});
    if (models->IsTemporary()) pg::Execute("DROP TABLE " + groups);
  }
  const pg::TableName& table() const { return rows_; }
  /// Of the groups whose own model predicts, ascending; group 0 first where the global one does.
  const std::vector<store::ChosenModel>& groups() const { return groups_; }
  int64_t WithoutModel() const { return pg::Read("SELECT pg_catalog.count(*) FROM " + rows_.Sql() + " AS t WHERE t.__group_id__ IS NULL").Int(); }
  void Drop() const { pg::Execute("DROP TABLE " + rows_.Sql()); }

 private:
  const pg::TableName rows_;
  std::vector<store::ChosenModel> groups_;
};

/// What predicts rows of a table by the models of one configuration, or by one model.
struct RowsPredictor {
  RowsPredictor(store::ModelTable model, const pg::TableName& table_of_rows, const PredictRequest& request)
      : table(std::move(model)),
        options(store::ScoringOptions(table, request.use_gpus)),
        rows(table_of_rows, "test_table", request.id_col, request.independent_varname, table, "predict"),
        predictor(*table.models.front().graph, table.models.front().config, rows.model_data(), options) {}

  const store::ModelTable table;
  const engine::Options options;
  const PlainRows rows;
  engine::Predictor predictor;
  std::unique_ptr<engine::Model> layout;  // of the weights of models of one configuration
};

/// Each group's rows by its model, into one table.
void PredictByGroup(const PredictRequest& request, const RowFilter& filter, const pg::TableName& output, const pg::TableName& test) {
  const std::unique_ptr<store::GroupModels> models = store::OpenAnyGroupModels(request.model_table, "model_table");
  if (request.mst_key) {
    throw Error(ErrorCode::kInvalidParameter, "mst_key cannot be given: each group of table " + models->run().name.Text() + " has a model that was chosen for it", "",
                "Leave mst_key out; cerebro.group_leaderboard() shows the chosen models.");
  }
  pg::ClaimOutput(output, "output_table");
  pg::RequireAbsent(output, "output_table");
  pg::RequireCreate(output);
  const RoutedRows routed(test, models.get());
  const pg::FreshSnapshot written;
  std::optional<PredictionTable> predictions;
  std::vector<std::vector<float>> values;
  const auto create = [&](const RowsPredictor& by) {
    if (predictions) return;
    const std::vector<OutputInfo> outputs = DescribeOutputs(by.predictor.output_shapes(), by.table.models.front().config, by.table.data);
    NoticeFewerClasses(filter, outputs);
    predictions.emplace(output, by.rows.id_column(), outputs, filter);
    predictions->Create();
  };
  const auto predict = [&](RowsPredictor* by, int64_t group, const store::Block& weights) {
    by->predictor.Attach(weights.data());
    create(*by);
    by->rows.ForEach("t.__group_id__ OPERATOR(pg_catalog.=) " + std::to_string(group) + "::pg_catalog.int8",
                     [&](const base::Buffer& buffer, const std::vector<std::string>& ids) {
                       values.clear();
                       by->predictor.Run(buffer, &values, pg::CheckInterrupts);
                       predictions->Insert(ids, values);
                     });
    by->predictor.Attach(nullptr);
  };
  std::map<int, RowsPredictor> shared;  // by mst_key, of groups without constants of their own
  for (const store::ChosenModel& chosen : routed.groups()) {
    pg::CheckInterrupts();
    if (chosen.group_id == 0) {
      RowsPredictor by(models->Global().value(), routed.table(), request);
      predict(&by, 0, store::LoadWeightBlock(by.table, by.table.models.front(), by.options));
      continue;
    }
    store::GroupWeights own = models->Read(chosen);
    store::ModelTable bare = models->Bare(chosen.mst_key);
    if (own.constants) {
      data::ApplyConstants(*own.constants, &bare.data);
      bare.weights = std::make_shared<const std::string>(std::move(own.weights));
      RowsPredictor by(std::move(bare), routed.table(), request);
      predict(&by, chosen.group_id, store::LoadWeightBlock(by.table, by.table.models.front(), by.options));
      continue;
    }
    auto by = shared.find(chosen.mst_key);
    if (by == shared.end()) {
      by = shared.emplace(std::piecewise_construct, std::forward_as_tuple(chosen.mst_key),
                          std::forward_as_tuple(std::move(bare), routed.table(), request)).first;
      const store::ModelTable& table = by->second.table;
      by->second.layout = store::BuildModel(store::ScoringSpec(table.models.front()), table.data, by->second.options);
    }
    predict(&by->second, chosen.group_id,
            store::WeightBlockOf(by->second.layout->program(), own.weights, "group " + std::to_string(chosen.group_id) + " of " + models->run().name.Text()));
  }
  const int64_t without = routed.WithoutModel();
  if (routed.groups().empty() && without == 0) {  // no rows: the table is empty, as an ordinary model's
    create(RowsPredictor(models->Bare(models->run().models.begin()->first), routed.table(), request));
  }
  if (!predictions) {
    throw Error(ErrorCode::kPrerequisiteState, "no row of table " + test.Text() + " belongs to a group with a model",
                std::to_string(without) + " rows are of groups that are unknown, or that have no usable model, and there is no global model.",
                "Train with global_model => true: then the global model predicts for them.");
  }
  if (without > 0) {
    pg::Notice(std::to_string(without) + (without == 1 ? " row is" : " rows are") + " left out: the group is unknown, or has no usable model, and there is no global model",
               "Train with global_model => true: then the global model predicts for them.");
  }
  routed.Drop();
}

}  // namespace

void Predict(const PredictRequest& request) {
  const RowFilter filter = ReadPredType(request.pred_type);
  const pg::TableName output = pg::ParseNewTableName(request.output_table, "output_table");
  const pg::TableName test = pg::ParseTableName(request.test_table, "test_table");
  if (store::NamesGroups(request.model_table, "model_table")) {
    PredictByGroup(request, filter, output, test);
    return;
  }
  const store::ModelTable table = store::OpenOneModel(request.model_table, request.mst_key);
  if (table.registered && !pg::TableExists(test)) {
    throw Error(ErrorCode::kUndefinedTable, "relation \"" + test.Text() + "\" does not exist",
                "Five to eight arguments that are all text, or five and a number, call the function that predicts for a table.",
                "For one row of text columns write cerebro.predict('" + request.model_table + "', ROW(...)), or give the row by its table's name.");
  }
  const PlainRows rows(test, "test_table", request.id_col, request.independent_varname, table, "predict");
  pg::ClaimOutput(output, "output_table");
  pg::RequireAbsent(output, "output_table");
  pg::RequireCreate(output);

  const engine::Options options = store::ScoringOptions(table, request.use_gpus);
  const store::StoredModel& model = table.models.front();
  train::RequireMemory("the prediction", train::MemoryOfPrediction(*model.graph, model.config, options.precision, static_cast<double>(kMostBatchBytes)),
                       train::kPredictionMemoryHint);
  const store::Block weights = store::LoadWeightBlock(table, model, options);
  engine::Predictor predictor(*model.graph, model.config, rows.model_data(), options);
  predictor.Attach(weights.data());
  const std::vector<OutputInfo> outputs = DescribeOutputs(predictor.output_shapes(), model.config, table.data);
  NoticeFewerClasses(filter, outputs);
  PredictionTable predictions(output, rows.id_column(), outputs, filter);
  predictions.Create();

  std::vector<std::vector<float>> values;
  rows.ForEach([&](const base::Buffer& buffer, const std::vector<std::string>& ids) {
    values.clear();
    predictor.Run(buffer, &values, pg::CheckInterrupts);
    predictions.Insert(ids, values);
  });
}

}  // namespace score
