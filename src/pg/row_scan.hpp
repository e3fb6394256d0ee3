// One pass over the rows of a table that says of each what its key is, where the row lies and which transaction wrote it. It
// takes a small part of what a statement that groups the rows takes: no plan, no expressions, no other process.
//
// Keys are bytes. Two rows have equal bytes if and only if their key columns are equal, for the types that RowScan::Takes.
//
// Includes nothing of the server. Main thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pg/names.hpp"

namespace pg {

constexpr size_t kMostScannedNumbers = 4;
constexpr size_t kMostScannedKeys = 16;

struct ScannedRow {
  std::string_view key;    // until the next rows are read
  uint64_t position = 0;   // where the row lies: page * 65536 + line
  uint32_t xmin = 0;       // the transaction that wrote it, the lower 32 bits
  bool complete = false;   // none of the columns `wanted` is NULL
  int64_t numbers[kMostScannedNumbers] = {};  // 0: NULL

  uint32_t page() const { return static_cast<uint32_t>(position >> 16); }
};

/// The columns that a scan looks at.
struct ScannedColumns {
  std::vector<std::string> keys;
  std::vector<std::string> wanted;   // only whether they are NULL
  std::vector<std::string> numbers;  // of type integer or bigint, at most kMostScannedNumbers
};

/// Takes the value of a text column off the front of a key. Nothing: NULL.
std::optional<std::string_view> TakeText(std::string_view* key);

class RowScan {
 public:
  /// Whether rows can be read so: of a table or materialised view without descendants whose rows lie in the server's own
  /// storage, by keys of types whose equal values have equal bytes, and columns that are there; and whether the current role
  /// may read all of it. False on Greenplum.
  /// The table is locked as a statement that reads it locks it.
  static bool Takes(const TableName& table, const ScannedColumns& columns);

  /// The rows that the active snapshot sees; it must be the same for the whole life of the object. REQUIRES Takes.
  RowScan(const TableName& table, const ScannedColumns& columns);
  ~RowScan();
  RowScan(const RowScan&) = delete;

  uint32_t pages() const;
  /// Further rows, in the order in which they lie; empty at the end. The rows are valid until the next call.
  const std::vector<ScannedRow>& Next();
  /// Begins again with these pages alone.
  void ReadPages(uint32_t first, uint32_t count);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pg
