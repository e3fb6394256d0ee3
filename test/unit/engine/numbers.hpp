// Numbers for tests that need no engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fixture {

/// Deterministic numbers in [-1, 1), without a library's generator.
inline std::vector<double> Numbers(size_t count, uint64_t seed = 1) {
  std::vector<double> values(count);
  uint64_t x = seed * 0x9E3779B97F4A7C15u + 1;
  for (double& v : values) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    v = static_cast<double>(x >> 11) / static_cast<double>(uint64_t{1} << 52) - 1.0;
  }
  return values;
}

}  // namespace fixture
