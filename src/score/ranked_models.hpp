// The models of a finished run, best first: what the reports are made from.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "pg/names.hpp"
#include "pg/sql.hpp"
#include "plan/ranking.hpp"

namespace score {

/// The argument that names a run, for messages.
constexpr const char* kRunArgument = "model_output_table";

/// Cells of a model, as texts of SQL values.
enum InfoColumn : size_t {
  kMstKey, kModelId, kCompileParams, kFitParams, kStatus, kTrainingLoss, kTrainingMetric, kValidationLoss, kValidationMetric,
  kMetric, kParameters, kSeconds
};

struct RankedModel {
  std::vector<std::string> metric_names;  // the loss, then the first metric where there is one
  plan::Standing standing;
  std::vector<pg::Cell> cells;            // by InfoColumn
};

struct Ranking {
  std::vector<RankedModel> models;  // best first
  std::string metric;               // that decides; "" where the loss does
  bool validated = false;           // whether it is that of the validation table
};

/// Reads <out>_info. Errors: those of store::ResultReader.
Ranking RankModels(const pg::TableName& models);

/// The best model, where one has been trained and scored and has not diverged; else nullptr.
const RankedModel* BestOf(const Ranking& ranking);

/// model_id -> name, where the architecture table is still there and the caller may read it.
std::vector<std::pair<std::string, std::string>> ArchitectureNames(const pg::TableName& models);

/// Whether a table or view of this name is there and the caller may read all of its columns.
bool MayRead(const pg::TableName& table);

}  // namespace score
