#include "wire/formats/tensor_file.hpp"

namespace wire {
namespace {

using base::ErrorCode;

constexpr size_t kMostListed = 10;
constexpr size_t kMostComponents = 16;  // of a name, that are looked at

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
  return type == ElementType::kFloat64 ? 8 : type == ElementType::kFloat32 ? 4 : 2;
}

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
  if (tensor.type == ElementType::kOther) {
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
    default: Convert<double>(tensor.data, to, FromDouble);
  }
}

TensorNames::TensorNames(const TensorFile& file, char separator) : file_(file), separator_(separator), used_(file.tensors.size()) {
  for (size_t i = 0; i < file.tensors.size(); ++i) {
    std::string name = file.tensors[i].name;
    const size_t colon = name.rfind(':');  // the number of an output of a TensorFlow operation
    if (colon != std::string::npos && name.find_first_not_of("0123456789", colon + 1) == std::string::npos) name.resize(colon);
    const auto whole = whole_.emplace(name, static_cast<int>(i));
    if (!whole.second) whole.first->second = -1;
    // every stretch of components in front of the last one, with the last one
    std::vector<size_t> begins = {0};
    for (size_t at = name.find(separator); at != std::string::npos; at = name.find(separator, at + 1)) begins.push_back(at + 1);
    if (begins.size() < 2 || begins.size() > kMostComponents) continue;
    const std::string weight = name.substr(begins.back());
    for (size_t first = 0; first + 1 < begins.size(); ++first) {
      for (size_t last = first + 1; last < begins.size(); ++last) {
        const std::string key = name.substr(begins[first], begins[last] - begins[first]) + weight;
        const auto part = parts_.emplace(key, static_cast<int>(i));
        if (!part.second && part.first->second != static_cast<int>(i)) part.first->second = -1;
      }
    }
  }
}

const FileTensor* TensorNames::Find(const std::string& layer, const std::string& weight) {
  const std::string name = layer.empty() ? weight : layer + separator_ + weight;
  auto found = whole_.find(name);
  if (found == whole_.end()) {
    found = parts_.find(name);
    if (found == parts_.end()) return nullptr;
  }
  if (found->second < 0) {
    throw base::Error(ErrorCode::kInvalidParameter, "several tensors of the file fit \"" + name + "\"", Known(),
                      "Say which by names => '{\"" + layer + "\": \"...\"}', with the whole name in front of the weight's.");
  }
  used_[static_cast<size_t>(found->second)] = true;
  return &file_.tensors[static_cast<size_t>(found->second)];
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
