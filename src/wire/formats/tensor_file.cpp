#include "wire/formats/tensor_file.hpp"

#include <algorithm>

namespace wire {
namespace {

using base::ErrorCode;

constexpr size_t kMostListed = 10;
constexpr size_t kMostComponents = 16;  // of a name that is found inside of
constexpr int kSeveral = -1, kNone = -2;  // in the place of a tensor's number

float FromHalf(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16, exponent = (bits >> 10) & 0x1F;
  uint32_t fraction = bits & 0x3FF;
  uint32_t out = 0;
  if (exponent == 0x1F) {
    out = sign | 0x7F800000 | (fraction << 13);
  } else if (exponent != 0) {
    out = sign | ((exponent + 112) << 23) | (fraction << 13);
  } else if (fraction != 0) {  // subnormal here, normal in float32
    uint32_t shift = 0;
    for (; (fraction & 0x400) == 0; ++shift) fraction <<= 1;
    out = sign | ((113 - shift) << 23) | ((fraction & 0x3FF) << 13);
  } else {
    out = sign;
  }
  float value = 0;
  std::memcpy(&value, &out, sizeof value);
  return value;
}

float FromBFloat(uint16_t bits) {
  const uint32_t out = static_cast<uint32_t>(bits) << 16;
  float value = 0;
  std::memcpy(&value, &out, sizeof value);
  return value;
}

template <typename T, typename F>
void Convert(std::string_view data, char* out, F&& convert) {
  for (size_t at = 0; at + sizeof(T) <= data.size(); at += sizeof(T), out += sizeof(float)) {
    T element;
    std::memcpy(&element, data.data() + at, sizeof element);
    const float value = convert(element);
    std::memcpy(out, &value, sizeof value);
  }
}

size_t SizeOf(ElementType type) {
  switch (type) {
    case ElementType::kFloat64:
    case ElementType::kInt64: return 8;
    case ElementType::kFloat32:
    case ElementType::kInt32: return 4;
    default: return 2;
  }
}

bool IsInteger(ElementType type) { return type == ElementType::kInt32 || type == ElementType::kInt64; }

float FromInteger(int64_t value) { return static_cast<float>(value); }

// A double past float32's range has no conversion in C++; it is infinite as a float.
float FromDouble(double value) {
  constexpr double kLargest = 3.4028234663852886e38;
  if (value > kLargest || value < -kLargest) return value > 0 ? __builtin_inff() : -__builtin_inff();
  return static_cast<float>(value);
}

}  // namespace

void TensorFile::Add(std::string name, base::Shape shape, std::string data) {
  owned.push_back(std::move(data));
  tensors.push_back({std::move(name), std::move(shape), ElementType::kFloat32, owned.back()});
}

void AppendFloats(const FileTensor& tensor, std::string* out) {
  if (tensor.type == ElementType::kOther || (IsInteger(tensor.type) && !tensor.shape.empty())) {  // codes of a quantization, perhaps
    throw base::Error(ErrorCode::kFeatureNotSupported, "tensor \"" + tensor.name + "\" of the file holds no real numbers", {},
                      "Weights are read from float16, bfloat16, float32 and float64.");
  }
  if (tensor.type == ElementType::kElsewhere) {
    throw base::Error(ErrorCode::kFeatureNotSupported, "tensor \"" + tensor.name + "\" of the file is stored in chunks, compressed or elsewhere",
                      {}, "Write the file without compression.");
  }
  const size_t size = SizeOf(tensor.type);
  const auto count = static_cast<uint64_t>(base::ElementCount(tensor.shape));
  if (tensor.data.size() != count * size) {
    throw base::Error(ErrorCode::kInvalidData, "tensor \"" + tensor.name + "\" of shape " + base::FormatShape(tensor.shape) + " has " +
                                                   std::to_string(tensor.data.size()) + " bytes, it needs " + std::to_string(count * size));
  }
  if (tensor.type == ElementType::kFloat32) {
    out->append(tensor.data);
    return;
  }
  const size_t begin = out->size();
  out->resize(begin + count * sizeof(float));
  char* to = out->data() + begin;
  switch (tensor.type) {
    case ElementType::kFloat16: Convert<uint16_t>(tensor.data, to, FromHalf); break;
    case ElementType::kBFloat16: Convert<uint16_t>(tensor.data, to, FromBFloat); break;
    case ElementType::kInt32: Convert<int32_t>(tensor.data, to, FromInteger); break;
    case ElementType::kInt64: Convert<int64_t>(tensor.data, to, FromInteger); break;
    default: Convert<double>(tensor.data, to, FromDouble);
  }
}

TensorNames::TensorNames(const TensorFile& file, char separator) : file_(file), separator_(separator), used_(file.tensors.size()) {
  for (size_t i = 0; i < file.tensors.size(); ++i) {
    const int tensor = static_cast<int>(i);
    const std::string_view name = NameOf(tensor);
    const auto whole = whole_.emplace(name, tensor);
    if (!whole.second) whole.first->second = kSeveral;
    const size_t weight = name.rfind(separator) + 1;
    if (weight == 0 || std::count(name.begin(), name.end(), separator) >= static_cast<std::ptrdiff_t>(kMostComponents)) continue;
    for (size_t begin = 0; begin < weight;) {
      const size_t end = name.find(separator, begin) + 1;
      std::vector<int>& tensors = parts_[std::string(name.substr(begin, end - begin)).append(name.substr(weight))];
      if (tensors.empty() || tensors.back() != tensor) tensors.push_back(tensor);
      begin = end;
    }
  }
}

std::string_view TensorNames::NameOf(int tensor) const {
  const std::string_view name = file_.tensors[static_cast<size_t>(tensor)].name;
  const size_t colon = name.rfind(':');
  const bool numbered = colon != std::string_view::npos && name.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
  return numbered ? name.substr(0, colon) : name;
}

// The tensor of whose name these are the last component and others that stand together somewhere in front of it;
// kSeveral or kNone.
int TensorNames::FindInside(const std::string& name) const {
  const size_t weight = name.rfind(separator_);
  if (weight == std::string::npos) return kNone;
  const std::vector<int>* candidates = nullptr;  // of the component that the fewest tensors have
  for (size_t begin = 0; begin <= weight;) {
    const size_t end = name.find(separator_, begin) + 1;
    const auto part = parts_.find(name.substr(begin, end - begin).append(name, weight + 1, std::string::npos));
    if (part == parts_.end()) return kNone;
    if (candidates == nullptr || part->second.size() < candidates->size()) candidates = &part->second;
    begin = end;
  }
  const std::string front = name.substr(0, weight);
  int found = kNone;
  const std::string inside = separator_ + front + separator_;
  for (const int tensor : *candidates) {
    const std::string_view whole = NameOf(tensor);
    const std::string before = separator_ + std::string(whole.substr(0, whole.rfind(separator_) + 1));
    if (before.find(inside) == std::string::npos) continue;
    if (found >= 0) return kSeveral;
    found = tensor;
  }
  return found;
}

const FileTensor* TensorNames::Find(const std::string& layer, const std::string& weight) {
  const std::string name = layer.empty() ? weight : layer + separator_ + weight;
  const auto whole = whole_.find(name);
  const int found = whole != whole_.end() ? whole->second : FindInside(name);
  if (found == kNone) return nullptr;
  if (found == kSeveral) {
    throw base::Error(ErrorCode::kInvalidParameter, "several tensors of the file fit \"" + name + "\"", Known(),
                      "Say which by names => '{\"" + layer + "\": \"...\"}', with the whole name in front of the weight's.");
  }
  used_[static_cast<size_t>(found)] = true;
  return &file_.tensors[static_cast<size_t>(found)];
}

std::vector<std::string> TensorNames::Unused() const {
  std::vector<std::string> names;
  for (size_t i = 0; i < used_.size(); ++i) {
    if (!used_[i]) names.push_back(file_.tensors[i].name);
  }
  return names;
}

std::string TensorNames::Known() const {
  if (file_.tensors.empty()) return "The file has no tensors.";
  std::string list;
  for (size_t i = 0; i < file_.tensors.size() && i < kMostListed; ++i) {
    list += (i > 0 ? ", " : "") + file_.tensors[i].name.substr(0, 60);
  }
  return "The file has " + list + (file_.tensors.size() > kMostListed ? ", ..." : "") + ".";
}

std::string_view ByteReader::At(uint64_t offset, uint64_t count) const {
  if (offset > bytes_.size() || count > bytes_.size() - offset) {
    Broken("ends at byte " + std::to_string(bytes_.size()) + ", it refers to " + std::to_string(count) + " bytes at byte " +
           std::to_string(offset));
  }
  return bytes_.substr(offset, count);
}

uint64_t ByteReader::Number(uint64_t offset, unsigned width) const {
  const std::string_view bytes = At(offset, width);
  uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return value;
}

void ByteReader::Broken(const std::string& problem) const {
  throw base::Error(ErrorCode::kInvalidData, std::string("the ") + format_ + " file " + problem, {},
                    "The file is damaged, or of another format: see the argument format.");
}

uint64_t TensorBytes(const ByteReader& reader, const base::Shape& shape, uint64_t size, uint64_t most) {
  uint64_t count = size;
  for (const int64_t dimension : shape) {
    if (dimension < 0) reader.Broken("has a tensor with a negative dimension");
    if (dimension > 0 && count > most / static_cast<uint64_t>(dimension)) {
      reader.Broken("has a tensor of shape " + base::FormatShape(shape) + ", more than its bytes can hold");
    }
    count *= static_cast<uint64_t>(dimension);
  }
  return count;
}

}  // namespace wire
