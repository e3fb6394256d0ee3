// What the numbers of a model's outputs mean: classes with probabilities, or values of a regression.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "base/tensor.hpp"
#include "engine/core/model.hpp"

namespace score {

enum class OutputMeaning {
  kClasses,     // one number a class
  kBinaryUnit,  // one number in all: the probability of the second class, or its margin
  kValues,      // regression
};

struct OutputInfo {
  std::string name;  // of the dependent column
  OutputMeaning meaning = OutputMeaning::kValues;
  base::Shape shape;                 // of one row
  int64_t elements = 1;              // numbers a row
  std::vector<std::string> classes;  // names in class order; may be shorter than `classes_count`: padding classes have none
  int64_t classes_count = 0;         // 2 for kBinaryUnit, elements for kClasses, 0 for kValues
  bool margin = false;               // of kBinaryUnit: the loss is of margins, above 0 is the second class
  bool multi_label = false;          // a row may have several classes: each number is a probability of its own
};

/// One entry an output, in the model's order, which is that of data.targets. A target packed as classes, or a loss between distributions
/// (cross-entropies, Kullback-Leibler), makes an output kClasses or kBinaryUnit; numeric targets with another loss are kValues. Classes of
/// numeric targets are named 0, 1, ... Errors: kFeatureNotSupported for classes in more than one dimension.
std::vector<OutputInfo> DescribeOutputs(const std::vector<base::Shape>& output_shapes, const base::TrainConfig& config,
                                        const base::DataSpec& data);

/// Probability of class c in one row of an output (`row`: its elements). A margin m, which is no probability, counts as (1 + m) / 2
/// within [0, 1].
double ClassProbability(const OutputInfo& output, const float* row, int64_t c);

/// Class numbers of one row, most probable first; equal ones in class order.
void RankClasses(const OutputInfo& output, const float* row, std::vector<int64_t>* order);

/// The most probable class of one row; the first among equal ones.
int64_t TopClass(const OutputInfo& output, const float* row);

}  // namespace score
