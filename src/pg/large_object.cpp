#include "pg/large_object.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"

namespace pg {
namespace {

constexpr size_t kPieceBytes = size_t{64} << 20;

// Greenplum 6 refuses lo_create, lo_open and lo_unlink. It forgot lo_from_bytea and lo_get: what they made could never be removed.
void CheckSupported() {
  if (!OnGreenplum()) return;
  throw base::Error(base::ErrorCode::kFeatureNotSupported, "Greenplum has no large objects", {},
                    "Give or take the file as a bytea, by cerebro.import_weights(), cerebro.import_model() or cerebro.export_model().");
}

}  // namespace

std::string ReadLargeObject(uint32_t oid, size_t most) {
  CheckSupported();
  std::string bytes;
  for (;;) {
    CheckInterrupts();
    const Result piece = Execute("SELECT pg_catalog.lo_get($1::pg_catalog.oid, $2, $3::pg_catalog.int4)",
                                 {static_cast<int64_t>(oid), static_cast<int64_t>(bytes.size()), static_cast<int64_t>(kPieceBytes)});
    const Cell& data = piece.at(0, 0);
    if (!data || data->empty()) return bytes;
    if (data->size() > most - bytes.size()) {
      throw base::Error(base::ErrorCode::kLimitExceeded,
                        "large object " + std::to_string(oid) + " has more than " + std::to_string(most) + " bytes");
    }
    bytes += *data;
  }
}

uint32_t CreateLargeObject(std::string_view bytes) {
  CheckSupported();
  const auto oid = static_cast<uint32_t>(
      Execute("SELECT pg_catalog.lo_from_bytea(0::pg_catalog.oid, $1)::pg_catalog.int8", {Bytea{bytes.substr(0, kPieceBytes)}}).Int());
  for (size_t at = kPieceBytes; at < bytes.size(); at += kPieceBytes) {
    CheckInterrupts();
    Execute("SELECT pg_catalog.lo_put($1::pg_catalog.oid, $2, $3)",
            {static_cast<int64_t>(oid), static_cast<int64_t>(at), Bytea{bytes.substr(at, kPieceBytes)}});
  }
  return oid;
}

}  // namespace pg
