// Ticks lie at 1, 2 or 5 times a power of ten; the range ends at ticks. A logarithmic scale has ticks at powers of ten,
// at 2 and 5 times these where there are fewer than three decades, and skips decades where there are many.
#include "report/axis.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace report {
namespace {

constexpr double kGreatestDrawn = 1e300;
constexpr double kLogarithmFactor = 20;
constexpr double kLeastDrawn = 1e-300;  // nearer to 0 a distance of ticks may become 0, and powers of ten lose digits
constexpr int kMostDecades = 7;

double RoundDistance(double span, int about) {
  const double rough = span / about;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * power * (1 + 1e-9)) return factor * power;
  }
  return 10 * power;
}

std::string TickLabel(double value, double distance) {
  char text[64];
  const double size = std::fabs(value);
  if (size != 0 && (size >= 1e5 || distance < 1e-4)) {
    std::snprintf(text, sizeof(text), "%.3g", value);
  } else {
    const int decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(distance) - 1e-9)), 0, 6);
    std::snprintf(text, sizeof(text), "%.*f", decimals, value);
  }
  return text;
}

}  // namespace

bool IsFinite(double value) { return std::isfinite(value) && std::fabs(value) <= kGreatestDrawn; }

void Range::Add(double value) {
  if (!IsFinite(value)) return;
  if (std::fabs(value) < kLeastDrawn) value = 0;
  least = empty ? value : std::min(least, value);
  greatest = empty ? value : std::max(greatest, value);
  empty = false;
}

bool SuitsLogarithm(const Range& range) { return !range.empty && range.least >= kLeastDrawn && range.greatest / range.least >= kLogarithmFactor; }

Scale::Scale(const Range& range, double from, double to, bool logarithm, bool integers, int about)
    : least_(range.least), greatest_(range.greatest), from_(from), to_(to), logarithm_(logarithm) {
  if (logarithm_) {
    TickLogarithm();
  } else {
    TickLinear(integers, about);
  }
}

void Scale::TickLinear(bool integers, int about) {
  if (!(greatest_ - least_ > 1e-9 * std::max(std::fabs(least_), std::fabs(greatest_)))) {
    const double half = least_ == 0 || integers ? 1 : 0.05 * std::fabs(least_);
    least_ -= half;
    greatest_ += half;
  }
  double distance = RoundDistance(greatest_ - least_, about);
  if (integers) distance = std::max(1.0, std::round(distance));
  // whole multiples of the distance; counted, so that sums of rounding do not matter
  const double first = std::floor(least_ / distance + 1e-9), last = std::ceil(greatest_ / distance - 1e-9);
  if (!integers) {
    least_ = std::min(least_, first * distance);
    greatest_ = std::max(greatest_, last * distance);
  }
  for (double k = first; k <= last; k++) {
    const double value = k * distance;
    if (value < least_ - 1e-9 * distance || value > greatest_ + 1e-9 * distance) continue;
    ticks_.push_back({value, TickLabel(value, distance)});
  }
}

void Scale::TickLogarithm() {
  const int first = static_cast<int>(std::floor(std::log10(least_) + 1e-9)), last = static_cast<int>(std::ceil(std::log10(greatest_) - 1e-9));
  const bool between = last - first <= 2;
  if (!between) {
    least_ = std::min(least_, std::pow(10, first));
    greatest_ = std::max(greatest_, std::pow(10, last));
  } else {
    // a little room instead of most of a decade
    least_ /= 1.1;
    greatest_ *= 1.1;
  }
  const int stride = (last - first) / kMostDecades + 1;
  for (int decade = first; decade <= last; decade += stride) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (factor > 1 && !between) continue;
      const double value = factor * std::pow(10, decade);
      if (value < least_ || value > greatest_) continue;
      char text[32];
      std::snprintf(text, sizeof(text), "%.3g", value);
      ticks_.push_back({value, text});
    }
  }
}

double Scale::At(double value) const {
  const double share = logarithm_ ? (std::log(value) - std::log(least_)) / (std::log(greatest_) - std::log(least_))
                                  : (value - least_) / (greatest_ - least_);
  return from_ + std::clamp(share, 0.0, 1.0) * (to_ - from_);
}

}  // namespace report
