// How far predicted classes agree with the true ones beyond chance. The predicted class is the first largest output; of an
// output of one element whether it is above 0.5, and there are two classes.
//   matthews_correlation  Gorodkin's correlation of k classes (2004), for two classes Matthews's (1975).
//   cohen_kappa           1 - w / e (Cohen, 1960 and 1968), w the weights of pairs (true, predicted) summed over the
//                         positions, e the same as expected from how often each class is true and predicted. Weights:
//                         1 where they differ, |i - j|, or (i - j)^2.
// 0 where they are undefined: all positions are of one class, or predicted as one.
//
// Sums: positions; right ones; w; then how often each class is true, how often predicted.
#include <cmath>

#include "engine/math/metrics/sums.hpp"

namespace engine::math {

namespace {

using base::MetricConfig;
using base::Weightage;

enum { kPositions, kRight, kDistance, kFirstClass };

int64_t Classes(int64_t elements) { return elements == 1 ? 2 : elements; }

size_t Count(const MetricConfig& metric, int64_t classes) { return kFirstClass + SumsOfClasses(metric, Classes(classes), 2); }

template <typename T>
int64_t TrueClass(const MetricBatch<T>& batch, int64_t position) {
  if (batch.classes > 1) return TargetClass(batch, position);
  return TargetAt(batch, position, 0) > T(0) ? 1 : 0;
}

template <typename T>
int64_t PredictedClass(const MetricBatch<T>& batch, int64_t position) {
  constexpr double kDecision = 0.5;
  const T* outputs = batch.output + position * batch.classes;
  return batch.classes > 1 ? ArgMax(outputs, batch.classes) : outputs[0] > static_cast<T>(kDecision) ? 1 : 0;
}

double Weight(Weightage weightage, int64_t i, int64_t j) {
  const double distance = std::abs(static_cast<double>(i - j));
  if (weightage == Weightage::kLinear) return distance;
  return weightage == Weightage::kQuadratic ? distance * distance : distance > 0 ? 1 : 0;
}

template <typename T>
void Update(const MetricConfig& metric, const MetricBatch<T>& batch, double* sums) {
  const int64_t classes = Classes(batch.classes);
  double *actual = sums + kFirstClass, *predicted = actual + classes;
  ForPositions(batch, [&](int64_t position) {
    const int64_t i = TrueClass(batch, position), j = PredictedClass(batch, position);
    if (i < 0 || i >= classes) return;
    sums[kPositions] += 1;
    sums[kRight] += i == j ? 1 : 0;
    sums[kDistance] += Weight(static_cast<Weightage>(metric.weightage), i, j);
    actual[i] += 1;
    predicted[j] += 1;
  });
}

// In parts of the positions: the coefficient is a correlation of the two classes as one-hot vectors.
double Correlation(const MetricConfig&, int64_t elements, const double* sums) {
  const int64_t classes = Classes(elements);
  const double *actual = sums + kFirstClass, *predicted = actual + classes, n = sums[kPositions];
  if (n == 0) return 0;
  double together = sums[kRight] / n, of_actual = 1, of_predicted = 1;
  for (int64_t c = 0; c < classes; c++) {
    const double a = actual[c] / n, p = predicted[c] / n;
    together -= a * p;
    of_actual -= a * a;
    of_predicted -= p * p;
  }
  return of_actual <= 0 || of_predicted <= 0 ? 0 : together / std::sqrt(of_actual * of_predicted);
}

// Sum over i, j of actual[i] predicted[j] |i - j|: each step from c to c + 1 is passed by what lies on different sides.
double LinearDistance(int64_t classes, const double* actual, const double* predicted, double n) {
  double sum = 0, actual_below = 0, predicted_below = 0;
  for (int64_t c = 0; c + 1 < classes; c++) {
    actual_below += actual[c];
    predicted_below += predicted[c];
    sum += actual_below * (n - predicted_below) + predicted_below * (n - actual_below);
  }
  return sum;
}

double SquaredDistance(int64_t classes, const double* actual, const double* predicted, double n) {
  double actual_sum = 0, predicted_sum = 0, squares = 0;
  for (int64_t c = 0; c < classes; c++) {
    const double at = static_cast<double>(c);
    actual_sum += at * actual[c];
    predicted_sum += at * predicted[c];
    squares += at * at * (actual[c] + predicted[c]);
  }
  return squares * n - 2 * actual_sum * predicted_sum;
}

double Kappa(const MetricConfig& metric, int64_t elements, const double* sums) {
  const int64_t classes = Classes(elements);
  const double *actual = sums + kFirstClass, *predicted = actual + classes, n = sums[kPositions];
  double expected = n * n;
  switch (static_cast<Weightage>(metric.weightage)) {
    case Weightage::kLinear:
      expected = LinearDistance(classes, actual, predicted, n);
      break;
    case Weightage::kQuadratic:
      expected = SquaredDistance(classes, actual, predicted, n);
      break;
    case Weightage::kNone:
      for (int64_t c = 0; c < classes; c++) expected -= actual[c] * predicted[c];
      break;
  }
  return expected == 0 ? 0 : 1 - sums[kDistance] * n / expected;
}

}  // namespace

const MetricRule kMatthewsCorrelationSums{Count, Update<float>, Update<double>, Correlation};
const MetricRule kCohenKappaSums{Count, Update<float>, Update<double>, Kappa};

}  // namespace engine::math
