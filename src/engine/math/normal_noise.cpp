#include "engine/math/normal_noise.hpp"

#include <array>
#include <cmath>

#include "base/philox.hpp"

namespace engine::math {

namespace {

// In [0, 1), as base::Stream::Uniform.
double Uniform(uint32_t low, uint32_t high) {
  const uint64_t bits = static_cast<uint64_t>(high) << 32 | low;
  return std::ldexp(static_cast<double>(bits >> 11), -53);
}

template <typename T>
void Fill(double deviation, const DrawKeys& keys, uint64_t site, int64_t n, T* noise) {
  constexpr double kTwoPi = 6.283185307179586476925286766559;
  const base::Stream stream(keys.seed, keys.stream, base::Purpose::kDropout, keys.iteration, keys.epoch, keys.location, site);
  for (int64_t i = 0; i < n; i += 2) {
    const std::array<uint32_t, 4> words = stream.Block(static_cast<uint64_t>(i) >> 1);
    const double radius = deviation * std::sqrt(-2.0 * std::log(1.0 - Uniform(words[0], words[1])));
    const double angle = kTwoPi * Uniform(words[2], words[3]);
    noise[i] = static_cast<T>(radius * std::cos(angle));
    if (i + 1 < n) noise[i + 1] = static_cast<T>(radius * std::sin(angle));
  }
}

}  // namespace

void FillNormalNoise(double deviation, const DrawKeys& keys, uint64_t site, int64_t n, float* noise) {
  Fill(deviation, keys, site, n, noise);
}

void FillNormalNoise(double deviation, const DrawKeys& keys, uint64_t site, int64_t n, double* noise) {
  Fill(deviation, keys, site, n, noise);
}

}  // namespace engine::math
