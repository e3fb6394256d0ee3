// BatchNormalization: axis -1, momentum 0.99, epsilon 0.001, center, scale true, beta_initializer, gamma_initializer,
// moving_mean_initializer, moving_variance_initializer, beta_regularizer, gamma_regularizer, beta_constraint,
// gamma_constraint.
// Weights: [gamma] [beta] moving_mean moving_variance.
// GroupNormalization: groups 32 (-1 = as many as elements), axis -1, then as LayerNormalization. Weights: [gamma]
// [beta], one number for each element of the axis. UnitNormalization: axis axes [-1]. No weights.
// LayerNormalization: axis axes [-1], then likewise without momentum and the moving statistics. Weights: [gamma]
// [beta].
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::Shape;
using T = ArgumentType;

std::vector<base::WeightSpec> Weights(const Layer& layer, const Shapes& inputs) {
  Shape shape;
  for (const size_t axis : Axes(layer, inputs[0])) shape.push_back(inputs[0][axis]);
  std::vector<base::WeightSpec> weights;
  if (Bool(layer, "scale")) weights.push_back(Weight(layer, "gamma", "gamma", shape));
  if (Bool(layer, "center")) weights.push_back(Weight(layer, "beta", "beta", shape));
  return weights;
}

std::vector<base::WeightSpec> WeightsAndStatistics(const Layer& layer, const Shapes& inputs) {
  Shape shape;
  for (const size_t axis : Axes(layer, inputs[0])) shape.push_back(inputs[0][axis]);
  std::vector<base::WeightSpec> weights = Weights(layer, inputs);
  weights.push_back(Weight(layer, "moving_mean", "moving_mean", shape, false));
  weights.push_back(Weight(layer, "moving_variance", "moving_variance", shape, false));
  return weights;
}

// Mean 1, variance 3, normalising 2, scale and shift 2.
double Flops(const Layer&, const Shapes&, const Shape& output) { return 8 * Elements(output); }

LayerDefinition Define(base::LayerKind kind) {
  LayerDefinition normalization;
  normalization.kind = kind;
  normalization.shape = NormalizedShape;
  normalization.cost.work = Work::kElements;
  normalization.range = AnyRange;
  normalization.cost.operations = 3;
  normalization.cost.flops = Flops;
  return normalization;
}

LayerDefinition DefineBatch() {
  LayerDefinition batch = Define(base::LayerKind::kBatchNormalization);
  batch.class_names = {"BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2"};
  batch.arguments = {{"axis", T::kAxis, "-1"}, {"momentum", T::kFraction, "0.99"}, {"epsilon", T::kNonNegative, "0.001"},
                     {"center", T::kBool, "True"}, {"scale", T::kBool, "True"}, Initializer("beta_initializer", "'zeros'"),
                     Initializer("gamma_initializer", "'ones'"), Initializer("moving_mean_initializer", "'zeros'"),
                     Initializer("moving_variance_initializer", "'ones'"), Regularizer("beta_regularizer"), Regularizer("gamma_regularizer"),
                     Constraint("beta_constraint"), Constraint("gamma_constraint"), Absent("renorm"), Absent("virtual_batch_size"),
                     Absent("synchronized")};
  batch.ignored = {"fused", "renorm_clipping", "renorm_momentum"};  // the latter two say how renorm would be done
  batch.weights = WeightsAndStatistics;
  batch.exchange = {"BatchNormalization",
                    {{"gamma", "weight", {}, {}, nullptr, 1}, {"beta", "bias", {}, {}, nullptr, 0}, {"moving_mean", "running_mean", {}},
                     {"moving_variance", "running_var", {}}}};
  return batch;
}

LayerDefinition DefineLayer() {
  LayerDefinition layer = Define(base::LayerKind::kLayerNormalization);
  layer.class_names = {"LayerNormalization"};
  layer.arguments = {{"axis", T::kAxes, "-1"}, {"epsilon", T::kNonNegative, "0.001"}, {"center", T::kBool, "True"},
                     {"scale", T::kBool, "True"}, Initializer("beta_initializer", "'zeros'"), Initializer("gamma_initializer", "'ones'"),
                     Regularizer("beta_regularizer"), Regularizer("gamma_regularizer"), Constraint("beta_constraint"),
                     Constraint("gamma_constraint"), Absent("rms_scaling")};
  layer.weights = Weights;
  layer.exchange = {"LayerNormalization", {{"gamma", "weight", {}}, {"beta", "bias", {}}}};
  return layer;
}

Shape GroupedShape(const Layer& layer, const Shapes& inputs) {
  const int64_t size = inputs[0][Axes(layer, inputs[0])[0]], groups = Int(layer, "groups");
  if (groups != -1 && size % groups != 0) {
    Unfit(layer, "the " + std::to_string(size) + " elements of axis " + std::to_string(Int(layer, "axis")) + " cannot be split into " +
                     std::to_string(groups) + " groups, the input is " + base::FormatShape(inputs[0]),
          "Keras's default is 32 groups; -1 makes a group of each element.");
  }
  return inputs[0];
}

LayerDefinition DefineGroupNormalization() {
  LayerDefinition group = Define(base::LayerKind::kGroupNormalization);
  group.class_names = {"GroupNormalization"};
  group.arguments = {{"groups", T::kGroups, "32"}, {"axis", T::kAxis, "-1"}, {"epsilon", T::kNonNegative, "0.001"},
                     {"center", T::kBool, "True"}, {"scale", T::kBool, "True"}, Initializer("beta_initializer", "'zeros'"),
                     Initializer("gamma_initializer", "'ones'"), Regularizer("beta_regularizer"), Regularizer("gamma_regularizer"),
                     Constraint("beta_constraint"), Constraint("gamma_constraint")};
  group.shape = GroupedShape;
  group.weights = Weights;
  group.exchange = {"GroupNormalization", {{"gamma", "weight", {}}, {"beta", "bias", {}}}};
  return group;
}

// A square and a sum, the root once, a product.
double FlopsOfUnit(const Layer&, const Shapes&, const Shape& output) { return 3 * Elements(output); }

LayerDefinition DefineUnit() {
  LayerDefinition unit = Define(base::LayerKind::kUnitNormalization);
  unit.class_names = {"UnitNormalization"};
  unit.arguments = {{"axis", T::kAxes, "-1"}};
  unit.cost.flops = FlopsOfUnit;
  unit.exchange.onnx = "LpNormalization";
  return unit;
}

}  // namespace

const LayerDefinition kBatchNormalization = DefineBatch();
const LayerDefinition kLayerNormalization = DefineLayer();
const LayerDefinition kGroupNormalization = DefineGroupNormalization();
const LayerDefinition kUnitNormalization = DefineUnit();

}  // namespace layers
