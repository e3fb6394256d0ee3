// Recursive descent over bytes. Every read is guarded by the end of the text, recursion by a depth limit; bytes above 127 occur in strings
// only and are passed through.
#include "base/literal.hpp"

#include <charconv>
#include <limits>
#include <unordered_set>

#include "base/error.hpp"

namespace base {
namespace {

constexpr int kMaxDepth = 100;

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWord(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || IsDigit(c); }

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (code >> 6)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | (code >> 12)));
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xF0 | (code >> 18)));
    out->push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Value All() {
    Value value = Any();
    SkipSpace();
    if (at_ < text_.size()) Fail(at_, "expected the end of the text, found " + Here());
    return value;
  }

 private:
  [[noreturn]] void Fail(size_t at, const std::string& what) const {
    size_t character = 1;
    for (size_t i = 0; i < at && i < text_.size(); ++i) {
      if ((static_cast<unsigned char>(text_[i]) & 0xC0) != 0x80) ++character;  // UTF-8 continuation bytes are no characters
    }
    throw Error(ErrorCode::kSyntax, "cannot read the text at character " + std::to_string(character) + ": " + what);
  }

  // What stands at the position, for messages.
  std::string Here() const {
    if (at_ >= text_.size()) return "the end of the text";
    const unsigned char c = static_cast<unsigned char>(text_[at_]);
    if (c < 0x20 || c == 0x7F) return "a control character";
    size_t end = at_ + 1;
    if (IsWord(text_[at_])) {
      while (end < text_.size() && end - at_ < 20 && IsWord(text_[end])) ++end;
    } else {
      while (end < text_.size() && end - at_ < 4 && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
    }
    return "\"" + std::string(text_.substr(at_, end - at_)) + "\"";
  }

  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool Accept(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Value Any() {
    SkipSpace();
    const char c = Peek();
    if (c == '{') return Dictionary();
    if (c == '[') return Sequence(']');
    if (c == '(') return Sequence(')');
    if (c == '\'' || c == '"') return Value(Text());
    if (IsDigit(c) || c == '.' || c == '-' || c == '+') return Number();
    if (IsWord(c)) return Word();
    Fail(at_, "expected a value, found " + Here());
  }

  void Enter() {
    if (++depth_ > kMaxDepth) Fail(at_, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
  }

  // A list or a tuple. As in Python, (x) without a comma is x itself.
  Value Sequence(char close) {
    Enter();
    ++at_;
    List items;
    bool comma = false;
    for (;;) {
      SkipSpace();
      if (Accept(close)) break;
      if (!items.empty() && !comma) Fail(at_, std::string("expected \",\" or \"") + close + "\", found " + Here());
      items.push_back(Any());
      SkipSpace();
      comma = Accept(',');
    }
    --depth_;
    if (close == ')' && items.size() == 1 && !comma) {
      Value only = std::move(items[0]);
      return only;
    }
    return Value(std::move(items));
  }

  Value Dictionary() {
    Enter();
    ++at_;
    Dict entries;
    std::unordered_set<std::string> keys;
    bool comma = false;
    for (;;) {
      SkipSpace();
      if (Accept('}')) break;
      if (!entries.empty() && !comma) Fail(at_, "expected \",\" or \"}\", found " + Here());
      const size_t key_at = at_;
      Value key = Any();
      const bool integer = key.is_int();  // {0: 1.0, 1: 2.0}, as class weights are written
      if (integer) key = Value(std::to_string(key.integer()));
      if (!key.is_string()) Fail(key_at, std::string("a key must be a string or an integer, not ") + key.type_name());
      SkipSpace();
      if (!Accept(':')) Fail(at_, "expected \":\" after the key \"" + key.string() + "\", found " + Here());
      if (!keys.insert(key.string()).second) Fail(key_at, "the key \"" + key.string() + "\" occurs twice");
      Value value = Any();
      entries.emplace_back(Key(key.string(), integer), std::move(value));
      SkipSpace();
      comma = Accept(',');
    }
    --depth_;
    return Value(std::move(entries));
  }

  Value Word() {
    const size_t start = at_;
    while (at_ < text_.size() && IsWord(text_[at_])) ++at_;
    const std::string_view word = text_.substr(start, at_ - start);
    if (word == "None" || word == "null") return Value();
    if (word == "True" || word == "true") return Value(true);
    if (word == "False" || word == "false") return Value(false);
    if (word == "nan" || word == "NaN") return Value(kNaN);
    if (word == "inf" || word == "Infinity") return Value(kInfinity);
    if (word == "u" && (Peek() == '\'' || Peek() == '"')) return Value(Text());  // Python 2 prints u'text'
    at_ = start;
    Fail(start, "expected a value, found " + Here() + " (text values stand in quotes)");
  }

  Value Number() {
    const size_t start = at_;
    const bool negative = Peek() == '-';
    if (Peek() == '-' || Peek() == '+') ++at_;
    if (Peek() == 'i' || Peek() == 'I' || Peek() == 'n' || Peek() == 'N') {
      const size_t word_at = at_;
      while (at_ < text_.size() && IsWord(text_[at_])) ++at_;
      const std::string_view word = text_.substr(word_at, at_ - word_at);
      if (word == "inf" || word == "Infinity") return Value(negative ? -kInfinity : kInfinity);
      if (word == "nan" || word == "NaN") return Value(kNaN);
      Fail(start, "expected a number");
    }
    const size_t digits_at = at_;
    while (IsDigit(Peek())) ++at_;
    const size_t whole = at_ - digits_at;
    if (whole > 1 && text_[digits_at] == '0') Fail(start, "a number must not start with 0");
    size_t fraction = 0;
    bool real = false;
    if (Accept('.')) {
      real = true;
      const size_t fraction_at = at_;
      while (IsDigit(Peek())) ++at_;
      fraction = at_ - fraction_at;
    }
    if (whole + fraction == 0) Fail(start, "expected a number");
    if (Peek() == 'e' || Peek() == 'E') {
      real = true;
      ++at_;
      if (Peek() == '-' || Peek() == '+') ++at_;
      if (!IsDigit(Peek())) Fail(start, "a number has an exponent without digits");
      while (IsDigit(Peek())) ++at_;
    }
    if (at_ < text_.size() && (IsWord(text_[at_]) || text_[at_] == '.')) Fail(start, "a number is followed by " + Here());
    const char* first = text_.data() + (text_[start] == '+' ? start + 1 : start);
    const char* last = text_.data() + at_;
    if (!real) {
      int64_t value = 0;
      const auto result = std::from_chars(first, last, value);
      if (result.ec != std::errc() || result.ptr != last) Fail(start, "an integer is out of range");
      return Value(value);
    }
    double value = 0;
    const auto result = std::from_chars(first, last, value);
    if (result.ec != std::errc() || result.ptr != last) Fail(start, "a number is out of range");
    return Value(value);
  }

  uint32_t Hex(int digits) {
    uint32_t code = 0;
    for (int i = 0; i < digits; ++i) {
      const char c = Peek();
      uint32_t digit;
      if (IsDigit(c)) {
        digit = static_cast<uint32_t>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        digit = static_cast<uint32_t>(c - 'a' + 10);
      } else if (c >= 'A' && c <= 'F') {
        digit = static_cast<uint32_t>(c - 'A' + 10);
      } else {
        Fail(at_, "expected " + std::to_string(digits) + " hexadecimal digits in an escape, found " + Here());
      }
      code = (code << 4) | digit;
      ++at_;
    }
    return code;
  }

  void Escape(std::string* out) {
    const size_t start = at_ - 1;
    if (at_ >= text_.size()) Fail(at_, "a string is not closed");
    const char c = text_[at_++];
    uint32_t code = 0;
    switch (c) {
      case '\\': case '\'': case '"': case '/': out->push_back(c); return;
      case 'n': out->push_back('\n'); return;
      case 't': out->push_back('\t'); return;
      case 'r': out->push_back('\r'); return;
      case 'b': out->push_back('\b'); return;
      case 'f': out->push_back('\f'); return;
      case 'a': out->push_back('\a'); return;
      case 'v': out->push_back('\v'); return;
      case '\n': return;  // Python: the string goes on in the next line
      case 'x': code = Hex(2); break;
      case 'u': code = Hex(4); break;
      case 'U': code = Hex(8); break;
      default: --at_; Fail(start, "unknown escape \\ followed by " + Here());
    }
    if (code >= 0xD800 && code <= 0xDBFF && c == 'u') {
      if (text_.substr(at_, 2) != "\\u") Fail(start, "a high surrogate without its low surrogate");
      at_ += 2;
      const uint32_t low = Hex(4);
      if (low < 0xDC00 || low > 0xDFFF) Fail(start, "a high surrogate without its low surrogate");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    if (code >= 0xD800 && code <= 0xDFFF) Fail(start, "a lone surrogate is no character");
    if (code > 0x10FFFF) Fail(start, "an escape is beyond the last character, U+10FFFF");
    if (code == 0) Fail(start, "the character with code 0 cannot be stored");
    AppendUtf8(code, out);
  }

  std::string Text() {
    const size_t start = at_;
    const char quote = text_[at_++];
    std::string out;
    for (;;) {
      if (at_ >= text_.size()) Fail(start, "a string is not closed");
      const char c = text_[at_++];
      if (c == quote) return out;
      if (c == '\0') Fail(at_ - 1, "the character with code 0 cannot be stored");
      if (c == '\\') {
        Escape(&out);
      } else {
        out.push_back(c);
      }
    }
  }

  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Value ParseLiteral(std::string_view text) { return Parser(text).All(); }

}  // namespace base
