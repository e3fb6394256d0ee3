// The table of layers: one row a layer, with its Keras arguments and the functions that derive shapes, weights and cost.
//
// Adding a layer: a number (base::LayerKind and graph.proto), a row in layer_table.cpp (with a shape, weights or flops function of its own
// where none of the given ones does), and a module in the engine.
//
// THE CONTRACT between this reader and the engine: base::Layer::attributes is a dictionary with exactly the keys of the layer's row, in
// the row's order, each normalised as follows. Whatever goes through GraphBuilder (Keras texts and stored graphs alike) keeps it.
//
//   type          what the engine finds                                       what Keras may write
//   bool          boolean                                                     true, false
//   positive      integer >= 1                                                5, 5.0
//   number        double, finite                                              1, 0.3
//   rate          double in [0, 1)
//   pair          list of two integers >= 1                                   3, [3, 5]; strides of pooling: null = pool_size
//   choice        one of the given strings
//   activation    a string: linear relu relu6 sigmoid hard_sigmoid tanh softmax log_softmax softplus softsign elu selu swish gelu
//                 exponential mish                                            "silu", null, {"class_name": "ReLU", "config": {..}}, ...
//   initializer   {"class_name": .., "config": {..}} with all of the config's keys:    "glorot_uniform", {"class_name": "HeNormal", ..}
//                   Zeros {}, Ones {}, Constant {value}, RandomNormal {mean, stddev, seed}, TruncatedNormal {mean, stddev, seed},
//                   RandomUniform {minval, maxval, seed}, VarianceScaling {scale, mode, distribution, seed}, Orthogonal {gain, seed},
//                   Identity {gain}. Numbers are doubles; seed is an integer or null; mode is fan_in, fan_out or fan_avg; distribution is
//                   truncated_normal, untruncated_normal or uniform. Glorot, He and Lecun become VarianceScaling.
//   regularizer   null or {"class_name": "L1L2", "config": {"l1": double, "l2": double}}, not both zero
//   constraint    null or MaxNorm {max_value, axis}, NonNeg {}, UnitNorm {axis}, MinMaxNorm {min_value, max_value, rate, axis};
//                 axis is a list of integers
//   axis          integer, counted with the batch, may be negative; never the batch itself      -1, [3]
//   axes          list of integers, ascending as positions, counted with the batch              -1, [1, 2]
//   seed          integer or null
//
//   layer                     attributes (default; ! = required)                                              weights
//   Input                     shape ! list of integers, without the batch
//   Dense                     units ! positive, activation linear, use_bias true, kernel_initializer, bias_initializer,
//                             kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint         kernel [bias]
//   Conv2D                    filters ! positive, kernel_size ! pair, strides (1, 1), padding choice valid | same,
//                             data_format channels_last, dilation_rate (1, 1), groups 1, then as Dense         kernel [bias]
//   Max-, AveragePooling2D    pool_size (2, 2), strides pair (pool_size), padding valid | same, data_format
//   GlobalAverage-,
//   GlobalMaxPooling2D        data_format, keepdims false
//   Flatten                   data_format
//   Reshape                   target_shape ! list of integers, at most one of them -1
//   ZeroPadding2D             padding [[top, bottom], [left, right]] (1 each), data_format
//   Dropout                   rate !, noise_shape null or list with the batch in front, entries null or integer; seed null
//   BatchNormalization        axis -1, momentum 0.99, epsilon 0.001, center, scale true, beta_initializer, gamma_initializer,
//                             moving_mean_initializer, moving_variance_initializer, beta_regularizer, gamma_regularizer,
//                             beta_constraint, gamma_constraint             [gamma] [beta] moving_mean moving_variance
//   LayerNormalization        axis axes [-1], epsilon 0.001, center, scale true, beta_initializer, gamma_initializer,
//                             beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint           [gamma] [beta]
//   Activation                activation !
//   ReLU                      max_value double >= 0 or null (null), negative_slope 0.0, threshold 0.0
//   LeakyReLU                 alpha 0.3
//   ELU                       alpha 1.0
//   Softmax                   axis -1
//   Embedding                 input_dim ! positive, output_dim ! positive, embeddings_initializer, embeddings_regularizer,
//                             embeddings_constraint, mask_zero false, input_length null or list of integers    embeddings
//   LSTM                      units !, activation tanh, recurrent_activation sigmoid, use_bias true, kernel_initializer,
//                             recurrent_initializer, bias_initializer, unit_forget_bias true, kernel_regularizer,
//                             recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint,
//                             dropout 0.0 rate, recurrent_dropout 0.0 rate, return_sequences false, go_backwards false
//                                                                                         kernel recurrent_kernel [bias]
//   GRU                       likewise with reset_after true in place of unit_forget_bias    kernel recurrent_kernel [bias]
//   Add, Multiply, Average,
//   Maximum                   none; inputs of one rank, dimensions equal or 1
//   Concatenate               axis -1
//
// One initializer appears in weights only, never in attributes: the bias of an LSTM with unit_forget_bias has
//   {"class_name": "UnitForgetBias", "config": {"bias_initializer": {..}}}
// with shape (4 * units): the second quarter (the forget gate) is ones, the other three are filled by bias_initializer as one tensor
// of 3 * units elements would be, in order.
#pragma once

#include <string>
#include <vector>

#include "base/graph.hpp"

namespace wire {

enum class ArgumentType {
  kBool, kPositive, kNumber, kNonNegative, kNonNegativeOrNull, kFraction /* [0, 1] */, kRate /* [0, 1) */, kPair, kPairOr, kChoice,
  kDataFormat, kActivation, kInitializer, kRegularizer, kConstraint, kAxis, kAxes, kWeightAxes, kSeed, kInputShape, kTargetShape, kPadding,
  kNoiseShape, kInputLength,
  kAbsent,  // only null or false, and never among the attributes: what Keras has and this reader does not support
};

struct Argument {
  const char* name;
  ArgumentType type;
  const char* initial = nullptr;  // the default as base::ParseLiteral reads it; nullptr = required
  const char* choices = "";       // kChoice: words parted by blanks; kPairOr: the argument whose value stands in for null
};

using Shapes = std::vector<base::Shape>;

struct LayerRow {
  base::LayerKind kind;
  std::vector<const char*> class_names;  // Keras's; the first is the one used in messages
  std::vector<Argument> arguments;
  std::vector<const char*> ignored;      // arguments without an effect here, besides those that every layer may have
  size_t min_inputs, max_inputs;
  /// Output shape of one call; throws kInvalidParameter naming the layer when an input does not fit.
  base::Shape (*shape)(const base::Layer& layer, const Shapes& inputs);
  /// Weights in Keras's order; nullptr = none. `trainable` is set by the builder when the layer is frozen.
  std::vector<base::WeightSpec> (*weights)(const base::Layer& layer, const Shapes& inputs);
  /// Forward cost of one row; a multiplication and an addition count as two; nullptr = nothing to speak of.
  double (*flops)(const base::Layer& layer, const Shapes& inputs, const base::Shape& output);
};

const std::vector<LayerRow>& LayerTable();

/// nullptr when there is no such layer.
const LayerRow* FindLayer(const std::string& class_name);
const LayerRow* FindLayer(base::LayerKind kind);

/// "Activation, Add, ...": for hints.
std::string KnownLayers();

/// Reads a layer's arguments into attributes as described above. `config`: Keras's arguments, or attributes that were normalised before
/// (then nothing changes). Throws kInvalidParameter (unknown, missing or wrong argument) or kFeatureNotSupported (a value of Keras's that
/// is not supported), naming layer and argument.
base::Value NormalizeArguments(const LayerRow& row, const std::string& layer_name, const base::Value& config);

}  // namespace wire
