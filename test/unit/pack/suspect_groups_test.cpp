// Which groups may have changed, by one pass over the rows of a source, and on which pages their rows lie.
#include <gtest/gtest.h>

#include <string>

#include "pack/suspect_groups.hpp"

namespace pack {
namespace {

using Pages = std::vector<std::pair<uint32_t, uint32_t>>;

std::string Key(int n) { return "key " + std::to_string(n); }

/// Groups 1 to 10 of 20 rows, two pages each.
SuspectGroups Known(bool comparable = true) {
  SuspectGroups groups(100);
  for (int g = 1; g <= 10; ++g) EXPECT_TRUE(groups.AddKnown(Key(g), g, 20, comparable));
  return groups;
}

void AddRows(SuspectGroups* groups, int group, int rows) {
  for (int i = 0; i < rows; ++i) groups->AddRow(Key(group), static_cast<uint32_t>(8 * group + i / 10), false, true);
}

TEST(SuspectGroups, AreNoneWhereNothingHasChanged) {
  SuspectGroups groups = Known();
  for (int g = 1; g <= 10; ++g) AddRows(&groups, g, 20);
  for (int g = 1; g <= 10; ++g) EXPECT_FALSE(groups.IsSuspect(Key(g)));
  EXPECT_EQ(groups.suspect_rows(), 0);
  EXPECT_EQ(groups.rows(), 200);
  EXPECT_EQ(groups.known(), 10);
  EXPECT_EQ(groups.unknown(), 0);
  EXPECT_EQ(groups.last_id(), 10);
  EXPECT_TRUE(groups.SuspectPages().empty());
  EXPECT_TRUE(groups.Vanished().empty());
}

TEST(SuspectGroups, AreThoseWithOtherRows) {
  SuspectGroups groups = Known();
  for (int g = 1; g <= 10; ++g) AddRows(&groups, g, g == 3 ? 19 : g == 4 ? 21 : g == 5 ? 0 : 20);
  groups.AddRow(Key(7), 99, true, false);  // a new row that does not count
  AddRows(&groups, 11, 2);                 // a new group
  groups.AddRow(Key(12), 1, true, false);  // of which no row counts
  for (int g = 0; g <= 12; ++g) EXPECT_EQ(groups.IsSuspect(Key(g)), g == 3 || g == 4 || g == 7 || g == 11) << g;
  EXPECT_EQ(groups.suspect_rows(), 19 + 21 + 20 + 2);
  EXPECT_EQ(groups.all_rows() - groups.rows(), 2);
  EXPECT_EQ(groups.unknown(), 2);
  EXPECT_EQ(groups.Vanished(), std::vector<int64_t>{5});
  EXPECT_EQ(groups.SuspectPages(), (Pages{{24, 4}, {32, 4}, {56, 4}, {88, 4}}) );
}

TEST(SuspectGroups, AreAllThatCannotBeCompared) {
  SuspectGroups groups = Known(false);
  for (int g = 1; g <= 10; ++g) AddRows(&groups, g, 20);
  EXPECT_EQ(groups.suspect_rows(), 200);
}

TEST(SuspectGroups, HavePagesThatOthersHaveToo) {
  SuspectGroups groups(8);
  groups.AddKnown("a", 1, 1, true);
  groups.AddKnown("b", 2, 1, true);
  groups.AddKnown("c", 3, 1, true);
  groups.AddRow("c", 0, false, true);
  groups.AddRow("a", 0, false, true);
  groups.AddRow("b", 7, true, true);
  groups.AddRow("a", 100, false, true);  // behind the pages that were there
  // b lies between a and c on the first pages, and is not there: a page too many does no harm
  EXPECT_EQ(groups.SuspectPages(), (Pages{{0, 9}}));
  EXPECT_TRUE(groups.IsSuspect("a"));
  EXPECT_TRUE(groups.IsSuspect("b"));
  EXPECT_FALSE(groups.IsSuspect("c"));
}

TEST(SuspectGroups, HaveKeysOfAnyBytes) {
  SuspectGroups groups(1);
  EXPECT_TRUE(groups.AddKnown(std::string("\0\0", 2), 1, 1, true));
  EXPECT_TRUE(groups.AddKnown(std::string("\0", 1), 2, 1, true));
  EXPECT_TRUE(groups.AddKnown("", 3, 1, true));
  EXPECT_FALSE(groups.AddKnown(std::string("\0", 1), 4, 1, true));
  groups.AddRow(std::string("\0", 1), 0, true, true);
  EXPECT_FALSE(groups.IsSuspect(""));
  EXPECT_FALSE(groups.IsSuspect(std::string("\0\0", 2)));
  EXPECT_TRUE(groups.IsSuspect(std::string("\0", 1)));
}

TEST(SuspectGroups, AreFoundAmongMany) {
  constexpr int kMany = 100000;
  SuspectGroups groups(1000);
  for (int g = 1; g <= kMany; ++g) groups.AddKnown(Key(g), g, 1, true);
  for (int g = 1; g <= kMany; ++g) groups.AddRow(Key(g), static_cast<uint32_t>(g / 100), g == 5000, true);
  EXPECT_EQ(groups.suspect_rows(), 1);
  EXPECT_TRUE(groups.IsSuspect(Key(5000)));
  EXPECT_EQ(groups.SuspectPages(), (Pages{{48, 4}}));
}

}  // namespace
}  // namespace pack
