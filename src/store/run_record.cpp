#include "store/run_record.hpp"

#include <initializer_list>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "pg/session_claim.hpp"
#include "pg/sql.hpp"
#include "store/own_tables.hpp"
#include "store/result_rows.hpp"

namespace store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kTime = "pg_catalog.to_timestamp($)";

std::vector<std::string> Texts(const pg::Cell& array) {
  std::vector<std::string> texts;
  for (const pg::Cell& cell : pg::ParseArrayText(array.value_or("{}"))) texts.push_back(cell.value_or(""));
  return texts;
}

std::vector<int64_t> Numbers(const pg::Cell& array) {
  std::vector<int64_t> numbers;
  for (const std::string& text : Texts(array)) numbers.push_back(base::WholeNumber(text));
  return numbers;
}

double Real(const pg::Cell& cell) { return cell ? base::RealOrNaN(cell) : 0; }

}  // namespace

std::optional<RunRecord> ReadRunRecord(const ResultTables& tables) {
  if (!pg::TableExists(tables.run)) return std::nullopt;
  RequireOfRun(tables, ResultTable::kRun, pg::TableUse::kRead);
  const pg::Result formats = pg::Execute("SELECT r.format FROM " + tables.run.Sql() + " r");
  if (formats.rows.size() != 1) {
    throw Error(ErrorCode::kDataCorrupted,
                "table " + tables.run.Text() + " must have one row, it has " + std::to_string(formats.rows.size()),
                pg::HiddenRowsDetail(tables.run));
  }
  if (formats.Int() != kRunFormat) {
    throw Error(ErrorCode::kFeatureNotSupported,
                "table " + tables.run.Text() + " is of format " + std::to_string(formats.Int()) + ", this version reads " +
                    std::to_string(kRunFormat),
                "", "A later version of pg_cerebro has begun the run: let that version go on with it.");
  }
  const pg::Result found = pg::Execute(
      "SELECT r.state, r.iteration, r.iterations, r.generation, r.visits, pg_catalog.date_part('epoch', r.started_at),"
      " pg_catalog.date_part('epoch', r.committed_at), r.seconds, r.error, r.arguments, r.settings, r.data, r.models, r.build,"
      " r.past_iterations, r.past_evaluations, r.past_seconds, r.past_diverged FROM " +
      tables.run.Sql() + " r");
  const std::vector<pg::Cell>& row = found.rows.at(0);
  RunRecord record;
  record.state = row[0].value_or("");
  record.iteration = base::WholeNumber(row[1].value_or("0"));
  record.iterations = base::WholeNumber(row[2].value_or("0"));
  record.generation = base::WholeNumber(row[3].value_or("0"));
  record.visits = base::WholeNumber(row[4].value_or("0"));
  record.started_at = Real(row[5]);
  if (row[6]) record.committed_at = Real(row[6]);
  record.seconds = Real(row[7]);
  record.error = row[8];
  record.arguments = Texts(row[9]);
  record.settings = Texts(row[10]);
  record.data = Texts(row[11]);
  record.models = Texts(row[12]);
  record.build = row[13].value_or("");
  record.past_iterations = Numbers(row[14]);
  record.past_evaluations = Numbers(row[15]);
  for (const std::string& text : Texts(row[16])) record.past_seconds.push_back(base::RealOrNaN(text));
  record.past_diverged = Numbers(row[17]);
  if (pg::FindColumn(pg::TableColumns(tables.run, "model_output_table"), "decided") != nullptr) {
    const pg::Result decided = pg::Execute("SELECT r.decided FROM " + tables.run.Sql() + " r");
    if (decided.at(0, 0)) record.decided = decided.Int();
  }
  for (const size_t values : {record.past_iterations.size(), record.past_evaluations.size(), record.past_seconds.size(), record.past_diverged.size()}) {
    if (values == record.models.size()) continue;
    throw Error(ErrorCode::kDataCorrupted, "table " + tables.run.Text() + " has " + std::to_string(values) + " values for " +
                                               std::to_string(record.models.size()) + " models");
  }
  return record;
}

void WriteRunRecord(const ResultTables& tables, const RunRecord& record) {
  pg::Execute("DELETE FROM " + tables.run.Sql());
  const auto time = [](const char* column, const std::optional<double>& seconds) {
    return seconds ? ResultValue(column, *seconds, kTime) : ResultValue(column, pg::Null{});
  };
  InsertRow(tables, ResultTable::kRun,
            {{"format", kRunFormat},
             {"state", record.state},
             {"iteration", record.iteration},
             {"iterations", record.iterations},
             {"generation", record.generation},
             {"visits", record.visits},
             time("started_at", record.started_at),
             time("committed_at", record.committed_at),
             {"seconds", record.seconds},
             {"error", record.error ? pg::Param(*record.error) : pg::Param(pg::Null{})},
             {"arguments", record.arguments},
             {"settings", record.settings},
             {"data", record.data},
             {"models", record.models},
             {"build", record.build},
             {"past_iterations", record.past_iterations},
             {"past_evaluations", record.past_evaluations},
             {"past_seconds", record.past_seconds},
             {"past_diverged", record.past_diverged},
             {"decided", record.decided ? pg::Param(*record.decided) : pg::Param(pg::Null{})}});
}

std::optional<RunStatus> ReadRunStatus(const ResultTables& tables) {
  RunStatus status;
  status.state = kRunFinished;
  if (!pg::TableExists(tables.run)) return status;
  const pg::Result readable = pg::Read(
      "SELECT pg_catalog.has_table_privilege($1::pg_catalog.regclass::pg_catalog.oid, 'SELECT'::pg_catalog.text)::pg_catalog.int4",
      {tables.run.Sql()});
  if (readable.Int() != 1 || pg::RowSecurityApplies(tables.run)) return std::nullopt;
  if (!WhyNotOfRun(tables, ResultTable::kRun, pg::TableUse::kRead).empty()) return std::nullopt;
  const pg::Result found = pg::Read(
      "SELECT r.state, r.iteration, r.committed_at::pg_catalog.text, r.error FROM " + tables.run.Sql() + " r");
  if (found.rows.size() != 1) return std::nullopt;
  const std::vector<pg::Cell>& row = found.rows[0];
  status.state = row[0].value_or("");
  if (status.state == kRunRunning && !pg::HolderOfClaim(tables.models)) status.state = kRunInterrupted;
  status.iteration = base::WholeNumber(row[1].value_or("0"));
  status.committed_at = row[2];
  status.error = row[3];
  return status;
}

}  // namespace store
