#include "base/value.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.hpp"

namespace {

using base::Value;

TEST(Value, TypedAccessRefusesOtherTypes) {
  const Value text("a");
  EXPECT_EQ(text.string(), "a");
  try {
    text.integer();
    FAIL() << "a string was read as an integer";
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), base::ErrorCode::kDatatypeMismatch);
    EXPECT_STREQ(e.what(), "expected integer, got string");
  }
  EXPECT_THROW(Value(1).boolean(), base::Error);
  EXPECT_THROW(Value(true).integer(), base::Error);
  EXPECT_THROW(Value().dict(), base::Error);
}

TEST(Value, IntegerTakesIntegralDoubles) {
  EXPECT_EQ(Value(3.0).integer(), 3);
  EXPECT_EQ(Value(-9007199254740992.0).integer(), -9007199254740992);
  EXPECT_THROW(Value(3.5).integer(), base::Error);
  EXPECT_THROW(Value(1e300).integer(), base::Error);
  EXPECT_THROW(Value(std::numeric_limits<double>::quiet_NaN()).integer(), base::Error);
}

TEST(Value, FindsKeys) {
  const Value dict(base::Dict{{"a", 1}, {"b", "x"}});
  ASSERT_NE(dict.Find("b"), nullptr);
  EXPECT_EQ(dict.Find("b")->string(), "x");
  EXPECT_EQ(dict.Find("c"), nullptr);
  EXPECT_EQ(Value(1).Find("a"), nullptr);
}

TEST(Value, EqualityDependsOnType) {
  EXPECT_TRUE(Value(1) == Value(int64_t{1}));
  EXPECT_FALSE(Value(1) == Value(1.0));
  EXPECT_FALSE(Value(1) == Value(true));
}

}  // namespace
