// Compiling a graph for devices. The calls become stages in their order; an activation joins the stage that makes what
// it is applied to, where nobody else reads that. The loss takes what comes before the last activation where it can, as
// engine/native/network.cpp has it. In this room only.
//
// compiler.cpp: weights, loss, columns, the pass back. compiler_products.cpp: layers with products, windows,
// activations. compiler_elements.cpp: merges, moves, normalisations, tables.
#pragma once

#include <string>
#include <vector>

#include "engine/api/layer_arguments.hpp"
#include "engine/device/network.hpp"
#include "engine/math/sliding_window.hpp"

namespace engine::device {

/// Why a network has no kernels for devices.
struct Refusal {
  std::string why;
};

class Compiler {
 public:
  Compiler(const ResolvedNetwork& resolved, Network* network);

  /// Throws Refusal.
  void Compile();

 private:
  /// What a call makes.
  struct Result {
    int value = -1;
    bool sole = true;  // nobody read it, or what it came from, but the calls that made it this
  };

  const base::Layer& LayerOf(const base::Call& call) const { return graph_.layers[static_cast<size_t>(call.layer)]; }
  const base::Shape& ShapeOf(int call) const { return graph_.calls[static_cast<size_t>(call)].output_shape; }
  int64_t Offset(size_t tensor) const;
  [[noreturn]] static void Refuse(const base::Layer& layer);
  static int32_t Narrow(int64_t value);

  void FindTensors();
  void AddInputs();
  void AddLoss();
  void BindColumns();
  void PlanBackward();
  void Count();

  /// Stages of a call; current_ is what the first of its inputs is before, and what it makes behind.
  void AddCall(int c);
  bool AddProductLayer(const base::Call& call, const base::Layer& layer, const base::Shape& in);
  bool AddElementLayer(const base::Call& call, const base::Layer& layer, const base::Shape& in);
  void AddActivationLayer(const base::Layer& layer, const base::Shape& shape);

  static Window ToWindow(const math::Slide& slide);
  int AddValue(int64_t elements);
  /// A stage that reads current_ and makes a value, which current_ is then. The reference holds until the next one.
  Stage& Add(StageKind kind, int64_t in, int64_t out);
  Stage& AddInto(int value, StageKind kind, int64_t in, int64_t out);
  void AddSource(int value, Stage* stage);
  void TakeWeights(const base::Call& call, size_t weight, int bias, Stage* stage);
  /// The stage that makes a value; nullptr for an input and for what several stages make.
  Stage* MakerOf(int value);

  void AddDense(const base::Call& call, const base::Layer& layer, const base::Shape& in);
  void AddConvolution(const base::Call& call, const base::Layer& layer, const base::Shape& in, size_t dimensions);
  void AddDepthwise(const base::Call& call, const base::Layer& layer, const base::Shape& in, size_t dimensions,
                    bool separable);
  void AddPool(const base::Call& call, const base::Layer& layer, const base::Shape& in, size_t dimensions,
               StageKind kind, bool whole);
  void AddActivation(Activation activation, const base::Shape& shape, const base::Layer& layer);
  void AddPointwise(const math::PointwiseFunction& function, const base::Shape& shape);

  void AddDropout(const base::Call& call, const base::Layer& layer, const base::Shape& in, bool spatial);
  void AddMerge(const base::Call& call, const base::Layer& layer, math::MergeKind kind, bool mean);
  void AddConcatenate(const base::Call& call, const base::Layer& layer, const base::Shape& in);
  void AddEmbedding(const base::Call& call, const base::Layer& layer, const base::Shape& in);
  void AddNormalization(const base::Call& call, const base::Layer& layer, const base::Shape& in);
  void AddMove(const base::Layer& layer, const base::Shape& in, const base::Shape& out);
  /// Of element e of the results: where it lies in what is read; -1: zero.
  int AddTable(std::vector<int32_t> from, int64_t source_elements);

  const ResolvedNetwork& resolved_;
  const base::Graph& graph_;
  Network& network_;
  std::vector<size_t> first_tensor_;  // by graph layer: its first weight among the state's tensors
  std::vector<int> tensor_index_;     // by weight tensor of the state: among the trained ones; -1: not trained
  std::vector<int> readers_;          // by call
  std::vector<Result> results_;       // by call
  std::vector<int> makers_;           // by value: the stage; -1: an input, or several stages
  std::vector<int> input_values_;     // by input of the graph
  Result current_;
  const base::Layer* layer_ = nullptr;  // that is compiled
};

}  // namespace engine::device
