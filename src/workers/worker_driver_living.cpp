// The verbs of a living run: models come, rest and train again between its rounds (shared_memory.hpp has how the processes
// learn of it).
#include "workers/worker_driver.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.hpp"
#include "train/states_decision.hpp"

namespace workers {
namespace {

constexpr size_t kMostBytesAhead = size_t{256} << 20;

}  // namespace

// Models that a run may add before its processes have to begin anew, with states as large as the largest that there is. Room for large states is not
// taken ahead: nobody has asked whether there is so much memory, and a move is short beside their training.
void WorkerDriver::MakeRoom() {
  constexpr size_t kFewestModels = 16, kTextAModel = 1024, kRoundTextAModel = 256;
  const size_t models = sizes_.state_bytes.size();
  const auto expected = static_cast<size_t>(std::max<int64_t>(0, request_.living->most_models));
  const size_t most = std::max<size_t>(kFewestModels, 3 * models);
  sizes_.more_models = std::clamp(expected > models ? expected - models : 0, kFewestModels, most);
  size_t largest_state = 0, largest_sums = 1;
  for (size_t m = 0; m < models; m++) {
    largest_state = std::max(largest_state, train::AlignedState(sizes_.state_bytes[m]));
    largest_sums = std::max(largest_sums, sizes_.sums[m]);
  }
  sizes_.more_state_bytes = std::min(sizes_.more_models * largest_state, kMostBytesAhead);
  sizes_.more_sums = sizes_.more_models * largest_sums;
  sizes_.added_bytes = WriteRunSpec(request_.spec).size() + sizes_.more_models * kTextAModel;
  sizes_.round_bytes = (models + sizes_.more_models) * kRoundTextAModel + kTextAModel;
}

std::vector<uint64_t> WorkerDriver::Add(const std::vector<int>& models) {
  bool fits = true;
  for (const int index : models) {
    const auto m = static_cast<size_t>(index);
    const engine::Program& program = *request_.programs[m];
    const size_t state = train::AlignedState(program.layout().bytes), sums = program.sums_size();
    fits = fits && sizes_.more_models > 0 && state <= sizes_.more_state_bytes && sums <= sizes_.more_sums;
    if (fits) {
      sizes_.more_models--;
      sizes_.more_state_bytes -= state;
      sizes_.more_sums -= sums;
    }
    sizes_.state_bytes.push_back(program.layout().bytes);
    sizes_.sums.push_back(sums);
    trains_.push_back(true);
    failed_.push_back(false);
    sequences_.push_back(plan::SequenceOf(static_cast<uint64_t>(request_.mst_keys[m]), request_.spec.plan.partitions));
    best_weights_.emplace_back();
    has_best_.push_back(false);
    fits = fits && Append(m);
  }
  if (!fits) MoveStates();
  std::vector<uint64_t> diverged;
  for (const int m : models) diverged.push_back(InitialiseModel(static_cast<size_t>(m)));
  return diverged;
}

// Tells the processes of a model behind the others. False: there is no room for its specification.
bool WorkerDriver::Append(size_t model) {
  const std::string text = WriteAddedModel(request_.spec, model);
  const uint64_t bytes = text.size(), at = shared_->added_bytes;
  if (at + sizeof(bytes) + bytes > shared_->added_room) return false;
  char* to = At<char>(shared_, shared_->added_offset) + at;
  std::memcpy(to, &bytes, sizeof(bytes));
  std::memcpy(to + sizeof(bytes), text.data(), text.size());
  auto* offsets = At<uint64_t>(shared_, shared_->state_offsets_offset);
  offsets[model] = offsets[model - 1] + train::AlignedState(sizes_.state_bytes[model - 1]);
  At<uint64_t>(shared_, shared_->sums_sizes_offset)[model] = sizes_.sums[model];
  shared_->sync.Lock();
  shared_->models++;
  shared_->added_bytes = at + sizeof(bytes) + bytes;
  shared_->sync.Unlock();
  return true;
}

// Into larger memory, with new processes. Nobody holds a task.
void WorkerDriver::MoveStates() {
  SetPhase(WorkerPhase::kStop);
  own_worker_.reset();
  scheduler_.reset();
  if (parallel_ != nullptr) parallel_->Finish();
  parallel_.reset();
  const std::unique_ptr<pg::MappedFile> old_file = std::move(file_);
  const std::unique_ptr<store::Block> old_local = std::move(local_);
  const std::unique_ptr<pg::SharedMemory> old_memory = std::move(memory_);
  SharedRun* const old = shared_;
  const char* const old_states = states_;
  const auto models = static_cast<size_t>(old->models);
  MakeRoom();
  const int64_t rows = old->rows_trained;
  location_ = train::DecideStates({sizes_.StatesBytes()}, request_.workers).location;
  TakeMemory();
  shared_->rows_trained = rows;
  if (parallel_ != nullptr) parallel_->Launch();
  const size_t kept = std::min(models, visits_before_.size());
  for (size_t m = 0; m < kept; m++) {
    std::memcpy(BlockOf(m), old_states + At<uint64_t>(old, old->state_offsets_offset)[m], sizes_.state_bytes[m]);
    At<uint8_t>(shared_, shared_->stopped_offset)[m] = At<uint8_t>(old, old->stopped_offset)[m];
  }
  std::memcpy(At<char>(shared_, shared_->failures_offset), At<char>(old, old->failures_offset), kept * kFailureBytes);
  shared_->failures = old->failures;
  WaitForWorkers();
}

void WorkerDriver::Resume(const std::vector<int>& models) {
  for (const int m : models) {
    At<uint8_t>(shared_, shared_->stopped_offset)[m] = 0;
    trains_[static_cast<size_t>(m)] = true;
  }
}

// The bundles of this round, of the models that train. Nobody holds a task or looks for one.
void WorkerDriver::LayRound() {
  std::vector<int> models;
  std::vector<int64_t> begun;
  for (size_t m = 0; m < trains_.size(); m++) {
    if (!trains_[m]) continue;
    models.push_back(static_cast<int>(m));
    begun.push_back(VisitsOf(m) - round_began_[m]);
    if (begun.back() < 0 || begun.back() > request_.spec.plan.partitions) {
      throw base::Error(base::ErrorCode::kDataCorrupted,
                        "the training state of model mst_key=" + std::to_string(request_.mst_keys[m]) + " has " +
                            std::to_string(begun.back()) + " visits of its iteration behind it",
                        "The result tables were changed since the last commit of the run.");
    }
  }
  const train::RoundPlan round = request_.living->maker->PlanRound(models, begun);
  const std::string text = WriteRound(round);
  if (text.size() > shared_->round_room) throw base::Error(base::ErrorCode::kInternal, "the bundles of a round have no room");
  shared_->sync.Lock();
  std::memcpy(At<char>(shared_, shared_->round_offset), text.data(), text.size());
  shared_->round_bytes = text.size();
  shared_->round_number++;
  scheduler_->Begin(round.plan);
  for (size_t b = 0; b < round.begun.size(); b++) {
    const int64_t visits = round.begun[b];
    scheduler_->Begin(static_cast<int>(b), visits / round.plan.partitions, static_cast<int>(visits % round.plan.partitions));
  }
  shared_->sync.Unlock();
}

}  // namespace workers
