#include "engine/math/orthogonal.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "engine/math/poll.hpp"

namespace engine::math {

namespace {

// tf.math.l2_normalize's epsilon is 10^-12, of squares
constexpr double kShortest = 1e-6;

/// The vectors, divided by their lengths.
class Units {
 public:
  template <typename T>
  Units(const T* w, const Vectors& v) : count_(v.are_columns ? v.columns : v.rows), length_(v.are_columns ? v.rows : v.columns) {
    values_.resize(static_cast<size_t>(count_ * length_));
    for (int64_t i = 0; i < count_; i++) {
      double* unit = values_.data() + i * length_;
      double sum = 0;
      for (int64_t k = 0; k < length_; k++) {
        unit[k] = static_cast<double>(v.are_columns ? w[k * v.columns + i] : w[i * v.columns + k]);
        sum += unit[k] * unit[k];
      }
      lengths_.push_back(std::sqrt(sum));
      const double divisor = std::max(lengths_.back(), kShortest);
      for (int64_t k = 0; k < length_; k++) unit[k] /= divisor;
    }
  }

  int64_t count() const { return count_; }
  int64_t length() const { return length_; }
  double pairs() const { return static_cast<double>(count_) * static_cast<double>(count_ - 1) / 2; }
  const double* at(int64_t i) const { return values_.data() + i * length_; }
  double LengthOf(int64_t i) const { return lengths_[static_cast<size_t>(i)]; }

  double Product(int64_t i, int64_t j) const {
    const double *a = at(i), *b = at(j);
    double sum = 0;
    for (int64_t k = 0; k < length_; k++) sum += a[k] * b[k];
    return sum;
  }

 private:
  int64_t count_, length_;
  std::vector<double> values_, lengths_;
};

template <typename T>
double Penalty(const T* w, const Vectors& vectors, double factor) {
  const Units units(w, vectors);
  if (units.count() < 2) return 0;
  double sum = 0;
  for (int64_t i = 0; i < units.count(); i++) {
    PollInterrupts();
    for (int64_t j = i + 1; j < units.count(); j++) sum += std::fabs(units.Product(i, j));
  }
  return factor / units.pairs() * sum;
}

template <typename T>
void AddGradient(const T* w, const Vectors& vectors, double factor, T* gradient) {
  const Units units(w, vectors);
  if (units.count() < 2) return;
  const double share = factor / units.pairs();
  std::vector<double> slope(static_cast<size_t>(units.length()));  // with respect to u_i
  for (int64_t i = 0; i < units.count(); i++) {
    PollInterrupts();
    std::fill(slope.begin(), slope.end(), 0.0);
    for (int64_t j = 0; j < units.count(); j++) {
      if (j == i) continue;
      const double product = units.Product(i, j), sign = product > 0 ? share : (product < 0 ? -share : 0);
      for (int64_t k = 0; k < units.length(); k++) slope[static_cast<size_t>(k)] += sign * units.at(j)[k];
    }
    // through u = w / |w|, whose length is fixed, or u = w / 10^-6
    const double length = units.LengthOf(i);
    double along = 0;
    for (int64_t k = 0; k < units.length(); k++) along += slope[static_cast<size_t>(k)] * units.at(i)[k];
    for (int64_t k = 0; k < units.length(); k++) {
      const double of_unit = slope[static_cast<size_t>(k)];
      const double of_weight = length < kShortest ? of_unit / kShortest : (of_unit - along * units.at(i)[k]) / length;
      gradient[vectors.are_columns ? k * vectors.columns + i : i * vectors.columns + k] += static_cast<T>(of_weight);
    }
  }
}

}  // namespace

double OrthogonalPenalty(const float* w, const Vectors& vectors, double factor) { return Penalty(w, vectors, factor); }
double OrthogonalPenalty(const double* w, const Vectors& vectors, double factor) { return Penalty(w, vectors, factor); }

void AddOrthogonalGradient(const float* w, const Vectors& vectors, double factor, float* gradient) {
  AddGradient(w, vectors, factor, gradient);
}
void AddOrthogonalGradient(const double* w, const Vectors& vectors, double factor, double* gradient) {
  AddGradient(w, vectors, factor, gradient);
}

}  // namespace engine::math
