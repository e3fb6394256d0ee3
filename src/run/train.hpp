// cerebro.train: from a table to a registered model in one call. It packs the table (split, preprocessing), makes architectures that fit its
// columns, trains a random choice of configurations by successive halving, and registers the best one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace run {

struct TrainArguments {
  std::string name;  // of the registered model
  std::string source_table, label;
  std::optional<std::string> exclude;
  std::optional<double> time_budget;         // seconds; none: 60, or no limit where max_models is given
  std::optional<int> max_models;             // configurations
  std::optional<int> num_iterations;         // none: by the number of rows
  std::optional<double> validation_fraction; // none: 0.2, unless a column says which rows validate
  std::optional<std::string> split_column, split_by_time;
  std::optional<std::string> dependent_type;
  std::string preprocess = "auto";
  int64_t seed = 0;
  std::optional<std::string> output_table;   // keeps all tables of the search, whose names begin so; none: they are dropped
  std::optional<std::string> remark;         // of the registered version
};

struct Trained {
  std::string model;          // name@version
  std::string metric;
  double value = 0;           // of the best model, on the rows that validate
  std::optional<double> baseline;  // of the most frequent class, or of the training rows' mean, on the same rows
  std::string architecture, compile_params, fit_params;
  int64_t models = 0, iterations = 0;
  int64_t training_rows = 0, validation_rows = 0, rows_left_out = 0;
  double seconds = 0;
};

/// Errors: those of packing, of fit_multiple_model and of register; kInvalidParameter for a budget or a number out of range.
Trained Train(const TrainArguments& arguments);

}  // namespace run
