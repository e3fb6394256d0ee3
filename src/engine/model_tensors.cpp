#include "engine/model_tensors.hpp"

namespace engine {

at::ScalarType ScalarTypeOf(base::DType precision) { return precision == base::DType::kFloat64 ? at::kDouble : at::kFloat; }

ModelTensors::ModelTensors(const base::Graph& graph, const StateLayout& layout, void* block, at::Device device) : block_(block) {
  const at::TensorOptions options = at::TensorOptions().dtype(ScalarTypeOf(layout.precision));
  for (const StateTensor& tensor : layout.tensors) {
    host_.push_back(at::from_blob(static_cast<char*>(block) + tensor.offset, tensor.shape, options));
    device_.push_back(device.is_cpu() ? host_.back() : host_.back().to(device));
  }

  size_t next = 0;
  for (const base::Layer& layer : graph.layers) {
    Weights weights;
    for (const base::WeightSpec& spec : layer.weights) {
      at::Tensor& tensor = device_[next++];
      if (spec.trainable) {
        tensor.set_requires_grad(true);
        const std::string where = layer.name + "/" + spec.name;
        parameters_.push_back({tensor, {}, ReadRegularizer(spec.regularizer, where), ReadConstraint(spec.constraint, where)});
      }
      weights.push_back(tensor);
    }
    weights_.push_back(std::move(weights));
  }
  const size_t slots = parameters_.empty() ? 0 : (device_.size() - next) / parameters_.size();
  for (Parameter& parameter : parameters_) {
    for (size_t s = 0; s < slots; ++s) parameter.slots.push_back(device_[next++]);
  }
}

void ModelTensors::WriteBack() {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < host_.size(); ++i) {
    if (!host_[i].is_same(device_[i])) host_[i].copy_(device_[i].detach());
  }
}

double ModelTensors::RegularizerLoss() const {
  const at::NoGradGuard no_grad;
  double loss = 0;
  for (const Parameter& parameter : parameters_) {
    if (!parameter.regularizer.empty()) loss += parameter.regularizer.Loss(parameter.weight);
  }
  return loss;
}

}  // namespace engine
