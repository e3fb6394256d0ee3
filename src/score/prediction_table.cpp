#include "score/prediction_table.hpp"

#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "pg/cluster.hpp"
#include "pg/sql.hpp"
#include "score/outputs.hpp"

namespace score {
namespace {

using base::Error;
using base::ErrorCode;

// Rows of one INSERT: the classes of a batch may be many more than its rows.
constexpr size_t kRowsAtOnce = 65536;

// Rows gathered column by column for unnest().
struct ClassRows {
  std::vector<std::string> ids;
  std::vector<int64_t> classes, ranks;
  std::vector<double> probabilities;
};

// Dimension d and those below it of a double precision[]'s text; *next moves over the numbers used.
void AppendArray(const base::Shape& shape, size_t d, const float** next, std::string* text) {
  if (d == shape.size()) {
    *text += pg::NumberText(static_cast<double>(*(*next)++));
    return;
  }
  *text += '{';
  for (int64_t k = 0; k < shape[d]; k++) {
    if (k > 0) *text += ',';
    AppendArray(shape, d + 1, next, text);
  }
  *text += '}';
}

std::string ArrayText(const OutputInfo& output, const float* row) {
  std::string text;
  AppendArray(output.shape, 0, &row, &text);
  return text;
}

}  // namespace

PredictionTable::PredictionTable(pg::TableName name, pg::Column id, std::vector<OutputInfo> outputs, const RowFilter& filter)
    : name_(std::move(name)), id_(std::move(id)), outputs_(std::move(outputs)), filter_(filter) {
  for (const OutputInfo& output : outputs_) (output.meaning == OutputMeaning::kValues ? any_values_ : any_classes_) = true;
  columns_.push_back({id_.name, id_.sql_type});
  if (any_classes_) {
    columns_.push_back({"class_name", "pg_catalog.text"});
    columns_.push_back({"class_value", "pg_catalog.text"});
    columns_.push_back({"prob", "pg_catalog.float8"});
    if (!filter_.response) columns_.push_back({"rank", "pg_catalog.int4"});
    if (any_values_) columns_.push_back({"estimate", "pg_catalog.float8"});
  } else {
    if (filter_.chosen) {
      throw Error(ErrorCode::kInvalidParameter, "pred_type must be 'prob' or 'response': the model is a regression, which has no classes",
                  "", "Leave pred_type out.");
    }
    for (const OutputInfo& output : outputs_) {
      columns_.push_back({"estimated_" + output.name, output.elements == 1 ? "pg_catalog.float8" : "pg_catalog.float8[]"});
    }
  }
  for (size_t i = 1; i < columns_.size(); i++) {
    if (columns_[i].name == id_.name) {
      throw Error(ErrorCode::kInvalidParameter, "id_col \"" + id_.name + "\" has the name of another column of the output table", "",
                  "Rename the column in a view of the test table.");
    }
  }
}

void PredictionTable::Create() const {
  std::string definition;
  for (const ColumnDefinition& column : columns_) {
    definition += (definition.empty() ? "" : ", ") + pg::QuoteIdent(column.name) + " " + column.type;
  }
  pg::Execute("CREATE TABLE " + name_.Sql() + " (" + definition + ")" + pg::DistributedRandomly());
}

void PredictionTable::Insert(const std::vector<std::string>& ids, const std::vector<std::vector<float>>& values) const {
  if (!any_classes_) {
    InsertEstimates(ids, values);
    return;
  }
  for (size_t i = 0; i < outputs_.size(); i++) {
    if (outputs_[i].meaning == OutputMeaning::kValues) {
      InsertValues(outputs_[i], ids, values[i]);
    } else {
      InsertClasses(outputs_[i], ids, values[i]);
    }
  }
}

void PredictionTable::InsertClasses(const OutputInfo& output, const std::vector<std::string>& ids, const std::vector<float>& values) const {
  // a class number beyond the names is a padding class: its subscript gives NULL
  const std::string rank = filter_.response ? "" : ", rank";
  const std::string sql = "INSERT INTO " + name_.Sql() + " (" + pg::QuoteIdent(id_.name) + ", class_name, class_value, prob" + rank +
                          ") SELECT u.id::" + id_.sql_type + ", $5, ($6)[u.c::pg_catalog.int4], u.p" +
                          (filter_.response ? "" : ", u.r::pg_catalog.int4") +
                          " FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4))"
                          " AS u(id, c, p, r)";
  ClassRows rows;
  const auto flush = [&] {
    if (rows.ids.empty()) return;
    pg::Execute(sql, {std::move(rows.ids), std::move(rows.classes), std::move(rows.probabilities), std::move(rows.ranks), output.name,
                      output.classes});
    rows = ClassRows();
  };
  std::vector<int64_t> order;
  for (size_t n = 0; n < ids.size(); n++) {
    const float* row = values.data() + n * static_cast<size_t>(output.elements);
    RankClasses(output, row, &order);
    for (size_t r = 0; r < order.size() && static_cast<int64_t>(r) < filter_.most_rank; r++) {
      const double probability = ClassProbability(output, row, order[r]);
      if (filter_.above >= 0 && !(probability > filter_.above)) continue;
      rows.ids.push_back(ids[n]);
      rows.classes.push_back(order[r] + 1);
      rows.probabilities.push_back(probability);
      rows.ranks.push_back(static_cast<int64_t>(r) + 1);
    }
    if (rows.ids.size() >= kRowsAtOnce) flush();
  }
  flush();
}

void PredictionTable::InsertValues(const OutputInfo& output, const std::vector<std::string>& ids, const std::vector<float>& values) const {
  std::vector<std::string> row_ids;
  std::vector<int64_t> positions;
  std::vector<double> estimates;
  for (size_t i = 0; i < values.size(); i++) {
    row_ids.push_back(ids[i / static_cast<size_t>(output.elements)]);
    positions.push_back(static_cast<int64_t>(i % static_cast<size_t>(output.elements)));
    estimates.push_back(static_cast<double>(values[i]));
  }
  const std::string position = output.elements == 1 ? "NULL" : "u.k::pg_catalog.text";
  pg::Execute("INSERT INTO " + name_.Sql() + " (" + pg::QuoteIdent(id_.name) +
                  ", class_name, class_value, estimate) SELECT u.id::" + id_.sql_type + ", $4, " + position +
                  ", u.e FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3)) AS u(id, k, e)",
              {std::move(row_ids), std::move(positions), std::move(estimates), output.name});
}

void PredictionTable::InsertEstimates(const std::vector<std::string>& ids, const std::vector<std::vector<float>>& values) const {
  pg::Params params = {ids};
  std::string names = pg::QuoteIdent(id_.name), selected = "u.id::" + id_.sql_type, unnested = "pg_catalog.unnest($1)", aliases = "id";
  for (size_t i = 0; i < outputs_.size(); i++) {
    const OutputInfo& output = outputs_[i];
    const std::string number = std::to_string(i + 2);
    const std::string alias = "e" + number;
    names += ", " + pg::QuoteIdent(columns_[i + 1].name);
    unnested += ", pg_catalog.unnest($" + number + ")";
    aliases += ", " + alias;
    if (output.elements == 1) {
      selected += ", u." + alias;
      params.push_back(std::vector<double>(values[i].begin(), values[i].end()));
      continue;
    }
    selected += ", u." + alias + "::pg_catalog.float8[]";
    std::vector<std::string> arrays;
    for (size_t n = 0; n < ids.size(); n++) {
      arrays.push_back(ArrayText(output, values[i].data() + n * static_cast<size_t>(output.elements)));
    }
    params.push_back(std::move(arrays));
  }
  pg::Execute(
      "INSERT INTO " + name_.Sql() + " (" + names + ") SELECT " + selected + " FROM ROWS FROM (" + unnested + ") AS u(" + aliases + ")",
      params);
}

}  // namespace score
