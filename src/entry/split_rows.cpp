// What a statement that splits a source's rows calls for each of them (pack/row_split.hpp): the hash of its cells, and
// its part.
#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "entry/pack_row_reader.hpp"
#include "pack/class_cuts.hpp"
#include "pack/content_key.hpp"
#include "pg/args.hpp"
#include "pg/own.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_content_key);
PG_FUNCTION_INFO_V1(pg_cerebro_split_part);
}

namespace {

/// What a call site of _split_part keeps from row to row: its first argument, which is a constant there, read.
using CutsOfClass = std::unordered_map<int64_t, std::vector<int64_t>>;

const CutsOfClass& Cuts(FunctionCallInfo fcinfo) {
  FmgrInfo* info = fcinfo->flinfo;
  if (info->fn_extra == nullptr) {
    auto* cuts = pg::NewIn<CutsOfClass>(info->fn_mcxt);
    for (pack::ClassCuts& of_class : pack::ReadCuts(pg::Args(fcinfo).text(0, "cuts")))
      (*cuts)[of_class.id] = std::move(of_class.last_keys);
    info->fn_extra = cuts;
  }
  return *static_cast<const CutsOfClass*>(info->fn_extra);
}

}  // namespace

Datum pg_cerebro_content_key(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    FmgrInfo* info = fcinfo->flinfo;
    if (info->fn_extra == nullptr) info->fn_extra = pg::NewIn<entry::RowReader>(info->fn_mcxt);
    const std::vector<data::Cell>& cells = static_cast<entry::RowReader*>(info->fn_extra)->Read(fcinfo, 0, 0);
    return Int64GetDatum(pack::ContentKey(cells, static_cast<uint64_t>(PG_GETARG_INT64(1))));
  });
}

Datum pg_cerebro_split_part(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const CutsOfClass& cuts = Cuts(fcinfo);
    const auto of_class = cuts.find(PG_GETARG_INT64(1));
    if (of_class == cuts.end()) {
      throw base::Error(base::ErrorCode::kInvalidData, "a row has a class that was not there when the table was split",
                        "", "Pack the table when nobody writes to it, or in a repeatable read transaction.");
    }
    const std::vector<int64_t>& last = of_class->second;
    return Int64GetDatum(
        static_cast<int64>(std::lower_bound(last.begin(), last.end(), PG_GETARG_INT64(2)) - last.begin()));
  });
}
