#include "workers/worker_driver.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "base/error.hpp"
#include "engine/core/model.hpp"
#include "pg/report.hpp"
#include "store/model_spec.hpp"
#include "store/training_state.hpp"
#include "train/states_decision.hpp"

namespace workers {
namespace {

constexpr int kLookMs = 200;  // how often the caller looks without being woken

}  // namespace

WorkerDriver::WorkerDriver(const train::RunRequest& request, StateAccess states) : request_(request), access_(std::move(states)) {
  for (const auto& program : request.programs) {
    sizes_.state_bytes.push_back(program->layout().bytes);
    sizes_.sums.push_back(program->sums_size());
  }
  trains_.assign(request.programs.size(), true);
  failed_.assign(request.programs.size(), false);
  sequences_ = request.spec.plan.Sequences(request.programs.size());
  best_weights_.resize(request.programs.size());
  has_best_.assign(request.programs.size(), false);
}

WorkerDriver::~WorkerDriver() = default;

// The workers start, and read what they are to do, while the first states are made.
std::vector<uint64_t> WorkerDriver::Enter() {
  location_ = request_.states.location;
  if (request_.living) {
    MakeRoom();
    location_ = train::DecideStates({sizes_.StatesBytes()}, request_.workers).location;
  }
  TakeMemory();
  if (parallel_ != nullptr) parallel_->Launch();
  std::vector<uint64_t> diverged;
  for (size_t m = 0; m < request_.programs.size(); m++) {
    diverged.push_back(InitialiseModel(m));
  }
  if (request_.progress && !request_.living) BeginBundles();
  if (request_.progress && request_.living) {
    for (const train::LivingTrial& trial : request_.progress->trials) {
      if (trial.model >= 0) round_began_[static_cast<size_t>(trial.model)] = trial.trial.iterations * request_.spec.plan.partitions;
    }
  }
  WaitForWorkers();
  return diverged;
}

// Returns what Enter does of it.
uint64_t WorkerDriver::InitialiseModel(size_t m) {
  pg::CheckInterrupts();
  const int parent = m < request_.past.size() ? request_.past[m].parent : -1;
  try {
    if (parent >= 0) {
      access_.clone(static_cast<int>(m), BlockOf(m), BlockOf(static_cast<size_t>(parent)));
    } else {
      access_.initialise(static_cast<int>(m), BlockOf(m));
    }
  } catch (...) {
    if (!request_.living) throw;
    WriteFailure(shared_, static_cast<int>(m), engine::TextOfEngineError());
    std::memset(BlockOf(m), 0, sizes_.state_bytes[m]);
  }
  const uint64_t diverged = store::CountersOf(BlockOf(m)).diverged_step;
  trains_[m] = diverged == 0 && !HasFailed(shared_, static_cast<int>(m));
  visits_before_.push_back(VisitsOf(m));
  round_began_.push_back(visits_before_.back());
  trained_before_.push_back(trains_[m]);
  return diverged;
}

// That a model has behind it, over all runs.
int64_t WorkerDriver::VisitsOf(size_t model) const {
  const engine::StateCounters& counters = store::CountersOf(BlockOf(model));
  return static_cast<int64_t>(counters.iterations_done) * request_.spec.plan.partitions + counters.visits_in_iteration;
}

// Where the parts of the run before this one ended: the models of a bundle that train made all their visits together. No
// worker has a target yet.
void WorkerDriver::BeginBundles() {
  const plan::Plan& plan = request_.spec.plan;
  iterations_done_ = request_.progress->iteration;
  for (size_t b = 0; b < plan.bundles.size(); b++) {
    int64_t begins = -1;
    for (const int index : plan.bundles[b].models) {
      const auto m = static_cast<size_t>(index);
      if (!trains_[m] || request_.progress->models[m].stopped_iteration != 0) continue;
      const int64_t visits = visits_before_[m] - request_.past[m].iterations * plan.partitions;
      if (visits < 0 || (begins >= 0 && begins != visits)) {
        throw base::Error(base::ErrorCode::kDataCorrupted,
                          "the training state of model mst_key=" + std::to_string(request_.mst_keys[m]) + " has " + std::to_string(visits) +
                              " visits of the run behind it" + (begins < 0 ? "" : ", those of its bundle have " + std::to_string(begins)),
                          "The result tables were changed since the last commit of the run.");
      }
      begins = visits;
    }
    if (begins >= 0) scheduler_->Begin(static_cast<int>(b), begins / plan.partitions, static_cast<int>(begins % plan.partitions));
  }
  ReplanBundles();
}

// States go where the prepared run says: into the workers' shared memory or into one mapped file, with the same layout.
void WorkerDriver::TakeMemory() {
  const std::string spec_text = WriteRunSpec(request_.spec);
  const size_t outside = SharedRunBytes(sizes_, request_.spec, spec_text, false);
  const size_t inside = SharedRunBytes(sizes_, request_.spec, spec_text, true);
  void* block = nullptr;
  std::string path;
  if (request_.workers == 0) {
    local_ = std::make_unique<store::Block>(inside);
    block = local_->data();
    states_location_ = train::StatesLocationName(train::StatesLocation::kSession);
  } else {
    states_location_ = train::StatesLocationName(location_);
    if (location_ == train::StatesLocation::kMappedFile) {
      file_ = std::make_unique<pg::MappedFile>(pg::MappedFile::Create(sizes_.StatesBytes()));
      path = file_->path();
    }
    memory_ = std::make_unique<pg::SharedMemory>(path.empty() ? inside : outside);
    block = memory_->data();
  }
  shared_ = LayOutSharedRun(block, path.empty() ? inside : outside, sizes_, request_.spec, spec_text, path);
  states_ = file_ ? static_cast<char*>(file_->data()) : At<char>(shared_, shared_->states_offset);
  scheduler_ = std::make_unique<plan::Scheduler>(At<char>(shared_, shared_->scheduler_offset), request_.spec.plan, false);
  if (memory_ != nullptr) parallel_ = std::make_unique<pg::Parallel>(request_.workers, *memory_);
  pg::Debug("training states: " + std::to_string(sizes_.StatesBytes()) + " bytes in " + states_location_);
}

void WorkerDriver::WaitForWorkers() {
  if (parallel_ != nullptr) {
    launched_ = parallel_->WaitForStart();
    pg::Debug("launched " + std::to_string(launched_) + " of " + std::to_string(request_.workers) + " workers");
    if (launched_ == 0) {
      pg::Notice(std::string("no parallel worker could be started: this session ") + (request_.iterations > 0 ? "trains" : "scores") +
                     " the models itself, with the same results",
                 "Raise max_worker_processes or max_parallel_workers, or wait until other queries have ended.");
    }
  }
  if (launched_ == 0) own_worker_ = std::make_unique<Worker>(shared_, states_, request_.spec, request_.pool, -1);
}

void WorkerDriver::SetPhase(WorkerPhase phase) {
  shared_->sync.Lock();
  shared_->phase = phase;
  shared_->events++;
  shared_->sync.Unlock();
  shared_->sync.Broadcast();
}

// The session's own worker does one task; otherwise wait for the others.
void WorkerDriver::WorkOrWait(train::VisitSink* sink) {
  pg::CheckInterrupts();
  if (own_worker_ != nullptr) {
    own_worker_->TryWork();
  } else {
    pg::PrepareWait(&shared_->sync);
    if (Events() == seen_events_) pg::Wait(&shared_->sync, kLookMs);
    pg::CancelWait();
  }
  seen_events_ = Events();  // before the caller looks
  DrainVisits(sink);
  DrainFailures(sink);
  ReportIterations(sink);
  shared_->sync.Lock();
  const int64_t rows = shared_->rows_trained;
  shared_->sync.Unlock();
  sink->Progress(rows);
}

uint64_t WorkerDriver::Events() {
  shared_->sync.Lock();
  const uint64_t events = shared_->events;
  shared_->sync.Unlock();
  return events;
}

int64_t WorkerDriver::Train(int64_t iteration, train::VisitSink* sink) {
  if (request_.living) LayRound();
  target_ = request_.living ? 1 : iteration;
  shared_->sync.Lock();
  scheduler_->SetTarget(target_);
  shared_->sync.Unlock();
  SetPhase(WorkerPhase::kTrain);
  bool paused = false, ends = false;
  for (;;) {
    shared_->sync.Lock();
    const bool there = paused ? !scheduler_->AnyHeld() : scheduler_->AtTarget();
    shared_->sync.Unlock();
    if (there) break;
    WorkOrWait(sink);
    if (!paused && sink->Pauses()) {
      shared_->sync.Lock();
      paused = !scheduler_->AtTarget();
      if (paused) scheduler_->Hold();
      shared_->sync.Unlock();
    }
    if (!paused && !ends && !request_.living && sink->EndsIteration()) {
      ends = true;
      shared_->sync.Lock();
      target_ = scheduler_->EndIteration();
      shared_->sync.Unlock();
    }
  }
  SetPhase(WorkerPhase::kIdle);
  DrainVisits(sink);
  DrainFailures(sink);
  if (paused) return kPaused;
  for (size_t m = 0; request_.living && m < round_began_.size(); m++) {
    if (trains_[m]) round_began_[m] = VisitsOf(m);
  }
  ReportIterations(sink);
  iterations_done_ = request_.living ? iteration : target_;
  return iterations_done_;
}

void WorkerDriver::DrainVisits(train::VisitSink* sink) {
  for (;;) {
    train::VisitRecord record;
    shared_->sync.Lock();
    const bool any = shared_->ring_tail < shared_->ring_head;
    if (any) record = At<train::VisitRecord>(shared_, shared_->ring_offset)[shared_->ring_tail++ % shared_->ring_size];
    shared_->sync.Unlock();
    if (!any) return;
    if (record.diverged_step != 0) trains_[static_cast<size_t>(record.model)] = false;
    sink->Visit(record);
  }
}

// Every visit of the models is drained: what they did before they failed.
void WorkerDriver::DrainFailures(train::VisitSink* sink) {
  if (!request_.living) return;
  shared_->sync.Lock();
  const uint64_t written = shared_->failures;
  shared_->sync.Unlock();
  for (size_t m = 0; failures_ < written && m < failed_.size(); m++) {
    char text[kFailureBytes];
    shared_->sync.Lock();
    std::memcpy(text, At<char>(shared_, shared_->failures_offset) + m * kFailureBytes, kFailureBytes);
    shared_->sync.Unlock();
    if (failed_[m] || text[0] == '\0') continue;
    failed_[m] = true;
    failures_++;
    trains_[m] = false;
    sink->Failed(static_cast<int>(m), text);
  }
}

void WorkerDriver::ReportIterations(train::VisitSink* sink) {
  shared_->sync.Lock();
  const int64_t done = scheduler_->IterationsDone();
  shared_->sync.Unlock();
  while (iterations_done_ < done && iterations_done_ + 1 < target_) {
    DrainVisits(sink);
    sink->IterationDone(++iterations_done_);
  }
}

// The sums of every partition and model are in the shared memory then.
void WorkerDriver::ScanTable(int which, train::VisitSink* sink) {
  const int partitions = which == kTrainingTable ? shared_->partitions : shared_->validation_partitions;
  shared_->sync.Lock();
  shared_->score_table = which;
  shared_->score_next = 0;
  shared_->score_done = 0;
  shared_->sync.Unlock();
  SetPhase(WorkerPhase::kScore);
  for (;;) {
    shared_->sync.Lock();
    const bool done = shared_->score_done == partitions;
    shared_->sync.Unlock();
    if (done) break;
    WorkOrWait(sink);
  }
  SetPhase(WorkerPhase::kIdle);
  DrainFailures(sink);
}

// Partition sums are added in the order of the partitions, whoever computed them.
std::vector<std::vector<double>> WorkerDriver::Score(train::ScoredTable table, const std::vector<int>& models, train::VisitSink* sink) {
  const int which = table == train::ScoredTable::kValidation ? kValidationTable : kTrainingTable;
  if (table != train::ScoredTable::kFolds) ScanTable(which, sink);
  const size_t stride = sizes_.SumsStride();
  const double* all = At<double>(shared_, shared_->sums_offset[which]);
  const auto partitions_of = [&](size_t m) {
    if (table == train::ScoredTable::kTraining) return sequences_[m].Visited(shared_->partitions);
    if (table == train::ScoredTable::kFolds) return sequences_[m].LeftOut(shared_->partitions);
    return plan::Sequence().Visited(shared_->validation_partitions);
  };
  std::vector<std::vector<double>> values;
  size_t at = 0, next = 0;
  for (size_t m = 0; m < request_.programs.size(); m++) {
    if (next < models.size() && models[next] == static_cast<int>(m)) {
      std::vector<double> sums(sizes_.sums[m], 0.0);
      for (const int p : partitions_of(m)) {
        for (size_t k = 0; k < sums.size(); k++) sums[k] += all[static_cast<size_t>(p) * stride + at + k];
      }
      values.push_back(failed_[m] ? std::vector<double>(request_.metric_names[m].size(), std::numeric_limits<double>::quiet_NaN())
                                  : request_.programs[m]->Finish(sums.data()));
      next++;
    }
    at += sizes_.sums[m];
  }
  return values;
}

void WorkerDriver::KeepBest(const std::vector<int>& models) {
  for (const int index : models) {
    const auto m = static_cast<size_t>(index);
    if (static_cast<size_t>(request_.programs[m]->layout().weight_count) * sizeof(float) > store::kMostWeightBytes) continue;  // not written
    best_weights_[m].clear();
    request_.programs[m]->StoreWeights(BlockOf(m), &best_weights_[m], pg::CheckInterrupts);
    has_best_[m] = true;
  }
}

void WorkerDriver::Retire(const std::vector<int>& models) {
  for (const int m : models) {
    At<uint8_t>(shared_, shared_->stopped_offset)[m] = 1;
    trains_[static_cast<size_t>(m)] = false;
  }
  if (!request_.living) ReplanBundles();
}

// Bundles keep their models and their sequences; those with nothing left to train end, and of the others the scheduler
// prefers what has the most work left. Nobody holds a task or looks for one now: the next SetTarget hands the change
// over.
void WorkerDriver::ReplanBundles() {
  const plan::Plan& plan = request_.spec.plan;
  for (size_t b = 0; b < plan.bundles.size(); b++) {
    double alive = 0, total = 0;
    bool any = false;
    for (const int m : plan.bundles[b].models) {
      const bool trains = trains_[static_cast<size_t>(m)];
      total += request_.spec.costs[static_cast<size_t>(m)];
      if (trains) alive += request_.spec.costs[static_cast<size_t>(m)];
      any = any || trains;
    }
    if (any) {
      scheduler_->SetAlive(static_cast<int>(b), total > 0 ? alive / total : 1);
    } else {
      scheduler_->End(static_cast<int>(b));
    }
  }
}

void WorkerDriver::Collect(train::RunResult* result) {
  SetPhase(WorkerPhase::kStop);
  if (own_worker_ != nullptr) own_worker_->LogBuffers();
  own_worker_.reset();
  scheduler_.reset();
  if (parallel_ != nullptr) parallel_->Finish();
  parallel_.reset();  // statements may write again
  for (size_t m = 0; access_.collect && m < request_.programs.size(); m++) {
    pg::CheckInterrupts();
    const char* block = BlockOf(m);
    result->models[m].iterations_done = static_cast<int64_t>(store::CountersOf(block).iterations_done);
    const bool trained = VisitsOf(m) != visits_before_[m] || (trained_before_[m] && store::HasDiverged(block));
    access_.collect(static_cast<int>(m), block, has_best_[m] ? &best_weights_[m] : nullptr, trained);
  }
}

}  // namespace workers
