// cerebro.stat_progress_rows(): what the view cerebro.stat_progress is made of.
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "pg/progress.hpp"
#include "pg/report.hpp"

namespace {

using Cell = std::optional<std::string>;

const char* PhaseName(pg::Phase phase) {
  switch (phase) {
    case pg::Phase::kPlanning: return "planning";
    case pg::Phase::kInitialising: return "initialising";
    case pg::Phase::kTraining: return "training";
    case pg::Phase::kEvaluating: return "evaluating";
    case pg::Phase::kWriting: return "writing";
    case pg::Phase::kStoringFeatures: return "storing features";
  }
  return "unknown";
}

std::string Number(double value) {
  char text[32];
  snprintf(text, sizeof(text), "%.17g", value);
  return text;
}

Cell Known(int64_t value) { return value < 0 ? Cell() : Cell(std::to_string(value)); }

std::vector<Cell> Cells(const pg::ProgressRow& row) {
  return {std::to_string(row.pid),
          std::to_string(row.database),
          std::to_string(row.role),
          row.model_table,
          PhaseName(row.phase),
          std::to_string(row.iteration),
          std::to_string(row.iterations),
          std::to_string(row.visits_done),
          std::to_string(row.visits_total),
          std::to_string(row.models),
          std::to_string(row.models_training),
          std::to_string(row.workers),
          Number(row.rows_per_second),
          row.seconds_left < 0 ? Cell() : Cell(Number(row.seconds_left)),
          pg::TimestampText(row.started_at),
          Known(row.models_waiting),
          Known(row.models_stopped),
          Known(row.rung),
          Known(row.bracket),
          Known(row.best_mst_key),
          row.best_mst_key < 0 ? Cell() : Cell(Number(row.best_value))};
}

}  // namespace

extern "C" {

PG_FUNCTION_INFO_V1(pg_cerebro_stat_progress_rows);

Datum pg_cerebro_stat_progress_rows(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    std::vector<std::vector<Cell>> rows;
    for (const pg::ProgressRow& row : pg::ReadProgress()) rows.push_back(Cells(row));
    pg::ReturnRows(fcinfo, rows);
    return static_cast<Datum>(0);
  });
}

}  // extern "C"
