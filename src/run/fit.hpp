// fit_multiple_model and its EXPLAIN: check everything, plan, run the hop loop, keep the results.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace run {

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
};

/// Trains and writes the five result tables. Everything wrong with models, tables or parameters is reported before any training.
void FitMultipleModel(const FitArguments& arguments);

enum class ExplainFormat { kText, kJson };

struct ExplainOptions {
  bool analyze = false;  // do it, too, and say how long everything took
  ExplainFormat format = ExplainFormat::kText;
};

/// Reads "text" or "json", in any case; none is text.
ExplainFormat ReadExplainFormat(const std::optional<std::string>& format);

/// What FitMultipleModel would do: lines of text, or one JSON document. Writes nothing unless it is to analyze: then it is FitMultipleModel.
std::vector<std::string> ExplainFit(const FitArguments& arguments, const ExplainOptions& options);

}  // namespace run
