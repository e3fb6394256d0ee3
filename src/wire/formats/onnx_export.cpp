// A graph as ONNX operators.
//
// ONNX's operators of images and sequences want channels first, (batch, channels, height, width) or (batch, channels,
// time); ours have channels last. A value that is an image or a sequence is kept in the order in which it was made, and is transposed where somebody wants the other one: a chain of
// convolutions, poolings and activations has one Transpose in front and one behind. Everything else is in our order, so
// that weights behind a Flatten stay as they are.
//
// Constants are float32 as they are stored. Layers that only act in training leave nothing.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include "onnx.pb.h"
#include "layers/definition.hpp"
#include "layers/refusal.hpp"
#include "wire/formats/onnx.hpp"
#include "wire/formats/weight_names.hpp"

namespace wire {
namespace {

using base::ErrorCode;
using base::LayerKind;
using base::Shape;
using layers::Quote;

constexpr int64_t kIrVersion = 8, kOperatorSet = 17;
constexpr int64_t kIrVersionOfGelu = 9, kOperatorSetOfGelu = 20;  // the first that has it
constexpr int32_t kFloat = 1, kInt64 = 7;
constexpr size_t kMostBytes = (size_t{1} << 31) - 1;  // of a Protobuf message

struct Names {
  std::string last, first;  // of the value with channels last, and first; empty: not made yet
};

bool Flag(const base::Layer& layer, const char* name) { return layer.attributes.Find(name)->boolean(); }
int64_t Integer(const base::Layer& layer, const char* name) { return layer.attributes.Find(name)->integer(); }
double Number(const base::Layer& layer, const char* name) { return layer.attributes.Find(name)->number(); }
const std::string& Text(const base::Layer& layer, const char* name) { return layer.attributes.Find(name)->string(); }

[[noreturn]] void Refuse(const base::Layer& layer, const std::string& what) {
  throw base::Error(ErrorCode::kFeatureNotSupported,
                    "layer " + Quote(layer.name) + " (" + layers::DefinitionOf(layer).class_names[0] + ") " + what + ", which is not written as ONNX", {},
                    "Export the weights alone as safetensors or h5.");
}

class Exporter {
 public:
  Exporter(const base::Graph& graph, std::string_view weights) : graph_(graph), weights_(WeightsOf(graph)), bytes_(weights) {}

  std::string Export() {
    model_.set_ir_version(kIrVersion);
    model_.set_producer_name(kOnnxProducer);
    cerebro::onnx::OperatorSet* set = model_.add_opset_import();
    set->set_domain("");
    set->set_version(kOperatorSet);
    out().set_name(graph_.name.empty() ? "model" : graph_.name);
    uses_.resize(graph_.layers.size());
    for (size_t i = 0; i < graph_.calls.size(); ++i) {
      call_ = &graph_.calls[i];
      layer_ = &graph_.layers[static_cast<size_t>(call_->layer)];
      const int use = uses_[static_cast<size_t>(call_->layer)]++;
      scope_ = layer_->name + (use == 0 ? "" : ":" + std::to_string(use));
      made_ = 0;
      values_.emplace_back();
      values_.back() = Layer();
    }
    std::vector<bool> taken(graph_.calls.size());
    for (size_t i = 0; i < graph_.outputs.size(); ++i) {
      const auto call = static_cast<size_t>(graph_.outputs[i]);
      layer_ = &graph_.layers[static_cast<size_t>(graph_.calls[call].layer)];
      scope_ = "output" + std::to_string(i);
      const std::string name = layer_->name + (taken[call] ? "_" + std::to_string(i) : "");
      taken[call] = true;
      // an input has the name of its layer already
      const std::string from = Last(static_cast<int>(call));
      Describe(out().add_output(), from == name ? name + "_output" : name, graph_.calls[call].output_shape);
      AddNode("Identity", {from}, from == name ? name + "_output" : name);
    }
    if (model_.ByteSizeLong() > kMostBytes) {
      throw base::Error(ErrorCode::kLimitExceeded, "the model has " + std::to_string(model_.ByteSizeLong()) + " bytes as ONNX, more than 2 GB", {},
                        "Export its weights as safetensors.");
    }
    return model_.SerializeAsString();
  }

 private:
  cerebro::onnx::Graph& out() { return *model_.mutable_graph(); }

  // ---- nodes and constants

  std::string NewName() { return scope_ + "/" + std::to_string(made_++); }

  cerebro::onnx::Node* AddNode(const char* op, const std::vector<std::string>& inputs, const std::string& output) {
    cerebro::onnx::Node* node = out().add_node();
    node->set_op_type(op);
    node->set_name(output + ":" + op);
    for (const std::string& input : inputs) node->add_input(input);
    node->add_output(output);
    last_ = node;
    return node;
  }
  std::string Op(const char* op, const std::vector<std::string>& inputs) {
    const std::string name = NewName();
    AddNode(op, inputs, name);
    return name;
  }

  cerebro::onnx::Attribute* Attribute(const char* name, int32_t type) {
    cerebro::onnx::Attribute* attribute = last_->add_attribute();
    attribute->set_name(name);
    attribute->set_type(type);
    return attribute;
  }
  void SetInt(const char* name, int64_t value) { Attribute(name, 2)->set_i(value); }
  void SetFloat(const char* name, double value) { Attribute(name, 1)->set_f(static_cast<float>(value)); }
  void SetInts(const char* name, const std::vector<int64_t>& values) {
    cerebro::onnx::Attribute* attribute = Attribute(name, 7);
    for (const int64_t value : values) attribute->add_ints(value);
  }
  void SetText(const char* name, const char* value) { Attribute(name, 3)->set_s(value); }

  std::string AddConstant(const std::string& name, const Shape& shape, int32_t type, std::string data) {
    cerebro::onnx::Tensor* tensor = out().add_initializer();
    tensor->set_name(name);
    for (const int64_t size : shape) tensor->add_dims(size);
    tensor->set_data_type(type);
    tensor->set_raw_data(std::move(data));
    return name;
  }
  std::string Floats(const Shape& shape, const std::vector<float>& values) {
    return AddConstant(NewName(), shape, kFloat, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  }
  std::string Scalar(double value) { return Floats({}, {static_cast<float>(value)}); }
  std::string Ints(const std::vector<int64_t>& values) {
    return AddConstant(NewName(), {static_cast<int64_t>(values.size())}, kInt64,
                       {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(int64_t)});
  }

  void Describe(cerebro::onnx::ValueInfo* info, const std::string& name, const Shape& shape) {
    info->set_name(name);
    cerebro::onnx::TensorType* type = info->mutable_type()->mutable_tensor_type();
    type->set_elem_type(kFloat);
    type->mutable_shape()->add_dim()->set_dim_param("batch");
    for (const int64_t size : shape) type->mutable_shape()->add_dim()->set_dim_value(size);
  }

  // ---- weights

  bool Has(const char* weight) const { return Find(weight) != nullptr; }
  const GraphWeight* Find(const char* weight) const {
    for (const GraphWeight& w : weights_) {
      if (w.layer == layer_ && w.spec->name == weight) return &w;
    }
    return nullptr;
  }
  std::vector<float> Values(const char* weight) const {
    const GraphWeight* w = Find(weight);
    std::vector<float> values(w->elements);
    if (!values.empty()) std::memcpy(values.data(), bytes_.data() + w->offset * sizeof(float), values.size() * sizeof(float));
    return values;
  }
  // A weight as it is; once, however often its layer is called.
  std::string Weight(const char* weight) {
    const GraphWeight* w = Find(weight);
    const std::string name = layer_->name + "/" + weight;
    if (uses_[static_cast<size_t>(call_->layer)] > 1) return name;
    return AddConstant(name, w->spec->shape, kFloat, std::string(bytes_.substr(w->offset * sizeof(float), w->elements * sizeof(float))));
  }
  // Values made out of a layer's weights, likewise.
  std::string Made(const char* what, const Shape& shape, const std::function<std::vector<float>()>& make) {
    const std::string name = layer_->name + "/" + what;
    if (uses_[static_cast<size_t>(call_->layer)] > 1) return name;
    const std::vector<float> values = make();
    return AddConstant(name, shape, kFloat, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  }

  // ---- values

  const Shape& InputShape(size_t i = 0) const { return graph_.calls[static_cast<size_t>(call_->inputs[i])].output_shape; }

  size_t Rank(int call) const { return graph_.calls[static_cast<size_t>(call)].output_shape.size(); }

  std::string Last(int call) {
    Names& names = values_[static_cast<size_t>(call)];
    if (names.last.empty()) {
      names.last = Op("Transpose", {names.first});
      SetInts("perm", Rank(call) == 3 ? std::vector<int64_t>{0, 2, 3, 1} : std::vector<int64_t>{0, 2, 1});
    }
    return names.last;
  }
  std::string First(int call) {
    Names& names = values_[static_cast<size_t>(call)];
    if (names.first.empty()) {
      names.first = Op("Transpose", {names.last});
      SetInts("perm", Rank(call) == 3 ? std::vector<int64_t>{0, 3, 1, 2} : std::vector<int64_t>{0, 2, 1});
    }
    return names.first;
  }
  std::string LastInput() { return Last(call_->inputs[0]); }
  std::string FirstInput() { return First(call_->inputs[0]); }
  bool IsFirst(int call) const { return values_[static_cast<size_t>(call)].last.empty(); }

  static Names AsLast(std::string name) { return {std::move(name), {}}; }
  static Names AsFirst(std::string name) { return {{}, std::move(name)}; }

  // An operation on elements, in the order in which the input is.
  template <typename F>
  Names EachElement(F&& f) {
    const int input = call_->inputs[0];
    return IsFirst(input) ? AsFirst(f(First(input))) : AsLast(f(Last(input)));
  }

  // ---- layers

  Names Layer() {
    if (layer_->time_distributed > 0) Refuse(*layer_, "is distributed over time");
    switch (layer_->kind) {
      case LayerKind::kInput: return Input();
      case LayerKind::kDense: return Dense();
      case LayerKind::kConv1D:
      case LayerKind::kConv2D: return Convolution();
      case LayerKind::kDepthwiseConv1D:
      case LayerKind::kDepthwiseConv2D: return DepthwiseConvolution();
      case LayerKind::kSeparableConv1D:
      case LayerKind::kSeparableConv2D: return SeparableConvolution();
      case LayerKind::kMaxPooling1D:
      case LayerKind::kMaxPooling2D: return Pool("MaxPool");
      case LayerKind::kAveragePooling1D:
      case LayerKind::kAveragePooling2D: return Pool("AveragePool");
      case LayerKind::kGlobalAveragePooling1D:
      case LayerKind::kGlobalAveragePooling2D: return GlobalPool("GlobalAveragePool");
      case LayerKind::kGlobalMaxPooling1D:
      case LayerKind::kGlobalMaxPooling2D: return GlobalPool("GlobalMaxPool");
      case LayerKind::kFlatten: return Flatten();
      case LayerKind::kReshape: return Reshape();
      case LayerKind::kZeroPadding2D: return Padding();
      case LayerKind::kDropout:
      case LayerKind::kGaussianNoise:
      case LayerKind::kGaussianDropout:
      case LayerKind::kAlphaDropout:
      case LayerKind::kSpatialDropout1D:
      case LayerKind::kSpatialDropout2D: return values_[static_cast<size_t>(call_->inputs[0])];
      case LayerKind::kBatchNormalization: return BatchNormalization();
      case LayerKind::kLayerNormalization: return LayerNormalization();
      case LayerKind::kActivation: return EachElement([&](const std::string& x) { return Activated(x, Text(*layer_, "activation"), IsFirst(call_->inputs[0])); });
      case LayerKind::kReLU: return EachElement([&](const std::string& x) { return ReLU(x); });
      case LayerKind::kLeakyReLU: return EachElement([&](const std::string& x) { return WithAlpha("LeakyRelu", x); });
      case LayerKind::kELU: return EachElement([&](const std::string& x) { return WithAlpha("Elu", x); });
      case LayerKind::kSoftmax: return Softmax();
      case LayerKind::kEmbedding: return Embedding();
      case LayerKind::kLSTM: return Recurrent("LSTM");
      case LayerKind::kGRU: return Recurrent("GRU");
      case LayerKind::kAdd: return Merge("Sum", false);
      case LayerKind::kMultiply: return Merge("Mul", true);
      case LayerKind::kAverage: return Merge("Mean", false);
      case LayerKind::kMaximum: return Merge("Max", false);
      case LayerKind::kMinimum: return Merge("Min", false);
      case LayerKind::kSubtract: return Merge("Sub", true);
      case LayerKind::kConcatenate: return Concatenate();
      case LayerKind::kReverse: return AsLast(Reversed(LastInput()));
      default:
        throw base::Error(ErrorCode::kFeatureNotSupported,
                          "layer " + Quote(layer_->name) + ": layers of class " + layers::DefinitionOf(*layer_).class_names[0] + " are not written as ONNX", {},
                          "Export the weights alone as safetensors or h5, or the model as keras or tfjs.");
    }
  }

  Names Input() {
    Describe(out().add_input(), layer_->name, call_->output_shape);
    return AsLast(layer_->name);
  }

  Names Dense() {
    const std::string kernel = Weight("kernel");
    std::string y;
    if (InputShape().size() == 1 && Has("bias")) {
      y = Op("Gemm", {LastInput(), kernel, Weight("bias")});
    } else {
      y = Op("MatMul", {LastInput(), kernel});
      if (Has("bias")) y = Op("Add", {y, Weight("bias")});
    }
    return AsLast(Activated(y, Text(*layer_, "activation"), false));
  }

  // A number for each dimension under the window.
  std::vector<int64_t> Sizes(const char* argument) const {
    std::vector<int64_t> sizes;
    for (const base::Value& size : layer_->attributes.Find(argument)->list()) sizes.push_back(size.integer());
    return sizes;
  }

  // In front of each dimension, then behind each, as TensorFlow pads: what is odd of "same" goes to the end, all of "causal" in front.
  std::vector<int64_t> PadsOf(const std::vector<int64_t>& window, const std::vector<int64_t>& strides) const {
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

  // inputs: channels first, then the kernel and perhaps a bias. kernel: its shape in ours, the sizes in front.
  std::string Convolved(const std::vector<std::string>& inputs, const Shape& kernel, int64_t groups) {
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

  // A kernel (sizes, in, out) as ONNX's (out, in, sizes).
  std::string Kernel(const char* weight) {
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

  // A depthwise kernel (sizes, channels, multiplier) as ONNX's (channels * multiplier, 1, sizes).
  std::string DepthwiseKernel() {
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

  Names Convolution() {
    std::vector<std::string> inputs = {FirstInput(), Kernel("kernel")};
    if (Has("bias")) inputs.push_back(Weight("bias"));
    const std::string y = Convolved(inputs, Find("kernel")->spec->shape, Integer(*layer_, "groups"));
    return AsFirst(Activated(y, Text(*layer_, "activation"), true));
  }

  Names DepthwiseConvolution() {
    std::vector<std::string> inputs = {FirstInput(), DepthwiseKernel()};
    if (Has("bias")) inputs.push_back(Weight("bias"));
    const std::string y = Convolved(inputs, Find("depthwise_kernel")->spec->shape, InputShape().back());
    return AsFirst(Activated(y, Text(*layer_, "activation"), true));
  }

  // A depthwise convolution, and one of single pixels.
  Names SeparableConvolution() {
    const std::string between = Convolved({FirstInput(), DepthwiseKernel()}, Find("depthwise_kernel")->spec->shape, InputShape().back());
    std::vector<std::string> inputs = {between, Kernel("pointwise_kernel")};
    if (Has("bias")) inputs.push_back(Weight("bias"));
    const std::string y = Op("Conv", inputs);
    SetInts("kernel_shape", std::vector<int64_t>(InputShape().size() - 1, 1));
    return AsFirst(Activated(y, Text(*layer_, "activation"), true));
  }

  Names Pool(const char* op) {
    const std::vector<int64_t> window = Sizes("pool_size"), strides = Sizes("strides");
    const std::string y = Op(op, {FirstInput()});
    SetInts("kernel_shape", window);
    SetInts("strides", strides);
    SetInts("pads", PadsOf(window, strides));
    return AsFirst(y);
  }

  Names GlobalPool(const char* op) {
    const std::string y = Op(op, {FirstInput()});
    if (Flag(*layer_, "keepdims")) return AsFirst(y);
    const std::string flat = Op("Flatten", {y});
    SetInt("axis", 1);
    return AsLast(flat);
  }

  Names Flatten() {
    const std::string y = Op("Flatten", {LastInput()});
    SetInt("axis", 1);
    return AsLast(y);
  }

  Names Reshape() {
    std::vector<int64_t> shape = {0};  // the batch stays
    shape.insert(shape.end(), call_->output_shape.begin(), call_->output_shape.end());
    return AsLast(Op("Reshape", {LastInput(), Ints(shape)}));
  }

  Names Padding() {
    const base::List& sides = layer_->attributes.Find("padding")->list();
    const auto side = [&](size_t i, size_t end) { return sides[i].list()[end].integer(); };
    return AsFirst(Op("Pad", {FirstInput(), Ints({0, 0, side(0, 0), side(1, 0), 0, 0, side(0, 1), side(1, 1)})}));
  }

  // Position of the attribute's axis among the dimensions with the batch.
  size_t Axis(const base::Value& axis) const {
    const auto rank = static_cast<int64_t>(InputShape().size()) + 1;
    return static_cast<size_t>(axis.integer() < 0 ? axis.integer() + rank : axis.integer());
  }

  Names BatchNormalization() {
    const size_t axis = Axis(*layer_->attributes.Find("axis"));
    const size_t rank = InputShape().size();
    const auto count = static_cast<size_t>(InputShape()[axis - 1]);
    const std::vector<float> one(count, 1), zero(count, 0);
    if (axis == rank && rank <= 3) {
      const Shape shape = {static_cast<int64_t>(count)};
      const std::string gamma = Has("gamma") ? Weight("gamma") : Made("gamma", shape, [&] { return one; });
      const std::string beta = Has("beta") ? Weight("beta") : Made("beta", shape, [&] { return zero; });
      const std::string y = Op("BatchNormalization", {rank > 1 ? FirstInput() : LastInput(), gamma, beta, Weight("moving_mean"), Weight("moving_variance")});
      SetFloat("epsilon", Number(*layer_, "epsilon"));
      SetFloat("momentum", Number(*layer_, "momentum"));
      return rank > 1 ? AsFirst(y) : AsLast(y);
    }
    // along another dimension than ONNX's second: as a product and a sum
    Shape shape(rank + 1, 1);
    shape[axis] = static_cast<int64_t>(count);
    const std::vector<float> gamma = Has("gamma") ? Values("gamma") : one, beta = Has("beta") ? Values("beta") : zero;
    const std::vector<float> mean = Values("moving_mean"), variance = Values("moving_variance");
    std::vector<float> scale(count), shift(count);
    for (size_t i = 0; i < count; ++i) {
      const double factor = static_cast<double>(gamma[i]) / std::sqrt(static_cast<double>(variance[i]) + Number(*layer_, "epsilon"));
      scale[i] = static_cast<float>(factor);
      shift[i] = static_cast<float>(static_cast<double>(beta[i]) - static_cast<double>(mean[i]) * factor);
    }
    const std::string product = Op("Mul", {LastInput(), Made("scale", shape, [&] { return scale; })});
    return AsLast(Op("Add", {product, Made("shift", shape, [&] { return shift; })}));
  }

  Names LayerNormalization() {
    const base::List& axes = layer_->attributes.Find("axis")->list();
    const size_t rank = InputShape().size();
    Shape shape;
    for (size_t i = 0; i < axes.size(); ++i) {
      if (Axis(axes[i]) != rank + 1 - axes.size() + i) Refuse(*layer_, "normalizes over other than the last dimensions");
      shape.push_back(InputShape()[Axis(axes[i]) - 1]);
    }
    const auto count = static_cast<size_t>(base::ElementCount(shape));
    std::vector<std::string> inputs = {LastInput(), Has("gamma") ? Weight("gamma") : Made("gamma", shape, [&] { return std::vector<float>(count, 1); })};
    if (Has("beta")) inputs.push_back(Weight("beta"));
    const std::string y = Op("LayerNormalization", inputs);
    SetInt("axis", -static_cast<int64_t>(axes.size()));
    SetFloat("epsilon", Number(*layer_, "epsilon"));
    return AsLast(y);
  }

  // first: x is an image with channels first.
  std::string Activated(const std::string& x, const std::string& activation, bool first) {
    struct Direct { const char* ours; const char* op; };
    constexpr Direct kDirect[] = {{"relu", "Relu"}, {"sigmoid", "Sigmoid"}, {"tanh", "Tanh"}, {"softplus", "Softplus"}, {"softsign", "Softsign"},
                                  {"elu", "Elu"}, {"selu", "Selu"}, {"exponential", "Exp"}};
    for (const Direct& direct : kDirect) {
      if (activation == direct.ours) return Op(direct.op, {x});
    }
    if (activation == "linear") return x;
    if (activation == "softmax" || activation == "log_softmax") {
      const std::string y = Op(activation == "softmax" ? "Softmax" : "LogSoftmax", {x});
      SetInt("axis", first ? 1 : -1);
      return y;
    }
    if (activation == "relu6") return Op("Clip", {x, Scalar(0), Scalar(6)});
    if (activation == "hard_sigmoid") {
      const std::string y = Op("HardSigmoid", {x});
      SetFloat("alpha", 0.2);
      SetFloat("beta", 0.5);
      return y;
    }
    if (activation == "swish") return Op("Mul", {x, Op("Sigmoid", {x})});
    if (activation == "mish") return Op("Mul", {x, Op("Tanh", {Op("Softplus", {x})})});
    if (activation == "gelu") {
      model_.set_ir_version(kIrVersionOfGelu);
      model_.mutable_opset_import(0)->set_version(kOperatorSetOfGelu);
      return Op("Gelu", {x});
    }
    Refuse(*layer_, "has the activation " + Quote(activation));
  }

  std::string WithAlpha(const char* op, const std::string& x) {
    const std::string y = Op(op, {x});
    SetFloat("alpha", Number(*layer_, "alpha"));
    return y;
  }

  // x from the threshold on, slope * (x - threshold) below it, at most max_value.
  std::string ReLU(const std::string& x) {
    const double slope = Number(*layer_, "negative_slope"), threshold = Number(*layer_, "threshold");
    const base::Value& most = *layer_->attributes.Find("max_value");
    std::string y;
    if (threshold == 0 && slope == 0) {
      if (!most.is_null()) return Op("Clip", {x, Scalar(0), Scalar(most.number())});
      y = Op("Relu", {x});
    } else if (threshold == 0) {
      y = Op("LeakyRelu", {x});
      SetFloat("alpha", slope);
    } else {
      const std::string at = Scalar(threshold);
      y = Op("Where", {Op("GreaterOrEqual", {x, at}), x, Op("Mul", {Op("Sub", {x, at}), Scalar(slope)})});
    }
    return most.is_null() ? y : Op("Min", {y, Scalar(most.number())});
  }

  Names Softmax() {
    const std::string y = Op("Softmax", {LastInput()});
    SetInt("axis", Integer(*layer_, "axis"));
    return AsLast(y);
  }

  Names Embedding() {
    if (Flag(*layer_, "mask_zero")) {
      for (const base::Layer& other : graph_.layers) {
        if (other.kind == LayerKind::kLSTM || other.kind == LayerKind::kGRU || other.kind == LayerKind::kSimpleRNN ||
            other.kind == LayerKind::kGlobalAveragePooling1D) {
          Refuse(*layer_, "masks time steps of layer " + Quote(other.name));
        }
      }
    }
    const std::string indexes = Op("Cast", {LastInput()});
    SetInt("to", kInt64);
    const std::string y = Op("Gather", {Weight("embeddings"), indexes});
    SetInt("axis", 0);
    return AsLast(y);
  }

  // Columns of a kernel (rows, gates * units) as ONNX's (gates * units, rows), block by block in its order of gates.
  static std::vector<float> Gates(const std::vector<float>& ours, size_t rows, const std::vector<size_t>& order) {
    const size_t columns = ours.size() / rows, units = columns / order.size();
    std::vector<float> theirs;
    theirs.reserve(ours.size());
    for (const size_t gate : order) {
      for (size_t unit = 0; unit < units; ++unit) {
        for (size_t row = 0; row < rows; ++row) theirs.push_back(ours[row * columns + gate * units + unit]);
      }
    }
    return theirs;
  }

  std::string ActivationOfGate(const char* argument) {
    const std::string& activation = Text(*layer_, argument);
    struct Known { const char* ours; const char* theirs; };
    constexpr Known kKnown[] = {{"sigmoid", "Sigmoid"}, {"tanh", "Tanh"}, {"relu", "Relu"}, {"softsign", "Softsign"}, {"softplus", "Softplus"}};
    for (const Known& known : kKnown) {
      if (activation == known.ours) return known.theirs;
    }
    Refuse(*layer_, "has the activation " + Quote(activation));
  }

  // ONNX: time first, gates of an LSTM input, output, forget, cell, those of a GRU as ours; both biases one after another.
  Names Recurrent(const char* op) {
    if (call_->inputs.size() > 1) Refuse(*layer_, "starts from an initial state");
    if (Flag(*layer_, "return_state")) Refuse(*layer_, "returns its states");
    const bool lstm = layer_->kind == LayerKind::kLSTM;
    const std::vector<size_t> order = lstm ? std::vector<size_t>{0, 3, 1, 2} : std::vector<size_t>{0, 1, 2};
    const int64_t units = Integer(*layer_, "units"), features = InputShape()[1], columns = units * static_cast<int64_t>(order.size());
    const bool sequences = Flag(*layer_, "return_sequences");
    std::string x = LastInput();
    const bool backwards = Flag(*layer_, "go_backwards");
    x = Op("Transpose", {x});
    SetInts("perm", {1, 0, 2});
    std::vector<std::string> inputs = {x};
    inputs.push_back(Made("W", {1, columns, features}, [&] { return Gates(Values("kernel"), static_cast<size_t>(features), order); }));
    inputs.push_back(Made("R", {1, columns, units}, [&] { return Gates(Values("recurrent_kernel"), static_cast<size_t>(units), order); }));
    if (Has("bias")) {
      inputs.push_back(Made("B", {1, 2 * columns}, [&] {
        std::vector<float> ours = Values("bias");
        ours.resize(static_cast<size_t>(2 * columns));  // a second bias of zeros where there is one
        std::vector<float> theirs;
        for (int row = 0; row < 2; ++row) {
          const auto begin = ours.begin() + row * columns;
          const std::vector<float> part = Gates(std::vector<float>(begin, begin + columns), 1, order);
          theirs.insert(theirs.end(), part.begin(), part.end());
        }
        return theirs;
      }));
    }
    const std::string all = NewName(), final_state = NewName();
    cerebro::onnx::Node* node = AddNode(op, inputs, all);
    node->add_output(final_state);
    SetInt("hidden_size", units);
    if (backwards) SetText("direction", "reverse");
    cerebro::onnx::Attribute* activations = Attribute("activations", 8);
    activations->add_strings(ActivationOfGate("recurrent_activation"));
    activations->add_strings(ActivationOfGate("activation"));
    if (lstm) activations->add_strings(ActivationOfGate("activation"));
    if (!lstm) SetInt("linear_before_reset", Flag(*layer_, "reset_after") ? 1 : 0);
    if (!sequences) return AsLast(Op("Squeeze", {final_state, Ints({0})}));
    const std::string y = Op("Transpose", {Op("Squeeze", {all, Ints({1})})});
    SetInts("perm", {1, 0, 2});
    return AsLast(backwards ? Reversed(y) : y);  // ONNX has the time steps in the order of the inputs
  }

  // The first dimension behind the batch in the opposite order.
  std::string Reversed(const std::string& x) {
    return Op("Slice", {x, Ints({-1}), Ints({std::numeric_limits<int64_t>::min()}), Ints({1}), Ints({-1})});
  }

  Names Merge(const char* op, bool two) {
    bool first = InputShape().size() == 3;
    for (const int input : call_->inputs) first = first && IsFirst(input);
    std::vector<std::string> inputs;
    for (const int input : call_->inputs) inputs.push_back(first ? First(input) : Last(input));
    std::string y = inputs[0];
    if (!two) y = Op(op, inputs);
    for (size_t i = 1; two && i < inputs.size(); ++i) y = Op(op, {y, inputs[i]});
    return first ? AsFirst(y) : AsLast(y);
  }

  Names Concatenate() {
    bool first = InputShape().size() == 3;
    for (const int input : call_->inputs) first = first && IsFirst(input);
    std::vector<std::string> inputs;
    for (const int input : call_->inputs) inputs.push_back(first ? First(input) : Last(input));
    size_t axis = Axis(*layer_->attributes.Find("axis"));
    if (first) axis = axis % 3 + 1;  // height, width, channels -> 2, 3, 1
    const std::string y = Op("Concat", inputs);
    SetInt("axis", static_cast<int64_t>(axis));
    return first ? AsFirst(y) : AsLast(y);
  }

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

}  // namespace

std::string ExportOnnx(const base::Graph& graph, std::string_view weights) { return Exporter(graph, weights).Export(); }

}  // namespace wire
