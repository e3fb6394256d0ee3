// A network that only predicts: the outputs of a graph for packed rows, by the kernels that train, and by LibTorch where a layer has none.
//
// A row's outputs do not depend on the rows beside it, with the exceptions that engine/native/extractor.hpp names. Used by one thread. Errors:
// base::Error only.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "engine/api/state.hpp"
#include "engine/core/program.hpp"

namespace engine {

class FeatureExtractor;

class Predictor {
 public:
  /// config: of its losses, which say whether outputs are logits. data: of the rows that will come; its targets are not read.
  /// Errors: as Program's constructor.
  Predictor(const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& data, const Options& options);
  ~Predictor();
  Predictor(const Predictor&) = delete;
  Predictor& operator=(const Predictor&) = delete;

  /// Without optimizer slots: weights lie where every program of this graph has them.
  const StateLayout& layout() const;
  /// Whether the kernels compute, rather than LibTorch.
  bool has_kernels() const;
  /// Weights are read from there; the block stays valid until the next Attach. It may be one with optimizer slots.
  void Attach(const void* block);
  /// Of a row, one an output, in the graph's order.
  const std::vector<base::Shape>& output_shapes() const { return shapes_; }
  /// (*out)[i] becomes output i of all rows, row-major. A model trained with from_logits gives probabilities: softmax or sigmoid, as its loss
  /// has it, is applied. poll: before each 256 rows, and between the parts of longer work.
  void Run(const base::Buffer& buffer, std::vector<std::vector<float>>* out, const Poll& poll);
  /// That Run takes besides what it returns; 0 where LibTorch computes.
  size_t workspace_bytes() const;

 private:
  enum class Squash { kNone, kSoftmax, kSigmoid };
  struct Output {
    size_t value = 0;  // among the extractor's
    Squash squash = Squash::kNone;
  };
  std::unique_ptr<FeatureExtractor> extractor_;
  std::vector<base::Shape> shapes_;
  std::vector<Output> outputs_;
  bool direct_ = true;  // the extractor's values are the outputs, one each
  std::vector<std::vector<float>> values_;
};

}  // namespace engine
