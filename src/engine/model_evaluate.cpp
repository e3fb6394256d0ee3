// Inference: evaluation and prediction, in batches whose size depends on the configuration only.
#include <algorithm>

#include "engine/error.hpp"
#include "engine/fpenv.hpp"
#include "engine/loss.hpp"
#include "engine/metrics.hpp"
#include "engine/model_group.hpp"
#include "engine/model_impl.hpp"

namespace engine {

namespace {

constexpr int64_t kMinInferenceRows = 256;
constexpr size_t kRows = 0, kLoss = 1, kFirstMetric = 2;  // places in the sums

}  // namespace

int64_t Model::Impl::InferenceRows() const { return std::max<int64_t>(kMinInferenceRows, config.batch_size); }

template <typename T>
void Model::Impl::AddMetrics(const std::vector<Value>& outputs, const Batch& batch, double* sums) const {
  int current = -1;
  at::Tensor output, target, mask;  // keep the memory that `places` points to
  MetricBatch<T> places;
  for (size_t m = 0; m < metrics.size(); ++m) {
    if (metric_outputs[m] != current) {
      current = metric_outputs[m];
      const size_t i = static_cast<size_t>(current);
      output = Probabilities(losses[i], outputs[i]).to(at::kCPU).contiguous();
      target = batch.targets[i].to(at::kCPU).contiguous();
      mask = outputs[i].mask.defined() ? outputs[i].mask.to(at::kCPU).contiguous() : at::Tensor();
      places = {};
      places.output = output.template data_ptr<T>();
      places.classes = output.dim() > 1 ? output.size(-1) : 1;
      places.positions = output.numel() / places.classes;
      if (target.scalar_type() == at::kLong) {
        places.index = target.template data_ptr<int64_t>();
      } else {
        places.target = target.template data_ptr<T>();
      }
      if (mask.defined() && mask.numel() == places.positions) places.mask = mask.template data_ptr<bool>();
    }
    UpdateMetric<T>(metrics[m], places, sums);
    sums += MetricSums(metrics[m]);
  }
}

void Model::Impl::EvaluateBatch(const base::Buffer& buffer, int64_t first, LoadedRows* loaded, double* sums) {
  const int64_t n = std::min(InferenceRows(), buffer.rows - first);
  if (kernels) {
    const bool there = loaded->by != nullptr && loaded->first == first && loaded->rows == n;
    if (!there || (loaded->by != kernels.get() && !kernels->TakeLoaded(*loaded->by))) {
      loaded->by = nullptr;
      kernels->LoadForScoring(buffer, first, n);
      *loaded = {kernels.get(), first, n};
    }
    kernels->Score(0, n, metrics, sums);
    return;
  }
  ModelTensors& model = attached();
  const Batch& batch = loader.Load(buffer, nullptr, first, n, BatchLoader::Want::kInputsAndTargets, false);
  const std::vector<Value> outputs = network.Forward(batch.inputs, model.weights(), Context());
  sums[kRows] += static_cast<double>(n);
  sums[kLoss] += LossSum(RowLossesOf(outputs, batch)) + static_cast<double>(n) * model.RegularizerLoss();
  if (type == at::kDouble) {
    AddMetrics<double>(outputs, batch, sums + kFirstMetric);
  } else {
    AddMetrics<float>(outputs, batch, sums + kFirstMetric);
  }
}

void Model::Evaluate(const base::Buffer& buffer, double* sums, const Poll& poll) { ModelGroup({this}).Evaluate(buffer, sums, poll); }

std::vector<double> Model::Finish(const double* sums) const {
  const FtzGuard ftz;
  std::vector<double> values{sums[kRows] > 0 ? sums[kLoss] / sums[kRows] : 0.0};
  sums += kFirstMetric;
  for (const base::MetricConfig& metric : impl_->metrics) {
    values.push_back(FinishMetric(metric, sums));
    sums += MetricSums(metric);
  }
  return values;
}

void Model::Predict(const base::Buffer& buffer, std::vector<std::vector<float>>* out, const Poll& poll) {
  const FtzGuard ftz;
  Impl& impl = *impl_;
  impl.CheckBuffer(buffer, false);
  ModelTensors& model = impl.attached();
  Translated("predicting", [&] {
    const at::NoGradGuard no_grad;
    out->assign(impl.graph.outputs.size(), {});
    const int64_t size = impl.InferenceRows();
    for (int64_t first = 0; first < buffer.rows; first += size) {
      if (poll) poll();
      const int64_t n = std::min(size, buffer.rows - first);
      const Batch& batch = impl.loader.Load(buffer, nullptr, first, n, BatchLoader::Want::kInputs, false);
      const std::vector<Value> outputs = impl.network.Forward(batch.inputs, model.weights(), Context());
      for (size_t i = 0; i < outputs.size(); ++i) {
        const at::Tensor values = Probabilities(impl.losses[i], outputs[i]).to(at::kCPU, at::kFloat).contiguous();
        const float* value = values.data_ptr<float>();
        (*out)[i].insert((*out)[i].end(), value, value + values.numel());
      }
    }
  });
}

}  // namespace engine
