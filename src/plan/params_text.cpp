#include "plan/params_text.hpp"

#include <algorithm>
#include <unordered_set>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/whole_characters.hpp"
#include "definitions/names.hpp"

namespace plan {
namespace {

constexpr size_t kMaxNesting = 100;
constexpr size_t kExcerpt = 60;

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

[[noreturn]] void Syntax(const std::string& what, const std::string& problem) {
  throw base::Error(base::ErrorCode::kSyntax, what + ": " + problem, {},
                    "Write key=value pairs with commas between them; text values stand in quotes.");
}

char Closing(char open) { return open == '(' ? ')' : open == '[' ? ']' : '}'; }

bool IsLiteralWord(std::string_view word) {
  for (const char* known : {"None", "null", "True", "true", "False", "false", "nan", "NaN", "inf", "Infinity"}) {
    if (word == known) return true;
  }
  return false;
}

// Length of a name with dots at the start of a text.
size_t NameLength(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && (IsLetter(text[n]) || ((IsDigit(text[n]) || text[n] == '.') && n > 0))) ++n;
  return n;
}

size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

bool IsIdentifier(std::string_view text) {
  if (text.empty() || !IsLetter(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return IsLetter(c) || IsDigit(c); });
}

std::string Quoted(std::string_view text) {
  if (text.size() <= kExcerpt) return "\"" + std::string(text) + "\"";
  return "\"" + std::string(base::WholeCharacters(text, kExcerpt)) + "...\"";
}

std::vector<std::string_view> SplitPieces(std::string_view text, const std::string& what) {
  std::vector<std::string_view> pieces;
  std::string closing;  // the brackets that are open, as what closes them
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\'' || c == '"') {
      const size_t open = i;
      for (++i; i < text.size() && text[i] != c; ++i) {
        if (text[i] == '\\') ++i;
      }
      if (i >= text.size()) Syntax(what, "the quote before " + Quoted(text.substr(open + 1)) + " is not closed");
    } else if (c == '(' || c == '[' || c == '{') {
      if (closing.size() >= kMaxNesting) Syntax(what, "nested deeper than " + std::to_string(kMaxNesting) + " levels");
      closing.push_back(Closing(c));
    } else if (c == ')' || c == ']' || c == '}') {
      if (closing.empty() || closing.back() != c) Syntax(what, std::string("the bracket \"") + c + "\" has no opening one");
      closing.pop_back();
    } else if (c == ',' && closing.empty()) {
      pieces.push_back(Trim(text.substr(start, i - start)));
      start = i + 1;
    }
  }
  if (!closing.empty()) Syntax(what, std::string("the closing bracket \"") + closing.back() + "\" is missing");
  const std::string_view last = Trim(text.substr(start));
  if (!last.empty()) pieces.push_back(last);
  for (const std::string_view piece : pieces) {
    if (piece.empty()) Syntax(what, "there is nothing between two commas");
  }
  return pieces;
}

std::vector<std::pair<std::string, std::string_view>> SplitAssignments(std::string_view text, const std::string& what) {
  std::vector<std::pair<std::string, std::string_view>> out;
  std::unordered_set<std::string_view> keys;
  for (const std::string_view piece : SplitPieces(text, what)) {
    const size_t equal = piece.find('=');
    if (equal == std::string_view::npos) Syntax(what, "expected key=value, found " + Quoted(piece));
    const std::string_view key = Trim(piece.substr(0, equal));
    const std::string_view value = Trim(piece.substr(equal + 1));
    if (!IsIdentifier(key)) Syntax(what, "expected key=value, found " + Quoted(piece));
    if (value.empty()) Syntax(what, "\"" + std::string(key) + "\" has no value");
    if (!keys.insert(key).second) Syntax(what, "\"" + std::string(key) + "\" is given twice");
    out.emplace_back(std::string(key), value);
  }
  return out;
}

base::Value ReadValueText(std::string_view text, const std::string& what) {
  const size_t name = NameLength(text);
  if (name > 0 && !IsLiteralWord(text.substr(0, name)) && !(name == 1 && text.size() > 1 && (text[1] == '\'' || text[1] == '"'))) {
    ReadCall(text, what);  // refuses what is neither a name nor a call
    return base::Value(std::string(text));
  }
  try {
    return base::ParseLiteral(text);
  } catch (const base::Error& error) {
    if (!text.empty() && text.front() == '[' && text.back() == ']') {
      base::List items;
      for (const std::string_view piece : SplitPieces(text.substr(1, text.size() - 2), what)) items.push_back(ReadValueText(piece, what));
      return base::Value(std::move(items));
    }
    throw base::Error(base::ErrorCode::kSyntax, what + ": " + error.what(), {}, "Text values stand in quotes, lists in square brackets.");
  }
}

CallText ReadCall(std::string_view text, const std::string& what) {
  text = Trim(text);
  const size_t length = NameLength(text);
  const std::string_view dotted = text.substr(0, length);
  const size_t dot = dotted.rfind('.');
  CallText call;
  call.name = std::string(dot == std::string_view::npos ? dotted : dotted.substr(dot + 1));
  if (!IsIdentifier(call.name)) Syntax(what, "expected a name or a call such as Name(key=value), found " + Quoted(text));
  const std::string_view rest = Trim(text.substr(length));
  if (rest.empty()) return call;
  if (rest.size() < 2 || rest.front() != '(' || rest.back() != ')') {
    Syntax(what, "expected a name or a call such as Name(key=value), found " + Quoted(text));
  }
  for (const auto& argument : SplitAssignments(rest.substr(1, rest.size() - 2), what + ", " + call.name)) {
    call.arguments.emplace_back(argument.first, ReadValueText(argument.second, what + ", " + argument.first));
  }
  return call;
}

std::string KnownNamesHint(std::string_view given, const std::vector<std::string>& known, const std::string& plural) {
  std::string hint;
  if (given.size() <= kExcerpt) {
    const std::string folded = definitions::Folded(given);
    size_t best = folded.size() / 3 + 2;  // farther than this is no typing error
    const std::string* nearest = nullptr;
    for (const std::string& name : known) {
      const size_t distance = EditDistance(folded, definitions::Folded(name));
      if (distance < best) {
        best = distance;
        nearest = &name;
      }
    }
    if (nearest != nullptr) hint = "Did you mean \"" + *nearest + "\"? ";
  }
  hint += "Known " + plural + " are ";
  for (size_t i = 0; i < known.size(); ++i) hint += (i == 0 ? "" : i + 1 == known.size() ? " and " : ", ") + known[i];
  return hint + ".";
}

}  // namespace plan
