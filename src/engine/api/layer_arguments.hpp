// A layer's arguments, as both trainers read them, and what both refuse alike.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/graph.hpp"

namespace engine {

// Reading a layer's attributes; kInternal when one is missing or of another type (the reader checks what a user can get wrong).
const base::Value& Attribute(const base::Layer& layer, const char* name);
bool BoolAttribute(const base::Layer& layer, const char* name);
double NumberAttribute(const base::Layer& layer, const char* name);
int64_t IntAttribute(const base::Layer& layer, const char* name);
const std::string& TextAttribute(const base::Layer& layer, const char* name);
/// Two integers: strides, pool sizes.
std::pair<int64_t, int64_t> PairAttribute(const base::Layer& layer, const char* name);
/// True and the value, when the attribute is there and not null.
bool FindNumber(const base::Layer& layer, const char* name, double* value);
[[noreturn]] void ThrowUnsupported(const base::Layer& layer, const char* argument, const std::string& value);

/// Keras's activation functions.
enum class Activation {
  kLinear,
  kReLU,
  kReLU6,
  kSigmoid,
  kTanh,
  kSoftmax,
  kLogSoftmax,
  kSoftplus,
  kSoftsign,
  kELU,
  kSELU,
  kExponential,
  kGELU,
  kSwish,
  kHardSigmoid,
  kMish,
};

// Klambauer et al., "Self-normalizing neural networks" (2017); the digits that tf.keras has.
constexpr double kSeluAlpha = 1.6732632423543772848170429916717;
constexpr double kSeluScale = 1.0507009873554804934193349852946;

/// The function named by an attribute of a layer ("relu", "linear", ...); kFeatureNotSupported naming the layer when unknown.
Activation ActivationAttribute(const base::Layer& layer, const char* name);

/// Throws kInvalidData when the smallest or the largest index of a mini-batch is not in an Embedding's table of `count` rows.
void CheckIndexes(const std::string& layer, int64_t smallest, int64_t largest, int64_t count);

}  // namespace engine
