#include "run/hop_loop.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "plan/metric_order.hpp"
#include "run/hop_worker.hpp"

namespace run {
namespace {

constexpr int kLookMs = 200;       // how often the caller looks without being woken
constexpr double kShmShare = 0.8;  // of what is free in /dev/shm

std::string Seconds(double s) {
  char text[32];
  std::snprintf(text, sizeof(text), s < 10 ? "%.2f s" : "%.0f s", s);
  return text;
}

/// The caller's side of a run.
class HopLoop {
 public:
  HopLoop(const HopRequest& request, const std::string& model_table);
  HopResult Run();

 private:
  void TakeMemory();
  void Initialise();
  void Launch();
  void TrainTo(int64_t target);
  void ScoreTable(int table);
  void ScoreAll(int64_t iteration);
  void KeepBest(size_t model);
  std::string StopModels(int64_t iteration);
  void ReplanBundles();
  int64_t ModelsThatTrain() const;
  std::string LeadMetric(size_t model) const;
  bool HaveOneMetric() const;
  const std::vector<std::vector<double>>& Scores(size_t model) const;
  void SetPhase(HopPhase phase);
  void WorkOrWait();
  void DrainVisits();
  void ReportIterations();
  std::string MetricsLine(int64_t trained) const;
  double SecondsLeft() const;
  double ShareAfterHalving() const;
  void ShowProgress(pg::Phase phase);
  void LeaveParallelMode();
  char* BlockOf(size_t model) const { return states_ + At<uint64_t>(shared_, shared_->state_offsets_offset)[model]; }

  const HopRequest& request_;
  const std::string model_table_;
  double started_;
  pg::Progress progress_;
  HopSizes sizes_;
  std::vector<std::unique_ptr<engine::Model>> models_;
  // memory, in the order in which it may go away
  std::unique_ptr<pg::MappedFile> file_;
  std::unique_ptr<Block> local_;
  std::unique_ptr<pg::Parallel> parallel_;
  HopShared* shared_ = nullptr;
  char* states_ = nullptr;
  std::unique_ptr<plan::Scheduler> scheduler_;
  std::unique_ptr<HopWorker> own_worker_;  // when this session trains
  HopResult result_;
  pg::Phase phase_ = pg::Phase::kInitialising;
  int64_t iterations_reported_ = 0;  // INFO lines written
  double iteration_started_ = 0;
  double cost_done_ = 0;
  double trained_seconds_ = 0;           // wall time of the training phases that have ended
  double training_since_ = 0;            // start of the phase under way; 0 = none
  std::vector<uint64_t> state_offsets_;  // once shared_ is gone
  std::vector<int64_t> visits_done_;     // a model
  std::vector<double> iteration_loss_sum_, iteration_rows_;
  int32_t bundles_ended_ = 0;
};

// Whether values a (engine::Model::Finish) are better than b: by the first metric if its name is given, equal ones by the loss.
bool BetterValues(const std::string& metric, const std::vector<double>& a, const std::vector<double>& b) {
  if (!metric.empty() && a.size() > 1 && b.size() > 1) {
    if (plan::BetterMetric(metric, a[1], b[1])) return true;
    if (plan::BetterMetric(metric, b[1], a[1])) return false;
  }
  return plan::BetterMetric("loss", a[0], b[0]);
}

HopLoop::HopLoop(const HopRequest& request, const std::string& model_table)
    : request_(request), model_table_(model_table), started_(pg::Now()), progress_(model_table) {
  result_.models.resize(request.spec.models.size());
  iteration_loss_sum_.assign(static_cast<size_t>(request.iterations), 0.0);
  iteration_rows_.assign(static_cast<size_t>(request.iterations), 0.0);
  engine::Options options = EngineOptions(request.spec.use_gpus);
  options.precision = request.spec.precision;
  for (const ModelSpec& spec : request.spec.models) {
    models_.push_back(BuildModel(spec, request.spec.training.spec, options));
    sizes_.state_bytes.push_back(models_.back()->layout().bytes);
    sizes_.sums.push_back(models_.back()->sums_size());
  }
  sizes_.iterations = request.iterations;
  visits_done_.assign(models_.size(), 0);
}

// States go to /dev/shm when they fit into what the setting and the file system leave, else to one mapped file.
void HopLoop::TakeMemory() {
  const std::string spec_text = WriteHopSpec(request_.spec);
  const size_t outside = HopBytes(sizes_, request_.spec, spec_text, false);
  const size_t inside = HopBytes(sizes_, request_.spec, spec_text, true);
  void* block = nullptr;
  std::string path;
  if (request_.workers == 0) {
    local_ = std::make_unique<Block>(inside);
    block = local_->data();
    result_.state_place = "session memory";
  } else {
    const double room =
        std::min(static_cast<double>(pg::CurrentSettings().shared_state_mem), kShmShare * static_cast<double>(pg::FreeSharedMemory()));
    if (static_cast<double>(inside) <= room) {
      result_.state_place = "shared memory";
    } else {
      file_ = std::make_unique<pg::MappedFile>(pg::MappedFile::Create(sizes_.StatesBytes()));
      path = file_->path();
      result_.state_place = "mapped file";
    }
    parallel_ = std::make_unique<pg::Parallel>(request_.workers, path.empty() ? inside : outside);
    block = parallel_->shared();
  }
  shared_ = LayOutHop(block, path.empty() ? inside : outside, sizes_, request_.spec, spec_text, path);
  states_ = file_ ? static_cast<char*>(file_->data()) : At<char>(shared_, shared_->states_offset);
  scheduler_ = std::make_unique<plan::Scheduler>(At<char>(shared_, shared_->scheduler_offset), request_.spec.plan, false);
  pg::Debug("training states: " + std::to_string(sizes_.StatesBytes()) + " bytes in " + result_.state_place);
}

void HopLoop::Initialise() {
  for (size_t m = 0; m < models_.size(); m++) {
    pg::CheckInterrupts();
    request_.initialise(static_cast<int>(m), models_[m].get(), BlockOf(m));
    result_.models[m].diverged_step = static_cast<engine::StateCounters*>(static_cast<void*>(BlockOf(m)))->diverged_step;
  }
}

void HopLoop::Launch() {
  if (parallel_ != nullptr) {
    result_.workers = parallel_->Launch();
    pg::Debug("launched " + std::to_string(result_.workers) + " of " + std::to_string(request_.workers) + " workers");
    if (result_.workers == 0) {
      pg::Notice(std::string("no parallel worker could be started: this session ") + (request_.iterations > 0 ? "trains" : "scores") +
                     " the models itself, with the same results",
                 "Raise max_worker_processes or max_parallel_workers, or wait until other queries have ended.");
    }
  }
  if (result_.workers == 0) own_worker_ = std::make_unique<HopWorker>(shared_, states_, request_.spec, -1);
}

void HopLoop::SetPhase(HopPhase phase) {
  shared_->sync.Lock();
  shared_->phase = phase;
  shared_->events++;
  shared_->sync.Unlock();
  shared_->sync.Broadcast();
}

// The session's own worker does one task; otherwise wait for the others.
void HopLoop::WorkOrWait() {
  pg::CheckInterrupts();
  if (own_worker_ != nullptr) {
    own_worker_->TryWork();
  } else {
    pg::PrepareWait(&shared_->sync);
    pg::Wait(&shared_->sync, kLookMs);
    pg::CancelWait();
  }
  DrainVisits();
  ReportIterations();
  ShowProgress(phase_);
}

void HopLoop::TrainTo(int64_t target) {
  training_since_ = pg::Now();
  phase_ = pg::Phase::kTraining;
  shared_->sync.Lock();
  scheduler_->SetTarget(target);
  shared_->sync.Unlock();
  SetPhase(HopPhase::kTrain);
  for (;;) {
    shared_->sync.Lock();
    const bool there = scheduler_->AtTarget();
    shared_->sync.Unlock();
    if (there) break;
    WorkOrWait();
  }
  SetPhase(HopPhase::kIdle);
  DrainVisits();
  trained_seconds_ += pg::Now() - training_since_;
  training_since_ = 0;
}

void HopLoop::DrainVisits() {
  for (;;) {
    VisitRecord record;
    shared_->sync.Lock();
    const bool any = shared_->ring_tail < shared_->ring_head;
    if (any) record = At<VisitRecord>(shared_, shared_->ring_offset)[shared_->ring_tail++ % shared_->ring_size];
    shared_->sync.Unlock();
    if (!any) return;
    HopModelResult& model = result_.models[static_cast<size_t>(record.model)];
    model.training_seconds += record.ended - record.started;
    if (record.diverged_step != 0 && model.diverged_step == 0) {
      model.diverged_step = record.diverged_step;
      pg::Warning("model mst_key=" + std::to_string(request_.mst_keys[static_cast<size_t>(record.model)]) + " diverged at step " +
                      std::to_string(record.diverged_step) + ": its loss is NaN or infinite",
                  "The other models go on. A lower learning rate, clipnorm, or standardised inputs usually help.");
    }
    visits_done_[static_cast<size_t>(record.model)]++;
    cost_done_ += request_.spec.costs[static_cast<size_t>(record.model)];
    if (std::isfinite(record.loss)) {
      iteration_loss_sum_[static_cast<size_t>(record.iteration)] += record.loss * static_cast<double>(record.rows);
      iteration_rows_[static_cast<size_t>(record.iteration)] += static_cast<double>(record.rows);
    }
    result_.visits.push_back(record);
  }
}

double HopLoop::SecondsLeft() const {
  if (cost_done_ <= 0) return -1;
  double cost_left = 0;  // of the models that still train
  for (size_t m = 0; m < models_.size(); m++) {
    if (!result_.models[m].trains()) continue;
    const int64_t all = request_.iterations * request_.spec.plan.partitions;
    cost_left += request_.spec.costs[m] * static_cast<double>(std::max<int64_t>(0, all - visits_done_[m]));
  }
  return (pg::Now() - started_) * cost_left * ShareAfterHalving() / cost_done_;
}

// What halving leaves of the rest of the run, as far as it is known beforehand.
double HopLoop::ShareAfterHalving() const {
  if (!request_.stopping.halving) return 1;
  plan::Halving rest = *request_.stopping.halving;
  const int64_t done = iterations_reported_, left = request_.iterations - done, models = ModelsThatTrain();
  rest.iterations.erase(rest.iterations.begin(), std::upper_bound(rest.iterations.begin(), rest.iterations.end(), done));
  for (int64_t& iteration : rest.iterations) iteration -= done;
  if (left <= 0 || models == 0) return 1;
  return static_cast<double>(plan::HalvingWork(rest, models, left)) / static_cast<double>(models * left);
}

// One INFO line an iteration; a due iteration's line comes with its metrics, from ScoreAll.
void HopLoop::ReportIterations() {
  const auto* tasks = At<uint32_t>(shared_, shared_->tasks_offset);
  const auto all = static_cast<uint32_t>((shared_->bundles - bundles_ended_) * shared_->partitions);
  for (;;) {
    const int64_t i = iterations_reported_;
    if (i >= request_.iterations) return;
    shared_->sync.Lock();
    const bool done = tasks[i] == all;
    shared_->sync.Unlock();
    if (!done || std::binary_search(request_.due.begin(), request_.due.end(), i + 1)) return;
    DrainVisits();
    iterations_reported_++;
    pg::Info("iteration " + std::to_string(i + 1) + " of " + std::to_string(request_.iterations) + ": " +
             Seconds(pg::Now() - iteration_started_) + ", " + MetricsLine(ModelsThatTrain()));
    iteration_started_ = pg::Now();
  }
}

std::string HopLoop::MetricsLine(int64_t trained) const {
  const auto i = static_cast<size_t>(iterations_reported_ > 0 ? iterations_reported_ - 1 : 0);
  char text[160];
  std::snprintf(text, sizeof(text), "%d model%s, mean training loss %.6g", static_cast<int>(trained), trained == 1 ? "" : "s",
                iteration_rows_[i] > 0 ? iteration_loss_sum_[i] / iteration_rows_[i] : std::nan(""));
  std::string line = text;
  const double left = SecondsLeft();
  if (left > 0) line += ", about " + Seconds(left) + " left";
  return line;
}

// Partition sums are added in the order of the partitions, whoever computed them.
void HopLoop::ScoreTable(int table) {
  const int partitions = table == kTrainingTable ? shared_->partitions : shared_->validation_partitions;
  shared_->sync.Lock();
  shared_->score_table = table;
  shared_->score_next = 0;
  shared_->score_done = 0;
  shared_->sync.Unlock();
  SetPhase(HopPhase::kScore);
  for (;;) {
    shared_->sync.Lock();
    const bool done = shared_->score_done == partitions;
    shared_->sync.Unlock();
    if (done) break;
    WorkOrWait();
  }
  SetPhase(HopPhase::kIdle);
  const size_t stride = sizes_.SumsStride();
  const double* all = At<double>(shared_, shared_->sums_offset[table]);
  size_t at = 0;
  for (size_t m = 0; m < models_.size(); m++) {
    std::vector<double> sums(sizes_.sums[m], 0.0);
    for (int p = 0; p < partitions; p++) {
      for (size_t k = 0; k < sums.size(); k++) sums[k] += all[static_cast<size_t>(p) * stride + at + k];
    }
    at += sums.size();
    HopModelResult& model = result_.models[m];
    if (model.stopped_iteration != 0) continue;
    std::vector<double> values(models_[m]->metric_names().size(), std::nan(""));
    if (model.diverged_step == 0) values = models_[m]->Finish(sums.data());
    (table == kTrainingTable ? model.training : model.validation).push_back(std::move(values));
  }
}

void HopLoop::ScoreAll(int64_t iteration) {
  phase_ = pg::Phase::kEvaluating;
  ShowProgress(phase_);
  ScoreTable(kTrainingTable);
  const bool validated = shared_->validation_partitions > 0;
  if (validated) ScoreTable(kValidationTable);
  const bool by_metric = HaveOneMetric();
  size_t best = 0;
  for (size_t m = 0; m < models_.size(); m++) {
    if (result_.models[m].stopped_iteration == 0) {
      result_.models[m].elapsed.push_back(pg::Now() - started_);
      if (request_.keep_best) KeepBest(m);
    }
    if (m > 0 && BetterValues(by_metric ? LeadMetric(m) : "", Scores(m).back(), Scores(best).back())) best = m;
  }
  const std::vector<double>& leader = Scores(best).back();
  char text[192];
  if (by_metric && leader.size() > 1) {
    std::snprintf(text, sizeof(text), "; best by %s %s: mst_key=%d with %.6g (loss %.6g)", validated ? "validation" : "training",
                  LeadMetric(best).c_str(), request_.mst_keys[best], leader[1], leader[0]);
  } else {
    std::snprintf(text, sizeof(text), "; best by %s loss: mst_key=%d with %.6g", validated ? "validation" : "training",
                  request_.mst_keys[best], leader[0]);
  }
  iterations_reported_ = iteration;
  result_.due.push_back(iteration);
  const int64_t trained = ModelsThatTrain();
  const std::string stops = StopModels(iteration);
  pg::Info("iteration " + std::to_string(iteration) + " of " + std::to_string(request_.iterations) + ": " +
           Seconds(pg::Now() - iteration_started_) + ", " + MetricsLine(trained) + text + stops);
  iteration_started_ = pg::Now();
}

// Marks the models that stop here and says how many; nothing at the run's end, where all stop.
std::string HopLoop::StopModels(int64_t iteration) {
  if (!request_.stopping.any() || iteration == request_.iterations) return "";
  std::vector<plan::ModelHistory> models(models_.size());
  for (size_t m = 0; m < models_.size(); m++) {
    const HopModelResult& result = result_.models[m];
    models[m] =
        plan::ModelHistory{request_.mst_keys[m], result.trains(), &models_[m]->metric_names(), &result.training, &result.validation};
  }
  const std::vector<plan::Stop> stops = plan::DecideStops(request_.stopping, iteration, models);
  for (const plan::Stop& stop : stops) {
    HopModelResult& result = result_.models[static_cast<size_t>(stop.model)];
    result.stopped_iteration = iteration;
    result.stopped_by = stop.by;
    At<uint8_t>(shared_, shared_->stopped_offset)[stop.model] = 1;
    pg::Debug("model mst_key=" + std::to_string(request_.mst_keys[static_cast<size_t>(stop.model)]) + " stops after iteration " +
              std::to_string(iteration) + " by " + stop.by);
  }
  if (stops.empty()) return "";
  ReplanBundles();
  return "; " + std::to_string(stops.size()) + (stops.size() == 1 ? " model stops, " : " models stop, ") +
         std::to_string(ModelsThatTrain()) + (ModelsThatTrain() == 1 ? " goes on" : " go on");
}

// Bundles keep their models and their sequences; those with nothing left to train end, and of the others the scheduler prefers what has the
// most work left. Nobody holds a task or looks for one now: the next SetTarget hands the change over.
void HopLoop::ReplanBundles() {
  const plan::Plan& plan = request_.spec.plan;
  bundles_ended_ = 0;
  for (size_t b = 0; b < plan.bundles.size(); b++) {
    double alive = 0, total = 0;
    bool any = false;
    for (const int m : plan.bundles[b].models) {
      const bool trains = result_.models[static_cast<size_t>(m)].trains();
      total += request_.spec.costs[static_cast<size_t>(m)];
      if (trains) alive += request_.spec.costs[static_cast<size_t>(m)];
      any = any || trains;
    }
    if (any) {
      scheduler_->SetAlive(static_cast<int>(b), total > 0 ? alive / total : 1);
    } else {
      scheduler_->End(static_cast<int>(b));
      bundles_ended_++;
    }
  }
}

int64_t HopLoop::ModelsThatTrain() const {
  return std::count_if(result_.models.begin(), result_.models.end(), [](const HopModelResult& m) { return m.trains(); });
}

// The first metric after the loss; empty when there is none.
std::string HopLoop::LeadMetric(size_t model) const {
  const std::vector<std::string>& names = models_[model]->metric_names();
  return names.size() > 1 ? names[1] : std::string();
}

// Only a metric that all models have tells which of them is better, as in cerebro.leaderboard().
bool HopLoop::HaveOneMetric() const {
  std::string metric;
  for (size_t m = 0; m < models_.size(); m++) {
    if (result_.models[m].diverged_step != 0) continue;
    const std::string own = LeadMetric(m);
    if (own.empty() || (!metric.empty() && own != metric)) return false;
    metric = own;
  }
  return !metric.empty();
}

// A model's values at each due iteration that counts for comparisons.
const std::vector<std::vector<double>>& HopLoop::Scores(size_t model) const {
  const HopModelResult& result = result_.models[model];
  return result.validation.empty() ? result.training : result.validation;
}

void HopLoop::KeepBest(size_t m) {
  HopModelResult& model = result_.models[m];
  if (model.diverged_step != 0) return;
  const std::vector<std::vector<double>>& history = Scores(m);
  const size_t now = history.size() - 1;
  if (model.best_due >= 0 && !BetterValues(LeadMetric(m), history[now], history[static_cast<size_t>(model.best_due)])) return;
  model.best_due = static_cast<int64_t>(now);
  model.best_weights.clear();
  models_[m]->StoreWeights(BlockOf(m), &model.best_weights);
}

void HopLoop::ShowProgress(pg::Phase phase) {
  pg::ProgressRow row;
  row.model_table = model_table_;
  row.phase = phase;
  row.iteration = std::min(iterations_reported_ + 1, request_.iterations);
  row.iterations = request_.iterations;
  row.visits_done = static_cast<int64_t>(result_.visits.size());
  row.visits_total = 0;
  for (const HopModelResult& model : result_.models) {
    row.visits_total += request_.spec.plan.partitions * (model.stopped_iteration != 0 ? model.stopped_iteration : request_.iterations);
  }
  row.models = static_cast<int>(models_.size());
  row.models_training = static_cast<int>(ModelsThatTrain());
  row.workers = result_.workers;
  const double seconds = trained_seconds_ + (training_since_ > 0 ? pg::Now() - training_since_ : 0);
  if (shared_ != nullptr && seconds > 0) {
    shared_->sync.Lock();
    row.rows_per_second = static_cast<double>(shared_->rows_trained) / seconds;
    shared_->sync.Unlock();
  }
  row.seconds_left = SecondsLeft();
  progress_.Update(row);
}

// States in the workers' shared memory go with it: those (they are small enough for /dev/shm) are copied, others stay where they are.
void HopLoop::LeaveParallelMode() {
  const auto* offsets = At<uint64_t>(shared_, shared_->state_offsets_offset);
  state_offsets_.assign(offsets, offsets + models_.size());
  if (parallel_ != nullptr) {
    parallel_->Finish();
    if (file_ == nullptr && request_.collect) {
      local_ = std::make_unique<Block>(sizes_.StatesBytes());
      std::memcpy(local_->data(), states_, sizes_.StatesBytes());
      states_ = static_cast<char*>(local_->data());
    }
    parallel_.reset();
  }
  shared_ = nullptr;
}

HopResult HopLoop::Run() {
  ShowProgress(phase_);
  TakeMemory();
  Initialise();
  Launch();
  iteration_started_ = pg::Now();
  if (request_.iterations == 0) {
    phase_ = pg::Phase::kEvaluating;
    ScoreTable(kTrainingTable);
  }
  for (const int64_t target : request_.due) {
    TrainTo(target);
    ScoreAll(target);
    if (request_.stopping.any() && ModelsThatTrain() == 0) break;
  }
  SetPhase(HopPhase::kStop);
  phase_ = pg::Phase::kWriting;
  ShowProgress(phase_);
  own_worker_.reset();
  scheduler_.reset();
  LeaveParallelMode();
  for (size_t m = 0; request_.collect && m < models_.size(); m++) {
    request_.collect(static_cast<int>(m), *models_[m], states_ + state_offsets_[m], result_.models[m]);
  }
  result_.seconds = pg::Now() - started_;
  return std::move(result_);
}

}  // namespace

HopResult RunHopLoop(const HopRequest& request, const std::string& model_table) { return HopLoop(request, model_table).Run(); }

}  // namespace run
