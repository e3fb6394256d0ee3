// Writes the result tables of a run (src/run/model_store.hpp names their columns).
#pragma once

#include <string>
#include <vector>

#include "run/fit_prepare.hpp"
#include "run/hop_loop.hpp"

namespace run {

/// What is kept of a model when the workers have ended.
struct KeptModel {
  std::string weights;  // raw float32
  std::string state;    // wire/state.hpp
  int64_t iterations_done = 0;
  std::vector<std::string> metric_names;
};

/// Makes the five tables, empty: before the run, so that a missing privilege costs no training.
void CreateResultTables(const FitArguments& arguments, const PreparedFit& fit);

/// Fills them; a warm start's old rows go.
void WriteResults(const FitArguments& arguments, const PreparedFit& fit, const HopResult& result, const std::vector<KeptModel>& kept,
                  double started_at);

}  // namespace run
