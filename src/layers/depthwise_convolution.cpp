// DepthwiseConv2D: kernel_size ! pair, strides (1, 1), padding choice valid | same, depth_multiplier 1, data_format
// channels_last, dilation_rate (1, 1), activation linear, use_bias true, depthwise_initializer, bias_initializer,
// depthwise_regularizer, bias_regularizer, depthwise_constraint, bias_constraint. Output channel c * depth_multiplier +
// m comes from channel c alone. Weights: depthwise_kernel (height, width, channels, depth_multiplier) [bias (channels *
// depth_multiplier)].
// SeparableConv2D: filters ! positive, then likewise with pointwise_initializer, pointwise_regularizer and
// pointwise_constraint behind those of depthwise: a depthwise convolution, then one of single pixels. Weights:
// depthwise_kernel as above, pointwise_kernel (1, 1, channels * depth_multiplier, filters) [bias (filters)].
// DepthwiseConv1D, SeparableConv1D: likewise with lists of one size; SeparableConv1D has the padding causal, too.
// Weights: depthwise_kernel (size, channels, depth_multiplier), pointwise_kernel (1, channels * depth_multiplier,
// filters).
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::LayerKind;
using base::Shape;
using T = ArgumentType;

bool IsSeparable(const Layer& layer) {
  return layer.kind == LayerKind::kSeparableConv1D || layer.kind == LayerKind::kSeparableConv2D;
}

int64_t Between(const Layer& layer, const Shapes& inputs) { return inputs[0].back() * Int(layer, "depth_multiplier"); }

Shape OutputShape(const Layer& layer, const Shapes& inputs) {
  Shape shape = UnderKernel(layer, inputs);
  shape.back() = IsSeparable(layer) ? Int(layer, "filters") : Between(layer, inputs);
  return shape;
}

std::vector<base::WeightSpec> Weights(const Layer& layer, const Shapes& inputs) {
  const size_t dimensions = inputs[0].size() - 1;
  Shape kernel;
  for (size_t i = 0; i < dimensions; ++i) kernel.push_back(ListElement(layer, "kernel_size", i));
  kernel.push_back(inputs[0].back());
  kernel.push_back(Int(layer, "depth_multiplier"));
  std::vector<base::WeightSpec> weights = {Weight(layer, "depthwise_kernel", "depthwise", kernel)};
  int64_t channels = Between(layer, inputs);
  if (IsSeparable(layer)) {
    Shape pointwise(dimensions, 1);
    pointwise.push_back(channels);
    channels = Int(layer, "filters");
    pointwise.push_back(channels);
    weights.push_back(Weight(layer, "pointwise_kernel", "pointwise", pointwise));
  }
  if (Bool(layer, "use_bias")) weights.push_back(Weight(layer, "bias", "bias", {channels}));
  return weights;
}

double Flops(const Layer& layer, const Shapes& inputs, const Shape& output) {
  const double between = static_cast<double>(Between(layer, inputs)), positions = Elements(output) / static_cast<double>(output.back());
  const double depthwise = 2 * positions * between * WindowElements(layer, "kernel_size");
  return depthwise + (IsSeparable(layer) ? 2 * Elements(output) * between : 0) + Finishing(layer, output);
}

LayerDefinition Define(LayerKind kind, std::vector<const char*> class_names, T size, const char* paddings, bool separable) {
  LayerDefinition conv;
  conv.kind = kind;
  conv.class_names = std::move(class_names);
  if (separable) conv.arguments = {{"filters", T::kPositive}};
  const std::vector<Argument> window = {{"kernel_size", size}, {"strides", size, "1"}, {"padding", T::kChoice, "'valid'", paddings},
                                        {"depth_multiplier", T::kPositive, "1"}, kDataFormat, {"dilation_rate", size, "1"}, kIgnoredGroups,
                                        Activation("activation", "'linear'"), kUseBias,
                                        Initializer("depthwise_initializer", "'glorot_uniform'")};
  conv.arguments.insert(conv.arguments.end(), window.begin(), window.end());
  if (separable) conv.arguments.push_back(Initializer("pointwise_initializer", "'glorot_uniform'"));
  conv.arguments.push_back(kBiasInitializer);
  conv.arguments.push_back(Regularizer("depthwise_regularizer"));
  if (separable) conv.arguments.push_back(Regularizer("pointwise_regularizer"));
  conv.arguments.push_back(Regularizer("bias_regularizer"));
  conv.arguments.push_back(Constraint("depthwise_constraint"));
  if (separable) conv.arguments.push_back(Constraint("pointwise_constraint"));
  conv.arguments.push_back(Constraint("bias_constraint"));
  conv.arguments.push_back(kNoActivityRegularizer);
  // Keras writes them and has no such weight
  conv.ignored = {"kernel_initializer", "kernel_regularizer", "kernel_constraint"};
  conv.shape = OutputShape;
  conv.weights = Weights;
  // few operations on what is read: no product in tiles
  conv.cost.work = separable ? Work::kConvolution : Work::kElements;
  conv.cost.operations = separable ? 28 : 16;
  conv.cost.flops = Flops;
  conv.zeros = ZerosOfActivation;
  conv.range = RangeOfActivation;
  conv.exchange.onnx = separable ? nullptr : "Conv";
  // PyTorch: a convolution with as many groups as channels; a separable one is a module of two, as those are usually named
  const std::vector<int> axes = size == T::kPair ? std::vector<int>{3, 2, 0, 1} : std::vector<int>{2, 1, 0};
  Exchange::Weight depthwise{"depthwise_kernel", separable ? "depthwise.weight" : "weight", axes};
  depthwise.depthwise = true;
  conv.exchange.weights = {depthwise};
  if (separable) conv.exchange.weights.push_back({"pointwise_kernel", "pointwise.weight", axes});
  conv.exchange.weights.push_back({"bias", separable ? "pointwise.bias" : "bias", {}});
  return conv;
}

}  // namespace

const LayerDefinition kDepthwiseConv1D = Define(LayerKind::kDepthwiseConv1D, {"DepthwiseConv1D"}, T::kSingle, "valid same", false);
const LayerDefinition kDepthwiseConv2D = Define(LayerKind::kDepthwiseConv2D, {"DepthwiseConv2D"}, T::kPair, "valid same", false);
const LayerDefinition kSeparableConv1D =
    Define(LayerKind::kSeparableConv1D, {"SeparableConv1D", "SeparableConvolution1D"}, T::kSingle, "valid same causal", true);
const LayerDefinition kSeparableConv2D =
    Define(LayerKind::kSeparableConv2D, {"SeparableConv2D", "SeparableConvolution2D"}, T::kPair, "valid same", true);

}  // namespace layers
