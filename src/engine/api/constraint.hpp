// Keras's weight regularisers and constraints, as they are configured.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/graph.hpp"
#include "base/value.hpp"
#include "engine/math/orthogonal.hpp"

namespace engine {

/// l1 * sum |w| + l2 * sum w^2, or the penalty of engine/math/orthogonal.hpp.
struct Regularizer {
  double l1 = 0;
  double l2 = 0;
  double orthogonal = 0;  // its factor
  math::Vectors vectors;  // of the matrix, that it is for

  bool empty() const { return l1 == 0 && l2 == 0 && orthogonal == 0; }
};

/// Reads a weight's regulariser as layers/argument.hpp normalises it; `where` names the weight for errors
/// (kFeatureNotSupported).
Regularizer ReadRegularizer(const base::WeightSpec& weight, const std::string& where);

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
