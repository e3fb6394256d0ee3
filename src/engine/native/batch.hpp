// Mini-batches for the native trainer: the values that engine/torch/batch.hpp gives to autograd, in plain memory that is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "engine/api/binding.hpp"
#include "engine/math/row_decoder.hpp"

namespace engine::native {

/// Rows that were gathered; valid until the memory is used for others.
template <typename T>
struct Batch {
  int64_t rows = 0;
  const T* x = nullptr;            // (rows, input elements)
  const T* target = nullptr;       // (rows, target elements), or nullptr when ...
  const int64_t* index = nullptr;  // ... the loss is sparse
  const T* weights = nullptr;      // (rows), or nullptr when every row counts 1
};

/// For models of one input and one output.
template <typename T>
class BatchLoader {
 public:
  BatchLoader(const base::Graph& graph, const base::DataSpec& data, bool sparse_target, const std::map<int, double>& class_weight);

  /// Bytes that max_rows rows take.
  size_t Bytes(int64_t max_rows) const;
  /// Rows go to `memory`, aligned to 64 bytes, of Bytes(max_rows), from the next Load on.
  void UseMemory(char* memory, int64_t max_rows);

  /// Gathers the rows rows[0 .. n) of a buffer, n <= max_rows; rows == nullptr: rows first .. first + n - 1. Without targets only x is
  /// set. class_weights: multiply the class's weight into the row's.
  const Batch<T>& Load(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n, bool targets, bool class_weights);

  /// True when a Load of the other with the same arguments makes the same batch.
  bool LoadsLike(const BatchLoader& other) const;
  /// The other's last batch, in memory that both use.
  void TakeLoaded(const BatchLoader& other) { batch_ = other.batch_; }
  /// Rows first .. first + n - 1 of the last batch.
  Batch<T> Slice(int64_t first, int64_t n) const;

 private:
  void GatherInputs(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n);
  void GatherWeights(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n, bool class_weights);
  double ClassWeight(int64_t row) const;

  struct Input {
    InputPart part;
    size_t row_bytes;
    math::RowDecoder<T> decoder;
  };
  std::vector<Input> inputs_;
  base::ColumnSpec target_;
  math::RowDecoder<T> target_decoder_;
  bool sparse_;
  std::map<int64_t, double> class_weight_;
  int64_t input_elements_ = 0;
  T* x_ = nullptr;
  T* part_ = nullptr;  // one column of several
  T* y_ = nullptr;
  int64_t* index_ = nullptr;
  T* weights_ = nullptr;
  Batch<T> batch_;
};

}  // namespace engine::native
