#include "wire/layer_rules.hpp"

namespace wire {
namespace {

using base::Layer;
using base::Shape;
using base::Value;
using base::WeightSpec;

Value AttributeOrNull(const Layer& layer, const std::string& name) {
  const Value* value = layer.attributes.Find(name);
  return value == nullptr ? Value() : *value;
}

// A weight whose arguments are <prefix>_initializer, <prefix>_regularizer and <prefix>_constraint.
WeightSpec Weight(const Layer& layer, const std::string& name, const std::string& prefix, Shape shape, bool trainable = true) {
  WeightSpec weight;
  weight.name = name;
  weight.shape = std::move(shape);
  weight.trainable = trainable;
  weight.initializer = AttributeOrNull(layer, prefix + "_initializer");
  weight.regularizer = AttributeOrNull(layer, prefix + "_regularizer");
  weight.constraint = AttributeOrNull(layer, prefix + "_constraint");
  return weight;
}

}  // namespace

std::vector<WeightSpec> DenseWeights(const Layer& layer, const Shapes& inputs) {
  const int64_t units = Int(layer, "units");
  std::vector<WeightSpec> weights = {Weight(layer, "kernel", "kernel", {inputs[0].back(), units})};
  if (Bool(layer, "use_bias")) weights.push_back(Weight(layer, "bias", "bias", {units}));
  return weights;
}

std::vector<WeightSpec> Conv2DWeights(const Layer& layer, const Shapes& inputs) {
  const int64_t filters = Int(layer, "filters"), channels = inputs[0].back() / Int(layer, "groups");
  const Shape kernel = {PairElement(layer, "kernel_size", 0), PairElement(layer, "kernel_size", 1), channels, filters};
  std::vector<WeightSpec> weights = {Weight(layer, "kernel", "kernel", kernel)};
  if (Bool(layer, "use_bias")) weights.push_back(Weight(layer, "bias", "bias", {filters}));
  return weights;
}

std::vector<WeightSpec> NormalizationWeights(const Layer& layer, const Shapes& inputs) {
  Shape shape;
  for (const size_t axis : Axes(layer, inputs[0])) shape.push_back(inputs[0][axis]);
  std::vector<WeightSpec> weights;
  if (Bool(layer, "scale")) weights.push_back(Weight(layer, "gamma", "gamma", shape));
  if (Bool(layer, "center")) weights.push_back(Weight(layer, "beta", "beta", shape));
  if (layer.kind == base::LayerKind::kBatchNormalization) {
    weights.push_back(Weight(layer, "moving_mean", "moving_mean", shape, false));
    weights.push_back(Weight(layer, "moving_variance", "moving_variance", shape, false));
  }
  return weights;
}

std::vector<WeightSpec> EmbeddingWeights(const Layer& layer, const Shapes&) {
  return {Weight(layer, "embeddings", "embeddings", {Int(layer, "input_dim"), Int(layer, "output_dim")})};
}

std::vector<WeightSpec> RecurrentWeights(const Layer& layer, const Shapes& inputs) {
  const bool lstm = layer.kind == base::LayerKind::kLSTM;
  const int64_t units = Int(layer, "units"), columns = units * (lstm ? 4 : 3);
  std::vector<WeightSpec> weights = {Weight(layer, "kernel", "kernel", {inputs[0].back(), columns}),
                                     Weight(layer, "recurrent_kernel", "recurrent", {units, columns})};
  if (!Bool(layer, "use_bias")) return weights;
  const bool two_biases = !lstm && Bool(layer, "reset_after");
  WeightSpec bias = Weight(layer, "bias", "bias", two_biases ? Shape{2, columns} : Shape{columns});
  if (lstm && Bool(layer, "unit_forget_bias")) {
    base::Dict config = {{"bias_initializer", std::move(bias.initializer)}};
    bias.initializer = Value(base::Dict{{"class_name", Value("UnitForgetBias")}, {"config", Value(std::move(config))}});
  }
  weights.push_back(std::move(bias));
  return weights;
}

}  // namespace wire
