#include "data/feature_blocks.hpp"

#include <array>
#include <cstring>

namespace data {
namespace {

constexpr uint32_t kSign = 0x80000000, kInfinity = 0x7F800000, kMostHalf = 0x477FE000, kLeastNormalHalf = 0x38800000;

constexpr std::array<uint32_t, 32> EachBit() {
  std::array<uint32_t, 32> bits{};
  for (size_t i = 0; i < bits.size(); ++i) bits[i] = uint32_t{1} << i;
  return bits;
}
constexpr std::array<uint32_t, 32> kBits = EachBit();

template <typename To, typename From>
To BitsAs(From from) {
  static_assert(sizeof(To) == sizeof(From), "the same bits");
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

// Both sides of every choice are computed, so that the loops have no branch.

uint16_t RoundToBFloat16(float v) {
  const auto bits = BitsAs<uint32_t>(v);
  const uint32_t rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16, nan = bits >> 16 | 0x40;
  return static_cast<uint16_t>((bits & ~kSign) > kInfinity ? nan : rounded);
}

uint16_t RoundToFloat16(float v) {
  const auto bits = BitsAs<uint32_t>(v);
  const uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & ~kSign;
  uint32_t half = ((magnitude + 0xFFF + (magnitude >> 13 & 1)) >> 13) - (112U << 10);
  // Below 2^-14 a half is a multiple of 2^-24, which is the distance of float32 between 0.5 and 1.
  const uint32_t small = BitsAs<uint32_t>(BitsAs<float>(magnitude) + 0.5F) - BitsAs<uint32_t>(0.5F);
  half = magnitude < kLeastNormalHalf ? small : half;
  half = magnitude >= kMostHalf ? 0x7BFF : half;
  half = magnitude == kInfinity ? 0x7C00 : half;
  half = magnitude > kInfinity ? 0x7E00 : half;
  return static_cast<uint16_t>(sign | half);
}

float FromHalf(uint32_t half) {
  const uint32_t sign = (half & 0x8000) << 16, magnitude = half & 0x7FFF;
  const uint32_t normal = (magnitude << 13) + (112U << 23);
  // 0.5 + fraction * 2^-24, without the 0.5
  const auto small = BitsAs<uint32_t>(BitsAs<float>(BitsAs<uint32_t>(0.5F) | magnitude) - 0.5F);
  uint32_t bits = magnitude < 0x400 ? small : normal;
  bits = magnitude >= 0x7C00 ? magnitude << 13 | kInfinity : bits;
  return BitsAs<float>(sign | bits);
}

}  // namespace

void ToBFloat16(const float* values, uint16_t* codes) {
  for (size_t i = 0; i < kBlockValues; ++i) codes[i] = RoundToBFloat16(values[i]);
}

void FromBFloat16(const uint16_t* codes, float* values) {
  for (size_t i = 0; i < kBlockValues; ++i) values[i] = BitsAs<float>(static_cast<uint32_t>(codes[i]) << 16);
}

void ToFloat16(const float* values, uint16_t* codes) {
  for (size_t i = 0; i < kBlockValues; ++i) codes[i] = RoundToFloat16(values[i]);
}

void FromFloat16(const uint16_t* codes, float* values) {
  for (size_t i = 0; i < kBlockValues; ++i) values[i] = FromHalf(codes[i]);
}

void ToLevels(const float* values, const double* least, const double* stride, uint8_t* codes) {
  constexpr double kRound = 6755399441055744.0;  // 1.5 * 2^52: its last bit is worth 1
  for (size_t i = 0; i < kBlockValues; ++i) {
    const double width = stride[i] > 0 ? stride[i] : 1;
    double at = (static_cast<double>(values[i]) - least[i]) / width;
    at = at < 255 ? at : 255;
    at = at > 0 ? at : 0;
    const auto rounded = static_cast<uint8_t>(BitsAs<uint64_t>(at + kRound));
    codes[i] = stride[i] > 0 ? rounded : uint8_t{0};
  }
}

void FromLevels(const uint8_t* codes, const double* least, const double* stride, float* values) {
  for (size_t i = 0; i < kBlockValues; ++i) values[i] = static_cast<float>(least[i] + static_cast<double>(static_cast<int32_t>(codes[i])) * stride[i]);
}

uint64_t MapOfBlock(const float* values, bool exact) {
  uint8_t set[kBlockValues];
  const uint32_t looked_at = exact ? ~uint32_t{0} : ~kSign;
  for (size_t i = 0; i < kBlockValues; ++i) set[i] = (BitsAs<uint32_t>(values[i]) & looked_at) != 0 ? 1 : 0;
  uint64_t map = 0;
  for (size_t byte = 0; byte < 8; ++byte) {
    uint64_t eight;
    std::memcpy(&eight, set + 8 * byte, sizeof(eight));
    map |= (eight * 0x0102040810204080) >> 56 << 8 * byte;  // the eight lowest bits, gathered in the highest byte
  }
  return map;
}

void ClearUnmapped(uint64_t map, float* values) {
  for (size_t half = 0; half < 2; ++half, map >>= 32, values += 32) {
    const auto word = static_cast<uint32_t>(map);
    for (size_t i = 0; i < 32; ++i) {
      const uint32_t mask = (word & kBits[i]) == kBits[i] ? ~uint32_t{0} : 0;
      values[i] = BitsAs<float>(BitsAs<uint32_t>(values[i]) & mask);
    }
  }
}

}  // namespace data
