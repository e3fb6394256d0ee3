// The report of a run, curves in characters, and what columns are worth to a model.

#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "score/importance.hpp"
#include "score/report.hpp"
#include "store/registered_name.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_report);
PG_FUNCTION_INFO_V1(pg_cerebro_learning_curve_text);
PG_FUNCTION_INFO_V1(pg_cerebro_feature_importance);
}

Datum pg_cerebro_report(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const std::string run = pg::Args(fcinfo).text(0, "model_output_table");
    store::RefuseRegistered(run, "cerebro.report()", false);
    return pg::TextDatum(score::Report(run));
  });
}

Datum pg_cerebro_learning_curve_text(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    score::CurveTextRequest request;
    request.model_output_table = args.text(0, "model_output_table");
    request.mst_key = args.opt_whole(1, "mst_key");
    request.metric = args.opt_text(2);
    request.width = args.opt_int8(3).value_or(request.width);
    request.height = args.opt_int8(4).value_or(request.height);
    pg::ReturnRows(fcinfo, score::LearningCurveText(request));
    return Datum{0};
  });
}

Datum pg_cerebro_feature_importance(PG_FUNCTION_ARGS) {
  constexpr int64_t kDefaultRepeats = 5;
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    pg::ReturnRows(fcinfo, score::FeatureImportance(args.text(0, "model_table"), args.text(1, "test_table"), args.opt_whole(2, "mst_key"),
                                                    args.opt_int8(3).value_or(kDefaultRepeats), args.opt_int8(4).value_or(0)));
    return Datum{0};
  });
}
