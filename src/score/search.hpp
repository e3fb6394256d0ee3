// What the trials of a run say: about parameters, and to a sampler outside.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "score/reports.hpp"

namespace score {

/// The first model of the leaderboard; nullopt when all have diverged.
std::optional<int> BestModel(std::string_view model_output_table);

/// cerebro.importance: parameter, importance, deviation, the most important one first. Models are compared as the
/// leaderboard does, after so many iterations; nullopt: the most that at least half of them have done. One that
/// diverged before counts as the worst. Errors: those of plan::ParameterImportances; kInvalidParameter for an iteration
/// after which no metrics were computed.
ReportRows ImportanceOfParameters(std::string_view model_output_table, std::optional<int64_t> iteration, int64_t seed);

/// cerebro.ask: mst_key, state, model_id, compile_params, fit_params, iteration, value, remark, by mst_key. value: what
/// the run's search goes by, after `iteration`, as a loss: smaller is better. Errors: kPrerequisiteState for a run
/// without trials.
ReportRows AskTrials(std::string_view run);

}  // namespace score
