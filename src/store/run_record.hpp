// <out>_run: what a durable run is, and how far it was at its last commit. One row, a format of its own: a run that one
// version has begun is finished by later ones.
//
//   format          kRunFormat
//   state           running, stopped, finished, failed, interrupted: kRun...; "running" without a session that holds the
//                   run's claim (pg::SessionClaim) means interrupted
//   iteration       that is over for all models; models may be further
//   generation      commits with training states so far: the states, curves and visits in the other tables are this one's
//   arguments       name=value, of the call that began the run; what changes no result is left out
//   settings        name=value, of the settings that results depend on
//   data            name=digest, of the packed tables
//   models          of each model: mst_key:model_id:digest of compile_params:of fit_params:of the architecture:of its weights
//   past_...        of each model, what it had behind it when the run began (train::ModelPast)
//
// Where each model is within an iteration is in its training state, what was decided in <out>_info, the bundles in
// <out>_summary. Rows are written anew and the old ones deleted in the transaction that commits them: at any time
// everybody sees one generation whole.
//
// Used by train and run, and for listing by score.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/result_columns.hpp"

namespace store {

constexpr int64_t kRunFormat = 1;

constexpr const char* kRunRunning = "running";          // a CALL is at it
constexpr const char* kRunStopped = "stopped";          // cerebro.advance() has done what it was asked for
constexpr const char* kRunInterrupted = "interrupted";  // cancelled, or the server went away
constexpr const char* kRunFailed = "failed";            // by an error
constexpr const char* kRunFinished = "finished";

struct RunRecord {
  std::string state = kRunRunning;
  int64_t iteration = 0, iterations = 0, generation = 0, visits = 0;
  double started_at = 0;               // seconds since the epoch
  std::optional<double> committed_at;  // likewise; none before the first commit of states
  double seconds = 0;                  // that the run has taken
  std::optional<std::string> error;    // that ended the last call
  std::vector<std::string> arguments, settings, data, models;
  std::string build;
  std::vector<int64_t> past_iterations, past_evaluations, past_diverged;
  std::vector<double> past_seconds;
  std::optional<int64_t> decided;  // train::RunProgress
};

/// The record of the newest commit, or nothing where the run is no durable one. Errors: kFeatureNotSupported for a format
/// of a later version; kDataCorrupted unless there is one row.
std::optional<RunRecord> ReadRunRecord(const ResultTables& tables);

/// Replaces the record, in the table that CreateResultTable has made.
void WriteRunRecord(const ResultTables& tables, const RunRecord& record);

/// What a report says of a run: of any, as far as the caller may read it.
struct RunStatus {
  std::string state;  // finished for a run that is no durable one
  std::optional<int64_t> iteration;
  std::optional<std::string> committed_at, error;  // texts of the server
};
/// Nothing where the caller may not read the record. Reads on the active snapshot.
std::optional<RunStatus> ReadRunStatus(const ResultTables& tables);

}  // namespace store
