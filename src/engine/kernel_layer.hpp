// A layer of a network of kernels: forward and backward by hand, on plain memory.
//
// A layer holds no values: rows, results, gradients, weights and scratch are handed in, so that all models of a group can use one
// workspace. Values are row-major, the batch first, channels last. No heap is used in a call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/graph.hpp"
#include "engine/draw_keys.hpp"
#include "engine/kernel_math.hpp"

namespace engine {

/// Takes the gradient of a weight in parts, each used up before the next is made: a large gradient never leaves the cache.
template <typename T>
class GradientParts {
 public:
  virtual ~GradientParts() = default;
  /// Elements first .. first + n - 1 of the gradient of the layer's weight `place`; values may be overwritten afterwards. In this pass the
  /// weight is not read any more, and all of its elements are handed over once.
  virtual void Take(size_t place, int64_t first, int64_t n, T* values) = 0;
};

/// What both passes of one mini-batch see.
template <typename T>
struct KernelCall {
  int64_t rows = 0;
  bool training = false;
  const DrawKeys* keys = nullptr;  // when training
  const T* x = nullptr;            // (rows, input_elements)
  T* y = nullptr;                  // (rows, output_elements): Forward's result; Backward reads it
  T* scratch = nullptr;            // ScratchElements: left by Forward for Backward
  T* const* weights = nullptr;     // the layer's tensors in the order of base::Layer::weights
  GradientParts<T>* parts = nullptr;  // Backward may give gradients to this in parts, instead of leaving them whole in their places
};

template <typename T>
class KernelLayer {
 public:
  virtual ~KernelLayer() = default;

  int64_t input_elements() const { return input_elements_; }    // of a row
  int64_t output_elements() const { return output_elements_; }  // of a row
  /// Index into Graph::layers of the layer whose weights this one takes, or -1.
  int graph_layer() const { return graph_layer_; }

  virtual int64_t ScratchElements(int64_t /*rows*/) const { return 0; }
  virtual void Forward(const KernelCall<T>& call) const = 0;
  /// g: gradient with respect to y, which may be overwritten. dx: gradient with respect to x, or nullptr when nobody asks.
  /// gradients: a place for each weight's, nullptr for one that is not trained; nullptr itself when none is.
  virtual void Backward(const KernelCall<T>& call, T* g, T* dx, T* const* gradients) const = 0;
  /// True: Remember is to be called once a step in training, after Backward and when the loss is known to be finite. It moves the layer's
  /// statistics, weights that no optimizer moves.
  virtual bool remembers() const { return false; }
  virtual void Remember(const KernelCall<T>& /*call*/) const {}
  /// Zeros of x are zeros in the same places of y.
  virtual bool keeps_zeros() const { return false; }
  /// Its products leave zeros of x out, where x has enough of them. Density: of such an x, the part of values other than zero; else 1.
  virtual bool leaves_zeros_out() const { return false; }
  virtual double Density(const T* /*x*/, int64_t /*rows*/) const { return 1; }
  /// Lets an activation that follows be done by this layer: true when it is. Only a linear layer can.
  virtual bool TakeActivation(KernelActivation /*activation*/) { return false; }
  /// The activation at this layer's end is taken away: its results are pre-activations from then on.
  virtual KernelActivation DropActivation() { return KernelActivation::kLinear; }

 protected:
  KernelLayer(int64_t input_elements, int64_t output_elements, int graph_layer)
      : input_elements_(input_elements), output_elements_(output_elements), graph_layer_(graph_layer) {}

 private:
  int64_t input_elements_;
  int64_t output_elements_;
  int graph_layer_;
};

/// One call of the graph with what comes before it, for the Make functions.
struct KernelPlace {
  const base::Graph* graph = nullptr;
  int call = 0;             // index into Graph::calls, the call site of random streams
  base::Shape input_shape;  // of a row

  const base::Call& graph_call() const { return graph->calls[static_cast<size_t>(call)]; }
  const base::Layer& layer() const { return graph->layers[static_cast<size_t>(graph_call().layer)]; }
};

/// The activation by its Keras name. False when there is no kernel for it.
bool FindKernelActivation(const base::Value& name, KernelActivation* activation);

// Each returns nullptr when the layer's arguments have no kernel. Dense and Conv2D leave an activation that is none of KernelActivation to
// a MakeKernelPointwise that follows.
template <typename T>
std::unique_ptr<KernelLayer<T>> MakeKernelDense(const KernelPlace& place);
template <typename T>
std::unique_ptr<KernelLayer<T>> MakeKernelActivation(const KernelPlace& place, KernelActivation activation);
template <typename T>
std::unique_ptr<KernelLayer<T>> MakeKernelDropout(const KernelPlace& place);
template <typename T>
std::unique_ptr<KernelLayer<T>> MakeKernelConv2D(const KernelPlace& place);
template <typename T>
std::unique_ptr<KernelLayer<T>> MakeKernelPooling2D(const KernelPlace& place);
template <typename T>
std::unique_ptr<KernelLayer<T>> MakeKernelGlobalPooling2D(const KernelPlace& place);
template <typename T>
std::unique_ptr<KernelLayer<T>> MakeKernelZeroPadding2D(const KernelPlace& place);
template <typename T>
std::unique_ptr<KernelLayer<T>> MakeKernelNormalization(const KernelPlace& place);
template <typename T>
std::unique_ptr<KernelLayer<T>> MakeKernelEmbedding(const KernelPlace& place);
/// An activation layer, or the activation at the end of another layer, that is none of KernelActivation.
template <typename T>
std::unique_ptr<KernelLayer<T>> MakeKernelPointwise(const KernelPlace& place);

}  // namespace engine
