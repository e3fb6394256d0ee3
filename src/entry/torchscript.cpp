// Losses and metrics that are functions of TorchScript.

#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "store/torchscript.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_torchscript);
PG_FUNCTION_INFO_V1(pg_cerebro_torchscript_source);
}

Datum pg_cerebro_torchscript(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    return pg::TextDatum(store::TorchScriptCall(args.text(0, "name"), args.bytea(1, "object")));
  });
}

Datum pg_cerebro_torchscript_source(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    return pg::TextDatum(store::TorchScriptCall(args.text(0, "name"), args.text(1, "source")));
  });
}
