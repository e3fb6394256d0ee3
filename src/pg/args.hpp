// Arguments of a SQL function as std values. Includes postgres.h: only src/pg and src/entry see this file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/guard.hpp"

namespace pg {

/// Reads fcinfo's arguments. Detoasting may ereport: every accessor is guarded. A missing required argument throws kNullValue naming it.
class Args {
 public:
  explicit Args(FunctionCallInfo fcinfo) : fcinfo_(fcinfo) {}
  int count() const;
  bool is_null(int i) const;
  std::string text(int i, const char* name) const;
  std::optional<std::string> opt_text(int i) const;
  int32_t int4(int i, const char* name) const;
  std::optional<int32_t> opt_int4(int i) const;
  /// Of arguments that are declared bigint, so that a caller may give one, and are used as int4: kInvalidParameter where
  /// they are no int4.
  int32_t whole(int i, const char* name) const;
  std::optional<int32_t> opt_whole(int i, const char* name) const;
  std::optional<int64_t> opt_int8(int i) const;
  std::optional<double> opt_float8(int i) const;
  std::optional<double> opt_float4(int i) const;
  bool boolean(int i, bool if_null) const;
  /// Seconds of an interval: a day has 24 hours, a month 30 days.
  double interval(int i, const char* name) const;
  std::optional<bool> opt_boolean(int i) const;
  std::string bytea(int i, const char* name) const;
  std::optional<std::string> opt_bytea(int i) const;
  std::vector<int32_t> int4_array(int i, const char* name) const;  // NULL elements are errors
  std::optional<std::vector<int32_t>> opt_int4_array(int i, const char* name) const;
  std::vector<std::string> text_array(int i, const char* name) const;  // text[] or varchar[]; NULL elements are errors
  /// Of an argument that is declared "any": the text that the server prints of it.
  std::optional<std::string> opt_value(int i) const;
  Datum datum(int i) const;  // as it came: maybe toasted

 private:
  FunctionCallInfo fcinfo_;
};

/// Errors: kPrerequisiteState unless this is a CALL that may commit. procedure: its name, for messages.
void RequireCommits(FunctionCallInfo fcinfo, const char* procedure);

/// Datum of a std value in the current memory context.
Datum TextDatum(const std::string& s);
Datum ByteaDatum(const std::string& bytes);

/// Materialised result of a set-returning function: rows of cells as text, converted by the result columns' input functions (bytea: raw).
void ReturnRows(FunctionCallInfo fcinfo, const std::vector<std::vector<std::optional<std::string>>>& rows);

/// The same, a portion of the rows at a time: for results that are too many to be in memory at once.
class RowsSink {
 public:
  explicit RowsSink(FunctionCallInfo fcinfo);
  void Add(const std::vector<std::vector<std::optional<std::string>>>& rows);

 private:
  void* sink_ = nullptr;  // in the function's memory
};

}  // namespace pg
