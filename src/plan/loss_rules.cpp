// The rules, as Keras computes these losses (engine/torch/losses). A rule refuses what cannot be learned from, and warns of what
// is most likely not meant.
#include "plan/loss_rules.hpp"

#include <algorithm>

namespace plan {
namespace {

using base::LossKind;
using layers::Range;
using Logits = LossRule::Logits;
using Verdict = LossRule::Verdict;

constexpr LossKind kCategorical = LossKind::kCategoricalCrossentropy, kSparse = LossKind::kSparseCategoricalCrossentropy,
                   kBinary = LossKind::kBinaryCrossentropy, kDivergence = LossKind::kKullbackLeibler,
                   kSquared = LossKind::kMeanSquaredError, kAbsolute = LossKind::kMeanAbsoluteError, kHuber = LossKind::kHuber,
                   kHinge = LossKind::kHinge, kSquaredHinge = LossKind::kSquaredHinge, kCategoricalHinge = LossKind::kCategoricalHinge,
                   kPoisson = LossKind::kPoisson, kCosine = LossKind::kCosineSimilarity, kLogCosh = LossKind::kLogCosh,
                   kPercentage = LossKind::kMeanAbsolutePercentageError, kLogarithmic = LossKind::kMeanSquaredLogarithmicError,
                   kBinaryFocal = LossKind::kBinaryFocalCrossentropy, kCategoricalFocal = LossKind::kCategoricalFocalCrossentropy;

constexpr const char* kNumbersHint = "Use mse, mae or huber for numbers; to tell classes apart, pack the column as classes.";

template <typename T>
bool Names(const std::vector<T>& list, T value) {
  return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

bool Applies(const LossRule& rule, const LossCase& c) {
  const bool logits = rule.logits == Logits::kAny || (rule.logits == Logits::kGiven) == c.from_logits;
  return logits && Names(rule.losses, c.loss) && Names(rule.ranges, c.range) && (!rule.one_unit || c.one_unit) && Names(rule.targets, c.target);
}

}  // namespace

const std::vector<LossRule>& LossRules() {
  static const std::vector<LossRule> rules = {
      {{}, Logits::kAny, {Range::kSoftmax}, true, {}, Verdict::kRefused, "a softmax over one unit is 1 for every row",
       "Give the last layer a unit for each class, a sigmoid for two classes, or a linear activation for a number."},
      {{kCategorical, kCategoricalFocal, kDivergence}, Logits::kAny, {}, false, {TargetType::kTwoClasses, TargetType::kManyClasses},
       Verdict::kRefused, "it needs one-hot targets",
       "Use sparse_categorical_crossentropy, or binary_crossentropy for one unit, or pack the column one-hot."},
      {{kCategoricalHinge}, Logits::kAny, {}, false, {TargetType::kTwoClasses, TargetType::kManyClasses}, Verdict::kRefused,
       "it needs one-hot targets", "Use hinge for one unit and two classes, or pack the column one-hot."},
      {{kCategorical, kCategoricalFocal, kDivergence, kCategoricalHinge}, Logits::kAny, {}, false, {TargetType::kReal}, Verdict::kRefused,
       "it compares distributions over classes, and the column holds one number", kNumbersHint},
      {{kSparse}, Logits::kAny, {}, false, {TargetType::kOneHot}, Verdict::kRefused, "it needs class indexes",
       "Use categorical_crossentropy, or pack the column as class indexes."},
      {{kSparse}, Logits::kAny, {}, false, {TargetType::kReals, TargetType::kReal}, Verdict::kRefused,
       "it needs class indexes, and the column holds real numbers", kNumbersHint},
      {{kCategorical, kCategoricalFocal, kSparse, kDivergence, kCategoricalHinge}, Logits::kAny, {}, true, {}, Verdict::kRefused,
       "one unit makes no distribution over classes",
       "Use binary_crossentropy or hinge for one unit, or give the last layer a unit for each class."},
      {{kBinary, kBinaryFocal}, Logits::kAny, {}, false, {TargetType::kManyClasses}, Verdict::kRefused, "it needs two classes",
       "Use sparse_categorical_crossentropy with a unit for each class."},
      {{kHinge, kSquaredHinge}, Logits::kAny, {}, false, {TargetType::kManyClasses}, Verdict::kRefused, "it needs two classes",
       "Pack the column one-hot and use categorical_hinge with a unit for each class."},
      {{kCosine}, Logits::kAny, {}, true, {}, Verdict::kRefused, "of one unit only the sign counts",
       "Give the last layer several units and pack the column as arrays of as many numbers, or use mse, mae or huber."},
      {{kBinary, kBinaryFocal}, Logits::kNotGiven, {Range::kAny, Range::kNotNegative}, false, {TargetType::kReal}, Verdict::kRefused,
       "it compares probabilities, and both the last layer and the column have numbers of any size", kNumbersHint},
      {{kSquared, kAbsolute, kHuber, kLogCosh, kPoisson, kPercentage, kLogarithmic}, Logits::kAny, {}, false, {TargetType::kManyClasses},
       Verdict::kWarned, "it takes the numbers of the classes for quantities",
       "Pack the column by dependent_type => 'real' to predict a number, or use a cross-entropy with a unit for each class."},
      {{kPercentage}, Logits::kAny, {}, false, {TargetType::kOneHot, TargetType::kTwoClasses}, Verdict::kWarned,
       "it divides by the targets, most of which are 0", "Use a cross-entropy for classes."},
      {{kPoisson}, Logits::kAny, {Range::kAny}, false, {}, Verdict::kWarned,
       "it takes the logarithm of the last layer's numbers, which may be negative", "Give the last layer an exponential or softplus activation."},
      {{kLogarithmic}, Logits::kAny, {Range::kAny}, false, {}, Verdict::kWarned,
       "it takes numbers of the last layer below 0 for 0, and learns nothing from them",
       "Give the last layer a softplus, exponential or relu activation."},
      {{kHinge, kSquaredHinge}, Logits::kAny, {Range::kNotNegative, Range::kZeroToOne, Range::kSigmoid, Range::kSoftmax}, false, {},
       Verdict::kWarned, "the last layer's numbers are never negative, so no row is told to be of the first class",
       "Make the last layer linear, or give it a tanh."},
      {{kCategorical, kCategoricalFocal, kSparse}, Logits::kNotGiven, {Range::kAny}, false, {}, Verdict::kWarned,
       "the last layer gives no probabilities", "Add from_logits=True to the loss, or a softmax to the last layer."},
      {{kBinary, kBinaryFocal}, Logits::kNotGiven, {Range::kAny, Range::kNotNegative}, false, {}, Verdict::kWarned,
       "the last layer gives no probabilities", "Add from_logits=True to the loss, or a sigmoid to the last layer."},
      {{kDivergence}, Logits::kAny, {Range::kAny, Range::kNotNegative, Range::kZeroToOne, Range::kSigmoid}, false, {}, Verdict::kWarned,
       "the last layer gives no distribution", "Add a softmax to the last layer."},
      {{kCategorical, kCategoricalFocal, kSparse}, Logits::kGiven, {Range::kSoftmax}, false, {}, Verdict::kWarned,
       "the last layer has a softmax already, from_logits changes nothing", "Leave from_logits out, or make the last layer linear."},
      {{kBinary, kBinaryFocal}, Logits::kGiven, {Range::kSigmoid}, false, {}, Verdict::kWarned,
       "the last layer has a sigmoid already, from_logits changes nothing", "Leave from_logits out, or make the last layer linear."},
      {{kCategorical, kCategoricalFocal, kSparse}, Logits::kGiven, {Range::kSigmoid, Range::kZeroToOne}, false, {}, Verdict::kWarned,
       "the last layer gives probabilities, which are taken for logits", "Leave from_logits out, or make the last layer linear."},
      {{kBinary, kBinaryFocal}, Logits::kGiven, {Range::kSoftmax, Range::kZeroToOne}, false, {}, Verdict::kWarned,
       "the last layer gives probabilities, which are taken for logits", "Leave from_logits out, or make the last layer linear."},
      {{kBinary, kBinaryFocal}, Logits::kGiven, {Range::kNotNegative}, false, {}, Verdict::kWarned,
       "the last layer's logits are never negative, so no probability is below one half", "Make the last layer linear."},
  };
  return rules;
}

const LossRule* FindLossRule(const LossCase& loss_case) {
  for (const LossRule& rule : LossRules()) {
    if (Applies(rule, loss_case)) return &rule;
  }
  return nullptr;
}

TargetType TargetTypeOf(const base::ColumnSpec& column) {
  switch (column.kind) {
    case base::TargetKind::kOneHot: return TargetType::kOneHot;
    case base::TargetKind::kClassIndex: return column.num_classes > 2 ? TargetType::kManyClasses : TargetType::kTwoClasses;
    case base::TargetKind::kReal: return TargetType::kReal;
    case base::TargetKind::kArray:
    case base::TargetKind::kNone: break;
  }
  const bool reals = column.dtype == base::DType::kFloat32 || column.dtype == base::DType::kFloat64;
  return reals ? TargetType::kReals : TargetType::kIntegers;
}

const char* RangeName(Range range) {
  switch (range) {
    case Range::kUnknown: return "numbers of an unknown range";
    case Range::kAny: return "numbers of any size";
    case Range::kNotNegative: return "numbers of at least 0";
    case Range::kZeroToOne: return "numbers from 0 to 1";
    case Range::kSigmoid: return "a sigmoid's numbers";
    case Range::kSoftmax: return "a softmax's numbers";
    case Range::kOfInput: return "numbers of its input";
  }
  return "";
}

const char* TargetTypeName(TargetType type) {
  switch (type) {
    case TargetType::kOneHot: return "one-hot";
    case TargetType::kTwoClasses: return "index of one of two classes";
    case TargetType::kManyClasses: return "index of one of many classes";
    case TargetType::kIntegers: return "array of integers";
    case TargetType::kReals: return "array of reals";
    case TargetType::kReal: return "real";
  }
  return "";
}

}  // namespace plan
