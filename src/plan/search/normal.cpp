#include "plan/search/normal.hpp"

#include <cmath>

namespace plan {

double NormalDensity(double z) { return std::exp(-0.5 * z * z) * 0.39894228040143267794; }

double NormalBelow(double z) { return 0.5 * std::erfc(-z * 0.70710678118654752440); }

double NormalQuantile(double p) {
  double low = -9, high = 9;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (NormalBelow(middle) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace plan
