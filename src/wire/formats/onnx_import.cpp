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
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>

#include "layers/definition.hpp"
#include "layers/refusal.hpp"
#include "onnx.pb.h"
#include "wire/formats/keras_file.hpp"
#include "wire/formats/onnx.hpp"
#include "wire/formats/tensor_file.hpp"
#include "wire/graph_builder.hpp"

namespace wire {
namespace {

using base::Dict;
using base::ErrorCode;
using base::LayerKind;
using base::List;
using base::Shape;
using layers::Quote;

constexpr uint64_t kMostCopies = 8;
constexpr int kMostIntegers = 64;  // of a list of axes, pads or sizes
constexpr int kBatch = 0, kOne = -1;  // in Value::axes: the batch; a dimension of size 1 that is none of ours

// A stretch of a flat value: the elements of an image of ours, seen through axes.
struct Part {
  Shape shape;            // of ours
  std::vector<int> axes;  // of ours without the batch, in ONNX's order; empty: as they are
};

struct Value {
  int call = -1;                // of ours; -1: a constant
  std::vector<int> axes;        // our dimension (1 = first behind the batch) of each of ONNX's
  std::vector<Part> parts;      // empty: elements are in our order
  bool not_negative = false;
  const cerebro::onnx::Tensor* constant = nullptr;
};

struct Constant {
  Shape shape;
  std::vector<float> values;
};

class Importer {
 public:
  Importer(const cerebro::onnx::Model& model, size_t file_bytes)
      : graph_(model.graph()), builder_(NameOf(model.graph().name(), "model")), own_(model.producer_name() == kOnnxProducer), file_bytes_(file_bytes) {
    for (const cerebro::onnx::OperatorSet& set : model.opset_import()) {
      if (set.domain().empty() || set.domain() == "ai.onnx") version_ = set.version();
    }
    if (version_ < 7) Broken("is of operator set " + std::to_string(version_) + ", 7 is the oldest that is read");
  }

  ImportedModel Import() {
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

 private:
  // ---- errors

  [[noreturn]] void Broken(const std::string& problem) const {
    throw base::Error(ErrorCode::kInvalidData, "the ONNX file " + problem);
  }
  [[noreturn]] void Unsupported(const std::string& what) const {
    throw base::Error(ErrorCode::kFeatureNotSupported, "the ONNX file cannot be read as layers: " + what.substr(0, 300), {},
                      "Operators are read that layers of cerebro.load_model() compute; see the documentation of cerebro.import_model().");
  }
  std::string About() const {
    return "operator " + Quote(node_->op_type()) + (node_->name().empty() ? "" : " " + Quote(node_->name()));
  }
  [[noreturn]] void Refuse(const std::string& what) const { Unsupported(About() + " " + what); }

  // ---- constants and values

  void AddConstant(const std::string& name, const cerebro::onnx::Tensor& tensor) {
    Value value;
    value.constant = &tensor;
    Set(name, std::move(value));
  }

  void Set(const std::string& name, Value value) {
    if (!name.empty() && !values_.emplace(name, std::move(value)).second) Broken("gives the name " + Quote(name) + " twice");
  }

  const Value& Get(const std::string& name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) Broken("uses the value " + Quote(name) + " before it is there");
    return found->second;
  }

  const std::string& InputName(int i) const {
    static const std::string none;
    return i < node_->input_size() ? node_->input(i) : none;
  }
  bool HasInput(int i) const { return !InputName(i).empty(); }

  const Value& Input(int i) const {
    if (!HasInput(i)) Broken("has " + About() + " without input " + std::to_string(i));
    const Value& value = Get(InputName(i));
    if (value.call < 0) Refuse("computes with constants alone");
    return value;
  }
  bool IsConstant(int i) const { return HasInput(i) && Get(InputName(i)).constant != nullptr; }

  const cerebro::onnx::Tensor& Tensor(int i) const {
    if (!HasInput(i) || Get(InputName(i)).constant == nullptr) Refuse("has no constant as input " + std::to_string(i));
    return *Get(InputName(i)).constant;
  }

  Shape DimensionsOf(const cerebro::onnx::Tensor& tensor) const {
    Shape shape(tensor.dims().begin(), tensor.dims().end());
    if (shape.size() > kMostDimensions) Broken("has a constant of " + std::to_string(shape.size()) + " dimensions, more than 8");
    return shape;
  }

  void Spend(uint64_t bytes) {
    copied_ += bytes;
    if (copied_ <= kMostCopies * file_bytes_ + 65536) return;
    throw base::Error(ErrorCode::kLimitExceeded, "the layers of the ONNX file have more than " + std::to_string(kMostCopies) + " times its weights");
  }

  Constant Floats(const cerebro::onnx::Tensor& tensor) {
    if (tensor.data_location() != 0) Unsupported("constant " + Quote(tensor.name()) + " lies in another file");
    Constant constant = {DimensionsOf(tensor), {}};
    std::string bytes;
    const auto read = [&](ElementType type, std::string_view data) {
      const FileTensor view = {tensor.name(), constant.shape, type, data};
      AppendFloats(view, &bytes);
    };
    // the fields for single numbers, where there are no raw bytes
    std::vector<double> doubles;
    std::vector<uint16_t> halves;
    const std::string_view raw = tensor.raw_data();
    const bool is_raw = tensor.has_raw_data();
    switch (tensor.data_type()) {
      case 1: {
        const char* floats = reinterpret_cast<const char*>(tensor.float_data().data());
        read(ElementType::kFloat32, is_raw ? raw : std::string_view(floats, static_cast<size_t>(tensor.float_data_size()) * sizeof(float)));
        break;
      }
      case 11: {
        const char* numbers = reinterpret_cast<const char*>(tensor.double_data().data());
        read(ElementType::kFloat64, is_raw ? raw : std::string_view(numbers, static_cast<size_t>(tensor.double_data_size()) * sizeof(double)));
        break;
      }
      case 10:
      case 16: {
        for (const int32_t number : tensor.int32_data()) halves.push_back(static_cast<uint16_t>(number));
        const char* numbers = reinterpret_cast<const char*>(halves.data());
        read(tensor.data_type() == 10 ? ElementType::kFloat16 : ElementType::kBFloat16,
             is_raw ? raw : std::string_view(numbers, halves.size() * sizeof(uint16_t)));
        break;
      }
      default: Unsupported("constant " + Quote(tensor.name()) + " is of type " + std::to_string(tensor.data_type()) + ", no real number");
    }
    Spend(bytes.size());
    constant.values.resize(bytes.size() / sizeof(float));
    if (!bytes.empty()) std::memcpy(constant.values.data(), bytes.data(), bytes.size());
    return constant;
  }
  Constant Floats(int i) { return Floats(Tensor(i)); }

  // A scalar or a vector.
  std::vector<float> Vector(int i, size_t count) {
    Constant constant = Floats(i);
    for (size_t d = 0; d + 1 < constant.shape.size(); ++d) {
      if (constant.shape[d] != 1) Refuse("has a constant of shape " + base::FormatShape(constant.shape) + " as input " + std::to_string(i));
    }
    if (constant.values.size() == 1) {
      Spend(count * sizeof(float));
      constant.values.resize(count, constant.values[0]);
    }
    if (constant.values.size() != count) {
      Refuse("has " + std::to_string(constant.values.size()) + " numbers as input " + std::to_string(i) + ", it needs " + std::to_string(count));
    }
    return std::move(constant.values);
  }

  double Scalar(int i, double if_absent) {
    if (!HasInput(i)) return if_absent;
    const Constant constant = Floats(i);
    if (constant.values.size() != 1) Refuse("has no single number as input " + std::to_string(i));
    return static_cast<double>(constant.values[0]);
  }

  std::vector<int64_t> Integers(const cerebro::onnx::Tensor& tensor) const {
    const bool is_list = tensor.data_type() == 7 && tensor.dims_size() <= 1 && tensor.int64_data_size() <= kMostIntegers &&
                         tensor.raw_data().size() <= kMostIntegers * sizeof(int64_t);
    if (!is_list) Refuse("has a constant that is no short list of 64-bit integers");
    std::vector<int64_t> numbers(tensor.int64_data().begin(), tensor.int64_data().end());
    if (tensor.has_raw_data()) {
      numbers.resize(tensor.raw_data().size() / sizeof(int64_t));
      if (!numbers.empty()) std::memcpy(numbers.data(), tensor.raw_data().data(), numbers.size() * sizeof(int64_t));
    }
    return numbers;
  }

  // Integers that are an attribute in older operator sets and an input in newer ones; empty when absent.
  std::vector<int64_t> IntegersOf(const char* attribute, int input) const {
    if (HasInput(input)) return Integers(Tensor(input));
    return Ints(attribute, {});
  }

  // ---- attributes

  const cerebro::onnx::Attribute* FindAttribute(const char* name) const {
    for (const cerebro::onnx::Attribute& attribute : node_->attribute()) {
      if (attribute.name() == name) return &attribute;
    }
    return nullptr;
  }
  int64_t Int(const char* name, int64_t if_absent) const {
    const cerebro::onnx::Attribute* attribute = FindAttribute(name);
    return attribute == nullptr ? if_absent : attribute->i();
  }
  double Float(const char* name, double if_absent) const {
    const cerebro::onnx::Attribute* attribute = FindAttribute(name);
    return attribute == nullptr ? if_absent : static_cast<double>(attribute->f());
  }
  std::string Text(const char* name, const char* if_absent) const {
    const cerebro::onnx::Attribute* attribute = FindAttribute(name);
    return attribute == nullptr ? if_absent : attribute->s();
  }
  std::vector<int64_t> Ints(const char* name, std::vector<int64_t> if_absent) const {
    const cerebro::onnx::Attribute* attribute = FindAttribute(name);
    if (attribute == nullptr) return if_absent;
    return {attribute->ints().begin(), attribute->ints().end()};
  }
  // Two integers from 1 on.
  std::vector<int64_t> Pair(const char* name, std::vector<int64_t> if_absent) const {
    std::vector<int64_t> pair = Ints(name, std::move(if_absent));
    if (pair.size() != 2) Refuse("has " + std::to_string(pair.size()) + " numbers as " + name + ", two dimensions are read");
    for (const int64_t number : pair) {
      if (number < 1 || number > layers::kLargestDimension) Broken("has " + About() + " with " + name + " " + std::to_string(number));
    }
    return pair;
  }

  // ---- layers

  static std::string NameOf(const std::string& text, const char* if_empty) {
    std::string name = text.substr(0, 100);
    for (char& c : name) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
      if (!plain) c = '_';
    }
    return name.empty() ? if_empty : name;
  }

  std::string UniqueName(const std::string& wanted) {
    std::string name = wanted;
    for (int& n = used_names_[wanted]; !taken_.insert(name).second;) name = wanted + "_" + std::to_string(++n);
    return name;
  }

  int AddLayer(const layers::LayerDefinition& definition, Dict config, std::vector<int> inputs, const std::string& part = "") {
    const std::string& own = node_->name().empty() ? (node_->output_size() > 0 ? node_->output(0) : node_->op_type()) : node_->name();
    const std::string name = UniqueName(NameOf(own, "layer") + part);
    const int layer = builder_.AddLayer(name, definition, base::Value(std::move(config)), true);
    weights_.emplace_back();
    return builder_.AddCall(layer, std::move(inputs));
  }
  // Of the layer that was added last.
  void SetWeight(const char* name, std::vector<float> values) { weights_.back()[name] = std::move(values); }

  // A copy: the builder moves its calls when one is added.
  Shape OurShape(const Value& value) const { return builder_.OutputShape(value.call); }

  static std::vector<int> Same(size_t rank) {
    std::vector<int> axes;
    for (size_t i = 0; i <= rank; ++i) axes.push_back(static_cast<int>(i));
    return axes;
  }
  bool InOurOrder(const Value& value) const { return value.axes == Same(OurShape(value).size()); }

  // An image with channels first, of ours with channels last.
  const Value& Image() const {
    const Value& value = Input(0);
    if (value.axes != std::vector<int>{0, 3, 1, 2} || !value.parts.empty()) Refuse("has no image with channels first as its input");
    return value;
  }

  // A value whose dimensions are ours.
  const Value& Plain(int i) const {
    const Value& value = Input(i);
    if (!InOurOrder(value) || !value.parts.empty()) Refuse("has a transposed or flattened value as input " + std::to_string(i));
    return value;
  }

  void Output(int call, std::vector<int> axes, std::vector<Part> parts = {}, bool not_negative = false, int index = 0) {
    if (node_->output_size() <= index) Broken("has " + About() + " without an output");
    Value value;
    value.call = call;
    value.axes = std::move(axes);
    value.parts = std::move(parts);
    value.not_negative = not_negative;
    Set(node_->output(index), std::move(value));
  }
  void Alias(const Value& value) { Output(value.call, value.axes, value.parts, value.not_negative); }

  // The value's elements one behind the other, as ONNX has them: index in ours of each. REQUIRES that somebody holds as
  // many numbers.
  static std::vector<size_t> Order(const std::vector<Part>& parts) {
    std::vector<size_t> order;
    size_t begin = 0;
    for (const Part& part : parts) {
      const auto count = static_cast<size_t>(base::ElementCount(part.shape));
      if (part.axes.empty()) {
        for (size_t i = 0; i < count; ++i) order.push_back(begin + i);
      } else {
        std::vector<size_t> strides(part.shape.size(), 1);
        for (size_t i = strides.size(); i-- > 1;) strides[i - 1] = strides[i] * static_cast<size_t>(part.shape[i]);
        std::vector<int64_t> index(part.axes.size());
        for (size_t n = 0; n < count; ++n) {
          size_t at = begin;
          for (size_t d = 0; d < index.size(); ++d) at += static_cast<size_t>(index[d]) * strides[static_cast<size_t>(part.axes[d])];
          order.push_back(at);
          for (size_t d = index.size(); d-- > 0;) {
            if (++index[d] < part.shape[static_cast<size_t>(part.axes[d])]) break;
            index[d] = 0;
          }
        }
      }
      begin += count;
    }
    return order;
  }

  // Puts rows (of `width` numbers) that are in a flat value's order into ours.
  static std::vector<float> InOurRows(const Value& value, std::vector<float> rows, size_t width) {
    if (value.parts.empty()) return rows;
    const std::vector<size_t> order = Order(value.parts);
    std::vector<float> ours(rows.size());
    for (size_t i = 0; i < order.size(); ++i) {
      std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(i * width), width, ours.begin() + static_cast<std::ptrdiff_t>(order[i] * width));
    }
    return ours;
  }

  // ---- what is needed

  void FindLiveNodes() {
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

  bool OnlyTransposed(const std::string& name) const {
    const auto [begin, end] = readers_.equal_range(name);
    for (auto at = begin; at != end; ++at) {
      if (graph_.node(at->second).op_type() != "Transpose") return false;
    }
    return begin != end;
  }

  void AddInputs() {
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
      const int layer = builder_.AddLayer(UniqueName(NameOf(info.name(), "input")), layers::kInput, base::Value(Dict{{"shape", base::Value(std::move(sizes))}}), true);
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

  // ---- operators

  void ReadNode() {
    if (!node_->domain().empty() && node_->domain() != "ai.onnx") Refuse("of domain " + Quote(node_->domain()) + " has no layer");
    struct Reader {
      const char* op;
      void (Importer::*read)();
    };
    static constexpr Reader kReaders[] = {
        {"Constant", &Importer::ReadConstant}, {"Identity", &Importer::ReadIdentity}, {"Cast", &Importer::ReadIdentity},
        {"Dropout", &Importer::ReadDropout}, {"Gemm", &Importer::ReadGemm}, {"MatMul", &Importer::ReadMatMul}, {"Conv", &Importer::ReadConv},
        {"MaxPool", &Importer::ReadPool}, {"AveragePool", &Importer::ReadPool}, {"GlobalAveragePool", &Importer::ReadGlobalPool},
        {"GlobalMaxPool", &Importer::ReadGlobalPool}, {"ReduceMean", &Importer::ReadReduceMean},
        {"BatchNormalization", &Importer::ReadBatchNormalization}, {"LayerNormalization", &Importer::ReadLayerNormalization},
        {"Flatten", &Importer::ReadFlatten}, {"Reshape", &Importer::ReadReshape}, {"Transpose", &Importer::ReadTranspose},
        {"Squeeze", &Importer::ReadSqueeze}, {"Unsqueeze", &Importer::ReadUnsqueeze}, {"Pad", &Importer::ReadPad},
        {"Concat", &Importer::ReadConcat}, {"Add", &Importer::ReadMerge}, {"Sum", &Importer::ReadMerge}, {"Mul", &Importer::ReadMerge},
        {"Mean", &Importer::ReadMerge}, {"Max", &Importer::ReadMerge}, {"Gather", &Importer::ReadGather}, {"LSTM", &Importer::ReadRecurrent},
        {"GRU", &Importer::ReadRecurrent}, {"Relu", &Importer::ReadActivation}, {"Sigmoid", &Importer::ReadActivation},
        {"Tanh", &Importer::ReadActivation}, {"Softplus", &Importer::ReadActivation}, {"Softsign", &Importer::ReadActivation},
        {"Selu", &Importer::ReadActivation}, {"Exp", &Importer::ReadActivation}, {"Gelu", &Importer::ReadActivation},
        {"HardSigmoid", &Importer::ReadActivation}, {"LeakyRelu", &Importer::ReadAlpha}, {"Elu", &Importer::ReadAlpha},
        {"Clip", &Importer::ReadClip}, {"Softmax", &Importer::ReadSoftmax}, {"LogSoftmax", &Importer::ReadSoftmax}};
    for (const Reader& reader : kReaders) {
      if (node_->op_type() == reader.op) return (this->*reader.read)();
    }
    Refuse("has no layer");
  }

  void ReadConstant() {
    const cerebro::onnx::Attribute* value = FindAttribute("value");
    if (value == nullptr || !value->has_t() || node_->output_size() != 1) Refuse("is given in another way than as a tensor");
    AddConstant(node_->output(0), value->t());
  }

  void ReadIdentity() {
    if (IsConstant(0)) {
      if (node_->op_type() != "Identity" || node_->output_size() < 1) Refuse("computes with constants alone");
      return AddConstant(node_->output(0), Tensor(0));
    }
    Alias(Input(0));
  }

  void ReadDropout() {
    const Value value = Input(0);
    const double rate = version_ < 12 ? Float("ratio", 0.5) : Scalar(1, 0.5);
    if (!(rate > 0 && rate < 1)) return Alias(value);
    Output(AddLayer(layers::kDropout, {{"rate", base::Value(rate)}}, {value.call}), value.axes, value.parts, value.not_negative);
  }

  // A Dense layer over the last dimension.
  void AddDense(const Value& value, Constant kernel, bool transposed, const std::vector<float>* bias, double alpha) {
    if (kernel.shape.size() != 2) Refuse("has a kernel of shape " + base::FormatShape(kernel.shape));
    const Shape ours = OurShape(value);
    const auto rows = static_cast<size_t>(kernel.shape[transposed ? 1 : 0]), units = static_cast<size_t>(kernel.shape[transposed ? 0 : 1]);
    if (ours.empty() || !InOurOrder(value) || ours.back() != static_cast<int64_t>(rows) || units == 0) {
      Refuse("has a kernel of shape " + base::FormatShape(kernel.shape) + " for an input of " + base::FormatShape(ours));
    }
    if (transposed) {
      std::vector<float> turned(kernel.values.size());
      for (size_t unit = 0; unit < units; ++unit) {
        for (size_t row = 0; row < rows; ++row) turned[row * units + unit] = kernel.values[unit * rows + row];
      }
      kernel.values = std::move(turned);
    }
    for (float& number : kernel.values) number = static_cast<float>(static_cast<double>(number) * alpha);
    const int call = AddLayer(layers::kDense, {{"units", base::Value(static_cast<int64_t>(units))}, {"use_bias", base::Value(bias != nullptr)}}, {value.call});
    SetWeight("kernel", InOurRows(value, std::move(kernel.values), units));
    if (bias != nullptr) SetWeight("bias", *bias);
    Output(call, Same(ours.size()));
  }

  void ReadGemm() {
    const Value value = Input(0);
    if (Int("transA", 0) != 0) Refuse("transposes its input");
    if (OurShape(value).size() != 1) Refuse("has an input of " + std::to_string(OurShape(value).size() + 1) + " dimensions");
    Constant kernel = Floats(1);
    const bool transposed = Int("transB", 0) != 0;
    if (kernel.shape.size() != 2) Refuse("has a kernel of shape " + base::FormatShape(kernel.shape));
    std::vector<float> bias;
    if (HasInput(2)) {
      bias = Vector(2, static_cast<size_t>(kernel.shape[transposed ? 0 : 1]));
      for (float& number : bias) number = static_cast<float>(static_cast<double>(number) * Float("beta", 1));
    }
    AddDense(value, std::move(kernel), transposed, HasInput(2) ? &bias : nullptr, Float("alpha", 1));
  }

  // With the Add behind it, where that adds a vector and is the only reader.
  void ReadMatMul() {
    const Value value = Input(0);
    Constant kernel = Floats(1);
    if (node_->output_size() != 1) Broken("has " + About() + " without an output");
    const cerebro::onnx::Node* product = node_;
    const auto [begin, end] = readers_.equal_range(node_->output(0));
    if (begin != end && std::next(begin) == end && outputs_.count(node_->output(0)) == 0) {
      const cerebro::onnx::Node& add = graph_.node(begin->second);
      const bool first = add.input_size() == 2 && add.input(0) == product->output(0);
      const auto other = add.input_size() == 2 ? values_.find(add.input(first ? 1 : 0)) : values_.end();
      if (add.op_type() == "Add" && add.output_size() == 1 && other != values_.end() && other->second.constant != nullptr &&
          other->second.constant->dims_size() == 1 && kernel.shape.size() == 2 && other->second.constant->dims(0) == kernel.shape[1]) {
        std::vector<float> bias = Floats(*other->second.constant).values;
        AddDense(value, std::move(kernel), false, &bias, 1);
        fused_[&add] = product->output(0);
        return;
      }
    }
    AddDense(value, std::move(kernel), false, nullptr, 1);
  }

  // The pads that Keras's "same" has: (top, left, bottom, right).
  static std::vector<int64_t> SamePads(const Shape& image, const std::vector<int64_t>& window, const std::vector<int64_t>& strides, bool lower) {
    std::vector<int64_t> pads(4);
    for (size_t i = 0; i < 2; ++i) {
      const int64_t out = (image[i] + strides[i] - 1) / strides[i];
      const int64_t total = std::max<int64_t>((out - 1) * strides[i] + window[i] - image[i], 0);
      pads[i] = lower ? total - total / 2 : total / 2;
      pads[i + 2] = total - pads[i];
    }
    return pads;
  }

  std::vector<int64_t> Pads(const Shape& image, const std::vector<int64_t>& window, const std::vector<int64_t>& strides) const {
    const std::string rule = Text("auto_pad", "NOTSET");
    if (rule == "VALID") return {0, 0, 0, 0};
    if (rule == "SAME_UPPER" || rule == "SAME_LOWER") return SamePads(image, window, strides, rule == "SAME_LOWER");
    if (rule != "NOTSET") Refuse("has the auto_pad " + Quote(rule));
    std::vector<int64_t> pads = Ints("pads", {0, 0, 0, 0});
    if (pads.size() != 4) Refuse("has " + std::to_string(pads.size()) + " pads, two dimensions are read");
    for (const int64_t pad : pads) {
      if (pad < 0 || pad > layers::kLargestDimension) Refuse("has a pad of " + std::to_string(pad));
    }
    return pads;
  }

  int AddPadding(int call, const std::vector<int64_t>& pads) {
    const auto sides = [&](size_t i) { return base::Value(List{base::Value(pads[i]), base::Value(pads[i + 2])}); };
    return AddLayer(layers::kZeroPadding2D, {{"padding", base::Value(List{sides(0), sides(1)})}}, {call}, "_pad");
  }

  static base::Value PairValue(const std::vector<int64_t>& pair) { return base::Value(List{base::Value(pair[0]), base::Value(pair[1])}); }

  void ReadConv() {
    const Value value = Image();
    Constant kernel = Floats(1);
    if (kernel.shape.size() != 4) Refuse("has a kernel of shape " + base::FormatShape(kernel.shape) + ", two dimensions are read");
    const int64_t filters = kernel.shape[0], channels = kernel.shape[1], height = kernel.shape[2], width = kernel.shape[3];
    const std::vector<int64_t> strides = Pair("strides", {1, 1}), dilations = Pair("dilations", {1, 1});
    if (kernel.values.empty()) Refuse("has an empty kernel");
    const std::vector<int64_t> window = {(height - 1) * dilations[0] + 1, (width - 1) * dilations[1] + 1};
    const Shape image = OurShape(value);
    const std::vector<int64_t> pads = Pads(image, window, strides);
    const bool none = pads == std::vector<int64_t>{0, 0, 0, 0}, same = !none && pads == SamePads(image, window, strides, false);
    const int call = none || same ? value.call : AddPadding(value.call, pads);
    const int conv = AddLayer(layers::kConv2D,
                              {{"filters", base::Value(filters)}, {"kernel_size", PairValue({height, width})}, {"strides", PairValue(strides)},
                               {"dilation_rate", PairValue(dilations)}, {"padding", base::Value(same ? "same" : "valid")},
                               {"groups", base::Value(Int("group", 1))}, {"use_bias", base::Value(HasInput(2))}},
                              {call});
    std::vector<float> ours;
    ours.reserve(kernel.values.size());
    for (int64_t at = 0; at < height * width; ++at) {
      for (int64_t i = 0; i < channels; ++i) {
        for (int64_t o = 0; o < filters; ++o) ours.push_back(kernel.values[static_cast<size_t>((o * channels + i) * height * width + at)]);
      }
    }
    SetWeight("kernel", std::move(ours));
    if (HasInput(2)) SetWeight("bias", Vector(2, static_cast<size_t>(filters)));
    Output(conv, value.axes);
  }

  void ReadPool() {
    const Value value = Image();
    const bool max = node_->op_type() == "MaxPool";
    const std::vector<int64_t> window = Pair("kernel_shape", {}), strides = Pair("strides", {1, 1});
    if (Pair("dilations", {1, 1}) != std::vector<int64_t>{1, 1}) Refuse("has dilations");
    const Shape image = OurShape(value);
    const std::vector<int64_t> pads = Pads(image, window, strides);
    const bool none = pads == std::vector<int64_t>{0, 0, 0, 0};
    for (size_t i = 0; Int("ceil_mode", 0) != 0 && i < 2; ++i) {
      if ((image[i] + pads[i] + pads[i + 2] - window[i]) % strides[i] != 0) Refuse("has ceil_mode, and windows that end outside");
    }
    const bool counts_pads = !max && Int("count_include_pad", 0) != 0;
    const bool same = !none && !counts_pads && pads == SamePads(image, window, strides, false);
    int call = value.call;
    if (!none && !same) {
      // zeros around are neutral for an average that counts them, and for a maximum of numbers that are not negative
      if (!counts_pads && !(max && value.not_negative)) Refuse("has pads that no pooling layer has");
      call = AddPadding(value.call, pads);
    }
    const int pool = AddLayer(max ? layers::kMaxPooling2D : layers::kAveragePooling2D,
                              {{"pool_size", PairValue(window)}, {"strides", PairValue(strides)}, {"padding", base::Value(same ? "same" : "valid")}}, {call});
    Output(pool, value.axes, {}, value.not_negative);
  }

  void ReadGlobalPool() {
    const Value value = Image();
    const bool max = node_->op_type() == "GlobalMaxPool";
    Output(AddLayer(max ? layers::kGlobalMaxPooling2D : layers::kGlobalAveragePooling2D, {}, {value.call}), {kBatch, 1, kOne, kOne}, {}, value.not_negative);
  }

  void ReadReduceMean() {
    const Value value = Image();
    std::set<int64_t> axes;
    for (const int64_t axis : IntegersOf("axes", 1)) axes.insert(axis < 0 ? axis + 4 : axis);
    if (axes != std::set<int64_t>{2, 3}) Refuse("is no mean over height and width");
    std::vector<int> ours = {kBatch, 1};
    if (Int("keepdims", 1) != 0) ours.insert(ours.end(), 2, kOne);
    Output(AddLayer(layers::kGlobalAveragePooling2D, {}, {value.call}), ours, {}, value.not_negative);
  }

  void ReadBatchNormalization() {
    const Value value = Input(0);
    const Shape shape = OurShape(value);
    if (shape.empty() || value.axes.size() < 2 || value.axes[1] != static_cast<int>(shape.size())) Refuse("has its channels in another dimension than the second");
    if (Int("training_mode", 0) != 0) Refuse("is in training mode");
    const auto count = static_cast<size_t>(shape.back());
    std::vector<float> weights[4];
    for (int i = 0; i < 4; ++i) {
      if (Tensor(i + 1).dims_size() != 1) Refuse("has a constant that is no vector as input " + std::to_string(i + 1));
      weights[i] = Vector(i + 1, count);
    }
    const int call = AddLayer(layers::kBatchNormalization,
                              {{"epsilon", base::Value(Float("epsilon", 1e-5))}, {"momentum", base::Value(Float("momentum", 0.9))}}, {value.call});
    constexpr const char* kNames[] = {"gamma", "beta", "moving_mean", "moving_variance"};
    for (int i = 0; i < 4; ++i) SetWeight(kNames[i], InOurRows(value, std::move(weights[i]), 1));
    Output(call, value.axes, value.parts);
  }

  void ReadLayerNormalization() {
    const Value& value = Plain(0);
    const Shape shape = OurShape(value);
    const int64_t rank = static_cast<int64_t>(shape.size()) + 1;
    int64_t axis = Int("axis", -1);
    if (axis < 0) axis += rank;
    if (axis < 1 || axis >= rank) Refuse("normalizes over the batch");
    List axes;
    int64_t count = 1;
    for (int64_t i = axis; i < rank; ++i) {
      axes.emplace_back(i);
      count *= shape[static_cast<size_t>(i - 1)];
    }
    Constant gamma = Floats(1), beta;
    if (HasInput(2)) beta = Floats(2);
    if (static_cast<int64_t>(gamma.values.size()) != count) Refuse("has a scale of " + std::to_string(gamma.values.size()) + " numbers, it needs " + std::to_string(count));
    const int call = AddLayer(layers::kLayerNormalization,
                              {{"axis", base::Value(std::move(axes))}, {"epsilon", base::Value(Float("epsilon", 1e-5))}, {"center", base::Value(HasInput(2))}},
                              {value.call});
    SetWeight("gamma", std::move(gamma.values));
    if (HasInput(2)) SetWeight("beta", std::move(beta.values));
    Output(call, Same(shape.size()));
  }

  // The batch first, then all else flat.
  void Flat(const Value& value) {
    if (value.axes.empty() || value.axes[0] != kBatch) Refuse("flattens a value whose batch is not in front");
    const Shape shape = OurShape(value);
    if (shape.size() == 1) return Output(value.call, {kBatch, 1}, value.parts, value.not_negative);
    if (!value.parts.empty()) Refuse("reshapes a flattened image");
    Part part = {shape, {}};
    for (size_t i = 1; i < value.axes.size(); ++i) {
      if (value.axes[i] != kOne) part.axes.push_back(value.axes[i] - 1);
    }
    bool as_ours = true;
    for (size_t i = 0; i < part.axes.size(); ++i) as_ours = as_ours && part.axes[i] == static_cast<int>(i);
    std::vector<Part> parts;
    if (!as_ours) parts.push_back(std::move(part));
    Output(AddLayer(layers::kFlatten, {}, {value.call}), {kBatch, 1}, std::move(parts), value.not_negative);
  }

  void ReadFlatten() {
    const Value value = Input(0);
    if (Int("axis", 1) != 1) Refuse("has the axis " + std::to_string(Int("axis", 1)));
    Flat(value);
  }

  void ReadReshape() {
    const Value value = Input(0);
    const std::vector<int64_t> target = HasInput(1) ? Integers(Tensor(1)) : Ints("shape", {});
    if (target.empty() || target.size() > kMostDimensions) Refuse("has a target of " + std::to_string(target.size()) + " dimensions");
    const int64_t count = base::ElementCount(OurShape(value));
    if (target.size() == 2 && (target[1] == -1 || target[1] == count)) return Flat(value);
    if (target[0] != 0 && target[0] != -1) Refuse("changes the batch");
    if (!InOurOrder(value) || !value.parts.empty()) Refuse("reshapes a transposed or flattened value");
    List sizes;
    for (size_t i = 1; i < target.size(); ++i) {
      int64_t size = target[i];
      if (size == 0 && i <= OurShape(value).size()) size = OurShape(value)[i - 1];
      sizes.emplace_back(size);
    }
    const size_t rank = sizes.size();
    Output(AddLayer(layers::kReshape, {{"target_shape", base::Value(std::move(sizes))}}, {value.call}), Same(rank), {}, value.not_negative);
  }

  void ReadTranspose() {
    const Value value = Input(0);
    std::vector<int64_t> order = Ints("perm", {});
    if (order.empty()) {
      for (size_t i = value.axes.size(); i-- > 0;) order.push_back(static_cast<int64_t>(i));
    }
    if (order.size() != value.axes.size()) Broken("has " + About() + " of " + std::to_string(order.size()) + " dimensions for a value of " + std::to_string(value.axes.size()));
    std::vector<bool> seen(order.size());
    std::vector<int> axes;
    for (const int64_t from : order) {
      if (from < 0 || static_cast<size_t>(from) >= order.size() || seen[static_cast<size_t>(from)]) Broken("has " + About() + " whose perm is no permutation");
      seen[static_cast<size_t>(from)] = true;
      axes.push_back(value.axes[static_cast<size_t>(from)]);
    }
    Output(value.call, std::move(axes), value.parts, value.not_negative);
  }

  std::set<size_t> AxesOf(size_t rank) const {
    std::set<size_t> axes;
    for (const int64_t axis : IntegersOf("axes", 1)) {
      const int64_t position = axis < 0 ? axis + static_cast<int64_t>(rank) : axis;
      if (position < 0 || static_cast<size_t>(position) >= rank || !axes.insert(static_cast<size_t>(position)).second) {
        Broken("has " + About() + " with the axis " + std::to_string(axis));
      }
    }
    if (axes.empty()) Refuse("names no axes");
    return axes;
  }

  void ReadSqueeze() {
    const Value value = Input(0);
    const std::set<size_t> gone = AxesOf(value.axes.size());
    std::vector<int> axes;
    for (size_t i = 0; i < value.axes.size(); ++i) {
      if (gone.count(i) == 0) {
        axes.push_back(value.axes[i]);
      } else if (value.axes[i] != kOne) {
        Refuse("takes out a dimension of a layer's output");
      }
    }
    Output(value.call, std::move(axes), value.parts, value.not_negative);
  }

  void ReadUnsqueeze() {
    const Value value = Input(0);
    const size_t added = IntegersOf("axes", 1).size();
    if (value.axes.size() + added > kMostDimensions) Refuse("makes a value of more than 8 dimensions");
    const std::set<size_t> ones = AxesOf(value.axes.size() + added);
    std::vector<int> axes;
    for (size_t i = 0, next = 0; i < value.axes.size() + added; ++i) axes.push_back(ones.count(i) > 0 ? kOne : value.axes[next++]);
    Output(value.call, std::move(axes), value.parts, value.not_negative);
  }

  void ReadPad() {
    const Value value = Image();
    if (Text("mode", "constant") != "constant") Refuse("has the mode " + Quote(Text("mode", "constant")));
    if (HasInput(3)) Refuse("names its axes");
    const double filling = version_ < 11 ? Float("value", 0) : Scalar(2, 0);
    std::vector<int64_t> pads = IntegersOf("pads", 1);
    if (filling != 0 || pads.size() != 8 || pads[0] != 0 || pads[1] != 0 || pads[4] != 0 || pads[5] != 0) Refuse("pads other than height and width by zeros");
    pads = {pads[2], pads[3], pads[6], pads[7]};
    for (const int64_t pad : pads) {
      if (pad < 0 || pad > layers::kLargestDimension) Refuse("has a pad of " + std::to_string(pad));
    }
    Output(AddPadding(value.call, pads), value.axes, {}, value.not_negative);
  }

  // Inputs of one layout.
  std::vector<int> Calls(bool* not_negative) const {
    std::vector<int> calls;
    *not_negative = true;
    for (int i = 0; i < node_->input_size(); ++i) {
      if (IsConstant(i)) Refuse("has a constant as input " + std::to_string(i));
      const Value& value = Input(i);
      if (value.axes != Input(0).axes) Refuse("combines values that are transposed differently");
      calls.push_back(value.call);
      *not_negative = *not_negative && value.not_negative;
    }
    return calls;
  }

  void ReadConcat() {
    bool not_negative = false;
    std::vector<int> calls = Calls(&not_negative);
    const Value first = Input(0);
    const int64_t rank = static_cast<int64_t>(first.axes.size());
    int64_t axis = Int("axis", version_ < 4 ? 1 : 0);
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank || first.axes[static_cast<size_t>(axis)] < 1) Refuse("has the axis " + std::to_string(axis));
    std::vector<Part> parts;
    bool flat = false;
    for (int i = 0; i < node_->input_size(); ++i) {
      const Value& value = Input(i);
      flat = flat || !value.parts.empty();
      if (value.parts.empty()) parts.push_back({OurShape(value), {}});
      parts.insert(parts.end(), value.parts.begin(), value.parts.end());
    }
    if (parts.size() > 1000) Refuse("joins more than 1000 flattened values");
    if (!flat) parts.clear();
    if (calls.size() == 1) return Alias(first);
    const int call = AddLayer(layers::kConcatenate, {{"axis", base::Value(static_cast<int64_t>(first.axes[static_cast<size_t>(axis)]))}}, std::move(calls));
    Output(call, first.axes, std::move(parts), not_negative);
  }

  void ReadMerge() {
    const auto fused = fused_.find(node_);
    if (fused != fused_.end()) return Alias(Get(fused->second));
    bool not_negative = false;
    const std::vector<int> calls = Calls(&not_negative);
    const Value first = Input(0);
    for (int i = 0; i < node_->input_size(); ++i) {
      const Value& value = Input(i);
      const bool flat = !value.parts.empty() || !first.parts.empty();
      if (flat && (value.parts.size() != first.parts.size() || value.parts.size() != 1 || value.parts[0].shape != first.parts[0].shape ||
                   value.parts[0].axes != first.parts[0].axes)) {
        Refuse("combines a flattened image with something else");
      }
    }
    if (calls.size() == 1) return Alias(first);
    const std::string& op = node_->op_type();
    const layers::LayerDefinition& definition = op == "Mul" ? layers::kMultiply : op == "Mean" ? layers::kAverage : op == "Max" ? layers::kMaximum : layers::kAdd;
    const int call = AddLayer(definition, {}, calls);
    if (OurShape(first).size() != builder_.OutputShape(call).size()) Refuse("combines values of different dimensions");
    Output(call, first.axes, first.parts, not_negative);
  }

  void ReadGather() {
    if (!IsConstant(0)) Refuse("does not take its rows from a constant");
    if (Int("axis", 0) != 0) Refuse("has the axis " + std::to_string(Int("axis", 0)));
    const Value& value = Plain(1);
    Constant table = Floats(0);
    if (table.shape.size() != 2) Refuse("has a table of shape " + base::FormatShape(table.shape));
    const size_t rank = OurShape(value).size();
    const int call = AddLayer(layers::kEmbedding, {{"input_dim", base::Value(table.shape[0])}, {"output_dim", base::Value(table.shape[1])}}, {value.call});
    SetWeight("embeddings", std::move(table.values));
    Output(call, Same(rank + 1));
  }

  // ONNX's (gates * units, rows), block by block in its order, as columns of ours. REQUIRES that many numbers.
  static std::vector<float> Columns(const float* theirs, size_t rows, size_t units, const std::vector<size_t>& order) {
    const size_t columns = units * order.size();
    std::vector<float> ours(rows * columns);
    for (size_t block = 0; block < order.size(); ++block) {
      for (size_t unit = 0; unit < units; ++unit) {
        for (size_t row = 0; row < rows; ++row) ours[row * columns + order[block] * units + unit] = *theirs++;
      }
    }
    return ours;
  }

  std::string ActivationOfGate(const cerebro::onnx::Attribute* activations, int i, const char* if_absent) const {
    if (activations == nullptr) return if_absent;
    struct Known { const char* theirs; const char* ours; };
    constexpr Known kKnown[] = {{"Sigmoid", "sigmoid"}, {"Tanh", "tanh"}, {"Relu", "relu"}, {"Softsign", "softsign"}, {"Softplus", "softplus"}};
    for (const Known& known : kKnown) {
      if (i < activations->strings_size() && activations->strings(i) == known.theirs) return known.ours;
    }
    Refuse("has activations that no layer has");
  }

  void ReadRecurrent() {
    const bool lstm = node_->op_type() == "LSTM";
    const Value value = Input(0);
    const Shape shape = OurShape(value);
    const bool time_first = value.axes == std::vector<int>{1, 0, 2} && Int("layout", 0) == 0;
    if (shape.size() != 2 || !value.parts.empty() || !time_first) Refuse("has no input of (time, batch, features)");
    const std::string direction = Text("direction", "forward");
    if (direction != "forward" && direction != "reverse") Refuse("has the direction " + Quote(direction));
    for (int i = 4; i < node_->input_size(); ++i) {
      if (!HasInput(i)) continue;
      if (i == 4 || i > 6) Refuse("has input " + std::to_string(i));
      for (const float number : Floats(i).values) {
        if (number != 0) Refuse("has an initial state");
      }
    }
    if (FindAttribute("clip") != nullptr || Int("input_forget", 0) != 0 || FindAttribute("activation_alpha") != nullptr) Refuse("has arguments that no layer has");
    const std::vector<size_t> order = lstm ? std::vector<size_t>{0, 3, 1, 2} : std::vector<size_t>{0, 1, 2};
    const Constant w = Floats(1), r = Floats(2);
    const int64_t units = Int("hidden_size", r.shape.size() == 3 ? r.shape[2] : 0), gates = static_cast<int64_t>(order.size());
    const int64_t features = shape[1];
    if (units < 1 || units > layers::kLargestDimension || w.shape != Shape{1, units * gates, features} || r.shape != Shape{1, units * gates, units}) {
      Refuse("has weights of shapes " + base::FormatShape(w.shape) + " and " + base::FormatShape(r.shape));
    }
    const bool reset_after = !lstm && Int("linear_before_reset", 0) != 0;
    std::vector<float> bias;
    const bool has_bias = HasInput(3);
    if (has_bias) {
      const Constant b = Floats(3);
      if (b.shape != Shape{1, 2 * units * gates}) Refuse("has biases of shape " + base::FormatShape(b.shape));
      bias = Columns(b.values.data(), 1, static_cast<size_t>(units), order);
      const std::vector<float> second = Columns(b.values.data() + units * gates, 1, static_cast<size_t>(units), order);
      if (reset_after) {
        bias.insert(bias.end(), second.begin(), second.end());
      } else {
        for (size_t i = 0; i < bias.size(); ++i) bias[i] += second[i];
      }
    }
    const auto used = [&](int i) { return i < node_->output_size() && needed_.count(node_->output(i)) > 0 && !node_->output(i).empty(); };
    if (used(2) || (used(0) && used(1))) Refuse("gives more than one result");
    const bool sequences = used(0);
    if (sequences && direction == "reverse") Refuse("gives all time steps of the reverse direction");
    const auto* activations = FindAttribute("activations");
    if (lstm && activations != nullptr && (activations->strings_size() != 3 || activations->strings(1) != activations->strings(2))) {
      Refuse("has activations that no layer has");
    }
    Dict config = {{"units", base::Value(units)},
                   {"activation", base::Value(ActivationOfGate(activations, 1, "tanh"))},
                   {"recurrent_activation", base::Value(ActivationOfGate(activations, 0, "sigmoid"))},
                   {"use_bias", base::Value(has_bias)},
                   {"return_sequences", base::Value(sequences)},
                   {"go_backwards", base::Value(direction == "reverse")}};
    if (!lstm) config.emplace_back("reset_after", base::Value(reset_after));
    const int call = AddLayer(lstm ? layers::kLSTM : layers::kGRU, std::move(config), {value.call});
    SetWeight("kernel", Columns(w.values.data(), static_cast<size_t>(features), static_cast<size_t>(units), order));
    SetWeight("recurrent_kernel", Columns(r.values.data(), static_cast<size_t>(units), static_cast<size_t>(units), order));
    if (has_bias) SetWeight("bias", std::move(bias));
    if (sequences) {
      Output(call, {1, kOne, kBatch, 2});
    } else {
      Output(call, {kOne, kBatch, 1}, {}, false, 1);
    }
  }

  void ReadActivation() {
    const Value value = Input(0);
    const std::string& op = node_->op_type();
    struct Known { const char* op; const char* ours; bool not_negative; };
    constexpr Known kKnown[] = {{"Relu", "relu", true},         {"Sigmoid", "sigmoid", true}, {"Tanh", "tanh", false}, {"Softplus", "softplus", true},
                                {"Softsign", "softsign", false}, {"Selu", "selu", false},      {"Exp", "exponential", true}, {"Gelu", "gelu", false},
                                {"HardSigmoid", "hard_sigmoid", true}};
    const Known* known = std::find_if(std::begin(kKnown), std::end(kKnown), [&](const Known& k) { return op == k.op; });
    if (op == "Gelu" && Text("approximate", "none") != "none") Refuse("is approximate");
    if (op == "HardSigmoid" && (std::fabs(Float("alpha", 0.2) - 0.2) > 1e-6 || std::fabs(Float("beta", 0.5) - 0.5) > 1e-6)) {
      Refuse("has other constants than 0.2 and 0.5");
    }
    if (op == "Selu" && (FindAttribute("alpha") != nullptr || FindAttribute("gamma") != nullptr) &&
        (std::fabs(Float("alpha", 1.67326) - 1.67326) > 1e-4 || std::fabs(Float("gamma", 1.0507) - 1.0507) > 1e-4)) {
      Refuse("has constants of its own");
    }
    Output(AddLayer(layers::kActivation, {{"activation", base::Value(known->ours)}}, {value.call}), value.axes, value.parts, known->not_negative);
  }

  void ReadAlpha() {
    const Value value = Input(0);
    const bool leaky = node_->op_type() == "LeakyRelu";
    const double alpha = Float("alpha", leaky ? 0.01 : 1.0);
    Output(AddLayer(leaky ? layers::kLeakyReLU : layers::kELU, {{"alpha", base::Value(alpha)}}, {value.call}), value.axes, value.parts);
  }

  void ReadClip() {
    const Value value = Input(0);
    constexpr double kLeast = -3.4028234663852886e38;
    const double least = version_ < 11 ? Float("min", kLeast) : Scalar(1, kLeast), most = version_ < 11 ? Float("max", -kLeast) : Scalar(2, -kLeast);
    if (least != 0 || !(most > 0)) Refuse("has other limits than 0 and a positive number");
    Dict config;
    if (most < -kLeast) config.emplace_back("max_value", base::Value(most));
    Output(AddLayer(layers::kReLU, std::move(config), {value.call}), value.axes, value.parts, true);
  }

  void ReadSoftmax() {
    const Value value = Input(0);
    const int64_t rank = static_cast<int64_t>(value.axes.size());
    int64_t axis = Int("axis", version_ < 13 ? 1 : -1);
    if (axis < 0) axis += rank;
    const bool last = axis >= 0 && axis < rank && value.axes[static_cast<size_t>(axis)] == static_cast<int>(OurShape(value).size());
    if (!last || (version_ < 13 && axis != rank - 1)) Refuse("has the axis " + std::to_string(axis) + ", which is not the last one here");
    const char* activation = node_->op_type() == "Softmax" ? "softmax" : "log_softmax";
    Output(AddLayer(layers::kActivation, {{"activation", base::Value(activation)}}, {value.call}), value.axes, value.parts, node_->op_type() == "Softmax");
  }

  const cerebro::onnx::Graph& graph_;
  GraphBuilder builder_;
  const bool own_;  // written by ExportOnnx
  const uint64_t file_bytes_;
  int64_t version_ = 0;
  std::unordered_map<std::string, Value> values_;
  std::vector<bool> live_;
  std::set<std::string> needed_;   // values that lead to an output
  std::set<std::string> outputs_;
  std::multimap<std::string, int> readers_;  // value -> live nodes
  std::map<const cerebro::onnx::Node*, std::string> fused_;  // an Add that a Dense layer has taken in -> its value
  const cerebro::onnx::Node* node_ = nullptr;
  std::vector<int> inputs_;
  std::vector<std::map<std::string, std::vector<float>>> weights_;  // of each layer
  std::map<std::string, int> used_names_;
  std::set<std::string> taken_;
  uint64_t copied_ = 0;
  ImportedModel imported_;
};

}  // namespace

ImportedModel ImportOnnx(std::string_view bytes) {
  constexpr size_t kMostBytes = (size_t{1} << 31) - 1;
  if (bytes.size() > kMostBytes) throw base::Error(ErrorCode::kLimitExceeded, "the ONNX file has " + std::to_string(bytes.size()) + " bytes, more than 2 GB");
  cerebro::onnx::Model model;
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !model.has_graph()) {
    throw base::Error(ErrorCode::kInvalidData, "the bytes are no ONNX model", {}, "An ONNX file is a ModelProto message; weights must be inside of it.");
  }
  return Importer(model, bytes.size()).Import();
}

}  // namespace wire
