// A network of native layers: any directed acyclic graph of those that have kernels.
//
// Its stages run in the order of the graph's calls, and backwards in the opposite order. A value that several stages
// read gets a gradient from each: the first that comes (of the losses, then of the last stage) is written, the others
// are added to it in that order. So is the gradient of a layer that is called more than once. The order is the graph's,
// so bits never depend on anything else.
//
// Backward runs where a loss depends on a weight that is trained: not below the first trained layer, and not where no
// gradient comes from above.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "engine/native/layer.hpp"
#include "engine/native/loss.hpp"
#include "engine/native/stages.hpp"

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
    std::vector<size_t> values;      // by value; of the network's inputs unused
    std::vector<size_t> scratch;     // by stage
    std::vector<size_t> gradients;   // by gradient; none in inference, but for the losses'
    size_t factors = 0, losses = 0;  // of Loss::Run
    size_t aside = 0;                // weights' gradients that will be added to others
    size_t pointers = 0;             // LayerCall's lists
    size_t bytes = 0;
  };

  /// One mini-batch of one model.
  struct Pass {
    const Layout* layout = nullptr;
    char* workspace = nullptr;
    const Weights* weights = nullptr;
    const T* const* inputs = nullptr;  // one an input of the graph
    int64_t rows = 0;
    const math::DrawKeys* keys = nullptr;  // nullptr: inference
    const T* products = nullptr;           // in inference: what MakeProducts made of these weights, or nullptr
  };

  /// losses, loss_weights: one an output. nullptr when the graph has a layer, an argument or a loss that the native
  /// trainer does not know. A pure function of its arguments.
  static std::unique_ptr<Network> Make(const base::Graph& graph, const std::vector<base::LossConfig>& losses,
                                       const std::vector<double>& loss_weights);

  /// A network for forward passes alone: its outputs have no losses. nullptr when the graph has a layer or an argument that the native trainer
  /// does not know.
  static std::unique_ptr<Network> MakeForward(const base::Graph& graph);

  size_t outputs() const { return outputs_.size(); }
  const Loss& loss(size_t output) const { return outputs_[output].loss; }
  /// Whether the losses depend on the layer's trained weights, so that a sink gets their gradients.
  bool moves(int graph_layer) const { return calls_back_[static_cast<size_t>(graph_layer)] > 0; }
  /// Whether gradients of several calls of the layer are added: they take more than one stage's time.
  bool adds_calls(int graph_layer) const { return calls_back_[static_cast<size_t>(graph_layer)] > 1; }
  /// As Layer has them, of the first layer that the table's zeros reach. `inputs`: as in a Pass.
  bool uses_sparse_product() const { return reached_by_zeros_ != nullptr; }
  double Density(const T* const* inputs, int64_t rows) const;
  Layout LayOut(int64_t rows, bool training) const;
  /// Bytes that a forward pass writes for one row.
  int64_t ResultBytes() const;

  /// Elements of the products of weights that passes of scoring can share, and making them (Layer::MakeProducts). products:
  /// aligned to 64 bytes.
  int64_t product_elements() const { return product_elements_; }
  void MakeProducts(const Weights& weights, T* products) const;

  void Forward(const Pass& pass) const;
  /// After a Forward: what the output's loss wants, (rows, positions, classes); of a network without losses the output itself. It may be the
  /// caller's own input.
  const T* Results(const Pass& pass, size_t output) const { return ValueOf(outputs_[output].value, pass); }
  /// Which of their positions count, (rows, elements), 1 or 0; nullptr: all.
  const T* Mask(const Pass& pass, size_t output) const {
    return outputs_[output].mask < 0 ? nullptr : ValueOf(outputs_[output].mask, pass);
  }
  /// Elements of that mask in a row.
  int64_t mask_elements(size_t output) const { return values_[static_cast<size_t>(outputs_[output].mask)].elements; }
  /// Memory for them, and for the loss's gradient with respect to them.
  T* LossValues(const Pass& pass, size_t output) const { return At(pass, pass.layout->gradients[outputs_[output].gradient]); }

  /// After a Forward in training, with the losses' gradients at LossValues. The gradients with respect to the network's
  /// inputs are never computed. Last, layers with statistics move them.
  void Backward(const Pass& pass, GradientSink<T>* sink) const;

 private:
  static constexpr size_t kNone = static_cast<size_t>(-1);

  struct Value : StageValue {
    explicit Value(const StageValue& value) : StageValue(value) {}
    int whole = -1;           // the value inside whose rows this one's lie, or -1
    int64_t position = 0;     // where in them
    size_t gradient = kNone;  // kNone: it needs none, or gets none
  };
  /// What a stage reads.
  struct Source {
    int value = 0;
    size_t gradient = kNone;  // where the stage's part of the value's gradient goes; kNone: nobody asks
    bool adds = false;        // ... to be added to the value's own
  };
  struct Stage {
    std::unique_ptr<Layer<T>> layer;
    std::vector<Source> inputs;
    int output = 0;
    bool frozen = false;    // computes in training what it computes in scoring
    bool trained = false;   // has a weight that the optimizer moves
    bool backward = false;  // takes part in the pass back
    bool adds = false;      // a call of its layer has given gradients before
    bool last = false;      // no other call of its layer will
  };
  struct Output {
    Loss loss;
    int value = 0;
    size_t gradient = 0;
    bool adds = false;  // another output has the same value
    int mask = -1;      // a value, or -1
  };
  /// A gradient, or a part of one. Times: see LayOut.
  struct Gradient {
    int64_t elements = 0;  // of a row
    int from = 0, until = 0;
  };

  /// What the calls of a graph join to, before it is the network's own.
  struct Joined;
  static std::unique_ptr<Joined> JoinCalls(const base::Graph& graph);
  bool AddLosses(const base::Graph& graph, const std::vector<base::LossConfig>& losses, const std::vector<double>& loss_weights, Joined* joined);
  void TakeStages(Joined* joined);
  void GiveLogits(const base::Graph& graph, std::vector<JoinedStage<T>>* joined, std::vector<StageValue>* values);
  void PlaceInside();
  std::vector<bool> FindTrained(const base::Graph& graph);
  void FindGradients(const base::Graph& graph);
  void GiveSources(size_t stage, const std::vector<bool>& needs);
  void FindZeros();

  int stages() const { return static_cast<int>(stages_.size()); }
  int BackwardTime(size_t stage) const { return 2 * stages() - static_cast<int>(stage); }
  T* At(const Pass& pass, size_t offset) const { return reinterpret_cast<T*>(pass.workspace + offset); }
  const T* ValueOf(int value, const Pass& pass) const {
    const int input = values_[static_cast<size_t>(value)].input;
    return input >= 0 ? pass.inputs[input] : At(pass, pass.layout->values[static_cast<size_t>(value)]);
  }
  T* GradientOf(int value, const Pass& pass) const {
    const Value& of = values_[static_cast<size_t>(value)];
    return At(pass, pass.layout->gradients[of.gradient]) + of.position;
  }
  LayerCall<T> CallOf(size_t stage, const Pass& pass) const;
  void StageBackward(size_t stage, const Pass& pass, GradientSink<T>* sink) const;

  std::vector<Stage> stages_;
  std::vector<Value> values_;
  std::vector<Output> outputs_;
  std::vector<Gradient> gradients_;
  std::vector<int64_t> product_offsets_;             // by stage
  int64_t product_elements_ = 0;
  std::vector<std::vector<int64_t>> weight_counts_;  // by graph layer: elements of each weight
  std::vector<int> calls_back_;                      // by graph layer: its stages that give gradients of its weights
  size_t most_inputs_ = 1;                           // of a stage
  size_t most_weights_ = 0;                          // of a layer that adds_calls
  int64_t most_aside_ = 0;                           // elements of its weights, each padded
  const Layer<T>* reached_by_zeros_ = nullptr;       // that uses the sparse product, or nullptr
  int zeros_from_ = 0;                               // the input whose zeros reach it
};

}  // namespace engine::native
