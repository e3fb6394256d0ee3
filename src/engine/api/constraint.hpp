// Keras's weight regularisers and constraints, as they are configured.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/value.hpp"

namespace engine {

/// l1 * sum |w| + l2 * sum w^2.
struct Regularizer {
  double l1 = 0;
  double l2 = 0;

  bool empty() const { return l1 == 0 && l2 == 0; }
};

/// Reads null or {"class_name": "L1L2"|"L1"|"L2", "config": {...}}; `where` names the weight for errors (kFeatureNotSupported).
Regularizer ReadRegularizer(const base::Value& value, const std::string& where);

/// What a weight is made to satisfy after every step: MaxNorm, MinMaxNorm, UnitNorm (norms over `axis`), NonNeg.
struct Constraint {
  enum class Kind { kNone, kMaxNorm, kMinMaxNorm, kUnitNorm, kNonNeg };
  Kind kind = Kind::kNone;
  double low = 0;
  double high = 0;
  double rate = 1;
  std::vector<int64_t> axis{0};
};

Constraint ReadConstraint(const base::Value& value, const std::string& where);

}  // namespace engine
