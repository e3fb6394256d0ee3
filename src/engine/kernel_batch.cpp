#include "engine/kernel_batch.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/model_binding.hpp"

namespace engine {

template <typename T>
KernelLoader<T>::KernelLoader(const base::Graph& graph, const base::DataSpec& data, bool sparse_target,
                              const std::map<int, double>& class_weight, int64_t max_rows)
    : target_(data.targets[0]), target_gather_(data.targets[0]), sparse_(sparse_target) {
  const std::vector<InputBinding> bindings = BindInputs(graph, data);
  // a column that an Embedding reads is indexes as they are packed (engine/model_batch.cpp)
  const bool as_index = bindings[0].columns.size() == 1 && graph.calls.size() > 1 &&
                        graph.layers[static_cast<size_t>(graph.calls[1].layer)].kind == base::LayerKind::kEmbedding;
  for (int column : bindings[0].columns) {
    base::ColumnSpec spec = data.inputs[static_cast<size_t>(column)];
    if (as_index) {
      spec.scale = 1;
      spec.mean.clear();
      spec.std.clear();
    }
    inputs_.push_back({static_cast<size_t>(column), spec.row_bytes(), RowGather<T>(spec)});
    input_elements_ += inputs_.back().gather.row_elements();
  }
  for (const auto& [index, weight] : class_weight) {
    if (index < 0) continue;
    if (static_cast<size_t>(index) >= class_weight_.size()) class_weight_.resize(static_cast<size_t>(index) + 1, 1.0);
    class_weight_[static_cast<size_t>(index)] = weight;
  }
  max_rows_ = max_rows;
}

template <typename T>
void KernelLoader<T>::LayOut() {
  const size_t x = KernelMemory::Padded<T>(max_rows_ * input_elements_);
  const size_t part = inputs_.size() > 1 ? x : 0;
  const size_t y = KernelMemory::Padded<int64_t>(max_rows_ * target_gather_.row_elements());  // holds either kind
  memory_.Reserve(x + part + y + KernelMemory::Padded<T>(max_rows_));
  x_ = memory_.At<T>(0);
  part_ = memory_.At<T>(x);
  y_ = memory_.At<T>(x + part);
  index_ = memory_.At<int64_t>(x + part);
  weights_ = memory_.At<T>(x + part + y);
}

template <typename T>
const KernelBatch<T>& KernelLoader<T>::Load(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n, bool targets,
                                            bool class_weights) {
  if (x_ == nullptr) LayOut();
  batch_ = {};
  batch_.rows = n;
  batch_.x = x_;
  GatherInputs(buffer, rows, first, n);
  if (!targets) return batch_;
  const uint8_t* packed = buffer.targets[0] + (rows == nullptr ? static_cast<size_t>(first) * target_.row_bytes() : 0);
  if (sparse_) {
    GatherIndexes(target_, packed, rows, n, index_);
    batch_.index = index_;
  } else {
    target_gather_.Gather(packed, rows, n, y_);
    batch_.target = y_;
  }
  GatherWeights(buffer, rows, first, n, class_weights);
  return batch_;
}

template <typename T>
void KernelLoader<T>::GatherInputs(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n) {
  int64_t at = 0;
  for (const Input& input : inputs_) {
    const uint8_t* packed = buffer.inputs[input.column] + (rows == nullptr ? static_cast<size_t>(first) * input.row_bytes : 0);
    if (inputs_.size() == 1) {
      input.gather.Gather(packed, rows, n, x_);
      return;
    }
    const int64_t width = input.gather.row_elements();
    input.gather.Gather(packed, rows, n, part_);
    for (int64_t i = 0; i < n; ++i) std::copy(part_ + i * width, part_ + (i + 1) * width, x_ + i * input_elements_ + at);
    at += width;
  }
}

template <typename T>
void KernelLoader<T>::GatherWeights(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n, bool class_weights) {
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

// Keras: the class is the index itself, or the place of the largest element, or, for a single element, its rounded value.
template <typename T>
double KernelLoader<T>::ClassWeight(int64_t row) const {
  const int64_t elements = target_gather_.row_elements();
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
      if (!(rounded >= 0 && rounded < static_cast<T>(class_weight_.size()))) return 1;
      index = static_cast<int64_t>(rounded);
    }
  }
  return index >= 0 && index < static_cast<int64_t>(class_weight_.size()) ? class_weight_[static_cast<size_t>(index)] : 1.0;
}

template class KernelLoader<float>;
template class KernelLoader<double>;

}  // namespace engine
