// Which losses go with which last layers and which dependent columns: one list of rules. docs/functions.md prints it.
// Used by plan/training_check.hpp and by tests.
#pragma once

#include <vector>

#include "base/config.hpp"
#include "base/tensor.hpp"
#include "layers/definition.hpp"

namespace plan {

/// What a dependent column holds, as a loss sees it.
enum class TargetType { kOneHot, kTwoClasses, kManyClasses, kIntegers, kReals, kReal };

/// Of a packed dependent column.
TargetType TargetTypeOf(const base::ColumnSpec& column);

/// One output with its loss and its column.
struct LossCase {
  base::LossKind loss = base::LossKind::kMeanSquaredError;
  bool from_logits = false;
  layers::Range range = layers::Range::kUnknown;  // of the output; never kOfInput
  bool one_unit = false;                          // the output's last dimension has one element
  TargetType target = TargetType::kReal;
};

/// An empty list, or no value, means any.
struct LossRule {
  enum class Verdict { kRefused, kWarned };
  std::vector<base::LossKind> losses;
  enum class Logits { kAny, kGiven, kNotGiven } logits;
  std::vector<layers::Range> ranges;
  bool one_unit;  // false: any number of units
  std::vector<TargetType> targets;
  Verdict verdict;
  const char* reason;  // the rest of a sentence about the loss
  const char* hint;
};

/// In order: the first rule that applies decides. What no rule names is fit for use.
const std::vector<LossRule>& LossRules();

/// The rule that applies, or nullptr.
const LossRule* FindLossRule(const LossCase& loss_case);

/// For messages and the docs: "a softmax", "any number"; "one-hot", "real".
const char* RangeName(layers::Range range);
const char* TargetTypeName(TargetType type);

}  // namespace plan
