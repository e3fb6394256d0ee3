// Keras's weight initialisers, from counter-based random streams, in double and scalar code: the same bits in every process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "base/graph.hpp"

namespace engine::math {

/// Takes values in their order, some thousand at a time.
using TakeValues = std::function<void(const double* values, size_t n)>;

/// Makes the initial values of one weight tensor, row-major, and hands them over part by part; polls for interrupts in
/// between. Random initialisers draw from base::Stream(seed, stream, kInitialiser, index),
/// index being the weight's position in the graph; one with an integer seed of its own draws from base::Stream(that seed, 0, kInitialiser,
/// 0), so that it gives the same values in every model and run.
///
/// Distributions as tf.keras 2.10's: VarianceScaling after He et al. (2015) and Glorot & Bengio (2010), truncation at two standard
/// deviations, Orthogonal after Saxe et al. (2014) with positive diagonal of R. `owner` names the layer for errors: kFeatureNotSupported
/// for an unknown initialiser, kInvalidParameter for a shape that it cannot fill.
void FillInitialValues(const base::WeightSpec& weight, const std::string& owner, uint64_t seed, uint64_t stream, uint64_t index,
                       const TakeValues& take);

}  // namespace engine::math
