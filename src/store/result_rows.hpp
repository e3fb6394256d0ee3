// Rows of the result tables as they are written and read, by the columns of result_columns.hpp.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pg/names.hpp"
#include "pg/sql.hpp"
#include "store/result_columns.hpp"

namespace store {

/// A value for a column. Without `sql` it is cast to the column's type. With it, a "$" in it stands for the value,
/// uncast. The constructor is not inline: g++ 14 takes the temporary variants of a long list of values for uninitialised.
struct ResultValue {
  ResultValue(std::string to, pg::Param param, std::string expression = {});
  /// An expression without a value, over the columns of what InsertRow reads from.
  static ResultValue Expression(std::string to, std::string expression);

  std::string column;
  std::optional<pg::Param> value;
  std::string sql;
};

/// Inserts one row. from: a table, with alias, whose only row the expressions read; empty for none.
void InsertRow(const ResultTables& tables, ResultTable which, const std::vector<ResultValue>& values, const std::string& from = {});
/// Inserts rows one by one, by a statement that is planned once.
class RowInserter {
 public:
  /// tables: outlives it.
  RowInserter(const ResultTables& tables, ResultTable which) : tables_(tables), which_(which) {}
  /// The same columns and expressions in every call; values may be of other types or NULL.
  void Insert(const std::vector<ResultValue>& values);

 private:
  const ResultTables& tables_;
  ResultTable which_;
  std::map<std::string, pg::Statement> statements_;  // by the types of the values
};

/// Inserts rows of small values, hundreds by one statement: where a statement has a price of its own, as on a cluster.
class RowBatch {
 public:
  /// tables: outlives it.
  RowBatch(const ResultTables& tables, ResultTable which) : tables_(tables), which_(which) {}
  /// The same columns in every call, in the same order. REQUIRES values without expressions and without bytea.
  void Insert(const std::vector<ResultValue>& values);
  /// To be called once, behind the last row.
  void Finish();

 private:
  const ResultTables& tables_;
  ResultTable which_;
  std::vector<std::string> columns_;
  std::vector<std::string> arrays_;  // a column: its values so far, as the text of an array of texts without the last brace
  size_t rows_ = 0, bytes_ = 0;      // of arrays_
};

/// Inserts many rows at once: every value is an array of as many elements, or the text of one.
void InsertRows(const ResultTables& tables, ResultTable which, const std::vector<ResultValue>& values);
/// "INSERT INTO <table> (<columns>)", for rows that a query gives.
std::string InsertInto(const ResultTables& tables, ResultTable which, std::initializer_list<const char*> columns);

/// A result table, or a part of its columns, opened for reading.
class ResultReader {
 public:
  /// Errors: kUndefinedTable, kUndefinedColumn unless it is a later one, and the server's own when the caller may not
  /// read the table. what: the argument that named the table.
  ResultReader(const pg::TableName& table, ResultTable which, const char* what, std::initializer_list<const char*> columns);

  std::string Sql() const { return table_.Sql(); }
  std::string Text() const { return table_.Text(); }
  /// The columns for a SELECT list, in the order given. alias: of the table in the query.
  std::string Columns(const std::string& alias) const;

 private:
  pg::TableName table_;
  std::vector<std::pair<const ResultColumn*, bool>> columns_;  // and whether it is there
};

}  // namespace store
