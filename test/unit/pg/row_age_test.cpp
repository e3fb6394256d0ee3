// Which transaction numbers may be those of newer transactions, around the ends of 32 bits.
#include <gtest/gtest.h>

#include "pg/row_age.hpp"

namespace pg {
namespace {

constexpr uint64_t kEpoch = uint64_t{1} << 32;

TEST(RowAge, HasWhatBeganSince) {
  const TransactionWindow window = WindowOf(1000, 1010);
  EXPECT_FALSE(window.Contains(999));
  EXPECT_TRUE(window.Contains(1000));
  EXPECT_TRUE(window.Contains(1009));
  EXPECT_FALSE(window.Contains(1010));
  EXPECT_FALSE(window.Contains(4000000000U));
  EXPECT_FALSE(WindowOf(1000, 1000).Contains(1000));
}

TEST(RowAge, HasNoPermanentNumbers) {  // of the first start, and of rows that old servers have frozen
  const TransactionWindow window = WindowOf(static_cast<int64_t>(kEpoch - 5), kEpoch + 20);
  for (const uint32_t special : {0U, 1U, 2U}) EXPECT_FALSE(window.Contains(special));
  EXPECT_TRUE(window.Contains(3));
}

TEST(RowAge, GoesOnBehindTheEndOf32Bits) {
  const TransactionWindow window = WindowOf(static_cast<int64_t>(3 * kEpoch - 10), 3 * kEpoch + 10);
  EXPECT_FALSE(window.Contains(static_cast<uint32_t>(kEpoch - 11)));
  EXPECT_TRUE(window.Contains(static_cast<uint32_t>(kEpoch - 10)));
  EXPECT_TRUE(window.Contains(static_cast<uint32_t>(kEpoch - 1)));
  EXPECT_TRUE(window.Contains(9));
  EXPECT_FALSE(window.Contains(10));
}

TEST(RowAge, HasAllWhereNumbersHaveComeAgain) {
  EXPECT_FALSE(WindowOf(1000, 1000 + kEpoch - 1).Contains(999));
  EXPECT_TRUE(WindowOf(1000, 1000 + kEpoch).Contains(999));
  EXPECT_TRUE(WindowOf(1000, 1000 + 5 * kEpoch).Contains(999));
}

TEST(RowAge, HasAllOfAnotherServersHorizon) {
  EXPECT_TRUE(WindowOf(1000, 999).Contains(5));
  EXPECT_TRUE(WindowOf(0, 999).Contains(5));
  EXPECT_TRUE(WindowOf(-7, 999).Contains(5));
}

}  // namespace
}  // namespace pg
