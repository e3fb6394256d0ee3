// A visit: buffers, epochs, mini-batches.
#include <algorithm>
#include <chrono>

#include "engine/core/model_impl.hpp"
#include "engine/math/fpenv.hpp"
#include "engine/math/shuffle.hpp"

namespace engine {

namespace {

class Stopwatch {
 public:
  double Seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count(); }

 private:
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace

void Model::BeginVisit() {
  impl_->visit_buffers = 0;
  impl_->visit_batches = 0;
}

TrainResult Model::Train(const base::Buffer& buffer, const Poll& poll) {
  const math::FtzGuard ftz;
  TrainResult result;
  if (impl_->native_trainer) impl_->native_trainer->UseWorkspace(nullptr, std::min<int64_t>(impl_->config.batch_size, buffer.rows));
  impl_->BeginBuffer(buffer);
  while (!impl_->position.ended) impl_->TrainUntilSwitch(buffer, 0, nullptr, poll, &result);
  result.diverged = impl_->attached().diverged_step != 0;
  return result;
}

math::DrawKeys Model::Impl::EpochKeys() const {
  const StateCounters& state = attached();
  return {state.seed, state.stream, state.iterations_done, static_cast<uint64_t>(position.epoch), 0};
}

void Model::Impl::BeginEpoch(const base::Buffer& buffer) {
  position.first = 0;
  position.number = visit_batches;
  position.ended = buffer.rows == 0 || position.epoch == config.epochs;
  if (position.ended) {
    ++visit_buffers;
    visit_batches += static_cast<uint64_t>((buffer.rows + config.batch_size - 1) / config.batch_size);
    return;
  }
  if (!config.shuffle) return;
  math::DrawKeys keys = EpochKeys();
  keys.location = static_cast<uint64_t>(buffer.partition_id) << 32 | visit_buffers;
  math::RowOrder(buffer.rows, true, keys, &order);
}

void Model::Impl::BeginBuffer(const base::Buffer& buffer) {
  CheckBuffer(buffer, true);
  position = {};
  if (attached().diverged_step != 0) {
    position.ended = true;
    return;
  }
  BeginEpoch(buffer);
}

int64_t Model::Impl::LoadRows(const base::Buffer& buffer, int64_t first, int64_t n, int64_t switch_rows, LoadedRows* loaded) {
  if (config.shuffle || loaded == nullptr) {
    native_trainer->Load(buffer, config.shuffle ? order.data() + first : nullptr, first, n);
    if (loaded != nullptr) loaded->by = nullptr;
    return 0;
  }
  const bool there = loaded->by != nullptr && loaded->first <= first && first + n <= loaded->first + loaded->rows;
  if (there && (loaded->by == native_trainer.get() || native_trainer->TakeLoaded(*loaded->by))) return first - loaded->first;
  const Stopwatch watch;
  loaded->by = nullptr;  // should the Load throw
  loaded->first = first;
  loaded->rows = std::min(switch_rows, buffer.rows - first);
  native_trainer->Load(buffer, nullptr, first, loaded->rows);
  loaded->by = native_trainer.get();
  loaded->seconds += watch.Seconds();
  return 0;
}

void Model::Impl::TrainUntilSwitch(const base::Buffer& buffer, int64_t batches, LoadedRows* loaded, const Poll& poll, TrainResult* result) {
  const Stopwatch watch;
  const double loading = loaded == nullptr ? 0 : loaded->seconds;
  TrainBatches(buffer, batches, loaded, poll, result);
  result->seconds += watch.Seconds() - (loaded == nullptr ? 0 : loaded->seconds - loading);
}

void Model::Impl::TrainBatches(const base::Buffer& buffer, int64_t batches, LoadedRows* loaded, const Poll& poll, TrainResult* result) {
  StateCounters& state = attached();
  const int64_t size = config.batch_size;
  math::DrawKeys keys = EpochKeys();
  for (int64_t done = 0; !position.ended && (batches == 0 || done < batches); ++done) {
    if (poll) poll();
    const int64_t n = std::min(size, buffer.rows - position.first);
    keys.location = static_cast<uint64_t>(buffer.partition_id) << 32 | position.number;
    bool finite = false;
    if (native_trainer) {
      const int64_t at = LoadRows(buffer, position.first, n, std::max<int64_t>(1, batches) * size, loaded);
      finite = native_trainer->Train(at, n, keys, &result->loss_sum);
    } else {
      const int64_t* rows = config.shuffle ? order.data() + position.first : nullptr;
      finite = Autograd().Train(buffer, rows, position.first, n, keys, &result->loss_sum);
    }
    if (!finite) {
      state.diverged_step = state.step + 1;
      position.ended = true;
      return;
    }
    result->rows += n;
    ++result->batches;
    state.rows_seen += static_cast<uint64_t>(n);
    position.first += n;
    ++position.number;
    if (position.first < buffer.rows) continue;
    ++position.epoch;
    BeginEpoch(buffer);
    keys = EpochKeys();
  }
}

void Model::EndVisit() {
  StateCounters& state = impl_->attached();
  ++state.visits_in_iteration;
  if (state.visits_in_iteration >= state.partitions) {
    state.visits_in_iteration = 0;
    ++state.iterations_done;
  }
}

}  // namespace engine
