// Datums made and read inside call(): these may ereport and hold nothing with a destructor. Includes postgres.h.
#pragma once

#include <string_view>

#include "pg/guard.hpp"

namespace pg {

/// A bytea or text of these bytes, in the current memory context.
inline Datum RawVarlena(std::string_view bytes) {
  auto* value = static_cast<struct varlena*>(palloc(bytes.size() + VARHDRSZ));
  SET_VARSIZE(value, bytes.size() + VARHDRSZ);
  memcpy(VARDATA(value), bytes.data(), bytes.size());
  return PointerGetDatum(value);
}

/// A text; bytes that are not valid in the database's encoding are the server's own error.
inline Datum RawText(std::string_view text) {
  pg_verifymbstr(text.data(), static_cast<int>(text.size()), false);
  return RawVarlena(text);
}

/// Throws kLimitExceeded for what no value can hold. Call outside call().
inline void RequireValueSize(size_t size) {
  if (size > MaxAllocSize - VARHDRSZ) {
    throw base::Error(base::ErrorCode::kLimitExceeded, "a value of " + std::to_string(size) + " bytes is too large for the server",
                      "One value can have at most 1 GB.");
  }
}

}  // namespace pg
