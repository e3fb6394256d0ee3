// A model's tensors over a block: on the CPU they are the block's memory itself, on a device they are copies that are written back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/graph.hpp"
#include "engine/constraint.hpp"
#include "engine/module.hpp"
#include "engine/state.hpp"

namespace engine {

/// A weight that the optimizer moves.
struct Parameter {
  at::Tensor weight;               // a leaf that requires a gradient
  std::vector<at::Tensor> slots;   // in the optimizer's order
  Regularizer regularizer;
  Constraint constraint;
};

class ModelTensors {
 public:
  /// Lays tensors over the block; copies them to the device when it is no CPU.
  ModelTensors(const base::Graph& graph, const StateLayout& layout, void* block, at::Device device);
  /// Copies weights and slots from the device to the block; nothing to do on the CPU. Counters are always used in place.
  void WriteBack();

  StateCounters* counters() const { return static_cast<StateCounters*>(block_); }
  const std::vector<Weights>& weights() const { return weights_; }
  std::vector<Parameter>& parameters() { return parameters_; }
  /// Sum of the regularisers of the trainable weights.
  double RegularizerLoss() const;

 private:
  void* block_;
  std::vector<at::Tensor> host_;    // one a tensor of the layout, over the block
  std::vector<at::Tensor> device_;  // the same tensors, or their copies on the device
  std::vector<Weights> weights_;    // by layer
  std::vector<Parameter> parameters_;
};

/// LibTorch's type of a precision (kFloat32 or kFloat64).
at::ScalarType ScalarTypeOf(base::DType precision);

}  // namespace engine
