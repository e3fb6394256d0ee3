// Weights of stored models as files of other programs, and the other way: cerebro.import_weights(),
// cerebro.export_model().
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/exchange.hpp"

namespace store {

/// Bytes of a file that is read out of a large object.
constexpr size_t kMostFileBytes = size_t{2} << 30;

struct ImportRequest {
  std::string model_arch_table;
  std::string file;                    // its bytes
  std::optional<std::string> format;   // found out when not given
  std::string naming = "keras";
  std::optional<std::string> names;    // JSON
};

/// Overwrites the model_weights of a row of an architecture table by a file's. Errors: those of wire::ImportWeights and
/// ReadArchitecture.
void ImportWeights(const ImportRequest& request, int model_id);

/// Adds a file's architecture, with its weights, to an architecture table, as LoadModel does. Returns the model_id.
/// `naming` and `names` of the request do not count. Errors: those of wire::ImportModel and LoadModel.
int ImportModel(const ImportRequest& request, const std::optional<std::string>& name, const std::optional<std::string>& description);

struct ExportRequest {
  std::string model_table;
  std::optional<int> mst_key;
  std::optional<int> model_id;  // the table is an architecture table
  std::string format = "safetensors";
  std::string naming = "keras";
};

/// A file of a trained model, or of an architecture with weights. Errors: those of OpenOneModel, ReadArchitecture and
/// wire::ExportModel; kPrerequisiteState for an architecture without weights.
std::string ExportModel(const ExportRequest& request);

}  // namespace store
