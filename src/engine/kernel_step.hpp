// Training steps through hand-written kernels: gather, forward, loss, backward, one-pass optimizer, with no autograd and no heap; and
// scoring: gather, forward, loss, metrics.
//
// The same step as Model::Impl::TrainBatch, in the same order, to floating-point tolerance: nothing is written before the loss is known to
// be finite. Whether a model takes kernels is a pure function of its graph, configuration and options, so that bits never depend on who
// trains it, beside whom, or on which data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "engine/draw_keys.hpp"
#include "engine/kernel_memory.hpp"
#include "engine/state.hpp"

namespace engine {

class KernelTrainer {
 public:
  /// nullptr when the model has no kernels (engine/kernel_network.hpp). layout: of the same graph and configuration; loss: as BindTargets
  /// gives it.
  static std::unique_ptr<KernelTrainer> Make(const base::Graph& graph, const base::TrainConfig& config, const base::LossConfig& loss,
                                             const base::DataSpec& data, const StateLayout& layout);
  virtual ~KernelTrainer() = default;

  /// Lays the model over a block; nullptr lets go of it.
  virtual void Attach(void* block) = 0;

  /// Bytes of a workspace with room for `rows` gathered rows.
  virtual size_t WorkspaceBytes(int64_t rows) const = 0;
  /// Works in this memory from now on, with room for `rows` gathered rows, at least a mini-batch; nullptr: in what it has, which is memory
  /// of its own before the first call.
  /// Trainers of one thread may share it: nothing in it is kept from one step to the next but the rows that were loaded.
  virtual void UseWorkspace(std::shared_ptr<KernelMemory> memory, int64_t rows) = 0;

  /// Gathers rows[0 .. n) of a buffer, or, when rows is nullptr, rows first .. first + n - 1.
  virtual void Load(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n) = 0;
  /// Instead of a Load: true when the other, in the same workspace with room for as many rows, has loaded what this one would have.
  virtual bool TakeLoaded(const KernelTrainer& other) = 0;

  /// Bytes of a workspace for scoring `rows` rows that are loaded at once; UseWorkspace is for both.
  virtual size_t ScoringBytes(int64_t rows) const = 0;
  /// Gathers the rows first .. first + n - 1 of a buffer for Score: class weights, which are for training, stay out.
  virtual void LoadForScoring(const base::Buffer& buffer, int64_t first, int64_t n) = 0;
  /// Adds to sums what Model::Evaluate keeps there: rows, loss, then each metric's sums, over the rows first .. first + n - 1 of those
  /// loaded for scoring.
  virtual void Score(int64_t first, int64_t n, const std::vector<base::MetricConfig>& metrics, double* sums) = 0;

  /// Of the first n rows of a buffer, the part of values other than zero, where the first layer's products leave zeros out; else 1.
  virtual bool leaves_zeros_out() const = 0;
  virtual double InputDensity(const base::Buffer& buffer, int64_t n) = 0;

  /// One mini-batch: rows first .. first + n - 1 of those loaded, n <= batch_size. False, with nothing changed, when the loss is NaN or
  /// infinite; else the sum over rows of the training loss (data term and regularisers) is added to *loss_sum.
  virtual bool Train(int64_t first, int64_t n, const DrawKeys& keys, double* loss_sum) = 0;
};

}  // namespace engine
