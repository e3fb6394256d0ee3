// A chain of kernel layers: networks that have one input, one output and no branch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "engine/kernel_layer.hpp"
#include "engine/kernel_loss.hpp"

namespace engine {

/// Who takes the gradients of a pass back.
template <typename T>
class GradientSink {
 public:
  virtual ~GradientSink() = default;
  /// Where the gradients of a graph layer's weights go, in their order; nullptr for a weight that is not trained.
  virtual T* const* Places(int graph_layer) = 0;
  /// Who takes parts of that layer's gradients, or nullptr: they are wanted whole.
  virtual GradientParts<T>* Parts(int graph_layer) = 0;
  /// They are there, and the layer's weights are not read any more in this pass: they may be changed.
  virtual void Done(int graph_layer) = 0;
};

template <typename T>
class KernelNetwork {
 public:
  /// The weights of a model: by layer of the graph, in the order of base::Layer::weights.
  using Weights = std::vector<std::vector<T*>>;

  /// Where things lie in a workspace of `bytes`, aligned to 64 bytes, for mini-batches of up to `rows`.
  struct Layout {
    std::vector<size_t> results;  // by stage
    std::vector<size_t> scratch;
    size_t gradients[2] = {};
    size_t factors = 0, losses = 0;  // of KernelLoss::Run
    size_t bytes = 0;
  };

  /// One mini-batch of one model.
  struct Pass {
    const Layout* layout = nullptr;
    char* workspace = nullptr;
    const Weights* weights = nullptr;
    const T* x = nullptr;
    int64_t rows = 0;
    const DrawKeys* keys = nullptr;  // nullptr: inference
  };

  /// nullptr when the graph is no chain or has a layer, an argument or a constraint without a kernel. A pure function of its arguments.
  static std::unique_ptr<KernelNetwork> Make(const base::Graph& graph, const base::LossConfig& loss, double loss_weight);

  const KernelLoss& loss() const { return *loss_; }
  /// As KernelLayer has them, of the first layer that the table's zeros reach.
  bool leaves_zeros_out() const { return ReachedByZeros().leaves_zeros_out(); }
  double Density(const T* x, int64_t rows) const { return ReachedByZeros().Density(x, rows); }
  Layout LayOut(int64_t rows) const;
  /// Bytes of all stages' results of one row.
  int64_t ResultBytes() const;

  /// Returns what the loss wants, (rows, places, classes), inside the workspace.
  T* Forward(const Pass& pass) const;

  /// After a Forward in training. values: the loss's gradient with respect to Forward's results, in their place in the workspace
  /// (LossValues). Layer by layer from the last; the gradient with respect to x is never computed. Last, layers with statistics move them.
  void Backward(const Pass& pass, GradientSink<T>* sink) const;
  T* LossValues(const Pass& pass) const { return reinterpret_cast<T*>(pass.workspace + pass.layout->gradients[0]); }

 private:
  struct Stage {
    std::unique_ptr<KernelLayer<T>> layer;
    bool trained = false;  // has a weight that the optimizer moves
  };

  bool Add(const KernelPlace& place, bool* own_output);
  bool AddActivation(const KernelPlace& place, KernelActivation activation, bool* own_output);
  bool AddPointwise(const KernelPlace& place, bool* own_output);
  KernelCall<T> CallOf(size_t stage, const Pass& pass) const;
  const KernelLayer<T>& ReachedByZeros() const;

  std::vector<Stage> stages_;
  KernelActivation last_ = KernelActivation::kLinear;  // at the end of the last stage
  std::optional<KernelLoss> loss_;
  size_t first_trained_ = 0;  // stage; their number when nothing is trained
};

}  // namespace engine
