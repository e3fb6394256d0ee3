// What frozen layers make of packed rows: the values of some calls of a graph, computed by the kernels that train, and by LibTorch where a
// layer has none.
//
// A row's features have the bits that the same calls have in training, whatever mini-batch the row is in; engine/native/extractor.hpp says
// for which products that is not so. Used by one thread. Errors: base::Error only.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "engine/api/state.hpp"
#include "engine/core/program.hpp"

namespace engine {

class FeatureExtractor {
 public:
  /// calls: of `whole`, as base::PrefixGraph wants them. data: the packed table whose buffers will come; its feature columns are not read.
  /// Errors: as Program's constructor.
  FeatureExtractor(std::shared_ptr<const base::Graph> whole, const std::vector<int>& calls, const base::DataSpec& data,
                   const Options& options);
  ~FeatureExtractor();
  FeatureExtractor(const FeatureExtractor&) = delete;
  FeatureExtractor& operator=(const FeatureExtractor&) = delete;

  /// Of the whole graph, without optimizer slots: its weights lie where every program of this graph has them.
  const StateLayout& layout() const;
  /// Whether the kernels compute, rather than LibTorch.
  bool has_kernels() const;
  /// Weights are read from there. block: any state of the whole graph, whatever its optimizer, since weights come first in a block; it
  /// stays valid until the next Attach; nullptr lets go of it.
  void Attach(const void* block);
  /// Of a row, one a call.
  const std::vector<base::Shape>& shapes() const;
  /// (*out)[i] becomes the values of call i for all rows of the buffer, row-major. Works on at most 256 rows at once. poll: before each of
  /// these, and between the parts of longer work.
  void Run(const base::Buffer& buffer, std::vector<std::vector<float>>* out, const Poll& poll);
  /// That Run takes besides what it returns; 0 where LibTorch computes.
  size_t workspace_bytes() const;
  /// By column of the data: whether Run reads it. The others may be missing in a buffer.
  const std::vector<bool>& reads() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace engine
