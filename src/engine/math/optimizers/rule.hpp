// What an optimizer is in the engine: its update of a tensor and the scalars that go into it. Its name, arguments and
// slots are in definitions/optimizer.hpp.
//
// Weight decay is not the rule's: UpdateRule shrinks the weights before.
//
// Adding an optimizer: a line in base/kinds.inc, its definition, and a file in this folder that defines k<name>Rule.
#pragma once

#include <cstdint>

#include "base/config.hpp"
#include "engine/math/optimizer.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math {

/// The overloads of one name.
struct UpdateKernels {
  UpdateKernel<float> of_float;
  UpdateKernel<double> of_double;
};

struct OptimizerRule {
  UpdateKernels (*kernels)(const base::OptimizerConfig& config);
  /// learning_rate and step as ApplyUpdate has them.
  Coefficients<double> (*coefficients)(const base::OptimizerConfig& config, double learning_rate, uint64_t step);
  /// The kernel must be given whole tensors, as UpdateRule::whole says.
  bool whole = false;
};

#define CEREBRO_OPTIMIZER(name, number) extern const OptimizerRule k##name##Rule;
#include "base/kinds.inc"

// Defines an UpdateKernel of T: clones are made of plain functions, not of templates. The last argument may use k, w,
// g, s and n.
#define CEREBRO_UPDATE(T, name, ...) \
  CEREBRO_CLONES void name(Coefficients<T> k, T* w, const T* g, T* const* s, int64_t n) { __VA_ARGS__; }

}  // namespace engine::math
