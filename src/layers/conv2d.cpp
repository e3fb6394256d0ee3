// Conv2D: filters ! positive, kernel_size ! pair, strides (1, 1), padding choice valid | same, data_format
// channels_last, dilation_rate (1, 1), groups 1, then as Dense from activation on. Weights: kernel (height, width,
// channels / groups, filters) [bias (filters)].
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::Shape;

Shape OutputShape(const Layer& layer, const Shapes& inputs) {
  const Shape& image = Image(layer, inputs);
  const int64_t groups = Int(layer, "groups"), filters = Int(layer, "filters");
  if (image[2] % groups != 0) {
    Unfit(layer, "the " + std::to_string(image[2]) + " channels of the input cannot be split into " + std::to_string(groups) + " groups");
  }
  if (filters % groups != 0) {
    Unfit(layer, "the " + std::to_string(filters) + " filters cannot be split into " + std::to_string(groups) + " groups");
  }
  Shape shape(3);
  bool strided = false, dilated = false;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t stride = PairElement(layer, "strides", i), dilation = PairElement(layer, "dilation_rate", i);
    strided = strided || stride > 1;
    dilated = dilated || dilation > 1;
    shape[i] = Slide(layer, image, i, "the kernel", (PairElement(layer, "kernel_size", i) - 1) * dilation + 1, stride);
  }
  if (strided && dilated) {
    Unfit(layer, "arguments \"strides\" and \"dilation_rate\" are both greater than 1", "Keras has one or the other.");
  }
  shape[2] = filters;
  return shape;
}

std::vector<base::WeightSpec> Weights(const Layer& layer, const Shapes& inputs) {
  const int64_t filters = Int(layer, "filters"), channels = inputs[0].back() / Int(layer, "groups");
  const Shape kernel = {PairElement(layer, "kernel_size", 0), PairElement(layer, "kernel_size", 1), channels, filters};
  std::vector<base::WeightSpec> weights = {Weight(layer, "kernel", "kernel", kernel)};
  if (Bool(layer, "use_bias")) weights.push_back(Weight(layer, "bias", "bias", {filters}));
  return weights;
}

double Flops(const Layer& layer, const Shapes& inputs, const Shape& output) {
  const double window =
      static_cast<double>(PairElement(layer, "kernel_size", 0)) * static_cast<double>(PairElement(layer, "kernel_size", 1));
  const double channels = static_cast<double>(inputs[0].back() / Int(layer, "groups"));
  return 2 * Elements(output) * window * channels + Finishing(layer, output);
}

LayerDefinition Define() {
  LayerDefinition conv;
  conv.kind = base::LayerKind::kConv2D;
  conv.class_names = {"Conv2D", "Convolution2D"};
  conv.arguments = {{"filters", ArgumentType::kPositive}, {"kernel_size", ArgumentType::kPair}, {"strides", ArgumentType::kPair, "1"},
                    kWindowPadding, kDataFormat, {"dilation_rate", ArgumentType::kPair, "1"}, {"groups", ArgumentType::kPositive, "1"},
                    Activation("activation", "'linear'"), kUseBias, kKernelInitializer, kBiasInitializer, Regularizer("kernel_regularizer"),
                    Regularizer("bias_regularizer"), Constraint("kernel_constraint"), Constraint("bias_constraint"),
                    kNoActivityRegularizer};
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

}  // namespace

const LayerDefinition kConv2D = Define();

}  // namespace layers
