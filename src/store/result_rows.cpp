#include "store/result_rows.hpp"

#include "base/error.hpp"
#include "pg/cluster.hpp"

namespace store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kHint = "Pass the model_output_table of a finished cerebro.fit_multiple_model().";

}  // namespace

ResultValue::ResultValue(std::string to, pg::Param param, std::string expression)
    : column(std::move(to)), value(std::move(param)), sql(std::move(expression)) {}

ResultValue ResultValue::Expression(std::string to, std::string expression) {
  ResultValue value(std::move(to), pg::Null{}, std::move(expression));
  value.value.reset();
  return value;
}

namespace {

/// The parts of an INSERT, and the numbers of its parameters.
struct Insertion {
  std::string columns;   // c1, c2
  std::string selected;  // $1::type, expression
  pg::Params params;
};

// placeholder: of the n-th parameter, cast to a type ("" leaves it as it is).
template <typename Placeholder>
Insertion MakeInsertion(ResultTable which, const std::vector<ResultValue>& values, const Placeholder& placeholder) {
  Insertion made;
  for (const ResultValue& value : values) {
    made.columns += (made.columns.empty() ? "" : ", ") + pg::QuoteIdent(value.column);
    std::string expression = value.sql;
    if (value.value) {
      made.params.push_back(*value.value);
      const std::string type = value.sql.empty() ? ColumnNamed(which, value.column).type : "";
      const std::string number = placeholder(made.params.size(), type);
      if (value.sql.empty()) expression = "$";
      expression.replace(expression.find('$'), 1, number);
    }
    made.selected += (made.selected.empty() ? "" : ", ") + expression;
  }
  return made;
}

std::string Placeholder(size_t n, const std::string& type) { return "$" + std::to_string(n) + (type.empty() ? "" : "::" + type); }

}  // namespace

void RowInserter::Insert(const std::vector<ResultValue>& values) {
  std::string types;
  for (const ResultValue& value : values) {
    if (value.value) types += static_cast<char>('a' + value.value->index());
  }
  const auto known = statements_.find(types);
  if (known != statements_.end()) {
    pg::Params params;
    for (const ResultValue& value : values) {
      if (value.value) params.push_back(*value.value);
    }
    known->second.Run(params);
    return;
  }
  const Insertion insertion = MakeInsertion(which_, values, Placeholder);
  std::vector<std::string> names;
  for (const pg::Param& param : insertion.params) names.emplace_back(pg::TypeNameOf(param));
  pg::Statement statement("INSERT INTO " + tables_[which_].Sql() + " (" + insertion.columns + ") VALUES (" + insertion.selected + ")", names, false);
  statements_.emplace(types, std::move(statement)).first->second.Run(insertion.params);
}

namespace {

constexpr size_t kMostBatchRows = 1000;
constexpr size_t kMostBatchBytes = size_t{4} << 20;

// An element of an array's text.
std::string Element(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

template <typename T, typename Text>
std::string ArrayText(const std::vector<T>& values, const Text& text) {
  std::string list;
  for (const T& value : values) list += (list.empty() ? "" : ",") + text(value);
  return "{" + list + "}";
}

// A value as the server reads its type's text; nothing for NULL.
std::optional<std::string> ValueText(const pg::Param& param) {
  struct Visitor {
    std::optional<std::string> operator()(const pg::Null&) const { return std::nullopt; }
    std::optional<std::string> operator()(bool value) const { return value ? "t" : "f"; }
    std::optional<std::string> operator()(int64_t value) const { return std::to_string(value); }
    std::optional<std::string> operator()(double value) const { return pg::NumberText(value); }
    std::optional<std::string> operator()(const std::string& value) const { return value; }
    std::optional<std::string> operator()(const pg::Bytea&) const { throw Error(ErrorCode::kInternal, "a batch of rows takes no bytea"); }
    std::optional<std::string> operator()(const std::vector<int64_t>& values) const {
      return ArrayText(values, [](int64_t value) { return std::to_string(value); });
    }
    std::optional<std::string> operator()(const std::vector<double>& values) const { return ArrayText(values, pg::NumberText); }
    std::optional<std::string> operator()(const std::vector<std::string>& values) const { return ArrayText(values, Element); }
  };
  return std::visit(Visitor(), param);
}

}  // namespace

void RowBatch::Insert(const std::vector<ResultValue>& values) {
  if (columns_.empty()) {
    for (const ResultValue& value : values) columns_.push_back(value.column);
    arrays_.assign(values.size(), "{");
  }
  for (size_t i = 0; i < values.size(); i++) {
    if (values[i].column != columns_.at(i)) throw Error(ErrorCode::kInternal, "rows of a batch have different columns");
    const std::optional<std::string> text = ValueText(values[i].value.value());
    const std::string element = text ? Element(*text) : "NULL";
    arrays_[i] += (rows_ > 0 ? "," : "") + element;
    bytes_ += element.size();
  }
  rows_++;
  if (rows_ >= kMostBatchRows || bytes_ >= kMostBatchBytes) Finish();
}

void RowBatch::Finish() {
  if (rows_ == 0) return;
  pg::Params params;
  std::string columns, selected, arrays, names;
  for (size_t i = 0; i < columns_.size(); i++) {
    const std::string comma = i > 0 ? ", " : "", number = std::to_string(i + 1);
    params.emplace_back(std::move(arrays_[i]) + "}");
    columns += comma + pg::QuoteIdent(columns_[i]);
    selected += comma + "u.c" + number + "::" + ColumnNamed(which_, columns_[i]).type;
    arrays += comma + "pg_catalog.unnest($" + number + "::pg_catalog.text[])";
    names += comma + "c" + number;
  }
  pg::Execute("INSERT INTO " + tables_[which_].Sql() + " (" + columns + ") SELECT " + selected + " FROM ROWS FROM (" + arrays + ") AS u(" +
                  names + ")",
              params);
  arrays_.assign(columns_.size(), "{");
  rows_ = bytes_ = 0;
}

void InsertRow(const ResultTables& tables, ResultTable which, const std::vector<ResultValue>& values, const std::string& from) {
  const Insertion insertion = MakeInsertion(which, values, Placeholder);
  pg::Execute("INSERT INTO " + tables[which].Sql() + " (" + insertion.columns + ")" +
                  (from.empty() ? " VALUES (" + insertion.selected + ")" : " SELECT " + insertion.selected + " FROM " + from),
              insertion.params);
}

void InsertRows(const ResultTables& tables, ResultTable which, const std::vector<ResultValue>& values) {
  // several arrays side by side: the server knows unnest of many by its bare name only
  std::string arrays, names;
  const Insertion insertion = MakeInsertion(which, values, [&](size_t n, const std::string& type) {
    const std::string name = "c" + std::to_string(n);
    arrays += (n > 1 ? ", " : "") + ("pg_catalog.unnest($" + std::to_string(n)) + (type.empty() ? "" : "::" + type + "[]") + ")";
    names += (n > 1 ? ", " : "") + name;
    return "u." + name;
  });
  pg::Execute("INSERT INTO " + tables[which].Sql() + " (" + insertion.columns + ") SELECT " + insertion.selected +
                  " FROM ROWS FROM (" + arrays + ") AS u(" + names + ")",
              insertion.params);
}

std::string InsertInto(const ResultTables& tables, ResultTable which, std::initializer_list<const char*> columns) {
  std::string list;
  for (const char* name : columns) list += (list.empty() ? "" : ", ") + std::string(ColumnNamed(which, name).name);
  return "INSERT INTO " + tables[which].Sql() + " (" + list + ")";
}

ResultReader::ResultReader(const pg::TableName& table, ResultTable which, const char* what, std::initializer_list<const char*> columns)
    : table_(table) {
  if (!pg::TableExists(table)) {
    throw Error(ErrorCode::kUndefinedTable, std::string(what) + ": table " + table.Text() + " does not exist", "", kHint);
  }
  const std::vector<pg::Column> there = pg::TableColumns(table, what);
  for (const char* name : columns) {
    const ResultColumn& column = ColumnNamed(which, name);
    const bool found = pg::FindColumn(there, name) != nullptr;
    if (!found && !column.later) {
      throw Error(ErrorCode::kUndefinedColumn, std::string(what) + ": table " + table.Text() + " has no column \"" + name + "\"", "", kHint);
    }
    columns_.emplace_back(&column, found);
  }
  std::vector<std::string> read;
  for (const auto& [column, found] : columns_) {
    if (found) read.emplace_back(column->name);
  }
  pg::RequireSelect(table, read);
}

std::string ResultReader::Columns(const std::string& alias) const {
  std::string list;
  for (const auto& [column, there] : columns_) {
    list += list.empty() ? "" : ", ";
    list += there ? alias + "." + column->name : std::string("NULL::") + column->type;
  }
  return list;
}

}  // namespace store
