// Dense: units ! positive, activation linear, use_bias true, kernel_initializer, bias_initializer, kernel_regularizer,
// bias_regularizer, kernel_constraint, bias_constraint. Weights: kernel (in, units) [bias (units)].
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::Shape;

Shape OutputShape(const Layer& layer, const Shapes& inputs) {
  if (inputs[0].empty()) Unfit(layer, "needs an input with a dimension, got a scalar");
  Shape shape = inputs[0];
  shape.back() = Int(layer, "units");
  return shape;
}

std::vector<base::WeightSpec> Weights(const Layer& layer, const Shapes& inputs) {
  const int64_t units = Int(layer, "units");
  std::vector<base::WeightSpec> weights = {Weight(layer, "kernel", "kernel", {inputs[0].back(), units})};
  if (Bool(layer, "use_bias")) weights.push_back(Weight(layer, "bias", "bias", {units}));
  return weights;
}

double Flops(const Layer& layer, const Shapes& inputs, const Shape& output) {
  return 2 * Elements(output) * static_cast<double>(inputs[0].back()) + Finishing(layer, output);
}

LayerDefinition Define() {
  LayerDefinition dense;
  dense.kind = base::LayerKind::kDense;
  dense.class_names = {"Dense"};
  dense.arguments = {{"units", ArgumentType::kPositive}, Activation("activation", "'linear'"), kUseBias, kKernelInitializer,
                     kBiasInitializer, Regularizer("kernel_regularizer"), Regularizer("bias_regularizer"), Constraint("kernel_constraint"),
                     Constraint("bias_constraint"), kNoActivityRegularizer, Absent("lora_rank")};
  dense.shape = OutputShape;
  dense.weights = Weights;
  dense.cost.work = Work::kDense;
  dense.cost.operations = 4;  // product, bias, activation, sums for the bias's gradient
  dense.cost.flops = Flops;
  dense.zeros = ZerosOfActivation;
  dense.range = RangeOfActivation;
  dense.exchange = {"Gemm", {{"kernel", "weight", {1, 0}}, {"bias", "bias", {}}}};
  return dense;
}

}  // namespace

const LayerDefinition kDense = Define();

}  // namespace layers
