// The aggregate that segments run over the rows of each group (segments/group_round.hpp).
#include "entry/data_columns.hpp"
#include "pg/args.hpp"
#include "segments/group_round.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/executor.h"

PG_FUNCTION_INFO_V1(pg_cerebro_train_group_transition);
PG_FUNCTION_INFO_V1(pg_cerebro_train_group_final);

static void WindowEnds(Datum) { segments::EndWindow(); }
}

namespace {

using base::Error;
using base::ErrorCode;

constexpr int kFirstData = 6;  // internal, request, group_id, kind, partition_id, buffer_id, data...

/// Lies in the aggregate's memory.
struct GroupInProgress {
  int64 number;
  int64 group_id;
};

MemoryContext AggregateContext(FunctionCallInfo fcinfo) {
  MemoryContext context = nullptr;
  if (AggCheckCallContext(fcinfo, &context) != AGG_CONTEXT_AGGREGATE) {
    throw Error(ErrorCode::kInvalidParameter, "this function can be called by its aggregate only");
  }
  return context;
}

// The executor calls back when it ends the statement here, whatever other segments do. A context of our own: those of the
// aggregate are ended with each group.
void TellWhenWindowEnds(FunctionCallInfo fcinfo) {
  pg::call([&] {
    EState* const state = reinterpret_cast<AggState*>(fcinfo->context)->ss.ps.state;
    RegisterExprContextCallback(CreateExprContext(state), WindowEnds, Datum{0});
  });
}

}  // namespace

Datum pg_cerebro_train_group_transition(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const MemoryContext context = AggregateContext(fcinfo);
    const pg::Args args(fcinfo);
    auto* group = PG_ARGISNULL(0) ? nullptr : static_cast<GroupInProgress*>(static_cast<void*>(PG_GETARG_POINTER(0)));
    if (group == nullptr) {
      group = pg::call([&] { return static_cast<GroupInProgress*>(MemoryContextAllocZero(context, sizeof(GroupInProgress))); });
      group->group_id = args.opt_int8(2).value_or(0);
      const segments::BegunGroup begun = segments::BeginGroup(args.bytea(1, "request"), group->group_id);
      if (begun.new_window) TellWhenWindowEnds(fcinfo);
      group->number = begun.number;
    }
    const auto kind = static_cast<segments::GroupRowKind>(args.int4(3, "kind"));
    segments::AddGroupBuffer(group->number, kind, args.int4(4, "partition_id"), args.int4(5, "buffer_id"),
                             [&] { return entry::DataColumns(fcinfo, kFirstData, [](size_t) { return true; }); });
    return PointerGetDatum(group);
  });
}

Datum pg_cerebro_train_group_final(PG_FUNCTION_ARGS) {
  if (PG_ARGISNULL(0)) PG_RETURN_NULL();
  return pg::entry([&]() -> Datum {
    AggregateContext(fcinfo);
    const auto* group = static_cast<GroupInProgress*>(static_cast<void*>(PG_GETARG_POINTER(0)));
    return pg::ByteaDatum(segments::TrainGroup(group->number));
  });
}
