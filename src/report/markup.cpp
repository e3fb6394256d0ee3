#include "report/markup.hpp"

#include "report/style.hpp"
#include "report/text.hpp"

namespace report {

std::string Element(const std::string& tag, const std::string& attributes, const std::string& inside) {
  return "<" + tag + (attributes.empty() ? "" : " " + attributes) + ">" + inside + "</" + tag + ">\n";
}
std::string Paragraph(std::string_view text, const std::string& attributes) {
  return Element("p", attributes, Escape(text));
}

Table::Table(std::string_view caption, const std::vector<std::pair<std::string, bool>>& columns) : caption_(caption) {
  for (const auto& [name, numeric] : columns) {
    numeric_.push_back(numeric);
    head_ += "<th scope=\"col\"" + std::string(numeric ? " class=\"num\"" : "") + ">" + Escape(name) + "</th>";
  }
}

void Table::Add(const std::vector<std::string>& cells, const std::string& classes) {
  rows_ += "<tr" + (classes.empty() ? "" : " class=\"" + classes + "\"") + ">";
  for (size_t i = 0; i < cells.size(); i++) {
    const std::string tag = i == 0 ? "th scope=\"row\"" : "td", kind = numeric_.at(i) ? " class=\"num\""
                                                                       : i == 0       ? ""
                                                                                      : " class=\"text\"";
    rows_ += "<" + tag + kind + ">" + cells[i] + (i == 0 ? "</th>" : "</td>");
  }
  rows_ += "</tr>\n";
}

std::string Table::Finish() const {
  const std::string table = "<table>\n<caption>" + Escape(caption_) + "</caption>\n<thead><tr>" + head_ +
                            "</tr></thead>\n<tbody>\n" + rows_ + "</tbody>\n</table>";
  return Element("div", "class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"" + Escape(caption_) + "\"", table);
}

std::string Figure(const std::string& drawing, std::string_view caption) {
  return Element("figure", "", "\n" + drawing + (caption.empty() ? "" : Element("figcaption", "", Escape(caption))));
}

std::string Details(std::string_view summary, const std::string& inside) {
  return Element("details", "", "<summary>" + Escape(summary) + "</summary>\n" + inside);
}

std::string List(const std::vector<Setting>& settings, const std::string& classes) {
  std::string items;
  for (const Setting& setting : settings) {
    if (setting.value.empty()) continue;
    items += "<div><dt>" + Escape(setting.name) + "</dt><dd>" + Escape(setting.value) + "</dd></div>\n";
  }
  return Element("dl", "class=\"" + classes + "\"", "\n" + items);
}

std::string ListInTwo(const std::vector<Setting>& settings) {
  std::string items;
  for (const Setting& setting : settings) {
    if (!setting.value.empty())
      items += "<dt>" + Escape(setting.name) + "</dt><dd>" + Escape(setting.value) + "</dd>\n";
  }
  return Element("dl", "class=\"list\"", "\n" + items);
}

std::string Section(const std::string& id, std::string_view kicker, std::string_view heading,
                    const std::string& inside) {
  return "<section id=\"" + id + "\" aria-labelledby=\"" + id + "-h\">\n" + Paragraph(kicker, "class=\"kicker\"") +
         Element("h2", "id=\"" + id + "-h\"", Escape(heading)) + inside + "</section>\n";
}

std::string Document(std::string_view title, const std::string& body) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>" +
         Escape(title) + "</title>\n<style>" + kStyleSheet + "</style>\n</head>\n<body>\n" + body +
         "</body>\n</html>\n";
}

}  // namespace report
