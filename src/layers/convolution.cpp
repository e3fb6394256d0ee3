// Conv2D: filters ! positive, kernel_size ! pair, strides (1, 1), padding choice valid | same, data_format
// channels_last, dilation_rate (1, 1), groups 1, then as Dense from activation on. Weights: kernel (height, width,
// channels / groups, filters) [bias (filters)].
// Conv1D: likewise with lists of one size, and the padding causal. Weights: kernel (size, channels / groups, filters)
// [bias (filters)].
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::LayerKind;
using base::Shape;

Shape OutputShape(const Layer& layer, const Shapes& inputs) {
  const Shape& input = UnderWindow(layer, inputs, "kernel_size");
  const int64_t groups = Int(layer, "groups"), filters = Int(layer, "filters");
  if (input.back() % groups != 0) {
    Unfit(layer, "the " + std::to_string(input.back()) + " channels of the input cannot be split into " + std::to_string(groups) + " groups");
  }
  if (filters % groups != 0) {
    Unfit(layer, "the " + std::to_string(filters) + " filters cannot be split into " + std::to_string(groups) + " groups");
  }
  Shape shape = UnderKernel(layer, inputs);
  shape.back() = filters;
  return shape;
}

std::vector<base::WeightSpec> Weights(const Layer& layer, const Shapes& inputs) {
  const int64_t filters = Int(layer, "filters");
  Shape kernel;
  for (size_t i = 0; i + 1 < inputs[0].size(); ++i) kernel.push_back(ListElement(layer, "kernel_size", i));
  kernel.push_back(inputs[0].back() / Int(layer, "groups"));
  kernel.push_back(filters);
  std::vector<base::WeightSpec> weights = {Weight(layer, "kernel", "kernel", kernel)};
  if (Bool(layer, "use_bias")) weights.push_back(Weight(layer, "bias", "bias", {filters}));
  return weights;
}

double Flops(const Layer& layer, const Shapes& inputs, const Shape& output) {
  const double channels = static_cast<double>(inputs[0].back() / Int(layer, "groups"));
  return 2 * Elements(output) * WindowElements(layer, "kernel_size") * channels + Finishing(layer, output);
}

LayerDefinition Define(LayerKind kind, std::vector<const char*> class_names, ArgumentType size, const char* paddings) {
  LayerDefinition conv;
  conv.kind = kind;
  conv.class_names = std::move(class_names);
  conv.arguments = {{"filters", ArgumentType::kPositive}, {"kernel_size", size}, {"strides", size, "1"},
                    {"padding", ArgumentType::kChoice, "'valid'", paddings}, kDataFormat, {"dilation_rate", size, "1"},
                    {"groups", ArgumentType::kPositive, "1"}, Activation("activation", "'linear'"), kUseBias, kKernelInitializer,
                    kBiasInitializer, Regularizer("kernel_regularizer"), Regularizer("bias_regularizer"), Constraint("kernel_constraint"),
                    Constraint("bias_constraint"), kNoActivityRegularizer};
  conv.shape = OutputShape;
  conv.weights = Weights;
  conv.cost.work = Work::kConvolution;
  conv.cost.operations = 16;  // a dense layer's, and what LibTorch does to choose and set up a convolution
  conv.cost.flops = Flops;
  conv.zeros = ZerosOfActivation;
  conv.range = RangeOfActivation;
  conv.exchange = {"Conv", {{"kernel", "weight", {3, 2, 0, 1}}, {"bias", "bias", {}}}};
  return conv;
}

LayerDefinition DefineConv1D() {
  LayerDefinition conv = Define(LayerKind::kConv1D, {"Conv1D", "Convolution1D"}, ArgumentType::kSingle, "valid same causal");
  conv.exchange.weights[0].axes = {2, 1, 0};
  return conv;
}

}  // namespace

const LayerDefinition kConv1D = DefineConv1D();
const LayerDefinition kConv2D = Define(LayerKind::kConv2D, {"Conv2D", "Convolution2D"}, ArgumentType::kPair, "valid same");

}  // namespace layers
