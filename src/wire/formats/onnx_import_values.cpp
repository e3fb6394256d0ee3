// Constants, attributes, names and the order of values of an ONNX graph: see onnx_import.cpp.
#include <algorithm>
#include <cstring>
#include <string_view>

#include "layers/refusal.hpp"
#include "onnx.pb.h"
#include "wire/formats/onnx_importer.hpp"
#include "wire/formats/tensor_file.hpp"

namespace wire {
namespace onnx {

using base::Dict;
using base::ErrorCode;
using base::Shape;
using layers::Quote;

void Importer::AddConstant(const std::string& name, const cerebro::onnx::Tensor& tensor) {
  Value value;
  value.constant = &tensor;
  Set(name, std::move(value));
}

void Importer::Set(const std::string& name, Value value) {
  if (!name.empty() && !values_.emplace(name, std::move(value)).second) Broken("gives the name " + Quote(name) + " twice");
}

const Value& Importer::Get(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) Broken("uses the value " + Quote(name) + " before it is there");
  return found->second;
}

const std::string& Importer::InputName(int i) const {
  static const std::string none;
  return i < node_->input_size() ? node_->input(i) : none;
}

const Value& Importer::Input(int i) const {
  if (!HasInput(i)) Broken("has " + About() + " without input " + std::to_string(i));
  const Value& value = Get(InputName(i));
  if (value.call < 0) Refuse("computes with constants alone");
  return value;
}

const cerebro::onnx::Tensor& Importer::Tensor(int i) const {
  if (!HasInput(i) || Get(InputName(i)).constant == nullptr) Refuse("has no constant as input " + std::to_string(i));
  return *Get(InputName(i)).constant;
}

Shape Importer::DimensionsOf(const cerebro::onnx::Tensor& tensor) const {
  Shape shape(tensor.dims().begin(), tensor.dims().end());
  if (shape.size() > kMostDimensions) Broken("has a constant of " + std::to_string(shape.size()) + " dimensions, more than 8");
  return shape;
}

void Importer::Spend(uint64_t bytes) {
  copied_ += bytes;
  if (copied_ <= kMostCopies * file_bytes_ + 65536) return;
  throw base::Error(ErrorCode::kLimitExceeded,
                    "the layers of the ONNX file have more than " + std::to_string(kMostCopies) + " times its weights");
}

Constant Importer::Floats(const cerebro::onnx::Tensor& tensor) {
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
      read(ElementType::kFloat64,
           is_raw ? raw : std::string_view(numbers, static_cast<size_t>(tensor.double_data_size()) * sizeof(double)));
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
    default:
      Unsupported("constant " + Quote(tensor.name()) + " is of type " + std::to_string(tensor.data_type()) + ", no real number");
  }
  Spend(bytes.size());
  constant.values.resize(bytes.size() / sizeof(float));
  if (!bytes.empty()) std::memcpy(constant.values.data(), bytes.data(), bytes.size());
  return constant;
}

std::vector<float> Importer::Vector(int i, size_t count) {
  Constant constant = Floats(i);
  for (size_t d = 0; d + 1 < constant.shape.size(); ++d) {
    if (constant.shape[d] != 1) Refuse("has a constant of shape " + base::FormatShape(constant.shape) + " as input " + std::to_string(i));
  }
  if (constant.values.size() == 1) {
    Spend(count * sizeof(float));
    constant.values.resize(count, constant.values[0]);
  }
  if (constant.values.size() != count) {
    Refuse("has " + std::to_string(constant.values.size()) + " numbers as input " + std::to_string(i) + ", it needs " +
           std::to_string(count));
  }
  return std::move(constant.values);
}

double Importer::Scalar(int i, double if_absent) {
  if (!HasInput(i)) return if_absent;
  const Constant constant = Floats(i);
  if (constant.values.size() != 1) Refuse("has no single number as input " + std::to_string(i));
  return static_cast<double>(constant.values[0]);
}

std::vector<int64_t> Importer::Integers(const cerebro::onnx::Tensor& tensor) const {
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

std::vector<int64_t> Importer::IntegersOf(const char* attribute, int input) const {
  if (HasInput(input)) return Integers(Tensor(input));
  return Ints(attribute, {});
}

const cerebro::onnx::Attribute* Importer::FindAttribute(const char* name) const {
  for (const cerebro::onnx::Attribute& attribute : node_->attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

int64_t Importer::Int(const char* name, int64_t if_absent) const {
  const cerebro::onnx::Attribute* attribute = FindAttribute(name);
  return attribute == nullptr ? if_absent : attribute->i();
}

double Importer::Float(const char* name, double if_absent) const {
  const cerebro::onnx::Attribute* attribute = FindAttribute(name);
  return attribute == nullptr ? if_absent : static_cast<double>(attribute->f());
}

std::string Importer::Text(const char* name, const char* if_absent) const {
  const cerebro::onnx::Attribute* attribute = FindAttribute(name);
  return attribute == nullptr ? if_absent : attribute->s();
}

std::vector<int64_t> Importer::Ints(const char* name, std::vector<int64_t> if_absent) const {
  const cerebro::onnx::Attribute* attribute = FindAttribute(name);
  if (attribute == nullptr) return if_absent;
  return {attribute->ints().begin(), attribute->ints().end()};
}

std::vector<int64_t> Importer::Sizes(const char* name, size_t dimensions) const {
  const bool kernel = std::string_view(name) == "kernel_shape";
  std::vector<int64_t> sizes = Ints(name, std::vector<int64_t>(kernel ? 0 : dimensions, 1));
  if (sizes.size() != dimensions) Refuse("has " + std::to_string(sizes.size()) + " numbers as " + name + ", its input has " + std::to_string(dimensions) + " dimensions");
  for (const int64_t number : sizes) {
    if (number < 1 || number > layers::kLargestDimension) Broken("has " + About() + " with " + name + " " + std::to_string(number));
  }
  return sizes;
}

std::string Importer::NameOf(const std::string& text, const char* if_empty) {
  std::string name = text.substr(0, 100);
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    if (!plain) c = '_';
  }
  return name.empty() ? if_empty : name;
}

std::string Importer::UniqueName(const std::string& wanted) {
  std::string name = wanted;
  for (int& n = used_names_[wanted]; !taken_.insert(name).second;) name = wanted + "_" + std::to_string(++n);
  return name;
}

int Importer::AddLayer(const layers::LayerDefinition& definition, Dict config, std::vector<int> inputs, const std::string& part) {
  const std::string& own = node_->name().empty() ? (node_->output_size() > 0 ? node_->output(0) : node_->op_type()) : node_->name();
  const std::string name = UniqueName(NameOf(own, "layer") + part);
  const int layer = builder_.AddLayer(name, definition, base::Value(std::move(config)), true);
  weights_.emplace_back();
  return builder_.AddCall(layer, std::move(inputs));
}

std::vector<int> Importer::Same(size_t rank) {
  std::vector<int> axes;
  for (size_t i = 0; i <= rank; ++i) axes.push_back(static_cast<int>(i));
  return axes;
}

const Value& Importer::Image() const {
  const Value& value = Input(0);
  if (value.axes != std::vector<int>{0, 3, 1, 2} || !value.parts.empty()) Refuse("has no image with channels first as its input");
  return value;
}

const Value& Importer::ImageOrSequence() const {
  const Value& value = Input(0);
  if (value.axes == std::vector<int>{0, 2, 1} && value.parts.empty()) return value;
  return Image();
}

const Value& Importer::Plain(int i) const {
  const Value& value = Input(i);
  if (!InOurOrder(value) || !value.parts.empty()) Refuse("has a transposed or flattened value as input " + std::to_string(i));
  return value;
}

void Importer::Output(int call, std::vector<int> axes, std::vector<Part> parts, bool not_negative, int index) {
  if (node_->output_size() <= index) Broken("has " + About() + " without an output");
  Value value;
  value.call = call;
  value.axes = std::move(axes);
  value.parts = std::move(parts);
  value.not_negative = not_negative;
  Set(node_->output(index), std::move(value));
}

std::vector<size_t> Importer::Order(const std::vector<Part>& parts) {
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

std::vector<float> Importer::InOurRows(const Value& value, std::vector<float> rows, size_t width) {
  if (value.parts.empty()) return rows;
  const std::vector<size_t> order = Order(value.parts);
  std::vector<float> ours(rows.size());
  for (size_t i = 0; i < order.size(); ++i) {
    std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(i * width), width, ours.begin() + static_cast<std::ptrdiff_t>(order[i] * width));
  }
  return ours;
}

}  // namespace onnx

}  // namespace wire
