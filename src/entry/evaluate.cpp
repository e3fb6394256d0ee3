// Scoring and reports over a finished run.

#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "run/evaluate.hpp"
#include "score/reports.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_evaluate);
PG_FUNCTION_INFO_V1(pg_cerebro_leaderboard);
PG_FUNCTION_INFO_V1(pg_cerebro_fold_leaderboard);
PG_FUNCTION_INFO_V1(pg_cerebro_learning_curve);
PG_FUNCTION_INFO_V1(pg_cerebro_confusion_matrix);
}

Datum pg_cerebro_evaluate(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    run::Evaluate(args.text(0, "model_table"), args.text(1, "test_table"), args.text(2, "output_table"), args.boolean(3, false),
                  args.opt_whole(4, "mst_key"));
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_leaderboard(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    pg::ReturnRows(fcinfo, score::Leaderboard(pg::Args(fcinfo).text(0, "model_output_table")));
    return Datum{0};
  });
}

Datum pg_cerebro_fold_leaderboard(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    pg::ReturnRows(fcinfo, score::FoldLeaderboard(pg::Args(fcinfo).text(0, "model_output_table")));
    return Datum{0};
  });
}

Datum pg_cerebro_learning_curve(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    pg::ReturnRows(fcinfo, score::LearningCurve(pg::Args(fcinfo).text(0, "model_output_table")));
    return Datum{0};
  });
}

Datum pg_cerebro_confusion_matrix(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    pg::ReturnRows(fcinfo, score::ConfusionMatrix(args.text(0, "model_table"), args.text(1, "test_table"), args.opt_whole(2, "mst_key")));
    return Datum{0};
  });
}
