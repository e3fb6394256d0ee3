// Elements of a page, as HTML that is well-formed XML, too. Inside of src/report only.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/run.hpp"

namespace report {

/// inside: HTML.
std::string Element(const std::string& tag, const std::string& attributes, const std::string& inside);
std::string Paragraph(std::string_view text, const std::string& attributes = {});

/// A table with a caption; numeric columns are aligned right.
class Table {
 public:
  Table(std::string_view caption, const std::vector<std::pair<std::string, bool>>& columns);
  /// cells: HTML. The first one is the row's head.
  void Add(const std::vector<std::string>& cells, const std::string& classes = {});
  std::string Finish() const;

 private:
  std::string caption_, head_, rows_;
  std::vector<bool> numeric_;
};

std::string Figure(const std::string& drawing, std::string_view caption);
std::string Details(std::string_view summary, const std::string& inside);
std::string List(const std::vector<Setting>& settings, const std::string& classes);
std::string ListInTwo(const std::vector<Setting>& settings);
std::string Section(const std::string& id, std::string_view kicker, std::string_view heading,
                    const std::string& inside);
/// The whole document.
std::string Document(std::string_view title, const std::string& body);

}  // namespace report
