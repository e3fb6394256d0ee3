// Values of stored features, a block at a time: the loops of feature_codec.cpp, which is their only caller. A block is
// kBlockValues values, neighbours in a buffer, and their map, a bit a value. All arrays hold a whole block; what lies
// behind a buffer's last value counts for nothing. Vector code (cerebro_loops in the build); no loop depends on another
// block.
//
// Rounding is to nearest, ties to even, and no result depends on whether denormal numbers are flushed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace data {

constexpr size_t kBlockValues = 64;

/// NaN and infinities stay what they are.
void ToBFloat16(const float* values, uint16_t* codes);
void FromBFloat16(const uint16_t* codes, float* values);

/// Likewise; finite values beyond 65504 become that.
void ToFloat16(const float* values, uint16_t* codes);
void FromFloat16(const uint16_t* codes, float* values);

/// Levels: least[i] + code * stride[i], computed in double. A stride of 0 gives the code 0. REQUIRES: finite values.
void ToLevels(const float* values, const double* least, const double* stride, uint8_t* codes);
void FromLevels(const uint8_t* codes, const double* least, const double* stride, float* values);

/// Bit i: values[i] is no zero; exact: -0 counts as a value.
uint64_t MapOfBlock(const float* values, bool exact);

/// Sets values to 0 whose bit is not set.
void ClearUnmapped(uint64_t map, float* values);

/// The codes whose bits are set, one behind the other; returns the end. REQUIRES: room for a block's.
template <typename Code>
Code* Squeeze(const Code* codes, uint64_t map, Code* to) {
  for (; map != 0; map &= map - 1) *to++ = codes[__builtin_ctzll(map)];
  return to;
}

/// The reverse: 0 where a bit is not set.
template <typename Code>
void Spread(const Code* squeezed, uint64_t map, Code* codes) {
  for (size_t i = 0; i < kBlockValues; ++i) codes[i] = 0;
  for (; map != 0; map &= map - 1) codes[__builtin_ctzll(map)] = *squeezed++;
}

}  // namespace data
