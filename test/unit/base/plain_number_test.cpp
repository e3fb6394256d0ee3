#include "base/plain_number.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace {

using base::PlainNumber;

TEST(PlainNumber, HasNoExponent) {
  EXPECT_EQ(PlainNumber(190, 2), "190");
  EXPECT_EQ(PlainNumber(12345.6, 3), "12346");
  EXPECT_EQ(PlainNumber(1.5e21, 3), "1500000000000000000000");
  EXPECT_EQ(PlainNumber(0.00001234, 2), "0.000012");
  EXPECT_EQ(PlainNumber(-0.25, 3), "-0.25");
}

TEST(PlainNumber, HasTheDigitsThatAreAsked) {
  EXPECT_EQ(PlainNumber(1.23456, 3), "1.23");
  EXPECT_EQ(PlainNumber(9.999, 3), "10");
  EXPECT_EQ(PlainNumber(99.96, 3), "100");
  EXPECT_EQ(PlainNumber(0.05, 2), "0.05");
  EXPECT_EQ(PlainNumber(3, 3), "3");
  EXPECT_EQ(PlainNumber(0, 3), "0");
}

TEST(PlainNumber, PassesOnWhatIsNoNumber) {
  EXPECT_EQ(PlainNumber(std::numeric_limits<double>::infinity(), 3), "inf");
  EXPECT_EQ(PlainNumber(std::numeric_limits<double>::quiet_NaN(), 3), "nan");
}

}  // namespace
