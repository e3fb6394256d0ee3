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

/// What an output is compared with.
template <typename T>
struct Target {
  const T* values = nullptr;       // (rows, target elements), or nullptr when ...
  const int64_t* index = nullptr;  // ... the loss is sparse
};

/// Rows that were gathered; valid until the memory is used for others.
template <typename T>
struct Batch {
  int64_t rows = 0;
  std::vector<const T*> inputs;    // one an input: (rows, input elements), nullptr where no call reads it
  std::vector<Target<T>> targets;  // one an output
  const T* weights = nullptr;      // (rows), or nullptr when every row counts 1
};

template <typename T>
class BatchLoader {
 public:
  /// sparse_targets: of each output, whether its loss is sparse.
  BatchLoader(const base::Graph& graph, const base::DataSpec& data, const std::vector<bool>& sparse_targets,
              const std::map<int, double>& class_weight);

  /// In the place of the constructor's, from the next Load on.
  void SetClassWeights(const std::map<int, double>& class_weight);
  /// Bytes that max_rows rows take.
  size_t Bytes(int64_t max_rows) const;
  /// Rows go to `memory`, aligned to 64 bytes, of Bytes(max_rows), from the next Load on.
  void UseMemory(char* memory, int64_t max_rows);

  /// Gathers the rows rows[0 .. n) of a buffer, n <= max_rows; rows == nullptr: rows first .. first + n - 1. Without
  /// targets only inputs are set. class_weights: multiply the class's weight into the row's.
  const Batch<T>& Load(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n, bool targets, bool class_weights);

  /// True when a Load of the other with the same arguments makes the same batch.
  bool LoadsLike(const BatchLoader& other) const;
  /// The other's last batch, in memory that both use.
  void TakeLoaded(const BatchLoader& other) { batch_ = other.batch_; }
  /// Rows first .. first + n - 1 of the last batch; valid until the next Slice.
  const Batch<T>& Slice(int64_t first, int64_t n);

 private:
  struct Part {
    InputPart part;
    size_t row_bytes;
    math::RowDecoder<T> decoder;
  };
  struct Input {
    std::vector<Part> parts;
    bool read = true;       // by some call: else nothing is gathered
    bool as_index = false;  // values as they are packed
    int64_t elements = 0;   // of a row
    T* x = nullptr;
  };
  struct Output {
    base::ColumnSpec column;
    math::RowDecoder<T> decoder;
    bool sparse = false;
    T* values = nullptr;
    int64_t* index = nullptr;  // the same memory
  };

  void GatherInput(const Input& input, const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n);
  void GatherWeights(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n, bool class_weights);
  double ClassWeight(int64_t row) const;

  std::vector<Input> inputs_;
  std::vector<Output> outputs_;
  std::map<int64_t, double> class_weight_;
  T* part_ = nullptr;  // one column of several
  T* weights_ = nullptr;
  Batch<T> batch_;
  Batch<T> slice_;
};

}  // namespace engine::native
