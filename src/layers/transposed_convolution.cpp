// Conv2DTranspose: filters ! positive, kernel_size ! pair, strides (1, 1), padding choice valid | same, output_padding
// null or list of two integers (null), data_format channels_last, dilation_rate (1, 1), then as Dense from activation
// on. Weights: kernel (height, width, filters, channels) [bias (filters)].
#include <algorithm>

#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::Shape;

// Keras's deconv_output_length. With an output_padding TensorFlow asks that the convolution which this one transposes
// gives the input's size back.
int64_t OutputSize(const Layer& layer, const Shape& input, size_t dimension) {
  const int64_t size = input[dimension], stride = ListElement(layer, "strides", dimension);
  const int64_t window = (ListElement(layer, "kernel_size", dimension) - 1) * ListElement(layer, "dilation_rate", dimension) + 1;
  const bool same = Text(layer, "padding") == "same";
  const base::Value& more = *layer.attributes.Find("output_padding");
  if (more.is_null()) return same ? size * stride : size * stride + std::max<int64_t>(window - stride, 0);
  const int64_t extra = more.list()[dimension].integer();
  if (extra >= stride) {
    Unfit(layer, "argument \"output_padding\" = " + std::to_string(extra) + " must be less than the stride " + std::to_string(stride));
  }
  const int64_t output = (size - 1) * stride + window - (same ? window / 2 * 2 : 0) + extra;
  const int64_t back = same ? (output + stride - 1) / stride : (output - window) / stride + 1;
  if (back != size) {
    Unfit(layer, "argument \"output_padding\" = " + std::to_string(extra) + " would make " + std::to_string(output) + " elements of the " +
                     std::to_string(size) + " of a dimension, of which a convolution makes " + std::to_string(back),
          "Use output_padding = null, or one that is greater.");
  }
  return output;
}

Shape OutputShape(const Layer& layer, const Shapes& inputs) {
  Shape shape = Image(layer, inputs);
  bool strided = false, dilated = false;
  for (size_t i = 0; i < 2; ++i) {
    shape[i] = OutputSize(layer, inputs[0], i);
    strided = strided || ListElement(layer, "strides", i) > 1;
    dilated = dilated || ListElement(layer, "dilation_rate", i) > 1;
  }
  if (strided && dilated) {
    Unfit(layer, "arguments \"strides\" and \"dilation_rate\" are both greater than 1", "Keras has one or the other.");
  }
  shape[2] = Int(layer, "filters");
  return shape;
}

std::vector<base::WeightSpec> Weights(const Layer& layer, const Shapes& inputs) {
  const int64_t filters = Int(layer, "filters");
  const Shape kernel = {ListElement(layer, "kernel_size", 0), ListElement(layer, "kernel_size", 1), filters, inputs[0].back()};
  std::vector<base::WeightSpec> weights = {Weight(layer, "kernel", "kernel", kernel)};
  if (Bool(layer, "use_bias")) weights.push_back(Weight(layer, "bias", "bias", {filters}));
  return weights;
}

// Every element of the input goes through the whole kernel.
double Flops(const Layer& layer, const Shapes& inputs, const Shape& output) {
  return 2 * Elements(inputs[0]) * WindowElements(layer, "kernel_size") * static_cast<double>(output.back()) + Finishing(layer, output);
}

LayerDefinition Define() {
  LayerDefinition conv;
  conv.kind = base::LayerKind::kConv2DTranspose;
  conv.class_names = {"Conv2DTranspose", "Convolution2DTranspose", "Deconvolution2D", "Deconv2D"};
  conv.arguments = {{"filters", ArgumentType::kPositive}, {"kernel_size", ArgumentType::kPair}, {"strides", ArgumentType::kPair, "1"},
                    kWindowPadding, {"output_padding", ArgumentType::kSizePairOrNull, "None"}, kDataFormat,
                    {"dilation_rate", ArgumentType::kPair, "1"}, kIgnoredGroups, Activation("activation", "'linear'"), kUseBias,
                    kKernelInitializer, kBiasInitializer, Regularizer("kernel_regularizer"), Regularizer("bias_regularizer"),
                    Constraint("kernel_constraint"), Constraint("bias_constraint"), kNoActivityRegularizer};
  conv.shape = OutputShape;
  conv.weights = Weights;
  conv.cost.work = Work::kConvolution;
  conv.cost.operations = 18;  // a convolution's, and the cut to size
  conv.cost.flops = Flops;
  conv.zeros = ZerosOfActivation;
  conv.range = RangeOfActivation;
  conv.exchange = {"ConvTranspose", {{"kernel", "weight", {3, 2, 0, 1}}, {"bias", "bias", {}}}};
  return conv;
}

}  // namespace

const LayerDefinition kConv2DTranspose = Define();

}  // namespace layers
