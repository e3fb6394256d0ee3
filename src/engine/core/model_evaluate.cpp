// Inference: evaluation and prediction, in batches whose size depends on the configuration only.
#include <algorithm>

#include "engine/core/model_impl.hpp"
#include "engine/math/fpenv.hpp"
#include "engine/math/poll.hpp"

namespace engine {

namespace {

constexpr int kMinInferenceRows = 256;

}  // namespace

int64_t InferenceRows(int batch_size) { return std::max(kMinInferenceRows, batch_size); }

void ModelInstance::EvaluateBatch(const base::Buffer& buffer, int64_t first, int64_t n, LoadedRows* loaded, double* sums,
                                  const void* products) {
  if (native_trainer == nullptr) {
    Autograd().Score(buffer, first, n, sums);
    return;
  }
  const bool there = loaded->by != nullptr && loaded->first == first && loaded->rows == n;
  if (!there || (loaded->by != native_trainer.get() && !native_trainer->TakeLoaded(*loaded->by))) {
    loaded->by = nullptr;
    native_trainer->LoadForScoring(buffer, first, n);
    *loaded = {native_trainer.get(), first, n};
  }
  native_trainer->Score(0, n, program.metrics, program.metric_outputs, products, sums);
}

void Model::Evaluate(const base::Buffer& buffer, double* sums, const Poll& poll) {
  const math::FtzGuard ftz;
  const math::PollScope scope(poll);
  impl_->attached();
  impl_->CheckBuffer(buffer, true);
  const int64_t size = InferenceRows(impl_->config.batch_size);
  if (impl_->native_trainer) impl_->native_trainer->UseWorkspace(nullptr, std::min(size, buffer.rows));
  LoadedRows loaded;
  for (int64_t first = 0; first < buffer.rows; first += size) {
    math::PollInterrupts();
    impl_->EvaluateBatch(buffer, first, std::min(size, buffer.rows - first), &loaded, sums);
  }
}

void Model::Predict(const base::Buffer& buffer, std::vector<std::vector<float>>* out, const Poll& poll) {
  const math::FtzGuard ftz;
  const math::PollScope scope(poll);
  Impl& impl = *impl_;
  impl.CheckBuffer(buffer, false);
  impl.attached();
  out->assign(impl.program.graph->outputs.size(), {});
  const int64_t size = InferenceRows(impl.config.batch_size);
  for (int64_t first = 0; first < buffer.rows; first += size) {
    math::PollInterrupts();
    impl.Autograd().Predict(buffer, first, std::min(size, buffer.rows - first), out);
  }
}

}  // namespace engine
