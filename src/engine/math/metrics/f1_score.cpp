// The harmonic mean of precision and recall, as keras.metrics.F1Score has it. An element is a yes when its output is above
// the threshold; without one, when no other of the position is larger and it is not 0, or above 0.5 where a position has
// one element (Keras takes it for a yes always). A target is weighed by its value, as in Keras.
//
// Sums of each class: true positives, false positives, false negatives.
#include <cmath>

#include "engine/math/metrics/sums.hpp"

namespace engine::math {

namespace {

using base::MetricConfig;

enum { kHits, kFalse, kMissed, kEach };

size_t Count(const MetricConfig& metric, int64_t classes) { return SumsOfClasses(metric, classes, kEach); }

template <typename T>
void Update(const MetricConfig& metric, const MetricBatch<T>& batch, double* sums) {
  constexpr double kAlone = 0.5, kNothing = 1e-9;
  const bool largest = metric.threshold == 0 && batch.classes > 1;
  const T threshold = static_cast<T>(metric.threshold == 0 ? kAlone : metric.threshold);
  ForPositions(batch, [&](int64_t position) {
    const T* outputs = batch.output + position * batch.classes;
    const T top = outputs[ArgMax(outputs, batch.classes)];
    for (int64_t c = 0; c < batch.classes; c++) {
      const bool yes = largest ? outputs[c] >= top && std::abs(outputs[c]) > static_cast<T>(kNothing) : outputs[c] > threshold;
      const double target = static_cast<double>(TargetAt(batch, position, c));
      double* own = sums + c * kEach;
      own[yes ? kHits : kMissed] += target;
      if (yes) own[kFalse] += 1 - target;
    }
  });
}

double Score(const double* own) {
  const double precision = Ratio(own[kHits], own[kHits] + own[kFalse]), recall = Ratio(own[kHits], own[kHits] + own[kMissed]);
  return 2 * Ratio(precision * recall, precision + recall);
}

double Finish(const MetricConfig& metric, int64_t classes, const double* sums) {
  const auto average = static_cast<base::Average>(metric.average);
  if (average == base::Average::kMicro) {
    double all[kEach] = {};
    for (int64_t i = 0; i < classes * kEach; i++) all[i % kEach] += sums[i];
    return Score(all);
  }
  double sum = 0, weights = 0;
  for (int64_t c = 0; c < classes; c++) {
    const double* own = sums + c * kEach;
    const double weight = average == base::Average::kWeighted ? own[kHits] + own[kMissed] : 1;
    sum += weight * Score(own);
    weights += weight;
  }
  return Ratio(sum, weights);
}

}  // namespace

const MetricRule kF1ScoreSums{Count, Update<float>, Update<double>, Finish};

}  // namespace engine::math
