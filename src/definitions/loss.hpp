// One definition a loss: what everybody but its kernels needs to know of it.
//
// Adding a loss: a line in base/kinds.inc, a definition definitions::k<name>Loss in a file of this room, and the
// engine's half (engine/torch/losses, and engine/math/losses for the hand-written trainer). An argument that no loss
// had needs a field in base::LossConfig, too.
#pragma once

#include <string_view>
#include <vector>

#include "base/config.hpp"
#include "definitions/argument.hpp"

namespace definitions {

/// What a loss compares an output with.
enum class Targets {
  kValues,
  kYesNo,         // an output is a probability by itself
  kMargin,        // an output is a yes where it is above 0: targets 1 and -1, or 1 and 0
  kDistribution,  // probabilities that add up to 1 over the last dimension
  kClassIndex,    // such an output, with the index of the class
};

/// What turns logits into the probabilities that a loss compares. Such a loss works on logits where it can have them.
enum class Squash { kNone, kSoftmax, kSigmoid };

struct LossDefinition {
  base::LossKind kind = base::LossKind::kMeanSquaredError;
  const char* name = "";             // Keras's long name
  std::vector<const char*> aliases;  // folded
  std::vector<Argument<base::LossConfig>> arguments;
  Targets targets = Targets::kValues;
  Squash squash = Squash::kNone;
};

#define CEREBRO_LOSS(name, number) extern const LossDefinition k##name##Loss;
#include "base/kinds.inc"

/// All of them, in the order of base/kinds.inc.
const std::vector<const LossDefinition*>& Losses();

/// By its name or an alias in any spelling; nullptr when there is none.
const LossDefinition* FindLoss(std::string_view name);

/// Throws kInternal when the kind has no definition, which no configuration of plan::ReadConfig has.
const LossDefinition& DefinitionOf(base::LossKind kind);

/// A configuration with the definition's name and defaults.
base::LossConfig DefaultConfig(const LossDefinition& definition);

}  // namespace definitions
