#include "base/hash.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

namespace {

std::vector<uint8_t> Pattern(size_t size) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 131 + 7);
  return bytes;
}

// Frozen: the values decide how rows are shuffled. A change here is a new format of packed tables.
TEST(Hash, GoldenValues) {
  const auto bytes = Pattern(100);
  EXPECT_EQ(base::ToHex(base::Hash("", 0, 0)), "64bcacdda6afb35528a14baeafac9a68");
  EXPECT_EQ(base::ToHex(base::Hash("", 0, 1)), "75f08ba11455a2f13ffd1664a5eddd49");
  EXPECT_EQ(base::ToHex(base::Hash("abc", 3, 0)), "fbcfe9cb9079b6a321a6dd3bccc04015");
  EXPECT_EQ(base::ToHex(base::Hash(bytes.data(), 16, 42)), "3676a9440722dfe2734780375b6ab239");
  EXPECT_EQ(base::ToHex(base::Hash(bytes.data(), 100, 0xffffffffffffffffULL)), "cf7d4bd237f5eef8fcba6dfe9ae2b87b");
}

TEST(Hash, DoesNotDependOnCuts) {
  const auto bytes = Pattern(97);
  const base::Hash128 whole = base::Hash(bytes.data(), bytes.size(), 5);
  for (size_t first = 0; first <= bytes.size(); ++first) {
    for (size_t second = first; second <= bytes.size(); second += 3) {
      base::Hasher hasher(5);
      hasher.Update(bytes.data(), first);
      hasher.Update(bytes.data() + first, second - first);
      hasher.Update(bytes.data() + second, bytes.size() - second);
      ASSERT_TRUE(hasher.Finish() == whole) << first << " " << second;
    }
  }
}

TEST(Hash, FinishDoesNotEnd) {
  base::Hasher hasher(0);
  hasher.Update("ab", 2);
  const base::Hash128 part = hasher.Finish();
  EXPECT_TRUE(part == hasher.Finish());
  hasher.Update("c", 1);
  EXPECT_TRUE(hasher.Finish() == base::Hash("abc", 3, 0));
}

TEST(Hash, U64IsLittleEndian) {
  base::Hasher hasher(9);
  hasher.UpdateU64(0x0807060504030201ULL);
  const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_TRUE(hasher.Finish() == base::Hash(bytes, 8, 9));
}

TEST(Hash, LengthsOfZerosDiffer) {
  const std::vector<uint8_t> zeros(4096, 0);
  std::set<base::Hash128> seen;
  for (size_t size = 0; size <= zeros.size(); ++size) seen.insert(base::Hash(zeros.data(), size, 0));
  EXPECT_EQ(seen.size(), zeros.size() + 1);
}

// Strict avalanche: flipping any input bit (or seed bit) flips every output bit in half of the cases.
TEST(Hash, Avalanche) {
  for (size_t size : {1, 8, 15, 16, 17, 33}) {
    constexpr int kTrials = 1024;
    std::vector<std::vector<int>> flips(size * 8, std::vector<int>(128, 0));
    for (int trial = 0; trial < kTrials; ++trial) {
      std::vector<uint8_t> bytes(size);
      for (size_t i = 0; i < size; ++i) {
        const uint64_t key[2] = {static_cast<uint64_t>(trial), i};
        bytes[i] = static_cast<uint8_t>(base::Hash(key, sizeof(key), 77).lo);
      }
      const base::Hash128 before = base::Hash(bytes.data(), size, static_cast<uint64_t>(trial));
      for (size_t bit = 0; bit < size * 8; ++bit) {
        bytes[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
        const base::Hash128 after = base::Hash(bytes.data(), size, static_cast<uint64_t>(trial));
        bytes[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
        for (int out = 0; out < 64; ++out) {
          flips[bit][static_cast<size_t>(out)] += ((before.hi ^ after.hi) >> out) & 1;
          flips[bit][static_cast<size_t>(64 + out)] += ((before.lo ^ after.lo) >> out) & 1;
        }
      }
    }
    // binomial(1024, 1/2): standard deviation 16; six of them over at most 264 * 128 cells
    for (const auto& row : flips) {
      for (int count : row) ASSERT_NEAR(count, kTrials / 2, 6.2 * 16) << "size " << size;
    }
  }
}

TEST(Hash, SmallKeysSpreadEvenly) {
  constexpr int kCells = 256, kKeys = 256 * 400;
  for (int shift : {0, 24, 56}) {
    std::vector<int> cells(kCells, 0);
    for (uint64_t key = 0; key < kKeys; ++key) ++cells[(base::Hash(&key, sizeof(key), 0).hi >> shift) & 255];
    double chi = 0;
    for (int n : cells) chi += (n - 400.0) * (n - 400.0) / 400.0;
    EXPECT_LT(chi, 255 + 6 * std::sqrt(2.0 * 255));
    EXPECT_GT(chi, 255 - 6 * std::sqrt(2.0 * 255));
  }
}

TEST(Hash, Hexadecimal) { EXPECT_EQ(base::ToHex({0x0123456789abcdefULL, 1}), "0123456789abcdef0000000000000001"); }

}  // namespace
