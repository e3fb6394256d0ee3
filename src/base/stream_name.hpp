// The name of a stream of random numbers (base/philox.hpp), for those who draw its numbers elsewhere.
#pragma once

#include <array>
#include <cstdint>

#include "base/philox.hpp"

namespace base {

/// What goes into each of the stream's blocks: the key's two words, then the upper half of the counter.
std::array<uint32_t, 4> StreamName(uint64_t seed, uint64_t stream, Purpose purpose, uint64_t a = 0, uint64_t b = 0,
                                   uint64_t c = 0, uint64_t d = 0);

}  // namespace base
