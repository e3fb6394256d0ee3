#include "base/plain_number.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>

#include "base/error.hpp"

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

TEST(WholeNumber, IsOneOrIsRefused) {
  EXPECT_EQ(base::WholeNumber(std::string("-9223372036854775808")), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(base::WholeNumber(std::optional<std::string>("+7")), 7);
  EXPECT_EQ(base::WholeInt(std::string("2147483647")), 2147483647);
  for (const char* text : {"", "x", "1.5", "7 ", " 7", "9223372036854775808", "NaN", "0x7", "+"}) {
    EXPECT_THROW(base::WholeNumber(std::string(text)), base::Error) << text;
  }
  EXPECT_THROW(base::WholeInt(std::string("2147483648")), base::Error);
  EXPECT_THROW(base::WholeInt(std::string("-2147483649")), base::Error);
  EXPECT_THROW(base::WholeNumber(std::optional<std::string>()), base::Error);
  EXPECT_THROW(base::WholeInt(std::optional<std::string>()), base::Error);
}

}  // namespace
