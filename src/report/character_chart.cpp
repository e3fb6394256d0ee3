#include "report/character_chart.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "report/axis.hpp"

namespace report {
namespace {

constexpr char kMarks[] = {'*', 'o', '+', 'x', '#', '@', '%', '='};
static_assert(sizeof(kMarks) == kMostSeries, "a mark a series");
constexpr size_t kLinesBelow = 2;  // of the axis and its labels

/// A canvas of characters; (0, 0) is at the upper left.
class Canvas {
 public:
  Canvas(size_t width, size_t height) : lines_(height, std::string(width, ' ')) {}
  void Put(size_t x, size_t y, char c) {
    if (y < lines_.size() && x < lines_[y].size()) lines_[y][x] = c;
  }
  void Put(size_t x, size_t y, const std::string& text) {
    for (size_t i = 0; i < text.size(); i++) Put(x + i, y, text[i]);
  }
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines = lines_;
    for (std::string& line : lines) line.erase(line.find_last_not_of(' ') + 1);
    return lines;
  }

 private:
  std::vector<std::string> lines_;
};

std::string ShortNumber(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g", value);
  return text;
}

size_t At(const Scale& scale, double value) { return static_cast<size_t>(std::lround(scale.At(value))); }

// Points, and what lies between two of them.
void DrawSeries(const CharacterSeries& series, char mark, const Scale& x, const Scale& y, Canvas* canvas) {
  const std::pair<double, double>* before = nullptr;
  for (const auto& point : series.points) {
    if (!y.Holds(point.second)) {
      before = nullptr;
      continue;
    }
    const double to_x = x.At(point.first), to_y = y.At(point.second);
    canvas->Put(At(x, point.first), At(y, point.second), mark);
    if (before != nullptr) {
      const double from_x = x.At(before->first), from_y = y.At(before->second);
      const auto pieces = static_cast<int>(std::ceil(std::max(std::fabs(to_x - from_x), std::fabs(to_y - from_y))));
      for (int i = 1; i < pieces; i++) {
        const double share = static_cast<double>(i) / pieces;
        canvas->Put(static_cast<size_t>(std::lround(from_x + share * (to_x - from_x))),
                    static_cast<size_t>(std::lround(from_y + share * (to_y - from_y))), mark);
      }
    }
    before = &point;
  }
}

std::string LegendOf(const CharacterSeries& series, char mark) {
  std::string last = "no finite value";
  for (const auto& point : series.points) {
    if (IsFinite(point.second)) last = ShortNumber(point.second) + " after iteration " + ShortNumber(point.first);
  }
  return std::string("  ") + mark + " " + series.name + ": " + last;
}

}  // namespace

std::vector<std::string> CharacterChart(const std::string& title, const std::vector<CharacterSeries>& series, int width, int height) {
  Range iterations, values;
  for (const CharacterSeries& one : series) {
    for (const auto& [iteration, value] : one.points) {
      iterations.Add(iteration);
      values.Add(value);
    }
  }
  std::vector<std::string> lines;
  const bool logarithm = SuitsLogarithm(values);
  lines.push_back(title + (logarithm ? " (logarithmic scale)" : ""));
  if (values.empty) {
    lines.emplace_back("  There is no finite value to be drawn.");
  } else {
    const auto rows = static_cast<size_t>(height) - kLinesBelow;
    const Scale y(values, static_cast<double>(rows - 1), 0, logarithm, false, std::max(2, static_cast<int>(rows) / 4));
    size_t room = 0;
    for (const Tick& tick : y.ticks()) room = std::max(room, tick.label.size());
    const size_t left = room + 2;  // a blank, and the axis
    const auto columns = static_cast<size_t>(width) - left;
    const Scale x(iterations, static_cast<double>(left), static_cast<double>(left + columns - 1), false, true,
                  std::max(2, static_cast<int>(columns) / 10));
    Canvas canvas(static_cast<size_t>(width), static_cast<size_t>(height));
    for (size_t row = 0; row < rows; row++) canvas.Put(left - 1, row, '|');
    for (const Tick& tick : y.ticks()) {
      const size_t row = At(y, tick.value);
      canvas.Put(room - tick.label.size(), row, tick.label);
      canvas.Put(left - 1, row, '+');
    }
    canvas.Put(left - 1, rows, "+" + std::string(columns, '-'));
    size_t free_from = 0;  // labels leave a blank between them
    for (const Tick& tick : x.ticks()) {
      const size_t at = At(x, tick.value);
      canvas.Put(at, rows, '+');
      const size_t begin = std::min(at - std::min(at, (tick.label.size() - 1) / 2), static_cast<size_t>(width) - tick.label.size());
      if (begin < free_from) continue;
      canvas.Put(begin, rows + 1, tick.label);
      free_from = begin + tick.label.size() + 1;
    }
    for (size_t s = series.size(); s-- > 0;) DrawSeries(series[s], kMarks[s], x, y, &canvas);
    for (std::string& line : canvas.Lines()) lines.push_back(std::move(line));
  }
  for (size_t s = 0; s < series.size(); s++) lines.push_back(LegendOf(series[s], kMarks[s]));
  return lines;
}

}  // namespace report
