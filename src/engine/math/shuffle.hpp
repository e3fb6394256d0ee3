// The order in which a buffer's rows are trained.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/math/draw_keys.hpp"

namespace engine::math {

/// 0 .. rows-1 in order, or, when `shuffled`, permuted by Fisher and Yates's method (Durstenfeld's form) with draws from
/// base::Stream(seed, stream, kShuffle, iteration, epoch, location); location is partition_id << 32 | ordinal of the buffer in the visit.
void RowOrder(int64_t rows, bool shuffled, const DrawKeys& keys, std::vector<int64_t>* order);

}  // namespace engine::math
