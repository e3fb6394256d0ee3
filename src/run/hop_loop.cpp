#include "run/hop_loop.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "run/hop_worker.hpp"
#include "run/run_journal.hpp"

namespace run {
namespace {

constexpr int kLookMs = 200;       // how often the caller looks without being woken
constexpr double kShmShare = 0.8;  // of what is free in /dev/shm

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
  void ReplanBundles();
  void SetPhase(HopPhase phase);
  void WorkOrWait();
  void DrainVisits();
  void ReportIterations();
  void ShowProgress(pg::Phase phase);
  void LeaveParallelMode();
  char* BlockOf(size_t model) const { return states_ + At<uint64_t>(shared_, shared_->state_offsets_offset)[model]; }

  const HopRequest& request_;
  HopSizes sizes_;
  std::vector<std::unique_ptr<engine::Model>> models_;
  std::optional<RunJournal> journal_;
  // memory, in the order in which it may go away
  std::unique_ptr<pg::MappedFile> file_;
  std::unique_ptr<Block> local_;
  std::unique_ptr<pg::Parallel> parallel_;
  HopShared* shared_ = nullptr;
  char* states_ = nullptr;
  std::unique_ptr<plan::Scheduler> scheduler_;
  std::unique_ptr<HopWorker> own_worker_;  // when this session trains
  pg::Phase phase_ = pg::Phase::kInitialising;
  std::string state_place_;
  std::vector<uint64_t> state_offsets_;  // once shared_ is gone
  int32_t bundles_ended_ = 0;
};

HopLoop::HopLoop(const HopRequest& request, const std::string& model_table) : request_(request) {
  engine::Options options = EngineOptions(request.spec.use_gpus);
  options.precision = request.spec.precision;
  std::vector<std::vector<std::string>> metric_names;
  for (const ModelSpec& spec : request.spec.models) {
    models_.push_back(BuildModel(spec, request.spec.training.spec, options));
    metric_names.push_back(models_.back()->metric_names());
    sizes_.state_bytes.push_back(models_.back()->layout().bytes);
    sizes_.sums.push_back(models_.back()->sums_size());
  }
  sizes_.iterations = request.iterations;
  journal_.emplace(request, std::move(metric_names), model_table);
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
  shared_ = LayOutHop(block, path.empty() ? inside : outside, sizes_, request_.spec, spec_text, path);
  states_ = file_ ? static_cast<char*>(file_->data()) : At<char>(shared_, shared_->states_offset);
  scheduler_ = std::make_unique<plan::Scheduler>(At<char>(shared_, shared_->scheduler_offset), request_.spec.plan, false);
  pg::Debug("training states: " + std::to_string(sizes_.StatesBytes()) + " bytes in " + state_place_);
}

void HopLoop::Initialise() {
  for (size_t m = 0; m < models_.size(); m++) {
    pg::CheckInterrupts();
    request_.initialise(static_cast<int>(m), models_[m].get(), BlockOf(m));
    journal_->result().models[m].diverged_step = static_cast<engine::StateCounters*>(static_cast<void*>(BlockOf(m)))->diverged_step;
  }
}

void HopLoop::Launch() {
  if (parallel_ != nullptr) {
    journal_->result().workers = parallel_->Launch();
    pg::Debug("launched " + std::to_string(journal_->result().workers) + " of " + std::to_string(request_.workers) + " workers");
    if (journal_->result().workers == 0) {
      pg::Notice(std::string("no parallel worker could be started: this session ") + (request_.iterations > 0 ? "trains" : "scores") +
                     " the models itself, with the same results",
                 "Raise max_worker_processes or max_parallel_workers, or wait until other queries have ended.");
    }
  }
  if (journal_->result().workers == 0) own_worker_ = std::make_unique<HopWorker>(shared_, states_, request_.spec, -1);
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
  journal_->BeginTraining();
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
  journal_->EndTraining();
}

void HopLoop::DrainVisits() {
  for (;;) {
    VisitRecord record;
    shared_->sync.Lock();
    const bool any = shared_->ring_tail < shared_->ring_head;
    if (any) record = At<VisitRecord>(shared_, shared_->ring_offset)[shared_->ring_tail++ % shared_->ring_size];
    shared_->sync.Unlock();
    if (!any) return;
    journal_->AddVisit(record, record.ended - record.started);
  }
}

// One INFO line an iteration; a due iteration's line comes with its metrics, from ScoreAll.
void HopLoop::ReportIterations() {
  const auto* tasks = At<uint32_t>(shared_, shared_->tasks_offset);
  const auto all = static_cast<uint32_t>((shared_->bundles - bundles_ended_) * shared_->partitions);
  for (;;) {
    const int64_t i = journal_->iterations_reported();
    if (i >= request_.iterations) return;
    shared_->sync.Lock();
    const bool done = tasks[i] == all;
    shared_->sync.Unlock();
    if (!done || std::binary_search(request_.due.begin(), request_.due.end(), i + 1)) return;
    DrainVisits();
    journal_->ReportIteration();
  }
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
    const HopModelResult& model = journal_->model(m);
    if (model.stopped_iteration != 0) continue;
    std::vector<double> values(models_[m]->metric_names().size(), std::nan(""));
    if (model.diverged_step == 0) values = models_[m]->Finish(sums.data());
    journal_->AddScores(m, table == kValidationTable, std::move(values));
  }
}

void HopLoop::ScoreAll(int64_t iteration) {
  phase_ = pg::Phase::kEvaluating;
  ShowProgress(phase_);
  ScoreTable(kTrainingTable);
  if (shared_->validation_partitions > 0) ScoreTable(kValidationTable);
  const RunJournal::Verdict verdict = journal_->Conclude(iteration);
  for (const int m : verdict.best) {
    std::string* weights = &journal_->result().models[static_cast<size_t>(m)].best_weights;
    weights->clear();
    models_[static_cast<size_t>(m)]->StoreWeights(BlockOf(static_cast<size_t>(m)), weights);
  }
  for (const int m : verdict.stopped) At<uint8_t>(shared_, shared_->stopped_offset)[m] = 1;
  if (!verdict.stopped.empty()) ReplanBundles();
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
      const bool trains = journal_->model(static_cast<size_t>(m)).trains();
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

void HopLoop::ShowProgress(pg::Phase phase) {
  int64_t rows = 0;
  if (shared_ != nullptr) {
    shared_->sync.Lock();
    rows = shared_->rows_trained;
    shared_->sync.Unlock();
  }
  journal_->Show(phase, rows);
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
  if (request_.iterations == 0) {
    phase_ = pg::Phase::kEvaluating;
    ScoreTable(kTrainingTable);
  }
  for (const int64_t target : request_.due) {
    TrainTo(target);
    ScoreAll(target);
    if (request_.stopping.any() && journal_->ModelsThatTrain() == 0) break;
  }
  SetPhase(HopPhase::kStop);
  phase_ = pg::Phase::kWriting;
  ShowProgress(phase_);
  own_worker_.reset();
  scheduler_.reset();
  LeaveParallelMode();
  for (size_t m = 0; request_.collect && m < models_.size(); m++) {
    request_.collect(static_cast<int>(m), *models_[m], states_ + state_offsets_[m], journal_->model(m));
  }
  HopResult result = std::move(journal_->result());
  result.state_place = state_place_;
  result.seconds = pg::Now() - journal_->started();
  return result;
}

}  // namespace

HopResult RunHopLoop(const HopRequest& request, const std::string& model_table) { return HopLoop(request, model_table).Run(); }

}  // namespace run
