// A visit: buffers, epochs, mini-batches, steps.
//
// Order of a step: gather, forward, loss, backward, regularisers, clipping, optimizer, constraints, moving statistics. Nothing is written
// before the loss is known to be finite, so a model that diverges keeps the weights of the step before.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/error.hpp"
#include "engine/fpenv.hpp"
#include "engine/loss.hpp"
#include "engine/model_impl.hpp"
#include "engine/optimizer.hpp"
#include "engine/schedule.hpp"
#include "engine/shuffle.hpp"

namespace engine {

namespace {

class Stopwatch {
 public:
  double Seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count(); }

 private:
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace

std::vector<at::Tensor> Model::Impl::RowLossesOf(const std::vector<Value>& outputs, const Batch& batch) const {
  std::vector<at::Tensor> row_losses;
  for (size_t i = 0; i < outputs.size(); ++i) {
    at::Tensor rows = RowLosses(losses[i], outputs[i], batch.targets[i]);
    if (batch.weights.defined()) rows = rows * batch.weights;
    if (loss_weights[i] != 1.0) rows = rows * loss_weights[i];
    row_losses.push_back(rows);
  }
  return row_losses;
}

double Model::Impl::LossSum(const std::vector<at::Tensor>& row_losses) const {
  double sum = 0;
  for (const at::Tensor& rows : row_losses) {
    const at::Tensor values = rows.detach().to(at::kCPU, at::kDouble).contiguous();
    const double* value = values.data_ptr<double>();
    for (int64_t i = 0; i < values.numel(); ++i) sum += value[i];
  }
  return sum;
}

bool Model::Impl::TrainBatch(const Batch& batch, const DrawKeys& keys, TrainResult* result) {
  ModelTensors& model = attached();
  std::vector<StatisticUpdate> updates;
  Context context;
  context.training = true;
  context.keys = keys;
  context.updates = &updates;

  const std::vector<Value> outputs = network.Forward(batch.inputs, model.weights(), context);
  const std::vector<at::Tensor> row_losses = RowLossesOf(outputs, batch);
  const double rows = static_cast<double>(batch.rows);
  const double loss_sum = LossSum(row_losses) + rows * model.RegularizerLoss();
  if (!std::isfinite(loss_sum)) return false;
  result->loss_sum += loss_sum;

  at::Tensor total;
  for (const at::Tensor& losses_of_output : row_losses) {
    const at::Tensor sum = losses_of_output.sum();
    total = total.defined() ? total + sum : sum;
  }
  std::vector<at::Tensor> leaves;
  for (const Parameter& parameter : model.parameters()) leaves.push_back(parameter.weight);
  std::vector<at::Tensor> gradients(leaves.size());
  if (total.requires_grad()) {
    // Keras's SUM_OVER_BATCH_SIZE: weighted or not, the sum is divided by the number of rows
    gradients = torch::autograd::grad({total / rows}, leaves, {}, {}, false, true);
  }
  Step(gradients);

  const at::NoGradGuard no_grad;
  for (const StatisticUpdate& update : updates) {
    at::Tensor target = update.target;
    target.sub_((target - update.statistic) * (1.0 - update.momentum));
  }
  return true;
}

void Model::Impl::Step(const std::vector<at::Tensor>& gradients) {
  if (type == at::kDouble) {
    StepAs<double>(gradients);
  } else {
    StepAs<float>(gradients);
  }
}

// The kernels run on the host. On a device, gradients come down, the block's own tensors are moved, and the weights go up again.
template <typename T>
void Model::Impl::StepAs(const std::vector<at::Tensor>& gradients) {
  const at::NoGradGuard no_grad;
  ModelTensors& model = attached();
  std::vector<Parameter*> moved;
  std::vector<at::Tensor> dense;
  std::vector<GradientView<T>> views;
  for (size_t i = 0; i < gradients.size(); ++i) {
    Parameter& parameter = model.parameters()[i];
    if (!gradients[i].defined()) continue;  // the loss does not depend on this weight: Keras leaves it alone
    at::Tensor gradient = gradients[i].to(at::kCPU).contiguous();
    // autograd may hand one tensor on to several weights (through sums): write to a copy only
    const bool written = !parameter.regularizer.empty() || ClipsGradients(config.optimizer);
    if (written) gradient = gradient.clone();
    if (!parameter.regularizer.empty()) parameter.regularizer.AddGradient(parameter.host, &gradient);
    moved.push_back(&parameter);
    dense.push_back(gradient);
    views.push_back({gradient.template data_ptr<T>(), gradient.numel()});
  }
  if (ClipsGradients(config.optimizer)) ClipGradients<T>(config.optimizer, views);

  StateCounters* counters = model.counters();
  const double rate = LearningRate(config.optimizer, counters->step);
  for (size_t i = 0; i < moved.size(); ++i) {
    Parameter& parameter = *moved[i];
    T* slots[kMaxSlots] = {};
    for (size_t s = 0; s < parameter.slots.size(); ++s) slots[s] = parameter.slots[s].template data_ptr<T>();
    ApplyUpdate<T>(config.optimizer, rate, counters->step, parameter.host.template data_ptr<T>(), views[i].data, slots, views[i].n);
    parameter.constraint.Apply(&parameter.host);
    if (!device.is_cpu()) parameter.weight.copy_(parameter.host);
  }
  ++counters->step;
}

void Model::BeginVisit() {
  impl_->visit_buffers = 0;
  impl_->visit_batches = 0;
}

TrainResult Model::Train(const base::Buffer& buffer, const Poll& poll) {
  const FtzGuard ftz;
  TrainResult result;
  Translated("training", [&] {
    impl_->BeginBuffer(buffer);
    while (!impl_->place.ended) impl_->TrainTurn(buffer, 0, nullptr, poll, &result);
  });
  result.diverged = impl_->attached().counters()->diverged_step != 0;
  return result;
}

DrawKeys Model::Impl::EpochKeys() const {
  const StateCounters* counters = attached().counters();
  return {counters->seed, counters->stream, counters->iterations_done, static_cast<uint64_t>(place.epoch), 0};
}

void Model::Impl::BeginEpoch(const base::Buffer& buffer) {
  place.first = 0;
  place.number = visit_batches;
  place.ended = buffer.rows == 0 || place.epoch == config.epochs;
  if (place.ended) {
    ++visit_buffers;
    visit_batches += static_cast<uint64_t>((buffer.rows + config.batch_size - 1) / config.batch_size);
    return;
  }
  if (!config.shuffle) return;
  DrawKeys keys = EpochKeys();
  keys.place = static_cast<uint64_t>(buffer.partition_id) << 32 | visit_buffers;
  RowOrder(buffer.rows, true, keys, &order);
}

void Model::Impl::BeginBuffer(const base::Buffer& buffer) {
  CheckBuffer(buffer, true);
  place = {};
  if (attached().counters()->diverged_step != 0) {
    place.ended = true;
    return;
  }
  BeginEpoch(buffer);
}

int64_t Model::Impl::LoadRows(const base::Buffer& buffer, int64_t first, int64_t n, int64_t turn_rows, LoadedRows* loaded) {
  if (config.shuffle || loaded == nullptr) {
    kernels->Load(buffer, config.shuffle ? order.data() + first : nullptr, first, n);
    if (loaded != nullptr) loaded->by = nullptr;
    return 0;
  }
  const bool there = loaded->by != nullptr && loaded->first <= first && first + n <= loaded->first + loaded->rows;
  if (there && (loaded->by == kernels.get() || kernels->TakeLoaded(*loaded->by))) return first - loaded->first;
  const Stopwatch watch;
  loaded->by = nullptr;  // should the Load throw
  loaded->first = first;
  loaded->rows = std::min(turn_rows, buffer.rows - first);
  kernels->Load(buffer, nullptr, first, loaded->rows);
  loaded->by = kernels.get();
  loaded->seconds += watch.Seconds();
  return 0;
}

void Model::Impl::TrainTurn(const base::Buffer& buffer, int64_t batches, LoadedRows* loaded, const Poll& poll, TrainResult* result) {
  const Stopwatch watch;
  const double loading = loaded == nullptr ? 0 : loaded->seconds;
  TrainBatches(buffer, batches, loaded, poll, result);
  result->seconds += watch.Seconds() - (loaded == nullptr ? 0 : loaded->seconds - loading);
}

void Model::Impl::TrainBatches(const base::Buffer& buffer, int64_t batches, LoadedRows* loaded, const Poll& poll, TrainResult* result) {
  StateCounters* counters = attached().counters();
  const int64_t size = config.batch_size;
  DrawKeys keys = EpochKeys();
  for (int64_t done = 0; !place.ended && (batches == 0 || done < batches); ++done) {
    if (poll) poll();
    const int64_t n = std::min(size, buffer.rows - place.first);
    keys.place = static_cast<uint64_t>(buffer.partition_id) << 32 | place.number;
    bool finite = false;
    if (kernels) {
      const int64_t at = LoadRows(buffer, place.first, n, std::max<int64_t>(1, batches) * size, loaded);
      finite = kernels->Train(at, n, keys, &result->loss_sum);
    } else {
      const int64_t* rows = config.shuffle ? order.data() + place.first : nullptr;
      finite = TrainBatch(loader.Load(buffer, rows, place.first, n, BatchLoader::Want::kInputsAndTargets, true), keys, result);
    }
    if (!finite) {
      counters->diverged_step = counters->step + 1;
      place.ended = true;
      return;
    }
    result->rows += n;
    ++result->batches;
    counters->rows_seen += static_cast<uint64_t>(n);
    place.first += n;
    ++place.number;
    if (place.first < buffer.rows) continue;
    ++place.epoch;
    BeginEpoch(buffer);
    keys = EpochKeys();
  }
}

void Model::EndVisit() {
  StateCounters* counters = impl_->attached().counters();
  ++counters->visits_in_iteration;
  if (counters->visits_in_iteration >= counters->partitions) {
    counters->visits_in_iteration = 0;
    ++counters->iterations_done;
  }
}

}  // namespace engine
