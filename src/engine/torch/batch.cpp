#include "engine/torch/batch.hpp"

#include <algorithm>
#include <cstring>

#include "definitions/loss.hpp"

namespace engine::torch {

namespace {

// Memory of at least n rows; grown memory is not copied.
at::Tensor Rows(at::Tensor* memory, int64_t n, int64_t elements, at::ScalarType type) {
  if (!memory->defined() || memory->size(0) < n) *memory = at::empty({n, elements}, at::TensorOptions().dtype(type));
  return memory->narrow(0, 0, n);
}

std::vector<int64_t> BatchShape(int64_t n, const base::Shape& shape) {
  std::vector<int64_t> with_batch{n};
  with_batch.insert(with_batch.end(), shape.begin(), shape.end());
  return with_batch;
}

}  // namespace

BatchLoader::BatchLoader(const base::Graph& graph, const base::DataSpec& data, const std::vector<base::LossConfig>& losses,
                         const std::map<int, double>& class_weight, at::ScalarType type, at::Device device)
    : bindings_(BindInputs(graph, data)), joined_(bindings_.size()), type_(type), device_(device) {
  for (size_t i = 0; i < bindings_.size(); ++i) {
    inputs_.emplace_back();
    if (!bindings_[i].read) continue;
    for (const InputPart& part : bindings_[i].parts) inputs_[i].emplace_back(data.inputs[static_cast<size_t>(part.column)], part);
    if (TakesIndexes(graph, bindings_[i], graph.inputs[i])) inputs_[i][0].as_index = true;
  }
  for (size_t i = 0; i < data.targets.size(); ++i) {
    targets_.emplace_back(data.targets[i], InputPart{static_cast<int>(i), 0, base::ElementCount(data.targets[i].shape)});
    targets_.back().as_index = definitions::DefinitionOf(losses[i].kind).targets == definitions::Targets::kClassIndex;
  }
  SetClassWeights(class_weight);
}

void BatchLoader::SetClassWeights(const std::map<int, double>& class_weight) {
  class_weight_.clear();
  for (const auto& [index, weight] : class_weight) {
    if (index >= 0) class_weight_[index] = weight;
  }
}

const Batch& BatchLoader::Load(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n, Want want, bool class_weights) {
  const at::NoGradGuard no_grad;
  batch_.rows = n;
  batch_.inputs.clear();
  batch_.targets.clear();
  batch_.weights = at::Tensor();
  for (size_t i = 0; i < bindings_.size(); ++i) {
    const InputBinding& binding = bindings_[i];
    if (!binding.read) {
      batch_.inputs.emplace_back();
      continue;
    }
    at::Tensor data;
    const auto packed = [&buffer](const Column& column) { return buffer.inputs[static_cast<size_t>(column.part.column)]; };
    if (inputs_[i].size() == 1) {
      data = Gather(&inputs_[i][0], packed(inputs_[i][0]), rows, first, n);
    } else {
      data = Rows(&joined_[i], n, base::ElementCount(binding.shape), type_);
      int64_t at = 0;
      for (Column& column : inputs_[i]) {
        const at::Tensor part = Gather(&column, packed(column), rows, first, n);
        data.narrow(1, at, part.size(1)).copy_(part);
        at += part.size(1);
      }
    }
    batch_.inputs.push_back(data.view(BatchShape(n, binding.shape)).to(device_));
  }
  if (want == Want::kInputs) return batch_;
  for (size_t i = 0; i < targets_.size(); ++i) {
    batch_.targets.push_back(Gather(&targets_[i], buffer.targets[i], rows, first, n).view(BatchShape(n, targets_[i].spec.shape)));
  }
  batch_.weights = RowWeights(buffer, rows, first, n, class_weights);
  if (!device_.is_cpu()) {
    for (at::Tensor& target : batch_.targets) target = target.to(device_);
    if (batch_.weights.defined()) batch_.weights = batch_.weights.to(device_);
  }
  return batch_;
}

at::Tensor BatchLoader::Gather(Column* column, const uint8_t* packed, const int64_t* rows, int64_t first, int64_t n) {
  if (rows == nullptr) packed += static_cast<size_t>(first) * column->spec.row_bytes();
  const at::ScalarType type = column->as_index ? at::kLong : type_;
  at::Tensor out = Rows(&column->memory, n, column->as_float.row_elements(), type);
  if (column->as_index) {
    math::DecodeIndexes(column->spec, packed, rows, n, out.data_ptr<int64_t>(), column->part.first, column->part.count);
  } else if (type_ == at::kDouble) {
    column->as_double.Decode(packed, rows, n, out.data_ptr<double>());
  } else {
    column->as_float.Decode(packed, rows, n, out.data_ptr<float>());
  }
  return out;
}

at::Tensor BatchLoader::RowWeights(const base::Buffer& buffer, const int64_t* rows, int64_t first, int64_t n, bool class_weights) {
  at::Tensor weights;
  if (buffer.weights != nullptr) {
    weights = at::empty({n}, at::TensorOptions().dtype(at::kFloat));
    float* out = weights.data_ptr<float>();
    for (int64_t i = 0; i < n; ++i) {
      const int64_t row = rows == nullptr ? first + i : rows[i];
      std::memcpy(out + i, buffer.weights + static_cast<size_t>(row) * sizeof(float), sizeof(float));
    }
    weights = weights.to(type_);
  }
  if (class_weights && !class_weight_.empty()) {
    const at::Tensor by_class = ClassWeights(n);
    weights = weights.defined() ? weights * by_class : by_class;
  }
  return weights;
}

// Keras: the class is the index itself, or the position of the largest element, or, for a single element, its rounded
// value.
at::Tensor BatchLoader::ClassWeights(int64_t n) const {
  at::Tensor classes = batch_.targets[0].reshape({n, -1});
  if (classes.size(1) == 1) {
    classes = classes.select(1, 0);
    if (classes.is_floating_point()) classes = at::round(classes).to(at::kLong);
  } else {
    classes = classes.argmax(1);
  }
  const at::Tensor indexes = classes.contiguous();
  const int64_t* index = indexes.data_ptr<int64_t>();
  at::Tensor weights = at::ones({n}, at::TensorOptions().dtype(at::kDouble));
  double* out = weights.data_ptr<double>();
  for (int64_t i = 0; i < n; ++i) {
    const auto weight = class_weight_.find(index[i]);
    if (weight != class_weight_.end()) out[i] = weight->second;
  }
  return weights.to(type_);
}

}  // namespace engine::torch
