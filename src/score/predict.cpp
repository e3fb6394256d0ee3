#include "score/predict.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "data/row_codec.hpp"
#include "data/row_sql.hpp"
#include "score/outputs.hpp"
#include "score/prediction_table.hpp"
#include "store/loaded_model.hpp"
#include "store/result_tables.hpp"

namespace score {
namespace {

using base::Error;
using base::ErrorCode;

// A batch is read, predicted and inserted at once: at most so many rows, and so many bytes of inputs.
constexpr int64_t kMostBatchRows = 1024;
constexpr int64_t kMostBatchBytes = int64_t{16} << 20;
constexpr size_t kMostColumnsListed = 20;

std::string ParseIdColumn(const std::string& id_col) {
  const std::vector<std::string> names = pg::ParseColumnList(id_col, "id_col");
  if (names.size() != 1) {
    throw Error(ErrorCode::kInvalidParameter, "id_col must name one column, got " + std::to_string(names.size()), "",
                "Give the column that tells the rows of the test table apart; it is carried over to the output table.");
  }
  return names.front();
}

std::string ColumnList(const std::vector<pg::Column>& columns) {
  std::string list;
  for (size_t i = 0; i < columns.size() && i < kMostColumnsListed; i++) list += (i > 0 ? ", " : "") + pg::QuoteIdent(columns[i].name);
  return columns.size() > kMostColumnsListed ? list + ", ..." : list;
}

[[noreturn]] void BadPredType(const std::string& given) {
  throw Error(ErrorCode::kInvalidParameter, "pred_type must be 'prob', 'response', an integer > 0 or a number in [0, 1), got " + given, "",
              "'prob' gives every class with its probability, 'response' the most probable class, an integer n the n most probable "
              "classes, a number p "
              "the classes whose probability is greater than p.");
}

RowFilter ReadPredType(const PredictType& type) {
  RowFilter filter;
  if (const auto* text = std::get_if<std::string>(&type)) {
    filter.response = *text == "response";
    if (!filter.response && *text != "prob") BadPredType("'" + *text + "'");
    if (filter.response) filter.most_rank = 1;
  } else if (const auto* rank = std::get_if<int32_t>(&type)) {
    if (*rank <= 0) BadPredType(std::to_string(*rank));
    filter.most_rank = *rank;
    filter.chosen = true;
  } else {
    const double above = std::get<double>(type);
    if (!(above >= 0.0 && above < 1.0)) BadPredType(base::FormatNumber(above));
    filter.above = above;
    filter.chosen = true;
  }
  return filter;
}

// "[1:28][1:28]" -> (28, 28)
base::Shape ReadDims(const std::string& dims) {
  base::Shape shape;
  for (size_t at = 0; at < dims.size() && dims[at] == '[';) {
    const size_t colon = dims.find(':', at), end = dims.find(']', at);
    if (colon == std::string::npos || end == std::string::npos) return {};
    shape.push_back(std::stoll(dims.substr(colon + 1)) - std::stoll(dims.substr(at + 1)) + 1);
    at = end + 1;
  }
  return shape;
}

// Training may have given arrays another shape than they have in the source. Rows to predict are read in the shape that
// the first of them has, if it has as many numbers.
void ReadAsStored(const pg::TableName& test, const std::vector<pg::Column>& columns, base::DataSpec* rows) {
  for (base::ColumnSpec& input : rows->inputs) {
    const pg::Column* column = pg::FindColumn(columns, input.name);
    if (column == nullptr || !column->is_array) continue;
    const std::string quoted = pg::QuoteIdent(input.name);
    const pg::Result dims =
        pg::Read("SELECT pg_catalog.array_dims(" + quoted + ") FROM " + test.Sql() + " WHERE " + quoted + " IS NOT NULL LIMIT 1");
    if (dims.empty() || !dims.at(0, 0)) continue;
    base::Shape shape = ReadDims(dims.Text());
    if (base::ElementCount(shape) == base::ElementCount(input.shape)) input.shape = std::move(shape);
  }
}

// What the model sees: the types of the test table's values in the shapes of training, and the targets that it was
// trained to say.
base::DataSpec ModelSpecFor(const base::DataSpec& rows, const base::DataSpec& training) {
  base::DataSpec spec = rows;
  for (size_t i = 0; i < spec.inputs.size(); i++) spec.inputs[i].shape = training.inputs[i].shape;
  spec.targets = training.targets;
  return spec;
}

}  // namespace

void Predict(const PredictRequest& request) {
  const RowFilter filter = ReadPredType(request.pred_type);
  const pg::TableName output = pg::ParseTableName(request.output_table, "output_table");
  const pg::TableName test = pg::ParseTableName(request.test_table, "test_table");
  const store::ModelTable table = store::OpenOneModel(request.model_table, request.mst_key);
  const std::vector<pg::Column> columns = pg::TableColumns(test, "test_table");
  pg::RequireSelect(test);
  const std::string id = ParseIdColumn(request.id_col);
  const pg::Column* id_column = pg::FindColumn(columns, id);
  if (id_column == nullptr) {
    throw Error(ErrorCode::kUndefinedColumn, "id_col \"" + id + "\" is no column of table " + test.Sql(), "",
                "Its columns are " + ColumnList(columns) + ".");
  }
  base::DataSpec rows =
      data::PredictSpec(table.data, columns, pg::ParseColumnList(request.independent_varname, "independent_varname"), "test_table");
  ReadAsStored(test, columns, &rows);
  pg::RequireAbsent(output, "output_table");
  pg::RequireCreate(output);

  const store::LoadedModel loaded =
      store::LoadModelForScoring(table, table.models.front(), ModelSpecFor(rows, table.data), store::ScoringOptions(table, request.use_gpus));
  const std::vector<OutputInfo> outputs = DescribeOutputs(loaded.model->program().output_shapes(), table.models.front().config, table.data);
  PredictionTable predictions(output, *id_column, outputs, filter);
  predictions.Create();

  data::BufferBuilder builder(rows);
  const int64_t row_bytes = std::max<int64_t>(1, static_cast<int64_t>(builder.row_bytes()));
  const int64_t batch_rows = std::clamp<int64_t>(kMostBatchBytes / row_bytes, 1, kMostBatchRows);
  pg::Cursor cursor("SELECT t." + pg::QuoteIdent(id) + "::pg_catalog.text, " + data::PackRowSql(rows, columns, "", "t") + " FROM " + test.Sql() +
                    " AS t");
  std::vector<std::vector<float>> values;
  for (;;) {
    pg::CheckInterrupts();
    const pg::Result batch = cursor.Fetch(batch_rows);
    if (batch.empty()) return;
    std::vector<std::string> ids;
    builder.Clear();
    for (const auto& row : batch.rows) {
      if (!row[0])
        throw Error(ErrorCode::kNullValue, "id_col \"" + id + "\" is NULL in a row of table " + test.Sql(), "",
                    "Leave such rows out by a view with WHERE.");
      ids.push_back(*row[0]);
      builder.Add(row[1].value());
    }
    values.clear();
    loaded.model->Predict(builder.buffer(), &values, pg::CheckInterrupts);
    predictions.Insert(ids, values);
  }
}

}  // namespace score
