// Keys of registered groups: joined and taken apart again, numbers, kinds of columns.
#include "store/key_texts.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace {

using Keys = std::vector<std::optional<std::string>>;

pg::Column Of(const std::string& base_type, bool is_array = false) {
  pg::Column column;
  column.base_type = base_type;
  column.is_array = is_array;
  return column;
}

TEST(KeyTexts, WhatIsJoinedIsTakenApartAgain) {
  for (const Keys& keys : {Keys{}, Keys{std::nullopt}, Keys{"north", std::nullopt, ""}, Keys{"-", "3:abc", "12"},
                           Keys{std::string("a\0b", 3), std::string(300, 'x')}}) {
    EXPECT_EQ(store::SplitKeys(store::JoinKeys(keys)), keys);
  }
  EXPECT_NE(store::JoinKeys({"ab", "c"}), store::JoinKeys({"a", "bc"}));
  EXPECT_NE(store::JoinKeys({std::nullopt}), store::JoinKeys({""}));
}

TEST(KeyTexts, WhatCannotBeReadIsSaid) {
  for (const char* text : {"5:abc", "x", ":a", "3", "99999999999999999999999:a", "1:ab"}) {
    EXPECT_THROW(store::SplitKeys(text), base::Error) << text;
  }
}

TEST(KeyTexts, NumbersThatAreEqualHaveOneText) {
  EXPECT_EQ(store::PlainNumber("1.50"), "1.5");
  EXPECT_EQ(store::PlainNumber("2.000"), "2");
  EXPECT_EQ(store::PlainNumber("0.0"), "0");
  EXPECT_EQ(store::PlainNumber("100"), "100");
  EXPECT_EQ(store::PlainNumber("NaN"), "NaN");
}

TEST(KeyTexts, ZeroHasOneText) {
  EXPECT_EQ(store::PlainReal("-0"), "0");
  EXPECT_EQ(store::PlainReal("0"), "0");
  EXPECT_EQ(store::PlainReal("-0.5"), "-0.5");
  EXPECT_EQ(store::PlainReal("NaN"), "NaN");
}

std::string KindOf(const pg::Column& column, const pg::KeyType& own = {}) {
  pg::KeyType type = own;
  type.sortable = true;
  if (type.equal.empty()) type.equal = "OPERATOR(pg_catalog.=)";
  return store::KindOfKey(column, type);
}

TEST(KeyTexts, KindsOfColumns) {
  EXPECT_EQ(KindOf(Of("text")), "plain");
  EXPECT_EQ(KindOf(Of("date")), "label");
  EXPECT_EQ(KindOf(Of("time without time zone")), "label");
  EXPECT_EQ(KindOf(Of("inet")), "label");
  EXPECT_EQ(KindOf(Of("numeric")), "number");
  EXPECT_EQ(KindOf(Of("interval")), "other");
  EXPECT_EQ(KindOf(Of("double precision")), "real");
  EXPECT_EQ(KindOf(Of("real")), "real");
  EXPECT_EQ(KindOf(Of("real", true)), "other");
  EXPECT_EQ(KindOf(Of("text", true)), "other");
  pg::KeyType type;
  type.holds_enum = true;
  EXPECT_EQ(KindOf(Of("mood"), type), "plain");
  EXPECT_EQ(KindOf(Of("mood")), "other");
  type = {};
  type.equal = "OPERATOR(public.=)";
  EXPECT_EQ(KindOf(Of("citext"), type), "other");
  type = {};
  type.collate = " COLLATE public.whatever";
  EXPECT_EQ(KindOf(Of("text"), type), "other");
  for (const char* kind : {"plain", "label", "number", "real", "other"}) {
    const store::KeyKind named = store::KindNamed(kind);
    EXPECT_NE(named.sql.find('$'), std::string::npos);
    EXPECT_EQ(named.exact, std::string(kind) != "other");
  }
  EXPECT_THROW(store::KindNamed("none"), base::Error);
}

}  // namespace
