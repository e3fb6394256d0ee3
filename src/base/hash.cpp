// A 128-bit hash of the multiply, rotate and add family (not cryptographic).
//
// State: two 64-bit lanes. A 16-byte block is two little-endian words (k1, k2); one round is
//   h1 = fold32((h1 ^ k1) * A)     h2 = fold29((h2 ^ k2) * B)     h1 += h2     h2 += rotl(h1, 23)
// where foldN(x) = x ^ (x >> N). For a fixed state the round is a bijection of the block, and for a fixed block a bijection of the state:
// no byte is ever lost, and two inputs of one length that differ in one block only never collide. The rest of fewer than 16 bytes is a
// block padded with zeros; the total length goes into the finish, so padding is told apart from data. The finish mixes both lanes twice.
// The constants are the leading bits of the fractional parts of the square roots of the primes 2, 3, 5, 7, 11 and 13, made odd.
#include "base/hash.hpp"

#include <cstring>

namespace base {
namespace {

constexpr uint64_t kA = 0x6a09e667f3bcc909ULL;
constexpr uint64_t kB = 0xbb67ae8584caa73bULL;
constexpr uint64_t kC = 0x3c6ef372fe94f82bULL;
constexpr uint64_t kD = 0xa54ff53a5f1d36f1ULL;
constexpr uint64_t kE = 0x510e527fade682d1ULL;
constexpr uint64_t kF = 0x9b05688c2b3e6c1fULL;

constexpr uint64_t Rotate(uint64_t x, int r) { return (x << r) | (x >> (64 - r)); }

constexpr uint64_t Mix(uint64_t x) {
  x ^= x >> 32;
  x *= kC;
  x ^= x >> 29;
  x *= kD;
  x ^= x >> 32;
  x *= kE;
  return x ^ (x >> 31);
}

// Byte by byte: the same value on any machine; compilers make one load of it where that is right.
uint64_t LoadLittle(const uint8_t* p) {
  uint64_t v = 0;
  for (int i = 7; i >= 0; --i) v = (v << 8) | p[i];
  return v;
}

}  // namespace

Hasher::Hasher(uint64_t seed) : h1_(Mix(seed ^ kE)), h2_(Mix(seed + kF)), tail_{} {}

void Hasher::Block(const uint8_t* p) {
  uint64_t h1 = (h1_ ^ LoadLittle(p)) * kA;
  uint64_t h2 = (h2_ ^ LoadLittle(p + 8)) * kB;
  h1 ^= h1 >> 32;
  h2 ^= h2 >> 29;
  h1 += h2;
  h2 += Rotate(h1, 23);
  h1_ = h1;
  h2_ = h2;
}

void Hasher::Update(const void* data, size_t size) {
  if (size == 0) return;
  const uint8_t* p = static_cast<const uint8_t*>(data);
  total_ += size;
  if (tail_size_ > 0) {
    size_t part = sizeof(tail_) - tail_size_;
    if (part > size) part = size;
    std::memcpy(tail_ + tail_size_, p, part);
    tail_size_ += part;
    p += part;
    size -= part;
    if (tail_size_ < sizeof(tail_)) return;
    Block(tail_);
    tail_size_ = 0;
  }
  for (; size >= sizeof(tail_); p += sizeof(tail_), size -= sizeof(tail_)) Block(p);
  if (size > 0) std::memcpy(tail_, p, size);
  tail_size_ = size;
}

void Hasher::UpdateU64(uint64_t v) {
  uint8_t bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<uint8_t>(v >> (8 * i));
  Update(bytes, sizeof(bytes));
}

Hash128 Hasher::Finish() const {
  Hasher last = *this;
  if (last.tail_size_ > 0) {
    std::memset(last.tail_ + last.tail_size_, 0, sizeof(last.tail_) - last.tail_size_);
    last.Block(last.tail_);
  }
  uint64_t h1 = last.h1_ ^ total_;
  uint64_t h2 = last.h2_ + Rotate(total_ * kF, 32);
  for (int round = 0; round < 2; ++round) {
    h1 = Mix(h1 + h2);
    h2 = Mix(h2 ^ Rotate(h1, 17));
  }
  h1 += h2;
  return Hash128{h1, h2};
}

Hash128 Hash(const void* data, size_t size, uint64_t seed) {
  Hasher hasher(seed);
  hasher.Update(data, size);
  return hasher.Finish();
}

std::string ToHex(const Hash128& h) {
  static const char kDigits[] = "0123456789abcdef";
  std::string text(32, '0');
  for (int i = 0; i < 16; ++i) {
    text[static_cast<size_t>(i)] = kDigits[(h.hi >> (60 - 4 * i)) & 15];
    text[static_cast<size_t>(16 + i)] = kDigits[(h.lo >> (60 - 4 * i)) & 15];
  }
  return text;
}

}  // namespace base
