#include "store/exchange.hpp"

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "store/architectures.hpp"
#include "store/loaded_model.hpp"
#include "store/result_tables.hpp"

namespace store {
namespace {

using base::ErrorCode;

constexpr size_t kMostListed = 10;

wire::FileFormat FormatOf(const ImportRequest& request) {
  return request.format ? wire::FileFormatFromName(*request.format) : wire::DetectFormat(request.file);
}

void NoticeUnused(const std::vector<std::string>& unused) {
  if (unused.empty()) return;
  std::string list;
  for (size_t i = 0; i < unused.size() && i < kMostListed; i++) list += (i > 0 ? ", " : "") + unused[i];
  if (unused.size() > kMostListed) list += ", and " + std::to_string(unused.size() - kMostListed) + " more";
  pg::Notice("tensors of the file that no layer has: " + list);
}

struct Source {
  std::shared_ptr<const base::Graph> graph;
  std::string weights;
};

Source ArchitectureSource(const ExportRequest& request) {
  if (request.mst_key) {
    throw base::Error(ErrorCode::kInvalidParameter, "mst_key and model_id are both given", "",
                      "A trained model has an mst_key, a row of an architecture table has a model_id.");
  }
  Architecture architecture = ReadArchitecture(request.model_table, *request.model_id);
  if (!architecture.weights) {
    throw base::Error(ErrorCode::kPrerequisiteState, "model_id " + std::to_string(*request.model_id) + " has no weights", "",
                      "Load them by cerebro.import_weights(), or export a trained model by its mst_key.");
  }
  if (!architecture.given.empty()) {
    throw base::Error(ErrorCode::kPrerequisiteState, "model_id " + std::to_string(*request.model_id) + " has weights of some layers only",
                      "Those of its new layers are drawn by each model that is trained.", "Train it, and export the trained model by its mst_key.");
  }
  const size_t needed = static_cast<size_t>(architecture.graph->WeightCount()) * sizeof(float);
  if (architecture.weights->size() != needed) {
    throw base::Error(ErrorCode::kInvalidParameter,
                      "model_weights of model_id " + std::to_string(*request.model_id) + " has " + std::to_string(architecture.weights->size()) +
                          " bytes, the architecture needs " + std::to_string(needed));
  }
  return {architecture.graph, std::move(*architecture.weights)};
}

Source TrainedSource(const ExportRequest& request) {
  const ModelTable table = OpenOneModel(request.model_table, request.mst_key);
  const StoredModel& model = table.models.front();
  Source source = {model.graph, ReadWeights(table, model.mst_key)};
  const size_t needed = static_cast<size_t>(model.graph->WeightCount()) * sizeof(float);
  if (source.weights.size() != needed) {
    throw base::Error(ErrorCode::kDataCorrupted, "model_weights of mst_key " + std::to_string(model.mst_key) + " in table " +
                                                     table.name.Text() + " has " + std::to_string(source.weights.size()) +
                                                     " bytes, the architecture needs " + std::to_string(needed));
  }
  return source;
}

void RequireNaming(wire::Naming naming, wire::FileFormat format) {
  if (naming != wire::Naming::kTorch || format == wire::FileFormat::kSafetensors) return;
  throw base::Error(ErrorCode::kInvalidParameter, "naming torch goes with format safetensors only", "", "Leave naming out.");
}

}  // namespace

void ImportWeights(const ImportRequest& request, int model_id) {
  const wire::Naming naming = wire::NamingFromName(request.naming);
  const wire::LayerNames names = request.names ? wire::ReadLayerNames(*request.names) : wire::LayerNames();
  const wire::FileFormat format = FormatOf(request);
  RequireNaming(naming, format);
  const Architecture architecture = ReadArchitecture(request.model_arch_table, model_id);
  const wire::ImportedWeights imported = wire::ImportWeights(*architecture.graph, request.file, format, naming, names);
  NoticeUnused(imported.unused);
  StoreWeights(request.model_arch_table, architecture, imported.weights);
}

int ImportModel(const ImportRequest& request, const std::optional<std::string>& name, const std::optional<std::string>& description) {
  const wire::ImportedModel imported = wire::ImportModel(request.file, FormatOf(request));
  for (const std::string& remark : imported.remarks) pg::Notice(remark);
  return LoadModel(request.model_arch_table, imported.architecture, imported.weights, name, description);
}

std::string ExportModel(const ExportRequest& request) {
  const wire::FileFormat format = wire::FileFormatFromName(request.format);
  const wire::Naming naming = wire::NamingFromName(request.naming);
  RequireNaming(naming, format);
  const Source source = request.model_id ? ArchitectureSource(request) : TrainedSource(request);
  return wire::ExportModel(*source.graph, source.weights, format, naming);
}

}  // namespace store
