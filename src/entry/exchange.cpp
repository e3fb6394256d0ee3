// Weights and models as files of other programs.

#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "pg/large_object.hpp"
#include "store/exchange.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_import_weights);
PG_FUNCTION_INFO_V1(pg_cerebro_import_weights_lo);
PG_FUNCTION_INFO_V1(pg_cerebro_import_model);
PG_FUNCTION_INFO_V1(pg_cerebro_import_model_lo);
PG_FUNCTION_INFO_V1(pg_cerebro_export_model);
PG_FUNCTION_INFO_V1(pg_cerebro_export_model_lo);
}

namespace {

std::string ReadFileObject(const pg::Args& args, int i) {
  if (args.is_null(i)) throw base::Error(base::ErrorCode::kNullValue, "argument data must not be NULL", "",
                                              "Give the oid of a large object.");
  return pg::ReadLargeObject(DatumGetObjectId(args.datum(i)), store::kMostFileBytes);
}

void ImportWeights(const pg::Args& args, std::string file) {
  store::ImportRequest request;
  request.model_arch_table = args.text(0, "model_arch_table");
  request.file = std::move(file);
  request.format = args.opt_text(3);
  request.naming = args.opt_text(4).value_or(request.naming);
  request.names = args.opt_text(5);
  store::ImportWeights(request, args.int4(1, "model_id"));
}

int ImportModel(const pg::Args& args, std::string file) {
  store::ImportRequest request;
  request.model_arch_table = args.text(0, "model_arch_table");
  request.file = std::move(file);
  request.format = args.opt_text(2);
  return store::ImportModel(request, args.opt_text(3), args.opt_text(4));
}

std::string ExportModel(const pg::Args& args) {
  store::ExportRequest request;
  request.model_table = args.text(0, "model_table");
  request.mst_key = args.opt_int4(1);
  request.format = args.opt_text(2).value_or(request.format);
  request.naming = args.opt_text(3).value_or(request.naming);
  request.model_id = args.opt_int4(4);
  return store::ExportModel(request);
}

}  // namespace

Datum pg_cerebro_import_weights(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    ImportWeights(args, args.bytea(2, "data"));
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_import_weights_lo(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    ImportWeights(args, ReadFileObject(args, 2));
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_import_model(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    return Int32GetDatum(ImportModel(args, args.bytea(1, "data")));
  });
}

Datum pg_cerebro_import_model_lo(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    return Int32GetDatum(ImportModel(args, ReadFileObject(args, 1)));
  });
}

Datum pg_cerebro_export_model(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const std::string file = ExportModel(pg::Args(fcinfo));
    if (file.size() > MaxAllocSize - VARHDRSZ) {
      throw base::Error(base::ErrorCode::kLimitExceeded, "the file has " + std::to_string(file.size()) + " bytes, more than a bytea can have",
                        {}, "Write it to a large object by cerebro.export_model_lo().");
    }
    return pg::ByteaDatum(file);
  });
}

Datum pg_cerebro_export_model_lo(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum { return ObjectIdGetDatum(pg::CreateLargeObject(ExportModel(pg::Args(fcinfo)))); });
}
