#include "report/svg.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "report/text.hpp"

namespace report {
namespace {

// Tenths: below what an eye sees.
std::string Coordinate(double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.1f", value);
  char* end = text + std::strlen(text);
  if (end - text > 2 && end[-1] == '0') end[-2] = '\0';
  return std::strcmp(text, "-0") == 0 ? "0" : text;
}

std::string Attribute(const char* name, const std::string& value) { return std::string(" ") + name + "=\"" + value + "\""; }
std::string Attribute(const char* name, double value) { return Attribute(name, Coordinate(value)); }

// The end of an element, with a tool tip inside.
std::string EndOf(const char* element, std::string_view tip) {
  if (tip.empty()) return "/>\n";
  return "><title>" + Escape(tip) + "</title></" + element + ">\n";
}

}  // namespace

Svg::Svg(std::string id, double width, double height, std::string_view title, std::string_view description)
    : width_(width), height_(height) {
  text_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"" + id + "-title " + id + "-desc\" viewBox=\"0 0 " +
          Coordinate(width) + " " + Coordinate(height) + "\" style=\"max-width:" + Coordinate(width) + "px\">\n<title id=\"" + id + "-title\">" + Escape(title) + "</title>\n<desc id=\"" + id +
          "-desc\">" + Escape(description) + "</desc>\n";
}

void Svg::Open(const std::string& classes, std::string_view tip) {
  text_ += "<g" + Attribute("class", classes) + ">\n";
  if (!tip.empty()) text_ += "<title>" + Escape(tip) + "</title>\n";
}

void Svg::Close() { text_ += "</g>\n"; }

void Svg::Rect(double x, double y, double width, double height, const std::string& classes, std::string_view tip, double opacity) {
  text_ += "<rect" + Attribute("x", x) + Attribute("y", y) + Attribute("width", width) + Attribute("height", height) +
           Attribute("class", classes);
  if (opacity < 1) {
    char share[16];
    std::snprintf(share, sizeof(share), "%.2f", opacity);
    text_ += Attribute("fill-opacity", std::string(share));
  }
  text_ += EndOf("rect", tip);
}

void Svg::Line(double x1, double y1, double x2, double y2, const std::string& classes) {
  text_ += "<line" + Attribute("x1", x1) + Attribute("y1", y1) + Attribute("x2", x2) + Attribute("y2", y2) + Attribute("class", classes) + "/>\n";
}

void Svg::Polyline(const std::vector<Spot>& spots, const std::string& classes, std::string_view tip) {
  if (spots.size() < 2) return;
  std::string points;
  for (const Spot& spot : spots) points += (points.empty() ? "" : " ") + Coordinate(spot.x) + "," + Coordinate(spot.y);
  text_ += "<polyline" + Attribute("points", points) + Attribute("class", classes) + EndOf("polyline", tip);
}

void Svg::Circle(double x, double y, double radius, const std::string& classes, std::string_view tip) {
  text_ += "<circle" + Attribute("cx", x) + Attribute("cy", y) + Attribute("r", radius) + Attribute("class", classes) + EndOf("circle", tip);
}

void Svg::Text(double x, double y, std::string_view text, const std::string& classes, Anchor anchor, double most_width) {
  const double room = anchor == Anchor::kStart ? width_ - x : anchor == Anchor::kEnd ? x : 2 * std::min(x, width_ - x);
  const std::string fitting = Fit(text, std::min(room, most_width), kFontSize);
  if (fitting.empty()) return;
  static constexpr const char* kAnchors[] = {"start", "middle", "end"};
  text_ += "<text" + Attribute("x", x) + Attribute("y", y) + Attribute("text-anchor", kAnchors[static_cast<int>(anchor)]) +
           Attribute("class", classes) + ">" + Escape(fitting);
  // what was cut can be read as a tool tip
  if (fitting.size() != text.size()) text_ += "<title>" + Escape(text) + "</title>";
  text_ += "</text>\n";
}

std::string Svg::Finish() { return std::move(text_) + "</svg>\n"; }

}  // namespace report
