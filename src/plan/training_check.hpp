// What of a configuration can only be checked together with the model and the packed table that it is for. Called before a program is
// compiled for training (train/prepare.hpp, train/fit_step.hpp); whoever scores stored models calls none of it.
#pragma once

#include <string>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "layers/definition.hpp"

namespace plan {

/// What is most likely not meant.
struct TrainingDoubt {
  std::string message;
  std::string hint;
};

/// What the numbers of an output are like: the range that its layer states, followed through layers that pass their input's on.
layers::Range OutputRange(const base::Graph& graph, int call);

/// Holds every output's loss, last layer and column against plan::LossRules. Errors: kInvalidParameter for what a rule refuses, naming
/// loss, column and output. Numbers of losses, columns and outputs that do not fit each other are not its business: it says nothing then.
std::vector<TrainingDoubt> CheckLosses(const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& data);

/// Doubts about columns: one that feeds Embedding layers only is read as it is packed, whatever normalizing_const and standardize say.
std::vector<TrainingDoubt> CheckColumns(const base::Graph& graph, const base::DataSpec& data);

/// Doubts about exclude_from_weight_decay: what occurs in the name of no weight, and a list without a weight decay.
std::vector<TrainingDoubt> CheckWeightDecay(const base::Graph& graph, const base::TrainConfig& config);

/// Doubts about a model that begins without weights: a Normalization layer whose mean and variance are weights leaves its input as it is,
/// because nothing trains them.
std::vector<TrainingDoubt> CheckConstants(const base::Graph& graph);

/// What 'balanced' makes of the rows of each class. Classes without rows have no weight.
std::map<int, double> BalancedClassWeights(const std::vector<int64_t>& class_rows);

/// Checks class_weight and makes indexes of its labels, or weights of the classes' rows where it is 'balanced':
/// label_weight is empty and balanced_class_weight false afterwards. Quoted indexes, as early versions wrote them, are
/// taken for indexes when none of them is a label. Errors: kInvalidParameter for a key that is no class (the detail lists indexes and
/// labels), for a class with two weights, for outputs, losses and columns whose rows have no class, and for a balanced
/// weight where the rows of the classes are not known.
void ResolveClassWeights(const base::Graph& graph, const base::DataSpec& data, base::TrainConfig* config);

}  // namespace plan
