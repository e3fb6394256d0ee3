// Scales from values to coordinates, with ticks at round values.
#pragma once

#include <string>
#include <vector>

namespace report {

/// The least and the greatest of finite values. Values beyond +-1e300 count as infinite.
struct Range {
  double least = 0, greatest = 0;
  bool empty = true;
  void Add(double value);
};

/// Whether a value can be drawn.
bool IsFinite(double value);

/// Whether a logarithmic scale shows such values better: all are positive and they differ by a factor of 20 or more.
bool SuitsLogarithm(const Range& range);

struct Tick {
  double value = 0;
  std::string label;
};

class Scale {
 public:
  /// range: not empty. It is widened to round values. from, to: coordinates of its least and greatest value. integers:
  /// ticks are at whole numbers. about: how many ticks. REQUIRES SuitsLogarithm(range) or positive values for a
  /// logarithm.
  Scale(const Range& range, double from, double to, bool logarithm, bool integers = false, int about = 5);

  /// The coordinate of a value within the scale's range.
  double At(double value) const;
  bool Holds(double value) const { return IsFinite(value) && value >= least_ && value <= greatest_; }
  const std::vector<Tick>& ticks() const { return ticks_; }
  bool logarithm() const { return logarithm_; }

 private:
  void TickLinear(bool integers, int about);
  void TickLogarithm();

  double least_, greatest_, from_, to_;
  bool logarithm_;
  std::vector<Tick> ticks_;
};

}  // namespace report
