// Bounds of what stored features take, against the server's page layout worked out by hand. sql/features.sql holds them
// against a server.
#include "data/feature_storage.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "data/feature_codec.hpp"

namespace {

using data::EncodedSize;
using data::FeatureTableBytes;
using data::PageLayout;

TEST(FeatureStorage, AnEmptySetHasItsIndexes) {
  EXPECT_EQ(FeatureTableBytes({8192, 1}, {0, 0}, {4, 48}), 2 * 8192);
  EXPECT_EQ(FeatureTableBytes({32768, 6}, {0, 0}, {4, 48}), 6 * 2 * 32768);
}

// 10 buffers of 100 rows of 4,000 bytes: 2,005 pieces of 1,996 bytes at least, four a page.
TEST(FeatureStorage, CountsPiecesOfPages) {
  const double bytes = FeatureTableBytes({8192, 1}, {1000, 10}, {4000, 48});
  const double pages = bytes / 8192;
  EXPECT_GE(pages, 502 + 6 + 2 + 1 + 2);  // values and their index, rows, their index
  EXPECT_LE(pages, 502 + 6 + 2 + 1 + 2 + 12);
}

TEST(FeatureStorage, GrowsWithAllThatItDependsOn) {
  const EncodedSize value = {4096, 48};
  const double one = FeatureTableBytes({8192, 1}, {1000, 10}, value);
  EXPECT_GT(FeatureTableBytes({8192, 1}, {1001, 10}, value), one - 1);
  EXPECT_GT(FeatureTableBytes({8192, 1}, {1000, 100}, value), one);
  EXPECT_GT(FeatureTableBytes({8192, 4}, {1000, 10}, value), one);
  EXPECT_GT(FeatureTableBytes({32768, 4}, {1000, 10}, value), FeatureTableBytes({8192, 4}, {1000, 10}, value));
  // much data: pages hardly matter
  const double much = FeatureTableBytes({8192, 1}, {1000000, 4000}, value);
  EXPECT_GT(much, 4096e6);
  EXPECT_LT(much, 1.06 * 4096e6);
}

TEST(FeatureStorage, NoEncodingIsLonger) {
  constexpr int64_t kRows = 33, kElements = 240, kChannels = 24;
  std::vector<float> values(kRows * kElements);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 7) * 0.3F - (i % 3 == 0 ? 1.0F : 0.0F);
  for (const char* precision : {"float32", "bfloat16", "float16", "uint8"}) {
    const EncodedSize most = data::MostEncodedBytes(precision, kElements, kChannels);
    for (const bool zeros : {false, true}) {
      if (zeros) std::fill(values.begin(), values.begin() + 6000, 0.0F);
      const data::FeatureEncoding encoding = data::ChooseFeatureEncoding(precision, values.data(), kRows, kElements);
      const std::string bytes = data::EncodeFeatures(encoding, values.data(), kRows, kElements, kChannels);
      EXPECT_LE(static_cast<double>(bytes.size()), most.row_bytes * kRows + most.buffer_bytes) << precision << zeros;
    }
  }
  EXPECT_THROW(data::MostEncodedBytes("int4", 1, 1), base::Error);
}

}  // namespace
