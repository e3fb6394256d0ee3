#include "base/philox.hpp"

#include <cmath>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/stream_name.hpp"

namespace base {
namespace {

// Multipliers and key increments of the paper (table 2 and section 4).
constexpr uint32_t kMultiplier0 = 0xD2511F53u;
constexpr uint32_t kMultiplier1 = 0xCD9E8D57u;
constexpr uint32_t kWeyl0 = 0x9E3779B9u;  // golden ratio
constexpr uint32_t kWeyl1 = 0xBB67AE85u;  // sqrt(3) - 1
constexpr int kRounds = 10;

// Seed of the hash that names a stream. Frozen: part of the reproducibility contract.
constexpr uint64_t kStreamSeed = 1;

}  // namespace

std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t p0 = static_cast<uint64_t>(kMultiplier0) * counter[0];
    const uint64_t p1 = static_cast<uint64_t>(kMultiplier1) * counter[2];
    counter = {static_cast<uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(p1),
               static_cast<uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(p0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

std::array<uint32_t, 4> StreamName(uint64_t seed, uint64_t stream, Purpose purpose, uint64_t a, uint64_t b, uint64_t c,
                                   uint64_t d) {
  Hasher hasher(kStreamSeed);
  for (uint64_t v : {seed, stream, static_cast<uint64_t>(purpose), a, b, c, d}) hasher.UpdateU64(v);
  const Hash128 name = hasher.Finish();
  return {static_cast<uint32_t>(name.hi), static_cast<uint32_t>(name.hi >> 32), static_cast<uint32_t>(name.lo),
          static_cast<uint32_t>(name.lo >> 32)};
}

Stream::Stream(uint64_t seed, uint64_t stream, Purpose purpose, uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
  const std::array<uint32_t, 4> name = StreamName(seed, stream, purpose, a, b, c, d);
  key_ = {name[0], name[1]};
  upper_ = {name[2], name[3]};
}

std::array<uint32_t, 4> Stream::Block(uint64_t n) const {
  return Philox4x32({static_cast<uint32_t>(n), static_cast<uint32_t>(n >> 32), upper_[0], upper_[1]}, key_);
}

uint32_t Stream::Next() {
  if ((position_ & 3) == 0) block_ = Block(position_ >> 2);
  return block_[position_++ & 3];
}

uint64_t Stream::Next64() {
  const uint64_t low = Next();
  return (static_cast<uint64_t>(Next()) << 32) | low;
}

double Stream::Uniform() { return static_cast<double>(Next64() >> 11) * 0x1.0p-53; }

double Stream::Normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - Uniform()));  // 1 - u lies in (0, 1]
  return radius * std::cos(6.283185307179586476925286766559 * Uniform());
}

// D. Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019).
uint64_t Stream::Below(uint64_t n) {
  if (n == 0) throw Error(ErrorCode::kInternal, "a random number below 0 was asked for");
  unsigned __int128 product = static_cast<unsigned __int128>(Next64()) * n;
  if (static_cast<uint64_t>(product) < n) {
    const uint64_t threshold = (0 - n) % n;
    while (static_cast<uint64_t>(product) < threshold) product = static_cast<unsigned __int128>(Next64()) * n;
  }
  return static_cast<uint64_t>(product >> 64);
}

}  // namespace base
