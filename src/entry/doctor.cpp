// The facts that cerebro.doctor() judges, and versions.
#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "run/doctor.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_server_facts);
PG_FUNCTION_INFO_V1(pg_cerebro_library_versions);
}

Datum pg_cerebro_server_facts(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    pg::ReturnRows(fcinfo, {run::ServerFacts()});
    return Datum{0};
  });
}

Datum pg_cerebro_library_versions(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    pg::ReturnRows(fcinfo, {run::LibraryVersions()});
    return Datum{0};
  });
}
