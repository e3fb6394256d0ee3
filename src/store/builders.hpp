// Architectures made from packed tables, and what is shown of a stored one: cerebro.mlp(), cnn(), rnn(), wide_deep(),
// summary(), to_keras_json(), default_compile_params().
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/default_params.hpp"
#include "wire/builders.hpp"

namespace store {

/// Makes the architectures of a request for a packed table, checks all of them, adds them to an architecture table, and
/// returns their model_ids in the order of the combinations. request.contents is filled in here. Errors:
/// data::OpenPackedTable's, wire::MakeArchitectures', those of the architecture table.
std::vector<int> BuildArchitectures(std::string_view model_arch_table, std::string_view source_table,
                                    wire::BuilderRequest request);

/// source_table: the packed table that gives an input's shape which the architecture leaves open. Errors:
/// ReadArchitecture's.
std::vector<std::string> SummaryLines(std::string_view model_arch_table, int model_id,
                                      const std::optional<std::string>& source_table);

/// Keras 2's text of an architecture. Errors: ReadArchitecture's, wire::Keras2Json's.
std::string KerasJson(std::string_view model_arch_table, int model_id, const std::optional<std::string>& source_table);

/// compile_params for the outputs that the makers give a packed table. output_activation: as wire::BuilderRequest has
/// it.
std::string DefaultCompileParams(std::string_view source_table, const std::vector<std::string>& output_activation);

/// Loss and metrics of each of these outputs.
std::vector<plan::OutputDefaults> OutputDefaultsOf(std::string_view source_table,
                                                   const std::vector<std::string>& output_activation);

/// A compile_params_grid with these learning rates.
std::string DefaultCompileGrid(std::string_view source_table, const std::vector<double>& learning_rates,
                               const std::vector<std::string>& output_activation);

}  // namespace store
