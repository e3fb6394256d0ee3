// The floor under a training step of a chain of dense layers: its products at the speed of the BLAS, and one pass of the optimizer in
// cache.
//
//   bench_floor <batch size> <inputs> <units...>      prints name=value lines
//
//   peak        Gflop/s of a large product (512 x 512 x 512), the best of several rounds
//   shapes      Gflop/s of the step's own products, each on operands that lie in cache
//   flops       floating-point operations of the products of a step: forward, weight gradients, and input gradients but for the first layer
//   parameters  of the model
//   adam, rmsprop, momentum   ns a parameter of one optimizer step on 16,384 parameters
//
// Times are processor time. Run one copy a core at the same time: that is how models train.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "engine/core/model.hpp"
#include "engine/math/blas_library.hpp"
#include "engine/math/optimizer.hpp"
#include "plan/params.hpp"

namespace {

constexpr int kRounds = 15;
constexpr double kRoundSeconds = 0.02;

double Seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Seconds of one call: the best of rounds that are long enough for the clock.
template <typename Call>
double Best(Call call) {
  call();
  int64_t repeats = 1;
  double best = 1e30;
  for (int round = 0; round < kRounds;) {
    const double started = Seconds();
    for (int64_t i = 0; i < repeats; i++) call();
    const double spent = Seconds() - started;
    if (spent < kRoundSeconds) {
      repeats *= 2;
      continue;
    }
    best = std::min(best, spent / static_cast<double>(repeats));
    round++;
  }
  return best;
}

std::vector<float> Numbers(int64_t n) {
  std::vector<float> values(static_cast<size_t>(n));
  for (size_t i = 0; i < values.size(); i++) values[i] = 1e-3f * static_cast<float>(i % 997) - 0.4f;
  return values;
}

using Sgemm = void(const char*, const char*, const int*, const int*, const int*, const float*, const float*, const int*,
                   const float*, const int*, const float*, float*, const int*);

/// c = a b by the BLAS, column-major: c (m, n), the summed dimension k; 'T': the matrix lies transposed.
void Multiply(char ta, char tb, int64_t m, int64_t n, int64_t k, const float* a, const float* b, float* c) {
  static const auto sgemm = reinterpret_cast<Sgemm*>(engine::math::FindBlasFunction("sgemm_"));
  if (sgemm == nullptr) throw std::runtime_error("the BLAS has no sgemm_");
  const int rows = static_cast<int>(m), columns = static_cast<int>(n), inner = static_cast<int>(k);
  const int lda = ta == 'N' ? rows : inner, ldb = tb == 'N' ? inner : columns;
  const float one = 1, zero = 0;
  sgemm(&ta, &tb, &rows, &columns, &inner, &one, a, &lda, b, &ldb, &zero, c, &rows);
}

// Row-major: the same memory is the transpose, column-major.

/// y (m, n) = x (m, k) w (k, n)
void Product(const float* x, const float* w, int64_t m, int64_t k, int64_t n, float* y) {
  Multiply('N', 'N', n, m, k, w, x, y);
}

/// dx (m, k) = g (m, n) w^T, w (k, n)
void InputGradient(const float* g, const float* w, int64_t m, int64_t k, int64_t n, float* dx) {
  Multiply('T', 'N', k, m, n, w, g, dx);
}

/// dw (k, n) = x^T g, x (m, k), g (m, n)
void WeightGradient(const float* x, const float* g, int64_t m, int64_t k, int64_t n, float* dw) {
  Multiply('N', 'T', n, k, m, g, x, dw);
}

double OptimizerNanoseconds(const std::string& optimizer) {
  constexpr int64_t kParameters = 16384;
  const base::TrainConfig config = plan::ReadConfig("loss='mse', optimizer='" + optimizer + "'", "batch_size=1");
  std::vector<float> w = Numbers(kParameters);
  const std::vector<float> g = Numbers(kParameters);
  std::vector<std::vector<float>> slots(engine::math::SlotNames(config.optimizer).size(), std::vector<float>(kParameters, 1e-3f));
  std::vector<float*> at;
  for (std::vector<float>& slot : slots) at.push_back(slot.data());
  uint64_t step = 0;
  return 1e9 / kParameters *
         Best([&] { engine::math::ApplyUpdate(config.optimizer, 1e-6, step++, w.data(), g.data(), at.data(), kParameters); });
}

void Run(int64_t batch, const std::vector<int64_t>& units) {
  engine::SetThreads(1);
  // choosing the BLAS's kernels is part of building a description
  std::printf("build=%s\n", engine::BuildDescription().c_str());
  {
    constexpr int64_t kSide = 512;
    const std::vector<float> a = Numbers(kSide * kSide), b = Numbers(kSide * kSide);
    std::vector<float> c = Numbers(kSide * kSide);
    const double seconds = Best([&] { Product(a.data(), b.data(), kSide, kSide, kSide, c.data()); });
    std::printf("peak=%.2f\n", 2e-9 * kSide * kSide * kSide / seconds);
  }
  double flops = 0, seconds = 0;
  int64_t parameters = 0;
  for (size_t i = 1; i < units.size(); i++) {
    const int64_t k = units[i - 1], n = units[i];
    std::vector<float> x = Numbers(batch * k), w = Numbers(k * n), y = Numbers(batch * n);
    const double one = 2.0 * static_cast<double>(batch) * static_cast<double>(k) * static_cast<double>(n);
    seconds += Best([&] { Product(x.data(), w.data(), batch, k, n, y.data()); });
    seconds += Best([&] { WeightGradient(x.data(), y.data(), batch, k, n, w.data()); });
    flops += 2 * one;
    if (i > 1) {
      w = Numbers(k * n);
      y = Numbers(batch * n);
      seconds += Best([&] { InputGradient(y.data(), w.data(), batch, k, n, x.data()); });
      flops += one;
    }
    parameters += (k + 1) * n;
  }
  std::printf("shapes=%.2f\nflops=%.0f\nparameters=%lld\n", 1e-9 * flops / seconds, flops, static_cast<long long>(parameters));
  std::printf("adam=%.4f\nrmsprop=%.4f\nmomentum=%.4f\n", OptimizerNanoseconds("Adam(lr=0.001)"), OptimizerNanoseconds("RMSprop(lr=0.001)"),
              OptimizerNanoseconds("SGD(lr=0.01, momentum=0.9)"));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::vector<int64_t> units;
    for (int i = 2; i < argc; i++) units.push_back(std::atoll(argv[i]));
    if (units.size() < 2) {
      std::fprintf(stderr, "usage: %s <batch size> <inputs> <units...>\n", argv[0]);
      return 2;
    }
    Run(std::atoll(argv[1]), units);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
    return 1;
  }
  return 0;
}
