// Rows of a set-returning function, put one by one as the server's values. Includes postgres.h: only src/pg and src/entry see this file. For rows as texts
// see pg::ReturnRows.
#pragma once

#include "pg/guard.hpp"

namespace pg {

class ResultRows {
 public:
  /// Errors: the server's own where a set cannot be returned.
  explicit ResultRows(FunctionCallInfo fcinfo);
  /// The columns that the caller wants: of a function that returns records, those of its column definition list.
  TupleDesc desc() const { return desc_; }
  /// Copies a row. Inside call(): it may ereport.
  void Put(Datum* values, bool* nulls);

 private:
  TupleDesc desc_ = nullptr;
  void* store_ = nullptr;
};

}  // namespace pg
