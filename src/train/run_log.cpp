#include "train/run_log.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/literal.hpp"
#include "base/value.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "plan/stopping.hpp"

namespace train {
namespace {

constexpr double kSecondsBetweenLines = 1;

// When this process has written a run's last line, and which run's: a durable run goes on in parts.
std::string said_of;
double said_at = 0;

std::string Seconds(double s) {
  char text[32];
  std::snprintf(text, sizeof(text), s < 10 ? "%.2f s" : "%.0f s", s);
  return text;
}

pg::Phase ProgressPhase(RunPhase phase) {
  switch (phase) {
    case RunPhase::kInitialising: return pg::Phase::kInitialising;
    case RunPhase::kTraining: return pg::Phase::kTraining;
    case RunPhase::kEvaluating: return pg::Phase::kEvaluating;
    case RunPhase::kWriting: return pg::Phase::kWriting;
  }
  return pg::Phase::kInitialising;
}

}  // namespace

RunLog::RunLog(const RunRequest& request, const std::string& model_table)
    : request_(request),
      model_table_(model_table),
      progress_(model_table),
      iteration_started_(pg::Now()),
      visits_done_(request.mst_keys.size(), 0) {
  if (!request.progress || said_of != model_table) {
    said_of = model_table;
    said_at = 0;
  }
  if (!request.progress) return;
  iterations_reported_ = request.progress->iteration;
  visits_done_.assign(visits_done_.size(), iterations_reported_ * request.spec.plan.partitions);
}

void RunLog::TrainingBegins(const RunResult&) {
  training_since_ = pg::Now();
  time_left_.TrainingBegins(training_since_);
  if (trained_seconds_ == 0) iteration_started_ = training_since_;
}

void RunLog::TrainingEnds(const RunResult&) {
  trained_seconds_ += pg::Now() - training_since_;
  training_since_ = 0;
}

void RunLog::VisitDone(const RunResult&, const VisitRecord& record, bool first_divergence) {
  const auto m = static_cast<size_t>(record.model);
  if (first_divergence) {
    pg::Warning("model mst_key=" + std::to_string(request_.mst_keys[m]) + " diverged at step " + std::to_string(record.diverged_step) +
                    ": its loss is NaN or infinite",
                "The other models go on. A lower learning rate, clipnorm, or standardised inputs usually help.");
  }
  if (m >= visits_done_.size()) visits_done_.resize(request_.mst_keys.size(), 0);
  visits_done_[m]++;
  time_left_.VisitDone(record.started, request_.spec.costs[m]);
  if (std::isfinite(record.loss) && record.iteration - iterations_reported_ < kMostIterationsAhead) {
    LossSum& sum = losses_[record.iteration + 1];
    sum.loss += record.loss * static_cast<double>(record.rows);
    sum.rows += static_cast<double>(record.rows);
  }
}

void RunLog::IterationDone(const RunResult& so_far, int64_t iteration) {
  iterations_reported_ = iteration;
  if (!request_.quiet) Say(IterationLine(so_far, iteration, so_far.ModelsThatTrain()), false);
  BeginNext();
}

void RunLog::Evaluated(const RunResult& so_far, int64_t iteration, int64_t trained, const std::vector<int>& stopped) {
  iterations_reported_ = iteration;
  if (!request_.quiet || !stopped.empty()) {
    Say(IterationLine(so_far, iteration, trained) + LeaderText(request_, so_far) + Stops(so_far, stopped), !stopped.empty());
  }
  BeginNext();
}

void RunLog::RoundDone(const RunResult& so_far, int64_t round, int64_t trained) {
  iterations_reported_ = round;
  if (!request_.quiet && pg::Now() - said_at >= kSecondsBetweenLines) {  // the best of all trials is looked for only then
    const std::string all = std::to_string(so_far.trials.size());
    Say("round " + std::to_string(round) + ": " + Seconds(pg::Now() - iteration_started_) + ", " + std::to_string(trained) +
            " of " + all + " trials trained; now " + TrialsText(so_far.trials) + BestTrialText(request_, so_far.trials),
        false);
  }
  BeginNext();
}

void RunLog::TrialFailed(const RunResult&, int model, const std::string& error) {
  pg::Warning("trial mst_key=" + std::to_string(request_.mst_keys[static_cast<size_t>(model)]) + " has failed: " + error,
              "The other trials go on. Nothing is kept of its model; the table of trials has the error.");
}

void WarnOfTrial(int64_t mst_key, const std::string& error) {
  pg::Warning("trial mst_key=" + std::to_string(mst_key) + " cannot be trained: " + error, "The other trials go on. The table of trials has the error.");
}

void RunLog::Ended(const RunResult& so_far) {
  if (request_.quiet || !so_far.complete) return;
  const std::string why = std::string("the run has ended: ") + EndReasonText(so_far.end_reason);
  if (request_.living) {
    unsaid_.clear();
    Say(why + " (" + EndReasonName(so_far.end_reason) + "), behind round " + std::to_string(so_far.iteration) + "; " +
            TrialsText(so_far.trials) + BestTrialText(request_, so_far.trials),
        true);
    return;
  }
  if (!unsaid_.empty()) Say(std::move(unsaid_), true);
  if (so_far.end_reason != EndReason::kIterations) Say(why, true);
}

// The first line of a run, then at most one a second, and the last.
void RunLog::Say(std::string line, bool in_any_case) {
  const double now = pg::Now();
  if (!in_any_case && now - said_at < kSecondsBetweenLines) {
    unsaid_ = std::move(line);
    return;
  }
  said_at = now;
  unsaid_.clear();
  pg::Info(line);
}

void RunLog::BeginNext() {
  iteration_started_ = pg::Now();
  losses_.erase(losses_.begin(), losses_.upper_bound(iterations_reported_));
}

std::string RunLog::Stops(const RunResult& so_far, const std::vector<int>& stopped) const {
  if (stopped.empty()) return "";
  for (const int m : stopped) {
    const ModelResult& model = so_far.models[static_cast<size_t>(m)];
    pg::Debug("model mst_key=" + std::to_string(request_.mst_keys[static_cast<size_t>(m)]) + " stops after iteration " +
              std::to_string(model.stopped_iteration) + " by " + model.stopped_by);
  }
  const int64_t left = so_far.ModelsThatTrain();
  return "; " + std::to_string(stopped.size()) + (stopped.size() == 1 ? " model stops, " : " models stop, ") + std::to_string(left) +
         (left == 1 ? " goes on" : " go on");
}

std::string RunLog::IterationLine(const RunResult& so_far, int64_t iteration, int64_t trained) const {
  const auto found = losses_.find(iteration);
  const LossSum sum = found != losses_.end() ? found->second : LossSum();
  const std::string models = ModelsText(trained, sum.loss, sum.rows);
  std::string line = "iteration " + std::to_string(iteration) + " of " + std::to_string(request_.iterations) + ": " +
                     Seconds(pg::Now() - iteration_started_) + ", " + models;
  const double left = SecondsLeft(so_far);
  if (left > 0) line += ", about " + Seconds(left) + " left";
  return line;
}

double RunLog::SecondsLeft(const RunResult& so_far) const {
  if (request_.living) return -1;  // who trains how long is not known beforehand
  double cost_left = 0;  // of the models that still train
  for (size_t m = 0; m < so_far.models.size(); m++) {
    if (!so_far.models[m].trains()) continue;
    const int64_t all = request_.iterations * request_.spec.plan.visits();
    cost_left += request_.spec.costs[m] * static_cast<double>(std::max<int64_t>(0, all - visits_done_[m]));
  }
  return time_left_.Seconds(pg::Now(), cost_left * ShareAfterHalving(so_far));
}

// What halving leaves of the rest of the run, as far as it is known beforehand.
double RunLog::ShareAfterHalving(const RunResult& so_far) const {
  if (!request_.stopping.halving) return 1;
  plan::Halving rest = *request_.stopping.halving;
  const int64_t done = iterations_reported_, left = request_.iterations - done, models = so_far.ModelsThatTrain();
  rest.iterations.erase(rest.iterations.begin(), std::upper_bound(rest.iterations.begin(), rest.iterations.end(), done));
  for (int64_t& iteration : rest.iterations) iteration -= done;
  if (left <= 0 || models == 0) return 1;
  return static_cast<double>(plan::HalvingWork(rest, models, left)) / static_cast<double>(models * left);
}

void RunLog::StoringFeatures(int64_t done, int64_t all) {
  pg::ProgressRow row;
  row.model_table = model_table_;
  row.phase = pg::Phase::kStoringFeatures;
  row.iterations = request_.iterations;
  row.visits_done = done;
  row.visits_total = all;
  row.models = row.models_training = static_cast<int>(request_.mst_keys.size());
  progress_.Update(row);
}

// Of a living run: its rounds, and the visits of the trials that train until they are where they shall be.
void RunLog::ShowTrials(const RunResult& so_far, pg::ProgressRow* row) const {
  row->iteration = iterations_reported_ + 1;
  row->visits_total = row->visits_done;
  row->models_waiting = row->models_stopped = 0;
  const BestTrial best = FindBestTrial(request_, so_far.trials);
  if (best.trial != nullptr) {
    row->best_mst_key = best.trial->trial.key;
    row->best_value = best.value;
  }
  for (const LivingTrial& living : so_far.trials) {
    const plan::Trial& trial = living.trial;
    if (trial.state == plan::TrialState::kWaiting || trial.state == plan::TrialState::kPaused) {
      row->models_waiting++;
    } else if (trial.state != plan::TrialState::kTrains && trial.state != plan::TrialState::kFinished) {
      row->models_stopped++;
    }
    if (trial.state != plan::TrialState::kTrains) continue;
    if (request_.living->policy != nullptr && (row->rung < 0 || trial.target < row->rung)) row->rung = trial.target;
    if (trial.bracket != plan::kNoBracket && (row->bracket < 0 || trial.bracket < row->bracket)) row->bracket = trial.bracket;
    row->visits_total += request_.spec.plan.partitions * std::max<int64_t>(0, trial.target - trial.iterations);
  }
}

void RunLog::Show(const RunResult& so_far, RunPhase phase, int64_t rows_trained) {
  pg::ProgressRow row;
  row.model_table = model_table_;
  row.phase = ProgressPhase(phase);
  row.iteration = std::min(iterations_reported_ + 1, request_.iterations);
  row.iterations = request_.iterations;
  row.visits_done = so_far.visits.size() + (request_.progress ? request_.progress->visits : 0);
  for (const ModelResult& model : so_far.models) {
    row.visits_total += request_.spec.plan.visits() * (model.stopped_iteration != 0 ? model.stopped_iteration : request_.iterations);
  }
  row.models = static_cast<int>(so_far.models.size());
  row.models_training = static_cast<int>(so_far.ModelsThatTrain());
  if (request_.living) ShowTrials(so_far, &row);
  row.workers = so_far.workers;
  const double seconds = trained_seconds_ + (training_since_ > 0 ? pg::Now() - training_since_ : 0);
  if (seconds > 0) row.rows_per_second = static_cast<double>(rows_trained) / seconds;
  row.seconds_left = SecondsLeft(so_far);
  progress_.Update(row);
}

void NotifyOfRun(const pg::TableName& run, const std::string& state, int64_t iteration, const RunResult& result) {
  const base::Dict message{{"run", run.Sql()},
                           {"state", state},
                           {"iteration", iteration},
                           {"models", static_cast<int64_t>(result.models.size())},
                           {"training", result.complete ? int64_t{0} : result.ModelsThatTrain()}};
  pg::Execute("SELECT pg_catalog.pg_notify('cerebro_run'::pg_catalog.text, $1)", {base::FormatJson(message)});
}

}  // namespace train
