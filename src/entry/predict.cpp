// Prediction: one function a type of pred_type.

#include <string>
#include <utility>

#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "score/predict.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_predict);
PG_FUNCTION_INFO_V1(pg_cerebro_predict_rank);
PG_FUNCTION_INFO_V1(pg_cerebro_predict_above);
}

namespace {

constexpr int kPredType = 5;

void Predict(const pg::Args& args, score::PredictType pred_type) {
  score::PredictRequest request;
  request.model_table = args.text(0, "model_table");
  request.test_table = args.text(1, "test_table");
  request.id_col = args.text(2, "id_col");
  request.independent_varname = args.text(3, "independent_varname");
  request.output_table = args.text(4, "output_table");
  request.pred_type = std::move(pred_type);
  request.use_gpus = args.boolean(6, false);
  request.mst_key = args.opt_whole(7, "mst_key");
  score::Predict(request);
}

}  // namespace

// A pred_type of NULL means 'prob', whatever its type.

Datum pg_cerebro_predict(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    Predict(args, args.opt_text(kPredType).value_or("prob"));
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_predict_rank(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    const auto rank = args.opt_int4(kPredType);
    Predict(args, rank ? score::PredictType(*rank) : score::PredictType(std::string("prob")));
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_predict_above(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    const auto above = args.opt_float8(kPredType);
    Predict(args, above ? score::PredictType(*above) : score::PredictType(std::string("prob")));
    PG_RETURN_VOID();
  });
}
