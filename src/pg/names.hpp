// Table and column names: parsed, looked up and quoted by the server's own functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pg {

/// A table name, as parsed by the server (folding and quotes included), with the schema that it means to the caller.
struct TableName {
  /// Where the table lies; of one that is not there yet: where it would be made. The session's temporary schema is pg_temp.
  /// Empty when the caller named none and the search_path leads to none.
  std::string schema;
  std::string name;
  bool bare = false;    // the caller named no schema
  std::string origin;   // where the name was found when the caller did not give it: a sentence for messages

  /// With its schema, quoted for SQL text. Stored references are written so, too: they mean the same table under every search_path.
  std::string Sql() const;
  /// As the caller wrote it, quoted: for messages.
  std::string Text() const;
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
  std::string sql_type;   // the type for SQL text: with its schema, unless it is a word of the grammar
};

/// Parses text such as: digits, public.digits, "My Schema"."My Table". `what` names the argument in messages
/// ("source_table"). NULL or empty text must be refused by the caller. A name without schema is looked up by the caller's
/// search_path, once. Errors: kInvalidName with the server's own hint.
TableName ParseTableName(std::string_view text, const char* what);
/// The same for a table that is to be made: a name without schema means the schema in which CREATE TABLE would make it,
/// whatever tables of that name later schemas of the search_path have.
TableName ParseNewTableName(std::string_view text, const char* what);
/// The same of a name that stands in column `column` of table `in`. One that was stored without schema, as version 0.1 did,
/// is looked up by the caller's search_path.
TableName ParseStoredName(std::string_view text, const char* column, const TableName& in);

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

/// Throws kDuplicateTable when a relation of this name exists, with the hint to drop it or choose another name. A table
/// of the same name in a later schema of the search_path is not in the way of a name without schema.
void RequireAbsent(const TableName& name, const char* what);
/// Claims the name of a table for this transaction, without waiting: of two sessions that make or change the same table of results, the second
/// would find out when the first has ended. Errors: kPrerequisiteState when another transaction has it. `what` as above.
void ClaimOutput(const TableName& name, const char* what);
/// The key of its advisory lock.
int64_t ClaimKeyOf(const TableName& name);
/// The same, but waits for the other transaction.
void AwaitOutput(const TableName& name);
/// A claim on a table's name until the end of the transaction: kUse by any number of transactions at once, kChange by one and no user. False when
/// another transaction's claim is in the way. `purpose` tells claims of one table from others. A claim of this transaction is never in its way.
/// Who has claimed a name then sees whether those who had it before have dropped the table.
enum class TableClaim { kUse, kChange };
bool TryClaimTable(const TableName& name, TableClaim claim, const char* purpose);
/// The same, but waits.
void AwaitTable(const TableName& name, TableClaim claim, const char* purpose);
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
