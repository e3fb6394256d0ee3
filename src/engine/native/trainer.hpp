// The hand-written trainer: it decodes rows, runs forward, loss, backward and the one-pass optimizer, with no autograd
// and no heap. It scores too: decode, forward, loss, metrics.
//
// It does what AutogradTrainer::Train does (engine/api/autograd.hpp), in the same order and to floating-point
// tolerance. Nothing is written before the loss is known to be finite. Whether a model has a native trainer is a pure
// function of its graph, configuration and columns, so its bits never depend on who trains it, beside whom, or on which
// data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "engine/api/state.hpp"
#include "engine/api/workspace.hpp"
#include "engine/math/draw_keys.hpp"

namespace engine::native {

class Trainer {
 public:
  virtual ~Trainer() = default;

  /// Sets what configurations of one program differ in. The next mini-batch is trained by it.
  virtual void Configure(const base::OptimizerConfig& optimizer, int64_t batch_size) = 0;

  /// Weights of classes in the place of the program's, from the next Load on.
  virtual void SetClassWeights(const std::map<int, double>& class_weight) = 0;

  /// Lays the model over a block; nullptr lets go of it.
  virtual void Attach(void* block) = 0;

  /// Bytes of a workspace with room for `rows` gathered rows.
  virtual size_t WorkspaceBytes(int64_t rows) const = 0;
  /// Sets the workspace, which must hold `rows` rows: those that are gathered at once, at least a mini-batch or all rows
  /// of the buffer. nullptr keeps the current one, which is the trainer's own before the first call. Trainers of one thread may share a workspace: nothing in it is kept from
  /// one mini-batch to the next but the rows that were loaded.
  virtual void UseWorkspace(std::shared_ptr<Workspace> memory, int64_t rows) = 0;

  /// Gathers rows[0 .. n) of a buffer, or, when rows is nullptr, rows first .. first + n - 1.
  virtual void Load(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n) = 0;
  /// Instead of a Load: true when the other, in the same workspace with room for as many rows, has loaded what this one
  /// would have.
  virtual bool TakeLoaded(const Trainer& other) = 0;

  /// Bytes of a workspace for scoring `rows` rows that are loaded at once; UseWorkspace is for both.
  virtual size_t ScoringBytes(int64_t rows) const = 0;
  /// Gathers the rows first .. first + n - 1 of a buffer for Score: class weights, which are for training, stay out.
  virtual void LoadForScoring(const base::Buffer& buffer, int64_t first, int64_t n) = 0;
  /// Adds to sums what Model::Evaluate keeps there: rows, loss, then each metric's sums, over the rows first .. first +
  /// n - 1 of those loaded for scoring.
  /// outputs: of each metric, the output it is for; metrics stand output by output. products: of MakeProducts for these
  /// weights, or nullptr: the sums are the same, to the bit.
  virtual void Score(int64_t first, int64_t n, const std::vector<base::MetricConfig>& metrics, const std::vector<int>& outputs,
                     const void* products, double* sums) = 0;
  /// What of scoring depends on the weights alone: its bytes, 0 where there is nothing, and making it for the block that
  /// is attached. memory: aligned to 64 bytes.
  virtual size_t ProductBytes() const = 0;
  virtual void MakeProducts(void* memory) const = 0;

  /// The part of values other than zero in the first n rows of a buffer, of the input whose zeros reach a layer that uses
  /// the sparse product; 1 where none does.
  virtual double InputDensity(const base::Buffer& buffer, int64_t n) = 0;

  /// One mini-batch: rows first .. first + n - 1 of those loaded, n <= batch_size and the workspace's rows. False, with nothing changed, when
  /// the loss is NaN or infinite; else the sum over rows of the training loss (data term and regularisers) is added to
  /// *loss_sum.
  virtual bool Train(int64_t first, int64_t n, const math::DrawKeys& keys, double* loss_sum) = 0;
};

/// The compiled network that all trainers of one program share: the native half of engine::Program. Immutable.
class Program {
 public:
  /// nullptr when the hand-written trainer does not know the model (engine/native/network.hpp). layout: of the same
  /// graph and optimizer; losses, loss_weights: one an output, as BindTargets gives them.
  static std::shared_ptr<const Program> Make(const base::Graph& graph, const std::vector<base::LossConfig>& losses,
                                             const std::vector<double>& loss_weights, const std::map<int, double>& class_weight,
                                             const base::DataSpec& data, const StateLayout& layout);
  virtual ~Program() = default;

  /// The program lives at least as long as its trainers.
  virtual std::unique_ptr<Trainer> MakeTrainer(const base::OptimizerConfig& optimizer, int64_t batch_size) const = 0;
  /// Whether a layer uses the sparse product that an input's zeros reach.
  virtual bool uses_sparse_product() const = 0;
};

}  // namespace engine::native
