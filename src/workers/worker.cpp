#include "workers/worker.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/core/devices.hpp"
#include "base/error.hpp"
#include "engine/api/workspace.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "data/packed_table.hpp"
#include "store/model_spec.hpp"
#include "store/training_state.hpp"
#include "train/bundle_visit.hpp"
#include "train/run.hpp"
#include "train/scorer.hpp"
#include "train/visit_context.hpp"
#include "workers/shared_memory.hpp"

namespace workers {
namespace {

/// Holds the run's lock for a few instructions; nothing in its scope may throw.
class Locked {
 public:
  explicit Locked(pg::SharedSync* sync) : sync_(sync) { sync_->Lock(); }
  ~Locked() { sync_->Unlock(); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  pg::SharedSync* sync_;
};

plan::FusionGroup Alone(int model) {
  plan::FusionGroup fusion_group;
  fusion_group.models = {model};
  return fusion_group;
}

// The aggregate over one partition in buffer order. The subquery's order is the index's; no sort is planned for it.
std::string VisitQuery(const data::PackedTable& table) {
  const std::string columns = table.DataColumns();
  return "SELECT cerebro_run.fit_visit($1::pg_catalog.int4, v.partition_id, v.buffer_id, " + columns +
         ") FROM (SELECT partition_id, buffer_id, " + columns + " FROM " + table.FromClause() +
         " WHERE partition_id OPERATOR(pg_catalog.=) $2::pg_catalog.int4 ORDER BY partition_id, buffer_id) v";
}

}  // namespace

StatesView::StatesView(SharedRun* shared) {
  if (shared->states_path[0] == '\0') {
    data_ = At<char>(shared, shared->states_offset);
    return;
  }
  file_ = std::make_unique<pg::MappedFile>(pg::MappedFile::Open(shared->states_path, shared->states_bytes));
  data_ = static_cast<char*>(file_->data());
}

Worker::Worker(SharedRun* shared, char* states, train::RunSpec spec, std::shared_ptr<engine::ModelPool> pool, int number)
    : shared_(shared),
      states_(states),
      spec_(std::move(spec)),
      number_(number),
      scheduler_(At<char>(shared, shared->scheduler_offset)),
      pool_(std::move(pool)),
      programs_(spec_.models.size()),
      workspace_(std::make_shared<engine::Workspace>()),
      cache_(static_cast<size_t>(pg::CurrentSettings().cache_mem), spec_.feature_cache),
      round_text_(shared->round_room, '\0') {
  engine::Options options = store::EngineOptions(spec_.use_gpus);
  options.precision = spec_.precision;
  features_ = std::make_unique<train::FeatureComputer>(spec_.shared_features, spec_.training.spec, spec_.model_reads, options,
                                                       [this](int model) { return spec_.models.at(static_cast<size_t>(model))->graph; });
  if (pool_ == nullptr) pool_ = std::make_shared<engine::ModelPool>(spec_.training.spec, options);
}

Worker::~Worker() { engine::CloseDevice(); }

const std::shared_ptr<const engine::Program>& Worker::ProgramOf(int index) {
  std::shared_ptr<const engine::Program>& program = programs_[static_cast<size_t>(index)];
  const store::ModelSpec& model = *spec_.models[static_cast<size_t>(index)];
  if (program == nullptr) program = pool_->ProgramOf(model.TrainedGraph(), model.config);
  return program;
}

// In a living run a model's error is its own.
engine::OnError Worker::on_error() const {
  return shared_->failures_offset != 0 ? engine::OnError::kLeavesOut : engine::OnError::kThrows;
}

// Does what belongs to one model. False where the model has failed in it.
template <typename Work>
bool Worker::Try(int index, Work&& work) {
  if (on_error() == engine::OnError::kThrows) {
    work();
    return true;
  }
  try {
    work();
  } catch (...) {
    WriteFailure(shared_, index, engine::TextOfEngineError());
    return false;
  }
  return true;
}

// Neither diverged nor stopped, and without an error.
bool Worker::Trains(int index) const {
  return At<uint8_t>(shared_, shared_->stopped_offset)[index] == 0 && !HasFailed(shared_, index) &&
         !store::HasDiverged(states_ + At<uint64_t>(shared_, shared_->state_offsets_offset)[index]);
}

bool Worker::TryWork() {
  plan::Scheduler::Task task;
  int table = 0, partition = -1;
  bool train = false;
  {
    Locked lock(&shared_->sync);
    seen_events_ = shared_->events;
    added_end_ = shared_->added_bytes;
    if (shared_->phase == WorkerPhase::kStop) {
      stopped_ = true;
    } else if (shared_->phase == WorkerPhase::kTrain) {
      train = scheduler_.Take(&task);
      if (shared_->round_number != round_) {
        round_ = shared_->round_number;
        round_bytes_ = shared_->round_bytes;
        std::memcpy(round_text_.data(), At<char>(shared_, shared_->round_offset), round_bytes_);
      }
    } else if (shared_->phase == WorkerPhase::kScore) {
      table = shared_->score_table;
      const int partitions = table == kTrainingTable ? shared_->partitions : shared_->validation_partitions;
      if (shared_->score_next < partitions) partition = shared_->score_next++;
    }
  }
  if (train || partition >= 0) Follow();
  if (train) {
    VisitBundle(task);
  } else if (partition >= 0) {
    Score(table, partition);
  }
  return train || partition >= 0;
}

// Reads what the caller has added to the run, and the bundles of this round.
void Worker::Follow() {
  while (added_read_ < added_end_) {
    const char* at = At<char>(shared_, shared_->added_offset) + added_read_;
    uint64_t bytes = 0;
    std::memcpy(&bytes, at, sizeof(bytes));
    ReadAddedModel({at + sizeof(bytes), bytes}, &spec_);
    added_read_ += sizeof(bytes) + bytes;
  }
  programs_.resize(spec_.models.size());
  if (round_bytes_ == 0) return;
  ReadRound({round_text_.data(), round_bytes_}, &spec_);
  round_bytes_ = 0;
}

void Worker::WaitForChange(int timeout_ms) {
  pg::PrepareWait(&shared_->sync);
  bool changed = false;
  {
    Locked lock(&shared_->sync);
    changed = shared_->events != seen_events_;
  }
  if (!changed) pg::Wait(&shared_->sync, timeout_ms);
  pg::CancelWait();
}

// The models of a bundle go over the partition in one query, or each fusion group in one of its own.
void Worker::VisitBundle(const plan::Scheduler::Task& task) {
  const auto number = static_cast<size_t>(task.bundle);
  const plan::Bundle& bundle = spec_.plan.bundles[number];
  const plan::BundleFusion& together = spec_.fusion.bundles[number];
  const int partition = spec_.plan.PartitionAt(task.bundle, task.iteration, task.visit);
  if (together.shared_scan.applied) {
    Visit(together.fusion_groups, task, partition);
  } else {
    for (const plan::FusionGroup& fusion_group : together.fusion_groups) {
      if (fusion_group.horizontal.applied) {
        Visit({fusion_group}, task, partition);
      } else {
        for (const int index : fusion_group.models) Visit({Alone(index)}, task, partition);
      }
    }
  }
  double total = 0, alive = 0;
  for (const int index : bundle.models) {
    total += spec_.costs[static_cast<size_t>(index)];
    if (Trains(index)) alive += spec_.costs[static_cast<size_t>(index)];
  }
  {
    Locked lock(&shared_->sync);
    scheduler_.Done(task, total > 0 ? alive / total : 0);
    shared_->events++;
  }
  shared_->sync.Broadcast();
}

// The hop itself: whoever holds the bundle's task lays its models over their states, trains one partition and lets go.
// Models that have diverged are left out.
void Worker::Visit(const std::vector<plan::FusionGroup>& fusion_groups, const plan::Scheduler::Task& task, int partition) {
  std::vector<int> members;
  std::vector<engine::LentModel> lent;
  std::vector<engine::Model*> models;
  std::vector<train::FusionMembers> fused;
  for (const plan::FusionGroup& fusion_group : fusion_groups) {
    train::FusionMembers together;
    together.batches_per_switch = fusion_group.batches_per_switch;
    for (const int index : fusion_group.models) {
      if (!Trains(index)) continue;
      const bool there = Try(index, [&] {
        engine::LentModel model = pool_->Lend(ProgramOf(index), spec_.models[static_cast<size_t>(index)]->config);
        model->Attach(BlockOf(index));
        lent.push_back(std::move(model));
      });
      if (!there) continue;
      together.members.push_back(static_cast<int>(members.size()));
      members.push_back(index);
      models.push_back(lent.back().get());
    }
    if (fusion_group.horizontal.applied) fused.push_back(std::move(together));
  }
  if (members.empty()) return;
  if (visit_query_ == nullptr) {
    visit_query_ = std::make_unique<pg::Statement>(VisitQuery(spec_.training), std::vector<std::string>{"int8", "int8"});
  }
  train::BundleVisit bundle_visit(models, &spec_.training.spec, fused, workspace_, on_error());
  const int first = spec_.plan.bundles[static_cast<size_t>(task.bundle)].sequence.base;
  bundle_visit.KeepBuffers();
  if (first != 0) bundle_visit.CountPartitionsFrom(std::vector<int>(models.size(), first), spec_.plan.partitions);
  train::ActiveVisit visit;
  visit.visit_id = task.bundle;
  visit.models = &bundle_visit;
  visit.cache = &cache_;
  visit.table = &spec_.training;
  visit.complete = CompleteFor(members);
  const double started = pg::Now();
  {
    train::VisitScope scope(&visit);
    visit_query_->Run({static_cast<int64_t>(task.bundle), static_cast<int64_t>(partition)});
  }
  if (!bundle_visit.begun()) {  // an empty partition: nothing to learn, but the visit counts
    bundle_visit.Begin();
    bundle_visit.End(pg::CheckInterrupts);
  }
  for (size_t i = 0; i < models.size(); i++) {
    if (!bundle_visit.error(i).empty()) WriteFailure(shared_, members[i], bundle_visit.error(i));
    Try(members[i], [&] { models[i]->Detach(); });
  }
  store::TellOfDevices();
  LogVisit(members, bundle_visit.Records(started, pg::Now()), task, partition);
}

// Puts in the features that these models read and no table has; empty where there are none. Of the others, one that has
// failed makes none: its state may never have been filled. These models are sound now; one that fails meanwhile in
// another process goes on making them here, for it is still read.
data::CompleteColumns Worker::CompleteFor(const std::vector<int>& models) {
  if (features_->empty()) return {};
  std::vector<bool> wanted(spec_.training.spec.inputs.size());
  for (const int index : models) {
    const std::vector<bool>& reads = ProgramOf(index)->reads();
    for (size_t i = 0; i < wanted.size(); i++) wanted[i] = wanted[i] || reads[i];
  }
  std::vector<bool> sound;
  for (size_t i = 0; i < spec_.models.size(); i++) sound.push_back(!HasFailed(shared_, static_cast<int>(i)));
  for (const int index : models) sound[static_cast<size_t>(index)] = true;
  return [this, wanted, sound](int partition, int buffer, std::vector<base::Bytes>* columns) {
    const auto block_of = [this, &sound](int model) -> const void* { return sound[static_cast<size_t>(model)] ? BlockOf(model) : nullptr; };
    features_->Complete(partition, buffer, wanted, block_of, pg::CheckInterrupts, columns);
  };
}

void Worker::LogVisit(const std::vector<int>& members, std::vector<train::VisitRecord> records, const plan::Scheduler::Task& task,
                      int partition) {
  for (size_t i = 0; i < members.size(); i++) {
    if (HasFailed(shared_, members[i])) continue;
    train::VisitRecord& record = records[i];
    record.model = members[i];
    record.iteration = task.iteration;
    record.visit = task.visit;
    record.partition = partition;
    record.worker = number_;
    char* block = BlockOf(members[i]);
    record.diverged_step = store::CountersOf(block).diverged_step;
    const int epochs = spec_.models[static_cast<size_t>(members[i])]->config.epochs;
    if (!store::HasDiverged(block)) data::CheckVisitedRows(spec_.training, partition, record.rows / epochs);
    Log(record);
  }
}

void Worker::Log(const train::VisitRecord& record) {
  for (;;) {
    bool written = false;
    {
      Locked lock(&shared_->sync);
      seen_events_ = shared_->events;
      if (shared_->ring_head - shared_->ring_tail < shared_->ring_size) {
        At<train::VisitRecord>(shared_, shared_->ring_offset)[shared_->ring_head++ % shared_->ring_size] = record;
        shared_->rows_trained += record.rows;
        written = true;
      }
    }
    if (written) return;
    if (number_ < 0) throw base::Error(base::ErrorCode::kInternal, "the visit ring is full in the session's own run");
    WaitForChange(100);  // the caller takes records out
  }
}

// All models that still train, in one scan. The sums of others stay as they were: nobody reads them.
void Worker::Score(int table, int partition) {
  std::vector<engine::ScoredState> alive;
  std::vector<int> models;
  std::vector<size_t> sizes, offsets;
  size_t stride = 0, alive_sums = 0;
  for (size_t i = 0; i < spec_.models.size(); i++) {
    const auto index = static_cast<int>(i);
    const size_t size = At<uint64_t>(shared_, shared_->sums_sizes_offset)[i];
    if (Trains(index) && Try(index, [&] { ProgramOf(index); })) {
      models.push_back(index);
      alive.push_back({ProgramOf(index), &spec_.models[i]->config, BlockOf(index)});
      sizes.push_back(size);
      offsets.push_back(stride);
      alive_sums += size;
    }
    stride += size;
  }
  std::vector<double> found(alive_sums, 0.0);
  const bool training = table == kTrainingTable;
  const data::BufferSource source(training ? spec_.training : spec_.validation, &cache_,
                                  training ? data::CachedTable::kTraining : data::CachedTable::kValidation, CompleteFor(models));
  train::Scorer scorer(std::move(alive), source, workspace_, on_error());
  scorer.ScorePartition(partition, found.data());
  for (size_t i = 0; i < models.size(); i++) {
    if (!scorer.errors()[i].empty()) WriteFailure(shared_, models[i], scorer.errors()[i]);
  }
  store::TellOfDevices();
  double* sums = At<double>(shared_, shared_->sums_offset[table]) + static_cast<size_t>(partition) * shared_->sums_stride;
  const double* from = found.data();
  for (size_t i = 0; i < sizes.size(); i++) {
    std::copy(from, from + sizes[i], sums + offsets[i]);
    from += sizes[i];
  }
  {
    Locked lock(&shared_->sync);
    shared_->score_done++;
    shared_->events++;
  }
  shared_->sync.Broadcast();
}

void Worker::LogBuffers() const {
  pg::Debug((number_ < 0 ? "session: " : "worker " + std::to_string(number_) + ": ") + std::to_string(cache_.read()) + " buffers read, " +
            std::to_string(cache_.found()) + " found in memory");
}

void RunWorker(void* shared, size_t bytes, int number) {
  auto* run = static_cast<SharedRun*>(shared);
  StatesView states(run);
  Worker work(run, states.data(), ReadRunSpec(At<char>(run, run->spec_offset), run->spec_bytes), nullptr, number);
  while (!work.stopped()) {
    if (!work.TryWork() && !work.stopped()) work.WaitForChange(1000);
  }
  work.LogBuffers();
}

}  // namespace workers
