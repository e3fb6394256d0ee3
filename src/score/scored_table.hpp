// One stored model and a packed table that it can be scored over: opened, checked and loaded.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/packed_table.hpp"
#include "score/outputs.hpp"
#include "store/loaded_model.hpp"
#include "store/result_tables.hpp"

namespace score {

struct ScoredTable {
  store::ModelTable table;   // with one model
  data::PackedTable test;
  store::LoadedModel loaded;
  std::vector<OutputInfo> outputs;

  const store::StoredModel& model() const { return table.models.front(); }
};

/// task, memory_hint: what train::RequireMemory says. Errors: those of store::OpenOneModel, data::OpenPackedTable,
/// data::RequireCompatible, CheckTestValues and train::RequireMemory.
ScoredTable OpenScoredTable(std::string_view model_table, std::string_view test_table, std::optional<int> mst_key, const std::string& task,
                            const char* memory_hint);

}  // namespace score
