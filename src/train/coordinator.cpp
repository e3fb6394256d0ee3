#include "train/coordinator.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.hpp"
#include "plan/ranking.hpp"
#include "plan/stopping.hpp"

namespace train {
namespace {

double BytesOf(const plan::Evaluation& evaluation) {
  constexpr double kHeaps = 2 * 16;  // what an allocation takes besides
  return sizeof(evaluation) + kHeaps + static_cast<double>((evaluation.training.size() + evaluation.validation.size()) * sizeof(double));
}

// Whether metrics are computed after the iteration. A model may train further than the run was to: then as often as before.
bool IsDueAfter(const plan::DueIterations& due, int64_t iteration) {
  if (due.After(iteration - 1) == iteration) return true;
  const int64_t every = due.After(0);
  return every > 0 && due.After(iteration - 1) == 0 && iteration % every == 0;
}

}  // namespace

int64_t RunResult::ModelsThatTrain() const {
  return std::count_if(models.begin(), models.end(), [](const ModelResult& model) { return model.trains(); });
}

Coordinator::Coordinator(const RunRequest& request, Driver* driver, RunObserver* observer, std::function<double()> now)
    : request_(request), driver_(driver), observer_(observer), now_(std::move(now)), started_(now_()) {
  result_.visits = VisitLog(request.make_visit_store);
  result_.models.resize(request.mst_keys.size());
  before_.resize(request.mst_keys.size());
  for (size_t m = 0; m < request.past.size(); m++) {
    const ModelPast& past = request.past[m];
    result_.models[m].evaluations = past.evaluations;
    before_[m].iterations = past.iterations;
    if (!past.evaluations.empty()) before_[m].elapsed = past.evaluations.back().elapsed;
  }
  if (request.progress) GoOn(*request.progress);
  if (!request.living) return;
  result_.trials = request.progress ? request.progress->trials : request.living->trials;
  result_.decided = request.progress ? request.progress->decided : request.living->decided;
  trials_.emplace(*request.living, &result_.trials);
}

void Coordinator::GoOn(const RunProgress& progress) {
  result_.models = progress.models;
  result_.due = progress.due;
  result_.iteration = progress.iteration;
  seconds_before_ = progress.seconds;
  for (const ModelResult& model : result_.models) {
    for (const plan::Evaluation& evaluation : model.evaluations) curves_bytes_ += BytesOf(evaluation);
  }
  for (size_t m = 0; m < before_.size(); m++) before_[m].diverged = m < request_.past.size() && request_.past[m].diverged;
}

// The driver has their states, and is told once more.
void Coordinator::RetireStopped() {
  std::vector<int> stopped;
  for (size_t m = 0; m < result_.models.size(); m++) {
    if (result_.models[m].stopped_iteration != 0) stopped.push_back(static_cast<int>(m));
  }
  if (!stopped.empty()) driver_->Retire(stopped);
}

RunResult Coordinator::Run() {
  Show(RunPhase::kInitialising);
  const std::vector<uint64_t> diverged = driver_->Enter();
  for (size_t m = 0; m < result_.models.size(); m++) {
    result_.models[m].diverged_step = diverged.at(m);
    if (!request_.progress) before_[m].diverged = diverged[m] != 0;
  }
  result_.workers = driver_->workers();
  result_.states_location = driver_->states_location();
  if (request_.living) {
    BeginTrials();
  } else if (request_.progress) {
    RetireStopped();
  }
  result_.complete = request_.living ? TrainTrials() : TrainRounds();
  if (result_.complete && request_.living) result_.end_reason = trials_->end_reason();
  observer_->Ended(result_);
  Show(RunPhase::kWriting);
  driver_->Collect(&result_);
  result_.seconds = seconds_before_ + now_() - started_;
  return std::move(result_);
}

// Whether nothing is left of the run.
bool Coordinator::TrainRounds() {
  const int64_t last = request_.LastIteration();
  const auto ends = [this](EndReason reason) {
    result_.end_reason = reason;
    return true;
  };
  int64_t iteration = request_.due.After(result_.due.empty() ? 0 : result_.due.back());
  while (iteration != 0) {
    const int64_t reached = TrainTo(std::min(iteration, last));
    if (reached != Driver::kPaused) result_.iteration = reached;
    if (reached != iteration) return false;
    Evaluate(iteration);
    evaluated_ = true;
    iteration = request_.due.After(iteration);
    if (iteration != 0 && request_.stopping.any() && result_.ModelsThatTrain() == 0) return ends(EndReason::kStopped);
    if (iteration != 0 && request_.deadline && now_() >= *request_.deadline) return ends(EndReason::kTimeBudget);
    if (iteration != 0 && (result_.iteration == last || Pauses() || EndsIteration())) return false;
  }
  return ends(EndReason::kIterations);
}

// Whether nothing is left of the run.
bool Coordinator::TrainTrials() {
  for (;;) {
    if (result_.decided <= result_.iteration && !DecideTrials()) {
      result_.waits = trials_->waits();
      if (result_.waits) result_.decided = result_.iteration;  // again, when there is something new
      return !result_.waits;
    }
    if (TrainTo(result_.iteration + 1) == Driver::kPaused) return false;
    FinishRound();
    evaluated_ = true;
    if (result_.iteration == request_.until || Pauses() || EndsIteration()) return false;
  }
}

// The driver has all models and takes them to train.
void Coordinator::BeginTrials() {
  for (ModelResult& model : result_.models) model.rests = false;
  FollowTrials();
}

bool Coordinator::DecideTrials() {
  const std::optional<double> budget = request_.living->time_budget;
  const bool overdue = budget && !request_.living->replays && seconds_before_ + now_() - started_ >= *budget;
  const size_t trials_before = result_.trials.size();
  const bool goes_on = trials_->Decide(result_.iteration, overdue, &result_.actions);
  for (size_t t = trials_before; t < result_.trials.size(); t++) {
    const LivingTrial& trial = result_.trials[t];
    if (trial.model < 0) observer_->TrialUnmade(trial.trial.key, trial.error);
  }
  result_.decided = result_.iteration + 1;
  AddModels();
  FollowTrials();
  return goes_on;
}

// Those that a decision has put behind the others of the request.
void Coordinator::AddModels() {
  std::vector<int> added;
  for (size_t m = result_.models.size(); m < request_.mst_keys.size(); m++) {
    added.push_back(static_cast<int>(m));
    result_.models.emplace_back();
    before_.emplace_back();
    if (m < request_.past.size()) before_.back().iterations = request_.past[m].iterations;
  }
  if (!added.empty()) driver_->Add(added);
}

// Tells the driver whose models train in the next round, as far as it does not know.
void Coordinator::FollowTrials() {
  const std::vector<int> round = trials_->ModelsOfRound();
  std::vector<int> resumed, retired;
  for (size_t m = 0; m < result_.models.size(); m++) {
    ModelResult& model = result_.models[m];
    const plan::Trial& trial = trials_->OfModel(static_cast<int>(m)).trial;
    const bool trains = std::binary_search(round.begin(), round.end(), static_cast<int>(m));
    if (trains == model.rests && model.diverged_step == 0) (trains ? resumed : retired).push_back(static_cast<int>(m));
    model.rests = !trains;
    const bool stopped = trial.state == plan::TrialState::kStopped;
    model.stopped_iteration = stopped ? trial.iterations - before_[m].iterations : 0;
    model.stopped_by = stopped ? trial.remark : "";
  }
  if (!resumed.empty()) driver_->Resume(resumed);
  if (!retired.empty()) driver_->Retire(retired);
}

// With a policy each round, else as in any run by the model's own count; in any case when it has done what it was to do.
bool Coordinator::IsDue(int model) const {
  const plan::Trial& trial = trials_->OfModel(model).trial;
  const int64_t own = trial.iterations + 1 - before_[static_cast<size_t>(model)].iterations;
  return request_.living->policy != nullptr || trial.iterations + 1 >= trial.target || IsDueAfter(request_.due, own);
}

// In a run that is not searched, models that have diverged in it get their NaN when they would have been evaluated, as in
// any run: by the rounds since they entered, and no longer than they were to train, though the run may go on for others. One
// that waited for others of a higher priority and diverges then gets those of all these rounds at once. Whether there were any.
bool Coordinator::AddDiverged(int model) {
  const auto m = static_cast<size_t>(model);
  const LivingTrial& trial = trials_->OfModel(model);
  if (request_.living->policy != nullptr || trial.trial.state != plan::TrialState::kDiverged || trial.deleted || before_[m].diverged) return false;
  const int64_t rounds = std::min(result_.iteration - trial.entered, trial.trial.target - before_[m].iterations);
  std::vector<plan::Evaluation>& evaluations = result_.models[m].evaluations;
  const size_t had = evaluations.size();
  const int64_t last = evaluations.empty() ? 0 : std::max<int64_t>(0, evaluations.back().iteration - before_[m].iterations);
  for (int64_t due = last + 1; due <= rounds; ++due) {
    if (!IsDueAfter(request_.due, due)) continue;
    plan::Evaluation& evaluation = evaluations.emplace_back();
    evaluation.iteration = before_[m].iterations + due;
    evaluation.training.assign(request_.metric_names[m].size(), std::numeric_limits<double>::quiet_NaN());
    if (request_.spec.validation.spec.num_partitions > 0) evaluation.validation = evaluation.training;
    evaluation.elapsed = before_[m].elapsed + seconds_before_ + now_() - started_;
  }
  return evaluations.size() > had;
}

void Coordinator::FinishRound() {
  const std::vector<int> round = trials_->ModelsOfRound();
  result_.iteration++;
  scored_.clear();
  for (const int m : round) {
    if (!IsDue(m)) continue;
    scored_.push_back(m);
    plan::Evaluation evaluation;
    evaluation.iteration = trials_->OfModel(m).trial.iterations + 1;
    result_.models[static_cast<size_t>(m)].evaluations.push_back(std::move(evaluation));
  }
  for (size_t m = 0; m < result_.models.size(); m++) {
    if (AddDiverged(static_cast<int>(m))) scored_.push_back(static_cast<int>(m));
  }
  std::sort(scored_.begin(), scored_.end());
  std::vector<int> best;
  if (!scored_.empty()) {
    Show(RunPhase::kEvaluating);
    best = Score();
    result_.due.push_back(result_.iteration);
  }
  for (const int m : round) {
    const ModelResult& model = result_.models[static_cast<size_t>(m)];
    if (model.failed) continue;  // as it was scored
    std::optional<double> value;
    if (std::binary_search(scored_.begin(), scored_.end(), m)) {
      value = MonitoredLoss(request_.living->monitor, request_.metric_names[static_cast<size_t>(m)], model.evaluations.back());
    }
    trials_->IterationDone(m, value, model.diverged_step != 0);
    AddDiverged(m);
  }
  // only stop, delete and finish are possible in a run that halves: its rounds are iterations of all that train
  if (request_.stopping.any()) {
    std::vector<plan::ModelHistory> histories(result_.models.size());
    for (size_t m = 0; m < histories.size(); m++) {
      const bool evaluated = std::binary_search(scored_.begin(), scored_.end(), static_cast<int>(m));
      histories[m] = {request_.mst_keys[m], evaluated && result_.models[m].trains(), &request_.metric_names[m], &result_.models[m].evaluations};
    }
    for (const plan::Stop& stop : plan::DecideStops(request_.stopping, result_.iteration, histories)) trials_->Stop(stop.model, stop.by);
  }
  observer_->RoundDone(result_, result_.iteration, static_cast<int64_t>(round.size()));
  if (!best.empty()) driver_->KeepBest(best);
}

// Returns the iteration that all models have done, or kPaused.
int64_t Coordinator::TrainTo(int64_t iteration) {
  phase_ = RunPhase::kTraining;
  observer_->TrainingBegins(result_);
  const int64_t reached = driver_->Train(iteration, this);
  observer_->TrainingEnds(result_);
  result_.between_rounds = reached != Driver::kPaused;
  return reached;
}

// A part trains or scores something: whoever asks for a pause at once still comes to an end.
bool Coordinator::Pauses() { return request_.pause && (evaluated_ || result_.visits.size() > 0) && request_.pause(); }

bool Coordinator::EndsIteration() { return request_.wanted && request_.wanted(); }

void Coordinator::Evaluate(int64_t iteration) {
  Show(RunPhase::kEvaluating);
  scored_.clear();
  for (size_t m = 0; m < result_.models.size(); m++) {
    if (!IsEvaluated(m)) continue;
    scored_.push_back(static_cast<int>(m));
    plan::Evaluation evaluation;
    evaluation.iteration = before_[m].iterations + iteration;
    result_.models[m].evaluations.push_back(std::move(evaluation));
  }
  const std::vector<int> best = Score();
  result_.due.push_back(iteration);
  const int64_t trained = result_.ModelsThatTrain();
  const std::vector<int> stopped = DecideStops(iteration);
  observer_->Evaluated(result_, iteration, trained, stopped);
  if (!best.empty()) driver_->KeepBest(best);
  if (!stopped.empty()) driver_->Retire(stopped);
}

// Fills in the last evaluations of scored_. Returns the models whose weights are their best ones so far.
std::vector<int> Coordinator::Score() {
  ScoreTable(ScoredTable::kTraining);
  if (request_.spec.validation.spec.num_partitions > 0) ScoreTable(ScoredTable::kValidation);
  if (request_.spec.plan.has_folds()) ScoreTable(ScoredTable::kFolds);
  for (const int index : scored_) {
    const auto m = static_cast<size_t>(index);
    result_.models[m].evaluations.back().elapsed = before_[m].elapsed + seconds_before_ + now_() - started_;
  }
  CountCurves();
  return FindBest();
}

// Curves are what grows with the evaluations of a run: better an error than to be ended by the system.
void Coordinator::CountCurves() {
  for (const int m : scored_) curves_bytes_ += BytesOf(result_.models[static_cast<size_t>(m)].evaluations.back());
  if (curves_bytes_ <= request_.curves_memory) return;
  throw base::Error(base::ErrorCode::kOutOfMemory,
                    "the metrics of " + std::to_string(result_.due.size() + 1) + " evaluations have grown over the " +
                        std::to_string(static_cast<int64_t>(request_.curves_memory / 1024)) + " kB of memory that the run has left",
                    "", "Raise metrics_compute_frequency, train fewer models or iterations, or raise cerebro.max_memory.");
}

// A model that diverges in this run gets NaN for all its values from then on, one that has stopped gets none.
bool Coordinator::IsEvaluated(size_t model) const { return !before_[model].diverged && result_.models[model].stopped_iteration == 0; }

void Coordinator::ScoreTable(ScoredTable table) {
  const std::vector<int> models = ModelsThatTrain();
  std::vector<std::vector<double>> values;
  if (!models.empty()) values = driver_->Score(table, models, this);
  size_t next = 0;
  for (const int index : scored_) {
    const auto m = static_cast<size_t>(index);
    ModelResult& model = result_.models[m];
    plan::Evaluation& evaluation = model.evaluations.back();
    std::vector<double>& own = table == ScoredTable::kTraining ? evaluation.training : evaluation.validation;
    if (next < models.size() && models[next] == index) {
      own = std::move(values.at(next++));
    } else {
      own.assign(request_.metric_names[m].size(), std::numeric_limits<double>::quiet_NaN());
    }
  }
}

// Of those that are evaluated now.
std::vector<int> Coordinator::ModelsThatTrain() const {
  std::vector<int> models;
  for (const int m : scored_) {
    if (result_.models[static_cast<size_t>(m)].trains()) models.push_back(m);
  }
  return models;
}

// The models that are better now than at any due iteration of this run before.
std::vector<int> Coordinator::FindBest() {
  std::vector<int> best;
  if (!request_.keep_best) return best;
  for (const int index : ModelsThatTrain()) {
    const auto m = static_cast<size_t>(index);
    ModelResult& model = result_.models[m];
    const size_t last = model.evaluations.size() - 1;
    const plan::Evaluation& best_so_far = model.evaluations[model.best >= 0 ? static_cast<size_t>(model.best) : last];
    if (model.best >= 0 && !plan::IsBetterEvaluation(request_.stopping, request_.metric_names[m], model.evaluations[last], best_so_far)) continue;
    model.best = static_cast<int64_t>(last);
    best.push_back(index);
  }
  return best;
}

// Marks the models that stop here; none at the run's end, where all stop.
std::vector<int> Coordinator::DecideStops(int64_t iteration) {
  std::vector<int> stopped;
  if (!request_.stopping.any() || iteration == request_.iterations) return stopped;
  std::vector<plan::ModelHistory> models(result_.models.size());
  for (size_t m = 0; m < models.size(); m++) {
    const ModelResult& result = result_.models[m];
    models[m] = plan::ModelHistory{request_.mst_keys[m], result.trains(), &request_.metric_names[m], &result.evaluations};
  }
  for (const plan::Stop& stop : plan::DecideStops(request_.stopping, iteration, models)) {
    ModelResult& result = result_.models[static_cast<size_t>(stop.model)];
    result.stopped_iteration = iteration;
    result.stopped_by = stop.by;
    stopped.push_back(stop.model);
  }
  return stopped;
}

void Coordinator::Visit(const VisitRecord& record) {
  ModelResult& model = result_.models.at(static_cast<size_t>(record.model));
  model.training_seconds += record.ended - record.started;
  const bool first_divergence = record.diverged_step != 0 && model.diverged_step == 0;
  if (first_divergence) model.diverged_step = record.diverged_step;
  VisitRecord kept = record;
  if (request_.living) kept.iteration = trials_->OfModel(record.model).trial.iterations - before_[static_cast<size_t>(record.model)].iterations;
  result_.visits.Add(kept);
  observer_->VisitDone(result_, kept, first_divergence);
}

// Whoever replays the run has the failure in the log.
void Coordinator::Failed(int model, const std::string& error) {
  result_.models[static_cast<size_t>(model)].failed = true;
  if (trials_->OfModel(model).trial.state == plan::TrialState::kFailed) return;  // in an earlier part; it has entered again
  ControlAction failure = trials_->Fail(model, error);
  failure.round = result_.iteration + (phase_ == RunPhase::kTraining ? 1 : 0);
  if (!request_.living->replays) result_.actions.push_back(std::move(failure));
  observer_->TrialFailed(result_, model, error);
}

void Coordinator::IterationDone(int64_t iteration) {
  result_.iteration = iteration;
  observer_->IterationDone(result_, iteration);
}

void Coordinator::Progress(int64_t rows) {
  rows_trained_ = rows;
  observer_->Show(result_, phase_, rows_trained_);
}

void Coordinator::Show(RunPhase phase) {
  phase_ = phase;
  observer_->Show(result_, phase_, rows_trained_);
}

}  // namespace train
