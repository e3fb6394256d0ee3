// A user's own query, row by row: it runs with the user's rights under the user's search_path, and may only read. Includes postgres.h: only src/pg and
// src/entry see this file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "pg/guard.hpp"

extern "C" {
#include "executor/spi.h"
}

namespace pg {

class QueryCursor {
 public:
  /// Errors: kSyntax unless the text is one query that gives rows; the server's own.
  explicit QueryCursor(const std::string& query);
  ~QueryCursor();
  QueryCursor(const QueryCursor&) = delete;
  QueryCursor& operator=(const QueryCursor&) = delete;

  /// The columns of the rows. Lives as long as the cursor.
  TupleDesc desc() const { return desc_; }
  /// Hands over up to `count` further rows at once; they lie in memory that goes behind the call. False when there are no more.
  bool Fetch(int64_t count, const std::function<void(HeapTuple* rows, uint64_t rows_count)>& use);

 private:
  std::string portal_;
  TupleDesc desc_ = nullptr;
};

}  // namespace pg
