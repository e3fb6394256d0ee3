// The arguments of fit_multiple_model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace train {

/// The SQL function's arguments.
struct FitArguments {
  std::string source_table;
  std::string model_output_table;
  std::string model_selection_table;
  int num_iterations = 0;
  bool use_gpus = false;
  std::optional<std::string> validation_table;
  std::optional<int> metrics_compute_frequency;  // none: only after the last iteration
  bool warm_start = false;
  std::optional<std::string> name, description;
  bool use_caching = false;     // accepted for MADlib's sake: what is kept in memory is cerebro.cache_mem's to say
  std::optional<int64_t> seed;  // none: 0
  std::optional<int> workers;   // none: cerebro.workers
  bool restore_best = false;    // model_weights of the best due iteration instead of the last
  std::optional<std::string> early_stopping, halving;  // plan/stopping.hpp
  bool quiet = false;  // of iterations only those are said at whose end models stop
  std::optional<double> deadline;  // seconds since the epoch: the run ends at the first evaluation after it
  std::optional<int> folds;  // each configuration is trained once for each fold of the packed table
};

}  // namespace train
