// Our own seeded 128-bit hash. Its values decide how rows are shuffled and what a digest says, so it is a format: never change
// it without a new version of the packed tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.hpp"

namespace base {

struct Hash128 {
  uint64_t hi = 0;
  uint64_t lo = 0;
  bool operator==(const Hash128& o) const { return hi == o.hi && lo == o.lo; }
  bool operator<(const Hash128& o) const { return hi != o.hi ? hi < o.hi : lo < o.lo; }
};

/// Incremental: the value depends on the concatenated bytes and on the seed, not on how they were cut into Update calls.
class Hasher {
 public:
  explicit Hasher(uint64_t seed);
  void Update(const void* data, size_t size);
  void Update(Bytes b) { Update(b.data, b.size); }
  void UpdateU64(uint64_t v);  // as 8 bytes little-endian
  Hash128 Finish() const;

 private:
  void Block(const uint8_t* p);
  uint64_t h1_, h2_;
  uint64_t total_ = 0;
  uint8_t tail_[16];
  size_t tail_size_ = 0;
};

Hash128 Hash(const void* data, size_t size, uint64_t seed);

/// 32 lower-case hexadecimal digits.
std::string ToHex(const Hash128& h);

}  // namespace base
