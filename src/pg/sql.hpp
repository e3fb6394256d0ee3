// SQL from C++: statements through SPI with typed parameters, results as std values. No PostgreSQL type is seen here.
//
// A statement's names are looked up in pg_catalog, whatever the caller's search_path (pinned_path.hpp): tables and types of users are written with
// their schema (TableName::Sql, Column::sql_type), functions of the extension with theirs and with arguments of exactly the declared types, because who
// owns the extension's schema may add others of the same name.
//
// Every call connects to SPI, runs, copies its result out and finishes; nothing of SPI outlives a call but Cursor and
// Statement, which own their portal or kept plan. A server error becomes pg::PgError (re-raised whole by the entry
// guard); do not catch it to go on. Main thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pg {

/// Raw bytes as a bytea parameter (text parameters are std::string).
struct Bytea { std::string_view bytes; };
struct Null {};
/// $n parameters. Types: bool, bigint, double precision, text, bytea, bigint[], double precision[], text[]; Null is a
/// text NULL. Cast in the SQL where another type is wanted ($1::integer).
using Param = std::variant<Null, bool, int64_t, double, std::string, Bytea, std::vector<int64_t>, std::vector<double>,
                           std::vector<std::string>>;
using Params = std::vector<Param>;

/// A cell: NULL, or the value's text as the server prints it. Floating-point numbers are printed so that they read back
/// equal, whatever the session's settings; bytea is the raw bytes; for arrays see ParseArrayText.
using Cell = std::optional<std::string>;

struct Result {
  std::vector<std::string> columns;
  std::vector<std::string> types;  // format_type names, e.g. "integer", "bytea"
  std::vector<std::vector<Cell>> rows;
  uint64_t processed = 0;

  bool empty() const { return rows.empty(); }
  const Cell& at(size_t row, size_t col) const { return rows.at(row).at(col); }
  /// The first row's first cell as an integer / a double / a text; throws kDataCorrupted when there is none or it is NULL.
  int64_t Int() const;
  double Double() const;
  std::string Text() const;
};

/// A number as the server writes and reads it: shortest text that reads back equal, NaN, Infinity.
std::string NumberText(double value);

/// Elements of an array cell's text ({1,2,NULL} or {"a b",c}), NULL elements as nullopt. One dimension.
std::vector<Cell> ParseArrayText(std::string_view text);

/// Runs a statement that may write (a new command: sees what went before).
Result Execute(const std::string& sql, const Params& params = {});
/// Runs a read-only statement on the active snapshot: the only kind allowed in a parallel run. The snapshot is the
/// calling statement's: it does not see what Execute wrote in the same call (read that with Execute).
Result Read(const std::string& sql, const Params& params = {});

/// The name of a parameter's type: "bool", "int8", "float8", "text", "bytea", "int8[]", "float8[]", "text[]".
const char* TypeNameOf(const Param& param);

/// A prepared statement, planned once.
class Statement {
 public:
  /// One type name a parameter, as TypeNameOf has them.
  Statement(const std::string& sql, const std::vector<std::string>& types, bool read_only = true);
  ~Statement();
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;
  Result Run(const Params& params);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A forward cursor over a query. read_only as in Read: it sees what the active snapshot sees, not what this call wrote
/// before; with read_only = false it opens as a new command, as Execute does.
class Cursor {
 public:
  explicit Cursor(const std::string& sql, const Params& params = {}, bool read_only = true);
  ~Cursor();
  Cursor(Cursor&&) noexcept;
  /// Up to `count` further rows; empty at the end.
  Result Fetch(int64_t count);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pg
