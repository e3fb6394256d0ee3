// Rows of a set-returning function, materialised in one tuple store.
#include "pg/result_rows.hpp"

#include <algorithm>

#include "pg/args.hpp"
#include "pg/datum.hpp"

extern "C" {
#include "utils/tuplestore.h"
}

namespace pg {
namespace {

using Cells = std::vector<std::optional<std::string>>;

struct Column {
  Oid type;
  int32 typmod;
  Oid io_param;
  FmgrInfo input;
};

struct Store {
  TupleDesc desc;
  Tuplestorestate* store;
};

struct Sink {
  TupleDesc desc;
  Tuplestorestate* store;
  Column* columns;
  MemoryContext row_memory;
};

/// The function's result type: a row type, or one column for SETOF a scalar.
TupleDesc ResultDesc(FunctionCallInfo fcinfo, const ReturnSetInfo* info) {
  TupleDesc desc = nullptr;
  Oid type = InvalidOid;
  switch (get_call_result_type(fcinfo, &type, &desc)) {
    case TYPEFUNC_COMPOSITE:
      return CreateTupleDescCopy(desc);
    case TYPEFUNC_SCALAR:
      desc = compat::NewTupleDesc(1);
      TupleDescInitEntry(desc, 1, "result", type, -1, 0);
      return desc;
    default:
      if (info->expectedDesc != nullptr) return CreateTupleDescCopy(info->expectedDesc);
      ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                      errmsg("function returning record called in a context that cannot accept type record")));
  }
  return nullptr;
}

Store OpenStore(FunctionCallInfo fcinfo) {
  auto* info = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  if (info == nullptr || !IsA(info, ReturnSetInfo) || (info->allowedModes & SFRM_Materialize) == 0) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("set-valued function called in a context that cannot accept a set")));
  }
  const MemoryContext before = MemoryContextSwitchTo(info->econtext->ecxt_per_query_memory);
  Store store;
  store.desc = ResultDesc(fcinfo, info);
  store.store = tuplestore_begin_heap((info->allowedModes & SFRM_Materialize_Random) != 0, false, work_mem);
  info->returnMode = SFRM_Materialize;
  info->setResult = store.store;
  info->setDesc = store.desc;
  MemoryContextSwitchTo(before);
  return store;
}

Sink OpenSink(FunctionCallInfo fcinfo) {
  const Store store = OpenStore(fcinfo);
  Sink sink;
  sink.desc = store.desc;
  sink.store = store.store;
  sink.columns = static_cast<Column*>(palloc0(sizeof(Column) * static_cast<size_t>(sink.desc->natts)));
  for (int i = 0; i < sink.desc->natts; i++) {
    const Form_pg_attribute attribute = compat::Attribute(sink.desc, i);
    Oid input;
    sink.columns[i].type = attribute->atttypid;
    sink.columns[i].typmod = attribute->atttypmod;
    getTypeInputInfo(attribute->atttypid, &input, &sink.columns[i].io_param);
    fmgr_info(input, &sink.columns[i].input);
  }
  sink.row_memory = compat::NewMemoryContext(CurrentMemoryContext, "pg_cerebro result row");
  return sink;
}

void PutRow(const Sink& sink, const Cells& cells) {
  MemoryContextReset(sink.row_memory);
  const MemoryContext before = MemoryContextSwitchTo(sink.row_memory);
  const auto columns = static_cast<size_t>(sink.desc->natts);
  auto* values = static_cast<Datum*>(palloc0(sizeof(Datum) * columns));
  auto* nulls = static_cast<bool*>(palloc0(sizeof(bool) * columns));
  for (size_t i = 0; i < columns; i++) {
    Column& column = sink.columns[i];
    nulls[i] = !cells[i].has_value();
    if (nulls[i]) continue;
    const std::string& cell = *cells[i];
    if (column.type == BYTEAOID) {
      values[i] = RawVarlena(cell);
    } else {
      pg_verifymbstr(cell.data(), static_cast<int>(cell.size()), false);
      values[i] = InputFunctionCall(&column.input, const_cast<char*>(cell.c_str()), column.io_param, column.typmod);
    }
  }
  tuplestore_putvalues(sink.store, sink.desc, values, nulls);
  MemoryContextSwitchTo(before);
}

}  // namespace

ResultRows::ResultRows(FunctionCallInfo fcinfo) {
  const Store store = call([&] { return OpenStore(fcinfo); });
  desc_ = store.desc;
  store_ = store.store;
}

void ResultRows::Put(Datum* values, bool* nulls) { tuplestore_putvalues(static_cast<Tuplestorestate*>(store_), desc_, values, nulls); }

namespace {

// More is right, too: new columns come last, and a database that has not been updated yet declares only the first ones.
void RequireColumns(const Sink& sink, const std::vector<Cells>& rows) {
  for (const Cells& row : rows) {
    if (row.size() >= static_cast<size_t>(sink.desc->natts)) continue;
    throw base::Error(base::ErrorCode::kInternal, "a result row has " + std::to_string(row.size()) + " columns instead of " +
                                                      std::to_string(sink.desc->natts));
  }
}

}  // namespace

void ReturnRows(FunctionCallInfo fcinfo, const std::vector<Cells>& rows) {
  RowsSink sink(fcinfo);
  sink.Add(rows);
}

RowsSink::RowsSink(FunctionCallInfo fcinfo) {
  Sink* sink = call([&] {
    auto* made = static_cast<Sink*>(palloc(sizeof(Sink)));
    *made = OpenSink(fcinfo);
    return made;
  });
  sink_ = sink;
}

// The memory of a row goes with the function's.
void RowsSink::Add(const std::vector<Cells>& rows) {
  const Sink& sink = *static_cast<Sink*>(sink_);
  RequireColumns(sink, rows);
  call([&] {
    for (const Cells& row : rows) PutRow(sink, row);
  });
}

}  // namespace pg
