// A compiled network: what all models of one architecture have in common that differ only in hyper-parameters of
// training. A process compiles it once; a model (engine/core/model.hpp) is an instance of it: a configuration, a block
// of memory and a position in the data.
//
// Immutable after construction, so that any number of models may share it. Errors: base::Error only.
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

namespace engine {

/// Called once a mini-batch, and between the parts of longer work; may throw to stop it (cancel, timeout). The state
/// stays a valid block, though in the middle of a visit.
using Poll = std::function<void()>;

struct Options {
  base::DType precision = base::DType::kFloat32;  // or kFloat64
  int device = -1;                                // -1 = CPU, else CUDA device index
  /// Train by hand-written kernels where the network has them (on the CPU), else by autograd: the same numbers to
  /// floating-point tolerance, several times faster. Which models have kernels is a pure function of graph,
  /// configuration and options.
  bool kernels = true;
};

class Program {
 public:
  /// Compiles a checked graph. Of `config` only what ProgramKey names is used. Throws kInvalidParameter when losses,
  /// metrics, inputs or targets do not fit the graph or each other (names the output or the column);
  /// kFeatureNotSupported for what the engine lacks.
  Program(std::shared_ptr<const base::Graph> graph, const base::TrainConfig& config, const base::DataSpec& data, const Options& options);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  const base::Graph& graph() const;
  /// By column of the data: whether its models read it. The others may be missing in a buffer.
  const std::vector<bool>& reads() const;
  const StateLayout& layout() const;
  /// Whether its models train by the hand-written kernels, on the processor or on a device.
  bool has_kernels() const;
  /// Whether a layer uses the sparse product that an input's zeros reach.
  bool uses_sparse_product() const;

  /// Fills a block of layout().bytes: counters, initial weights (a function of seed, stream and, where given, the
  /// initialiser's own seed), zeroed slots (Adagrad: its initial value). What the block had before does not matter.
  void Initialise(const base::OptimizerConfig& optimizer, void* block, uint64_t seed, uint64_t stream, uint32_t partitions,
                  const Poll& poll = {}) const;
  /// Overwrites the weights of a block with Keras-order float32 weights. Throws kInvalidParameter when count is not
  /// weight_count.
  void LoadWeights(void* block, const float* weights, int64_t count, const Poll& poll = {}) const;
  /// Keras-order float32 weights of a block, appended to out as raw little-endian bytes.
  void StoreWeights(const void* block, std::string* out, const Poll& poll = {}) const;

  /// Names in the order of Finish's values: "loss", then for each output each metric ("accuracy", or
  /// "<output>_accuracy" with several).
  const std::vector<std::string>& metric_names() const;
  /// Doubles that scoring sums up. They are additive over buffers and partitions: add the arrays, then Finish. All loss
  /// and metric values are means over rows.
  size_t sums_size() const;
  std::vector<double> Finish(const double* sums) const;

  /// Elements of one row of each output, in the graph's order.
  const std::vector<base::Shape>& output_shapes() const;

 private:
  friend class Model;
  friend class StateScorer;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What a program depends on besides graph, data and options: losses, metrics, class weights, the optimizer's slots.
/// Configurations with equal keys can share a program.
std::string ProgramKey(const base::TrainConfig& config);

}  // namespace engine
