#include "engine/native/batch.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/api/workspace.hpp"

namespace engine::native {

template <typename T>
BatchLoader<T>::BatchLoader(const base::Graph& graph, const base::DataSpec& data, const std::vector<bool>& sparse_targets,
                            const std::map<int, double>& class_weight) {
  const std::vector<InputBinding> bindings = BindInputs(graph, data);
  for (size_t i = 0; i < bindings.size(); ++i) {
    inputs_.emplace_back();
    Input& input = inputs_.back();
    input.read = bindings[i].read;
    if (!input.read) continue;
    input.as_index = TakesIndexes(graph, bindings[i], graph.inputs[i]);
    for (const InputPart& part : bindings[i].parts) {
      base::ColumnSpec spec = data.inputs[static_cast<size_t>(part.column)];
      if (input.as_index) {
        spec.scale = 1;
        spec.mean.clear();
        spec.std.clear();
      }
      input.parts.push_back({part, spec.row_bytes(), math::RowDecoder<T>(spec, part.first, part.count)});
      input.elements += input.parts.back().decoder.row_elements();
    }
  }
  for (size_t i = 0; i < sparse_targets.size(); ++i) {
    outputs_.push_back({data.targets[i], math::RowDecoder<T>(data.targets[i]), sparse_targets[i]});
  }
  SetClassWeights(class_weight);
}

template <typename T>
void BatchLoader<T>::SetClassWeights(const std::map<int, double>& class_weight) {
  class_weight_.clear();
  for (const auto& [index, weight] : class_weight) {
    if (index >= 0) class_weight_[index] = weight;
  }
}

// Each input | one column of several | each target or index | weights
template <typename T>
size_t BatchLoader<T>::Bytes(int64_t max_rows) const {
  size_t bytes = 0, part = 0;
  for (const Input& input : inputs_) {
    const size_t x = Workspace::Padded<T>(max_rows * input.elements);
    bytes += x;
    if (input.parts.size() > 1) part = std::max(part, x);
  }
  for (const Output& output : outputs_) bytes += Workspace::Padded<int64_t>(max_rows * output.decoder.row_elements());  // holds either kind
  return bytes + part + Workspace::Padded<T>(max_rows);
}

template <typename T>
void BatchLoader<T>::UseMemory(char* memory, int64_t max_rows) {
  size_t part = 0;
  for (Input& input : inputs_) {
    const size_t x = Workspace::Padded<T>(max_rows * input.elements);
    input.x = reinterpret_cast<T*>(memory);
    memory += x;
    if (input.parts.size() > 1) part = std::max(part, x);
  }
  part_ = reinterpret_cast<T*>(memory);
  memory += part;
  for (Output& output : outputs_) {
    output.values = reinterpret_cast<T*>(memory);
    output.index = reinterpret_cast<int64_t*>(memory);
    memory += Workspace::Padded<int64_t>(max_rows * output.decoder.row_elements());
  }
  weights_ = reinterpret_cast<T*>(memory);
}

template <typename T>
bool BatchLoader<T>::LoadsLike(const BatchLoader& other) const {
  const auto same_part = [](const Part& a, const Part& b) { return a.part == b.part; };
  const auto same_input = [&](const Input& a, const Input& b) {
    return a.read == b.read && a.as_index == b.as_index && std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(), b.parts.end(), same_part);
  };
  const auto same_output = [](const Output& a, const Output& b) { return a.sparse == b.sparse; };
  return class_weight_ == other.class_weight_ &&
         std::equal(inputs_.begin(), inputs_.end(), other.inputs_.begin(), other.inputs_.end(), same_input) &&
         std::equal(outputs_.begin(), outputs_.end(), other.outputs_.begin(), other.outputs_.end(), same_output);
}

template <typename T>
const Batch<T>& BatchLoader<T>::Slice(int64_t first, int64_t n) {
  slice_ = batch_;
  slice_.rows = n;
  for (size_t i = 0; i < slice_.inputs.size(); ++i) {
    if (inputs_[i].read) slice_.inputs[i] += first * inputs_[i].elements;
  }
  for (size_t i = 0; i < slice_.targets.size(); ++i) {
    const int64_t targets = first * outputs_[i].decoder.row_elements();
    if (slice_.targets[i].values != nullptr) slice_.targets[i].values += targets;
    if (slice_.targets[i].index != nullptr) slice_.targets[i].index += targets;
  }
  if (slice_.weights != nullptr) slice_.weights += first;
  return slice_;
}

template <typename T>
const Batch<T>& BatchLoader<T>::Load(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n, bool targets,
                                     bool class_weights) {
  batch_.rows = n;
  batch_.inputs.clear();
  batch_.targets.clear();
  batch_.weights = nullptr;
  for (const Input& input : inputs_) {
    if (input.read) GatherInput(input, buffer, rows, first, n);
    batch_.inputs.push_back(input.read ? input.x : nullptr);
  }
  if (!targets) return batch_;
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const Output& output = outputs_[i];
    const uint8_t* packed = buffer.targets[i] + (rows == nullptr ? static_cast<size_t>(first) * output.column.row_bytes() : 0);
    if (output.sparse) {
      math::DecodeIndexes(output.column, packed, rows, n, output.index);
      batch_.targets.push_back({nullptr, output.index});
    } else {
      output.decoder.Decode(packed, rows, n, output.values);
      batch_.targets.push_back({output.values, nullptr});
    }
  }
  GatherWeights(buffer, rows, first, n, class_weights);
  return batch_;
}

template <typename T>
void BatchLoader<T>::GatherInput(const Input& input, const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n) {
  int64_t at = 0;
  for (const Part& part : input.parts) {
    const uint8_t* packed = buffer.inputs[static_cast<size_t>(part.part.column)] + (rows == nullptr ? static_cast<size_t>(first) * part.row_bytes : 0);
    if (input.parts.size() == 1) {
      part.decoder.Decode(packed, rows, n, input.x);
      return;
    }
    const int64_t width = part.decoder.row_elements();
    part.decoder.Decode(packed, rows, n, part_);
    for (int64_t i = 0; i < n; ++i) std::copy(part_ + i * width, part_ + (i + 1) * width, input.x + i * input.elements + at);
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
// value. Of several outputs the first counts.
template <typename T>
double BatchLoader<T>::ClassWeight(int64_t row) const {
  const Output& output = outputs_[0];
  const int64_t elements = output.decoder.row_elements();
  int64_t index = 0;
  if (output.sparse) {
    const int64_t* values = output.index + row * elements;
    index = elements == 1 ? values[0] : std::max_element(values, values + elements) - values;
  } else {
    const T* values = output.values + row * elements;
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
