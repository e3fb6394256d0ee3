// The aggregate average_states, called once a state, and what else is asked of a state.
#include <string>

#include "pg/args.hpp"
#include "pg/own.hpp"
#include "store/training_state.hpp"
#include "train/state_average.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_average_states_transition);
PG_FUNCTION_INFO_V1(pg_cerebro_average_states_combine);
PG_FUNCTION_INFO_V1(pg_cerebro_average_states_serialize);
PG_FUNCTION_INFO_V1(pg_cerebro_average_states_deserialize);
PG_FUNCTION_INFO_V1(pg_cerebro_average_states_final);
PG_FUNCTION_INFO_V1(pg_cerebro_state_weights);
PG_FUNCTION_INFO_V1(pg_cerebro_state_has_diverged);
}

namespace {

using train::StateAverage;

MemoryContext AggregateContext(FunctionCallInfo fcinfo) {
  MemoryContext context = nullptr;
  if (AggCheckCallContext(fcinfo, &context) == 0) {
    throw base::Error(base::ErrorCode::kInvalidParameter, "this function can be called by its aggregate only");
  }
  return context;
}

StateAverage* AverageArgument(FunctionCallInfo fcinfo, int n) {
  return PG_ARGISNULL(n) ? nullptr : static_cast<StateAverage*>(static_cast<void*>(PG_GETARG_POINTER(n)));
}

Datum AverageDatum(StateAverage* average) { return PointerGetDatum(average); }

}  // namespace

Datum pg_cerebro_average_states_transition(PG_FUNCTION_ARGS) {
  if (PG_ARGISNULL(1) && PG_ARGISNULL(0)) PG_RETURN_NULL();
  return pg::entry([&]() -> Datum {
    const MemoryContext context = AggregateContext(fcinfo);
    StateAverage* average = AverageArgument(fcinfo, 0);
    if (PG_ARGISNULL(1)) return AverageDatum(average);  // of no rows
    if (average == nullptr) average = pg::NewIn<StateAverage>(context);
    const pg::Args args(fcinfo);
    average->Add(args.bytea(1, "state"), args.opt_float8(2).value_or(0));
    return AverageDatum(average);
  });
}

Datum pg_cerebro_average_states_combine(PG_FUNCTION_ARGS) {
  if (PG_ARGISNULL(0) && PG_ARGISNULL(1)) PG_RETURN_NULL();
  return pg::entry([&]() -> Datum {
    const MemoryContext context = AggregateContext(fcinfo);
    StateAverage* average = AverageArgument(fcinfo, 0);
    const StateAverage* other = AverageArgument(fcinfo, 1);
    if (average == nullptr) return AverageDatum(pg::NewIn<StateAverage>(context, *other));
    if (other != nullptr) average->Merge(*other);
    return AverageDatum(average);
  });
}

Datum pg_cerebro_average_states_serialize(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    AggregateContext(fcinfo);
    return pg::ByteaDatum(AverageArgument(fcinfo, 0)->Write());
  });
}

Datum pg_cerebro_average_states_deserialize(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    AggregateContext(fcinfo);
    return AverageDatum(pg::NewIn<StateAverage>(CurrentMemoryContext, StateAverage::Read(pg::Args(fcinfo).bytea(0, "sums"))));
  });
}

Datum pg_cerebro_average_states_final(PG_FUNCTION_ARGS) {
  if (PG_ARGISNULL(0)) PG_RETURN_NULL();
  return pg::entry([&]() -> Datum {
    AggregateContext(fcinfo);
    return pg::ByteaDatum(AverageArgument(fcinfo, 0)->Finish());
  });
}

Datum pg_cerebro_state_weights(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum { return pg::ByteaDatum(train::WeightsOfState(pg::Args(fcinfo).bytea(0, "state"))); });
}

Datum pg_cerebro_state_has_diverged(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const std::string state = pg::Args(fcinfo).bytea(0, "state");
    return BoolGetDatum(store::StateView(state).header().diverged_step != 0);
  });
}
