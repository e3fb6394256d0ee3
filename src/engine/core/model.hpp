// The engine's facade: one model that can be initialised, trained buffer by buffer, evaluated and asked for predictions.
// No LibTorch type is seen here. Errors: base::Error only (LibTorch's are translated, without back trace).
//
// Threads: a Model is used by one thread at a time. Every call sets flush-to-zero and denormals-are-zero on entry and restores MXCSR on
// every way out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "engine/api/state.hpp"
#include "engine/core/runtime.hpp"

namespace engine {

/// Called once a mini-batch; may throw to stop the work (cancel, timeout). The state stays a valid block, though in the
/// middle of a visit.
using Poll = std::function<void()>;

struct Options {
  base::DType precision = base::DType::kFloat32;  // or kFloat64
  int device = -1;                                // -1 = CPU, else CUDA device index
  /// Train by hand-written kernels where the network has them (on the CPU), else by autograd: the same numbers to floating-point
  /// tolerance, several times faster. Which models have kernels is a pure function of graph, configuration and options.
  bool kernels = true;
};

/// What a pass of training saw.
struct TrainResult {
  int64_t rows = 0;  // rows trained, epochs counted
  int64_t batches = 0;
  double loss_sum = 0;    // sum over rows of the training loss (data term and regularisers), in the order of the rows
  bool diverged = false;  // the loss became NaN or infinite: the visit stopped at counters.diverged_step
  double seconds = 0;     // of wall time that its steps took
};

class Model {
 public:
  /// Builds modules for a checked graph. Throws kInvalidParameter when losses, metrics, inputs or targets do not fit the graph or
  /// each other (names the output or the column); kFeatureNotSupported for what the engine lacks.
  Model(const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& data, const Options& options);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const StateLayout& layout() const;
  /// True when Train takes the hand-written kernels.
  bool has_kernels() const;
  /// Bytes that a step with kernels works in besides the state: mini-batch, results, gradients. 0 without kernels.
  size_t workspace_bytes() const;

  /// Whether the first layer uses the sparse product.
  bool uses_sparse_product() const;
  /// Input density, sampled from a buffer's first kSampleRows rows: the part of values other than zero, or 1 without the sparse product.
  /// Used for estimates only. Not to be called while the model trains.
  double InputDensity(const base::Buffer& buffer);
  static constexpr int64_t kSampleRows = 256;

  /// Fills a block of layout().bytes: counters, initial weights (a function of seed, stream and, where given, the initialiser's own
  /// seed), zeroed slots (Adagrad: its initial value).
  void Initialise(void* block, uint64_t seed, uint64_t stream, uint32_t partitions) const;

  /// Overwrites the weights of a block with Keras-order float32 weights. Throws kInvalidParameter when count is not weight_count.
  void LoadWeights(void* block, const float* weights, int64_t count) const;

  /// Keras-order float32 weights of a block, appended to out as raw little-endian bytes.
  void StoreWeights(const void* block, std::string* out) const;

  /// Lays the model's tensors over a block. The block must stay valid until Detach, another Attach or destruction.
  void Attach(void* block);
  /// Lets go of the block (a model on a device is written back first).
  void Detach();

  /// A visit is BeginVisit, Train for each buffer, EndVisit. BeginVisit sets the batch counter that keys random streams to zero;
  /// EndVisit counts the visit and, after `partitions` of them, the iteration.
  void BeginVisit();
  TrainResult Train(const base::Buffer& buffer, const Poll& poll);
  void EndVisit();

  // Evaluation. Sums are additive over buffers and partitions: add the arrays, then Finish. All loss and metric values are means over rows.
  /// Names in the order of Finish's values: "loss", then for each output each metric ("accuracy", or "<output>_accuracy" with several).
  const std::vector<std::string>& metric_names() const;
  size_t sums_size() const;
  void Evaluate(const base::Buffer& buffer, double* sums, const Poll& poll);
  std::vector<double> Finish(const double* sums) const;

  /// Elements of one row of each output, in the graph's order.
  const std::vector<base::Shape>& output_shapes() const;
  /// Forward pass in inference mode over the buffer's inputs (targets are not read). out[i] gets rows * elements values, row-major.
  /// A model trained with from_logits gives probabilities: softmax (categorical losses) or sigmoid (binary) is applied.
  void Predict(const base::Buffer& buffer, std::vector<std::vector<float>>* out, const Poll& poll);

 private:
  friend class ModelGroup;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace engine
