// A layer of the native trainer: forward and backward by hand, on plain memory.
//
// A layer holds no values: rows, results, gradients, weights and scratch are handed in, so that all models of a group
// can use one workspace. Values are row-major, the batch first, channels last. No heap is used in a call.
//
// Most layers have one input: they read LayerCall::x and write `dx`. A layer of several inputs is made with the
// elements of each; it reads LayerCall::inputs and writes LayerCall::input_gradients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/graph.hpp"
#include "engine/math/activations.hpp"
#include "engine/math/draw_keys.hpp"
#include "engine/math/pointwise.hpp"

namespace engine::native {

/// Takes the gradient of a weight in parts, each used up before the next is made: a large gradient never leaves the
/// cache.
template <typename T>
class GradientParts {
 public:
  virtual ~GradientParts() = default;
  /// Takes elements first .. first + n - 1 of the gradient of the layer's weight `weight_index`. The values may be
  /// overwritten afterwards. In this pass the weight is not read any more, and all of its elements are handed over
  /// once, but for those that are skipped.
  virtual void Take(size_t weight_index, int64_t first, int64_t n, T* values) = 0;
  /// Whether elements may be skipped whose gradient is zero: they would stay as they are, bit for bit. Not all of them.
  virtual bool skips_zeros(size_t weight_index) const = 0;
};

/// What both passes of one mini-batch see.
template <typename T>
struct LayerCall {
  int64_t rows = 0;
  bool training = false;
  const math::DrawKeys* keys = nullptr;  // when training
  const T* x = nullptr;                  // (rows, input_elements): the first input
  const T* const* inputs = nullptr;      // of a layer of several inputs: each one's values
  T* const* input_gradients = nullptr;   // likewise in Backward: where each one's gradient goes, nullptr when nobody asks
  T* y = nullptr;                        // (rows, output_elements): Forward's result; Backward reads it
  int64_t y_stride = 0;                  // from one row of y to the next, and of g; more than a row where rows_may_lie_apart()
  T* scratch = nullptr;                  // ScratchElements: left by Forward for Backward
  T* const* weights = nullptr;           // the layer's tensors in the order of base::Layer::weights
  const T* products = nullptr;           // in scoring: the layer's ProductElements, or nullptr: none were made for this pass
  GradientParts<T>* parts = nullptr;     // Backward may give gradients to this in parts, instead of leaving them whole in `gradients`
};

/// A part of a Dense's x that is a row of an Embedding's table.
struct CategoryPart {
  int64_t position = 0;  // in x
  int64_t width = 0;
  int graph_layer = -1;  // the Embedding's
  int64_t count = 0;     // rows of the table
};

template <typename T>
class Layer {
 public:
  virtual ~Layer() = default;

  size_t inputs() const { return input_elements_.size(); }
  int64_t input_elements(size_t input = 0) const { return input_elements_[input]; }  // of a row
  int64_t output_elements() const { return output_elements_; }                       // of a row
  /// Index into Graph::layers of the layer whose weights this one takes, or -1.
  int graph_layer() const { return graph_layer_; }

  virtual int64_t ScratchElements(int64_t /*rows*/) const { return 0; }
  /// Elements that Forward writes for a row: its results, and what is of their size in the scratch.
  virtual int64_t row_elements() const { return output_elements_; }
  virtual void Forward(const LayerCall<T>& call) const = 0;
  /// g: gradient with respect to y, which may be overwritten. dx: gradient with respect to x, the first input, or nullptr
  /// when nobody asks; all of it is written, never added to. gradients: where each weight's gradient goes, nullptr for one
  /// that is not trained; nullptr itself when none is.
  virtual void Backward(const LayerCall<T>& call, T* g, T* dx, T* const* gradients) const = 0;
  /// Products of weights alone, which many passes of scoring share: their elements, 0 where the layer has none, and making
  /// them. weights: by layer of the graph. A pass with them gives the bits of one without.
  virtual int64_t ProductElements() const { return 0; }
  virtual void MakeProducts(const std::vector<std::vector<T*>>& /*weights*/, T* /*products*/) const {}
  /// Whether the layer has moving statistics: weights that no optimizer moves. In training, UpdateMovingStatistics is
  /// called once a mini-batch, after all Backwards and when the loss is known to be finite. It may read the scratch and
  /// write the weights; x and y are gone by then.
  virtual bool moves_statistics() const { return false; }
  virtual void UpdateMovingStatistics(const LayerCall<T>& /*call*/) const {}
  /// What Backward reads besides g and the scratch. The memory of what it does not read is used for others by then.
  virtual bool backward_reads_inputs() const { return true; }
  virtual bool backward_reads_y() const { return true; }
  /// Whether a gradient reaches the inputs at all. Where none does, the layers below are left alone, as by autograd.
  virtual bool differentiable() const { return true; }
  /// Whether g is the gradient with respect to each input as it is. Backward is not called then.
  virtual bool hands_gradient_on() const { return false; }
  /// Whether rows of y, and of g, may lie apart, LayerCall::y_stride elements from each other: inside the rows of what
  /// reads them. Such a layer must leave g as it is.
  virtual bool rows_may_lie_apart() const { return false; }
  /// Where in a row of y the whole row of an input lies as it is, or -1. The input may then have been written there, and
  /// its gradient be wanted where it lies in g.
  virtual int64_t PositionOfInput(size_t /*input*/) const { return -1; }
  /// Whether y is zero wherever x is.
  virtual bool keeps_zeros() const { return false; }
  /// Whether the layer uses the sparse product (engine/math/gemm_sparse.hpp) where x has enough zeros. Density: of such
  /// an x, the part of values other than zero; else 1.
  virtual bool uses_sparse_product() const { return false; }
  virtual double Density(const T* /*x*/, int64_t /*rows*/) const { return 1; }
  /// Lets an activation that follows be done by this layer: true when it is. Only a linear layer can.
  virtual bool TakeActivation(math::FusedActivation /*activation*/) { return false; }
  /// Likewise for the other activations.
  virtual bool TakePointwise(const math::PointwiseFunction& /*function*/) { return false; }
  /// The activation at this layer's end is taken away: its results are pre-activations from then on.
  virtual math::FusedActivation DropActivation() { return math::FusedActivation::kLinear; }
  /// For categories.hpp: this layer as it is when categories are multiplied once. nullptr: it cannot, or does not gain.
  /// Of an Embedding: one that makes the categories of a mini-batch.
  virtual std::unique_ptr<Layer<T>> MakeCategories() const { return nullptr; }
  /// Of a layer with PositionOfInput: one that lays the inputs `kept` alone beside each other, in this order.
  virtual std::unique_ptr<Layer<T>> OfInputs(const std::vector<size_t>& /*kept*/) const { return nullptr; }
  /// Of a Dense: one that reads these parts of x as categories, in the order of their positions, behind the rest of x.
  virtual std::unique_ptr<Layer<T>> MakeOfCategories(const std::vector<CategoryPart>& /*parts*/) const { return nullptr; }

 protected:
  Layer(int64_t input_elements, int64_t output_elements, int graph_layer)
      : input_elements_{input_elements}, output_elements_(output_elements), graph_layer_(graph_layer) {}
  /// Of several inputs.
  Layer(std::vector<int64_t> input_elements, int64_t output_elements, int graph_layer)
      : input_elements_(std::move(input_elements)), output_elements_(output_elements), graph_layer_(graph_layer) {}

 private:
  std::vector<int64_t> input_elements_;
  int64_t output_elements_;
  int graph_layer_;
};

/// One call of the graph with what comes before it, for the Make functions.
struct CallSite {
  const base::Graph* graph = nullptr;
  int call = 0;             // index into Graph::calls
  base::Shape input_shape;  // of a row of the first input

  const base::Call& graph_call() const { return graph->calls[static_cast<size_t>(call)]; }
  int random_site() const { return graph_call().site; }  // of random streams
  /// Whether the call computes in training what it computes in scoring.
  bool inference() const { return graph_call().inference || graph_call().frozen; }
  const base::Layer& layer() const { return graph->layers[static_cast<size_t>(graph_call().layer)]; }
  size_t inputs() const { return graph_call().inputs.size(); }
  const base::Shape& input_shape_of(size_t input) const { return graph->calls[static_cast<size_t>(graph_call().inputs[input])].output_shape; }
};

/// The activation by its Keras name. False when it is no FusedActivation.
bool FindFusedActivation(const base::Value& name, math::FusedActivation* activation);

}  // namespace engine::native
