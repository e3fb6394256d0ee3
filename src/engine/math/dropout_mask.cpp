#include "engine/math/dropout_mask.hpp"

#include <array>
#include <cmath>

#include "base/philox.hpp"

namespace engine::math {

namespace {

base::Stream DropoutStream(const DrawKeys& keys, uint64_t site) {
  return {keys.seed, keys.stream, base::Purpose::kDropout, keys.iteration, keys.epoch, keys.location, site};
}

template <class T>
void FillMask(T* out, int64_t count, double rate, const base::Stream& stream) {
  const uint64_t below = static_cast<uint64_t>(std::ldexp(rate, 32));
  const T kept = static_cast<T>(1.0 / (1.0 - rate));
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const std::array<uint32_t, 4> words = stream.Block(static_cast<uint64_t>(i) >> 2);
    for (int k = 0; k < 4; ++k) out[i + k] = words[k] < below ? T(0) : kept;
  }
  if (i < count) {
    const std::array<uint32_t, 4> words = stream.Block(static_cast<uint64_t>(i) >> 2);
    for (int k = 0; i < count; ++i, ++k) out[i] = words[k] < below ? T(0) : kept;
  }
}

}  // namespace

void FillDropoutMask(double rate, const DrawKeys& keys, uint64_t site, int64_t n, float* mask) {
  FillMask(mask, n, rate, DropoutStream(keys, site));
}

void FillDropoutMask(double rate, const DrawKeys& keys, uint64_t site, int64_t n, double* mask) {
  FillMask(mask, n, rate, DropoutStream(keys, site));
}

}  // namespace engine::math
