// What the statements of a packing by group call for each row and buffer (pack/grouped_table.hpp).
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "pack/buffer_plan.hpp"
#include "pack/group_layout.hpp"
#include "pg/args.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_group_position);
PG_FUNCTION_INFO_V1(pg_cerebro_group_entry);
PG_FUNCTION_INFO_V1(pg_cerebro_group_digest);
PG_FUNCTION_INFO_V1(pg_cerebro_group_class_rows);
}

namespace {

pack::GroupContents Contents(FunctionCallInfo fcinfo) {
  const pg::Args args(fcinfo);
  const std::string entries = args.bytea(0, "entries");
  const int32_t classes = args.int4(1, "classes");
  if (classes < 0) {
    throw base::Error(base::ErrorCode::kInvalidParameter, "argument classes is " + std::to_string(classes), "",
                      "It is a whole number of at least 0.");
  }
  return pack::ReadEntries({reinterpret_cast<const uint8_t*>(entries.data()), entries.size()}, static_cast<size_t>(classes));
}

}  // namespace

Datum pg_cerebro_group_position(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pack::BufferPlan plan{PG_GETARG_INT64(0), PG_GETARG_BOOL(1)};
    const auto [partition, buffer] =
        pack::GroupPosition(plan, PG_GETARG_INT64(2), PG_GETARG_INT32(3), std::max<int64_t>(PG_GETARG_INT64(4), 0) - 1);
    return Int64GetDatum(static_cast<int64>(partition) << 32 | buffer);
  });
}

Datum pg_cerebro_group_entry(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const std::string digest = pg::Args(fcinfo).bytea(2, "digest");
    return pg::ByteaDatum(pack::BufferEntry(PG_GETARG_INT32(0), PG_GETARG_INT32(1),
                                            {reinterpret_cast<const uint8_t*>(digest.data()), digest.size()}));
  });
}

Datum pg_cerebro_group_digest(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum { return pg::TextDatum(Contents(fcinfo).digest); });
}

Datum pg_cerebro_group_class_rows(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    std::string array;
    for (const int64_t rows : Contents(fcinfo).class_rows) array += (array.empty() ? "" : ",") + std::to_string(rows);
    return pg::TextDatum("{" + array + "}");
  });
}
