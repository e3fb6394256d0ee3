// Table and column names: parsed, looked up and quoted by the server's own functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pg {

/// A possibly schema-qualified table name, as parsed by the server (folding and quotes included).
struct TableName {
  std::string schema;  // empty when not given: search_path for reading, the first creatable schema for writing
  std::string name;

  /// Quoted for SQL text.
  std::string Sql() const;
  /// The same with a suffix on the name ("_summary"). Throws kInvalidName when the result would be longer than the
  /// server keeps.
  TableName WithSuffix(std::string_view suffix) const;
};

struct Column {
  std::string name;
  std::string type;       // format_type, e.g. "smallint[]", "character varying(10)", "bytea"
  std::string base_type;  // element type's bare name for arrays ("smallint"), else the type's ("character varying"); domains resolved
  bool is_array = false;
  bool not_null = false;
};

/// Parses text such as: digits, public.digits, "My Schema"."My Table". `what` names the argument in messages
/// ("source_table"). NULL or empty text must be refused by the caller. Errors: kInvalidName with the server's own hint.
TableName ParseTableName(std::string_view text, const char* what);

/// Parses a comma-separated list of column names with quotes: a, "B c", d. Errors: kInvalidName; kInvalidParameter when
/// empty.
std::vector<std::string> ParseColumnList(std::string_view text, const char* what);

/// quote_identifier
std::string QuoteIdent(std::string_view name);
/// quote_literal
std::string QuoteLiteral(std::string_view text);

/// Whether a relation of this name exists (any kind).
bool TableExists(const TableName& name);
/// Whether it is a temporary table or lies in a temporary schema: parallel workers cannot read it.
bool IsTemporary(const TableName& name);
/// Columns in attnum order. Throws kUndefinedTable when there is no such relation ("... does not exist"),
/// kWrongObjectType when it is no table, view, materialised view, foreign or partitioned table. `what` as above.
std::vector<Column> TableColumns(const TableName& name, const char* what);
const Column* FindColumn(const std::vector<Column>& columns, std::string_view name);

/// Throws kDuplicateTable when a relation of this name exists, with the hint to drop it or choose another name.
void RequireAbsent(const TableName& name, const char* what);
/// The caller must hold SELECT on the table: raises the server's own "permission denied" (42501) otherwise.
void RequireSelect(const TableName& name);
/// The same for a statement that reads only these columns: SELECT on each of them suffices.
void RequireSelect(const TableName& name, const std::vector<std::string>& columns);
/// Whether row-level security decides which rows of the table the current role sees.
bool RowSecurityApplies(const TableName& name);
/// "" unless row-level security applies; else a sentence for a detail: rows that are missed may only be hidden.
std::string HiddenRowsDetail(const TableName& name);
enum class TableRight { kInsert, kUpdate, kDelete, kTruncate };
/// The caller must hold these rights on the table: raises the server's own error otherwise.
void RequireRights(const TableName& name, const std::vector<TableRight>& rights);
/// The caller must own the table: raises the server's own error otherwise.
void RequireOwner(const TableName& name);
/// Whether the caller holds CREATE on the schema in which the table would be made.
bool MayCreate(const TableName& name);
/// Likewise; raises the server's own error otherwise.
void RequireCreate(const TableName& name);

}  // namespace pg
