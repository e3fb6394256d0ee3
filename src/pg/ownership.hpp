// Whose a table is, and whether reading or writing it runs code of whoever made it. Unlike names.hpp this comes from the server's present
// catalogs, not from the active snapshot, and a table that is locked stays what it is said to be until the end of the transaction.
//
// Includes nothing of the server. Main thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pg/names.hpp"

namespace pg {

struct TableFacts {
  uint32_t owner = 0;
  std::string owner_name;
  bool plain = false;     // an ordinary table without children and without row-level security for the caller: no code runs where it is read
  bool stays = false;     // its rows have ctid and xmin: a table or a materialized view
  bool readable = false;  // by the caller
};
/// nullopt where there is no such table, and where the caller may not use its schema: never the server's error. A table that the caller may
/// read is locked as a reader locks it.
std::optional<TableFacts> FactsOf(const TableName& table);
/// The same without a lock: the next moment it may be another table.
std::optional<TableFacts> GlanceAt(const TableName& table);

/// Whether the current role may run what this one has written: it is that role, a member that has its rights not merely as a superuser, or that
/// role is a superuser, who needs no such way.
bool TrustsRole(uint32_t role);

/// Whether an INSERT into the table runs nothing but itself: no triggers, rules, checks, defaults, indexes, row-level security. The table is
/// locked as a writer locks it, so that it stays so. False where there is no such table.
bool InsertsAlone(const TableName& table);

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
