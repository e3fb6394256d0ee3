// The evaluations of a model as values of the result tables.
//
// Called by results.cpp and by group_results.cpp.
#pragma once

#include <cstddef>
#include <vector>

#include "pg/sql.hpp"
#include "plan/evaluation.hpp"
#include "train/run.hpp"

namespace train {

using EvaluatedValues = std::vector<double> plan::Evaluation::*;  // of the training or of the validation table

/// One value of each evaluation as {v1,NULL,...}: the first is the loss. NULL where there is none of any.
pg::Param Curve(const std::vector<plan::Evaluation>& evaluations, EvaluatedValues table, size_t value);
/// All values as {{...},{...}}, a row an evaluation.
pg::Param Curves(const std::vector<plan::Evaluation>& evaluations, EvaluatedValues table, size_t metrics);
/// A value of the evaluation whose weights are kept; NULL where there is none.
pg::Param Final(const plan::Evaluation* kept, EvaluatedValues table, size_t value);
/// That evaluation: the best one where best weights are kept, else the last one; nullptr where there is none.
const plan::Evaluation* KeptEvaluation(const ModelResult& result);
/// <out>_info.status of a model that has done no iteration yet, or never will.
constexpr const char* kStatusUntrained = "untrained";
/// <out>_info.status: this one, or store::kStatusTrained, kStatusStopped or kStatusDiverged.
const char* StatusOf(const ModelResult& result);

}  // namespace train
