// Parts of a run: each enters parallel mode, trains, leaves it, and writes what it has come to. Workers end before a
// commit and are launched again after it, because no statement may write beside them; states go through <out>_state. What
// was prepared stays in memory from part to part of a call.
//
// Order, of a CALL: the session claims the run's name and commits, so that it sees all that was committed until then. It
// reads the record, prepares, makes the tables, writes the record and commits: from now on the run is known. Then part
// after part, each with its commit. A crash leaves a record that says "running" and a claim that nobody holds.
#include "run/durable.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "data/row_claim.hpp"
#include "pg/cluster.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "pg/session_claim.hpp"
#include "pg/snapshot.hpp"
#include "pg/transaction.hpp"
#include "run/fit.hpp"
#include "segments/segment_driver.hpp"
#include "store/own_tables.hpp"
#include "store/result_columns.hpp"
#include "store/run_record.hpp"
#include "train/coordinator.hpp"
#include "train/frozen.hpp"
#include "train/living_fit.hpp"
#include "train/memory.hpp"
#include "train/results.hpp"
#include "train/run_log.hpp"
#include "train/run_parts.hpp"
#include "train/trial_table.hpp"
#include "workers/worker_fit.hpp"

namespace run {
namespace {

using base::Error;
using base::ErrorCode;

constexpr double kSecondsBetweenLooks = 0.5;  // at what people ask for
constexpr int kMillisecondsOfAWait = 200;     // of a run that can only go on with what they ask for

pg::TableName OutputOf(const train::FitArguments& arguments) {
  const char* const argument = "model_output_table";
  return arguments.warm_start ? pg::ParseTableName(arguments.model_output_table, argument)
                              : pg::ParseNewTableName(arguments.model_output_table, argument);
}

// A part reads and writes them without being told their names.
void RequireOwnTables(const store::ResultTables& tables) {
  using store::ResultTable;
  for (const ResultTable which : {ResultTable::kRun, ResultTable::kTrials, ResultTable::kControl, ResultTable::kModels, ResultTable::kInfo,
                                  ResultTable::kSummary, ResultTable::kState, ResultTable::kVisits}) {
    store::RequireOfRun(tables, which, pg::TableUse::kWrite);
  }
}

class DurableRun {
 public:
  /// Prepares the run, begun or not. REQUIRES a snapshot that sees the last commit of whoever had the claim before.
  explicit DurableRun(const train::FitArguments& arguments);

  /// Iterations that are left. Of a living run rounds, and about so many where it searches.
  int64_t Left() const;
  bool finished() const { return record_.state == store::kRunFinished; }
  const store::RunRecord& record() const { return record_; }
  /// Makes what is not there yet, and says in the record that the run goes on.
  void Begin(const char* state);
  /// Trains a part and writes it. until, pause: train::RunRequest. Whether the run is over.
  bool Part(int64_t until, std::function<bool()> pause, const char* state_between);
  /// Whether somebody has asked for something that the run has not taken yet.
  bool IsAsked() const { return train::AnyActionsWait(fit_->output, taken_); }
  /// Whether the last part ended because nothing trains until somebody adds a model.
  bool waits() const { return waits_; }
  /// Whether the run's time is over while it waits. What it waits is of its seconds from the next part on.
  bool IsOverdue() const { return fit_->search && fit_->search->time_budget && record_.seconds + waited_ >= *fit_->search->time_budget; }
  void Wait() {
    const double began = pg::Now();
    pg::WaitFor(kMillisecondsOfAWait);
    waited_ += pg::Now() - began;
  }
  void SetError(const pg::CaughtError& error);
  /// Tells whoever has asked for something while the run's end was being committed that it came too late. Whoever asks
  /// later still finds the run ended (run::Control). REQUIRES that the end is committed.
  void RefuseLateActions();

 private:
  void RefuseActions(const char* why);

  const train::FitArguments& arguments_;
  std::optional<store::RunRecord> stored_;
  std::optional<train::PreparedFit> fit_;
  store::RunRecord record_;
  std::vector<train::ControlAction> taken_;  // by the part that goes on: marked at its end
  bool between_rounds_ = false;  // all models have done as many iterations
  bool waits_ = false;
  double waited_ = 0;  // seconds since the last part
  double memory_ = 0;  // RunRequest::curves_memory, once it is known
};

DurableRun::DurableRun(const train::FitArguments& arguments) : arguments_(arguments) {
  const double started_at = pg::Now();
  const store::ResultTables tables(OutputOf(arguments));
  if (pg::TableExists(tables.models)) {
    RequireOwnTables(tables);
    stored_ = store::ReadRunRecord(tables);
  } else if (!arguments.warm_start) {
    // nothing is read or written that lies there under the names of a run that is to be made
    for (const pg::TableName& table : tables.All()) pg::RequireAbsent(table, "model_output_table");
  }
  // a run that is over may be trained further, by a warm start that is another one
  if (stored_ && stored_->state == store::kRunFinished && arguments.warm_start && !train::DifferentArguments(*stored_, arguments).empty()) {
    stored_.reset();
  }
  if (stored_) train::RequireSameArguments(*stored_, arguments, tables.models);
  fit_.emplace(train::PrepareFit(arguments, stored_ ? &*stored_ : nullptr));
  fit_->durable = true;
  between_rounds_ = !stored_ || stored_->generation == 0 || (stored_->decided && *stored_->decided == stored_->iteration);
  train::RequirePermanent(arguments, *fit_);
  record_ = stored_ ? *stored_ : train::NewRunRecord(arguments, *fit_, started_at);
}

void DurableRun::Begin(const char* state) {
  if (!fit_->serial_reason.empty()) pg::Notice("this session trains the models itself, without parallel workers: " + fit_->serial_reason);
  train::RunRequest request = train::MakeRequest(arguments_, *fit_);
  if (!pg::OnGreenplum()) {
    memory_ = train::RequireMemory("the run", train::MemoryOf(request, train::TasksOf(*fit_)), train::kRunMemoryHint);
  }
  {
    train::RunLog log(request, fit_->output.models.Text());
    // committed before the first part, so that later ones find them
    train::MakeFeatures(&*fit_, &request, [&log](int64_t done, int64_t all) { log.StoringFeatures(done, all); });
  }
  if (!stored_) {
    if (arguments_.warm_start) train::AddMissingColumns(*fit_);
    // trials of the run whose models go on: they are no trials of this one
    if (pg::TableExists(fit_->output.trials)) pg::Execute("DELETE FROM " + fit_->output.trials.Sql());
    train::CreateResultTables(arguments_, *fit_);
    if (!pg::TableExists(fit_->output.run)) store::CreateResultTable(fit_->output, store::ResultTable::kRun);
  } else {
    train::AddMissingColumns(*fit_);  // an earlier version may have begun the run
    for (const store::ResultTable which : {store::ResultTable::kRun, store::ResultTable::kTrials}) {
      if (pg::TableExists(fit_->output[which])) store::AddColumns(fit_->output[which], store::MissingColumns(fit_->output, which));
    }
  }
  if (!pg::TableExists(fit_->output.control)) store::CreateResultTable(fit_->output, store::ResultTable::kControl);
  if (!stored_) RefuseActions("the run that it was asked of has ended");
  record_.state = state;
  record_.error.reset();
  store::WriteRunRecord(fit_->output, record_);
}

void DurableRun::RefuseActions(const char* why) {
  std::vector<train::ControlAction> actions = train::ReadActions(fit_->output, record_.iteration);
  for (train::ControlAction& action : actions) action.refused = why;
  train::WriteActionsDone(fit_->output, actions);
}

// Whoever has found the run going on, and inserted, commits soon; a transaction that stays open is not waited for.
void DurableRun::RefuseLateActions() {
  RequireOwnTables(fit_->output);
  pg::Execute("SET LOCAL lock_timeout = '1s'");
  pg::Execute("LOCK TABLE " + fit_->output.control.Sql() + " IN SHARE MODE");
  const pg::FreshSnapshot newest;
  RefuseActions("the run has ended before");
}

// Whoever asks is heard behind the round that is under way. A run whose models have not changed so far trains them in
// bundles that are at different iterations: all go to the end of an iteration first.
bool DurableRun::Part(int64_t until, std::function<bool()> pause, const char* state_between) {
  ClaimOutput(arguments_);
  RequireOwnTables(fit_->output);
  train::RequireUnchangedData(*fit_);
  if (fit_->progress) fit_->progress->seconds += waited_;
  waited_ = 0;
  // rows may have been appended between two parts
  data::ClaimRows(fit_->training);
  if (fit_->validation) data::ClaimRows(*fit_->validation);
  bool asked = IsAsked();
  if (asked && !fit_->living && !train::CanBeLiving(*fit_)) {
    RefuseActions("the order of its partitions is of an early version");
    asked = false;
  }
  if (asked && !fit_->living && between_rounds_) train::MakeLiving(arguments_, &*fit_);
  if (fit_->living) taken_ = fit_->actions = train::ReadActions(fit_->output, record_.iteration);
  train::RunRequest request = train::MakeRequest(arguments_, *fit_);
  double looked = pg::Now();
  // a cluster's coordinator looks between two calls only: it has the tables of the round to look after
  request.wanted = [&, ends_at_once = asked && !fit_->living] {
    if (ends_at_once) return true;
    if (pg::OnGreenplum() || pg::Now() - looked < kSecondsBetweenLooks) return false;
    looked = pg::Now();
    return IsAsked();
  };
  if (memory_ > 0) request.curves_memory = memory_;
  request.until = until;
  request.pause = std::move(pause);
  train::RunResult result;
  {
    std::optional<pg::FreshSnapshot> with_features;
    train::RunLog log(request, fit_->output.models.Text());
    const auto progress = [&log](int64_t done, int64_t all) { log.StoringFeatures(done, all); };
    if (train::MakeFeatures(&*fit_, &request, progress)) with_features.emplace();
    train::FitTrialMaker maker(&*fit_, &request);
    if (fit_->living) request.living = train::LivingRunOf(arguments_, *fit_, &maker);
    const std::unique_ptr<train::Driver> driver = pg::OnGreenplum() ? segments::MakeFitDriver(arguments_, *fit_, request)
                                                                    : workers::MakeFitDriver(arguments_, *fit_, request);
    result = train::Coordinator(request, driver.get(), &log, pg::Now).Run();
    train::WriteReports(arguments_, *fit_, result, record_.started_at);
  }
  if (memory_ > 0) memory_ = request.curves_memory;  // trials that were added have taken of it
  train::WriteActionsDone(fit_->output, result.actions);
  taken_.clear();
  if (result.complete) RefuseActions("the run has ended before");
  between_rounds_ = result.between_rounds;
  waits_ = result.waits;
  const bool complete = result.complete;
  record_.state = complete ? store::kRunFinished : state_between;
  record_.iteration = result.iteration;
  record_.decided = fit_->living ? result.decided : result.iteration + (between_rounds_ ? 0 : 1);
  record_.generation++;
  record_.visits += result.visits.size();
  record_.seconds = result.seconds;
  record_.committed_at = pg::Now();
  store::WriteRunRecord(fit_->output, record_);
  train::NotifyOfRun(fit_->output.models, record_.state, record_.iteration, result);
  train::GoOnWith(std::move(result), &*fit_);
  return complete;
}

int64_t DurableRun::Left() const {
  if (!fit_->living) return record_.iterations - record_.iteration;
  return train::RoundsLeft(fit_->progress ? fit_->progress->trials : fit_->trials, fit_->search ? &*fit_->search : nullptr, fit_->policy.get());
}

// Of what Part has set, nothing was committed.
void DurableRun::SetError(const pg::CaughtError& error) {
  const std::optional<store::RunRecord> committed = store::ReadRunRecord(fit_->output);
  if (!committed) return;
  record_ = *committed;
  record_.state = error.cancelled() ? store::kRunInterrupted : store::kRunFailed;
  record_.error = error.text();
  store::WriteRunRecord(fit_->output, record_);
}

void SayFinished(const DurableRun& run, const pg::TableName& output) {
  pg::Notice("run " + output.Text() + " has ended: all of its " + std::to_string(run.record().iterations) + " iterations are done, or its models have stopped",
             "Train it further by warm_start with other arguments, or drop it by cerebro.drop_run().");
}

}  // namespace

void FitDurably(const train::FitArguments& arguments, double checkpoint_interval) {
  if (!(checkpoint_interval >= 0)) {
    throw Error(ErrorCode::kInvalidParameter, "checkpoint_interval must not be negative", "",
                "It is the least time between two commits, such as '60 s'; with 0 every visit is committed.");
  }
  pg::RequireWritable("CALL cerebro.fit");
  pg::Transactions transactions;
  const pg::TableName output = OutputOf(arguments);
  const pg::SessionClaim claim(output);
  transactions.Commit();
  DurableRun run(arguments);
  if (run.finished()) {
    SayFinished(run, output);
    return;
  }
  ClaimOutput(arguments);
  run.Begin(store::kRunRunning);
  transactions.Commit();
  for (bool complete = false; !complete;) {
    const double committed = pg::Now();
    const auto pause = [&] { return pg::Now() - committed >= checkpoint_interval; };
    const std::optional<pg::CaughtError> error = pg::Attempt([&] {
      if (run.waits() && !run.IsOverdue() && !run.IsAsked()) {
        run.Wait();
      } else {
        complete = run.Part(0, pause, store::kRunRunning);
      }
    });
    if (error) {
      run.SetError(*error);
      transactions.Commit();
      error->Throw();
    }
    transactions.Commit();
  }
  // no error: the run has ended, whatever comes of this
  pg::Attempt([&] { run.RefuseLateActions(); });
  transactions.CommitLast();
}

int64_t Advance(const train::FitArguments& arguments, int64_t iterations) {
  if (iterations < 1) {
    throw Error(ErrorCode::kInvalidParameter, "iterations must be at least 1, got " + std::to_string(iterations), "",
                "It is the number of iterations that this call trains, of the num_iterations of the run.");
  }
  pg::RequireWritable("cerebro.advance()");
  pg::RequireReadCommitted("cerebro.advance()");
  const pg::OlderPlanner planner;
  ClaimOutput(arguments);
  const pg::FreshSnapshot newest;
  DurableRun run(arguments);
  if (run.finished()) {
    SayFinished(run, OutputOf(arguments));
    return 0;
  }
  run.Begin(store::kRunStopped);
  // a part ends early where somebody asks for something meanwhile
  const int64_t until = run.record().iteration + iterations;
  for (bool complete = false; !complete && !run.waits() && run.record().iteration < until;) {
    const pg::FreshSnapshot with_the_last_part;
    complete = run.Part(until, {}, store::kRunStopped);
  }
  return run.finished() ? 0 : run.Left();
}

}  // namespace run
