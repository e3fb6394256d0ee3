// Memory of a group, on the device:
//
//   view      GroupView | a ModelEntry a model                 written for every buffer
//   tables    StepEntry's | keys of dropout | keys of shuffles   likewise
//   progress  a ModelProgress a model
//   work      a mini-batch of every model: group_layout.hpp
//   carried   rows that wait for those of later buffers
//   row numbers  those of the rows of rows: model, epoch, row
//   constants standardisation, class weights, tables of positions
//
// engine/device/group_launch.cpp has what is launched.
#include "engine/device/group.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "base/error.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/device/group_layout.hpp"
#include "engine/math/optimizer.hpp"

namespace engine::device {

namespace {

size_t AlignedBytes(size_t bytes) { return (bytes + 255) / 256 * 256; }

}  // namespace

int64_t Group::WorkBytes(const Network& network, int64_t batch_rows, int members) {
  auto view = std::make_unique<GroupView>();
  std::vector<int64_t> values;
  const int64_t work = LayOut(network, batch_rows, false, view.get(), &values) * static_cast<int64_t>(sizeof(float));
  return members * (work + CarriedBytes(network, 2 * batch_rows) +
                    static_cast<int64_t>(sizeof(ModelEntry) + sizeof(ModelProgress)));
}

Group::Group(Backend* backend, Memory* memory, std::shared_ptr<const Network> network,
             const std::vector<Member>& members, int64_t batch_rows, const std::vector<MetricNumbers>& metrics,
             const GroupOptions& options)
    : backend_(backend),
      memory_(memory),
      network_(std::move(network)),
      members_(members),
      options_(options),
      batch_rows_(batch_rows) {
  view_.loss = network_->loss;
  view_.precision = options_.precision;
  view_.batch_rows = static_cast<int32_t>(batch_rows_);
  view_.positions = network_->positions;
  view_.classes = network_->classes;
  view_.target_elements = network_->target_elements;
  view_.dropout_stages = static_cast<int32_t>(network_->dropout_sites.size());
  view_.metric_count = static_cast<int32_t>(metrics.size());
  std::copy(metrics.begin(), metrics.end(), view_.metrics);
  view_.sums_stride = 2 + 2 * view_.metric_count;
  view_.models = static_cast<int32_t>(members_.size());
  view_.carried_room = carried_room();
  view_.class_weight_count = static_cast<int32_t>(network_->class_weights.size());
  for (const Tensor& tensor : network_->tensors) {
    if (tensor.l1_exact != 0 || tensor.l2_exact != 0) view_.any_regularizer = 1;
    if (tensor.limit.kind != 0) most_norms_ = std::max(most_norms_, tensor.limit.outer * tensor.limit.inner);
  }
  for (const Member& member : members_) {
    if (member.optimizer == nullptr) continue;
    const bool norms = member.optimizer->clipnorm > 0 || member.optimizer->global_clipnorm > 0;
    norms_ = norms_ || norms;
    stores_ = stores_ || norms || UpdateKindOf(*member.optimizer) == UpdateKind::kLamb;
  }
  view_.work_stride = LayOut(*network_, batch_rows_, stores_, &view_, &values_);
}

std::unique_ptr<Group> Group::Make(Backend* backend, Memory* memory, std::shared_ptr<const Network> network,
                                   const std::vector<Member>& members, int64_t batch_rows,
                                   const std::vector<MetricNumbers>& metrics, const GroupOptions& options) {
  // kernels count the elements of a mini-batch in 32 bits
  for (const Value& value : network->values) {
    if (batch_rows * value.elements > std::numeric_limits<int32_t>::max()) return nullptr;
  }
  std::unique_ptr<Group> group(new Group(backend, memory, std::move(network), members, batch_rows, metrics, options));
  if (!group->TakeStates() || !group->TakeMemory() || !group->SendConstants()) return nullptr;
  group->persistent_ = metrics.empty() && group->members_[0].optimizer != nullptr && group->Persists();
  return group;
}

Group::~Group() {
  try {
    backend_->Wait();
  } catch (const base::Error&) {
    // a device that has failed: nothing there is wanted any more
  }
  for (void* block : states_) memory_->ReleaseState(block, finished_);
  for (void* memory : taken_) memory_->Give(memory);
  for (void* memory : {row_numbers_, device_tables_}) memory_->Give(memory);
  for (const Tables& tables : tables_) {
    if (tables.memory != nullptr) backend_->FreePinned(tables.memory);
  }
}

bool Group::TakeStates() {
  for (const Member& member : members_) {
    if (memory_->HoldState(member.block, static_cast<size_t>(network_->state_bytes)) == nullptr) return false;
    states_.push_back(member.block);
  }
  return true;
}

bool Group::TakeMemory() {
  const auto take = [&](size_t bytes) {
    void* memory = memory_->Take(bytes);
    if (memory != nullptr) taken_.push_back(memory);
    return memory;
  };
  const size_t models = members_.size();
  device_view_ = static_cast<GroupView*>(take(AlignedBytes(sizeof(GroupView)) + models * sizeof(ModelEntry)));
  progress_ = static_cast<ModelProgress*>(take(models * sizeof(ModelProgress)));
  sums_ = static_cast<double*>(take(models * static_cast<size_t>(view_.sums_stride) * sizeof(double)));
  view_.work = static_cast<float*>(take(models * static_cast<size_t>(view_.work_stride) * sizeof(float)));
  carried_bytes_ = CarriedBytes(*network_, carried_room());
  carried_ = take(models * static_cast<size_t>(carried_bytes_));
  if (device_view_ == nullptr || progress_ == nullptr || sums_ == nullptr || view_.work == nullptr ||
      carried_ == nullptr)
    return false;
  view_.progress = progress_;
  view_.sums = sums_;
  view_.entries =
      reinterpret_cast<ModelEntry*>(reinterpret_cast<char*>(device_view_) + AlignedBytes(sizeof(GroupView)));
  for (Tables& tables : tables_) tables.read = backend_->MakeEvent();
  for (std::unique_ptr<Event>& portion : portions_) portion = backend_->MakeEvent();
  results_.assign(models, {});
  scores_.assign(models * static_cast<size_t>(view_.sums_stride), 0.0);
  memory_->Upload(progress_, results_.data(), models * sizeof(ModelProgress));
  backend_->Zero(sums_, scores_.size() * sizeof(double));
  return true;
}

// Offsets of carried rows and constants, which stay the same for all buffers. False when there is no room for these.
bool Group::SendConstants() {
  std::vector<char> constants;
  const auto add = [&](const auto& values) -> int64_t {
    if (values.empty()) return -1;
    const size_t at = (constants.size() + 7) / 8 * 8, bytes = values.size() * sizeof(values[0]);
    constants.resize(at + bytes);
    std::memcpy(constants.data() + at, values.data(), bytes);
    return static_cast<int64_t>(at);
  };
  std::vector<const ColumnPart*> parts;
  for (const ColumnPart& part : network_->inputs) parts.push_back(&part);
  parts.push_back(&network_->target);
  std::vector<std::array<int64_t, 4>> offsets;
  for (const ColumnPart* part : parts)
    offsets.push_back({add(part->mean), add(part->std), add(part->exact_mean), add(part->exact_std)});
  const int64_t class_weights = add(network_->class_weights);
  std::vector<std::array<int64_t, 3>> tables;
  for (const PositionTable& table : network_->tables)
    tables.push_back({add(table.from), add(table.first), add(table.to)});
  if (!constants.empty()) {
    constants_ = memory_->Take(constants.size());
    if (constants_ == nullptr) return false;
    taken_.push_back(constants_);
    memory_->Upload(constants_, constants.data(), constants.size());
  }
  const auto at = [&](int64_t offset) { return offset < 0 ? nullptr : static_cast<char*>(constants_) + offset; };
  int64_t carried = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    ColumnView& column = i + 1 == parts.size() ? view_.target_column : view_.columns[i];
    column = parts[i]->view;
    column.input = values_[static_cast<size_t>(parts[i]->value)];
    column.mean = reinterpret_cast<const float*>(at(offsets[i][0]));
    column.std = reinterpret_cast<const float*>(at(offsets[i][1]));
    column.exact_mean = reinterpret_cast<const double*>(at(offsets[i][2]));
    column.exact_std = reinterpret_cast<const double*>(at(offsets[i][3]));
    column.carried = carried;
    carried += carried_room() * column.elements * column.element_bytes;
  }
  view_.column_count = static_cast<int32_t>(network_->inputs.size());
  view_.carried_weights = carried;
  view_.class_weights = reinterpret_cast<const float*>(at(class_weights));
  for (int32_t i = 0; i < view_.stage_count; ++i) {
    for (Source& source : view_.stages[i].sources) {
      if (source.table < 0) continue;
      const std::array<int64_t, 3>& table = tables[static_cast<size_t>(source.table)];
      source.positions.from = reinterpret_cast<const int32_t*>(at(table[0]));
      source.positions.first = reinterpret_cast<const int32_t*>(at(table[1]));
      source.positions.to = reinterpret_cast<const int32_t*>(at(table[2]));
    }
  }
  return true;
}

// Whether the persistent kernel is to be taken. Estimates, in seconds of an optimizer step of all members: a block does
// some 48 products of the small chain in a cycle, and waits for memory and barriers meanwhile; a launch within a
// recording takes some two microseconds, and a full device does 40 products in a cycle and unit. Bits do not depend on
// it.
bool Group::Persists() {
  constexpr int64_t kWidest = 256;
  constexpr double kCycles = 1.6e9, kOwnProducts = 48, kProducts = 40, kStep = 3e-6, kLaunch = 2e-6;
  // it does not round factors
  if (!network_->small_chain || stores_ || options_.path == Path::kReplay || options_.precision != Precision::kFloat32)
    return false;
  PersistentArguments& a = persistent_arguments_;
  a.weight_floats = network_->weight_bytes / static_cast<int64_t>(sizeof(float));
  const int64_t slots =
      (network_->state_bytes - static_cast<int64_t>(kStateCountersBytes)) / static_cast<int64_t>(sizeof(float)) -
      a.weight_floats;
  int64_t at = a.weight_floats;
  const auto take = [&](int64_t floats) {
    const int64_t offset = at;
    at += (floats + 1) / 2 * 2;
    return offset;
  };
  int64_t widest[2] = {};
  double products = 0;
  a.values[0] = take(batch_rows_ * RowStride(view_.stages[0].in));
  for (int32_t i = 0; i < view_.stage_count; ++i) {
    const Stage& stage = view_.stages[i];
    if (stage.out > kWidest) return false;
    a.values[i + 1] = take(batch_rows_ * RowStride(stage.out));
    widest[i & 1] = std::max(widest[i & 1], RowStride(stage.out));
    if (stage.kind == StageKind::kDense)
      products += static_cast<double>(stage.inner) * stage.outer * (stage.sources[0].wants_gradient != 0 ? 3 : 2);
  }
  for (int i = 0; i < 2; ++i) a.gradients[i] = take(batch_rows_ * widest[i]);
  a.target = take(batch_rows_ * network_->target_elements);
  a.losses = take(batch_rows_);
  a.room = take(2 * kPersistentThreads);
  const auto room = static_cast<int64_t>(backend_->info().block_memory / sizeof(float));
  if (at > room) return false;
  if (at + slots <= room) {  // behind the weights, as in the state: all else moves up
    a.slot_floats = slots;
    for (int64_t& offset : a.values) offset += slots;
    for (int64_t* offset : {&a.gradients[0], &a.gradients[1], &a.target, &a.losses, &a.room}) *offset += slots;
    at += slots;
  }
  a.group = device_view_;
  persistent_shared_ = static_cast<size_t>(at) * sizeof(float);
  if (options_.path == Path::kPersistent) return true;
  products *= static_cast<double>(batch_rows_);
  const auto models = static_cast<double>(members_.size()), units = static_cast<double>(backend_->info().units);
  const double own = kStep + products / (kOwnProducts * kCycles) * std::max(1.0, models / units);
  const double replayed = kLaunch * 3 * view_.stage_count + products * models / (kProducts * kCycles * units);
  return own <= replayed;
}

bool Group::HoldBuffer(const base::Buffer& buffer, uint64_t content) {
  memory_->BeginBuffer();
  const auto hold = [&](int column, const uint8_t* packed, int64_t row_bytes) {
    return memory_->HoldColumn(content, column, packed,
                               static_cast<size_t>(std::max<int64_t>(1, buffer.rows * row_bytes)));
  };
  constexpr int kTargets = 1 << 20, kWeights = 2 << 20;  // numbers of other columns
  for (size_t i = 0; i < network_->inputs.size(); ++i) {
    const ColumnPart& part = network_->inputs[i];
    // parts of one column follow each other
    const uint8_t* packed =
        i > 0 && network_->inputs[i - 1].column == part.column
            ? view_.columns[i - 1].packed - network_->inputs[i - 1].first_bytes
            : hold(part.column, buffer.inputs[static_cast<size_t>(part.column)], part.view.row_bytes);
    if (packed == nullptr) return false;
    view_.columns[i].packed = packed + part.first_bytes;
  }
  view_.target_column.packed = hold(kTargets, buffer.targets[0], network_->target.view.row_bytes);
  if (view_.target_column.packed == nullptr) return false;
  view_.has_row_weights = buffer.weights != nullptr ? 1 : 0;
  view_.row_weights = nullptr;
  if (buffer.weights != nullptr) {
    view_.row_weights = hold(kWeights, buffer.weights, sizeof(float));
    if (view_.row_weights == nullptr) return false;
  }
  view_.buffer_rows = buffer.rows;
  return true;
}

void Group::WaitFor(const Event& event, const WaitPoll& poll) {
  constexpr useconds_t kMicroseconds = 30;
  while (!backend_->Finished(event)) {
    if (poll) poll();
    usleep(kMicroseconds);
  }
}

// Tables of one buffer: those of all members, one after the other. In scoring all members have the same one.
bool Group::SendTables(const std::vector<MemberPlan>& plans, const WaitPoll& poll) {
  const size_t models = members_.size(),
               head = AlignedBytes(sizeof(GroupView)) + AlignedBytes(models * sizeof(ModelEntry));
  size_t bytes = 0;
  for (const MemberPlan& plan : plans) {
    bytes += AlignedBytes(plan.entries.size() * sizeof(StepEntry)) +
             AlignedBytes((plan.dropout_keys.size() + plan.order_keys.size()) * sizeof(uint32_t));
  }
  Tables& tables = tables_[next_tables_];
  next_tables_ ^= 1;
  WaitFor(*tables.read, poll);
  if (tables.bytes < head + bytes) {
    if (tables.memory != nullptr) backend_->FreePinned(std::exchange(tables.memory, nullptr));
    tables.bytes = 0;
    tables.memory = static_cast<char*>(backend_->AllocatePinned(head + bytes));
    tables.bytes = head + bytes;
  }
  if (device_tables_bytes_ < bytes) {
    memory_->Give(std::exchange(device_tables_, nullptr));
    device_tables_bytes_ = 0;
    device_tables_ = memory_->Take(bytes);
    if (device_tables_ == nullptr) return false;
    device_tables_bytes_ = bytes;
  }
  size_t order_bytes = 0;
  for (const MemberPlan& plan : plans) {
    if (!plan.order_keys.empty())
      order_bytes += static_cast<size_t>(plan.epochs) * static_cast<size_t>(view_.buffer_rows) * sizeof(int32_t);
  }
  if (row_numbers_bytes_ < order_bytes) {
    memory_->Give(std::exchange(row_numbers_, nullptr));
    row_numbers_bytes_ = 0;
    row_numbers_ = memory_->Take(order_bytes);
    if (row_numbers_ == nullptr) return false;
    row_numbers_bytes_ = order_bytes;
  }
  auto* entries = reinterpret_cast<ModelEntry*>(tables.memory + AlignedBytes(sizeof(GroupView)));
  size_t at = 0;
  int32_t* row_numbers = static_cast<int32_t*>(row_numbers_);
  const auto add = [&](const void* values, size_t count_bytes) -> const char* {
    if (count_bytes == 0) return nullptr;
    std::memcpy(tables.memory + head + at, values, count_bytes);
    const char* there = static_cast<const char*>(device_tables_) + at;
    at += count_bytes;
    return there;
  };
  for (size_t m = 0; m < models; ++m) {
    const MemberPlan& plan = plans[plans.size() == 1 ? 0 : m];
    ModelEntry& entry = *new (entries + m) ModelEntry();
    entry.state = static_cast<float*>(memory_->StateOf(members_[m].block));
    entry.carried = static_cast<uint8_t*>(carried_) + static_cast<int64_t>(m) * carried_bytes_;
    entry.entry_count = static_cast<int32_t>(plan.entries.size());
    entry.epochs = plan.epochs;
    if (plans.size() == 1 && m > 0) {  // in scoring
      entry.entries = entries[0].entries;
      continue;
    }
    entry.entries =
        reinterpret_cast<const StepEntry*>(add(plan.entries.data(), plan.entries.size() * sizeof(StepEntry)));
    at = AlignedBytes(at);
    entry.dropout_keys =
        reinterpret_cast<const uint32_t*>(add(plan.dropout_keys.data(), plan.dropout_keys.size() * sizeof(uint32_t)));
    entry.order_keys =
        reinterpret_cast<const uint32_t*>(add(plan.order_keys.data(), plan.order_keys.size() * sizeof(uint32_t)));
    at = AlignedBytes(at);
    if (!plan.order_keys.empty()) {
      entry.order = row_numbers;
      row_numbers += static_cast<int64_t>(plan.epochs) * view_.buffer_rows;
    }
    const base::OptimizerConfig* optimizer = members_[m].optimizer;
    if (optimizer == nullptr) continue;
    entry.update = UpdateKindOf(*optimizer);
    entry.clip_value = static_cast<float>(optimizer->clipvalue);
    entry.clip_norm = optimizer->clipnorm;
    entry.global_clip_norm = optimizer->global_clipnorm;
    for (size_t t = 0; t < network_->tensor_names.size(); ++t) {
      if (math::Decays(*optimizer, network_->tensor_names[t])) entry.decays[t / 64] |= uint64_t{1} << t % 64;
    }
  }
  std::memcpy(tables.memory, &view_, sizeof(view_));
  backend_->CopyToDevice(device_view_, tables.memory, AlignedBytes(sizeof(GroupView)) + models * sizeof(ModelEntry));
  if (at > 0) backend_->CopyToDevice(device_tables_, tables.memory + head, at);
  backend_->Mark(tables.read.get());
  return true;
}

const std::vector<ModelProgress>& Group::Wait(const WaitPoll& poll) {
  const std::unique_ptr<Event> done = backend_->MakeEvent();
  backend_->Mark(done.get());
  WaitFor(*done, poll);
  backend_->CopyToHost(results_.data(), progress_, results_.size() * sizeof(ModelProgress));
  backend_->Wait();
  RequireIndexes();
  return results_;
}

// As the processor refuses them, mini-batch by mini-batch.
void Group::RequireIndexes() const {
  for (const ModelProgress& progress : results_) {
    if (progress.refused < 0) continue;
    const auto stage = static_cast<size_t>(progress.refused);
    CheckIndexes(network_->stage_layers[stage], static_cast<int64_t>(progress.smallest),
                 static_cast<int64_t>(progress.largest), network_->stages[stage].positions);
  }
}

void Group::WriteBack(const std::function<void()>& count) {
  memory_->WriteBack(states_, count);
  finished_ = true;
}

const std::vector<double>& Group::FinishScores(const WaitPoll& poll) {
  const std::unique_ptr<Event> done = backend_->MakeEvent();
  backend_->Mark(done.get());
  WaitFor(*done, poll);
  backend_->CopyToHost(scores_.data(), sums_, scores_.size() * sizeof(double));
  Wait(poll);
  finished_ = true;
  return scores_;
}

}  // namespace engine::device
