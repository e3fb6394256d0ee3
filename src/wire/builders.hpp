// Architectures made from what a packed table holds: multilayer perceptrons, convolutional and recurrent networks, wide
// and deep models. They are Keras's functional models, as everywhere. Called by store/builders.hpp; pure functions.
//
// Every independent column becomes a vector:
//
//   indexes of strings (a scalar with a dictionary)      an Embedding
//   sequences of indexes                                 an Embedding and the average over the sequence; in an rnn its
//   recurrent layers scalars and vectors of numbers                       as they are; columns that follow one another
//   share an input images, in a cnn                                     convolutions and pooling sequences of numbers,
//   in an rnn                      recurrent layers other arrays of several dimensions                   flattened
//
// The vectors are put side by side, in the columns' order, and hidden layers and an output a dependent column follow.
//
// An Embedding of n indexes (the strings of the dictionary, and one for the unknown) has min(50, round(1.6 * n^0.56))
// numbers: the rule of fastai (Howard and Gugger, 2020), with a lower limit. Wide and deep: Cheng et al., "Wide & Deep
// Learning for Recommender Systems", 2016.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/graph.hpp"
#include "base/target_contents.hpp"
#include "base/tensor.hpp"

namespace wire {

enum class Family { kMlp, kCnn, kRnn, kWideDeep };

/// "mlp", "cnn", "rnn", "wide_deep"
const char* FamilyName(Family family);

struct NumberRange {
  double mean = 0, deviation = 1;  // deviation > 0
};

/// What is to be made. A list that has several values has alternatives: each combination of them is an architecture.
struct BuilderRequest {
  explicit BuilderRequest(Family of);

  Family family;
  std::string name;  // begins the models' names; empty: the family's, of an rnn that of its cells
  std::vector<std::vector<int64_t>> hidden;  // units of the Dense layers before the outputs
  std::vector<std::string> activation = {"relu"};
  std::vector<double> dropout = {0};       // behind each hidden and each recurrent layer
  std::vector<bool> batch_norm = {false};  // behind each hidden layer and each convolution; not in an rnn
  std::vector<double> l2 = {0};            // of kernels
  std::vector<int64_t> embedding_dim;      // empty: by the rule
  int64_t largest_embedding = 50;          // of the rule
  // cnn
  std::vector<std::vector<int64_t>> filters = {{32, 64}};  // of blocks of convolutions, with a pooling behind each
  std::vector<int64_t> kernel_size = {3};
  std::vector<int64_t> convolutions = {1};     // in a block
  std::vector<std::string> pooling = {"max"};  // of Poolings()
  std::vector<bool> global_pooling = {
      false};  // whether the average over an image's positions follows the blocks, in place of Flatten
  // rnn
  std::vector<std::vector<int64_t>> units = {{64}};  // of recurrent layers, one above the other
  std::vector<std::string> cell = {"lstm"};          // of Cells()
  std::vector<bool> bidirectional = {false};
  std::optional<int64_t> vocabulary_size;  // vectors of whole numbers are sequences of indexes below it
  // cnn: what vectors of as many numbers are; rnn: likewise
  std::optional<base::Shape> given_shape;
  // wide_deep: names of the columns that the wide part reads; none: all scalars and vectors
  std::optional<std::vector<std::string>> wide;
  std::vector<std::string> output_activation;  // one for all outputs, or one an output; empty: by the contents
  std::vector<base::TargetContents> contents;  // of each dependent column
  // By dependent column, or empty: how far apart its numbers are. A linear output then learns numbers of mean 0 and
  // deviation 1, and a Rescaling behind it makes the column's numbers of them.
  std::vector<std::optional<NumberRange>> ranges;
};

/// The words that are known.
const std::vector<std::string>& HiddenActivations();
const std::vector<std::string>& Poolings();
const std::vector<std::string>& Cells();

struct MadeArchitecture {
  std::string name;  // mlp_64_32_dropout0.1: what was asked for, without what is the default
  std::string description;
  std::string json;  // ReadKeras reads it as this graph
  base::Graph graph;
};

/// What a caller may want to know.
struct BuilderRemark {
  std::string message, hint;
};

struct MadeArchitectures {
  std::vector<MadeArchitecture> architectures;  // all different; the last list of the request varies fastest
  std::vector<BuilderRemark> remarks;
};

/// The activation of an output by its column's contents: softmax, sigmoid or linear.
const char* DefaultActivation(base::TargetContents contents);

/// The activations and units of the outputs, one a dependent column. Errors: as MakeArchitectures.
struct OutputPlan {
  std::string activation;
  int64_t units = 1;
};
std::vector<OutputPlan> PlanOutputs(const base::DataSpec& data, const std::vector<base::TargetContents>& contents,
                                    const std::vector<std::string>& output_activation);

/// REQUIRES one entry of request.contents a dependent column, and lists that are not empty. Errors, naming the column:
/// kInvalidParameter for columns that the family cannot read, an output activation that the column does not allow, and
/// names that are no column; kLimitExceeded for more than 1,000 combinations and for a model of more than 10^9 weights.
MadeArchitectures MakeArchitectures(const base::DataSpec& data, const BuilderRequest& request);

}  // namespace wire
