// cerebro.evaluate.
#pragma once

#include <optional>
#include <string_view>

namespace run {

/// cerebro.evaluate: scores the models of a model table (all, or one) over a packed test table and writes a row a model into output_table.
void Evaluate(std::string_view model_table, std::string_view test_table, std::string_view output_table, bool use_gpus,
              std::optional<int> mst_key);

}  // namespace run
