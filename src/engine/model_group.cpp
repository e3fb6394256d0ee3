// The loop over a group: turn by turn, every member goes on from its own place in the buffer.
//
// What members share lies in the workspace: results, gradients, and the rows of their mini-batches. A step writes all of it before it reads
// it, but for rows that another member of the same row order has gathered already (engine/kernel_step.hpp, TakeLoaded).
#include "engine/model_group.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "engine/error.hpp"
#include "engine/fpenv.hpp"
#include "engine/model_impl.hpp"

namespace engine {

struct ModelGroup::Impl {
  std::vector<Model::Impl*> models;
  int turn = 0;
  std::shared_ptr<KernelMemory> workspace;
  std::vector<TrainResult> results;

  // Gathering for several members pays when there are several, and needs room for a turn.
  bool GathersTogether(const Model::Impl& model) const { return models.size() > 1 && turn > 0 && model.kernels && !model.config.shuffle; }
  enum class Work { kTraining, kScoring };
  void PlaceWorkspace(Work work);
  void Train(const base::Buffer& buffer, const Poll& poll);
  void Evaluate(const base::Buffer& buffer, double* sums, const Poll& poll);
};

// All members lay their rows out alike; the workspace has its size before the first of them gathers.
void ModelGroup::Impl::PlaceWorkspace(Work work) {
  int64_t rows = 0;
  for (const Model::Impl* model : models) {
    if (!model->kernels) continue;
    const int64_t own = work == Work::kScoring ? model->InferenceRows() : model->config.batch_size * (GathersTogether(*model) ? turn : 1);
    rows = std::max(rows, own);
  }
  size_t bytes = 0;
  for (const Model::Impl* model : models) {
    if (!model->kernels) continue;
    model->kernels->UseWorkspace(workspace, rows);
    bytes = std::max(bytes, work == Work::kScoring ? model->kernels->ScoringBytes(rows) : model->kernels->WorkspaceBytes(rows));
  }
  if (workspace != nullptr) workspace->Reserve(bytes);
}

void ModelGroup::Impl::Train(const base::Buffer& buffer, const Poll& poll) {
  std::fill(results.begin(), results.end(), TrainResult());
  PlaceWorkspace(Work::kTraining);
  for (Model::Impl* model : models) model->BeginBuffer(buffer);
  LoadedRows loaded;
  for (bool more = true; more;) {
    more = false;
    for (size_t m = 0; m < models.size(); ++m) {
      if (models[m]->place.ended) continue;
      models[m]->TrainTurn(buffer, turn, GathersTogether(*models[m]) ? &loaded : nullptr, poll, &results[m]);
      if (!GathersTogether(*models[m])) loaded.by = nullptr;  // its own rows lie there now
      more = more || !models[m]->place.ended;
    }
  }
  for (size_t m = 0; m < models.size(); ++m) results[m].diverged = models[m]->attached().counters()->diverged_step != 0;
}

// Batch by batch, so that rows which one model has gathered serve all that want the same.
void ModelGroup::Impl::Evaluate(const base::Buffer& buffer, double* sums, const Poll& poll) {
  for (const Model::Impl* model : models) model->CheckBuffer(buffer, true);
  PlaceWorkspace(Work::kScoring);
  std::vector<int64_t> next(models.size(), 0);
  LoadedRows loaded;
  for (bool more = buffer.rows > 0; more;) {
    more = false;
    double* at = sums;
    for (size_t m = 0; m < models.size(); ++m) {
      Model::Impl& model = *models[m];
      if (next[m] < buffer.rows) {
        if (poll) poll();
        model.EvaluateBatch(buffer, next[m], &loaded, at);
        next[m] += model.InferenceRows();
        more = more || next[m] < buffer.rows;
      }
      at += model.sums_size;
    }
  }
}

ModelGroup::ModelGroup(std::vector<Model*> models, int turn, std::shared_ptr<KernelMemory> workspace) : impl_(std::make_unique<Impl>()) {
  if (models.empty()) throw base::Error(base::ErrorCode::kInternal, "a group of models has no member");
  for (Model* model : models) impl_->models.push_back(model->impl_.get());
  impl_->turn = turn;
  impl_->workspace = std::move(workspace);
  if (impl_->workspace == nullptr && models.size() > 1) impl_->workspace = std::make_shared<KernelMemory>();
  impl_->results.resize(models.size());
}

ModelGroup::~ModelGroup() = default;

size_t ModelGroup::size() const { return impl_->models.size(); }

const std::vector<TrainResult>& ModelGroup::Train(const base::Buffer& buffer, const Poll& poll) {
  const FtzGuard ftz;
  Translated("training", [&] { impl_->Train(buffer, poll); });
  return impl_->results;
}

void ModelGroup::Evaluate(const base::Buffer& buffer, double* sums, const Poll& poll) {
  const FtzGuard ftz;
  Translated("evaluating", [&] {
    const at::NoGradGuard no_grad;
    impl_->Evaluate(buffer, sums, poll);
  });
}

}  // namespace engine
