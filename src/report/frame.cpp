#include "report/frame.hpp"

#include "report/charts.hpp"
#include "report/text.hpp"

namespace report {

void DrawLeftAxis(const Frame& frame, const Scale& scale, Svg* svg) {
  for (const Tick& tick : scale.ticks()) {
    const double y = scale.At(tick.value);
    svg->Line(frame.left, y, frame.right, y, "grid");
    svg->Text(frame.left - 8, y + 3.5, tick.label, "tick", Anchor::kEnd, frame.left - 8);
  }
}

void DrawBottomAxis(const Frame& frame, const Scale& scale, const std::string& name, Svg* svg) {
  svg->Line(frame.left, frame.bottom, frame.right, frame.bottom, "axis");
  for (const Tick& tick : scale.ticks()) {
    const double x = scale.At(tick.value);
    svg->Line(x, frame.bottom, x, frame.bottom + 4, "axis");
    svg->Text(x, frame.bottom + 17, tick.label, "tick", Anchor::kMiddle);
  }
  svg->Text((frame.left + frame.right) / 2, frame.bottom + 34, name, "name", Anchor::kMiddle, frame.right - frame.left);
}

std::string SeriesClass(size_t rank) { return rank < kHighlighted ? "s" + std::to_string(rank + 1) : "muted"; }

std::string ModelName(long long mst_key) { return "model " + std::to_string(mst_key); }

}  // namespace report
