// What the tests of several rooms of the engine share: graphs from Keras texts, packed buffers from vectors, aligned blocks.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "engine/api/state.hpp"
#include "numbers.hpp"
#include "wire/keras.hpp"

namespace fixture {

/// Memory for a state, aligned to 64 bytes, or to 64 bytes after a page's start.
class Block {
 public:
  explicit Block(const engine::StateLayout& layout, bool shifted = false) : size_(layout.bytes) {
    memory_.reset(static_cast<char*>(std::aligned_alloc(4096, (layout.bytes / 4096 + 2) * 4096)));
    start_ = memory_.get() + (shifted ? 64 : 0);
  }
  void* get() const { return start_; }
  engine::StateCounters* counters() const { return reinterpret_cast<engine::StateCounters*>(start_); }
  std::string bytes() const { return {start_, size_}; }
  /// A tensor's values, whatever the precision.
  std::vector<double> Values(const engine::StateLayout& layout, const engine::StateTensor& tensor) const {
    std::vector<double> values(tensor.count);
    const char* at = start_ + tensor.offset;
    for (size_t i = 0; i < tensor.count; ++i) {
      values[i] = layout.precision == base::DType::kFloat64 ? reinterpret_cast<const double*>(at)[i]
                                                            : reinterpret_cast<const float*>(at)[i];
    }
    return values;
  }
  /// All weights in order.
  std::vector<double> Weights(const engine::StateLayout& layout) const {
    std::vector<double> all;
    for (const engine::StateTensor& tensor : layout.tensors) {
      if (tensor.is_slot) break;
      const std::vector<double> values = Values(layout, tensor);
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  }

 private:
  struct Free {
    void operator()(char* p) const { std::free(p); }
  };
  size_t size_;
  std::unique_ptr<char, Free> memory_;
  char* start_;
};

/// Columns of doubles as a packed table of one buffer.
class Table {
 public:
  void AddInput(const std::string& name, const base::Shape& shape, std::vector<double> values) {
    spec.inputs.push_back(Column(name, shape, base::TargetKind::kNone));
    inputs_.push_back(std::move(values));
  }
  void AddTarget(const std::string& name, const base::Shape& shape, std::vector<double> values,
                 base::TargetKind kind = base::TargetKind::kArray, int64_t num_classes = 0) {
    spec.targets.push_back(Column(name, shape, kind));
    spec.targets.back().num_classes = num_classes;
    targets_.push_back(std::move(values));
  }
  void SetWeights(std::vector<float> weights) {
    spec.has_weights = true;
    weights_ = std::move(weights);
  }
  base::Buffer Buffer(int64_t rows, int partition = 0) const {
    base::Buffer buffer;
    buffer.rows = rows;
    buffer.partition_id = partition;
    for (const auto& v : inputs_) buffer.inputs.push_back(reinterpret_cast<const uint8_t*>(v.data()));
    for (const auto& v : targets_) buffer.targets.push_back(reinterpret_cast<const uint8_t*>(v.data()));
    if (!weights_.empty()) buffer.weights = reinterpret_cast<const uint8_t*>(weights_.data());
    return buffer;
  }
  base::DataSpec spec;

 private:
  static base::ColumnSpec Column(const std::string& name, const base::Shape& shape, base::TargetKind kind) {
    base::ColumnSpec column;
    column.name = name;
    column.dtype = base::DType::kFloat64;
    column.shape = shape;
    column.kind = kind;
    return column;
  }
  std::vector<std::vector<double>> inputs_, targets_;
  std::vector<float> weights_;
};

inline base::LossConfig Loss(base::LossKind kind) {
  base::LossConfig loss;
  loss.kind = kind;
  switch (kind) {
    case base::LossKind::kCategoricalCrossentropy: loss.name = "categorical_crossentropy"; break;
    case base::LossKind::kSparseCategoricalCrossentropy: loss.name = "sparse_categorical_crossentropy"; break;
    case base::LossKind::kBinaryCrossentropy: loss.name = "binary_crossentropy"; break;
    default: loss.name = "mean_squared_error"; break;
  }
  return loss;
}

/// SGD without momentum, no shuffle.
inline base::TrainConfig Config(base::LossKind loss, int batch_size, double learning_rate = 1.0) {
  base::TrainConfig config;
  config.losses = {Loss(loss)};
  config.optimizer.kind = base::OptimizerKind::kSGD;
  config.optimizer.name = "SGD";
  config.optimizer.learning_rate = learning_rate;
  config.batch_size = batch_size;
  config.shuffle = false;
  return config;
}

/// A Sequential model from the texts of its layers: {"class_name": .., "config": {..}}, the first with a batch_input_shape.
inline base::Graph Sequential(const std::string& layers) {
  return wire::ReadKeras(R"({"class_name": "Sequential", "config": {"name": "m", "layers": [)" + layers + "]}}");
}

inline std::string Dense(const std::string& name, int units, const std::string& activation, const std::string& more = "") {
  return R"({"class_name": "Dense", "config": {"name": ")" + name + R"(", "units": )" + std::to_string(units) + R"(, "activation": ")" +
         activation + "\"" + more + "}}";
}

}  // namespace fixture
