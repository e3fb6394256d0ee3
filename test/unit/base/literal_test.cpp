#include "base/literal.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.hpp"
#include "base/philox.hpp"

namespace {

using base::FormatJson;
using base::FormatNumber;
using base::FormatPython;
using base::ParseLiteral;
using base::Value;

std::string Message(const std::string& text) {
  try {
    ParseLiteral(text);
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), base::ErrorCode::kSyntax);
    return e.what();
  }
  ADD_FAILURE() << "was read: " << text;
  return {};
}

TEST(Literal, ReadsPythonAndJson) {
  const char* python = "{'a': [1, 2.5, None, True,], \"b\": ('x', u'y'), 'c': {}, 'd': (), 'e': (7), 'f': (7,)}";
  EXPECT_EQ(FormatJson(ParseLiteral(python)), R"({"a":[1,2.5,null,true],"b":["x","y"],"c":{},"d":[],"e":7,"f":[7]})");
  const char* json = "\t{\"a\" : [ 1 , -2e3 , null , false ] , \"b\" : \"\\/\" }\n";
  EXPECT_EQ(FormatPython(ParseLiteral(json)), "{'a': [1, -2000.0, None, False], 'b': '/'}");
}

TEST(Literal, KeepsKeyOrderAndReadsIntegerKeys) {
  EXPECT_EQ(FormatPython(ParseLiteral("{1: 0.5, 0: 2}")), "{1: 0.5, 0: 2}");
  EXPECT_EQ(FormatPython(ParseLiteral("{'1': 0.5, 0: 2}")), "{'1': 0.5, 0: 2}");
}

TEST(Literal, Numbers) {
  EXPECT_TRUE(ParseLiteral("10").is_int());
  EXPECT_TRUE(ParseLiteral("10.").is_double());
  EXPECT_EQ(ParseLiteral(".5").number(), 0.5);
  EXPECT_EQ(ParseLiteral("+3").integer(), 3);
  EXPECT_EQ(ParseLiteral("-9223372036854775808").integer(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(ParseLiteral("0").integer(), 0);
  EXPECT_EQ(ParseLiteral("+0.001e3").number(), 1.0);
  EXPECT_TRUE(std::isnan(ParseLiteral("NaN").number()));
  EXPECT_EQ(ParseLiteral("-Infinity").number(), -std::numeric_limits<double>::infinity());
  for (const char* bad : {"9223372036854775808", "1e999", "01", "1.2.3", "1e", "1e+",
                          "-", "+", ".", "-.e1", "0x10", "1_000", "12abc", "--1", "+-1", "-infx"}) {
    Message(bad);
  }
}

TEST(Literal, Strings) {
  EXPECT_EQ(ParseLiteral(R"('a\n\t\\\'\"\x41')").string(), "a\n\t\\'\"A");
  EXPECT_EQ(ParseLiteral(R"("\u00e9\u20ac\ud83d\ude00\U0001F600")").string(), "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xF0\x9F\x98\x80");
  EXPECT_EQ(ParseLiteral("'\xC3\xA9'").string(), "\xC3\xA9");
  EXPECT_EQ(ParseLiteral("'a\"b'").string(), "a\"b");
  for (const char* bad : {"'", "\"a", "'a\\", "'\\", "'\\q'", "'\\u12'",
                          "'\\ud800'", "'\\ud800\\u0041'", "'\\udc00'", "'\\u0000'", "'\\x0", "'\\U00110000'", "'\\ud83d\\"}) {
    Message(bad);
  }
  Message(std::string("'a\0b'", 5));
}

TEST(Literal, Errors) {
  EXPECT_EQ(Message(""), "cannot read the text at character 1: expected a value, found the end of the text");
  EXPECT_EQ(Message("[1 2]"), "cannot read the text at character 4: expected \",\" or \"]\", found \"2\"");
  EXPECT_EQ(Message("{'a' 1}"), "cannot read the text at character 6: expected \":\" after the key \"a\", found \"1\"");
  EXPECT_EQ(Message("{'a': 1, 'a': 2}"), "cannot read the text at character 10: the key \"a\" occurs twice");
  EXPECT_EQ(Message("{'1': 1, 1: 2}"), "cannot read the text at character 10: the key \"1\" occurs twice");
  EXPECT_EQ(Message("[\xC3\xA9]"), "cannot read the text at character 2: expected a value, found \"\xC3\xA9\"");
  EXPECT_EQ(Message("'\xC3\xA9\xC3\xA9' x"), "cannot read the text at character 6: expected the end of the text, found \"x\"");
  EXPECT_EQ(Message("[adam]"), "cannot read the text at character 2: expected a value, found \"adam\" (text values stand in quotes)");
  for (const char* bad : {"[", "[,", "[,]", "[1,,2]", "{", "{,}", "{1}", "{[]: 1}",
                          "{None: 1}", "(", "]", "1 2", "[1)", "'a' 'b'", "truE", "u", "u 'a'", "\x01", "\xFF"}) {
    Message(bad);
  }
}

TEST(Literal, DepthIsLimited) {
  EXPECT_NO_THROW(ParseLiteral(std::string(100, '[') + std::string(100, ']')));
  Message(std::string(101, '[') + std::string(101, ']'));
  Message(std::string(1000000, '['));
  Message(std::string(1000000, '('));
  std::string dicts;
  for (int i = 0; i < 100000; ++i) dicts += "{'a':";
  Message(dicts);
}

TEST(Literal, ManyKeysAreReadInLinearTime) {
  std::string text = "{";
  for (int i = 0; i < 200000; ++i) text += std::to_string(i) + ":0,";
  EXPECT_EQ(ParseLiteral(text + "}").dict().size(), 200000u);
}

TEST(FormatNumber, LooksLikePython) {
  EXPECT_EQ(FormatNumber(0.001), "0.001");
  EXPECT_EQ(FormatNumber(0.0001), "0.0001");
  EXPECT_EQ(FormatNumber(0.00001), "1e-05");
  EXPECT_EQ(FormatNumber(1e-6), "1e-06");
  EXPECT_EQ(FormatNumber(1), "1.0");
  EXPECT_EQ(FormatNumber(100000), "100000.0");
  EXPECT_EQ(FormatNumber(1e15), "1000000000000000.0");
  EXPECT_EQ(FormatNumber(1e16), "1e+16");
  EXPECT_EQ(FormatNumber(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(FormatNumber(-0.0), "-0.0");
  EXPECT_EQ(FormatNumber(5e-324), "5e-324");
  EXPECT_EQ(FormatNumber(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(FormatNumber(10, true), "10");
  EXPECT_EQ(FormatNumber(0.5, true), "0.5");
  EXPECT_EQ(FormatNumber(1e300, true), "1e+300");
}

TEST(FormatNumber, EveryDoubleReadsBack) {
  base::Stream random(2, 0, base::Purpose::kSearch);
  for (int i = 0; i < 20000; ++i) {
    const uint64_t bits = random.Next64();
    double value;
    std::memcpy(&value, &bits, sizeof(value));
    if (!std::isfinite(value)) continue;
    const Value back = ParseLiteral(FormatNumber(value));
    ASSERT_TRUE(back.is_double());
    const double read = back.number();
    ASSERT_EQ(std::memcmp(&read, &value, sizeof(value)), 0) << FormatNumber(value);
    ASSERT_EQ(ParseLiteral(FormatNumber(value, true)).number(), value);
  }
}

Value RandomValue(base::Stream* random, int depth) {
  switch (random->Below(depth > 0 ? 7 : 5)) {
    case 0: return Value();
    case 1: return Value(random->Below(2) == 1);
    case 2: return Value(static_cast<int64_t>(random->Next64()));
    case 3: return Value(random->Normal());
    case 4: {
      std::string text;
      for (uint64_t n = random->Below(12); n > 0; --n) text.push_back(static_cast<char>(1 + random->Below(255)));
      return Value(text);
    }
    case 5: {
      base::List list;
      for (uint64_t n = random->Below(4); n > 0; --n) list.push_back(RandomValue(random, depth - 1));
      return Value(list);
    }
    default: {
      base::Dict dict;
      for (uint64_t n = random->Below(4); n > 0; --n) {
        dict.emplace_back("k" + std::to_string(n) + "'\"\\\n\x01", RandomValue(random, depth - 1));
      }
      return Value(dict);
    }
  }
}

TEST(Literal, FormattedValuesReadBack) {
  base::Stream random(3, 0, base::Purpose::kSearch);
  for (int i = 0; i < 5000; ++i) {
    const Value value = RandomValue(&random, 4);
    ASSERT_TRUE(ParseLiteral(FormatPython(value)) == value) << FormatPython(value);
    ASSERT_TRUE(ParseLiteral(FormatJson(value)) == value) << FormatJson(value);
  }
  EXPECT_EQ(FormatJson(Value(std::numeric_limits<double>::quiet_NaN())), "null");
}

// Any bytes are read or refused with kSyntax; the sanitizers see the rest. What is read also survives a round trip.
TEST(Literal, SurvivesMutatedTexts) {
  const std::string seeds[] = {
      "{'loss': ['categorical_crossentropy'], 'lr': [0.001, 1e-4, 'log'], 'm': (None, True, -5.5e+10)}",
      R"({"class_name": "Dense", "config": {"units": 10, "name": "\u00e9\ud83d\ude00\n", "x": [1, [2, [3]]], "b": null}})",
      "[[[[[[]]]]]]", "'\\ud83d\\ude00\\x41\\U0001F600'", "-1.5e-10",
  };
  const std::string alphabet = "{}[](),:'\"\\u0x9dDeE+-.ntTFN \n";
  base::Stream random(4, 0, base::Purpose::kSearch);
  int read = 0;
  for (int round = 0; round < 40000; ++round) {
    std::string text = seeds[random.Below(5)];
    for (uint64_t edits = 1 + random.Below(4); edits > 0; --edits) {
      const size_t at = random.Below(text.size() + 1);
      switch (random.Below(5)) {
        case 0: text.insert(at, 1, alphabet[random.Below(alphabet.size())]); break;
        case 1: text.insert(at, 1, static_cast<char>(random.Below(256))); break;
        case 2: text.erase(at, random.Below(4)); break;
        case 3: text = text.substr(0, at); break;
        default: text.insert(at, text.substr(at / 2, random.Below(20))); break;
      }
    }
    try {
      const Value value = ParseLiteral(text);
      ++read;
      const std::string again = FormatPython(value);
      ASSERT_EQ(FormatPython(ParseLiteral(again)), again) << text;
    } catch (const base::Error& e) {
      ASSERT_EQ(e.code(), base::ErrorCode::kSyntax) << text;
    }
  }
  EXPECT_GT(read, 100);
  EXPECT_LT(read, 39900);
}

}  // namespace
