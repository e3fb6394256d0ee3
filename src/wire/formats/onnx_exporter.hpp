// The exporter of ONNX's graphs: what its files share. onnx_export.cpp has the walk through a graph, nodes, constants and weights,
// onnx_export_windows.cpp convolutions and pooling, onnx_export_recurrent.cpp layers over time steps, onnx_export_layers.cpp all others.
//
// ONNX's operators of images and sequences want channels first, (batch, channels, height, width) or (batch, channels, time); ours have
// channels last. A value that is an image or a sequence is kept in the order in which it was made, and is transposed where somebody wants
// the other one: a chain of convolutions, poolings and activations has one Transpose in front and one behind. Everything else is in our
// order, so that weights behind a Flatten stay as they are.
//
// Constants are float32 as they are stored. Layers that only act in training leave nothing.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "base/value.hpp"
#include "onnx.pb.h"
#include "wire/formats/weight_names.hpp"

namespace wire {
namespace onnx {

using base::Shape;

constexpr int32_t kFloat = 1, kInt64 = 7;

struct Names {
  std::string last, first;  // of the value with channels last, and first; empty: not made yet
};

inline bool Flag(const base::Layer& layer, const char* name) { return layer.attributes.Find(name)->boolean(); }
inline int64_t Integer(const base::Layer& layer, const char* name) { return layer.attributes.Find(name)->integer(); }
inline double Number(const base::Layer& layer, const char* name) { return layer.attributes.Find(name)->number(); }
inline const std::string& Text(const base::Layer& layer, const char* name) { return layer.attributes.Find(name)->string(); }

/// ERRORS: kFeatureNotSupported, which names the layer and what is not written.
[[noreturn]] void Refuse(const base::Layer& layer, const std::string& what);

class Exporter {
 public:
  Exporter(const base::Graph& graph, std::string_view weights) : graph_(graph), weights_(WeightsOf(graph)), bytes_(weights) {}
  std::string Export();

 private:
  cerebro::onnx::Graph& out() { return *model_.mutable_graph(); }

  // ---- nodes and constants
  std::string NewName() { return scope_ + "/" + std::to_string(made_++); }
  cerebro::onnx::Node* AddNode(const char* op, const std::vector<std::string>& inputs, const std::string& output);
  std::string Op(const char* op, const std::vector<std::string>& inputs);
  cerebro::onnx::Attribute* Attribute(const char* name, int32_t type);
  void SetInt(const char* name, int64_t value) { Attribute(name, 2)->set_i(value); }
  void SetFloat(const char* name, double value) { Attribute(name, 1)->set_f(static_cast<float>(value)); }
  void SetInts(const char* name, const std::vector<int64_t>& values);
  void SetText(const char* name, const char* value) { Attribute(name, 3)->set_s(value); }
  std::string AddConstant(const std::string& name, const Shape& shape, int32_t type, std::string data);
  std::string Floats(const Shape& shape, const std::vector<float>& values);
  std::string Scalar(double value) { return Floats({}, {static_cast<float>(value)}); }
  std::string Ints(const std::vector<int64_t>& values);
  void Describe(cerebro::onnx::ValueInfo* info, const std::string& name, const Shape& shape);

  // ---- weights
  bool Has(const char* weight) const { return Find(weight) != nullptr; }
  const GraphWeight* Find(const char* weight) const;
  std::vector<float> Values(const char* weight) const;
  // A weight as it is; once, however often its layer is called.
  std::string Weight(const char* weight);
  // Values made out of a layer's weights, likewise.
  std::string Made(const char* what, const Shape& shape, const std::function<std::vector<float>()>& make);

  // ---- values
  const Shape& InputShape(size_t i = 0) const { return graph_.calls[static_cast<size_t>(call_->inputs[i])].output_shape; }
  size_t Rank(int call) const { return graph_.calls[static_cast<size_t>(call)].output_shape.size(); }
  std::string Last(int call);
  std::string First(int call);
  std::string LastInput() { return Last(call_->inputs[0]); }
  std::string FirstInput() { return First(call_->inputs[0]); }
  bool IsFirst(int call) const { return values_[static_cast<size_t>(call)].last.empty(); }
  static Names AsLast(std::string name) { return {std::move(name), {}}; }
  static Names AsFirst(std::string name) { return {{}, std::move(name)}; }
  template <typename F>
  Names EachElement(F&& f) {
    const int input = call_->inputs[0];
    return IsFirst(input) ? AsFirst(f(First(input))) : AsLast(f(Last(input)));
  }

  // ---- layers
  Names Layer();
  Names Input();
  Names Dense();
  // A number for each dimension under the window.
  std::vector<int64_t> Sizes(const char* argument) const;
  // In front of each dimension, then behind each, as TensorFlow pads: what is odd of "same" goes to the end, all of "causal" in front.
  std::vector<int64_t> PadsOf(const std::vector<int64_t>& window, const std::vector<int64_t>& strides) const;
  // inputs: channels first, then the kernel and perhaps a bias. kernel: its shape in ours, the sizes in front.
  std::string Convolved(const std::vector<std::string>& inputs, const Shape& kernel, int64_t groups);
  // A kernel (sizes, in, out) as ONNX's (out, in, sizes).
  std::string Kernel(const char* weight);
  // A depthwise kernel (sizes, channels, multiplier) as ONNX's (channels * multiplier, 1, sizes).
  std::string DepthwiseKernel();
  Names Convolution();
  Names DepthwiseConvolution();
  // A depthwise convolution, and one of single pixels.
  Names SeparableConvolution();
  Names Pool(const char* op);
  Names GlobalPool(const char* op);
  Names Flatten();
  Names Reshape();
  Names Padding();
  // Position of the attribute's axis among the dimensions with the batch.
  size_t Axis(const base::Value& axis) const;
  Names BatchNormalization();
  Names LayerNormalization();
  // first: x is an image with channels first.
  std::string Activated(const std::string& x, const std::string& activation, bool first);
  std::string WithAlpha(const char* op, const std::string& x);
  // x from the threshold on, slope * (x - threshold) below it, at most max_value.
  std::string ReLU(const std::string& x);
  Names Softmax();
  Names Embedding();
  // Columns of a kernel (rows, gates * units) as ONNX's (gates * units, rows), block by block in its order of gates.
  static std::vector<float> Gates(const std::vector<float>& ours, size_t rows, const std::vector<size_t>& order);
  std::string ActivationOfGate(const char* argument);
  // ONNX: time first, gates of an LSTM input, output, forget, cell, those of a GRU as ours; both biases one after another.
  Names Recurrent(const char* op);
  // The first dimension behind the batch in the opposite order.
  std::string Reversed(const std::string& x);
  Names Merge(const char* op, bool two);
  Names Concatenate();

  const base::Graph& graph_;
  const std::vector<GraphWeight> weights_;
  const std::string_view bytes_;
  cerebro::onnx::Model model_;
  cerebro::onnx::Node* last_ = nullptr;
  std::vector<Names> values_;  // of each call
  std::vector<int> uses_;      // of each layer, so far
  const base::Call* call_ = nullptr;
  const base::Layer* layer_ = nullptr;
  std::string scope_;
  int made_ = 0;
};

}  // namespace onnx
}  // namespace wire
