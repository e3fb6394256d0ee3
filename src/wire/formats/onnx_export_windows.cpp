// Convolutions and pooling as ONNX operators: windows, their strides and padding, and kernels in ONNX's order.
#include "wire/formats/onnx_exporter.hpp"

#include <algorithm>

namespace wire {
namespace onnx {

std::vector<int64_t> Exporter::Sizes(const char* argument) const {
  std::vector<int64_t> sizes;
  for (const base::Value& size : layer_->attributes.Find(argument)->list()) sizes.push_back(size.integer());
  return sizes;
}

std::vector<int64_t> Exporter::PadsOf(const std::vector<int64_t>& window, const std::vector<int64_t>& strides) const {
  const size_t dimensions = window.size();
  std::vector<int64_t> pads(2 * dimensions);
  const std::string& padding = Text(*layer_, "padding");
  for (size_t i = 0; i < dimensions && padding != "valid"; ++i) {
    const int64_t size = InputShape()[i], out = (size + strides[i] - 1) / strides[i];
    const int64_t total = std::max<int64_t>((out - 1) * strides[i] + window[i] - size, 0);
    pads[i] = padding == "causal" ? window[i] - 1 : total / 2;
    pads[i + dimensions] = padding == "causal" ? 0 : total - total / 2;
  }
  return pads;
}

std::string Exporter::Convolved(const std::vector<std::string>& inputs, const Shape& kernel, int64_t groups) {
  const std::vector<int64_t> strides = Sizes("strides"), dilations = Sizes("dilation_rate");
  std::vector<int64_t> sizes(kernel.begin(), kernel.end() - 2), window;
  for (size_t i = 0; i < sizes.size(); ++i) window.push_back((sizes[i] - 1) * dilations[i] + 1);
  const std::string y = Op("Conv", inputs);
  SetInts("kernel_shape", sizes);
  SetInts("strides", strides);
  SetInts("dilations", dilations);
  SetInt("group", groups);
  SetInts("pads", PadsOf(window, strides));
  return y;
}

std::string Exporter::Kernel(const char* weight) {
  const Shape kernel = Find(weight)->spec->shape;
  const int64_t in = kernel[kernel.size() - 2], out = kernel.back(), window = base::ElementCount(kernel) / (in * out);
  Shape shape = {out, in};
  shape.insert(shape.end(), kernel.begin(), kernel.end() - 2);
  return Made(weight, shape, [&] {
    const std::vector<float> ours = Values(weight);
    std::vector<float> theirs;
    theirs.reserve(ours.size());
    for (int64_t o = 0; o < out; ++o) {
      for (int64_t i = 0; i < in; ++i) {
        for (int64_t at = 0; at < window; ++at) theirs.push_back(ours[static_cast<size_t>((at * in + i) * out + o)]);
      }
    }
    return theirs;
  });
}

std::string Exporter::DepthwiseKernel() {
  const Shape kernel = Find("depthwise_kernel")->spec->shape;
  const int64_t channels = kernel[kernel.size() - 2] * kernel.back(), window = base::ElementCount(kernel) / channels;
  Shape shape = {channels, 1};
  shape.insert(shape.end(), kernel.begin(), kernel.end() - 2);
  return Made("depthwise_kernel", shape, [&] {
    const std::vector<float> ours = Values("depthwise_kernel");
    std::vector<float> theirs;
    theirs.reserve(ours.size());
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t at = 0; at < window; ++at) theirs.push_back(ours[static_cast<size_t>(at * channels + c)]);
    }
    return theirs;
  });
}

Names Exporter::Convolution() {
  std::vector<std::string> inputs = {FirstInput(), Kernel("kernel")};
  if (Has("bias")) inputs.push_back(Weight("bias"));
  const std::string y = Convolved(inputs, Find("kernel")->spec->shape, Integer(*layer_, "groups"));
  return AsFirst(Activated(y, Text(*layer_, "activation"), true));
}

Names Exporter::DepthwiseConvolution() {
  std::vector<std::string> inputs = {FirstInput(), DepthwiseKernel()};
  if (Has("bias")) inputs.push_back(Weight("bias"));
  const std::string y = Convolved(inputs, Find("depthwise_kernel")->spec->shape, InputShape().back());
  return AsFirst(Activated(y, Text(*layer_, "activation"), true));
}

Names Exporter::SeparableConvolution() {
  const std::string between = Convolved({FirstInput(), DepthwiseKernel()}, Find("depthwise_kernel")->spec->shape, InputShape().back());
  std::vector<std::string> inputs = {between, Kernel("pointwise_kernel")};
  if (Has("bias")) inputs.push_back(Weight("bias"));
  const std::string y = Op("Conv", inputs);
  SetInts("kernel_shape", std::vector<int64_t>(InputShape().size() - 1, 1));
  return AsFirst(Activated(y, Text(*layer_, "activation"), true));
}

Names Exporter::Pool(const char* op) {
  const std::vector<int64_t> window = Sizes("pool_size"), strides = Sizes("strides");
  const std::string y = Op(op, {FirstInput()});
  SetInts("kernel_shape", window);
  SetInts("strides", strides);
  SetInts("pads", PadsOf(window, strides));
  return AsFirst(y);
}

Names Exporter::GlobalPool(const char* op) {
  const std::string y = Op(op, {FirstInput()});
  if (Flag(*layer_, "keepdims")) return AsFirst(y);
  const std::string flat = Op("Flatten", {y});
  SetInt("axis", 1);
  return AsLast(flat);
}

Names Exporter::Padding() {
  const base::List& sides = layer_->attributes.Find("padding")->list();
  const auto side = [&](size_t i, size_t end) { return sides[i].list()[end].integer(); };
  return AsFirst(Op("Pad", {FirstInput(), Ints({0, 0, side(0, 0), side(1, 0), 0, 0, side(0, 1), side(1, 1)})}));
}

}  // namespace onnx
}  // namespace wire
