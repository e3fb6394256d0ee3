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
  bool global_model = false;       // of a table that is packed by group: the configurations are trained over all rows, too
  bool warm_start_groups = false;  // groups begin with the weights of the global models
  std::optional<std::string> promote;        // 'if_better'
  std::optional<int64_t> max_failed_groups;  // none: all
  std::optional<std::string> global_run;     // of a refresh: the run whose global models are taken; none: they are trained
  std::optional<std::string> groups_begin_with;  // of a refresh: the run with whose weights its groups begin, where it has any
  std::optional<int> folds;  // each configuration is trained once for each fold of the packed table
  // plan::ReadSearch: models are added and stopped by a policy. model_selection_table may be an architecture table then; of a model selection
  // table the configurations are tried before all others.
  std::optional<std::string> search;
  std::optional<std::string> replay;  // a run whose actions of people are done again behind the same rounds
};

}  // namespace train
