// safetensors: 8 bytes length of the header, little-endian; the header, JSON: {"name": {"dtype": "F32", "shape": [..],
// "data_offsets": [from, to]}, .., "__metadata__": {text: text}}; then the tensors' bytes, which offsets count from.
// Rules of the format that are checked: the header begins with "{", names are unique, offsets lie in the file and
// agree with the shape, tensors do not overlap.
#include <algorithm>

#include "base/literal.hpp"
#include "layers/refusal.hpp"
#include "wire/formats/tensor_file.hpp"

namespace wire {
namespace {

using base::ErrorCode;
using base::Value;

constexpr uint64_t kLongestHeader = uint64_t{16} << 20;
constexpr size_t kMostDimensionsOfFile = 8;

struct TypeName {
  const char* name;
  ElementType type;
  uint64_t size;
};
constexpr TypeName kTypes[] = {{"F16", ElementType::kFloat16, 2}, {"BF16", ElementType::kBFloat16, 2}, {"F32", ElementType::kFloat32, 4},
                               {"F64", ElementType::kFloat64, 8}, {"BOOL", ElementType::kOther, 1},    {"U8", ElementType::kOther, 1},
                               {"I8", ElementType::kOther, 1},    {"U16", ElementType::kOther, 2},     {"I16", ElementType::kOther, 2},
                               {"U32", ElementType::kOther, 4},   {"I32", ElementType::kInt32, 4},     {"U64", ElementType::kOther, 8},
                               {"I64", ElementType::kInt64, 8},   {"F8_E4M3", ElementType::kOther, 1}, {"F8_E5M2", ElementType::kOther, 1}};

// An integer of at least 0, or -1.
int64_t Count(const Value& value) { return value.is_int() && value.integer() >= 0 ? value.integer() : -1; }

FileTensor ReadEntry(const ByteReader& reader, const std::string& name, const Value& entry, uint64_t data_begin) {
  const std::string shown = "\"" + name.substr(0, 60) + "\"";
  const Value *dtype = entry.Find("dtype"), *shape = entry.Find("shape"), *offsets = entry.Find("data_offsets");
  if (name.size() > kLongestTensorName) reader.Broken("has a tensor with a name of " + std::to_string(name.size()) + " bytes");
  if (dtype == nullptr || !dtype->is_string() || shape == nullptr || !shape->is_list() || offsets == nullptr || !offsets->is_list() ||
      offsets->list().size() != 2 || shape->list().size() > kMostDimensionsOfFile) {
    reader.Broken("describes tensor " + shown + " without dtype, shape (at most 8 dimensions) and two data_offsets");
  }
  const auto* type = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeName& t) { return dtype->string() == t.name; });
  if (type == std::end(kTypes)) reader.Broken("has the unknown dtype " + layers::Quote(dtype->string()) + " in tensor " + shown);
  FileTensor tensor;
  tensor.name = name;
  tensor.type = type->type;
  for (const Value& dimension : shape->list()) tensor.shape.push_back(Count(dimension));
  const int64_t from = Count(offsets->list()[0]), to = Count(offsets->list()[1]);
  const uint64_t data_bytes = reader.size() - data_begin;
  if (from < 0 || to < from || static_cast<uint64_t>(to) > data_bytes) {
    reader.Broken("has " + std::to_string(data_bytes) + " bytes of data, tensor " + shown + " does not lie in them");
  }
  const uint64_t bytes = TensorBytes(reader, tensor.shape, type->size, data_bytes);
  if (bytes != static_cast<uint64_t>(to - from)) {
    reader.Broken("gives tensor " + shown + " of shape " + base::FormatShape(tensor.shape) + " " + std::to_string(to - from) +
                  " bytes, it needs " + std::to_string(bytes));
  }
  tensor.data = reader.At(data_begin + static_cast<uint64_t>(from), bytes);
  return tensor;
}

void RequireNoOverlap(const ByteReader& reader, const TensorFile& file) {
  std::vector<const FileTensor*> sorted;
  for (const FileTensor& tensor : file.tensors) {
    if (!tensor.data.empty()) sorted.push_back(&tensor);
  }
  std::sort(sorted.begin(), sorted.end(), [](const FileTensor* a, const FileTensor* b) { return a->data.data() < b->data.data(); });
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i - 1]->data.data() + sorted[i - 1]->data.size() <= sorted[i]->data.data()) continue;
    reader.Broken("has tensors that overlap: \"" + sorted[i - 1]->name.substr(0, 60) + "\" and \"" + sorted[i]->name.substr(0, 60) + "\"");
  }
}

}  // namespace

TensorFile ReadSafetensors(std::string_view bytes) {
  const ByteReader reader(bytes, "safetensors");
  const uint64_t header_bytes = reader.Number(0, 8);
  if (header_bytes > kLongestHeader) reader.Broken("has a header of " + std::to_string(header_bytes) + " bytes, more than 16 MB");
  const std::string_view header = reader.At(8, header_bytes);
  if (header.empty() || header[0] != '{') reader.Broken("has a header that is no JSON dictionary");
  Value entries;
  try {
    entries = base::ParseLiteral(header);
  } catch (const base::Error& error) {
    reader.Broken(std::string("has a header that is no JSON: ") + error.what());
  }
  TensorFile file;
  for (const auto& entry : entries.dict()) {
    if (entry.first == "__metadata__") continue;
    file.tensors.push_back(ReadEntry(reader, entry.first, entry.second, 8 + header_bytes));
  }
  RequireNoOverlap(reader, file);
  return file;
}

std::string WriteSafetensors(const TensorFile& file, const char* framework) {
  base::Dict header = {{"__metadata__", Value(base::Dict{{"format", Value(framework)}})}};
  int64_t at = 0;
  for (const FileTensor& tensor : file.tensors) {
    base::List shape(tensor.shape.begin(), tensor.shape.end());
    const auto end = at + static_cast<int64_t>(tensor.data.size());
    header.emplace_back(tensor.name, Value(base::Dict{{"dtype", Value("F32")}, {"shape", Value(std::move(shape))},
                                                      {"data_offsets", Value(base::List{Value(at), Value(end)})}}));
    at = end;
  }
  std::string text = base::FormatJson(Value(std::move(header)));
  text.append((8 - text.size() % 8) % 8, ' ');  // so that tensors are aligned
  std::string out;
  out.reserve(8 + text.size() + static_cast<size_t>(at));
  AppendNumber(&out, text.size(), 8);
  out += text;
  for (const FileTensor& tensor : file.tensors) out.append(tensor.data);
  return out;
}

}  // namespace wire
