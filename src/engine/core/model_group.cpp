// The loop over a group: the members take turns, batches_per_switch mini-batches each, and every member goes on from
// its own position in the buffer.
//
// What members share lies in the workspace: results, gradients, and the rows of their mini-batches. Each mini-batch
// writes all of it before it reads it, but for rows that another member of the same row order has loaded already
// (engine/native/trainer.hpp, TakeLoaded).
#include "engine/core/model_group.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "engine/api/workspace.hpp"
#include "engine/core/device_visit.hpp"
#include "engine/core/member_errors.hpp"
#include "engine/core/model_impl.hpp"
#include "engine/math/fpenv.hpp"

namespace engine {

struct ModelGroup::Impl {
  std::vector<ModelInstance*> models;
  int batches_per_switch = 0;
  std::shared_ptr<Workspace> workspace;
  MemberErrors errors;
  std::vector<TrainResult> results;
  std::vector<int> devices;
  std::vector<size_t> on_device;  // of models: those that DeviceTrains
  std::unique_ptr<DeviceVisit> device_visit;
  uint64_t visits = 0;            // of the first of them, when the device's visit began

  // Loading rows for several members at once is worthwhile when there are several. It needs room for those of
  // batches_per_switch batches.
  bool LoadsTogether(const ModelInstance& model) const {
    return models.size() > 1 && batches_per_switch > 0 && model.native_trainer && !model.config.shuffle;
  }
  /// Whether the device trains these models in this visit; begins its visit if need be.
  bool BeginOnDevice(const Poll& poll);
  /// Its program has a network for devices, with the class weights that it was compiled with.
  bool DeviceTrains(size_t m) const { return models[m]->program.on_device != nullptr && !models[m]->class_weight; }
  bool TrainsHere(size_t m) const { return device_visit == nullptr || !DeviceTrains(m); }
  void UseWorkspace(int64_t buffer_rows);
  template <typename Work>
  bool TryOnDevice(Work&& work);
  /// The visit on a device goes when something is thrown: who catches it may close the device before this group goes.
  template <typename Work>
  void OrDropVisit(Work&& work);
  void Report();
  void Train(const base::Buffer& buffer, const Poll& poll);
  void EndVisit(const Poll& poll);
};

// All members lay their rows out alike; the workspace has its size before the first of them loads rows. It has no room
// for rows that are not there: a batch size is a number that somebody wrote.
void ModelGroup::Impl::UseWorkspace(int64_t buffer_rows) {
  int64_t rows = 0;
  for (const ModelInstance* model : models) {
    const int64_t batches = LoadsTogether(*model) ? batches_per_switch : 1;
    if (!model->native_trainer) continue;
    rows = std::max({rows, std::min(buffer_rows, model->config.batch_size * batches), model->RowsAtOnce(buffer_rows)});
  }
  size_t bytes = 0;
  for (const ModelInstance* model : models) {
    if (!model->native_trainer) continue;
    model->native_trainer->UseWorkspace(workspace, rows);
    bytes = std::max(bytes, model->native_trainer->WorkspaceBytes(rows));
  }
  if (workspace != nullptr) workspace->Reserve(bytes);
}

template <typename Work>
void ModelGroup::Impl::OrDropVisit(Work&& work) {
  try {
    work();
  } catch (...) {
    device_visit.reset();
    throw;
  }
}

void ModelGroup::Impl::Report() {
  for (size_t m = 0; m < models.size(); ++m) results[m].error = errors.texts()[m];
}

// An error of the device's visit is that of all members on it. Returns whether the device has done it.
template <typename Work>
bool ModelGroup::Impl::TryOnDevice(Work&& work) {
  bool done = false;
  if (!errors.TryFor(on_device, [&] { done = work(); })) device_visit.reset();
  return done;
}

bool ModelGroup::Impl::BeginOnDevice(const Poll& poll) {
  if (on_device.empty()) return false;
  const uint64_t now = models[on_device[0]]->visits;
  if (visits == now) return device_visit != nullptr;
  visits = now;
  std::vector<ModelInstance*> members;
  for (const size_t m : on_device) members.push_back(models[m]);
  device_visit = std::make_unique<DeviceVisit>(std::move(members));
  if (!device_visit->Begin(poll)) device_visit.reset();
  return device_visit != nullptr;
}

void ModelGroup::Impl::Train(const base::Buffer& buffer, const Poll& poll) {
  std::fill(results.begin(), results.end(), TrainResult());
  const bool on_its_way = TryOnDevice([&] {
    if (!BeginOnDevice(poll)) return false;
    device_visit->Train(buffer, poll);
    return true;
  });
  if (on_its_way && on_device.size() == models.size()) return Report();
  errors.TryForAll([&] { UseWorkspace(buffer.rows); });
  for (size_t m = 0; m < models.size(); ++m) {
    if (TrainsHere(m)) errors.Try(m, [&] { models[m]->BeginBuffer(buffer); });
  }
  LoadedRows loaded;
  for (bool more = true; more;) {
    more = false;
    for (size_t m = 0; m < models.size(); ++m) {
      if (!TrainsHere(m) || errors.failed(m) || models[m]->position.ended) continue;
      errors.Try(m, [&] {
        models[m]->TrainUntilSwitch(buffer, batches_per_switch, LoadsTogether(*models[m]) ? &loaded : nullptr, poll, &results[m]);
      });
      if (!LoadsTogether(*models[m]) || errors.failed(m)) loaded.by = nullptr;  // its own rows lie there now
      more = more || (!errors.failed(m) && !models[m]->position.ended);
    }
  }
  for (size_t m = 0; m < models.size(); ++m) {
    if (TrainsHere(m) && !errors.failed(m)) results[m].diverged = models[m]->attached().diverged_step != 0;
  }
  Report();
}

void ModelGroup::Impl::EndVisit(const Poll& poll) {
  const auto end = [&] {
    if (device_visit == nullptr || visits != models[on_device[0]]->visits) return false;
    const std::vector<TrainResult> trained = device_visit->End(poll);
    for (size_t i = 0; i < on_device.size(); ++i) {
      results[on_device[i]] = trained[i];
      devices[on_device[i]] = device_visit->device();
      models[on_device[i]]->CountVisit();
    }
    return true;
  };
  if (!TryOnDevice(end)) device_visit.reset();
  const bool carried = std::any_of(models.begin(), models.end(), [](const ModelInstance* model) { return model->carried.rows > 0; });
  if (carried) errors.TryForAll([&] { UseWorkspace(0); });
  for (size_t m = 0; m < models.size(); ++m) {
    if (!TrainsHere(m)) continue;
    results[m] = {};
    errors.Try(m, [&] { results[m] = models[m]->EndVisit(poll); });
    devices[m] = models[m]->program.device;
  }
  device_visit.reset();
  Report();
}

ModelGroup::ModelGroup(std::vector<Model*> models, int batches_per_switch, std::shared_ptr<Workspace> workspace, OnError on_error)
    : impl_(std::make_unique<Impl>()) {
  if (models.empty()) throw base::Error(base::ErrorCode::kInternal, "a group of models has no member");
  for (Model* model : models) impl_->models.push_back(model->impl_.get());
  impl_->batches_per_switch = batches_per_switch;
  impl_->workspace = std::move(workspace);
  if (impl_->workspace == nullptr && models.size() > 1) impl_->workspace = std::make_shared<Workspace>();
  impl_->results.resize(models.size());
  impl_->errors = MemberErrors(on_error, models.size());
  impl_->devices.assign(models.size(), -1);
  for (size_t m = 0; m < models.size(); ++m) {
    if (impl_->DeviceTrains(m)) impl_->on_device.push_back(m);
  }
}

ModelGroup::~ModelGroup() = default;

size_t ModelGroup::size() const { return impl_->models.size(); }

const std::vector<TrainResult>& ModelGroup::Train(const base::Buffer& buffer, const Poll& poll) {
  const math::FtzGuard ftz;
  impl_->OrDropVisit([&] { impl_->Train(buffer, poll); });
  return impl_->results;
}

void ModelGroup::DropVisit() { impl_->device_visit.reset(); }

const std::vector<int>& ModelGroup::devices() const { return impl_->devices; }

const std::vector<TrainResult>& ModelGroup::EndVisit(const Poll& poll) {
  const math::FtzGuard ftz;
  impl_->OrDropVisit([&] { impl_->EndVisit(poll); });
  return impl_->results;
}

}  // namespace engine
