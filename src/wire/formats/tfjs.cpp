// TensorFlow.js: model.json has the architecture ("modelTopology", Keras 2's JSON, at times inside of "model_config") and
// "weightsManifest", a list of groups. A group's weights lie one after another in the bytes of its files ("paths"), which
// are cut anywhere. A weight may be quantized: uint8 and uint16 with a scale and a minimum, or float16.
#include "wire/formats/tfjs.hpp"

#include <cmath>
#include <limits>
#include <unordered_map>

#include "base/literal.hpp"
#include "layers/refusal.hpp"
#include "wire/formats/keras_file.hpp"
#include "wire/formats/keras_model.hpp"
#include "wire/formats/weight_names.hpp"
#include "wire/formats/zip.hpp"
#include "wire/keras.hpp"

namespace wire {
namespace {

using base::ErrorCode;
using base::Value;
using layers::Quote;

constexpr size_t kMostRank = 8;

[[noreturn]] void Broken(const std::string& problem) {
  throw base::Error(ErrorCode::kInvalidData, "model.json " + problem, {}, "It is what TensorFlow.js writes for a layers model.");
}

const Value& Member(const Value& dict, const char* name) {
  const Value* value = dict.Find(name);
  if (value == nullptr) Broken(std::string("has an entry without \"") + name + "\"");
  return *value;
}

const std::string& Text(const Value& dict, const char* name) {
  const Value& value = Member(dict, name);
  if (!value.is_string()) Broken(std::string("has \"") + name + "\" that is no string" + layers::Got(value));
  return value.string();
}

const base::List& Items(const Value& dict, const char* name) {
  const Value& value = Member(dict, name);
  if (!value.is_list()) Broken(std::string("has \"") + name + "\" that is no list" + layers::Got(value));
  return value.list();
}

double Number(const Value& dict, const char* name) {
  const Value* value = dict.Find(name);
  if (value == nullptr || !value->is_number() || !std::isfinite(value->number())) Broken(std::string("has a quantization without \"") + name + "\"");
  return value->number();
}

std::string Dequantized(std::string_view data, size_t width, double scale, double minimum) {
  std::string out;
  out.reserve(data.size() / width * sizeof(float));
  for (size_t at = 0; at < data.size(); at += width) {
    unsigned number = static_cast<unsigned char>(data[at]);
    if (width == 2) number |= static_cast<unsigned>(static_cast<unsigned char>(data[at + 1])) << 8;
    const double exact = static_cast<double>(number) * scale + minimum;
    const float value = std::fabs(exact) > 3.4e38 ? std::numeric_limits<float>::infinity() : static_cast<float>(exact);
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return out;
}

struct Model {
  TensorFile file;
  std::string topology;  // JSON, or empty
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : entries_(ReadZip(bytes)) {
    const ZipEntry* manifest = FindEntry(entries_, "model.json");
    if (manifest == nullptr) throw base::Error(ErrorCode::kInvalidData, "the zip archive has no model.json");
    if (manifest->bytes > kLongestArchitecture) Broken("has " + std::to_string(manifest->bytes) + " bytes, more than 64 MB");
    const size_t slash = manifest->name.rfind('/');
    folder_ = slash == std::string::npos ? "" : manifest->name.substr(0, slash + 1);
    for (const ZipEntry& entry : entries_) files_[entry.name] = &entry;
    try {
      json_ = base::ParseLiteral(Content(*manifest, &model_.file.owned));
    } catch (const base::Error& error) {
      Broken(std::string("is no JSON: ") + error.what());
    }
  }

  Model Read() {
    if (const Value* topology = json_.Find("modelTopology")) {
      const Value* inner = topology->Find("model_config");
      model_.topology = base::FormatJson(inner != nullptr && inner->is_dict() ? *inner : *topology);
    }
    for (const Value& group : Items(json_, "weightsManifest")) ReadGroup(group);
    return std::move(model_);
  }

 private:
  void ReadGroup(const Value& group) {
    std::string_view bytes;
    const base::List& paths = Items(group, "paths");
    if (paths.size() > entries_.size()) Broken("names " + std::to_string(paths.size()) + " files together, the archive has " + std::to_string(entries_.size()));
    std::string joined;
    for (const Value& path : paths) {
      if (!path.is_string()) Broken("has a path that is no string" + layers::Got(path));
      const auto named = files_.find(folder_ + path.string());
      if (named == files_.end()) throw base::Error(ErrorCode::kInvalidData, "the zip archive has no file " + Quote(path.string()) + ", which model.json names");
      const ZipEntry* entry = named->second;
      total_ += entry->bytes;
      if (total_ > kMostWeightBytesOfFile) throw base::Error(ErrorCode::kLimitExceeded, "the files of model.json have more than 2 GB");
      bytes = Content(*entry, &model_.file.owned);
      if (paths.size() > 1) joined += bytes;
    }
    if (paths.size() > 1) {
      model_.file.owned.push_back(std::move(joined));
      bytes = model_.file.owned.back();
    }
    const ByteReader reader(bytes, "TensorFlow.js weight");
    uint64_t at = 0;
    for (const Value& weight : Items(group, "weights")) at += ReadWeight(reader, weight, at);
  }

  // Returns how many bytes it has.
  uint64_t ReadWeight(const ByteReader& reader, const Value& weight, uint64_t at) {
    FileTensor tensor;
    tensor.name = Text(weight, "name");
    if (tensor.name.size() > kLongestTensorName) Broken("has a name of " + std::to_string(tensor.name.size()) + " bytes");
    const base::List& shape = Items(weight, "shape");
    if (shape.size() > kMostRank) Broken("has a weight of " + std::to_string(shape.size()) + " dimensions, more than 8");
    for (const Value& size : shape) {
      if (!size.is_int() || size.integer() < 0) Broken("has a shape with " + base::FormatJson(size).substr(0, 40));
      tensor.shape.push_back(size.integer());
    }
    const Value* quantization = weight.Find("quantization");
    const std::string& type = quantization != nullptr ? Text(*quantization, "dtype") : Text(weight, "dtype");
    uint64_t width = 0;
    tensor.type = ElementType::kOther;
    if (type == "float32") {
      width = 4;
      tensor.type = ElementType::kFloat32;
    } else if (type == "float16" && quantization != nullptr) {
      width = 2;
      tensor.type = ElementType::kFloat16;
    } else if (type == "int32") {
      width = 4;
      tensor.type = ElementType::kInt32;
    } else if (type == "uint8" || type == "bool") {
      width = 1;
    } else if (type == "uint16" || type == "float16") {
      width = 2;
    } else {
      throw base::Error(ErrorCode::kFeatureNotSupported, "weight " + Quote(tensor.name) + " of model.json has the type " + Quote(type) + ", which is not read");
    }
    const uint64_t bytes = TensorBytes(reader, tensor.shape, width, reader.size());
    tensor.data = reader.At(at, bytes);
    if (quantization != nullptr && tensor.type == ElementType::kOther && width <= 2) {
      const double scale = Number(*quantization, "scale"), minimum = Number(*quantization, "min");
      model_.file.Add(tensor.name, tensor.shape, Dequantized(tensor.data, width, scale, minimum));
    } else {
      model_.file.tensors.push_back(std::move(tensor));
    }
    return bytes;
  }

  static constexpr uint64_t kMostWeightBytesOfFile = uint64_t{2} << 30;

  const std::vector<ZipEntry> entries_;
  std::unordered_map<std::string, const ZipEntry*> files_;  // by their names
  std::string folder_;
  Value json_;
  Model model_;
  uint64_t total_ = 0;
};

}  // namespace

ImportedWeights ImportTfjsWeights(const base::Graph& graph, std::string_view bytes, const LayerNames& names) {
  return FindWeights(graph, Reader(bytes).Read().file, names);
}

ImportedModel ImportTfjsModel(std::string_view bytes) {
  const Model model = Reader(bytes).Read();
  if (model.topology.empty()) Broken("has no \"modelTopology\"");
  return {model.topology, FindWeights(ReadKeras(model.topology), model.file, {}).weights, {}};
}

std::string ExportTfjsModel(const base::Graph& graph, std::string_view weights) {
  constexpr const char* kShard = "group1-shard1of1.bin";
  base::List entries;
  for (const FileTensor& tensor : NameWeights(graph, weights).tensors) {
    entries.emplace_back(base::Dict{{"name", Value(tensor.name)},
                                    {"shape", Value(base::List(tensor.shape.begin(), tensor.shape.end()))},
                                    {"dtype", Value("float32")}});
  }
  base::Dict group = {{"paths", Value(base::List{Value(kShard)})}, {"weights", Value(std::move(entries))}};
  base::Dict model = {{"format", Value("layers-model")}, {"generatedBy", Value("pg_cerebro")}, {"convertedBy", Value()},
                      {"modelTopology", base::ParseLiteral(WriteKeras(graph, KerasForm::kKeras2))},
                      {"weightsManifest", Value(base::List{Value(std::move(group))})}};
  ZipWriter zip;
  zip.Add("model.json", base::FormatJson(Value(std::move(model))));
  zip.Add(kShard, weights);
  return zip.Finish();
}

}  // namespace wire
