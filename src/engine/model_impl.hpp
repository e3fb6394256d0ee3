// What stands behind engine::Model.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/kernel_step.hpp"
#include "engine/model.hpp"
#include "engine/model_batch.hpp"
#include "engine/model_network.hpp"
#include "engine/model_tensors.hpp"

namespace engine {

/// Rows of the buffer in training that lie gathered in a workspace, for whoever needs the same ones.
struct LoadedRows {
  const KernelTrainer* by = nullptr;  // nullptr: none
  int64_t first = 0;
  int64_t rows = 0;
  double seconds = 0;  // that gathering took
};

/// A model's place in the buffer in training.
struct BufferPlace {
  int epoch = 0;
  int64_t first = 0;     // row of the next mini-batch
  uint64_t number = 0;   // of the next mini-batch in this epoch of the visit
  bool ended = false;    // nothing is left to do, or the model has diverged
};

struct Model::Impl {
  Impl(const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& data, const Options& options);

  // The model as described.
  base::Graph graph;
  base::TrainConfig config;
  base::DataSpec data;
  Options options;
  at::Device device;
  at::ScalarType type;
  std::vector<base::LossConfig> losses;    // one an output
  std::vector<double> loss_weights;        // one an output
  std::vector<base::MetricConfig> metrics; // resolved, output by output
  std::vector<int> metric_outputs;         // the output of each metric
  std::vector<std::string> metric_names;
  size_t sums_size = 0;
  std::vector<base::Shape> output_shapes;
  StateLayout layout;
  Network network;

  // What is laid over a block, and the place in a visit.
  BatchLoader loader;
  std::unique_ptr<ModelTensors> tensors;
  std::unique_ptr<KernelTrainer> kernels;  // nullptr: autograd
  uint64_t visit_buffers = 0;  // buffers trained in this visit
  uint64_t visit_batches = 0;  // mini-batches of one epoch over those buffers
  std::vector<int64_t> order;  // of the buffer's rows in this epoch; unused without shuffling
  BufferPlace place;

  ModelTensors& attached() const;
  void CheckBuffer(const base::Buffer& buffer, bool with_targets) const;
  /// Rows of a batch in Evaluate and Predict: it decides bits, so it depends on the configuration only.
  int64_t InferenceRows() const;

  /// Adds the sums of up to InferenceRows() rows from `first` on. loaded: rows gathered for scoring by the models that share this one's
  /// workspace. To be called under Translated, FtzGuard and NoGradGuard.
  void EvaluateBatch(const base::Buffer& buffer, int64_t first, LoadedRows* loaded, double* sums);

  /// Loss of each output's rows, weighted by the rows' weights: tensors (rows).
  std::vector<at::Tensor> RowLossesOf(const std::vector<Value>& outputs, const Batch& batch) const;
  /// Sum over the rows of all outputs' weighted losses, in double and in the order of the rows.
  double LossSum(const std::vector<at::Tensor>& row_losses) const;

  /// Begins a buffer, then trains it turn by turn until place.ended: at most `batches` mini-batches a call, 0 = all. loaded: rows gathered
  /// for the models that share this one's workspace, a turn's at once, or nullptr: every mini-batch is gathered for itself. Both are to be
  /// called under Translated and FtzGuard.
  void BeginBuffer(const base::Buffer& buffer);
  void TrainTurn(const base::Buffer& buffer, int64_t batches, LoadedRows* loaded, const Poll& poll, TrainResult* result);
  void TrainBatches(const base::Buffer& buffer, int64_t batches, LoadedRows* loaded, const Poll& poll, TrainResult* result);
  /// Keys of the random streams of this epoch, without a place.
  DrawKeys EpochKeys() const;
  void BeginEpoch(const base::Buffer& buffer);
  /// Where the rows first .. first + n - 1 of this epoch's order lie in the kernels' batch, after they were gathered if need be.
  int64_t LoadRows(const base::Buffer& buffer, int64_t first, int64_t n, int64_t turn_rows, LoadedRows* loaded);
  /// One mini-batch by autograd. Returns false, with nothing changed, when the loss is NaN or infinite.
  bool TrainBatch(const Batch& batch, const DrawKeys& keys, TrainResult* result);
  void Step(const std::vector<at::Tensor>& gradients);
  template <typename T>
  void StepAs(const std::vector<at::Tensor>& gradients);
  template <typename T>
  void AddMetrics(const std::vector<Value>& outputs, const Batch& batch, double* sums) const;
};

}  // namespace engine
