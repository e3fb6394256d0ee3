// Training steps through hand-written kernels: gather, forward, loss, backward, one-pass optimizer, with no autograd and no heap.
//
// The same step as Model::Impl::TrainBatch, in the same order, to floating-point tolerance: nothing is written before the loss is known to
// be finite. Whether a model takes kernels is a pure function of its graph, configuration and options, so that bits never depend on who
// trains it, beside whom, or on which data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

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
  /// Works in this memory from now on, with room for `rows` gathered rows, at least a mini-batch; without a call in memory of its own.
  /// Trainers of one thread may share it: nothing in it is kept from one step to the next but the rows that were loaded.
  virtual void UseWorkspace(std::shared_ptr<KernelMemory> memory, int64_t rows) = 0;

  /// Gathers rows[0 .. n) of a buffer, or, when rows is nullptr, rows first .. first + n - 1.
  virtual void Load(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n) = 0;
  /// Instead of a Load: true when the other, in the same workspace with room for as many rows, has loaded what this one would have.
  virtual bool TakeLoaded(const KernelTrainer& other) = 0;

  /// One mini-batch: rows first .. first + n - 1 of those loaded, n <= batch_size. False, with nothing changed, when the loss is NaN or
  /// infinite; else the sum over rows of the training loss (data term and regularisers) is added to *loss_sum.
  virtual bool Train(int64_t first, int64_t n, const DrawKeys& keys, double* loss_sum) = 0;
};

}  // namespace engine
