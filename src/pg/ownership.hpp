// Whose a table is, and whom the current role trusts. Whether a statement on a table runs code of its owner is asked of foreign_code.hpp.
//
// Unlike names.hpp this comes from the server's present catalogs, not from the active snapshot, and a table that is locked stays what it is said
// to be until the end of the transaction.
//
// Includes nothing of the server. Main thread only; allowed in parallel mode.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pg/names.hpp"

namespace pg {

/// What somebody is about to do with a table.
enum class TableUse { kRead, kWrite };

struct TableFacts {
  uint32_t id = 0;
  uint32_t owner = 0;
  std::string owner_name;
  bool stays = false;     // its rows have ctid and xmin: a table or a materialized view
  bool readable = false;  // by the caller
};
/// nullopt where there is no such table, and where the caller may not use its schema: never the server's error. The table is locked as a statement of
/// this use locks it, where the caller has the right to it: so nobody adds a trigger to what is about to be written.
std::optional<TableFacts> FactsOf(const TableName& table, TableUse use = TableUse::kRead);
/// The same without a lock: the next moment it may be another table.
std::optional<TableFacts> GlanceAt(const TableName& table);

/// Whether the current role is the very owner of the table. False where there is no such table.
bool IsOwnTable(const TableName& table);

/// Whether the current role believes what this one has written: it is that role, a member that has its rights not merely as a superuser, or that
/// role is a superuser, who needs no such way.
bool TrustsRole(uint32_t role);

/// Locks the table against everybody else until the end of the transaction, without waiting. False where somebody has it open.
bool TryLockAlone(const TableName& table);

/// While one lives, statements run as this role in an operation that is restricted to it, as the server's own maintenance commands do: code that
/// the role may have hidden in its tables gets no more than the role's own rights.
class RestrictedTo {
 public:
  explicit RestrictedTo(uint32_t role);
  ~RestrictedTo();
  RestrictedTo(const RestrictedTo&) = delete;
  RestrictedTo& operator=(const RestrictedTo&) = delete;

 private:
  uint32_t role_ = 0;
  int context_ = 0;
};

}  // namespace pg
