// Architecture tables and model selection tables.

#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "store/architectures.hpp"
#include "store/selection_table.hpp"
#include "store/variants.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_load_model);
PG_FUNCTION_INFO_V1(pg_cerebro_delete_model);
PG_FUNCTION_INFO_V1(pg_cerebro_load_model_selection_table);
PG_FUNCTION_INFO_V1(pg_cerebro_generate_model_configs);
PG_FUNCTION_INFO_V1(pg_cerebro_freeze_variants);
PG_FUNCTION_INFO_V1(pg_cerebro_adapter_variants);
}

namespace {

// first: the position of head; hidden, classes and head_on follow it.
store::VariantRequest ReadVariantRequest(const pg::Args& args, int first) {
  store::VariantRequest request;
  request.model_arch_table = args.text(0, "model_arch_table");
  request.model_id = args.int4(1, "model_id");
  request.head.layers = args.opt_text(first);
  request.head.hidden = args.opt_int4_array(first + 1, "hidden");
  request.head.classes = args.opt_int4(first + 2);
  request.head.on = args.opt_text(first + 3);
  return request;
}

}  // namespace

Datum pg_cerebro_load_model(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    return Int32GetDatum(store::LoadModel(args.text(0, "model_arch_table"), args.text(1, "model_arch"), args.opt_bytea(2), args.opt_text(3),
                                        args.opt_text(4)));
  });
}

Datum pg_cerebro_delete_model(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    store::DeleteModel(args.text(0, "model_arch_table"), args.whole(1, "model_id"));
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_load_model_selection_table(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    store::LoadModelSelectionTable(args.text(0, "model_arch_table"), args.text(1, "model_selection_table"),
                                 args.int4_array(2, "model_id_list"), args.text_array(3, "compile_params_list"),
                                 args.text_array(4, "fit_params_list"));
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_generate_model_configs(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    store::GridRequest request;
    request.model_arch_table = args.text(0, "model_arch_table");
    request.model_selection_table = args.text(1, "model_selection_table");
    request.model_id_list = args.int4_array(2, "model_id_list");
    request.compile_params_grid = args.text(3, "compile_params_grid");
    request.fit_params_grid = args.text(4, "fit_params_grid");
    request.search_type = args.opt_text(5).value_or("grid");
    request.num_configs = args.opt_whole(6, "num_configs");
    request.random_state = args.opt_whole(7, "random_state");
    store::GenerateModelConfigs(request);
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_freeze_variants(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    pg::ReturnRows(fcinfo, store::FreezeVariants(ReadVariantRequest(args, 3), args.text_array(2, "layers"), args.boolean(7, false)));
    return Datum{0};
  });
}

Datum pg_cerebro_adapter_variants(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    pg::ReturnRows(fcinfo, store::AdapterVariants(ReadVariantRequest(args, 4), args.text_array(2, "layers"), args.int4_array(3, "sizes")));
    return Datum{0};
  });
}
