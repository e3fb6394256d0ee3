// What the segments of a cluster run while a table is packed (pack/cluster_packing.hpp): where a row goes, the columns of a buffer, its digest.
#include <algorithm>
#include <cstring>
#include <map>
#include <string>

#include "engine/core/model.hpp"
#include "entry/data_columns.hpp"
#include "pg/args.hpp"
#include "pg/own.hpp"
#include "pack/buffer_digest.hpp"
#include "pack/cluster_layout.hpp"
#include "store/model_spec.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_pack_key);
PG_FUNCTION_INFO_V1(pg_cerebro_pack_position);
PG_FUNCTION_INFO_V1(pg_cerebro_pack_column);
PG_FUNCTION_INFO_V1(pg_cerebro_buffer_digest);
PG_FUNCTION_INFO_V1(pg_cerebro_device_count);
}

namespace {

using base::Error;
using base::ErrorCode;

/// What a call site keeps from row to row: its first argument, read. These functions are called with constants there.
struct LayoutState {
  pack::ClusterLayout layout;
  std::map<int32_t, size_t> segments;
};

const LayoutState& Layout(FunctionCallInfo fcinfo) {
  FmgrInfo* info = fcinfo->flinfo;
  if (info->fn_extra == nullptr) {
    auto* state = pg::NewIn<LayoutState>(info->fn_mcxt);
    state->layout = pack::ClusterLayout::Read(pg::Args(fcinfo).text(0, "layout"));
    for (size_t d = 0; d < state->layout.distribution_keys.size(); ++d) state->segments[state->layout.distribution_keys[d]] = d;
    info->fn_extra = state;
  }
  return *static_cast<LayoutState*>(info->fn_extra);
}

struct DigestState {
  base::DataSpec spec;
  std::vector<bool> standardized;
};

const DigestState& DigestStateOf(FunctionCallInfo fcinfo) {
  FmgrInfo* info = fcinfo->flinfo;
  if (info->fn_extra == nullptr) {
    const pg::Args args(fcinfo);
    auto* state = pg::NewIn<DigestState>(info->fn_mcxt);
    state->spec = base::ReadDataSpec(args.text(0, "data_spec"));
    for (char c : args.text(1, "standardized")) state->standardized.push_back(c == 't');
    info->fn_extra = state;
  }
  return *static_cast<DigestState*>(info->fn_extra);
}

}  // namespace

Datum pg_cerebro_pack_key(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pack::ClusterLayout& layout = Layout(fcinfo).layout;
    return Int32GetDatum(layout.distribution_keys[layout.Segment(PG_GETARG_INT64(1), PG_GETARG_INT64(2))]);
  });
}

Datum pg_cerebro_pack_position(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const LayoutState& state = Layout(fcinfo);
    const auto segment = state.segments.find(PG_GETARG_INT32(1));
    if (segment == state.segments.end()) throw Error(ErrorCode::kInvalidParameter, "a row lies on no data segment");
    const auto [partition, buffer] = state.layout.BufferPosition(segment->second, std::max<int64_t>(PG_GETARG_INT64(2), 0) - 1);
    return Int64GetDatum(static_cast<int64>(partition) << 32 | buffer);
  });
}

Datum pg_cerebro_pack_column(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const Datum datum = PG_GETARG_DATUM(0);
    struct varlena* rows = pg::call([&] { return pg_detoast_datum_packed(reinterpret_cast<struct varlena*>(DatumGetPointer(datum))); });
    const size_t bytes = static_cast<size_t>(VARSIZE_ANY_EXHDR(rows));
    const int32 row = PG_GETARG_INT32(1), offset = PG_GETARG_INT32(2), width = PG_GETARG_INT32(3);
    if (row < 1 || offset < 0 || width < 0 || width > row - offset || bytes % static_cast<size_t>(row) != 0) {
      throw Error(ErrorCode::kInvalidParameter, "the rows of a buffer have " + std::to_string(bytes) + " bytes");
    }
    const size_t count = bytes / static_cast<size_t>(row);
    const size_t size = VARHDRSZ + count * static_cast<size_t>(width);
    struct varlena* column = pg::call([&] { return static_cast<struct varlena*>(palloc(size)); });
    SET_VARSIZE(column, size);
    const char* from = VARDATA_ANY(rows) + offset;
    char* to = VARDATA(column);
    for (size_t i = 0; i < count; ++i, from += row, to += width) std::memcpy(to, from, static_cast<size_t>(width));
    return PointerGetDatum(column);
  });
}

Datum pg_cerebro_buffer_digest(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const DigestState& state = DigestStateOf(fcinfo);
    return pg::ByteaDatum(pack::DigestBuffer(state.spec, state.standardized, entry::DataColumns(fcinfo, 2)).Write());
  });
}

Datum pg_cerebro_device_count(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    store::SetDeviceOptions();
    return Int32GetDatum(engine::DeviceCount());
  });
}
