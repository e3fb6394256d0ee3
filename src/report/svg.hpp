// The marks of a drawing, as SVG inside of a page. Coordinates are those of the view box: from 0 to width, downwards
// from 0 to height. Colours are classes, which the page's style sheet knows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace report {

struct Spot {
  double x = 0, y = 0;
};

enum class Anchor { kStart, kMiddle, kEnd };

class Svg {
 public:
  /// id: unique in the page. title and description are read out by screen readers.
  Svg(std::string id, double width, double height, std::string_view title, std::string_view description);

  /// Marks between Open and Close have a class and a tool tip in common.
  void Open(const std::string& classes, std::string_view tip = {});
  void Close();
  void Rect(double x, double y, double width, double height, const std::string& classes, std::string_view tip = {}, double opacity = 1);
  void Line(double x1, double y1, double x2, double y2, const std::string& classes);
  /// A line through all spots; one spot is drawn as nothing.
  void Polyline(const std::vector<Spot>& spots, const std::string& classes, std::string_view tip = {});
  void Circle(double x, double y, double radius, const std::string& classes, std::string_view tip = {});
  /// A text of one line, shortened to fit between the edges of the drawing and into most_width.
  void Text(double x, double y, std::string_view text, const std::string& classes, Anchor anchor = Anchor::kStart, double most_width = 1e9);

  double width() const { return width_; }
  double height() const { return height_; }
  std::string Finish();

 private:
  double width_, height_;
  std::string text_;
};

/// Size of the letters of a drawing, in units of its view box.
constexpr double kFontSize = 11;

}  // namespace report
