// Inference: evaluation and prediction, in batches whose size depends on the configuration only.
#include <algorithm>

#include "engine/core/model_group.hpp"
#include "engine/core/model_impl.hpp"
#include "engine/math/fpenv.hpp"
#include "engine/math/metrics.hpp"

namespace engine {

namespace {

constexpr int64_t kMinInferenceRows = 256;
constexpr size_t kRows = 0, kLoss = 1, kFirstMetric = 2;  // positions in the sums

}  // namespace

int64_t Model::Impl::InferenceRows() const { return std::max<int64_t>(kMinInferenceRows, config.batch_size); }

void Model::Impl::EvaluateBatch(const base::Buffer& buffer, int64_t first, LoadedRows* loaded, double* sums) {
  const int64_t n = std::min(InferenceRows(), buffer.rows - first);
  if (native_trainer) {
    const bool there = loaded->by != nullptr && loaded->first == first && loaded->rows == n;
    if (!there || (loaded->by != native_trainer.get() && !native_trainer->TakeLoaded(*loaded->by))) {
      loaded->by = nullptr;
      native_trainer->LoadForScoring(buffer, first, n);
      *loaded = {native_trainer.get(), first, n};
    }
    native_trainer->Score(0, n, metrics, sums);
    return;
  }
  Autograd().Score(buffer, first, n, sums);
}

void Model::Evaluate(const base::Buffer& buffer, double* sums, const Poll& poll) { ModelGroup({this}).Evaluate(buffer, sums, poll); }

std::vector<double> Model::Finish(const double* sums) const {
  const math::FtzGuard ftz;
  std::vector<double> values{sums[kRows] > 0 ? sums[kLoss] / sums[kRows] : 0.0};
  sums += kFirstMetric;
  for (size_t i = 0; i < impl_->metrics.size(); ++i) {
    const base::MetricConfig& metric = impl_->metrics[i];
    const int64_t classes = math::ClassesOf(impl_->output_shapes[static_cast<size_t>(impl_->metric_outputs[i])]);
    values.push_back(math::FinishMetric(metric, classes, sums));
    sums += math::MetricSums(metric, classes);
  }
  return values;
}

void Model::Predict(const base::Buffer& buffer, std::vector<std::vector<float>>* out, const Poll& poll) {
  const math::FtzGuard ftz;
  Impl& impl = *impl_;
  impl.CheckBuffer(buffer, false);
  impl.attached();
  out->assign(impl.graph.outputs.size(), {});
  const int64_t size = impl.InferenceRows();
  for (int64_t first = 0; first < buffer.rows; first += size) {
    if (poll) poll();
    impl.Autograd().Predict(buffer, first, std::min(size, buffer.rows - first), out);
  }
}

}  // namespace engine
