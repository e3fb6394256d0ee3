// A chain of native layers: networks that have one input, one output and no branch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "engine/native/layer.hpp"
#include "engine/native/loss.hpp"

namespace engine::native {

/// Who takes the gradients of a pass back.
template <typename T>
class GradientSink {
 public:
  virtual ~GradientSink() = default;
  /// Where the gradients of a graph layer's weights go, in their order; nullptr for a weight that is not trained.
  virtual T* const* Destinations(int graph_layer) = 0;
  /// Who takes parts of that layer's gradients, or nullptr: they are wanted whole.
  virtual GradientParts<T>* Parts(int graph_layer) = 0;
  /// They are there, and the layer's weights are not read any more in this pass: they may be changed.
  virtual void Done(int graph_layer) = 0;
};

template <typename T>
class Network {
 public:
  /// The weights of a model: by layer of the graph, in the order of base::Layer::weights.
  using Weights = std::vector<std::vector<T*>>;

  /// Where things lie in a workspace of `bytes`, aligned to 64 bytes, for mini-batches of up to `rows`.
  struct Layout {
    std::vector<size_t> results;  // by stage
    std::vector<size_t> scratch;
    size_t gradients[2] = {};
    size_t factors = 0, losses = 0;  // of Loss::Run
    size_t bytes = 0;
  };

  /// One mini-batch of one model.
  struct Pass {
    const Layout* layout = nullptr;
    char* workspace = nullptr;
    const Weights* weights = nullptr;
    const T* x = nullptr;
    int64_t rows = 0;
    const math::DrawKeys* keys = nullptr;  // nullptr: inference
  };

  /// nullptr when the graph is no chain or has a layer, an argument or a constraint that the native trainer does not
  /// know. A pure function of its arguments.
  static std::unique_ptr<Network> Make(const base::Graph& graph, const base::LossConfig& loss, double loss_weight);

  const Loss& loss() const { return *loss_; }
  /// As Layer has them, of the first layer that the table's zeros reach.
  bool uses_sparse_product() const { return ReachedByZeros().uses_sparse_product(); }
  double Density(const T* x, int64_t rows) const { return ReachedByZeros().Density(x, rows); }
  Layout LayOut(int64_t rows) const;
  /// Bytes of all stages' results of one row.
  int64_t ResultBytes() const;

  /// Returns what the loss wants, (rows, positions, classes), inside the workspace.
  T* Forward(const Pass& pass) const;

  /// After a Forward in training. values: the loss's gradient with respect to Forward's results, at LossValues in the
  /// workspace. Layer by layer from the last; the gradient with respect to x is never computed. Last, layers with
  /// statistics move them.
  void Backward(const Pass& pass, GradientSink<T>* sink) const;
  T* LossValues(const Pass& pass) const { return reinterpret_cast<T*>(pass.workspace + pass.layout->gradients[0]); }

 private:
  struct Stage {
    std::unique_ptr<Layer<T>> layer;
    bool trained = false;  // has a weight that the optimizer moves
  };

  LayerCall<T> CallOf(size_t stage, const Pass& pass) const;
  const Layer<T>& ReachedByZeros() const;

  std::vector<Stage> stages_;
  std::optional<Loss> loss_;
  size_t first_trained_ = 0;  // stage; their number when nothing is trained
};

}  // namespace engine::native
