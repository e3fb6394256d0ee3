// The SQL functions that segments run in a round (segments/segment_process.hpp): an aggregate that takes states and
// buffers, a set-returning function that hands its result out, and what the coordinator asks of every segment before a
// run.
#include <memory>
#include <string>

#include "entry/data_columns.hpp"
#include "pg/args.hpp"
#include "pg/cluster.hpp"
#include "pg/own.hpp"
#include "pg/role.hpp"
#include "segments/segment_process.hpp"
#include "segments/segment_report.hpp"
#include "store/training_state.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"

PG_FUNCTION_INFO_V1(pg_cerebro_fit_bundle_transition);
PG_FUNCTION_INFO_V1(pg_cerebro_fit_bundle_final);
PG_FUNCTION_INFO_V1(pg_cerebro_round_rows);
PG_FUNCTION_INFO_V1(pg_cerebro_stored_state);
PG_FUNCTION_INFO_V1(pg_cerebro_state_weights_transition);
PG_FUNCTION_INFO_V1(pg_cerebro_state_weights_final);
PG_FUNCTION_INFO_V1(pg_cerebro_segment_report);
PG_FUNCTION_INFO_V1(pg_cerebro_system_identifier);
}

namespace {

using base::Error;
using base::ErrorCode;

constexpr int kFirstData = 5;  // internal, request, kind, a, b, data...

MemoryContext AggregateContext(FunctionCallInfo fcinfo) {
  MemoryContext context = nullptr;
  if (AggCheckCallContext(fcinfo, &context) != AGG_CONTEXT_AGGREGATE) {
    throw Error(ErrorCode::kInvalidParameter, "this function can be called by its aggregate only");
  }
  return context;
}

base::Bytes View(FunctionCallInfo fcinfo, int n) {
  const Datum datum = PG_GETARG_DATUM(n);
  struct varlena* value = pg::call([&] { return pg_detoast_datum_packed(reinterpret_cast<struct varlena*>(DatumGetPointer(datum))); });
  return {reinterpret_cast<const uint8_t*>(VARDATA_ANY(value)), static_cast<size_t>(VARSIZE_ANY_EXHDR(value))};
}

// Of a value that is longer, the leading bytes alone are fetched.
base::Bytes ViewLeading(FunctionCallInfo fcinfo, int n, size_t bytes) {
  if (bytes > MaxAllocSize) return View(fcinfo, n);
  const Datum datum = PG_GETARG_DATUM(n);
  struct varlena* value =
      pg::call([&] { return pg_detoast_datum_slice(reinterpret_cast<struct varlena*>(DatumGetPointer(datum)), 0, static_cast<int32>(bytes)); });
  return {reinterpret_cast<const uint8_t*>(VARDATA_ANY(value)), static_cast<size_t>(VARSIZE_ANY_EXHDR(value))};
}

}  // namespace

Datum pg_cerebro_fit_bundle_transition(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const MemoryContext context = AggregateContext(fcinfo);
    const pg::Args args(fcinfo);
    int64* number = PG_ARGISNULL(0) ? nullptr : static_cast<int64*>(static_cast<void*>(PG_GETARG_POINTER(0)));
    if (number == nullptr) {
      number = pg::call([&] { return static_cast<int64*>(MemoryContextAllocZero(context, sizeof(int64))); });
      *number = segments::BeginRound(args.bytea(1, "request"));
    }
    segments::SegmentRound& round = segments::CurrentRound(*number);
    const int kind = args.int4(2, "kind"), a = args.int4(3, "a"), b = args.int4(4, "b");
    if (kind < static_cast<int>(segments::RowKind::kBuffer)) {
      if (PG_ARGISNULL(kFirstData)) throw Error(ErrorCode::kNullValue, "a piece of a training state is NULL");
      if (kind == static_cast<int>(segments::RowKind::kState)) {
        round.AddState(a, b, ViewLeading(fcinfo, kFirstData, round.StateBytesWanted(a)));
      } else if (!round.KeepsHeader(a)) {
        round.AddHeader(a, View(fcinfo, kFirstData));
      }
    } else if (!round.FeedKept(a, b)) {
      round.Feed(a, b, entry::DataColumns(fcinfo, kFirstData, [&round](size_t column) { return round.MayLack(column); }));
    }
    return PointerGetDatum(number);
  });
}

Datum pg_cerebro_fit_bundle_final(PG_FUNCTION_ARGS) {
  if (PG_ARGISNULL(0)) PG_RETURN_NULL();
  return pg::entry([&]() -> Datum {
    AggregateContext(fcinfo);
    const int64 number = *static_cast<int64*>(static_cast<void*>(PG_GETARG_POINTER(0)));
    segments::CurrentRound(number).Finish();
    return Int64GetDatum(number);
  });
}

namespace {

/// What the calls of one set share; a row lives until the next one is made.
struct Rows {
  TupleDesc desc;
  MemoryContext row_memory;
};

HeapTuple FormRow(const Rows& rows, const segments::RoundRow& row) {
  Datum values[6] = {};
  bool nulls[6] = {};
  const auto bytes = [](const char* data, size_t size) {
    auto* value = static_cast<struct varlena*>(palloc(VARHDRSZ + size));
    SET_VARSIZE(value, VARHDRSZ + size);
    memcpy(VARDATA(value), data, size);
    return PointerGetDatum(value);
  };
  values[0] = Int32GetDatum(row.next_key);
  values[1] = Int32GetDatum(row.model);
  values[2] = Int32GetDatum(row.piece);
  values[3] = Int32GetDatum(row.keep);
  nulls[4] = !row.data;
  if (row.data) values[4] = bytes(row.data->data(), row.data->size());
  nulls[5] = !row.record;
  if (row.record) values[5] = bytes(row.record->data(), row.record->size());
  return heap_form_tuple(rows.desc, values, nulls);
}

/// The next row of the round's result; false at its end.
bool NextRow(FunctionCallInfo fcinfo, FuncCallContext* calls, Datum* result) {
  const int64 number = PG_GETARG_INT64(0);
  auto* rows = static_cast<Rows*>(calls->user_fctx);
  segments::RoundRow row;
  if (!segments::CurrentRound(number).Next(&row)) {
    segments::EndRound(number);
    return false;
  }
  // the row before this one has been sent or stored by now
  *result = pg::call([&] {
    MemoryContextReset(rows->row_memory);
    const MemoryContext before = MemoryContextSwitchTo(rows->row_memory);
    const Datum datum = HeapTupleGetDatum(FormRow(*rows, row));
    MemoryContextSwitchTo(before);
    return datum;
  });
  return true;
}

}  // namespace

Datum pg_cerebro_round_rows(PG_FUNCTION_ARGS) {
  FuncCallContext* calls;
  if (SRF_IS_FIRSTCALL()) {
    calls = SRF_FIRSTCALL_INIT();
    const MemoryContext before = MemoryContextSwitchTo(calls->multi_call_memory_ctx);
    auto* rows = static_cast<Rows*>(palloc0(sizeof(Rows)));
    if (get_call_result_type(fcinfo, nullptr, &rows->desc) != TYPEFUNC_COMPOSITE) elog(ERROR, "the round's row type is missing");
    rows->desc = BlessTupleDesc(rows->desc);
    rows->row_memory = pg::compat::NewMemoryContext(calls->multi_call_memory_ctx, "pg_cerebro round row");
    calls->user_fctx = rows;
    MemoryContextSwitchTo(before);
  }
  calls = SRF_PERCALL_SETUP();
  Datum result = 0;
  const bool more = pg::entry([&] { return NextRow(fcinfo, calls, &result); });
  if (more) SRF_RETURN_NEXT(calls, result);
  SRF_RETURN_DONE(calls);
}

// The head of a state and its first raw piece -> the first piece of its stored form.
Datum pg_cerebro_stored_state(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const auto text = [](base::Bytes bytes) { return std::string_view(reinterpret_cast<const char*>(bytes.data), bytes.size); };
    const std::string_view piece = text(View(fcinfo, 1));
    const std::string head = store::StoredHead(text(View(fcinfo, 0)), piece);
    const std::string_view tensors = piece.substr(engine::kStateCountersBytes);
    return pg::call([&] {
      const size_t size = VARHDRSZ + head.size() + tensors.size();
      auto* value = static_cast<struct varlena*>(palloc(size));
      SET_VARSIZE(value, size);
      memcpy(VARDATA(value), head.data(), head.size());
      memcpy(VARDATA(value) + head.size(), tensors.data(), tensors.size());
      return PointerGetDatum(value);
    });
  });
}

// Pieces of one state in stored form, in order -> its weights in Keras's order; NULL where they are too large for a
// column.
Datum pg_cerebro_state_weights_transition(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const MemoryContext context = AggregateContext(fcinfo);
    auto* weights = PG_ARGISNULL(0) ? pg::NewIn<store::StateWeights>(context)
                                    : static_cast<store::StateWeights*>(static_cast<void*>(PG_GETARG_POINTER(0)));
    if (!PG_ARGISNULL(1)) weights->Add(View(fcinfo, 1));
    return PointerGetDatum(weights);
  });
}

Datum pg_cerebro_state_weights_final(PG_FUNCTION_ARGS) {
  if (PG_ARGISNULL(0)) PG_RETURN_NULL();
  std::optional<Datum> result;
  pg::entry([&] {
    AggregateContext(fcinfo);
    const auto bytes = static_cast<store::StateWeights*>(static_cast<void*>(PG_GETARG_POINTER(0)))->Take();
    if (bytes) result = pg::ByteaDatum(*bytes);
  });
  if (!result) PG_RETURN_NULL();
  return *result;
}

Datum pg_cerebro_segment_report(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum { return pg::TextDatum(segments::SegmentReport()); });
}

Datum pg_cerebro_system_identifier(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum { PG_RETURN_INT64(pg::CurrentRole().system); });
}
