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

constexpr int kFirstData = 5;   // internal, request, kind, a, b, data...
constexpr int kRowColumns = 6;  // of cerebro._round_row: next_key, model, piece, keep, data, record

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
  char* piece_row;  // memory of rows with a piece of a state, kept from one to the next: pages that are taken anew cost as much as the copy
  size_t piece_row_bytes;
};

struct varlena* FillBytes(char* to, const char* data, size_t size) {
  auto* value = static_cast<struct varlena*>(static_cast<void*>(to));
  SET_VARSIZE(value, VARHDRSZ + size);
  memcpy(VARDATA(value), data, size);
  return value;
}

// A row without a piece.
HeapTupleHeader FormRow(const Rows& rows, const segments::RoundRow& row) {
  Datum values[kRowColumns] = {};
  bool nulls[kRowColumns] = {};
  values[0] = Int32GetDatum(row.next_key);
  values[1] = Int32GetDatum(row.model);
  values[2] = Int32GetDatum(row.piece);
  values[3] = Int32GetDatum(row.keep);
  nulls[4] = true;
  nulls[5] = !row.record;
  if (row.record) {
    char* memory = static_cast<char*>(palloc(VARHDRSZ + row.record->size()));
    values[5] = PointerGetDatum(FillBytes(memory, row.record->data(), row.record->size()));
  }
  return heap_form_tuple(rows.desc, values, nulls)->t_data;
}

// As heap_form_tuple would, which zeroes the whole row before it copies the piece, and wants a copy of it to begin with.
HeapTupleHeader FormPieceRow(Rows* rows, const segments::RoundRow& row) {
  const size_t nulls = row.record ? 0 : BITMAPLEN(kRowColumns);
  const size_t begin = MAXALIGN(offsetof(HeapTupleHeaderData, t_bits) + nulls);
  const int32 numbers[] = {row.next_key, row.model, row.piece, row.keep};
  const size_t piece = begin + sizeof(numbers), piece_end = piece + VARHDRSZ + row.data->size();
  const size_t record = INTALIGN(piece_end), size = row.record ? record + VARHDRSZ + row.record->size() : piece_end;
  if (rows->piece_row_bytes < size) {
    if (rows->piece_row != nullptr) pfree(rows->piece_row);
    rows->piece_row = nullptr;
    rows->piece_row_bytes = 0;
    rows->piece_row = static_cast<char*>(palloc(size));
    rows->piece_row_bytes = size;
  }
  char* memory = rows->piece_row;
  memset(memory, 0, begin);
  memcpy(memory + begin, numbers, sizeof(numbers));
  FillBytes(memory + piece, row.data->data(), row.data->size());
  auto* header = static_cast<HeapTupleHeader>(static_cast<void*>(memory));
  if (row.record) {
    memset(memory + piece_end, 0, record - piece_end);
    FillBytes(memory + record, row.record->data(), row.record->size());
  } else {
    header->t_bits[0] = (1 << (kRowColumns - 1)) - 1;  // all but the last one are there
    header->t_infomask |= HEAP_HASNULL;
  }
  header->t_infomask |= HEAP_HASVARWIDTH;
  header->t_hoff = static_cast<uint8>(begin);
  HeapTupleHeaderSetNatts(header, kRowColumns);
  HeapTupleHeaderSetDatumLength(header, size);
  HeapTupleHeaderSetTypeId(header, rows->desc->tdtypeid);
  HeapTupleHeaderSetTypMod(header, rows->desc->tdtypmod);
  return header;
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
    const MemoryContext before = MemoryContextSwitchTo(row.data ? calls->multi_call_memory_ctx : rows->row_memory);
    HeapTupleHeader header = row.data ? FormPieceRow(rows, row) : FormRow(*rows, row);
    MemoryContextSwitchTo(before);
    return PointerGetDatum(header);
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
