// Weights and whole models as files of other programs, and the other way: pure functions of bytes. A file is untrusted:
// every length, offset, shape and count in it is checked against the bytes that are there before memory is taken.
//
// format        file                                              weights are found by         architecture inside
// safetensors   one file                                          name, Keras's or PyTorch's   no
// h5            Keras's .weights.h5 (3), weights and models (2)   name or position             where a model was saved
// keras         Keras's .keras: a zip archive                     position                     yes
// tfjs          a zip archive of model.json and its shards        name                         yes
// onnx          one file                                          its own graph's              yes
//
// Errors: kInvalidData where bytes are not of their format; kInvalidParameter where the file and the architecture do
// not fit; kFeatureNotSupported for what a format may hold and is not read, or cannot hold; kLimitExceeded past all
// bounds. Weights are raw little-endian float32 in Keras's order.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/graph.hpp"

namespace wire {

enum class FileFormat { kSafetensors, kH5, kKeras, kTfjs, kOnnx };

/// How the tensors of a safetensors file are called and laid out: as Keras does ("dense/kernel"), or as the state_dict of
/// PyTorch's modules ("dense.weight", transposed).
enum class Naming { kKeras, kTorch };

/// "safetensors", ... Errors: kInvalidParameter with the known names.
FileFormat FileFormatFromName(std::string_view name);
const char* FileFormatName(FileFormat format);
/// All of them.
std::vector<FileFormat> FileFormats();
/// "keras", "torch".
Naming NamingFromName(std::string_view name);
/// By the file's first bytes and, of an archive, its names. Errors: kInvalidData.
FileFormat DetectFormat(std::string_view bytes);

/// Layers whose tensors have other names in a file: layer -> the name there.
using LayerNames = std::map<std::string, std::string>;
/// From {"layer": "name there", ..}. Errors: kSyntax, kInvalidParameter.
LayerNames ReadLayerNames(std::string_view json);

struct ImportedWeights {
  std::string weights;
  std::vector<std::string> unused;  // tensors of the file that no layer asks for
};

/// A graph's weights out of a file, which an ONNX file has not. `naming` and `names` count for kSafetensors, `names` for kTfjs
/// and files that know layers by name, too.
ImportedWeights ImportWeights(const base::Graph& graph, std::string_view bytes, FileFormat format, Naming naming, const LayerNames& names);

struct ImportedModel {
  std::string architecture;            // JSON that ReadKeras reads
  std::optional<std::string> weights;  // none where the file holds none
  std::vector<std::string> remarks;    // what is different here, a sentence each
};

/// An architecture with its weights, which a safetensors file has not.
ImportedModel ImportModel(std::string_view bytes, FileFormat format);

/// A file of a model. `naming` counts for kSafetensors. REQUIRES weights of the graph's length.
std::string ExportModel(const base::Graph& graph, std::string_view weights, FileFormat format, Naming naming);

}  // namespace wire
