// ONNX operators as layers.
//
// ONNX's images have channels first, ours channels last. No value is turned: each one remembers which of our call's
// dimensions each of its own dimensions is (Value::axes), so that a Transpose only changes that record, and the poolings'
// dimensions of size 1 are none of ours. A Flatten of an image gives another order of elements than ours (Value::parts);
// the layer with weights behind it, a Dense or a BatchNormalization, has its weights put into our order.
//
// An input of four dimensions is taken for an image with channels first, and becomes one with channels last, unless all
// that is done with it is to transpose it, or the file is one of ours.
//
// Untrusted: nodes are looked at once, in the file's order; the constants that weights are made of are bounded by the
// file's bytes, and weights in all by kMostCopies times these.
#include <algorithm>

#include "layers/refusal.hpp"
#include "onnx.pb.h"
#include "wire/formats/keras_file.hpp"
#include "wire/formats/onnx.hpp"
#include "wire/formats/onnx_importer.hpp"
#include "wire/formats/tensor_file.hpp"

namespace wire {
namespace onnx {

using base::Dict;
using base::ErrorCode;
using base::List;
using base::Shape;
using layers::Quote;

Importer::Importer(const cerebro::onnx::Model& model, size_t file_bytes)
    : graph_(model.graph()),
      builder_(NameOf(model.graph().name(), "model")),
      own_(model.producer_name() == kOnnxProducer),
      file_bytes_(file_bytes) {
  for (const cerebro::onnx::OperatorSet& set : model.opset_import()) {
    if (set.domain().empty() || set.domain() == "ai.onnx") version_ = set.version();
  }
  if (version_ < 7) Broken("is of operator set " + std::to_string(version_) + ", 7 is the oldest that is read");
}

ImportedModel Importer::Import() {
  for (const cerebro::onnx::Tensor& tensor : graph_.initializer()) AddConstant(tensor.name(), tensor);
  FindLiveNodes();
  AddInputs();
  for (int i = 0; i < graph_.node_size(); ++i) {
    if (!live_[static_cast<size_t>(i)]) continue;
    node_ = &graph_.node(i);
    ReadNode();
  }
  std::vector<int> outputs;
  for (const cerebro::onnx::ValueInfo& output : graph_.output()) {
    const Value& value = Get(output.name());
    if (value.call < 0) Unsupported("output " + Quote(output.name()) + " is a constant");
    if (!value.parts.empty() || !InOurOrder(value)) {
      if (value.axes != std::vector<int>{0, 3, 1, 2}) Unsupported("output " + Quote(output.name()) + " is a transposed value");
      imported_.remarks.push_back("output " + output.name() + " has its channels last here");
    }
    outputs.push_back(value.call);
  }
  const base::Graph graph = builder_.Finish(inputs_, std::move(outputs));
  std::string weights;
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    for (const base::WeightSpec& spec : graph.layers[i].weights) {
      const auto found = weights_[i].find(spec.name);
      if (found == weights_[i].end() || static_cast<int64_t>(found->second.size()) != base::ElementCount(spec.shape)) {
        throw base::Error(ErrorCode::kInvalidData, "the constants of layer " + Quote(graph.layers[i].name) + " do not fit its weight " +
                                                       Quote(spec.name) + " of shape " + base::FormatShape(spec.shape));
      }
      weights.append(reinterpret_cast<const char*>(found->second.data()), found->second.size() * sizeof(float));
    }
  }
  imported_.architecture = WriteKeras(graph, KerasForm::kKeras3);
  imported_.weights = std::move(weights);
  return std::move(imported_);
}

void Importer::Broken(const std::string& problem) const { throw base::Error(ErrorCode::kInvalidData, "the ONNX file " + problem); }

void Importer::Unsupported(const std::string& what) const {
  throw base::Error(ErrorCode::kFeatureNotSupported, "the ONNX file cannot be read as layers: " + what.substr(0, 300), {},
                    "Operators are read that layers of cerebro.load_model() compute; see the documentation of cerebro.import_model().");
}

std::string Importer::About() const {
  return "operator " + Quote(node_->op_type()) + (node_->name().empty() ? "" : " " + Quote(node_->name()));
}

void Importer::FindLiveNodes() {
  std::unordered_map<std::string, int> makers;
  for (int i = 0; i < graph_.node_size(); ++i) {
    for (const std::string& output : graph_.node(i).output()) makers.emplace(output, i);
  }
  live_.assign(static_cast<size_t>(graph_.node_size()), false);
  std::vector<const std::string*> needed;
  for (const cerebro::onnx::ValueInfo& output : graph_.output()) {
    needed.push_back(&output.name());
    outputs_.insert(output.name());
  }
  while (!needed.empty()) {
    const std::string& name = *needed.back();
    needed.pop_back();
    needed_.insert(name);
    const auto maker = makers.find(name);
    if (maker == makers.end() || live_[static_cast<size_t>(maker->second)]) continue;
    live_[static_cast<size_t>(maker->second)] = true;
    for (const std::string& input : graph_.node(maker->second).input()) needed.push_back(&input);
  }
  for (int i = 0; i < graph_.node_size(); ++i) {
    if (!live_[static_cast<size_t>(i)]) continue;
    for (const std::string& input : graph_.node(i).input()) readers_.emplace(input, i);
  }
}

bool Importer::OnlyTransposed(const std::string& name) const {
  const auto [begin, end] = readers_.equal_range(name);
  for (auto at = begin; at != end; ++at) {
    if (graph_.node(at->second).op_type() != "Transpose") return false;
  }
  return begin != end;
}

void Importer::AddInputs() {
  for (const cerebro::onnx::ValueInfo& info : graph_.input()) {
    if (values_.count(info.name()) > 0) continue;  // a constant that is named as an input, too
    const cerebro::onnx::TensorType& type = info.type().tensor_type();
    const std::string about = "input " + Quote(info.name());
    if (!info.type().has_tensor_type() || !type.has_shape()) Unsupported(about + " has no shape");
    if (type.shape().dim_size() < 1 || static_cast<size_t>(type.shape().dim_size()) > kMostDimensions) {
      Unsupported(about + " has " + std::to_string(type.shape().dim_size()) + " dimensions");
    }
    Shape shape;
    for (int i = 1; i < type.shape().dim_size(); ++i) {
      const int64_t size = type.shape().dim(i).dim_value();
      if (size < 1) Unsupported("dimension " + std::to_string(i) + " of " + about + " has no fixed size");
      shape.push_back(size);
    }
    Value value;
    value.axes = Same(shape.size());
    if (shape.size() == 3 && !own_ && !OnlyTransposed(info.name())) {
      value.axes = {0, 3, 1, 2};
      std::rotate(shape.begin(), shape.begin() + 1, shape.end());
      imported_.remarks.push_back("input " + NameOf(info.name(), "input") + " has its channels last here: " + base::FormatShape(shape));
    }
    List sizes(shape.begin(), shape.end());
    const int layer = builder_.AddLayer(UniqueName(NameOf(info.name(), "input")), layers::kInput,
                                        base::Value(Dict{{"shape", base::Value(std::move(sizes))}}), true);
    weights_.emplace_back();
    value.call = builder_.AddCall(layer, {});
    if (readers_.count(info.name()) > 0 || needed_.count(info.name()) > 0) {
      inputs_.push_back(value.call);
    } else {
      Unsupported(about + " is not used");
    }
    Set(info.name(), std::move(value));
  }
}

void Importer::ReadNode() {
  if (!node_->domain().empty() && node_->domain() != "ai.onnx") Refuse("of domain " + Quote(node_->domain()) + " has no layer");
  struct Reader {
    const char* op;
    void (Importer::*read)();
  };
  static constexpr Reader kReaders[] = {{"Constant", &Importer::ReadConstant},
                                        {"Identity", &Importer::ReadIdentity},
                                        {"Cast", &Importer::ReadIdentity},
                                        {"Dropout", &Importer::ReadDropout},
                                        {"Gemm", &Importer::ReadGemm},
                                        {"MatMul", &Importer::ReadMatMul},
                                        {"Conv", &Importer::ReadConv},
                                        {"MaxPool", &Importer::ReadPool},
                                        {"AveragePool", &Importer::ReadPool},
                                        {"GlobalAveragePool", &Importer::ReadGlobalPool},
                                        {"GlobalMaxPool", &Importer::ReadGlobalPool},
                                        {"ReduceMean", &Importer::ReadReduceMean},
                                        {"BatchNormalization", &Importer::ReadBatchNormalization},
                                        {"LayerNormalization", &Importer::ReadLayerNormalization},
                                        {"Flatten", &Importer::ReadFlatten},
                                        {"Reshape", &Importer::ReadReshape},
                                        {"Transpose", &Importer::ReadTranspose},
                                        {"Squeeze", &Importer::ReadSqueeze},
                                        {"Unsqueeze", &Importer::ReadUnsqueeze},
                                        {"Pad", &Importer::ReadPad},
                                        {"Slice", &Importer::ReadSlice},
                                        {"Concat", &Importer::ReadConcat},
                                        {"Add", &Importer::ReadMerge},
                                        {"Sum", &Importer::ReadMerge},
                                        {"Mul", &Importer::ReadMerge},
                                        {"Mean", &Importer::ReadMerge},
                                        {"Max", &Importer::ReadMerge},
                                        {"Min", &Importer::ReadMerge},
                                        {"Sub", &Importer::ReadMerge},
                                        {"Gather", &Importer::ReadGather},
                                        {"LSTM", &Importer::ReadRecurrent},
                                        {"GRU", &Importer::ReadRecurrent},
                                        {"Relu", &Importer::ReadActivation},
                                        {"Sigmoid", &Importer::ReadActivation},
                                        {"Tanh", &Importer::ReadActivation},
                                        {"Softplus", &Importer::ReadActivation},
                                        {"Softsign", &Importer::ReadActivation},
                                        {"Selu", &Importer::ReadActivation},
                                        {"Exp", &Importer::ReadActivation},
                                        {"Gelu", &Importer::ReadActivation},
                                        {"HardSigmoid", &Importer::ReadActivation},
                                        {"LeakyRelu", &Importer::ReadAlpha},
                                        {"Elu", &Importer::ReadAlpha},
                                        {"Clip", &Importer::ReadClip},
                                        {"Softmax", &Importer::ReadSoftmax},
                                        {"LogSoftmax", &Importer::ReadSoftmax}};
  for (const Reader& reader : kReaders) {
    if (node_->op_type() == reader.op) return (this->*reader.read)();
  }
  Refuse("has no layer");
}

}  // namespace onnx

ImportedModel ImportOnnx(std::string_view bytes) {
  constexpr size_t kMostBytes = (size_t{1} << 31) - 1;
  if (bytes.size() > kMostBytes)
    throw base::Error(base::ErrorCode::kLimitExceeded, "the ONNX file has " + std::to_string(bytes.size()) + " bytes, more than 2 GB");
  cerebro::onnx::Model model;
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !model.has_graph()) {
    throw base::Error(base::ErrorCode::kInvalidData, "the bytes are no ONNX model", {},
                      "An ONNX file is a ModelProto message; weights must be inside of it.");
  }
  return onnx::Importer(model, bytes.size()).Import();
}

}  // namespace wire
