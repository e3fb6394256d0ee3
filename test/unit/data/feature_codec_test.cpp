// Stored features: what comes back, how exact, and what becomes of bytes that are not what they should be.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "data/feature_codec.hpp"

namespace {

using data::FeatureEncoding;

constexpr FeatureEncoding kAll[] = {FeatureEncoding::kFloat32, FeatureEncoding::kFloat32Sparse, FeatureEncoding::kBFloat16, FeatureEncoding::kFloat16,
                                    FeatureEncoding::kUInt8};

base::Bytes View(const std::string& s) { return {reinterpret_cast<const uint8_t*>(s.data()), s.size()}; }

// zeros: their part, as behind a ReLU
std::vector<float> Values(size_t count, double zeros, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<double> uniform;
  std::vector<float> values(count);
  for (float& v : values) v = uniform(random) < zeros ? 0.0F : normal(random);
  return values;
}

std::vector<float> RoundTrip(FeatureEncoding encoding, const std::vector<float>& values, int64_t elements, int64_t channels) {
  const auto rows = static_cast<int64_t>(values.size()) / elements;
  const std::string bytes = data::EncodeFeatures(encoding, values.data(), rows, elements, channels);
  std::vector<float> out;
  EXPECT_EQ(data::DecodeFeatures(encoding, View(bytes), rows, elements, &out), rows);
  EXPECT_EQ(data::DecodeFeatures(encoding, View(bytes), -1, elements, &out), rows);
  return out;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST(FeatureCodec, NamesComeBack) {
  for (const FeatureEncoding encoding : kAll) EXPECT_EQ(data::FeatureEncodingFromName(data::FeatureEncodingName(encoding)), encoding);
  EXPECT_THROW(data::FeatureEncodingFromName("float8"), base::Error);
}

TEST(FeatureCodec, Float32IsExact) {
  std::vector<float> values = Values(7 * 12, 0.6, 1);
  values[3] = -0.0F;
  values[4] = std::numeric_limits<float>::denorm_min();
  values[5] = std::numeric_limits<float>::infinity();
  for (const FeatureEncoding encoding : {FeatureEncoding::kFloat32, FeatureEncoding::kFloat32Sparse}) {
    EXPECT_TRUE(SameBits(RoundTrip(encoding, values, 12, 4), values));
  }
}

TEST(FeatureCodec, SparseFormIsShorterWhereZerosAreMany) {
  const std::vector<float> sparse = Values(4096, 0.9, 2), dense = Values(4096, 0.0, 2);
  for (const FeatureEncoding encoding : {FeatureEncoding::kFloat32Sparse, FeatureEncoding::kBFloat16, FeatureEncoding::kFloat16, FeatureEncoding::kUInt8}) {
    const std::string few = data::EncodeFeatures(encoding, sparse.data(), 64, 64, 1), many = data::EncodeFeatures(encoding, dense.data(), 64, 64, 1);
    EXPECT_LT(few.size() * 2, many.size()) << data::FeatureEncodingName(encoding);
  }
  EXPECT_EQ(data::ChooseFeatureEncoding("float32", sparse.data(), 64, 64), FeatureEncoding::kFloat32Sparse);
  EXPECT_EQ(data::ChooseFeatureEncoding("float32", dense.data(), 64, 64), FeatureEncoding::kFloat32);
  EXPECT_EQ(data::ChooseFeatureEncoding("uint8", dense.data(), 64, 64), FeatureEncoding::kUInt8);
  EXPECT_THROW(data::ChooseFeatureEncoding("int4", dense.data(), 64, 64), base::Error);
}

TEST(FeatureCodec, RoundedValuesKeepTheirBound) {
  const std::vector<float> values = Values(32 * 48, 0.3, 3);
  const std::vector<float> brain = RoundTrip(FeatureEncoding::kBFloat16, values, 48, 16), half = RoundTrip(FeatureEncoding::kFloat16, values, 48, 16);
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_LE(std::abs(brain[i] - values[i]), std::abs(values[i]) * 0x1p-8F);
    EXPECT_LE(std::abs(half[i] - values[i]), std::max(std::abs(values[i]) * 0x1p-11F, 0x1p-25F));
  }
}

// every float16 is read and written as itself
TEST(FeatureCodec, HalvesAreTheirOwnRounding) {
  std::vector<float> values;
  std::vector<uint16_t> bits;
  for (uint32_t b = 0; b < 0x10000; ++b) {
    if ((b & 0x7C00) == 0x7C00) continue;  // NaN, infinity
    const auto sign = (b & 0x8000) != 0 ? -1.0 : 1.0;
    const int exponent = static_cast<int>(b >> 10 & 31), fraction = static_cast<int>(b & 0x3FF);
    values.push_back(static_cast<float>(sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25))));
  }
  const std::vector<float> back = RoundTrip(FeatureEncoding::kFloat16, values, 1, 1);
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(back[i], values[i]);
  const std::vector<float> edge = {65519.0F, 1e9F, -1e9F, std::numeric_limits<float>::infinity(), 0x1p-25F, 0x1.8p-24F, 1.0F + 0x1p-11F, 1.0F + 0x1.8p-10F};
  const std::vector<float> read = RoundTrip(FeatureEncoding::kFloat16, edge, 1, 1);
  EXPECT_EQ(read[0], 65504.0F);
  EXPECT_EQ(read[1], 65504.0F);
  EXPECT_EQ(read[2], -65504.0F);
  EXPECT_TRUE(std::isinf(read[3]));
  EXPECT_EQ(read[4], 0.0F);
  EXPECT_EQ(read[5], 0x1p-23F);  // half way: to even
  EXPECT_EQ(read[6], 1.0F);
  EXPECT_EQ(read[7], 1.0F + 0x1p-9F);
}

// The loops work on 64 values at once: whatever the number of values and the part of zeros, a value comes back as it does alone.
TEST(FeatureCodec, ABlockIsLikeItsValuesOneByOne) {
  for (const FeatureEncoding encoding : {FeatureEncoding::kFloat32Sparse, FeatureEncoding::kBFloat16, FeatureEncoding::kFloat16}) {
    for (const size_t count : {1, 63, 64, 65, 127, 128, 129, 1000}) {
      for (const double zeros : {0.0, 0.02, 0.5, 0.98, 1.0}) {
        std::vector<float> values = Values(count, zeros, static_cast<unsigned>(count));
        if (count > 64) values[64] = -std::numeric_limits<float>::infinity();
        values[count - 1] = 1e-6F;
        const std::vector<float> all = RoundTrip(encoding, values, 1, 1);
        for (size_t i = 0; i < count; ++i) {
          const std::vector<float> alone = RoundTrip(encoding, {values[i]}, 1, 1);
          ASSERT_EQ(all[i], alone[0]) << data::FeatureEncodingName(encoding) << " " << count << " " << i;
        }
      }
    }
  }
}

TEST(FeatureCodec, NaNStaysNaN) {
  std::vector<float> values = Values(100, 0.6, 5);
  values[70] = std::nanf("");
  values[71] = -std::nanf("1");
  for (const FeatureEncoding encoding : {FeatureEncoding::kFloat32Sparse, FeatureEncoding::kBFloat16, FeatureEncoding::kFloat16}) {
    const std::vector<float> back = RoundTrip(encoding, values, 10, 1);
    for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(std::isnan(back[i]), i == 70 || i == 71) << data::FeatureEncodingName(encoding) << i;
  }
}

// As many channels as do not divide a block, levels that are no zero for zeros, sparse and dense: each value within a level of its own.
TEST(FeatureCodec, LevelsOfAnyNumberOfChannels) {
  for (const int64_t channels : {1, 3, 7, 64, 100}) {
    for (const double zeros : {0.0, 0.9}) {
      const int64_t elements = channels * 2, rows = 640 / channels + 13;
      std::vector<float> values = Values(static_cast<size_t>(rows * elements), zeros, static_cast<unsigned>(channels));
      for (size_t i = 0; i < values.size(); ++i) {
        if (values[i] != 0) values[i] = (values[i] + 20) * static_cast<float>(1 + i % static_cast<size_t>(channels));
      }
      const std::vector<float> back = RoundTrip(FeatureEncoding::kUInt8, values, elements, channels);
      for (size_t i = 0; i < values.size(); ++i) {
        const auto scale = static_cast<float>(channels > 1 ? 1 + i % static_cast<size_t>(channels) : 1);
        ASSERT_NEAR(back[i], values[i], 26 * scale / 250) << channels << " " << i;
        ASSERT_EQ(values[i] == 0, back[i] == 0) << channels << " " << i;
      }
    }
  }
}

TEST(FeatureCodec, LevelsAreOfEachChannel) {
  // one channel a thousand times the other: with one pair of levels the small one would be lost
  std::vector<float> values;
  for (int i = 0; i < 256; ++i) {
    values.push_back(static_cast<float>(i) / 255.0F);
    values.push_back(static_cast<float>(i - 128) * 1000.0F);
  }
  const std::vector<float> back = RoundTrip(FeatureEncoding::kUInt8, values, 2, 2);
  for (size_t i = 0; i < values.size(); i += 2) {
    EXPECT_NEAR(back[i], values[i], 1.0 / 255);
    EXPECT_NEAR(back[i + 1], values[i + 1], 1000.0);
  }
  // a zero within the range is a level, whatever the range
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::vector<float> range = Values(64, 0.2, seed);
    range[0] = 0.0F;
    EXPECT_EQ(RoundTrip(FeatureEncoding::kUInt8, range, 64, 1)[0], 0.0F);
  }
  const std::vector<float> same(64, 3.5F);
  EXPECT_TRUE(SameBits(RoundTrip(FeatureEncoding::kUInt8, same, 8, 8), same));
  const std::vector<float> bad = {1.0F, std::nanf("")};
  EXPECT_THROW(data::EncodeFeatures(FeatureEncoding::kUInt8, bad.data(), 1, 2, 2), base::Error);
}

TEST(FeatureCodec, EmptyBuffers) {
  for (const FeatureEncoding encoding : kAll) EXPECT_TRUE(RoundTrip(encoding, {}, 5, 5).empty());
}

// Every length and every field of the head, cut, grown and changed: an error or the right number of values, never a read beyond the bytes
// (under the sanitizers, which the copies are made for).
TEST(FeatureCodec, BytesAreNotTrusted) {
  const std::vector<float> values = Values(6 * 10, 0.7, 4);
  for (const FeatureEncoding encoding : kAll) {
    const std::string good = data::EncodeFeatures(encoding, values.data(), 6, 10, 5);
    std::vector<float> out;
    for (size_t size = 0; size < good.size(); ++size) {
      const std::vector<uint8_t> cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_THROW(data::DecodeFeatures(encoding, {cut.data(), cut.size()}, 6, 10, &out), base::Error) << size;
    }
    EXPECT_THROW(data::DecodeFeatures(encoding, View(good + "x"), 6, 10, &out), base::Error);
    EXPECT_THROW(data::DecodeFeatures(encoding, View(good), 5, 10, &out), base::Error);
    EXPECT_THROW(data::DecodeFeatures(encoding, View(good), 6, 12, &out), base::Error);
    if (encoding == FeatureEncoding::kFloat32) continue;
    for (size_t at = 0; at < 40; ++at) {
      for (const int change : {1, 2, 0x7F, 0x80, 0xFF}) {
        std::vector<uint8_t> bad(good.begin(), good.end());
        bad[at] = static_cast<uint8_t>(bad[at] ^ change);
        try {
          EXPECT_EQ(data::DecodeFeatures(encoding, {bad.data(), bad.size()}, 6, 10, &out), 6);
          EXPECT_EQ(out.size(), values.size());
        } catch (const base::Error& error) {
          EXPECT_EQ(error.code(), base::ErrorCode::kDataCorrupted);
        }
      }
    }
  }
}

}  // namespace
