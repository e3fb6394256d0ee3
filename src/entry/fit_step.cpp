// The fit_step aggregate: transition and final functions. The C++ state belongs to the aggregate's memory context and goes with it,
// on success, error and cancel alike.
#include <memory>
#include <string>
#include <vector>

#include "entry/data_columns.hpp"
#include "pg/args.hpp"
#include "pg/own.hpp"
#include "train/fit_step.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(pg_cerebro_fit_step_transition);
PG_FUNCTION_INFO_V1(pg_cerebro_fit_step_visit_transition);
PG_FUNCTION_INFO_V1(pg_cerebro_fit_step_final);
PG_FUNCTION_INFO_V1(pg_cerebro_init_state);
PG_FUNCTION_INFO_V1(pg_cerebro_state_tensors);
}

namespace {

using base::Error;
using base::ErrorCode;

constexpr int kFirstData = 4;  // transition arguments: internal, state, partition_id, buffer_id, data...

struct Holder {
  std::unique_ptr<train::FitStep> pass;
};

MemoryContext AggregateContext(FunctionCallInfo fcinfo) {
  MemoryContext context = nullptr;
  const int kind = AggCheckCallContext(fcinfo, &context);
  if (kind == AGG_CONTEXT_WINDOW) {
    throw Error(ErrorCode::kFeatureNotSupported, "fit_step cannot be used as a window function", "Its final function changes the state.",
                "Call it as a plain aggregate, without OVER.");
  }
  if (kind != AGG_CONTEXT_AGGREGATE) {
    throw Error(ErrorCode::kInvalidParameter, "this function can be called by its aggregate only", "", "Call cerebro.fit_step.");
  }
  return context;
}

template <typename MakePass>
Datum Transition(FunctionCallInfo fcinfo, MakePass make_pass) {
  const MemoryContext context = AggregateContext(fcinfo);
  Holder* holder = PG_ARGISNULL(0) ? nullptr : static_cast<Holder*>(static_cast<void*>(PG_GETARG_POINTER(0)));
  const pg::Args args(fcinfo);
  if (holder == nullptr) {
    holder = pg::NewIn<Holder>(context);
    holder->pass = make_pass(args);
  }
  const int partition_id = args.int4(2, "partition_id"), buffer_id = args.int4(3, "buffer_id");
  // the data columns of a row are pointers to the stored values: they are fetched only when the run does not have them yet
  if (!holder->pass->FeedKept(partition_id, buffer_id)) {
    const train::FitStep& pass = *holder->pass;
    const auto may_lack = [&pass](size_t column) { return pass.MayLack(column); };
    holder->pass->Feed(partition_id, buffer_id, entry::DataColumns(fcinfo, kFirstData, may_lack));
  }
  return PointerGetDatum(holder);
}

}  // namespace

Datum pg_cerebro_fit_step_transition(PG_FUNCTION_ARGS) {
  return pg::entry([&] {
    return Transition(fcinfo, [](const pg::Args& args) { return std::make_unique<train::FitStep>(std::string_view(args.bytea(1, "state"))); });
  });
}

Datum pg_cerebro_fit_step_visit_transition(PG_FUNCTION_ARGS) {
  return pg::entry(
      [&] { return Transition(fcinfo, [](const pg::Args& args) { return std::make_unique<train::FitStep>(args.int4(1, "visit_id")); }); });
}

Datum pg_cerebro_fit_step_final(PG_FUNCTION_ARGS) {
  if (PG_ARGISNULL(0)) PG_RETURN_NULL();  // no rows: no pass
  return pg::entry([&]() -> Datum {
    AggregateContext(fcinfo);
    auto* holder = static_cast<Holder*>(static_cast<void*>(PG_GETARG_POINTER(0)));
    if (holder->pass == nullptr) {
      throw Error(ErrorCode::kInvalidParameter, "the result of fit_step can be taken once only", "Its final function hands the state on.");
    }
    const std::unique_ptr<train::FitStep> pass = std::move(holder->pass);
    const std::string state = pass->Finish();
    if (state.size() > MaxAllocSize - VARHDRSZ) {
      throw Error(ErrorCode::kLimitExceeded,
                  "the training state has " + std::to_string(state.size()) + " bytes, a bytea holds at most 1 GB", "",
                  "Train models of this size by cerebro.fit_multiple_model().");
    }
    return pg::ByteaDatum(state);
  });
}

Datum pg_cerebro_init_state(PG_FUNCTION_ARGS) {
  return pg::entry([&] {
    const pg::Args args(fcinfo);
    const auto seed = static_cast<uint64_t>(args.opt_int8(5).value_or(0));
    const auto stream = static_cast<uint64_t>(static_cast<int64_t>(args.opt_whole(6, "stream").value_or(0)));
    return pg::ByteaDatum(train::InitialState(args.text(0, "model_arch_table"), args.whole(1, "model_id"), args.text(2, "compile_params"),
                                            args.opt_text(3).value_or(""), args.text(4, "source_table"), seed, stream));
  });
}

Datum pg_cerebro_state_tensors(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    pg::ReturnRows(fcinfo, train::StateTensors(args.bytea(0, "state")));
    return Datum{0};
  });
}
