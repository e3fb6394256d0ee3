// Formats by name and by their first bytes, and who reads and writes them.
#include "wire/exchange.hpp"

#include <algorithm>

#include "base/literal.hpp"
#include "layers/refusal.hpp"
#include "wire/formats/hdf5.hpp"
#include "wire/formats/keras_file.hpp"
#include "wire/formats/onnx.hpp"
#include "wire/formats/tensor_file.hpp"
#include "wire/formats/tfjs.hpp"
#include "wire/formats/weight_names.hpp"
#include "wire/formats/zip.hpp"

namespace wire {
namespace {

using base::ErrorCode;
using layers::Quote;

struct FormatName {
  FileFormat format;
  const char* name;
};
constexpr FormatName kFormats[] = {
    {FileFormat::kSafetensors, "safetensors"}, {FileFormat::kH5, "h5"}, {FileFormat::kKeras, "keras"}, {FileFormat::kTfjs, "tfjs"},
    {FileFormat::kOnnx, "onnx"}};

bool IsSafetensors(std::string_view bytes) {
  if (bytes.size() < 10 || bytes[8] != '{') return false;
  return ByteReader(bytes, "safetensors").Number(0, 8) <= bytes.size() - 8;
}

// A message whose first field is the version of ONNX.
bool IsOnnx(std::string_view bytes) { return bytes.size() > 2 && bytes[0] == 8 && bytes[1] > 0 && bytes[1] < 32; }

}  // namespace

FileFormat FileFormatFromName(std::string_view name) {
  std::string known;
  for (const FormatName& format : kFormats) {
    if (name == format.name) return format.format;
    known += std::string(known.empty() ? "" : ", ") + format.name;
  }
  throw base::Error(ErrorCode::kInvalidParameter, "unknown format " + Quote(std::string(name)), {}, "Known are " + known + ".");
}

const char* FileFormatName(FileFormat format) {
  return std::find_if(std::begin(kFormats), std::end(kFormats), [&](const FormatName& f) { return f.format == format; })->name;
}

std::vector<FileFormat> FileFormats() {
  std::vector<FileFormat> formats;
  for (const FormatName& format : kFormats) formats.push_back(format.format);
  return formats;
}

Naming NamingFromName(std::string_view name) {
  if (name == "keras") return Naming::kKeras;
  if (name == "torch") return Naming::kTorch;
  throw base::Error(ErrorCode::kInvalidParameter, "unknown naming " + Quote(std::string(name)), {}, "Known are keras and torch.");
}

FileFormat DetectFormat(std::string_view bytes) {
  if (IsSafetensors(bytes)) return FileFormat::kSafetensors;
  if (IsHdf5(bytes)) return FileFormat::kH5;
  if (IsOnnx(bytes)) return FileFormat::kOnnx;
  if (IsZip(bytes)) {
    const std::vector<ZipEntry> entries = ReadZip(bytes);
    if (FindEntry(entries, "model.json") != nullptr) return FileFormat::kTfjs;
    if (FindEntry(entries, "config.json") != nullptr) return FileFormat::kKeras;
    throw base::Error(ErrorCode::kInvalidData, "the zip archive holds no model", {},
                      "A .keras file has config.json; of a TensorFlow.js model put model.json and its shards into an archive.");
  }
  throw base::Error(ErrorCode::kInvalidData, "the file of " + std::to_string(bytes.size()) + " bytes is of no known format", {},
                    "Known are safetensors, HDF5 (.h5), .keras, ONNX, and zip archives of a TensorFlow.js model.");
}

LayerNames ReadLayerNames(std::string_view json) {
  const base::Value value = base::ParseLiteral(json);
  LayerNames names;
  if (!value.is_dict()) {
    throw base::Error(ErrorCode::kInvalidParameter, std::string("names must be a dictionary, got a ") + value.type_name(), {},
                      "names => '{\"dense\": \"classifier.0\"}': the name of layer dense in the file is classifier.0.");
  }
  for (const auto& entry : value.dict()) {
    if (!entry.second.is_string()) {
      throw base::Error(ErrorCode::kInvalidParameter, "names must give a string for layer " + Quote(entry.first) + layers::Got(entry.second));
    }
    names[entry.first] = entry.second.string();
  }
  return names;
}

ImportedWeights ImportWeights(const base::Graph& graph, std::string_view bytes, FileFormat format, Naming naming, const LayerNames& names) {
  RequireLayers(graph, names);
  switch (format) {
    case FileFormat::kH5: return ImportHdf5Weights(graph, bytes, names);
    case FileFormat::kKeras: return ImportKerasWeights(graph, bytes, names);
    case FileFormat::kTfjs: return ImportTfjsWeights(graph, bytes, names);
    case FileFormat::kOnnx:
      throw base::Error(ErrorCode::kInvalidParameter, "an ONNX file has weights for its own graph only", {},
                        "Add its architecture and its weights by cerebro.import_model().");
    case FileFormat::kSafetensors: break;
  }
  const TensorFile file = ReadSafetensors(bytes);
  return naming == Naming::kTorch ? FindTorchWeights(graph, file, names) : FindWeights(graph, file, names);
}

ImportedModel ImportModel(std::string_view bytes, FileFormat format) {
  switch (format) {
    case FileFormat::kH5: return ImportHdf5Model(bytes);
    case FileFormat::kKeras: return ImportKerasModel(bytes);
    case FileFormat::kTfjs: return ImportTfjsModel(bytes);
    case FileFormat::kOnnx: return ImportOnnx(bytes);
    case FileFormat::kSafetensors: break;
  }
  throw base::Error(ErrorCode::kInvalidParameter, "a safetensors file has weights, but no architecture", {},
                    "Load the architecture by cerebro.load_model(), then its weights by cerebro.import_weights().");
}

std::string ExportModel(const base::Graph& graph, std::string_view weights, FileFormat format, Naming naming) {
  switch (format) {
    case FileFormat::kH5: return ExportHdf5Weights(graph, weights);
    case FileFormat::kKeras: return ExportKerasModel(graph, weights);
    case FileFormat::kTfjs: return ExportTfjsModel(graph, weights);
    case FileFormat::kOnnx: return ExportOnnx(graph, weights);
    case FileFormat::kSafetensors: break;
  }
  if (naming == Naming::kTorch) return WriteSafetensors(NameTorchWeights(graph, weights), "pt");
  return WriteSafetensors(NameWeights(graph, weights), "keras");
}

}  // namespace wire
