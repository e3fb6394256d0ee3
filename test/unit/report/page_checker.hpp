// Reads a page as strictly as XML wants it and looks at every element: what a browser would have to guess is an error, a
// mark outside of its view box is one, and so is any reference to something outside of the page.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace report_test {

struct Node {
  std::string tag;
  std::map<std::string, std::string> attributes;  // with references resolved to '?' where they are not ASCII
  std::string text;                               // of its own, likewise
  std::vector<std::unique_ptr<Node>> children;
};

/// Throws std::runtime_error, with the line, where the page is not well-formed.
std::unique_ptr<Node> ParsePage(std::string_view page);

/// What is wrong with a page; empty: nothing.
std::vector<std::string> CheckPage(std::string_view page);

/// All elements of a tag, in the order of the page.
std::vector<const Node*> Find(const Node& root, const std::string& tag);
/// The text of an element and of all below it.
std::string TextOf(const Node& node);

}  // namespace report_test
