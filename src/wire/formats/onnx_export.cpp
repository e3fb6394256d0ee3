// A graph as ONNX operators: the walk through the graph, nodes, constants, weights and values.
#include "wire/formats/onnx_exporter.hpp"

#include <cstring>

#include "layers/definition.hpp"
#include "layers/refusal.hpp"
#include "wire/formats/onnx.hpp"

namespace wire {
namespace onnx {
namespace {

using base::ErrorCode;
using base::LayerKind;
using layers::Quote;

constexpr int64_t kIrVersion = 8, kOperatorSet = 17;
constexpr size_t kMostBytes = (size_t{1} << 31) - 1;  // of a Protobuf message

}  // namespace

void Refuse(const base::Layer& layer, const std::string& what) {
  throw base::Error(ErrorCode::kFeatureNotSupported,
                    "layer " + Quote(layer.name) + " (" + layers::DefinitionOf(layer).class_names[0] + ") " + what + ", which is not written as ONNX", {},
                    "Export the weights alone as safetensors or h5.");
}

std::string Exporter::Export() {
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

cerebro::onnx::Node* Exporter::AddNode(const char* op, const std::vector<std::string>& inputs, const std::string& output) {
  cerebro::onnx::Node* node = out().add_node();
  node->set_op_type(op);
  node->set_name(output + ":" + op);
  for (const std::string& input : inputs) node->add_input(input);
  node->add_output(output);
  last_ = node;
  return node;
}

std::string Exporter::Op(const char* op, const std::vector<std::string>& inputs) {
  const std::string name = NewName();
  AddNode(op, inputs, name);
  return name;
}

cerebro::onnx::Attribute* Exporter::Attribute(const char* name, int32_t type) {
  cerebro::onnx::Attribute* attribute = last_->add_attribute();
  attribute->set_name(name);
  attribute->set_type(type);
  return attribute;
}

void Exporter::SetInts(const char* name, const std::vector<int64_t>& values) {
  cerebro::onnx::Attribute* attribute = Attribute(name, 7);
  for (const int64_t value : values) attribute->add_ints(value);
}

std::string Exporter::AddConstant(const std::string& name, const Shape& shape, int32_t type, std::string data) {
  cerebro::onnx::Tensor* tensor = out().add_initializer();
  tensor->set_name(name);
  for (const int64_t size : shape) tensor->add_dims(size);
  tensor->set_data_type(type);
  tensor->set_raw_data(std::move(data));
  return name;
}

std::string Exporter::Floats(const Shape& shape, const std::vector<float>& values) {
  return AddConstant(NewName(), shape, kFloat, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
}

std::string Exporter::Ints(const std::vector<int64_t>& values) {
  return AddConstant(NewName(), {static_cast<int64_t>(values.size())}, kInt64,
                     {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(int64_t)});
}

void Exporter::Describe(cerebro::onnx::ValueInfo* info, const std::string& name, const Shape& shape) {
  info->set_name(name);
  cerebro::onnx::TensorType* type = info->mutable_type()->mutable_tensor_type();
  type->set_elem_type(kFloat);
  type->mutable_shape()->add_dim()->set_dim_param("batch");
  for (const int64_t size : shape) type->mutable_shape()->add_dim()->set_dim_value(size);
}

const GraphWeight* Exporter::Find(const char* weight) const {
  for (const GraphWeight& w : weights_) {
    if (w.layer == layer_ && w.spec->name == weight) return &w;
  }
  return nullptr;
}

std::vector<float> Exporter::Values(const char* weight) const {
  const GraphWeight* w = Find(weight);
  std::vector<float> values(w->elements);
  if (!values.empty()) std::memcpy(values.data(), bytes_.data() + w->offset * sizeof(float), values.size() * sizeof(float));
  return values;
}

std::string Exporter::Weight(const char* weight) {
  const GraphWeight* w = Find(weight);
  const std::string name = layer_->name + "/" + weight;
  if (uses_[static_cast<size_t>(call_->layer)] > 1) return name;
  return AddConstant(name, w->spec->shape, kFloat, std::string(bytes_.substr(w->offset * sizeof(float), w->elements * sizeof(float))));
}

std::string Exporter::Made(const char* what, const Shape& shape, const std::function<std::vector<float>()>& make) {
  const std::string name = layer_->name + "/" + what;
  if (uses_[static_cast<size_t>(call_->layer)] > 1) return name;
  const std::vector<float> values = make();
  return AddConstant(name, shape, kFloat, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
}

std::string Exporter::Last(int call) {
  Names& names = values_[static_cast<size_t>(call)];
  if (names.last.empty()) {
    names.last = Op("Transpose", {names.first});
    SetInts("perm", Rank(call) == 3 ? std::vector<int64_t>{0, 2, 3, 1} : std::vector<int64_t>{0, 2, 1});
  }
  return names.last;
}

std::string Exporter::First(int call) {
  Names& names = values_[static_cast<size_t>(call)];
  if (names.first.empty()) {
    names.first = Op("Transpose", {names.last});
    SetInts("perm", Rank(call) == 3 ? std::vector<int64_t>{0, 3, 1, 2} : std::vector<int64_t>{0, 2, 1});
  }
  return names.first;
}

Names Exporter::Layer() {
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

Names Exporter::Input() {
  Describe(out().add_input(), layer_->name, call_->output_shape);
  return AsLast(layer_->name);
}

}  // namespace onnx

std::string ExportOnnx(const base::Graph& graph, std::string_view weights) { return onnx::Exporter(graph, weights).Export(); }

}  // namespace wire
