#include "score/predict.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "engine/api/value_limits.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "data/packed_format.hpp"
#include "data/row_codec.hpp"
#include "data/row_sql.hpp"
#include "score/outputs.hpp"
#include "score/prediction_table.hpp"
#include "store/loaded_model.hpp"
#include "store/result_tables.hpp"
#include "train/memory.hpp"

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
    if (!input.members.empty()) continue;
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

// A packed table has no rows to predict.
void RequirePlain(const pg::TableName& test, const std::vector<pg::Column>& columns) {
  for (const char* name : {data::kPartitionColumn, data::kBufferColumn}) {
    if (pg::FindColumn(columns, name) == nullptr) return;
  }
  const pg::TableName summary{test.schema, test.name + "_summary"};
  if (!pg::TableExists(summary) || pg::FindColumn(pg::TableColumns(summary, "test_table"), "data_spec") == nullptr) return;
  throw Error(ErrorCode::kWrongObjectType, "table " + test.Text() + " is a packed table, predict reads plain rows",
              "A row of a packed table is a buffer of many examples, in another order than they had.",
              "Give the table that it was packed from, or a table like it. For metrics over a packed table use cerebro.evaluate().");
}

// What the model asks of values, row by row.
class RowLimits {
 public:
  // data: outlives it. id_column: as messages name it.
  RowLimits(std::vector<engine::ValueLimit> limits, const base::DataSpec& data, std::string id_column, base::DType precision)
      : data_(data), id_column_(std::move(id_column)), precision_(precision) {
    for (engine::ValueLimit& limit : limits) {
      if (!limit.is_target) limits_.push_back(std::move(limit));
    }
  }

  // Throws kInvalidData, naming the row by its id, when a value of an input is outside of what a layer takes.
  void Check(const base::Buffer& buffer, const std::vector<std::string>& ids) const {
    for (const engine::ValueLimit& limit : limits_) {
      const base::ColumnSpec column = engine::ColumnSeen(data_.inputs[static_cast<size_t>(limit.column)], limit);
      const uint8_t* packed = buffer.inputs[static_cast<size_t>(limit.column)];
      if (limit.Allows(engine::RangeOf(column, limit.elements, precision_, packed, buffer.rows))) continue;
      for (int64_t row = 0; row < buffer.rows; row++) {
        for (const engine::Elements& elements : engine::MembersOf(column, limit.elements)) {
          const engine::ValueRange range = engine::RangeOf(column, elements, precision_, packed + static_cast<size_t>(row) * column.row_bytes(), 1);
          if (limit.Allows(range)) continue;
          const double value = engine::ValueOutside(limit, range);
          throw Error(ErrorCode::kInvalidData,
                      limit.Text() + ", but column \"" + engine::NameOf(column, elements) + "\" holds " + base::FormatNumber(value, true),
                      "It is the row with " + id_column_ + " = " + ids[static_cast<size_t>(row)] + ".",
                      "Give the value that it had in training, or leave such rows out by a view.");
        }
      }
    }
  }

 private:
  const base::DataSpec& data_;
  const std::string id_column_;
  const base::DType precision_;
  std::vector<engine::ValueLimit> limits_;
};

void NoticeFewerClasses(const RowFilter& filter, const std::vector<OutputInfo>& outputs) {
  if (!filter.chosen || filter.above >= 0) return;
  for (const OutputInfo& output : outputs) {
    if (output.meaning == OutputMeaning::kValues || output.classes_count >= filter.most_rank) continue;
    pg::Notice("pred_type asks for " + std::to_string(filter.most_rank) + " classes, but \"" + output.name + "\" has " +
               std::to_string(output.classes_count));
  }
}

// Rows with strings that the training data lacked: they were packed as 0.
class UnknownStrings {
 public:
  explicit UnknownStrings(const base::DataSpec& spec) {
    for (size_t i = 0; i < spec.inputs.size(); i++) {
      const base::ColumnSpec& column = spec.inputs[i];
      const size_t width = base::DTypeSize(column.dtype), all = column.row_bytes();
      if (!column.dictionary.empty()) words_.push_back({i, column.name, all, 0, all, width});
      for (size_t k = 0; k < column.members.size(); k++) {
        if (!column.members[k].dictionary.empty()) words_.push_back({i, column.members[k].name, all, k * width, width, width});
      }
    }
  }

  void Count(const data::BufferBuilder& builder) {
    rows_ += builder.rows();
    for (Words& words : words_) {
      const base::Bytes bytes = builder.column(words.column);
      for (const uint8_t* row = bytes.data; row < bytes.data + bytes.size; row += words.row_bytes) {
        const int64_t zeros = Zeros(row, words);
        words.unknown += zeros;
        words.count += zeros > 0 ? 1 : 0;
        words.unknown_rows += zeros == static_cast<int64_t>(words.bytes / words.width) ? 1 : 0;
      }
    }
  }

  void Say() const {
    for (const Words& words : words_) {
      if (words.count == 0) continue;
      // nothing of the column is known: most likely it is another one, or written in another way
      if (words.unknown_rows == rows_) {
        pg::Warning("no string of column \"" + words.name + "\" is known from the training data: " + std::to_string(words.unknown) +
                        (words.unknown == 1 ? " value" : " values") + " in " + std::to_string(rows_) + (rows_ == 1 ? " row" : " rows"),
                    "They are read as index 0, the index of unknown strings. Is it the column that the model was trained with, written alike?");
        continue;
      }
      pg::Notice("column \"" + words.name + "\" holds strings that the training data lack: in " + std::to_string(words.count) + " of " +
                     std::to_string(rows_) + " rows",
                 "They are read as index 0, the index of unknown strings.");
    }
  }

 private:
  /// Indexes of words in a packed column's rows.
  struct Words {
    size_t column;
    std::string name;  // of the source's column
    size_t row_bytes;
    size_t first, bytes, width;  // in a row; width of one index
    int64_t count = 0;           // rows with an unknown string
    int64_t unknown_rows = 0;    // rows without a known one
    int64_t unknown = 0;         // strings
  };

  // In every type that indexes are packed in, 0 has no bit set.
  static int64_t Zeros(const uint8_t* row, const Words& words) {
    const auto zero = [](uint8_t byte) { return byte == 0; };
    int64_t zeros = 0;
    for (const uint8_t* at = row + words.first; at < row + words.first + words.bytes; at += words.width) {
      zeros += std::all_of(at, at + words.width, zero) ? 1 : 0;
    }
    return zeros;
  }

  std::vector<Words> words_;
  int64_t rows_ = 0;
};

}  // namespace

void Predict(const PredictRequest& request) {
  const RowFilter filter = ReadPredType(request.pred_type);
  const pg::TableName output = pg::ParseNewTableName(request.output_table, "output_table");
  const pg::TableName test = pg::ParseTableName(request.test_table, "test_table");
  const store::ModelTable table = store::OpenOneModel(request.model_table, request.mst_key);
  const std::vector<pg::Column> columns = pg::TableColumns(test, "test_table");
  RequirePlain(test, columns);
  const std::string id = ParseIdColumn(request.id_col);
  const pg::Column* id_column = pg::FindColumn(columns, id);
  if (id_column == nullptr) {
    throw Error(ErrorCode::kUndefinedColumn, "id_col \"" + id + "\" is no column of table " + test.Text(), "",
                "Its columns are " + ColumnList(columns) + ".");
  }
  const std::vector<std::string> inputs = pg::ParseColumnList(request.independent_varname, "independent_varname");
  base::DataSpec rows = data::PredictSpec(table.data, columns, inputs, "test_table");
  data::NoticeMovedColumns(table.data.inputs, inputs, "independent_varname");
  std::vector<std::string> read = inputs;
  read.push_back(id);
  pg::RequireSelect(test, read);
  ReadAsStored(test, columns, &rows);
  pg::ClaimOutput(output, "output_table");
  pg::RequireAbsent(output, "output_table");
  pg::RequireCreate(output);

  const base::DataSpec model_data = ModelSpecFor(rows, table.data);
  const engine::Options options = store::ScoringOptions(table, request.use_gpus);
  const store::StoredModel& model = table.models.front();
  train::RequireMemory("the prediction", train::MemoryOfPrediction(*model.graph, model.config, options.precision, static_cast<double>(kMostBatchBytes)),
                       train::kPredictionMemoryHint);
  const store::LoadedModel loaded = store::LoadModelForScoring(table, model, model_data, options);
  const std::vector<OutputInfo> outputs = DescribeOutputs(loaded.model->program().output_shapes(), table.models.front().config, table.data);
  NoticeFewerClasses(filter, outputs);
  PredictionTable predictions(output, *id_column, outputs, filter);
  predictions.Create();

  data::BufferBuilder builder(rows);
  const int64_t row_bytes = std::max<int64_t>(1, static_cast<int64_t>(builder.row_bytes()));
  const int64_t batch_rows = std::clamp<int64_t>(kMostBatchBytes / row_bytes, 1, kMostBatchRows);
  const RowLimits limits(engine::ValueLimits(*table.models.front().graph, table.models.front().config, model_data), model_data, pg::QuoteIdent(id),
                         table.float64 ? base::DType::kFloat64 : base::DType::kFloat32);
  pg::Cursor cursor("SELECT t." + pg::QuoteIdent(id) + "::pg_catalog.text, " + data::PackRowOfSql(rows, columns, id, "t") + " FROM " + test.Sql() +
                    " AS t");
  UnknownStrings unknown(rows);
  std::vector<std::vector<float>> values;
  for (;;) {
    pg::CheckInterrupts();
    const pg::Result batch = cursor.Fetch(batch_rows);
    if (batch.empty()) break;
    std::vector<std::string> ids;
    builder.Clear();
    for (const auto& row : batch.rows) {
      if (!row[0])
        throw Error(ErrorCode::kNullValue, "id_col \"" + id + "\" is NULL in a row of table " + test.Text(), "",
                    "Leave such rows out by a view with WHERE.");
      ids.push_back(*row[0]);
      builder.Add(row[1].value());
    }
    limits.Check(builder.buffer(), ids);
    unknown.Count(builder);
    values.clear();
    loaded.model->Predict(builder.buffer(), &values, pg::CheckInterrupts);
    predictions.Insert(ids, values);
  }
  unknown.Say();
}

}  // namespace score
