// Names of random streams in training. No LibTorch here.
#pragma once

#include <cstdint>

namespace engine::math {

/// The part of a random stream's name that is the same for all layers of one mini-batch (base::Stream's arguments).
struct DrawKeys {
  uint64_t seed = 0;
  uint64_t stream = 0;
  uint64_t iteration = 0;
  uint64_t epoch = 0;
  uint64_t location = 0;  // partition_id << 32 | batch number in the visit
};

}  // namespace engine::math
