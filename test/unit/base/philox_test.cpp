#include "base/philox.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "base/error.hpp"

namespace {

using Words = std::array<uint32_t, 4>;
using base::Purpose;
using base::Stream;

// The known answers that the authors publish with Random123.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(base::Philox4x32({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const uint32_t ones = 0xffffffff;
  EXPECT_EQ(base::Philox4x32({ones, ones, ones, ones}, {ones, ones}), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(base::Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// Frozen: weights, shuffles and dropout masks follow from these.
TEST(Stream, GoldenValues) {
  Stream a(0, 0, Purpose::kInitialiser);
  EXPECT_EQ(a.Next(), 0x36b916c9u);
  Stream b(42, 7, Purpose::kDropout, 1, 2, 3, 4);
  EXPECT_EQ(b.Next64(), 0xd2f617573ae60e45ULL);
  EXPECT_EQ(b.Uniform(), 0.24399283216112988);
  EXPECT_EQ(b.Below(1000), 362u);
}

TEST(Stream, SequenceAndRandomAccessAgree) {
  Stream s(1, 2, Purpose::kShuffle, 3);
  for (uint64_t n = 0; n < 101; ++n) ASSERT_EQ(s.Next(), s.Word(n));
  EXPECT_EQ(s.Word(4 * (uint64_t{1} << 40) + 2), s.Block(uint64_t{1} << 40)[2]);
}

TEST(Stream, EveryPartOfTheNameCounts) {
  std::set<uint64_t> seen;
  size_t streams = 0;
  for (uint64_t v = 0; v < 50; ++v) {
    for (int part = 0; part < 6; ++part) {
      uint64_t name[6] = {0, 0, 0, 0, 0, 0};
      name[part] = v + 1;
      for (Purpose p : {Purpose::kInitialiser, Purpose::kShuffle, Purpose::kDropout}) {
        seen.insert(Stream(name[0], name[1], p, name[2], name[3], name[4], name[5]).Next64());
        ++streams;
      }
    }
  }
  EXPECT_EQ(seen.size(), streams);
}

TEST(Stream, UniformIsUniform) {
  Stream s(3, 0, Purpose::kSearch);
  double sum = 0, squares = 0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const double u = s.Uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    squares += u * u;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 5 * std::sqrt(1.0 / 12 / kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / kDraws));
}

TEST(Stream, NormalHasTheRightMoments) {
  Stream s(4, 0, Purpose::kInitialiser);
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const double z = s.Normal();
    ASSERT_TRUE(std::isfinite(z));
    m1 += z;
    m2 += z * z;
    m3 += z * z * z;
    m4 += z * z * z * z;
  }
  EXPECT_NEAR(m1 / kDraws, 0, 5 * std::sqrt(1.0 / kDraws));
  EXPECT_NEAR(m2 / kDraws, 1, 5 * std::sqrt(2.0 / kDraws));
  EXPECT_NEAR(m3 / kDraws, 0, 5 * std::sqrt(15.0 / kDraws));
  EXPECT_NEAR(m4 / kDraws, 3, 5 * std::sqrt(96.0 / kDraws));
}

TEST(Stream, BelowCoversItsRangeEvenly) {
  Stream s(5, 0, Purpose::kShuffle);
  std::vector<int> counts(7, 0);
  for (int i = 0; i < 70000; ++i) ++counts[s.Below(7)];
  for (int n : counts) EXPECT_NEAR(n, 10000, 6 * std::sqrt(10000.0));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(s.Below(1), 0u);
    EXPECT_LT(s.Below((uint64_t{1} << 63) + 1), (uint64_t{1} << 63) + 1);
  }
  EXPECT_THROW(s.Below(0), base::Error);
}

}  // namespace
