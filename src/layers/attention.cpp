// Dot: axes ! two axes; normalize false. Inputs a and b. The products of their vectors along these axes: the output has
// the other dimensions of a, then those of b, and (1) where none is left. normalize: vectors of length 1.
//
// Attention (Luong et al. 2015): use_scale false, score_mode dot | concat, dropout 0.0 rate, causal false. Inputs query
// (Tq, d), value (Tv, dv) and perhaps key (Tv, d), which is the value without it. Weights: [scale ()] with use_scale,
// [concat_score_weight ()] with score_mode concat.
// AdditiveAttention (Bahdanau et al. 2015): use_scale true, dropout 0.0 rate, causal false. Weights: [scale (d)].
//
// MultiHeadAttention (Vaswani et al. 2017): num_heads !, key_dim !, value_dim null (key_dim), dropout 0.0 rate, use_bias
// true, output_shape null (the query's), kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
// kernel_constraint, bias_constraint, use_causal_mask false. Inputs query (Tq, d), value (Tv, dv) and perhaps key (Tv, dk),
// which is the value without it. Weights: query_kernel (d, heads, key_dim) [query_bias (heads, key_dim)], key_kernel (dk, heads,
// key_dim) [key_bias], value_kernel (dv, heads, value_dim) [value_bias (heads, value_dim)], output_kernel (heads,
// value_dim, out) [output_bias (out)].
//
// causal and use_causal_mask: a position of the query sees values up to its own. Keras takes it from the call.
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::LayerKind;
using base::Shape;
using T = ArgumentType;

// ---------------------------------------------------------------- Dot

// The position of one of the two axes in an input's shape.
size_t DotAxis(const Layer& layer, const Shape& shape, size_t input) {
  const int64_t given = layer.attributes.Find("axes")->list()[input].integer(), rank = static_cast<int64_t>(shape.size()) + 1;
  const int64_t position = given < 0 ? given + rank : given;
  if (position < 1 || position >= rank) {
    Unfit(layer, "argument \"axes\" = " + std::to_string(given) + " is no dimension of the input " + base::FormatShape(shape),
          "Axis 0 is the batch; -1 is the last dimension.");
  }
  return static_cast<size_t>(position - 1);
}

Shape DotShape(const Layer& layer, const Shapes& inputs) {
  const size_t axes[] = {DotAxis(layer, inputs[0], 0), DotAxis(layer, inputs[1], 1)};
  if (inputs[0][axes[0]] != inputs[1][axes[1]]) {
    Unfit(layer, "its axes have " + std::to_string(inputs[0][axes[0]]) + " and " + std::to_string(inputs[1][axes[1]]) +
                     " elements, the inputs are " + base::FormatShape(inputs[0]) + " and " + base::FormatShape(inputs[1]));
  }
  Shape shape;
  for (size_t i = 0; i < 2; ++i) {
    for (size_t d = 0; d < inputs[i].size(); ++d) {
      if (d != axes[i]) shape.push_back(inputs[i][d]);
    }
  }
  return shape.empty() ? Shape{1} : shape;
}

double DotFlops(const Layer& layer, const Shapes& inputs, const Shape& output) {
  return 2 * Elements(output) * static_cast<double>(inputs[0][DotAxis(layer, inputs[0], 0)]);
}

LayerDefinition DefineDot() {
  LayerDefinition dot;
  dot.kind = LayerKind::kDot;
  dot.class_names = {"Dot"};
  dot.arguments = {{"axes", T::kTwoAxes}, {"normalize", T::kBool, "False"}};
  dot.min_inputs = dot.max_inputs = 2;
  dot.shape = DotShape;
  dot.cost.work = Work::kDense;
  dot.cost.operations = 3;
  dot.cost.flops = DotFlops;
  return dot;
}

// ---------------------------------------------------------------- attention

// The shape of input 2, the keys: that of the values where there is none.
const Shape& Keys(const Shapes& inputs) { return inputs.size() == 3 ? inputs[2] : inputs[1]; }

void CheckSequences(const Layer& layer, const Shapes& inputs) {
  for (const Shape& input : inputs) {
    if (input.size() == 2) continue;
    Unfit(layer, "needs inputs of shape (time, features), got " + base::FormatShape(input), "They are query, value and perhaps key.");
  }
  if (Keys(inputs)[0] != inputs[1][0]) {
    Unfit(layer, "has " + std::to_string(inputs[1][0]) + " values and " + std::to_string(Keys(inputs)[0]) + " keys");
  }
}

Shape AttentionShape(const Layer& layer, const Shapes& inputs) {
  CheckSequences(layer, inputs);
  if (inputs[0][1] != Keys(inputs)[1]) {
    Unfit(layer, "its query has " + std::to_string(inputs[0][1]) + " features and its key " + std::to_string(Keys(inputs)[1]));
  }
  return {inputs[0][0], inputs[1][1]};
}

base::WeightSpec Filled(const char* name, Shape shape, const char* initializer) {
  base::WeightSpec weight;
  weight.name = name;
  weight.shape = std::move(shape);
  weight.initializer = ReadArgument(Initializer("", initializer), base::Value(initializer), {}, {});
  return weight;
}

std::vector<base::WeightSpec> AttentionWeights(const Layer& layer, const Shapes&) {
  std::vector<base::WeightSpec> weights;
  if (Bool(layer, "use_scale")) weights.push_back(Filled("scale", {}, "ones"));
  if (Text(layer, "score_mode") == "concat") weights.push_back(Filled("concat_score_weight", {}, "ones"));
  return weights;
}

std::vector<base::WeightSpec> AdditiveWeights(const Layer& layer, const Shapes& inputs) {
  if (!Bool(layer, "use_scale")) return {};
  return {Filled("scale", {inputs[0][1]}, "glorot_uniform")};
}

// Scores, their softmax and the products with the values.
double ProductsOf(const Shapes& inputs, double features, double value_features) {
  return static_cast<double>(inputs[0][0]) * static_cast<double>(inputs[1][0]) * (2 * (features + value_features) + 4);
}

LayerDefinition DefineAttention(LayerKind kind, const char* class_name) {
  LayerDefinition attention;
  attention.kind = kind;
  attention.class_names = {class_name};
  attention.min_inputs = 2;
  attention.max_inputs = 3;
  attention.shape = AttentionShape;
  attention.cost.work = Work::kDense;
  attention.cost.operations = 6;
  attention.cost.flops = [](const Layer&, const Shapes& inputs, const Shape&) {
    return ProductsOf(inputs, static_cast<double>(inputs[0][1]), static_cast<double>(inputs[1][1]));
  };
  return attention;
}

LayerDefinition DefineLuong() {
  LayerDefinition attention = DefineAttention(LayerKind::kAttention, "Attention");
  attention.arguments = {{"use_scale", T::kBool, "False"}, {"score_mode", T::kChoice, "'dot'", "dot concat"}, {"dropout", T::kRate, "0.0"},
                         {"causal", T::kBool, "False"}};
  attention.ignored = {"seed"};
  attention.weights = AttentionWeights;
  return attention;
}

LayerDefinition DefineAdditive() {
  LayerDefinition attention = DefineAttention(LayerKind::kAdditiveAttention, "AdditiveAttention");
  attention.arguments = {{"use_scale", T::kBool, "True"}, {"dropout", T::kRate, "0.0"}, {"causal", T::kBool, "False"}};
  attention.ignored = {"seed", "score_mode"};
  attention.weights = AdditiveWeights;
  return attention;
}

// ---------------------------------------------------------------- MultiHeadAttention

int64_t ValueDim(const Layer& layer) {
  const base::Value& given = *layer.attributes.Find("value_dim");
  return given.is_null() ? Int(layer, "key_dim") : given.integer();
}

int64_t OutputDim(const Layer& layer, const Shapes& inputs) {
  const base::Value& given = *layer.attributes.Find("output_shape");
  return given.is_null() ? inputs[0][1] : given.integer();
}

Shape MultiHeadShape(const Layer& layer, const Shapes& inputs) {
  CheckSequences(layer, inputs);
  return {inputs[0][0], OutputDim(layer, inputs)};
}

std::vector<base::WeightSpec> MultiHeadWeights(const Layer& layer, const Shapes& inputs) {
  const int64_t heads = Int(layer, "num_heads"), key_dim = Int(layer, "key_dim"), value_dim = ValueDim(layer);
  std::vector<base::WeightSpec> weights;
  const auto add = [&](const std::string& name, Shape kernel, Shape bias) {
    weights.push_back(Weight(layer, name + "_kernel", "kernel", std::move(kernel)));
    if (Bool(layer, "use_bias")) weights.push_back(Weight(layer, name + "_bias", "bias", std::move(bias)));
  };
  add("query", {inputs[0][1], heads, key_dim}, {heads, key_dim});
  add("key", {Keys(inputs)[1], heads, key_dim}, {heads, key_dim});
  add("value", {inputs[1][1], heads, value_dim}, {heads, value_dim});
  add("output", {heads, value_dim, OutputDim(layer, inputs)}, {OutputDim(layer, inputs)});
  return weights;
}

double MultiHeadFlops(const Layer& layer, const Shapes& inputs, const Shape& output) {
  const double heads = static_cast<double>(Int(layer, "num_heads")), key_dim = static_cast<double>(Int(layer, "key_dim"));
  const double value_dim = static_cast<double>(ValueDim(layer));
  return 2 * heads * (Elements(inputs[0]) * key_dim + Elements(Keys(inputs)) * key_dim + Elements(inputs[1]) * value_dim +
                      Elements(output) * value_dim) +
         heads * ProductsOf(inputs, key_dim, value_dim);
}

LayerDefinition DefineMultiHead() {
  LayerDefinition attention;
  attention.kind = LayerKind::kMultiHeadAttention;
  attention.class_names = {"MultiHeadAttention"};
  attention.arguments = {{"num_heads", T::kPositive}, {"key_dim", T::kPositive}, {"value_dim", T::kPositiveOrNull, "None"},
                         {"dropout", T::kRate, "0.0"}, kUseBias, {"output_shape", T::kPositiveOrNull, "None"}, kKernelInitializer,
                         kBiasInitializer, Regularizer("kernel_regularizer"), Regularizer("bias_regularizer"),
                         Constraint("kernel_constraint"), Constraint("bias_constraint"), {"use_causal_mask", T::kBool, "False"},
                         Absent("attention_axes"), kNoActivityRegularizer};
  attention.ignored = {"query_shape", "key_shape", "value_shape", "flash_attention", "seed"};
  attention.min_inputs = 2;
  attention.max_inputs = 3;
  attention.shape = MultiHeadShape;
  attention.weights = MultiHeadWeights;
  attention.cost.work = Work::kDense;
  attention.cost.operations = 20;
  attention.cost.flops = MultiHeadFlops;
  return attention;
}

}  // namespace

const LayerDefinition kDot = DefineDot();
const LayerDefinition kAttention = DefineLuong();
const LayerDefinition kAdditiveAttention = DefineAdditive();
const LayerDefinition kMultiHeadAttention = DefineMultiHead();

}  // namespace layers
