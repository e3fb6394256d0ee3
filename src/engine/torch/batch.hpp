// Mini-batches out of packed buffers: rows gathered into tensors that are kept and used again.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "engine/api/binding.hpp"
#include "engine/math/row_decoder.hpp"
#include "engine/torch/torch.hpp"

namespace engine::torch {

/// Tensors over the loader's memory, valid until the next Load.
struct Batch {
  int64_t rows = 0;
  std::vector<at::Tensor> inputs;   // (rows, ...), channels last; int64 where only Embedding layers read the input; undefined where no
                                    // call reads it
  std::vector<at::Tensor> targets;  // (rows, ...): int64 for sparse losses
  at::Tensor weights;               // (rows), or undefined when every row counts 1
};

class BatchLoader {
 public:
  BatchLoader(const base::Graph& graph, const base::DataSpec& data, const std::vector<base::LossConfig>& losses,
              const std::map<int, double>& class_weight, at::ScalarType type, at::Device device);

  /// In the place of the constructor's, from the next Load on.
  void SetClassWeights(const std::map<int, double>& class_weight);

  enum class Want { kInputs, kInputsAndTargets };

  /// Gathers rows[0 .. n) of a buffer; rows == nullptr: rows first .. first + n - 1. class_weights: multiply the class's weight into the
  /// row's (a class without an entry counts 1).
  const Batch& Load(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n, Want want, bool class_weights);

 private:
  // A packed column or a part of one: how it is read, and where it goes.
  struct Column {
    base::ColumnSpec spec;
    InputPart part;
    bool as_index = false;
    math::RowDecoder<float> as_float;
    math::RowDecoder<double> as_double;
    at::Tensor memory;  // (capacity, elements)
    Column(const base::ColumnSpec& s, const InputPart& p)
        : spec(s), part(p), as_float(s, p.first, p.count), as_double(s, p.first, p.count) {}
  };

  at::Tensor Gather(Column* column, const uint8_t* packed, const int64_t* rows, int64_t first, int64_t n);
  at::Tensor RowWeights(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n, bool class_weights);
  at::Tensor ClassWeights(int64_t n) const;

  std::vector<InputBinding> bindings_;
  std::vector<std::vector<Column>> inputs_;  // an input layer: its parts
  std::vector<Column> targets_;
  std::vector<at::Tensor> joined_;  // one an input layer: memory of concatenated columns, else undefined
  std::map<int64_t, double> class_weight_;
  at::ScalarType type_;
  at::Device device_;
  Batch batch_;
};

}  // namespace engine::torch
