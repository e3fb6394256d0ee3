// A model's tensors over a block: on the CPU they are the block's memory itself. On a device the layers compute on copies; the optimizer
// moves the block's own tensors and the copies follow (trainer.cpp, ApplyGradients), so only the weights that no optimizer moves (moving
// statistics) are written back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/graph.hpp"
#include "engine/api/state.hpp"
#include "engine/torch/constraint.hpp"
#include "engine/torch/module.hpp"

namespace engine::torch {

/// A weight that the optimizer moves.
struct Parameter {
  at::Tensor weight;              // a leaf that requires a gradient
  at::Tensor host;                // the same values in the block, requiring none: what the optimizer's kernels write
  std::vector<at::Tensor> slots;  // in the block, in the optimizer's order
  Regularizer regularizer;
  Constraint constraint;
  std::string name;  // "<layer>/<weight>"
};

class ModelTensors {
 public:
  /// Lays tensors over the block; copies them to the device when it is no CPU.
  ModelTensors(const base::Graph& graph, const StateLayout& layout, void* block, at::Device device);
  /// Copies weights from the device to the block; nothing to do on the CPU. Counters and slots are always used in place.
  void WriteBack();

  StateCounters* counters() const { return static_cast<StateCounters*>(block_); }
  const std::vector<Weights>& weights() const { return weights_; }
  std::vector<Parameter>& parameters() { return parameters_; }
  /// Sum of the regularisers of the trainable weights.
  double RegularizerLoss() const;

 private:
  void* block_;
  std::vector<at::Tensor> host_;    // one a weight, over the block
  std::vector<at::Tensor> device_;  // the same memory, or its copies on the device
  std::vector<Weights> weights_;    // by layer
  std::vector<Parameter> parameters_;
};

/// LibTorch's type of a precision (kFloat32 or kFloat64).
at::ScalarType ScalarTypeOf(base::DType precision);

}  // namespace engine::torch
