// Prediction over plain tables: one row in, its classes with probabilities or its estimates out.
//
// The output table depends on what the model's outputs mean (run/outputs.hpp):
//   classes only     (<id_col>, class_name TEXT, class_value TEXT, prob DOUBLE PRECISION, rank INTEGER): a row for each id, dependent
//                    column and class that pred_type lets through; with 'response' there is no rank
//   regression only  (<id_col>, estimated_<dependent column> ...): a row for each id; DOUBLE PRECISION for one number,
//                    DOUBLE PRECISION[] for more
//   both             the first, and a column estimate DOUBLE PRECISION: each number of a regression is a row with prob and rank NULL and
//                    class_value NULL (or the number's position, from 0, where there are more)
// <id_col> has its name and type in the test table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace score {

/// 'prob' or 'response'; the greatest rank; or the probability that must be exceeded.
using PredictType = std::variant<std::string, int32_t, double>;

struct PredictRequest {
  std::string model_table;
  std::string test_table;
  std::string id_col;
  std::string independent_varname;  // one column, or several with commas, in the model's order
  std::string output_table;
  PredictType pred_type = std::string("prob");
  bool use_gpus = false;
  std::optional<int> mst_key;
};

/// cerebro.predict. Reads the test table once, by a cursor, in batches; rows are converted as the packer did it for training. Errors: a bad
/// pred_type; a column that is missing or of another type or shape; a NULL id; a value that cannot be converted; several models and no
/// mst_key.
void Predict(const PredictRequest& request);

}  // namespace score
