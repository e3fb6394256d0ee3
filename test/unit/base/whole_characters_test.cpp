// Where a text may be cut.

#include <gtest/gtest.h>

#include <string>

#include "base/whole_characters.hpp"

namespace {

TEST(WholeCharacters, AreKept) {
  const std::string text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z";  // of one to four bytes
  const size_t ends[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
  for (size_t most = 0; most < 13; most++) EXPECT_EQ(base::WholeCharacters(text, most), text.substr(0, ends[most])) << most;
  EXPECT_EQ(base::WholeCharacters("", 5), "");
}

}  // namespace
