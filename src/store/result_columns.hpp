// The columns of the result tables, each written down once: statements that make, fill, check and read the tables are
// put together from here.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pg/names.hpp"
#include "pg/sql.hpp"

namespace store {

/// The last four are those of a run over groups: its models and info have the names of an ordinary run's.
enum class ResultTable {
  kModels, kInfo, kSummary, kState, kVisits, kRun, kTrials, kControl,
  kGroupModels, kGroupInfo, kConfigurations, kGroups
};

/// The five tables of a run: <out>, <out>_info, <out>_summary, <out>_state, <out>_visits; of a durable run also <out>_run and
/// <out>_control; of one whose models changed while it went on <out>_trials. A run over groups has <out>_configs and
/// <out>_groups instead of <out>_state and <out>_visits (store/group_tables.hpp).
struct ResultTables {
  pg::TableName models, info, summary, state, visits, run, trials, control, configurations, groups;
  explicit ResultTables(const pg::TableName& name);
  const pg::TableName& operator[](ResultTable table) const;
  std::vector<pg::TableName> All() const { return {models, info, summary, state, visits, run, trials, control}; }
  /// Those of a run over groups.
  std::vector<pg::TableName> OfGroups() const { return {models, info, summary, configurations, groups}; }
};

struct ResultColumn {
  const char* name;
  const char* type;             // as SQL casts to it, schema-qualified
  const char* constraint = "";
  bool later = false;           // tables of earlier versions may lack it: it is read as NULL, and a warm start adds it
};

/// The columns of a table, in their order.
struct ResultColumnRange {
  const ResultColumn* first;
  size_t count;
  const ResultColumn* begin() const { return first; }
  const ResultColumn* end() const { return first + count; }
};
ResultColumnRange ColumnsOf(ResultTable table);

/// Makes a table. more: columns that the table has besides its own (the summary's class values), with their types as
/// the server writes them.
void CreateResultTable(const ResultTables& tables, ResultTable which, const std::vector<pg::Column>& more = {});

/// Columns that a table should have and does not have.
std::vector<pg::Column> MissingColumns(const ResultTables& tables, ResultTable which, const std::vector<pg::Column>& more = {});
/// Adds them. The caller must own the table.
void AddColumns(const pg::TableName& table, const std::vector<pg::Column>& columns);

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
