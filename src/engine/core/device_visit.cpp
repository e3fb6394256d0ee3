#include "engine/core/device_visit.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/stream_name.hpp"
#include "engine/core/device_context.hpp"
#include "engine/core/devices.hpp"
#include "engine/math/learning_rate.hpp"
#include "engine/math/optimizer.hpp"

namespace engine {

namespace {

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Plans one buffer of one model.
class Planner {
 public:
  Planner(ModelInstance* model, uint64_t* steps, device::MemberPlan* plan)
      : model_(*model), counters_(model->attached()), network_(*model->program.on_device), steps_(steps), plan_(plan) {
    plan_->epochs = model_.config.epochs;
  }

  // As ModelInstance::BeginBuffer and TrainBatches.
  void PlanBuffer(const base::Buffer& buffer) {
    const int64_t size = model_.config.batch_size;
    const bool carries = model_.buffer_end == BufferEnd::kCarries;
    const uint64_t partition = static_cast<uint64_t>(buffer.partition_id) << 32;
    for (int epoch = 0; epoch < model_.config.epochs && buffer.rows > 0; ++epoch) {
      if (model_.config.shuffle) AddOrderKeys(partition | model_.visit_buffers, epoch);
      uint64_t number = model_.visit_batches;
      for (int64_t first = 0; first < buffer.rows; first += size, ++number) {
        const int64_t n = std::min(size, buffer.rows - first);
        if (n < size && carries) {
          Carry(buffer, epoch, first, n);
        } else {
          Add(device::EntryKind::kTrain, first, n, epoch, static_cast<uint64_t>(epoch), partition | number);
        }
      }
    }
    ++model_.visit_buffers;
    model_.visit_batches += static_cast<uint64_t>((buffer.rows + (carries ? 0 : size - 1)) / size);
  }

  // As ModelInstance::TrainCarried.
  void PlanCarried(int64_t n) {
    CarriedRows& carried = model_.carried;
    const uint64_t location =
        static_cast<uint64_t>(carried.partition_id) << 32 | (kFirstCarriedBatch + carried.batches);
    Add(device::EntryKind::kCarried, carried.first, n, 0, 0, location);
    ++carried.batches;
    carried.rows -= n;
    carried.first = (carried.first + n) % Room();
  }

 private:
  int64_t Room() const { return int64_t{2} * model_.config.batch_size; }

  void Carry(const base::Buffer& buffer, int epoch, int64_t first, int64_t n) {
    CarriedRows& carried = model_.carried;
    carried.partition_id = buffer.partition_id;
    device::StepEntry entry;
    entry.kind = device::EntryKind::kCarry;
    entry.first = static_cast<int32_t>(first);
    entry.rows = static_cast<int32_t>(n);
    entry.epoch = epoch;
    entry.at = static_cast<int32_t>((carried.first + carried.rows) % Room());
    plan_->entries.push_back(entry);
    AddDropoutKeys(0, 0);
    carried.rows += n;
    while (carried.rows >= model_.config.batch_size) PlanCarried(model_.config.batch_size);
  }

  void Add(device::EntryKind kind, int64_t first, int64_t n, int epoch, uint64_t epoch_key, uint64_t location) {
    const base::OptimizerConfig& optimizer = model_.config.optimizer;
    const uint64_t step = counters_.step + (*steps_)++;
    const math::StepScalars scalars = math::ScalarsOf(optimizer, math::LearningRate(optimizer, step), step);
    device::StepEntry entry;
    entry.kind = kind;
    entry.first = static_cast<int32_t>(first);
    entry.rows = static_cast<int32_t>(n);
    entry.epoch = epoch;
    entry.coefficients = scalars.coefficients;
    entry.shrink = scalars.shrink;
    plan_->entries.push_back(entry);
    AddDropoutKeys(epoch_key, location);
  }

  static void AddKeys(const std::array<uint32_t, 4>& name, std::vector<uint32_t>* keys) {
    keys->insert(keys->end(), name.begin(), name.end());
  }

  void AddOrderKeys(uint64_t location, int epoch) {
    AddKeys(base::StreamName(counters_.seed, counters_.stream, base::Purpose::kShuffle, counters_.iterations_done,
                             static_cast<uint64_t>(epoch), location),
            &plan_->order_keys);
  }

  void AddDropoutKeys(uint64_t epoch, uint64_t location) {
    for (const int site : network_.dropout_sites) {
      AddKeys(base::StreamName(counters_.seed, counters_.stream, base::Purpose::kDropout, counters_.iterations_done,
                               epoch, location, static_cast<uint64_t>(site)),
              &plan_->dropout_keys);
    }
  }

  ModelInstance& model_;
  const StateCounters& counters_;
  const device::Network& network_;
  uint64_t* steps_;
  device::MemberPlan* plan_;
};

}  // namespace

DeviceVisit::DeviceVisit(std::vector<ModelInstance*> models) : models_(std::move(models)), steps_(models_.size()) {
  // one network and one size of mini-batches a group
  std::map<std::pair<const CompiledProgram*, int>, size_t> part_of;
  for (size_t m = 0; m < models_.size(); ++m) {
    const auto [found, added] =
        part_of.try_emplace({&models_[m]->program, models_[m]->config.batch_size}, parts_.size());
    if (added) parts_.emplace_back();
    parts_[found->second].members.push_back(m);
  }
}

DeviceVisit::~DeviceVisit() = default;

bool DeviceVisit::Begin(const Poll& poll) {
  const auto short_of_memory = [] {
    NoticeOfDevice("a device's memory is short: some models train on the processor for now");
    return false;
  };
  on_ = DeviceWithRoom(models_[0]->program.options.device, poll);
  if (on_ == nullptr) return short_of_memory();
  for (Part& part : parts_) {
    const ModelInstance& first = *models_[part.members[0]];
    std::vector<device::Member> members;
    for (const size_t m : part.members) members.push_back({&models_[m]->attached(), &models_[m]->config.optimizer});
    part.group = device::Group::Make(on_->backend(), on_->memory(), first.program.on_device, members,
                                     first.config.batch_size, {}, TheGroupOptions());
    if (part.group != nullptr) continue;
    for (Part& begun : parts_) begun.group.reset();
    return short_of_memory();
  }
  device_ = on_->index();
  begun_ = true;
  return true;
}

void DeviceVisit::Send(Part* part, const base::Buffer& buffer, const std::vector<device::MemberPlan>& plans,
                       const Poll& poll) {
  if (part->group->Train(buffer, BufferContent::Current(), plans, poll)) return;
  throw base::Error(base::ErrorCode::kOutOfMemory, "a device has no memory left for a packed buffer",
                    "The buffer has " + std::to_string(buffer.rows) + " rows.",
                    "Raise cerebro.device_mem, or lower cerebro.fusion_mem.");
}

void DeviceVisit::Train(const base::Buffer& buffer, const Poll& poll) {
  const double started = Now();
  for (Part& part : parts_) {
    std::vector<device::MemberPlan> plans(part.members.size());
    for (size_t i = 0; i < part.members.size(); ++i) {
      ModelInstance* model = models_[part.members[i]];
      model->CheckBuffer(buffer, true);
      if (model->attached().diverged_step != 0) continue;
      Planner(model, &steps_[part.members[i]], &plans[i]).PlanBuffer(buffer);
    }
    Send(&part, buffer, plans, poll);
  }
  seconds_ += Now() - started;
}

std::vector<TrainResult> DeviceVisit::End(const Poll& poll) {
  const double started = Now();
  std::vector<TrainResult> results(models_.size());
  for (Part& part : parts_) {
    std::vector<device::MemberPlan> plans(part.members.size());
    for (size_t i = 0; i < part.members.size(); ++i) {
      ModelInstance* model = models_[part.members[i]];
      if (model->attached().diverged_step != 0 || model->carried.rows == 0) continue;
      Planner(model, &steps_[part.members[i]], &plans[i]).PlanCarried(model->carried.rows);
    }
    Send(&part, base::Buffer(), plans, poll);
  }
  for (Part& part : parts_) {
    const std::vector<device::ModelProgress>& progress = part.group->Wait(poll);
    // the states are stamped with the counters
    part.group->WriteBack([&] { Count(part, progress, &results); });
  }
  seconds_ += Now() - started;
  for (TrainResult& result : results) result.seconds = seconds_ / static_cast<double>(models_.size());
  return results;
}

void DeviceVisit::Count(const Part& part, const std::vector<device::ModelProgress>& progress,
                        std::vector<TrainResult>* results) const {
  for (size_t i = 0; i < part.members.size(); ++i) {
    StateCounters& counters = models_[part.members[i]]->attached();
    TrainResult& result = (*results)[part.members[i]];
    result.rows = progress[i].rows;
    result.batches = progress[i].batches;
    result.loss_sum = progress[i].loss_sum;
    counters.step += static_cast<uint64_t>(progress[i].batches);
    counters.rows_seen += static_cast<uint64_t>(progress[i].rows);
    if (counters.diverged_step == 0 && progress[i].live == 0) counters.diverged_step = counters.step + 1;
    result.diverged = counters.diverged_step != 0;
  }
}

}  // namespace engine
