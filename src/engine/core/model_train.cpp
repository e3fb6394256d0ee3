// A visit: buffers, epochs, mini-batches, and rows that are carried from buffer to buffer.
#include <algorithm>
#include <chrono>

#include "engine/core/device_visit.hpp"
#include "engine/core/model_impl.hpp"
#include "engine/math/fpenv.hpp"
#include "engine/math/poll.hpp"
#include "engine/math/shuffle.hpp"

namespace engine {

namespace {

class Stopwatch {
 public:
  double Seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count(); }

 private:
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

// Rows of one column, behind those that are there.
void AppendRows(const uint8_t* column, size_t row_bytes, const int64_t* rows, int64_t first, int64_t n, std::vector<uint8_t>* to) {
  if (rows == nullptr) {
    const uint8_t* from = column + static_cast<size_t>(first) * row_bytes;
    to->insert(to->end(), from, from + static_cast<size_t>(n) * row_bytes);
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    const uint8_t* from = column + static_cast<size_t>(rows[i]) * row_bytes;
    to->insert(to->end(), from, from + row_bytes);
  }
}

// wanted: by column; empty stands for all.
void AppendRows(const std::vector<const uint8_t*>& columns, const std::vector<base::ColumnSpec>& specs, const std::vector<bool>& wanted,
                const int64_t* rows, int64_t first, int64_t n, std::vector<std::vector<uint8_t>>* to) {
  to->resize(columns.size());
  for (size_t c = 0; c < columns.size(); ++c) {
    if (wanted.empty() || wanted[c]) AppendRows(columns[c], specs[c].row_bytes(), rows, first, n, &(*to)[c]);
  }
}

void DropRows(size_t row_bytes, int64_t n, std::vector<uint8_t>* column) {
  if (column->empty()) return;  // one that the model does not read
  column->erase(column->begin(), column->begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(n) * row_bytes));
}

base::Buffer View(const CarriedRows& carried) {
  base::Buffer buffer;
  buffer.rows = carried.rows;
  buffer.partition_id = carried.partition_id;
  for (const std::vector<uint8_t>& column : carried.inputs) buffer.inputs.push_back(column.empty() ? nullptr : column.data());
  for (const std::vector<uint8_t>& column : carried.targets) buffer.targets.push_back(column.data());
  if (!carried.weights.empty()) buffer.weights = carried.weights.data();
  return buffer;
}

}  // namespace

void Model::BeginVisit(BufferEnd end) {
  ++impl_->visits;
  impl_->visit_buffers = 0;
  impl_->visit_batches = 0;
  impl_->buffer_end = end;
  impl_->carried = {};
  impl_->device_visit.reset();
  impl_->on_processor = false;
}

TrainResult Model::Train(const base::Buffer& buffer, const Poll& poll) {
  const math::FtzGuard ftz;
  TrainResult result;
  if (impl_->TrainOnDevice(buffer, poll)) return result;
  if (impl_->native_trainer) impl_->native_trainer->UseWorkspace(nullptr, impl_->RowsAtOnce(buffer.rows));
  impl_->BeginBuffer(buffer);
  while (!impl_->position.ended) impl_->TrainUntilSwitch(buffer, 0, nullptr, poll, &result);
  result.diverged = impl_->attached().diverged_step != 0;
  return result;
}

bool ModelInstance::TrainOnDevice(const base::Buffer& buffer, const Poll& poll) {
  if (program.on_device == nullptr || on_processor) return false;
  attached();
  if (device_visit == nullptr) {
    device_visit = std::make_unique<DeviceVisit>(std::vector<ModelInstance*>{this});
    on_processor = !device_visit->Begin(poll);
    if (on_processor) device_visit.reset();
  }
  if (device_visit == nullptr) return false;
  device_visit->Train(buffer, poll);
  return true;
}

int64_t ModelInstance::RowsAtOnce(int64_t buffer_rows) const {
  const int64_t there = buffer_end == BufferEnd::kCarries ? carried.rows + buffer_rows * config.epochs : buffer_rows;
  return std::min<int64_t>(config.batch_size, there);
}

math::DrawKeys ModelInstance::EpochKeys() const {
  const StateCounters& state = attached();
  return {state.seed, state.stream, state.iterations_done, static_cast<uint64_t>(position.epoch), 0};
}

void ModelInstance::BeginEpoch(const base::Buffer& buffer) {
  position.first = 0;
  position.number = visit_batches;
  position.ended = buffer.rows == 0 || position.epoch == config.epochs;
  if (position.ended) {
    ++visit_buffers;
    const int64_t carried_on = buffer_end == BufferEnd::kCarries ? 0 : config.batch_size - 1;
    visit_batches += static_cast<uint64_t>((buffer.rows + carried_on) / config.batch_size);
    return;
  }
  if (!config.shuffle) return;
  math::DrawKeys keys = EpochKeys();
  keys.location = static_cast<uint64_t>(buffer.partition_id) << 32 | visit_buffers;
  math::RowOrder(buffer.rows, true, keys, &order);
}

void ModelInstance::BeginBuffer(const base::Buffer& buffer) {
  CheckBuffer(buffer, true);
  position = {};
  if (attached().diverged_step != 0) {
    position.ended = true;
    return;
  }
  BeginEpoch(buffer);
}

int64_t ModelInstance::LoadRows(const base::Buffer& buffer, bool ordered, int64_t first, int64_t n, int64_t switch_rows, LoadedRows* loaded) {
  if (ordered || loaded == nullptr || switch_rows == 0) {
    native_trainer->Load(buffer, ordered ? order.data() + first : nullptr, first, n);
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

void ModelInstance::TrainUntilSwitch(const base::Buffer& buffer, int64_t batches, LoadedRows* loaded, const Poll& poll, TrainResult* result) {
  const Stopwatch watch;
  const double loading = loaded == nullptr ? 0 : loaded->seconds;
  TrainBatches(buffer, batches, loaded, poll, result);
  result->seconds += watch.Seconds() - (loaded == nullptr ? 0 : loaded->seconds - loading);
}

bool ModelInstance::TrainBatch(const base::Buffer& buffer, bool ordered, int64_t first, int64_t n, const math::DrawKeys& keys,
                             int64_t switch_rows, LoadedRows* loaded, TrainResult* result) {
  StateCounters& state = attached();
  bool finite = false;
  if (native_trainer) {
    finite = native_trainer->Train(LoadRows(buffer, ordered, first, n, switch_rows, loaded), n, keys, &result->loss_sum);
  } else {
    finite = Autograd().Train(buffer, ordered ? order.data() + first : nullptr, first, n, keys, &result->loss_sum);
  }
  if (!finite) {
    state.diverged_step = state.step + 1;
    position.ended = true;
    return false;
  }
  result->rows += n;
  ++result->batches;
  state.rows_seen += static_cast<uint64_t>(n);
  return true;
}

void ModelInstance::TrainBatches(const base::Buffer& buffer, int64_t batches, LoadedRows* loaded, const Poll& poll, TrainResult* result) {
  const math::PollScope scope(poll);
  const int64_t size = config.batch_size;
  math::DrawKeys keys = EpochKeys();
  for (int64_t done = 0; !position.ended && (batches == 0 || done < batches); ++done) {
    math::PollInterrupts();
    const int64_t n = std::min(size, buffer.rows - position.first);
    keys.location = static_cast<uint64_t>(buffer.partition_id) << 32 | position.number;
    if (n < size && buffer_end == BufferEnd::kCarries) {
      Carry(buffer, position.first, loaded, result);
      if (position.ended) return;
    } else if (!TrainBatch(buffer, config.shuffle, position.first, n, keys, std::max<int64_t>(1, batches) * size, loaded, result)) {
      return;
    }
    position.first += n;
    ++position.number;
    if (position.first < buffer.rows) continue;
    ++position.epoch;
    BeginEpoch(buffer);
    keys = EpochKeys();
  }
}

void ModelInstance::Carry(const base::Buffer& buffer, int64_t first, LoadedRows* loaded, TrainResult* result) {
  const int64_t* rows = config.shuffle ? order.data() + first : nullptr;
  const int64_t n = buffer.rows - first;
  carried.partition_id = buffer.partition_id;
  AppendRows(buffer.inputs, program.data.inputs, program.reads, rows, first, n, &carried.inputs);
  AppendRows(buffer.targets, program.data.targets, {}, rows, first, n, &carried.targets);
  if (buffer.weights != nullptr) AppendRows(buffer.weights, sizeof(float), rows, first, n, &carried.weights);
  carried.rows += n;
  while (!position.ended && carried.rows >= config.batch_size) TrainCarried(config.batch_size, loaded, result);
}

void ModelInstance::TrainCarried(int64_t n, LoadedRows* loaded, TrainResult* result) {
  math::DrawKeys keys = EpochKeys();
  keys.epoch = 0;
  keys.location = static_cast<uint64_t>(carried.partition_id) << 32 | (kFirstCarriedBatch + carried.batches);
  TrainBatch(View(carried), false, 0, n, keys, 0, loaded, result);
  ++carried.batches;
  carried.rows -= n;
  for (size_t c = 0; c < carried.inputs.size(); ++c) DropRows(program.data.inputs[c].row_bytes(), n, &carried.inputs[c]);
  for (size_t c = 0; c < carried.targets.size(); ++c) DropRows(program.data.targets[c].row_bytes(), n, &carried.targets[c]);
  if (!carried.weights.empty()) DropRows(sizeof(float), n, &carried.weights);
}

TrainResult ModelInstance::EndVisit(const Poll& poll) {
  const math::PollScope scope(poll);
  TrainResult result;
  StateCounters& state = attached();
  if (carried.rows > 0 && state.diverged_step == 0) {
    const Stopwatch watch;
    math::PollInterrupts();
    TrainCarried(carried.rows, nullptr, &result);
    result.seconds = watch.Seconds();
  }
  CountVisit();
  result.diverged = state.diverged_step != 0;
  return result;
}

void ModelInstance::CountVisit() {
  StateCounters& state = attached();
  carried = {};
  ++state.visits_in_iteration;
  if (state.visits_in_iteration >= state.partitions) {
    state.visits_in_iteration = 0;
    ++state.iterations_done;
  }
}

TrainResult Model::EndVisit(const Poll& poll) {
  const math::FtzGuard ftz;
  if (impl_->device_visit != nullptr) {
    const TrainResult result = impl_->device_visit->End(poll)[0];
    impl_->device_visit.reset();
    impl_->CountVisit();
    return result;
  }
  if (impl_->native_trainer && impl_->carried.rows > 0) impl_->native_trainer->UseWorkspace(nullptr, impl_->RowsAtOnce(0));
  return impl_->EndVisit(poll);
}

}  // namespace engine
