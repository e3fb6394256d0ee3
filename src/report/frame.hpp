// What the drawings have in common: frames with axes, names of series. Inside of src/report only.
#pragma once

#include <string>

#include "report/axis.hpp"
#include "report/svg.hpp"

namespace report {

constexpr double kChartWidth = 760;

/// The inside of a chart's axes.
struct Frame {
  double left = 0, top = 0, right = 0, bottom = 0;
};

/// Grid lines and labels of a scale at the left of the frame.
void DrawLeftAxis(const Frame& frame, const Scale& scale, Svg* svg);
/// Labels and small marks of a scale below the frame, and the axis's name.
void DrawBottomAxis(const Frame& frame, const Scale& scale, const std::string& name, Svg* svg);

/// The class of a model by its rank, from 0: "s1" ... for the best, "muted" for others.
std::string SeriesClass(size_t rank);
/// "model 7": its mst_key.
std::string ModelName(long long mst_key);

}  // namespace report
