// keras.optimizers.Lamb (Keras 3). At step t = 1, 2, ...
//   m = beta_1 m + (1 - beta_1) g,  v = beta_2 v + (1 - beta_2) g^2
//   u = m / (1 - beta_1^t) / (sqrt(v / (1 - beta_2^t)) + epsilon)
//   w -= rate |w| / |u| u, with Euclid's norms over the tensor; where one of them is 0 their ratio counts as 1
// Two passes: the first moves m and v and sums the squares of w and u, the second makes u again from m and v and moves w.
// Sums are in double, element i added to sum i mod 16, as SumOfSquares does.
#include <algorithm>
#include <cmath>

#include "engine/math/clipping.hpp"
#include "engine/math/optimizers/lamb_formula.hpp"
#include "engine/math/optimizers/rule.hpp"
#include "engine/math/poll.hpp"

namespace engine::math {

namespace {

using base::OptimizerConfig;

using lamb::kRate;
using lamb::kOneMinusFirst;
using lamb::kOneMinusSecond;
using lamb::kFirst;
using lamb::kSecond;
using lamb::kEpsilon;
using lamb::Direction;

constexpr int64_t kPart = 1024 * 1024;  // elements between two polls for interrupts
static_assert(kPart % kSquareLanes == 0);

template <typename T>
CEREBRO_INLINE void Moments(const Coefficients<T>& k, const T* __restrict g, T* __restrict m, T* __restrict v, int64_t n,
                            double* __restrict sums) {
  double lanes[kSquareLanes];
  for (int j = 0; j < kSquareLanes; j++) lanes[j] = sums[j];
  for (int64_t first = 0; first < n; first += kSquareLanes) {
    const int64_t count = n - first < kSquareLanes ? n - first : kSquareLanes;
    for (int64_t j = 0; j < count; j++) {
      const int64_t i = first + j;
      m[i] += (g[i] - m[i]) * k[kOneMinusFirst];
      v[i] += (g[i] * g[i] - v[i]) * k[kOneMinusSecond];
      const double u = static_cast<double>(Direction(k, m[i], v[i]));
      lanes[j] += u * u;
    }
  }
  for (int j = 0; j < kSquareLanes; j++) sums[j] = lanes[j];
}

template <typename T>
CEREBRO_INLINE void Step(const Coefficients<T>& k, T rate, const T* __restrict m, const T* __restrict v, int64_t n, T* __restrict w) {
  for (int64_t i = 0; i < n; i++) w[i] -= rate * Direction(k, m[i], v[i]);
}

}  // namespace

// One function a kernel and type: clones are made of plain functions, not of templates.
#define CEREBRO_DEFINE_ALL(T)                                                                                                       \
  CEREBRO_CLONES void LambMoments(const Coefficients<T>& k, const T* g, T* m, T* v, int64_t n, double* sums) {                      \
    Moments(k, g, m, v, n, sums);                                                                                                   \
  }                                                                                                                                 \
  CEREBRO_CLONES void LambStep(const Coefficients<T>& k, T rate, const T* m, const T* v, int64_t n, T* w) { Step(k, rate, m, v, n, w); }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

namespace {

double NormOf(double (&lanes)[kSquareLanes]) {
  for (int width = kSquareLanes / 2; width > 0; width /= 2) {
    for (int j = 0; j < width; j++) lanes[j] += lanes[j + width];
  }
  return std::sqrt(lanes[0]);
}

template <typename T>
void Update(Coefficients<T> k, T* w, const T* g, T* const* s, int64_t n) {
  double weights[kSquareLanes] = {}, moves[kSquareLanes] = {};
  for (int64_t first = 0; first < n; first += kPart) {
    if (first > 0) PollInterrupts();
    const int64_t count = std::min(kPart, n - first);
    AddSquares(w + first, count, weights);
    LambMoments(k, g + first, s[0] + first, s[1] + first, count, moves);
  }
  const double weight = NormOf(weights), move = NormOf(moves);
  // a NaN goes on
  const double ratio = weight == 0 || move == 0 ? 1 : weight / move;
  const T rate = static_cast<T>(ratio * static_cast<double>(k[kRate]));
  for (int64_t first = 0; first < n; first += kPart) {
    if (first > 0) PollInterrupts();
    LambStep(k, rate, s[0] + first, s[1] + first, std::min(kPart, n - first), w + first);
  }
}

UpdateKernels Kernels(const OptimizerConfig&) { return {Update<float>, Update<double>}; }

Coefficients<double> Scalars(const OptimizerConfig& config, double learning_rate, uint64_t step) {
  const double t = static_cast<double>(step) + 1;
  Coefficients<double> k;
  k[kRate] = learning_rate;
  k[kOneMinusFirst] = 1 - config.beta_1;
  k[kOneMinusSecond] = 1 - config.beta_2;
  k[kFirst] = 1 / (1 - std::pow(config.beta_1, t));
  k[kSecond] = 1 / (1 - std::pow(config.beta_2, t));
  k[kEpsilon] = config.epsilon;
  return k;
}

}  // namespace

const OptimizerRule kLAMBRule{Kernels, Scalars, true};

}  // namespace engine::math
