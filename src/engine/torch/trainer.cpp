// Order of a mini-batch in training: gather, forward, loss, backward, regularisers, clipping, optimizer, constraints,
// moving statistics. Nothing is written before the loss is known to be finite, so a model that diverges keeps the
// weights of the mini-batch before.
#include "engine/torch/trainer.hpp"

#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "definitions/torchscript.hpp"
#include "engine/math/learning_rate.hpp"
#include "engine/math/metrics.hpp"
#include "engine/math/optimizer.hpp"
#include "engine/torch/batch.hpp"
#include "engine/torch/device.hpp"
#include "engine/torch/error.hpp"
#include "engine/torch/loss.hpp"
#include "engine/torch/network.hpp"
#include "engine/torch/script_function.hpp"
#include "engine/torch/tensors.hpp"

namespace engine::torch {

namespace {

constexpr size_t kRows = 0, kLoss = 1, kFirstMetric = 2;  // positions in the sums

class Trainer : public AutogradTrainer {
 public:
  Trainer(const ResolvedNetwork& resolved, const base::OptimizerConfig& optimizer)
      : resolved_(resolved),
        optimizer_(optimizer),
        device_(PlaceModel(resolved.device)),
        type_(ScalarTypeOf(resolved.layout.precision)),
        network_(*resolved.graph),
        loader_(*resolved.graph, resolved.data, resolved.losses, resolved.class_weight, type_, device_) {
    for (const base::LossConfig& loss : resolved.losses) {
      if (loss.kind == definitions::kTorchScriptLoss) FunctionOf(loss.name);
    }
    for (const base::MetricConfig& metric : resolved.metrics) {
      if (metric.kind == definitions::kTorchScriptMetric) FunctionOf(metric.name);
    }
  }

  void SetClassWeights(const std::map<int, double>& class_weight) override { loader_.SetClassWeights(class_weight); }

  void Attach(void* block) override {
    Translated("attaching a state", [&] { tensors_ = std::make_unique<ModelTensors>(*resolved_.graph, resolved_.layout, block, device_); });
  }

  void Detach() override {
    const std::unique_ptr<ModelTensors> leaving = std::move(tensors_);
    Translated("writing a state back", [&] { leaving->WriteBack(); });
  }

  bool Train(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n, const math::DrawKeys& keys,
             double* loss_sum) override {
    return Translated("training", [&] {
      return TrainBatch(loader_.Load(buffer, rows, first, n, BatchLoader::Want::kInputsAndTargets, true), keys, loss_sum);
    });
  }

  void Score(const base::Buffer& buffer, int64_t first, int64_t n, double* sums) override {
    Translated("evaluating", [&] {
      const at::NoGradGuard no_grad;
      ModelTensors& tensors = attached();
      const Batch& batch = loader_.Load(buffer, nullptr, first, n, BatchLoader::Want::kInputsAndTargets, false);
      const std::vector<Value> outputs = network_.Forward(batch.inputs, tensors.weights(), Context());
      sums[kRows] += static_cast<double>(n);
      sums[kLoss] += LossSum(RowLossesOf(outputs, batch)) + static_cast<double>(n) * tensors.RegularizerLoss();
      if (type_ == at::kDouble) {
        AddMetrics<double>(outputs, batch, sums + kFirstMetric);
      } else {
        AddMetrics<float>(outputs, batch, sums + kFirstMetric);
      }
    });
  }

  void Predict(const base::Buffer& buffer, int64_t first, int64_t n, std::vector<std::vector<float>>* out) override {
    Translated("predicting", [&] {
      const at::NoGradGuard no_grad;
      const Batch& batch = loader_.Load(buffer, nullptr, first, n, BatchLoader::Want::kInputs, false);
      const std::vector<Value> outputs = network_.Forward(batch.inputs, attached().weights(), Context());
      for (size_t i = 0; i < outputs.size(); ++i) {
        const at::Tensor values = Probabilities(resolved_.losses[i], outputs[i]).to(at::kCPU, at::kFloat).contiguous();
        const float* value = values.data_ptr<float>();
        (*out)[i].insert((*out)[i].end(), value, value + values.numel());
      }
    });
  }

 private:
  ModelTensors& attached() const {
    if (!tensors_) throw base::Error(base::ErrorCode::kInternal, "the model is not attached to a state");
    return *tensors_;
  }

  /// Loss of each output's rows, weighted by the rows' weights: tensors (rows).
  std::vector<at::Tensor> RowLossesOf(const std::vector<Value>& outputs, const Batch& batch) const;
  /// Sum over the rows of all outputs' weighted losses, in double and in the order of the rows.
  double LossSum(const std::vector<at::Tensor>& row_losses) const;
  bool TrainBatch(const Batch& batch, const math::DrawKeys& keys, double* loss_sum);
  template <typename T>
  void ApplyGradients(const std::vector<at::Tensor>& gradients);
  static void AddFunction(const base::MetricConfig& metric, const at::Tensor& output, const at::Tensor& target, double* sums);
  template <typename T>
  void AddMetrics(const std::vector<Value>& outputs, const Batch& batch, double* sums) const;

  const ResolvedNetwork& resolved_;
  const base::OptimizerConfig& optimizer_;
  at::Device device_;
  at::ScalarType type_;
  Network network_;
  BatchLoader loader_;
  std::unique_ptr<ModelTensors> tensors_;  // over the block
};

std::vector<at::Tensor> Trainer::RowLossesOf(const std::vector<Value>& outputs, const Batch& batch) const {
  std::vector<at::Tensor> row_losses;
  for (size_t i = 0; i < outputs.size(); ++i) {
    at::Tensor rows = RowLosses(resolved_.losses[i], outputs[i], batch.targets[i]);
    if (batch.weights.defined()) rows = rows * batch.weights;
    if (resolved_.loss_weights[i] != 1.0) rows = rows * resolved_.loss_weights[i];
    row_losses.push_back(rows);
  }
  return row_losses;
}

double Trainer::LossSum(const std::vector<at::Tensor>& row_losses) const {
  double sum = 0;
  for (const at::Tensor& rows : row_losses) {
    const at::Tensor values = rows.detach().to(at::kCPU, at::kDouble).contiguous();
    const double* value = values.data_ptr<double>();
    for (int64_t i = 0; i < values.numel(); ++i) sum += value[i];
  }
  return sum;
}

bool Trainer::TrainBatch(const Batch& batch, const math::DrawKeys& keys, double* loss_sum_out) {
  ModelTensors& tensors = attached();
  std::vector<StatisticUpdate> updates;
  Context context;
  context.training = true;
  context.keys = keys;
  context.updates = &updates;

  const std::vector<Value> outputs = network_.Forward(batch.inputs, tensors.weights(), context);
  const std::vector<at::Tensor> row_losses = RowLossesOf(outputs, batch);
  const double rows = static_cast<double>(batch.rows);
  const double loss_sum = LossSum(row_losses) + rows * tensors.RegularizerLoss();
  if (!std::isfinite(loss_sum)) return false;
  *loss_sum_out += loss_sum;

  at::Tensor total;
  for (const at::Tensor& losses_of_output : row_losses) {
    const at::Tensor sum = losses_of_output.sum();
    total = total.defined() ? total + sum : sum;
  }
  std::vector<at::Tensor> leaves;
  for (const Parameter& parameter : tensors.parameters()) leaves.push_back(parameter.weight);
  std::vector<at::Tensor> gradients(leaves.size());
  if (total.requires_grad()) {
    // Keras's SUM_OVER_BATCH_SIZE: weighted or not, the sum is divided by the number of rows
    gradients = ::torch::autograd::grad({total / rows}, leaves, {}, {}, false, true);
  }
  if (type_ == at::kDouble) {
    ApplyGradients<double>(gradients);
  } else {
    ApplyGradients<float>(gradients);
  }

  const at::NoGradGuard no_grad;
  for (const StatisticUpdate& update : updates) {
    at::Tensor target = update.target;
    target.sub_((target - update.statistic) * (1.0 - update.momentum));
  }
  return true;
}

// The optimizer's loops run on the host. On a device, gradients come down, the block's own tensors are moved, and the
// weights go up again.
template <typename T>
void Trainer::ApplyGradients(const std::vector<at::Tensor>& gradients) {
  const at::NoGradGuard no_grad;
  ModelTensors& tensors = attached();
  std::vector<Parameter*> moved;
  std::vector<at::Tensor> dense;
  std::vector<math::GradientView<T>> views;
  for (size_t i = 0; i < gradients.size(); ++i) {
    Parameter& parameter = tensors.parameters()[i];
    if (!gradients[i].defined()) continue;  // the loss does not depend on this weight: Keras leaves it alone
    at::Tensor gradient = gradients[i].to(at::kCPU).contiguous();
    // autograd may hand one tensor on to several weights (through sums): write to a copy only
    const bool written = !parameter.regularizer.empty() || math::ClipsGradients(optimizer_);
    if (written) gradient = gradient.clone();
    if (!parameter.regularizer.empty()) AddRegularizerGradient(parameter.regularizer, parameter.host, &gradient);
    moved.push_back(&parameter);
    dense.push_back(gradient);
    views.push_back({gradient.template data_ptr<T>(), gradient.numel()});
  }
  if (math::ClipsGradients(optimizer_)) math::ClipGradients<T>(optimizer_, views);

  StateCounters* counters = tensors.counters();
  const double rate = math::LearningRate(optimizer_, counters->step);
  for (size_t i = 0; i < moved.size(); ++i) {
    Parameter& parameter = *moved[i];
    T* slots[math::kMaxSlots] = {};
    for (size_t s = 0; s < parameter.slots.size(); ++s) slots[s] = parameter.slots[s].template data_ptr<T>();
    math::ApplyUpdate<T>(optimizer_, rate, counters->step, parameter.host.template data_ptr<T>(), views[i].data, slots,
                         views[i].n, math::Decays(optimizer_, parameter.name));
    ApplyConstraint(parameter.constraint, &parameter.host);
    if (!device_.is_cpu()) parameter.weight.copy_(parameter.host);
  }
  ++counters->step;
}

// The sum of the function's values of the rows, in double and in their order, and how many there are.
void Trainer::AddFunction(const base::MetricConfig& metric, const at::Tensor& output, const at::Tensor& target, double* sums) {
  const at::Tensor y_pred = output.dim() < 2 ? output.unsqueeze(-1) : output;
  // class indexes stay indexes, one a position
  const at::Tensor y_true = target.numel() == y_pred.numel() ? target.reshape(y_pred.sizes()) : target.unsqueeze(-1);
  const at::Tensor values = FunctionOf(metric.name)->Rows(y_true, y_pred).to(at::kDouble).contiguous();
  const double* value = values.data_ptr<double>();
  for (int64_t i = 0; i < values.numel(); ++i) sums[0] += value[i];
  sums[1] += static_cast<double>(values.numel());
}

template <typename T>
void Trainer::AddMetrics(const std::vector<Value>& outputs, const Batch& batch, double* sums) const {
  int current = -1;
  at::Tensor output, target, mask;  // keep the memory that `predictions` points to
  math::MetricBatch<T> predictions;
  for (size_t m = 0; m < resolved_.metrics.size(); ++m) {
    if (resolved_.metric_outputs[m] != current) {
      current = resolved_.metric_outputs[m];
      const size_t i = static_cast<size_t>(current);
      output = Probabilities(resolved_.losses[i], outputs[i]).to(at::kCPU).contiguous();
      target = batch.targets[i].to(at::kCPU).contiguous();
      mask = outputs[i].mask.defined() ? outputs[i].mask.to(at::kCPU).contiguous() : at::Tensor();
      predictions = {};
      predictions.output = output.template data_ptr<T>();
      predictions.classes = output.dim() > 1 ? output.size(-1) : 1;
      predictions.positions = output.numel() / predictions.classes;
      if (target.scalar_type() == at::kLong) {
        predictions.index = target.template data_ptr<int64_t>();
      } else {
        predictions.target = target.template data_ptr<T>();
      }
      if (mask.defined() && mask.numel() == predictions.positions) predictions.mask = mask.template data_ptr<bool>();
    }
    if (resolved_.metrics[m].kind == definitions::kTorchScriptMetric) {
      AddFunction(resolved_.metrics[m], output, target, sums);
    } else {
      math::UpdateMetric<T>(resolved_.metrics[m], predictions, sums);
    }
    sums += math::MetricSums(resolved_.metrics[m], predictions.classes);
  }
}

}  // namespace

std::unique_ptr<AutogradTrainer> MakeTrainer(const ResolvedNetwork& network, const base::OptimizerConfig& optimizer) {
  return Translated("building the model", [&] { return std::make_unique<Trainer>(network, optimizer); });
}

}  // namespace engine::torch
