// The arguments of a layer: their types, and how a dictionary of Keras's arguments is read by a list of them. The
// arguments of an initialiser, a regulariser and a constraint are read likewise. Called by the definitions and by the
// readers in wire.
//
// THE CONTRACT with the engine. base::Layer::attributes is a dictionary with exactly the keys of the layer's
// definition, in the definition's order, each normalised as follows. Whatever goes through wire::GraphBuilder (Keras
// texts and stored graphs alike) keeps it. The attributes and weights of each layer are at the head of its file.
//
//   type          what the engine finds                              what Keras may write
//   bool          boolean                                            true, false
//   positive      integer >= 1                                       5, 5.0
//   count         integer >= 0                                       5, 5.0
//   number        double, finite                                     1, 0.3
//   rate          double in [0, 1)
//   pair          list of two integers >= 1                          3, [3, 5]; strides of pooling: null = pool_size
//   single        list of one integer >= 1                           3, [3]; likewise
//   size pair     list of two integers >= 0                          0, [1, 0]
//   ends          list of two integers >= 0: in front and behind     1, [1, 2]
//   permutation   list of the integers 1 to its length               [2, 1]
//   choice        one of the given strings
//   activation    a string: linear relu relu6 sigmoid hard_sigmoid   "silu", null, {"class_name": "ReLU", ..}, ...
//                 tanh softmax log_softmax softplus softsign elu
//                 selu swish gelu exponential mish
//   initializer   {"class_name": .., "config": {..}}                 "glorot_uniform", {"class_name": "HeNormal", ..}
//                   with all of the config's keys: Zeros {}, Ones {}, Constant {value}, RandomNormal {mean, stddev, seed},
//                   TruncatedNormal {mean, stddev, seed}, RandomUniform {minval, maxval, seed}, VarianceScaling {scale,
//                   mode, distribution, seed}, Orthogonal {gain, seed}, Identity {gain}. Numbers are doubles; seed is an
//                   integer or null; mode is fan_in, fan_out or fan_avg; distribution is truncated_normal,
//                   untruncated_normal or uniform. Glorot, He and Lecun become VarianceScaling.
//   regularizer   null, {"class_name": "L1L2", "config": {"l1": double, "l2": double}}, not both zero, or
//                   {"class_name": "OrthogonalRegularizer", "config": {"factor": double > 0, "mode": "rows" or
//                   "columns"}} of a weight that is a matrix
//   constraint    null or MaxNorm {max_value, axis}, NonNeg {}, UnitNorm {axis}, MinMaxNorm {min_value, max_value, rate,
//                   axis}; axis is a list of integers
//   axis          integer, counted with the batch, may be negative;  -1, [3]
//                   never the batch itself
//   two axes      list of two integers, as axis                      -1, [1, 2]
//   axes          list of integers, ascending as positions,          -1, [1, 2]
//                   counted with the batch
//   axes or none  list of integers, as axes; [] = none               null, [], 1, [1, 2]
//   numbers       double, or lists of doubles nested regularly       0.5, [0.5, 2], {"class_name": "__numpy__", ..}
//   boundaries    list of doubles, strictly ascending                [0, 1.5]
//   span          list of two doubles, ascending                     0.2 for [-0.2, 0.2], [-0.1, 0.3]
//   interval      list of two doubles, ascending                     [0, 255]
//   spread        list of two doubles >= 0                           0.2 for [0.2, 0.2], [0.1, 0.3]
//   groups        integer >= 1, or -1                                8
//   open shape    list of integers >= 1 and nulls                    64, [null, 64]
//   seed          integer or null
//
// One initializer appears in weights only, never in attributes: UnitForgetBias (layers/recurrent.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/value.hpp"
#include "layers/refusal.hpp"

namespace layers {

enum class ArgumentType {
  kBool, kPositive, kPositiveOrNull, kCount, kNumber, kNonNegative, kNonNegativeOrNull, kFraction /* [0, 1] */, kRate /* [0, 1) */, kPair, kPairOr, kSingle, kSingleOr, kChoice,
  kDataFormat, kActivation, kInitializer, kRegularizer, kConstraint, kAxis, kAxes, kTwoAxes, kWeightAxes, kSeed, kInputShape, kTargetShape, kPadding,
  kEnds, kSizePairOrNull, kPermutation, kNoiseShape, kInputLength,
  kAxesOrNone, kNumbers, kNumbersOrNull, kBoundaries, kSpan, kSpanOrNull, kInterval, kSpread, kGroups, kOpenShape, kText, kTextOrNull,
  kAbsent,  // only null, false or the value of `initial`, and never among the attributes: what Keras has and this reader does not support
};

struct Argument {
  const char* name;
  ArgumentType type;
  const char* initial = nullptr;  // the default as base::ParseLiteral reads it; nullptr = required
  const char* choices = "";       // kChoice: words parted by blanks; kPairOr, kSingleOr: the argument whose value stands in for null
  bool later = false;  // version 0.1 had the layer without it: not written, nor part of a shape signature, while it has its default
};

/// An argument that a layer of version 0.1 got later.
constexpr Argument Later(Argument argument) {
  argument.later = true;
  return argument;
}

/// Largest value of a dimension or of an argument that becomes one.
constexpr int64_t kLargestDimension = int64_t{1} << 31;

/// Checks and normalises one value. `siblings`: the arguments read before it. Errors: kInvalidParameter for a wrong
/// value, kFeatureNotSupported for one of Keras's that is not supported, naming layer and argument.
base::Value ReadArgument(const Argument& argument, const base::Value& value, const base::Dict& siblings, const Where& where);

/// Reads `config` by the list of arguments; null counts as {}. Keys in `ignored` are skipped, any other unknown key is
/// an error.
base::Dict ReadArguments(const std::vector<Argument>& arguments, const std::vector<const char*>& ignored, const base::Value& config,
                         const Where& where);

/// Whether it is a `later` one that has its default. `siblings`: the layer's attributes.
bool IsLaterDefault(const Argument& argument, const base::Value& value, const base::Dict& siblings);

/// True and the integer, for an integer or a double with an integral value.
bool AsInteger(const base::Value& value, int64_t* integer);

}  // namespace layers
