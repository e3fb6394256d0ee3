// Normal numbers from the model's own random streams.
#pragma once

#include <cstdint>

#include "engine/math/draw_keys.hpp"

namespace engine::math {

/// Writes n numbers of mean 0 and the standard deviation. The draws are named as Dropout's are (engine/math/dropout_mask.hpp): element i
/// of a mini-batch, row-major with the batch in front, is made of block i / 2 of base::Stream(seed, stream, kDropout, iteration, epoch,
/// location, site). Box-Muller makes two values of a block, in double: with u and v the 53-bit uniforms of its words (0, 1) and (2, 3),
/// they are sqrt(-2 log(1 - u)) times the cosine and the sine of 2 pi v. So an element is a function of (sample, unit) and of the names.
void FillNormalNoise(double deviation, const DrawKeys& keys, uint64_t site, int64_t n, float* noise);
void FillNormalNoise(double deviation, const DrawKeys& keys, uint64_t site, int64_t n, double* noise);

}  // namespace engine::math
