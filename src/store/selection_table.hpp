// Model selection tables: which configurations a run trains.
//
//   model selection table   mst_key SERIAL, model_id INTEGER, compile_params VARCHAR, fit_params VARCHAR, UNIQUE (all but mst_key)
//   <selection>_summary     one row: model_arch_table VARCHAR, object_table VARCHAR
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace store {

/// cerebro.load_model_selection_table: the product of model ids (sorted), compile parameters and fit parameters (in the order given), equal
/// ones left out. Both tables must be absent.
void LoadModelSelectionTable(std::string_view model_arch_table, std::string_view model_selection_table, std::vector<int32_t> model_id_list,
                             const std::vector<std::string>& compile_params_list, const std::vector<std::string>& fit_params_list);

struct GridRequest {
  std::string model_arch_table;
  std::string model_selection_table;
  std::vector<int32_t> model_id_list;
  std::string compile_params_grid;
  std::string fit_params_grid;
  std::string search_type;
  std::optional<int32_t> num_configs;
  std::optional<int64_t> random_state;
};

/// cerebro.generate_model_configs: makes the tables, or appends to them; configurations that are there already are not added again.
void GenerateModelConfigs(const GridRequest& request);

}  // namespace store
