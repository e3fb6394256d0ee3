#include "page_checker.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <set>
#include <stdexcept>

namespace report_test {
namespace {

constexpr double kTolerance = 0.06;     // coordinates are written in tenths
constexpr double kLetterWidth = 0.5;    // of the font's size: less than the page itself reckons with, as an average
constexpr double kLetterSize = 11;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::unique_ptr<Node> Parse() {
    Expect("<!DOCTYPE html>\n");
    std::unique_ptr<Node> root = ReadElement();
    while (at_ < text_.size() && text_[at_] == '\n') at_++;
    if (at_ != text_.size()) Fail("text behind the last element");
    return root;
  }

 private:
  [[noreturn]] void Fail(const std::string& what) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, text_.size())), '\n');
    throw std::runtime_error("line " + std::to_string(line) + ": " + what);
  }
  bool Starts(const char* what) const { return text_.substr(at_, std::strlen(what)) == what; }
  void Expect(const char* what) {
    if (!Starts(what)) Fail(std::string("expected ") + what);
    at_ += std::strlen(what);
  }
  char Next() {
    if (at_ >= text_.size()) Fail("the page ends");
    const char c = text_[at_++];
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x7F || (byte < 0x20 && c != '\n' && c != '\t')) Fail("a character that is not plain ASCII");
    return c;
  }
  std::string ReadName() {
    std::string name;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '-')) name += text_[at_++];
    if (name.empty()) Fail("expected a name");
    return name;
  }
  // Behind an '&'.
  char ReadReference() {
    std::string name;
    for (char c = Next(); c != ';'; c = Next()) {
      name += c;
      if (name.size() > 8) Fail("an & without a reference");
    }
    for (const auto& [known, c] : {std::pair<const char*, char>{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}}) {
      if (name == known) return c;
    }
    const bool hex = name.size() > 2 && name[0] == '#' && name[1] == 'x';
    if (name.size() < 2 || name[0] != '#') Fail("unknown reference " + name);
    char* end = nullptr;
    const long code = std::strtol(name.c_str() + (hex ? 2 : 1), &end, hex ? 16 : 10);
    if (*end != '\0' || (code < 0x20 && code != 9 && code != 10) || (code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF ||
        (code & 0xFFFE) == 0xFFFE) {
      Fail("reference " + name + " is no character");
    }
    return code < 0x7F ? static_cast<char>(code) : '?';
  }
  std::unique_ptr<Node> ReadElement() {
    Expect("<");
    auto node = std::make_unique<Node>();
    node->tag = ReadName();
    while (Starts(" ")) {
      at_++;
      const std::string name = ReadName();
      Expect("=\"");
      std::string value;
      for (char c = Next(); c != '"'; c = Next()) {
        if (c == '<') Fail("< in an attribute");
        value += c == '&' ? ReadReference() : c;
      }
      if (!node->attributes.emplace(name, value).second) Fail("attribute " + name + " twice");
    }
    if (Starts("/>")) {
      at_ += 2;
      return node;
    }
    Expect(">");
    while (!Starts("</")) {
      if (Starts("<")) {
        node->children.push_back(ReadElement());
        continue;
      }
      const char c = Next();
      node->text += c == '&' ? ReadReference() : c;
    }
    Expect("</");
    if (ReadName() != node->tag) Fail("element " + node->tag + " is not closed");
    Expect(">");
    return node;
  }

  std::string_view text_;
  size_t at_ = 0;
};

/// Looks at the elements of a page.
class Checker {
 public:
  explicit Checker(std::vector<std::string>* problems) : problems_(problems) {}

  void Look(const Node& node) {
    static const std::set<std::string> kTags = {"html", "head", "meta", "title", "style", "body", "header", "main", "section", "footer", "p", "h1",
                                                "h2", "h3", "dl", "dt", "dd", "div", "table", "caption", "thead", "tbody", "tr", "th", "td",
                                                "figure", "figcaption", "details", "summary", "span", "code", "svg", "desc", "g", "rect", "line",
                                                "polyline", "circle", "text"};
    static const std::set<std::string> kAttributes = {"lang", "charset", "name", "content", "class", "id", "role", "aria-label", "aria-labelledby",
                                                      "tabindex", "scope", "xmlns", "viewBox", "style", "x", "y", "width", "height", "x1", "y1",
                                                      "x2", "y2", "cx", "cy", "r", "points", "text-anchor", "fill-opacity"};
    if (kTags.count(node.tag) == 0) Say("element " + node.tag);
    for (const auto& [name, value] : node.attributes) {
      if (kAttributes.count(name) == 0) Say("attribute " + name + " of " + node.tag);
      if (name == "xmlns" ? value != "http://www.w3.org/2000/svg" : name != "aria-label" && value.find("//") != std::string::npos) {
        Say("attribute " + name + " refers to " + value);
      }
      if (name == "id" && !ids_.insert(value).second) Say("id " + value + " twice");
      if (name == "aria-labelledby") labels_.push_back(value);
    }
    if (node.tag == "svg") LookAtDrawing(node);
    if (node.tag == "table") LookAtTable(node);
    if (node.tag == "style") LookAtStyle(node.text);
    for (const auto& child : node.children) Look(*child);
  }

  void LookAtLabels() {
    for (const std::string& label : labels_) {
      size_t from = 0;
      while (from < label.size()) {
        const size_t to = std::min(label.find(' ', from), label.size());
        const std::string id = label.substr(from, to - from);
        if (ids_.count(id) == 0) Say("there is no id " + id);
        from = to + 1;
      }
    }
  }

 private:
  void Say(const std::string& what) { problems_->push_back(what); }

  void LookAtStyle(const std::string& style) {
    for (const char* word : {"url(", "@import", "http", "expression(", "src"}) {
      if (style.find(word) != std::string::npos) Say(std::string("the style sheet has ") + word);
    }
    if (std::count(style.begin(), style.end(), '{') != std::count(style.begin(), style.end(), '}')) Say("brackets of the style sheet");
  }

  void LookAtTable(const Node& table) {
    if (table.children.size() != 3 || table.children[0]->tag != "caption" || table.children[1]->tag != "thead") Say("a table without caption or head");
    size_t columns = 0;
    for (const Node* head : Find(table, "thead")) columns = Find(*head, "th").size();
    for (const Node* body : Find(table, "tbody")) {
      for (const auto& row : body->children) {
        if (row->children.size() != columns) Say("a row of " + std::to_string(row->children.size()) + " cells in " + std::to_string(columns) + " columns");
      }
    }
    for (const Node* cell : Find(table, "th")) {
      if (cell->attributes.count("scope") == 0) Say("a head without scope");
    }
  }

  void LookAtDrawing(const Node& svg) {
    const auto role = svg.attributes.find("role");
    if (role == svg.attributes.end() || role->second != "img") Say("a drawing without role");
    if (svg.children.size() < 2 || svg.children[0]->tag != "title" || svg.children[1]->tag != "desc") Say("a drawing without title and description");
    double x = 1, y = 1, width = 0, height = 0;
    const auto box = svg.attributes.find("viewBox");
    if (box == svg.attributes.end() || std::sscanf(box->second.c_str(), "%lf %lf %lf %lf", &x, &y, &width, &height) != 4 || x != 0 || y != 0 ||
        !(width > 0) || !(height > 0)) {
      return Say("a drawing without view box");
    }
    width_ = width;
    height_ = height;
    marks_ = 0;
    LookAtMarks(svg);
    if (marks_ == 0) Say("a drawing without marks");
  }

  double NumberOf(const Node& mark, const char* name) {
    const auto attribute = mark.attributes.find(name);
    char* end = nullptr;
    const double value = attribute == mark.attributes.end() ? std::nan("") : std::strtod(attribute->second.c_str(), &end);
    if (!std::isfinite(value) || *end != '\0') Say(mark.tag + " has no number " + name);
    return value;
  }

  void Within(const Node& mark, double left, double top, double right, double bottom) {
    marks_++;
    if (left >= -kTolerance && top >= -kTolerance && right <= width_ + kTolerance && bottom <= height_ + kTolerance && left <= right && top <= bottom) return;
    Say(mark.tag + " from (" + std::to_string(left) + ", " + std::to_string(top) + ") to (" + std::to_string(right) + ", " + std::to_string(bottom) +
        ") lies outside of " + std::to_string(width_) + " x " + std::to_string(height_) + " " + mark.text);
  }

  void LookAtMarks(const Node& node) {
    for (const auto& child : node.children) {
      const Node& mark = *child;
      if (mark.tag == "rect") {
        const double left = NumberOf(mark, "x"), top = NumberOf(mark, "y");
        Within(mark, left, top, left + NumberOf(mark, "width"), top + NumberOf(mark, "height"));
      } else if (mark.tag == "line") {
        const double x1 = NumberOf(mark, "x1"), x2 = NumberOf(mark, "x2"), y1 = NumberOf(mark, "y1"), y2 = NumberOf(mark, "y2");
        Within(mark, std::min(x1, x2), std::min(y1, y2), std::max(x1, x2), std::max(y1, y2));
      } else if (mark.tag == "circle") {
        const double x = NumberOf(mark, "cx"), y = NumberOf(mark, "cy"), r = NumberOf(mark, "r");
        Within(mark, x - r, y - r, x + r, y + r);
      } else if (mark.tag == "polyline") {
        LookAtPoints(mark);
      } else if (mark.tag == "text") {
        LookAtText(mark);
      }
      LookAtMarks(mark);
    }
  }

  void LookAtPoints(const Node& mark) {
    const auto points = mark.attributes.find("points");
    if (points == mark.attributes.end()) return Say("a line without points");
    const char* at = points->second.c_str();
    size_t count = 0;
    while (*at != '\0') {
      char* end = nullptr;
      const double x = std::strtod(at, &end);
      if (end == at || *end != ',') return Say("points " + points->second);
      const double y = std::strtod(end + 1, &end);
      if (!std::isfinite(x) || !std::isfinite(y)) return Say("points " + points->second);
      Within(mark, x, y, x, y);
      at = *end == ' ' ? end + 1 : end;
      count++;
    }
    if (count < 2) Say("a line of one point");
  }

  void LookAtText(const Node& mark) {
    const double x = NumberOf(mark, "x"), y = NumberOf(mark, "y");
    const double width = static_cast<double>(mark.text.size()) * kLetterWidth * kLetterSize;
    const auto anchor = mark.attributes.find("text-anchor");
    const std::string where = anchor == mark.attributes.end() ? "" : anchor->second;
    const double left = where == "end" ? x - width : where == "middle" ? x - width / 2 : x;
    Within(mark, left, y - 0.8 * kLetterSize, left + width, y + 0.2 * kLetterSize);
  }

  std::vector<std::string>* problems_;
  std::set<std::string> ids_;
  std::vector<std::string> labels_;
  double width_ = 0, height_ = 0;
  int marks_ = 0;
};

void FindInto(const Node& node, const std::string& tag, std::vector<const Node*>* found) {
  if (node.tag == tag) found->push_back(&node);
  for (const auto& child : node.children) FindInto(*child, tag, found);
}

}  // namespace

std::unique_ptr<Node> ParsePage(std::string_view page) { return Parser(page).Parse(); }

std::vector<std::string> CheckPage(std::string_view page) {
  std::vector<std::string> problems;
  try {
    const std::unique_ptr<Node> root = ParsePage(page);
    Checker checker(&problems);
    checker.Look(*root);
    checker.LookAtLabels();
  } catch (const std::runtime_error& error) {
    problems.emplace_back(error.what());
  }
  return problems;
}

std::vector<const Node*> Find(const Node& root, const std::string& tag) {
  std::vector<const Node*> found;
  FindInto(root, tag, &found);
  return found;
}

std::string TextOf(const Node& node) {
  std::string text = node.text;
  for (const auto& child : node.children) text += TextOf(*child);
  return text;
}

}  // namespace report_test
