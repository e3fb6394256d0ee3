// The aggregate of column statistics, called once a row, and describe. The work is in src/pack and src/data.
#include <string>

#include "data/column_description.hpp"
#include "data/packed_table.hpp"
#include "entry/pack_row_reader.hpp"
#include "pack/column_statistics.hpp"
#include "pg/args.hpp"
#include "pg/own.hpp"
#include "store/registered_name.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_column_statistics_transition);
PG_FUNCTION_INFO_V1(pg_cerebro_column_statistics_combine);
PG_FUNCTION_INFO_V1(pg_cerebro_column_statistics_serialize);
PG_FUNCTION_INFO_V1(pg_cerebro_column_statistics_deserialize);
PG_FUNCTION_INFO_V1(pg_cerebro_column_statistics_final);
PG_FUNCTION_INFO_V1(pg_cerebro_describe);
}

namespace {

MemoryContext AggregateContext(FunctionCallInfo fcinfo) {
  MemoryContext context = nullptr;
  if (AggCheckCallContext(fcinfo, &context) == 0) {
    throw base::Error(base::ErrorCode::kInvalidParameter, "this function can be called by its aggregate only");
  }
  return context;
}

pack::Statistics* StatisticsArgument(FunctionCallInfo fcinfo, int n) {
  return PG_ARGISNULL(n) ? nullptr : static_cast<pack::Statistics*>(static_cast<void*>(PG_GETARG_POINTER(n)));
}

}  // namespace

Datum pg_cerebro_column_statistics_transition(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const MemoryContext context = AggregateContext(fcinfo);
    FmgrInfo* info = fcinfo->flinfo;
    if (info->fn_extra == nullptr) info->fn_extra = pg::NewIn<entry::RowReader>(info->fn_mcxt);
    pack::Statistics* statistics = StatisticsArgument(fcinfo, 0);
    if (statistics == nullptr) {
      statistics =
          pg::NewIn<pack::Statistics>(context, pack::StatisticsRequest::Read(pg::Args(fcinfo).bytea(1, "request")));
    }
    statistics->Add(static_cast<entry::RowReader*>(info->fn_extra)->Read(fcinfo, 2, 0));
    return PointerGetDatum(statistics);
  });
}

Datum pg_cerebro_column_statistics_combine(PG_FUNCTION_ARGS) {
  if (PG_ARGISNULL(0) && PG_ARGISNULL(1)) PG_RETURN_NULL();
  return pg::entry([&]() -> Datum {
    const MemoryContext context = AggregateContext(fcinfo);
    pack::Statistics* statistics = StatisticsArgument(fcinfo, 0);
    const pack::Statistics* other = StatisticsArgument(fcinfo, 1);
    if (statistics == nullptr) return PointerGetDatum(pg::NewIn<pack::Statistics>(context, *other));
    if (other != nullptr) statistics->Merge(*other);
    return PointerGetDatum(statistics);
  });
}

Datum pg_cerebro_column_statistics_serialize(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    AggregateContext(fcinfo);
    return pg::ByteaDatum(StatisticsArgument(fcinfo, 0)->Write());
  });
}

Datum pg_cerebro_column_statistics_deserialize(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    AggregateContext(fcinfo);
    return PointerGetDatum(pg::NewIn<pack::Statistics>(
        CurrentMemoryContext, pack::Statistics::Read(pg::Args(fcinfo).bytea(0, "statistics"))));
  });
}

Datum pg_cerebro_column_statistics_final(PG_FUNCTION_ARGS) {
  if (PG_ARGISNULL(0)) PG_RETURN_NULL();
  return pg::entry([&]() -> Datum {
    AggregateContext(fcinfo);
    return pg::ByteaDatum(StatisticsArgument(fcinfo, 0)->Write());
  });
}

Datum pg_cerebro_describe(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const std::string packed = pg::Args(fcinfo).text(0, "packed_table");
    store::RefuseRegistered(packed, "cerebro.describe()", true);
    pg::ReturnRows(fcinfo, data::DescribeColumns(data::OpenAnyPackedTable(packed, "packed_table")));
    return Datum{0};
  });
}
