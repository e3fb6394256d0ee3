#include "engine/native/batch.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/api/workspace.hpp"

namespace engine::native {

template <typename T>
BatchLoader<T>::BatchLoader(const base::Graph& graph, const base::DataSpec& data, bool sparse_target,
                            const std::map<int, double>& class_weight)
    : target_(data.targets[0]), target_decoder_(data.targets[0]), sparse_(sparse_target) {
  const std::vector<InputBinding> bindings = BindInputs(graph, data);
  // a column that an Embedding reads is indexes as they are packed (engine/torch/batch.cpp)
  const bool as_index = bindings[0].parts.size() == 1 && graph.calls.size() > 1 &&
                        graph.layers[static_cast<size_t>(graph.calls[1].layer)].kind == base::LayerKind::kEmbedding;
  for (const InputPart& part : bindings[0].parts) {
    base::ColumnSpec spec = data.inputs[static_cast<size_t>(part.column)];
    if (as_index) {
      spec.scale = 1;
      spec.mean.clear();
      spec.std.clear();
    }
    inputs_.push_back({part, spec.row_bytes(), math::RowDecoder<T>(spec, part.first, part.count)});
    input_elements_ += inputs_.back().decoder.row_elements();
  }
  for (const auto& [index, weight] : class_weight) {
    if (index >= 0) class_weight_[index] = weight;
  }
}

namespace {

// x | one column of several | target or index | weights
template <typename T>
struct BatchOffsets {
  size_t part, y, weights, bytes;
  BatchOffsets(int64_t rows, int64_t inputs, bool several, int64_t targets) {
    const size_t x = Workspace::Padded<T>(rows * inputs);
    part = x;
    y = part + (several ? x : 0);
    weights = y + Workspace::Padded<int64_t>(rows * targets);  // holds either kind
    bytes = weights + Workspace::Padded<T>(rows);
  }
};

}  // namespace

template <typename T>
size_t BatchLoader<T>::Bytes(int64_t max_rows) const {
  return BatchOffsets<T>(max_rows, input_elements_, inputs_.size() > 1, target_decoder_.row_elements()).bytes;
}

template <typename T>
void BatchLoader<T>::UseMemory(char* memory, int64_t max_rows) {
  const BatchOffsets<T> offsets(max_rows, input_elements_, inputs_.size() > 1, target_decoder_.row_elements());
  x_ = reinterpret_cast<T*>(memory);
  part_ = reinterpret_cast<T*>(memory + offsets.part);
  y_ = reinterpret_cast<T*>(memory + offsets.y);
  index_ = reinterpret_cast<int64_t*>(memory + offsets.y);
  weights_ = reinterpret_cast<T*>(memory + offsets.weights);
}

template <typename T>
bool BatchLoader<T>::LoadsLike(const BatchLoader& other) const {
  const auto same_column = [](const Input& a, const Input& b) { return a.part == b.part; };
  return sparse_ == other.sparse_ && class_weight_ == other.class_weight_ &&
         std::equal(inputs_.begin(), inputs_.end(), other.inputs_.begin(), other.inputs_.end(), same_column);
}

template <typename T>
Batch<T> BatchLoader<T>::Slice(int64_t first, int64_t n) const {
  Batch<T> slice = batch_;
  const int64_t targets = first * target_decoder_.row_elements();
  slice.rows = n;
  slice.x += first * input_elements_;
  if (slice.target != nullptr) slice.target += targets;
  if (slice.index != nullptr) slice.index += targets;
  if (slice.weights != nullptr) slice.weights += first;
  return slice;
}

template <typename T>
const Batch<T>& BatchLoader<T>::Load(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n, bool targets,
                                     bool class_weights) {
  batch_ = {};
  batch_.rows = n;
  batch_.x = x_;
  GatherInputs(buffer, rows, first, n);
  if (!targets) return batch_;
  const uint8_t* packed = buffer.targets[0] + (rows == nullptr ? static_cast<size_t>(first) * target_.row_bytes() : 0);
  if (sparse_) {
    math::DecodeIndexes(target_, packed, rows, n, index_);
    batch_.index = index_;
  } else {
    target_decoder_.Decode(packed, rows, n, y_);
    batch_.target = y_;
  }
  GatherWeights(buffer, rows, first, n, class_weights);
  return batch_;
}

template <typename T>
void BatchLoader<T>::GatherInputs(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n) {
  int64_t at = 0;
  for (const Input& input : inputs_) {
    const uint8_t* packed = buffer.inputs[static_cast<size_t>(input.part.column)] + (rows == nullptr ? static_cast<size_t>(first) * input.row_bytes : 0);
    if (inputs_.size() == 1) {
      input.decoder.Decode(packed, rows, n, x_);
      return;
    }
    const int64_t width = input.decoder.row_elements();
    input.decoder.Decode(packed, rows, n, part_);
    for (int64_t i = 0; i < n; ++i) std::copy(part_ + i * width, part_ + (i + 1) * width, x_ + i * input_elements_ + at);
    at += width;
  }
}

template <typename T>
void BatchLoader<T>::GatherWeights(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n, bool class_weights) {
  const bool by_class = class_weights && !class_weight_.empty();
  if (buffer.weights == nullptr && !by_class) return;
  for (int64_t i = 0; i < n; ++i) {
    weights_[i] = 1;
    if (buffer.weights != nullptr) {
      const int64_t row = rows == nullptr ? first + i : rows[i];
      float weight;
      std::memcpy(&weight, buffer.weights + static_cast<size_t>(row) * sizeof(float), sizeof(float));
      weights_[i] = static_cast<T>(weight);
    }
    if (by_class) weights_[i] *= static_cast<T>(ClassWeight(i));
  }
  batch_.weights = weights_;
}

// Keras: the class is the index itself, or the position of the largest element, or, for a single element, its rounded
// value.
template <typename T>
double BatchLoader<T>::ClassWeight(int64_t row) const {
  const int64_t elements = target_decoder_.row_elements();
  int64_t index = 0;
  if (sparse_) {
    const int64_t* values = index_ + row * elements;
    index = elements == 1 ? values[0] : std::max_element(values, values + elements) - values;
  } else {
    const T* values = y_ + row * elements;
    if (elements > 1) {
      index = std::max_element(values, values + elements) - values;
    } else {
      const T rounded = std::nearbyint(values[0]);
      if (!(rounded >= 0 && rounded <= static_cast<T>(class_weight_.rbegin()->first))) return 1;
      index = static_cast<int64_t>(rounded);
    }
  }
  const auto weight = class_weight_.find(index);
  return weight == class_weight_.end() ? 1.0 : weight->second;
}

template class BatchLoader<float>;
template class BatchLoader<double>;

}  // namespace engine::native
