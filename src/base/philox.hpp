// Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
// A random number is a pure function of (key, counter): no state travels, any worker can draw any number.
#pragma once

#include <array>
#include <cstdint>

namespace base {

/// One block: four 32-bit words.
std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

/// What a draw is for; part of the key, so streams never overlap. Frozen numbers: part of the reproducibility contract.
enum class Purpose : uint32_t { kInitialiser = 1, kShuffle = 2, kDropout = 3, kSearch = 4, kSplit = 5, kHalving = 6, kPermutation = 7 };

/// A stream of random numbers named by (seed, stream, purpose, a, b, c, d): everything is hashed into the 64-bit key and the upper
/// half of the counter; the lower 64 bits of the counter are the position.
///   training: stream = the model's stream id, a = iteration counted from the first training, b = epoch within the visit,
///   c = partition_id << 32 | batch number in the visit, d = call site of the layer.
class Stream {
 public:
  Stream(uint64_t seed, uint64_t stream, Purpose purpose, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0, uint64_t d = 0);

  /// Block number n of this stream.
  std::array<uint32_t, 4> Block(uint64_t n) const;
  /// The n-th 32-bit word.
  uint32_t Word(uint64_t n) const { return Block(n >> 2)[n & 3]; }

  // Sequential use: each call moves on.
  uint32_t Next();
  uint64_t Next64();
  /// Uniform in [0, 1), 53 bits.
  double Uniform();
  /// Standard normal (Box-Muller, one value a call, from two 53-bit uniforms).
  double Normal();
  /// Uniform in [0, n), unbiased (Lemire's rejection).
  uint64_t Below(uint64_t n);

 private:
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 2> upper_;
  uint64_t position_ = 0;
  std::array<uint32_t, 4> block_{};
};

}  // namespace base
