#include "engine/torch/tensors.hpp"

namespace engine::torch {

at::ScalarType ScalarTypeOf(base::DType precision) { return precision == base::DType::kFloat64 ? at::kDouble : at::kFloat; }

ModelTensors::ModelTensors(const base::Graph& graph, const StateLayout& layout, void* block, at::Device device) : block_(block) {
  const at::TensorOptions options = at::TensorOptions().dtype(ScalarTypeOf(layout.precision));
  const auto view = [&](const StateTensor& tensor) {
    return at::from_blob(static_cast<char*>(block) + tensor.offset, tensor.shape, options);
  };

  size_t next = 0;
  for (const base::Layer& layer : graph.layers) {
    Weights weights;
    for (const base::WeightSpec& spec : layer.weights) {
      const StateTensor& tensor = layout.tensors[next++];
      host_.push_back(view(tensor));
      device_.push_back(device.is_cpu() ? view(tensor) : host_.back().to(device));
      at::Tensor& weight = device_.back();
      weights.push_back(weight);
      if (!spec.trainable) continue;
      weight.set_requires_grad(true);
      const std::string where = layer.name + "/" + spec.name;
      parameters_.push_back({weight, host_.back(), {}, ReadRegularizer(spec, where), ReadConstraint(spec.constraint, where), where});
    }
    weights_.push_back(std::move(weights));
  }
  const size_t slots = parameters_.empty() ? 0 : (layout.tensors.size() - next) / parameters_.size();
  for (Parameter& parameter : parameters_) {
    for (size_t s = 0; s < slots; ++s) parameter.slots.push_back(view(layout.tensors[next++]));
  }
}

void ModelTensors::WriteBack() {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < host_.size(); ++i) {
    if (!device_[i].is_cpu()) host_[i].copy_(device_[i].detach());
  }
}

double ModelTensors::RegularizerLoss() const {
  const at::NoGradGuard no_grad;
  double loss = 0;
  for (const Parameter& parameter : parameters_) {
    if (!parameter.regularizer.empty()) loss += torch::RegularizerLoss(parameter.regularizer, parameter.host);
  }
  return loss;
}

}  // namespace engine::torch
