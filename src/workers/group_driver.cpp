#include "workers/group_driver.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.hpp"
#include "data/buffer_source.hpp"
#include "pg/parallel.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "plan/cost.hpp"
#include "plan/fusion.hpp"
#include "plan/group_tasks.hpp"
#include "plan/schedule.hpp"
#include "plan/training_check.hpp"
#include "store/model_spec.hpp"
#include "store/training_state.hpp"
#include "train/coordinator.hpp"
#include "train/memory.hpp"
#include "train/scorer.hpp"
#include "train/states_decision.hpp"
#include "train/value_check.hpp"
#include "workers/group_process.hpp"
#include "workers/worker_driver.hpp"

namespace workers {
namespace {

constexpr int kLookMs = 200;                           // how often the caller looks without being woken
constexpr int64_t kTasksAProcess = 16;                 // so that processes end together
constexpr int64_t kMostTaskBytes = int64_t{64} << 20;  // of the packed rows of small groups that are read at once
constexpr double kShareOfFree = 0.8;                   // of /dev/shm

// An error in a worker ends the run, so what a group does wrong is found before its models hop.
void CheckGroupValues(const train::RunRequest& request) {
  std::vector<train::CheckedModel> models;
  for (size_t m = 0; m < request.mst_keys.size(); m++) {
    models.push_back({request.mst_keys[m], request.spec.models[m]->graph.get(), &request.spec.models[m]->config});
  }
  train::CheckValues(models, request.spec.training, "training table", request.spec.precision);
  if (request.spec.validation.spec.num_partitions > 0)
    train::CheckValues(models, request.spec.validation, "validation table", request.spec.precision);
}

// The models whose classes are balanced, by the rows of a group.
void Balance(const train::GroupStart& start, train::RunRequest* request) {
  if (start.class_rows == nullptr) return;
  const std::vector<int64_t> class_rows(start.class_rows, start.class_rows + start.classes);
  for (size_t m = 0; m < request->spec.models.size(); m++) {
    if (!start.balanced[m]) continue;
    auto spec = std::make_shared<store::ModelSpec>(*request->spec.models[m]);
    spec->config.class_weight = plan::BalancedClassWeights(class_rows);
    request->programs[m] = request->pool->ProgramOf(spec->TrainedGraph(), spec->config);
    request->spec.models[m] = std::move(spec);
  }
}

}  // namespace

GroupDriver::GroupDriver(train::GroupRun run, std::shared_ptr<engine::ModelPool> pool,
                         const data::GroupedTable& training, const data::GroupedTable* validation,
                         const std::vector<const void*>& first_states, const void* compared, int processes)
    : run_(std::move(run)),
      pool_(std::move(pool)),
      training_(training),
      validation_(validation),
      first_states_(first_states),
      compared_(compared),
      processes_(processes),
      request_(train::RequestOf(run_, pool_)) {
  layout_ = std::make_unique<SlabLayout>(request_, run_);
  spec_text_ = WriteGroupRun(run_);
  const pg::Settings settings = pg::CurrentSettings();
  auto room = static_cast<double>(settings.group_mem);
  if (processes_ > 0) {
    room = std::min({room, static_cast<double>(settings.shared_state_mem),
                     kShareOfFree * static_cast<double>(pg::FreeSharedMemory())});
  }
  const auto common =
      static_cast<double>(GroupWindowBytes(request_, run_.compared_model, spec_text_, 0, 0, layout_->bytes()));
  const auto each = static_cast<double>(layout_->bytes() + sizeof(GroupEntry) + sizeof(plan::GroupTask));
  groups_at_once_ = static_cast<size_t>(std::max(1.0, std::min((room - common) / each, 1e9)));
}

GroupDriver::~GroupDriver() = default;

size_t GroupDriver::GroupBytes() const { return layout_->bytes(); }

bool GroupDriver::Hops(const data::Group& group) const {
  const int64_t bytes = (group.rows + group.validation_rows) * static_cast<int64_t>(training_.packed.RowBytes());
  return plan::HopsGroup(group.rows, training_.packed.spec.rows, processes_) || bytes > pg::CurrentSettings().cache_mem;
}

// What a group has of its own before it is trained.
void GroupDriver::Begin(const data::Group& group, const StartWeights& weights, GroupWindowHead* window,
                        size_t number) const {
  char* slab = SlabOf(window, number);
  layout_->StoreClassRows(group.class_rows, slab);
  std::vector<std::string> stored;
  if (!weights || !weights(group, &stored)) return;
  for (size_t m = 0; m < stored.size(); m++) layout_->StoreWeights(stored[m], m, slab);
  EntryOf(window, number)->has_weights = 1;
}

// Every process has the first states and those in training besides what it computes in, and the rows of a task.
void GroupDriver::RequireMemory(size_t groups) const {
  train::RunRequest request = request_;
  request.workers = processes_;
  request.spec.training.partition_rows = {training_.largest_rows};
  request.spec.plan.bundles.assign(1, plan::Bundle());
  for (size_t m = 0; m < request.programs.size(); m++)
    request.spec.plan.bundles[0].models.push_back(static_cast<int>(m));
  train::RunTasks tasks;
  tasks.written = true;
  plan::MemoryNeed need = train::MemoryOf(request, tasks);
  const double states = need.states;
  need.states = 0;
  need.process.work += 2 * states;
  const int64_t largest = training_.largest_rows * static_cast<int64_t>(training_.packed.RowBytes());
  need.process.data = std::min(need.process.data, static_cast<double>(std::max(kMostTaskBytes, largest)));
  need.shared += static_cast<double>(
      GroupWindowBytes(request_, run_.compared_model, spec_text_, groups, groups, layout_->bytes()));
  train::RequireMemory("the run", need, train::kGroupsMemoryHint);
}

int GroupDriver::TrainWindow(const std::vector<data::Group>& groups, const StartWeights& weights,
                             const GroupProgress& progress,
                             const std::function<void(const train::GroupOutcome&)>& use) {
  std::vector<int64_t> rows;
  std::vector<size_t> hopping;
  for (size_t g = 0; g < groups.size(); g++) {
    const bool hops = Hops(groups[g]);
    if (hops) hopping.push_back(g);
    rows.push_back(hops ? 0 : groups[g].rows);
  }
  const int64_t row_bytes = std::max<int64_t>(1, static_cast<int64_t>(training_.packed.RowBytes()));
  const std::vector<plan::GroupTask> tasks = plan::CutIntoTasks(rows, kTasksAProcess * std::max(1, processes_),
                                                                std::max<int64_t>(1, kMostTaskBytes / row_bytes));
  const int processes = static_cast<int>(std::min<size_t>(static_cast<size_t>(processes_), tasks.size()));
  const size_t bytes =
      GroupWindowBytes(request_, run_.compared_model, spec_text_, groups.size(), tasks.size(), layout_->bytes());
  std::unique_ptr<pg::SharedMemory> memory;
  std::unique_ptr<store::Block> local;
  if (processes > 0) {
    memory = std::make_unique<pg::SharedMemory>(bytes);
  } else {
    local = std::make_unique<store::Block>(bytes);
  }
  GroupWindowHead* window =
      LayOutGroupWindow(memory ? memory->data() : local->data(), bytes, request_, run_.compared_model, spec_text_,
                        first_states_, compared_, groups, tasks, layout_->bytes());
  for (size_t g = 0; g < groups.size(); g++) Begin(groups[g], weights, window, g);
  int workers = 0;
  for (const size_t g : hopping) {
    workers = std::max(workers, TrainHopping(groups[g], window, g));
    window->groups_done++;
    progress(window->groups_done, window->rows_trained);
  }
  if (!tasks.empty()) workers = std::max(workers, TrainTogether(window, memory.get(), processes, progress));
  for (size_t g = 0; g < groups.size(); g++) {
    pg::CheckInterrupts();
    const GroupEntry& entry = *EntryOf(window, g);
    train::GroupOutcome outcome;
    outcome.group_id = entry.group_id;
    outcome.started = entry.started;
    outcome.ended = entry.ended;
    outcome.worker = entry.worker;
    outcome.error = entry.error;
    if (entry.state == GroupState::kTrained) layout_->Load(SlabOf(window, g), &outcome);
    use(outcome);
  }
  return workers;
}

// The processes take tasks until there are none left; the caller only waits for them.
int GroupDriver::TrainTogether(GroupWindowHead* window, const pg::SharedMemory* memory, int processes,
                               const GroupProgress& progress) {
  const auto look = [&] {
    window->sync.Lock();
    const int64_t groups = window->groups_done, rows = window->rows_trained;
    const bool done = window->tasks_done == window->tasks;
    window->sync.Unlock();
    progress(groups, rows);
    return done;
  };
  int launched = 0;
  if (processes > 0) {
    pg::Parallel parallel(processes, *memory, "pg_cerebro_group_worker_main");
    parallel.Launch();
    launched = parallel.WaitForStart();
    pg::Debug("launched " + std::to_string(launched) + " of " + std::to_string(processes) + " workers");
    if (launched > 0) {
      while (!look()) {
        pg::CheckInterrupts();
        pg::PrepareWait(&window->sync);
        pg::Wait(&window->sync, kLookMs);
        pg::CancelWait();
      }
    }
    parallel.Finish();
  }
  if (launched == 0) {
    if (processes > 0) {
      pg::Notice("no parallel worker could be started: this session trains the models itself, with the same results",
                 "Raise max_worker_processes or max_parallel_workers, or wait until other queries have ended.");
    }
    GroupProcess process(window, pool_, -1);
    while (process.TryTask()) look();
  }
  return launched;
}

// The ordinary run over the group's view, whose results go to the slab.
int GroupDriver::TrainHopping(const data::Group& group, GroupWindowHead* window, size_t number) {
  GroupEntry* entry = EntryOf(window, number);
  char* slab = SlabOf(window, number);
  int workers = 0;
  entry->started = pg::Now();
  try {
    train::RunRequest request = request_;
    request.spec.training = data::ViewGroup(training_, group);
    request.spec.validation = validation_ != nullptr && group.validation_rows > 0 ? data::ViewGroup(*validation_, group)
                                                                                  : data::PackedTable();
    CheckGroupValues(request);
    const train::GroupStart start = layout_->Start(entry->has_weights != 0, slab);
    Balance(start, &request);
    const int partitions = request.spec.training.spec.num_partitions;
    std::vector<plan::Sequence> sequences;
    for (const int key : request.mst_keys)
      sequences.push_back(plan::SequenceOf(static_cast<uint64_t>(static_cast<int64_t>(key)), partitions));
    const pg::Settings settings = pg::CurrentSettings();
    const int models = static_cast<int>(request.mst_keys.size());
    const int bundles = settings.bundles > 0 ? settings.bundles : plan::DefaultBundles(models, pg::Cores());
    request.spec.plan = plan::MakePlan(request.spec.costs, sequences, partitions, bundles);
    plan::FusionData data = run_.typical;
    data.rows = static_cast<double>(group.rows);
    data.partitions = data.buffers = partitions;
    request.spec.fusion =
        plan::PlanFusion(request.spec.plan, train::FusionModelsOf(request, group.rows), data, run_.switches);
    request.workers = std::min(processes_, static_cast<int>(request.spec.plan.bundles.size()));
    StateAccess states;
    states.initialise = [&](int m, void* block) {
      const auto model = static_cast<size_t>(m);
      const engine::Program& program = *request.programs[model];
      std::memcpy(block, first_states_[model], program.layout().bytes);
      if (!start.weights.empty())
        program.LoadWeights(block, start.weights[model], program.layout().weight_count, pg::CheckInterrupts);
      store::CountersOf(block).partitions = static_cast<uint32_t>(partitions);
    };
    states.collect = [&](int m, const void* block, const std::string* best, bool) {
      const auto model = static_cast<size_t>(m);
      std::string last;
      if (best == nullptr) request.programs[model]->StoreWeights(block, &last, pg::CheckInterrupts);
      layout_->StoreWeights(best != nullptr ? *best : last, model, slab);
    };
    WorkerDriver driver(request, std::move(states));
    request.states = train::DecideStates(driver.state_bytes(), request.workers);
    train::SilentObserver observer;
    const train::RunResult result = train::Coordinator(request, &driver, &observer, pg::Now).Run();
    workers = result.workers;
    std::vector<double> compared;
    if (run_.compared_model >= 0) compared = Compare(request);
    layout_->StoreResult(result, compared, slab);
    entry->state = GroupState::kTrained;
  } catch (const base::Error& error) {
    MarkFailed(error.what(), entry);
  }
  entry->ended = pg::Now();
  window->rows_trained += group.rows * run_.iterations * static_cast<int64_t>(request_.programs.size());
  return workers;
}

// Partition by partition, as metrics are computed.
std::vector<double> GroupDriver::Compare(const train::RunRequest& request) const {
  const data::PackedTable& table =
      request.spec.validation.spec.num_partitions > 0 ? request.spec.validation : request.spec.training;
  const auto model = static_cast<size_t>(run_.compared_model);
  const engine::Program& program = *request.programs[model];
  store::Block block(program.layout().bytes);
  std::memcpy(block.data(), compared_, block.size());
  const data::BufferSource source(table);
  train::Scorer scorer({{request.programs[model], &request.spec.models[model]->config, block.data()}}, source);
  std::vector<double> sums(program.sums_size(), 0.0), partition;
  for (int p = 0; p < table.spec.num_partitions; p++) {
    partition.assign(sums.size(), 0.0);
    scorer.ScorePartition(p, partition.data());
    for (size_t k = 0; k < sums.size(); k++) sums[k] += partition[k];
  }
  return program.Finish(sums.data());
}

}  // namespace workers
