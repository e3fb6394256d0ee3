#include "workers/worker_driver.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "store/model_spec.hpp"
#include "train/run.hpp"
#include "train/run_log.hpp"
#include "workers/shared_memory.hpp"
#include "workers/worker.hpp"

namespace workers {
namespace {

constexpr int kLookMs = 200;       // how often the caller looks without being woken
constexpr double kShmShare = 0.8;  // of what is free in /dev/shm

/// The caller's side of a run.
class WorkerDriver {
 public:
  WorkerDriver(const train::RunRequest& request, const std::string& model_table);
  train::RunResult Run();

 private:
  void TakeMemory();
  void Initialise();
  void Launch();
  void TrainTo(int64_t target);
  void ScoreTable(int table);
  void ScoreAll(int64_t iteration);
  void ReplanBundles();
  void SetPhase(RunPhase phase);
  void WorkOrWait();
  void DrainVisits();
  void ReportIterations();
  void ShowProgress(pg::Phase phase);
  void LeaveParallelMode();
  char* BlockOf(size_t model) const { return states_ + At<uint64_t>(shared_, shared_->state_offsets_offset)[model]; }

  const train::RunRequest& request_;
  SharedSizes sizes_;
  std::vector<std::unique_ptr<engine::Model>> models_;
  std::optional<train::RunLog> log_;
  // memory, in the order in which it may go away
  std::unique_ptr<pg::MappedFile> file_;
  std::unique_ptr<store::Block> local_;
  std::unique_ptr<pg::Parallel> parallel_;
  SharedRun* shared_ = nullptr;
  char* states_ = nullptr;
  std::unique_ptr<plan::Scheduler> scheduler_;
  std::unique_ptr<Worker> own_worker_;  // when this session trains
  pg::Phase phase_ = pg::Phase::kInitialising;
  std::string state_place_;
  std::vector<uint64_t> state_offsets_;  // once shared_ is gone
  int32_t bundles_ended_ = 0;
};

WorkerDriver::WorkerDriver(const train::RunRequest& request, const std::string& model_table) : request_(request) {
  engine::Options options = store::EngineOptions(request.spec.use_gpus);
  options.precision = request.spec.precision;
  std::vector<std::vector<std::string>> metric_names;
  for (const store::ModelSpec& spec : request.spec.models) {
    models_.push_back(store::BuildModel(spec, request.spec.training.spec, options));
    metric_names.push_back(models_.back()->metric_names());
    sizes_.state_bytes.push_back(models_.back()->layout().bytes);
    sizes_.sums.push_back(models_.back()->sums_size());
  }
  sizes_.iterations = request.iterations;
  log_.emplace(request, std::move(metric_names), model_table);
}

// States go to /dev/shm when they fit into what the setting and the file system leave, else to one mapped file.
void WorkerDriver::TakeMemory() {
  const std::string spec_text = WriteRunSpec(request_.spec);
  const size_t outside = SharedRunBytes(sizes_, request_.spec, spec_text, false);
  const size_t inside = SharedRunBytes(sizes_, request_.spec, spec_text, true);
  void* block = nullptr;
  std::string path;
  if (request_.workers == 0) {
    local_ = std::make_unique<store::Block>(inside);
    block = local_->data();
    state_place_ = "session memory";
  } else {
    const double room =
        std::min(static_cast<double>(pg::CurrentSettings().shared_state_mem), kShmShare * static_cast<double>(pg::FreeSharedMemory()));
    if (static_cast<double>(inside) <= room) {
      state_place_ = "shared memory";
    } else {
      file_ = std::make_unique<pg::MappedFile>(pg::MappedFile::Create(sizes_.StatesBytes()));
      path = file_->path();
      state_place_ = "mapped file";
    }
    parallel_ = std::make_unique<pg::Parallel>(request_.workers, path.empty() ? inside : outside);
    block = parallel_->shared();
  }
  shared_ = LayOutSharedRun(block, path.empty() ? inside : outside, sizes_, request_.spec, spec_text, path);
  states_ = file_ ? static_cast<char*>(file_->data()) : At<char>(shared_, shared_->states_offset);
  scheduler_ = std::make_unique<plan::Scheduler>(At<char>(shared_, shared_->scheduler_offset), request_.spec.plan, false);
  pg::Debug("training states: " + std::to_string(sizes_.StatesBytes()) + " bytes in " + state_place_);
}

void WorkerDriver::Initialise() {
  for (size_t m = 0; m < models_.size(); m++) {
    pg::CheckInterrupts();
    request_.initialise(static_cast<int>(m), models_[m].get(), BlockOf(m));
    log_->result().models[m].diverged_step = static_cast<engine::StateCounters*>(static_cast<void*>(BlockOf(m)))->diverged_step;
  }
}

void WorkerDriver::Launch() {
  if (parallel_ != nullptr) {
    log_->result().workers = parallel_->Launch();
    pg::Debug("launched " + std::to_string(log_->result().workers) + " of " + std::to_string(request_.workers) + " workers");
    if (log_->result().workers == 0) {
      pg::Notice(std::string("no parallel worker could be started: this session ") + (request_.iterations > 0 ? "trains" : "scores") +
                     " the models itself, with the same results",
                 "Raise max_worker_processes or max_parallel_workers, or wait until other queries have ended.");
    }
  }
  if (log_->result().workers == 0) own_worker_ = std::make_unique<Worker>(shared_, states_, request_.spec, -1);
}

void WorkerDriver::SetPhase(RunPhase phase) {
  shared_->sync.Lock();
  shared_->phase = phase;
  shared_->events++;
  shared_->sync.Unlock();
  shared_->sync.Broadcast();
}

// The session's own worker does one task; otherwise wait for the others.
void WorkerDriver::WorkOrWait() {
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

void WorkerDriver::TrainTo(int64_t target) {
  log_->BeginTraining();
  phase_ = pg::Phase::kTraining;
  shared_->sync.Lock();
  scheduler_->SetTarget(target);
  shared_->sync.Unlock();
  SetPhase(RunPhase::kTrain);
  for (;;) {
    shared_->sync.Lock();
    const bool there = scheduler_->AtTarget();
    shared_->sync.Unlock();
    if (there) break;
    WorkOrWait();
  }
  SetPhase(RunPhase::kIdle);
  DrainVisits();
  log_->EndTraining();
}

void WorkerDriver::DrainVisits() {
  for (;;) {
    train::VisitRecord record;
    shared_->sync.Lock();
    const bool any = shared_->ring_tail < shared_->ring_head;
    if (any) record = At<train::VisitRecord>(shared_, shared_->ring_offset)[shared_->ring_tail++ % shared_->ring_size];
    shared_->sync.Unlock();
    if (!any) return;
    log_->AddVisit(record, record.ended - record.started);
  }
}

// One INFO line an iteration; a due iteration's line comes with its metrics, from ScoreAll.
void WorkerDriver::ReportIterations() {
  const auto* tasks = At<uint32_t>(shared_, shared_->tasks_offset);
  const auto all = static_cast<uint32_t>((shared_->bundles - bundles_ended_) * shared_->partitions);
  for (;;) {
    const int64_t i = log_->iterations_reported();
    if (i >= request_.iterations) return;
    shared_->sync.Lock();
    const bool done = tasks[i] == all;
    shared_->sync.Unlock();
    if (!done || std::binary_search(request_.due.begin(), request_.due.end(), i + 1)) return;
    DrainVisits();
    log_->ReportIteration();
  }
}

// Partition sums are added in the order of the partitions, whoever computed them.
void WorkerDriver::ScoreTable(int table) {
  const int partitions = table == kTrainingTable ? shared_->partitions : shared_->validation_partitions;
  shared_->sync.Lock();
  shared_->score_table = table;
  shared_->score_next = 0;
  shared_->score_done = 0;
  shared_->sync.Unlock();
  SetPhase(RunPhase::kScore);
  for (;;) {
    shared_->sync.Lock();
    const bool done = shared_->score_done == partitions;
    shared_->sync.Unlock();
    if (done) break;
    WorkOrWait();
  }
  SetPhase(RunPhase::kIdle);
  const size_t stride = sizes_.SumsStride();
  const double* all = At<double>(shared_, shared_->sums_offset[table]);
  size_t at = 0;
  for (size_t m = 0; m < models_.size(); m++) {
    std::vector<double> sums(sizes_.sums[m], 0.0);
    for (int p = 0; p < partitions; p++) {
      for (size_t k = 0; k < sums.size(); k++) sums[k] += all[static_cast<size_t>(p) * stride + at + k];
    }
    at += sums.size();
    const train::ModelResult& model = log_->model(m);
    if (model.stopped_iteration != 0) continue;
    std::vector<double> values(models_[m]->metric_names().size(), std::nan(""));
    if (model.diverged_step == 0) values = models_[m]->Finish(sums.data());
    log_->AddScores(m, table == kValidationTable, std::move(values));
  }
}

void WorkerDriver::ScoreAll(int64_t iteration) {
  phase_ = pg::Phase::kEvaluating;
  ShowProgress(phase_);
  ScoreTable(kTrainingTable);
  if (shared_->validation_partitions > 0) ScoreTable(kValidationTable);
  const train::RunLog::Verdict verdict = log_->Conclude(iteration);
  for (const int m : verdict.best) {
    std::string* weights = &log_->result().models[static_cast<size_t>(m)].best_weights;
    weights->clear();
    models_[static_cast<size_t>(m)]->StoreWeights(BlockOf(static_cast<size_t>(m)), weights);
  }
  for (const int m : verdict.stopped) At<uint8_t>(shared_, shared_->stopped_offset)[m] = 1;
  if (!verdict.stopped.empty()) ReplanBundles();
}

// Bundles keep their models and their sequences; those with nothing left to train end, and of the others the scheduler prefers what has the
// most work left. Nobody holds a task or looks for one now: the next SetTarget hands the change over.
void WorkerDriver::ReplanBundles() {
  const plan::Plan& plan = request_.spec.plan;
  bundles_ended_ = 0;
  for (size_t b = 0; b < plan.bundles.size(); b++) {
    double alive = 0, total = 0;
    bool any = false;
    for (const int m : plan.bundles[b].models) {
      const bool trains = log_->model(static_cast<size_t>(m)).trains();
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

void WorkerDriver::ShowProgress(pg::Phase phase) {
  int64_t rows = 0;
  if (shared_ != nullptr) {
    shared_->sync.Lock();
    rows = shared_->rows_trained;
    shared_->sync.Unlock();
  }
  log_->Show(phase, rows);
}

// States in the workers' shared memory go with it: those (they are small enough for /dev/shm) are copied, others stay where they are.
void WorkerDriver::LeaveParallelMode() {
  const auto* offsets = At<uint64_t>(shared_, shared_->state_offsets_offset);
  state_offsets_.assign(offsets, offsets + models_.size());
  if (parallel_ != nullptr) {
    parallel_->Finish();
    if (file_ == nullptr && request_.collect) {
      local_ = std::make_unique<store::Block>(sizes_.StatesBytes());
      std::memcpy(local_->data(), states_, sizes_.StatesBytes());
      states_ = static_cast<char*>(local_->data());
    }
    parallel_.reset();
  }
  shared_ = nullptr;
}

train::RunResult WorkerDriver::Run() {
  ShowProgress(phase_);
  TakeMemory();
  Initialise();
  Launch();
  if (request_.iterations == 0) {
    phase_ = pg::Phase::kEvaluating;
    ScoreTable(kTrainingTable);
  }
  for (const int64_t target : request_.due) {
    TrainTo(target);
    ScoreAll(target);
    if (request_.stopping.any() && log_->ModelsThatTrain() == 0) break;
  }
  SetPhase(RunPhase::kStop);
  phase_ = pg::Phase::kWriting;
  ShowProgress(phase_);
  own_worker_.reset();
  scheduler_.reset();
  LeaveParallelMode();
  for (size_t m = 0; request_.collect && m < models_.size(); m++) {
    request_.collect(static_cast<int>(m), *models_[m], states_ + state_offsets_[m], log_->model(m));
  }
  train::RunResult result = std::move(log_->result());
  result.state_place = state_place_;
  result.seconds = pg::Now() - log_->started();
  return result;
}

}  // namespace

train::RunResult RunOnWorkers(const train::RunRequest& request, const std::string& model_table) { return WorkerDriver(request, model_table).Run(); }

}  // namespace workers
