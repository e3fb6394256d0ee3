// Masks of inverted dropout from the model's own random streams.
#pragma once

#include <cstdint>

#include "engine/math/draw_keys.hpp"

namespace engine::math {

/// Writes n elements: zeros at a share of `rate` and 1 / (1 - rate) elsewhere. Element i, row-major with the batch in front, is decided by
/// word i of base::Stream(seed, stream, kDropout, iteration, epoch, location, site): it is dropped when the word is below rate * 2^32. So a
/// mask is a function of (sample, unit) and of the names, and of nothing else. site: index of the call in the graph in the lower half, the
/// number of the mask within the call in the upper half.
void FillDropoutMask(double rate, const DrawKeys& keys, uint64_t site, int64_t n, float* mask);
void FillDropoutMask(double rate, const DrawKeys& keys, uint64_t site, int64_t n, double* mask);

}  // namespace engine::math
