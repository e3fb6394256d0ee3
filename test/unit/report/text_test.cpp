#include "report/text.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace {

TEST(Text, EscapedIsPlainAscii) {
  EXPECT_EQ(report::Escape("a <b> & \"c\" 'd'"), "a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
  EXPECT_EQ(report::Escape("\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80"), "&#xE4; &#x20AC; &#x1F600;");
  // bytes that are no UTF-8, surrogates, overlong forms, control characters, non-characters
  EXPECT_EQ(report::Escape("\xFF|\xC3|\xED\xA0\x80|\xC0\x80|\x01|\x7F|\xEF\xBF\xBF|\xC2\x80"),
            "&#xFFFD;|&#xFFFD;|&#xFFFD;&#xFFFD;&#xFFFD;|&#xFFFD;&#xFFFD;|&#xFFFD;|&#xFFFD;|&#xFFFD;|&#xFFFD;");
  EXPECT_EQ(report::Escape(std::string_view("a\0b\n\t", 5)), "a&#xFFFD;b\n\t");
}

TEST(Text, FitsBetweenCharacters) {
  EXPECT_EQ(report::Fit("short", 100, 10), "short");
  const std::string cut = report::Fit("a much longer text than fits", 60, 10);
  EXPECT_EQ(cut.substr(cut.size() - 3), "\xE2\x80\xA6");
  EXPECT_LE(report::TextWidth(cut, 10), 60);
  EXPECT_GT(report::TextWidth(cut, 10), 40);
  const std::string wide = report::Fit("\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2", 35, 10);
  EXPECT_EQ(wide, "\xE6\xBC\xA2\xE6\xBC\xA2\xE2\x80\xA6");
  EXPECT_EQ(report::Fit("text", 5, 10), "");
  EXPECT_EQ(report::Fit("", 5, 10), "");
}

TEST(Text, Numbers) {
  EXPECT_EQ(report::Number(0.97234), "0.9723");
  EXPECT_EQ(report::Number(12.3456), "12.35");
  EXPECT_EQ(report::Number(0.001234567), "0.00123");
  EXPECT_EQ(report::Number(1234.5), "1234");
  EXPECT_EQ(report::Number(1e9), "1e+09");
  EXPECT_EQ(report::Number(-0.5), "\xE2\x88\x92" "0.5000");
  EXPECT_EQ(report::Number(std::nan("")), "\xE2\x80\x93");
  EXPECT_EQ(report::Number(-std::numeric_limits<double>::infinity()), "\xE2\x88\x92\xE2\x88\x9E");
  EXPECT_EQ(report::Count(1234567), "1\xE2\x80\xAF" "234\xE2\x80\xAF" "567");
  EXPECT_EQ(report::Count(-1234), "\xE2\x88\x92" "1\xE2\x80\xAF" "234");
  const std::string least = report::Count(std::numeric_limits<int64_t>::min());
  EXPECT_EQ(least.substr(0, 7), "\xE2\x88\x92" "9\xE2\x80\xAF");
  EXPECT_EQ(least.substr(least.size() - 3), "808");
  EXPECT_EQ(report::Counted(1, "row"), "1 row");
  EXPECT_EQ(report::Counted(2, "class", "classes"), "2 classes");
  EXPECT_EQ(report::Percent(0.1234), "12.3 %");
  EXPECT_EQ(report::Percent(1), "100 %");
  EXPECT_EQ(report::Seconds(0.0451), "45 ms");
  EXPECT_EQ(report::Seconds(200), "3 min 20 s");
  EXPECT_EQ(report::Seconds(7500), "2 h 5 min");
}

}  // namespace
