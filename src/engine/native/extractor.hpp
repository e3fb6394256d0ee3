// Forward passes alone: what a graph's outputs are for the rows of a buffer, by the kernels that train.
//
// A row's values are those that the same calls have in a mini-batch of a whole network, bit for bit, whatever rows are beside it: products
// are one chain of terms a row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "engine/api/state.hpp"

namespace engine::native {

class Extractor {
 public:
  virtual ~Extractor() = default;

  /// nullptr when the graph has a layer or an argument that the native trainer does not know. layout: of the graph's layers.
  static std::unique_ptr<Extractor> Make(const base::Graph& graph, const base::DataSpec& data, const StateLayout& layout);

  /// Weights are read from the block; nullptr lets go of it.
  virtual void Attach(const void* block) = 0;
  /// Appends to (*out)[i] the values of output i for the rows first, ..., first + n - 1 of a buffer. REQUIRES n of at most most_rows.
  virtual void Run(const base::Buffer& buffer, int64_t first, int64_t n, std::vector<std::vector<float>>* out) = 0;
  /// Rows at once, of which Run works on one part after the other.
  static constexpr int64_t kMostRows = 256;
  virtual size_t workspace_bytes() const = 0;
};

}  // namespace engine::native
