#include "workers/group_process.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "engine/core/devices.hpp"
#include "base/error.hpp"
#include "data/buffer_memory.hpp"
#include "pg/report.hpp"
#include "store/model_spec.hpp"

namespace workers {
namespace {

using base::Error;
using base::ErrorCode;

// As segments know them: another error is no row's, and would be met again in every half.
bool IsOfRow(const Error& error) {
  return error.code() == ErrorCode::kNullValue || error.code() == ErrorCode::kInvalidParameter || error.code() == ErrorCode::kDataCorrupted;
}

std::string Count(int64_t n, const char* what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); }

}  // namespace

/// Groups of a task, by their ids, and their columns.
struct GroupProcess::LoadedGroups {
  std::map<int64_t, train::GroupRows> groups;
  std::unique_ptr<data::BufferMemory> memory = std::make_unique<data::BufferMemory>();
};

GroupProcess::GroupProcess(GroupWindowHead* window, std::shared_ptr<engine::ModelPool> pool, int number)
    : window_(window),
      run_(ReadGroupRun(At<char>(window, window->spec_offset), window->spec_bytes)),
      number_(number),
      pool_(std::move(pool)) {
  if (pool_ == nullptr) {
    engine::Options options = store::EngineOptions(run_.spec.use_gpus);
    options.precision = run_.spec.precision;
    pool_ = std::make_shared<engine::ModelPool>(run_.spec.training.spec, options);
  }
  request_ = train::RequestOf(run_, pool_);
  layout_ = std::make_unique<SlabLayout>(request_, run_);
  const std::vector<size_t> offsets = FirstStateOffsets(request_);
  std::vector<const void*> first_states;
  for (size_t m = 0; m < request_.programs.size(); m++)
    first_states.push_back(At<char>(window, window->first_states_offset + offsets[m]));
  trainer_ = std::make_unique<train::GroupTrainer>(request_, pool_.get(), first_states, run_.typical, run_.switches,
                                                   pg::CheckInterrupts, pg::Now);
  training_.packed = run_.spec.training;
  validation_.packed = run_.spec.validation;
  validation_.validates = true;
}

// It may go because of an error: nothing is said here.
GroupProcess::~GroupProcess() {
  trainer_.reset();
  engine::CloseDevice();
}

bool GroupProcess::TryTask() {
  window_->sync.Lock();
  const int64_t number = window_->next_task < window_->tasks ? window_->next_task++ : -1;
  window_->sync.Unlock();
  if (number < 0) return false;
  const plan::GroupTask task = At<plan::GroupTask>(window_, window_->tasks_offset)[number];
  TrainGroups(task.first, task.count);
  store::TellOfDevices();
  window_->sync.Lock();
  window_->tasks_done++;
  window_->sync.Unlock();
  window_->sync.Broadcast();
  return true;
}

// Where a row cannot be read the groups are read by halves, until the group of the row is alone: the others have nothing to do with it.
void GroupProcess::TrainGroups(size_t first, size_t count) {
  const int64_t first_id = EntryOf(window_, first)->group_id, last_id = EntryOf(window_, first + count - 1)->group_id;
  const double started = pg::Now();
  LoadedGroups training, validation;
  try {
    training = Load(training_, first_id, last_id);
    if (run_.validated) validation = Load(validation_, first_id, last_id);
  } catch (const Error& error) {
    if (!IsOfRow(error)) throw;
    training = LoadedGroups();
    validation = LoadedGroups();
    if (count > 1) {
      TrainGroups(first, count / 2);
      TrainGroups(first + count / 2, count - count / 2);
      return;
    }
    GroupEntry* const entry = EntryOf(window_, first);
    entry->started = started;
    WriteGroupFailure(error, entry);
    EndGroup(entry);
    return;
  }
  for (size_t g = first; g < first + count; g++) {
    pg::CheckInterrupts();
    TrainGroup(g, training, validation);
  }
}

GroupProcess::LoadedGroups GroupProcess::Load(const data::GroupedTable& table, int64_t first_id,
                                              int64_t last_id) const {
  const base::DataSpec& spec = table.packed.spec;
  LoadedGroups loaded;
  const auto keep = [&loaded](const void* from, size_t bytes) -> char* {
    return from == nullptr ? nullptr : static_cast<char*>(std::memcpy(loaded.memory->Take(bytes), from, bytes));
  };
  data::GroupSource(table).ForEach(first_id, last_id, [&](int64_t group_id, const base::Buffer& buffer) {
    train::GroupRows& group = loaded.groups[group_id];
    const auto rows = static_cast<size_t>(buffer.rows);
    base::Buffer kept = buffer;
    for (size_t c = 0; c < buffer.inputs.size(); c++)
      kept.inputs[c] = reinterpret_cast<const uint8_t*>(keep(buffer.inputs[c], spec.inputs[c].row_bytes() * rows));
    for (size_t c = 0; c < buffer.targets.size(); c++)
      kept.targets[c] = reinterpret_cast<const uint8_t*>(keep(buffer.targets[c], spec.targets[c].row_bytes() * rows));
    kept.weights = reinterpret_cast<decltype(kept.weights)>(keep(buffer.weights, sizeof(float) * rows));
    train::AddBuffer(std::move(kept), &group);
  });
  return loaded;
}

void GroupProcess::TrainGroup(size_t group, const LoadedGroups& training, const LoadedGroups& validation) {
  GroupEntry* entry = EntryOf(window_, group);
  entry->started = pg::Now();
  try {
    Train(entry, SlabOf(window_, group), training, validation);
    entry->state = GroupState::kTrained;
  } catch (const Error& error) {
    WriteGroupFailure(error, entry);
  }
  EndGroup(entry);
}

void GroupProcess::EndGroup(GroupEntry* entry) {
  entry->worker = number_;
  entry->ended = pg::Now();
  window_->sync.Lock();
  window_->groups_done++;
  window_->rows_trained += entry->rows * run_.iterations * static_cast<int64_t>(request_.programs.size());
  window_->sync.Unlock();
}

void GroupProcess::Train(GroupEntry* entry, char* slab, const LoadedGroups& training, const LoadedGroups& validation) {
  const auto require_rows = [&](const LoadedGroups& groups, const data::GroupedTable& table,
                                int64_t rows) -> const train::GroupRows* {
    const auto found = groups.groups.find(entry->group_id);
    const int64_t there = found == groups.groups.end() ? 0 : found->second.rows;
    if (there == rows) {
      if (found == groups.groups.end()) return nullptr;
      train::RequirePartitions(found->second, table.packed.name.Text(), static_cast<size_t>(entry->partitions));
      return rows == 0 ? nullptr : &found->second;
    }
    throw Error(ErrorCode::kDataCorrupted,
                "packed table " + table.packed.name.Text() + " has " + Count(there, "row") +
                    " of the group, its table of groups says " + std::to_string(rows),
                "The packed table was changed after it was made.");
  };
  const train::GroupRows* rows = require_rows(training, training_, entry->rows);
  const train::GroupRows* validating =
      run_.validated ? require_rows(validation, validation_, entry->validation_rows) : nullptr;
  if (rows == nullptr) {
    throw Error(ErrorCode::kDataCorrupted, "packed table " + training_.packed.name.Text() + " has no row of the group");
  }
  const train::RunResult result = trainer_->Train(*rows, validating, layout_->Start(entry->has_weights != 0, slab));
  std::vector<double> compared;
  if (run_.compared_model >= 0) {
    const train::GroupRows& scored = validating != nullptr ? *validating : *rows;
    compared = trainer_->ScoreState(static_cast<size_t>(run_.compared_model),
                                    At<char>(window_, window_->compared_offset), scored);
  }
  layout_->Store(result, *trainer_, compared, slab);
}

void RunGroupWorker(void* window, size_t, int number) {
  GroupProcess process(static_cast<GroupWindowHead*>(window), nullptr, number);
  while (process.TryTask()) {
  }
}

}  // namespace workers
