#include "score/plain_rows.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/preprocessing.hpp"
#include "data/packed_format.hpp"
#include "data/row_codec.hpp"
#include "data/row_sql.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"

namespace score {
namespace {

using base::Error;
using base::ErrorCode;

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

}  // namespace

void ReadAsStored(const pg::TableName& test, const std::vector<pg::Column>& columns, base::DataSpec* rows) {
  const std::vector<base::ColumnSpec> sources = base::SourceInputs(*rows);
  const std::vector<size_t> cells = base::CellsOfInputs(*rows);
  for (size_t i = 0; i < rows->inputs.size(); ++i) {
    base::ColumnSpec& input = rows->inputs[i];
    if (!input.members.empty() || cells[i] == base::kNoCell) continue;
    const pg::Column* column = pg::FindColumn(columns, sources[cells[i]].name);
    if (column == nullptr || !column->is_array) continue;
    const std::string quoted = pg::QuoteIdent(column->name);
    const pg::Result dims =
        pg::Read("SELECT pg_catalog.array_dims(" + quoted + ") FROM " + test.Sql() + " WHERE " + quoted + " IS NOT NULL LIMIT 1");
    if (dims.empty() || !dims.at(0, 0)) continue;
    base::Shape shape = ReadDims(dims.Text());
    if (base::ElementCount(shape) == base::ElementCount(input.shape)) input.shape = std::move(shape);
  }
}

namespace {

// Rows with strings that the training data lacked: they were packed as 0.
class UnknownStrings {
 public:
  explicit UnknownStrings(const base::DataSpec& spec) : preprocessed_(spec.preprocessing != nullptr) {
    if (preprocessed_) {
      AddSources(spec);
      return;
    }
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
        const int64_t zeros = Unknown(row, words);
        words.unknown += zeros;
        words.count += zeros > 0 ? 1 : 0;
        words.unknown_rows += zeros == static_cast<int64_t>(words.bytes / words.width) ? 1 : 0;
      }
    }
  }

  void Say() const {
    for (const Words& words : words_) {
      if (words.count == 0) continue;
      if (preprocessed_) {
        SayCategories(words);
        continue;
      }
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
    std::vector<uint8_t> pattern = {};  // what is unknown; empty: bytes of 0
    int64_t count = 0;           // rows with an unknown string
    int64_t unknown_rows = 0;    // rows without a known one
    int64_t unknown = 0;         // strings
  };

  // Indexes, and one-hot flags with their indicator of NULLs: all bits are 0 where a category is not known. A rank is
  // that of no category, and of means of the target there are those of all rows.
  void AddSources(const base::DataSpec& spec) {
    const std::vector<base::SourceInput>& sources = spec.preprocessing->sources;
    const std::vector<size_t> cells = base::CellsOfInputs(spec);
    size_t first = 0;
    for (size_t i = 0; i < sources.size(); ++i) {
      const base::SourceInput& s = sources[i];
      const size_t width = base::ElementCount(s) * sizeof(float), begin = first;
      first += width;
      if (s.encoding == base::Encoding::kOneHot) {
        words_.push_back({0, s.name, spec.inputs[0].row_bytes(), begin, width, width});
      } else if (s.encoding == base::Encoding::kOrdinal) {
        AddNumbers(spec, s, begin, {Scaled(s, 0)});
      } else if (s.encoding == base::Encoding::kTarget) {
        std::vector<float> prior;
        for (const double mean : s.prior) prior.push_back(Scaled(s, mean));
        // a category whose means are those of all rows looks like one that is not known
        if (std::none_of(s.category_values.begin(), s.category_values.end(), [&](const std::vector<double>& means) {
              return std::equal(means.begin(), means.end(), prior.begin(), [&s](double mean, float all) { return Scaled(s, mean) == all; });
            })) {
          AddNumbers(spec, s, begin, prior);
        }
      } else if (s.encoding == base::Encoding::kIndex) {
        const auto input = static_cast<size_t>(std::find(cells.begin(), cells.end(), i) - cells.begin());
        words_.push_back({input, s.name, sizeof(int32_t), 0, sizeof(int32_t), sizeof(int32_t)});
      }
    }
  }

  /// As data/encoder.cpp has it.
  static float Scaled(const base::SourceInput& s, double v) { return static_cast<float>((v - s.center) / s.spread); }

  void AddNumbers(const base::DataSpec& spec, const base::SourceInput& s, size_t begin, const std::vector<float>& unknown) {
    const size_t width = unknown.size() * sizeof(float);
    words_.push_back({0, s.name, spec.inputs[0].row_bytes(), begin, width, width});
    const auto* bytes = reinterpret_cast<const uint8_t*>(unknown.data());
    words_.back().pattern.assign(bytes, bytes + width);
  }

  void SayCategories(const Words& words) const {
    const std::string rows = std::to_string(rows_) + (rows_ == 1 ? " row" : " rows");
    if (words.unknown_rows == rows_) {
      pg::Warning("no category of column \"" + words.name + "\" is known from the training data: " + rows,
                  "They are read as unknown. Is it the column that the model was trained with, written alike?");
      return;
    }
    pg::Notice("column \"" + words.name + "\" is NULL or holds a category that the training data lack: in " +
                   std::to_string(words.count) + " of " + rows,
               "It is read as unknown there: index 0, no flag of one-hot, or the mean of the target.");
  }

  // Of the row, those that are not known. In every type that indexes are packed in, 0 has no bit set.
  static int64_t Unknown(const uint8_t* row, const Words& words) {
    const auto zero = [](uint8_t byte) { return byte == 0; };
    int64_t zeros = 0;
    for (const uint8_t* at = row + words.first; at < row + words.first + words.bytes; at += words.width) {
      const bool unknown = words.pattern.empty() ? std::all_of(at, at + words.width, zero)
                                                 : std::equal(at, at + words.width, words.pattern.begin());
      zeros += unknown ? 1 : 0;
    }
    return zeros;
  }

  std::vector<Words> words_;
  int64_t rows_ = 0;
  const bool preprocessed_;
};

}  // namespace

base::DataSpec ModelDataFor(const base::DataSpec& rows, const base::DataSpec& training) {
  base::DataSpec spec = rows;
  for (size_t i = 0; i < spec.inputs.size(); i++) spec.inputs[i].shape = training.inputs[i].shape;
  spec.targets = training.targets;
  return spec;
}

bool IsPackedTable(const pg::TableName& table, const std::vector<pg::Column>& columns) {
  for (const char* name : {data::kPartitionColumn, data::kBufferColumn}) {
    if (pg::FindColumn(columns, name) == nullptr) return false;
  }
  const pg::TableName summary{table.schema, table.name + "_summary"};
  return pg::TableExists(summary) && pg::FindColumn(pg::TableColumns(summary, "test_table"), "data_spec") != nullptr;
}

RowLimits::RowLimits(const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& model_data, base::DType precision)
    : data_(model_data), precision_(precision) {
  for (engine::ValueLimit& limit : engine::ValueLimits(graph, config, model_data)) {
    if (limit.is_target) continue;
    base::ColumnSpec seen = engine::ColumnSeen(data_.inputs[static_cast<size_t>(limit.column)], limit);
    if (limit.Allows(engine::WarrantedRange(seen, limit.elements))) continue;
    limits_.push_back({std::move(limit), std::move(seen)});
  }
}

void RowLimits::Check(const base::Buffer& buffer, const std::function<std::string(int64_t row)>& detail) const {
  for (const auto& [limit, column] : limits_) {
    const uint8_t* packed = buffer.inputs[static_cast<size_t>(limit.column)];
    if (limit.Allows(engine::RangeOf(column, limit.elements, precision_, packed, buffer.rows))) continue;
    for (int64_t row = 0; row < buffer.rows; row++) {
      for (const engine::Elements& elements : engine::MembersOf(column, limit.elements)) {
        const engine::ValueRange range = engine::RangeOf(column, elements, precision_, packed + static_cast<size_t>(row) * column.row_bytes(), 1);
        if (limit.Allows(range)) continue;
        const double value = engine::ValueOutside(limit, range);
        throw Error(ErrorCode::kInvalidData,
                    limit.Text() + ", but column \"" + engine::NameOf(column, elements) + "\" holds " + base::FormatNumber(value, true), detail(row),
                    "Give the value that it had in training, or leave such rows out by a view.");
      }
    }
  }
}

PlainRows::PlainRows(const pg::TableName& table, const char* argument, const std::string& id_col, const std::string& independent_varname,
                     const store::ModelTable& model, const char* function)
    : table_(table), model_(model), columns_(pg::TableColumns(table, argument)) {
  if (IsPackedTable(table, columns_)) {
    throw Error(ErrorCode::kWrongObjectType, "table " + table.Text() + " is a packed table, " + function + " reads plain rows",
                "A row of a packed table is a buffer of many examples, in another order than they had.",
                "Give the table that it was packed from, or a table like it. For metrics over a packed table use cerebro.evaluate().");
  }
  const std::string id = ParseIdColumn(id_col);
  const pg::Column* id_column = pg::FindColumn(columns_, id);
  if (id_column == nullptr) {
    throw Error(ErrorCode::kUndefinedColumn, "id_col \"" + id + "\" is no column of table " + table.Text(), "",
                "Its columns are " + ColumnList(columns_) + ".");
  }
  id_column_ = *id_column;
  const std::vector<std::string> inputs = data::InputNames(model.data, independent_varname, columns_, "table");
  rows_ = data::PredictSpec(model.data, columns_, inputs, argument);
  data::NoticeMovedColumns(base::SourceInputs(model.data), inputs, "independent_varname");
  std::vector<std::string> read = inputs;
  read.push_back(id);
  pg::RequireSelect(table, read);
  ReadAsStored(table, columns_, &rows_);
  model_data_ = ModelDataFor(rows_, model.data);
}

void PlainRows::ForEach(const std::string& condition,
                        const std::function<void(const base::Buffer& buffer, const std::vector<std::string>& ids)>& use) const {
  data::BufferBuilder builder(rows_);
  const int64_t row_bytes = std::max<int64_t>(1, static_cast<int64_t>(builder.row_bytes()));
  const int64_t batch_rows = std::clamp<int64_t>(kMostBatchBytes / row_bytes, 1, kMostBatchRows);
  const store::StoredModel& stored = model_.models.front();
  const RowLimits limits(*stored.graph, stored.config, model_data_, model_.float64 ? base::DType::kFloat64 : base::DType::kFloat32);
  const std::string id = pg::QuoteIdent(id_column_.name);
  pg::Cursor cursor("SELECT t." + id + "::pg_catalog.text, " + data::PackRowOfSql(rows_, columns_, id_column_.name, "t") + " FROM " + table_.Sql() +
                    " AS t" + (condition.empty() ? "" : " WHERE " + condition));
  UnknownStrings unknown(rows_);
  for (;;) {
    pg::CheckInterrupts();
    const pg::Result batch = cursor.Fetch(batch_rows);
    if (batch.empty()) break;
    std::vector<std::string> ids;
    builder.Clear();
    for (const auto& row : batch.rows) {
      if (!row[0])
        throw Error(ErrorCode::kNullValue, "id_col \"" + id_column_.name + "\" is NULL in a row of table " + table_.Text(), "",
                    "Leave such rows out by a view with WHERE.");
      ids.push_back(*row[0]);
      builder.Add(row[1].value());
    }
    limits.Check(builder.buffer(), [&](int64_t row) { return "It is the row with " + id + " = " + ids[static_cast<size_t>(row)] + "."; });
    unknown.Count(builder);
    use(builder.buffer(), ids);
  }
  if (condition.empty()) unknown.Say();
}

}  // namespace score
