// Names of Apache MADlib's functions in the schema cerebro: each raises an error that names what to call instead.
#include <algorithm>
#include <iterator>
#include <string>

#include "base/error.hpp"
#include "pg/guard.hpp"

extern "C" {
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(pg_cerebro_madlib_name);
}

namespace {

struct Counterpart {
  const char* name;
  const char* instead;
};

constexpr Counterpart kCounterparts[] = {
    {"load_keras_model", "cerebro.load_model()"},
    {"delete_keras_model", "cerebro.delete_model()"},
    {"madlib_keras_fit", "cerebro.fit_multiple_model(), with one row in the model selection table"},
    {"madlib_keras_fit_multiple_model", "cerebro.fit_multiple_model()"},
    {"madlib_keras_evaluate", "cerebro.evaluate()"},
    {"madlib_keras_predict", "cerebro.predict()"},
    {"madlib_keras_predict_byom", "cerebro.import_weights() and cerebro.fit_multiple_model()"},
    {"madlib_keras_automl", "cerebro.search()"},
    {"hyperband_schedule", "cerebro.search() with the policy hyperband"},
    {"load_custom_function", "cerebro.torchscript()"},
    {"delete_custom_function", "cerebro.torchscript() in compile_params: nothing is stored"},
    {"load_top_k_accuracy_function", "the metric 'top_<k>_accuracy'"},
};

}  // namespace

Datum pg_cerebro_madlib_name(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const Oid function = fcinfo->flinfo->fn_oid;
    const std::string name = pg::call([&] { return get_func_name(function); });
    const auto* found = std::find_if(std::begin(kCounterparts), std::end(kCounterparts), [&name](const Counterpart& c) { return name == c.name; });
    const std::string instead = found == std::end(kCounterparts) ? "another function" : found->instead;
    throw base::Error(base::ErrorCode::kFeatureNotSupported, "there is no function \"" + name + "\" in the schema cerebro",
                      "It is a function of Apache MADlib.",
                      "Use " + instead + ", or CREATE EXTENSION pg_cerebro_madlib and call it in the schema madlib.");
  });
}
