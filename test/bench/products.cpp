// The products of training steps by our kernels, by the BLAS, by LIBXSMM and by oneDNN: do ours reach the speed of what others took
// years to tune?
//
//   bench_products            shapes of the grids of test/bench/compare, A to D: of dense layers and, as products, of convolutions;
//                             L: large dense layers, whose products go in blocks
//
// Prints Gflop/s of each, and our share of the best of the others. All but L lie in cache; all run on one thread; times are processor time, of each the
// best of several rounds, taken in turns. A library that is not installed is left out, and said so. Packing that a step must do counts for
// ours; LIBXSMM and oneDNN are called for each product, as a framework calls them.
#include <dlfcn.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "engine/math/gemm_blocks.hpp"
#include "engine/math/gemm_pack.hpp"
#include "engine/math/gemm_tiles.hpp"

#ifdef CEREBRO_BENCH_XSMM
#include <libxsmm.h>
#endif
#ifdef CEREBRO_BENCH_DNNL
#include <oneapi/dnnl/dnnl.h>
#endif

namespace {

using engine::math::kPanelColumns;

constexpr int kRounds = 9;
constexpr double kRoundSeconds = 0.01;

struct Shape {
  const char* of;
  int64_t m, k, n;  // rows of a mini-batch (positions of a convolution), inputs, outputs
  bool first;       // nobody asks for the gradient of its input
};

const Shape kShapes[] = {
    {"A 64-32", 32, 64, 32, true},        {"A 32-10", 32, 32, 10, false},      {"B 784-128, 32", 32, 784, 128, true},
    {"B 128-10, 32", 32, 128, 10, false}, {"B 784-128, 64", 64, 784, 128, true}, {"B 128-10, 64", 64, 128, 10, false},
    {"C 200-256", 256, 200, 256, true},   {"C 256-128", 256, 256, 128, false}, {"D conv 1-6", 784, 25, 6, true},
    {"D conv 6-16", 196, 150, 16, false}, {"D 784-120", 32, 784, 120, false},  {"D 120-84", 32, 120, 84, false},
    {"D 84-10", 32, 84, 10, false},       {"D conv 1-20", 576, 25, 20, true},  {"D conv 20-50", 64, 500, 50, false},
    {"D 800-500", 32, 800, 500, false},   {"L 256-3000", 32, 256, 3000, false}, {"L 3000-1000", 32, 3000, 1000, false},
    {"L 3000-1000, 256", 256, 3000, 1000, false}, {"L 1024-1024", 32, 1024, 1024, false}, {"L 4096-4096", 128, 4096, 4096, false},
};

double Seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

std::vector<float> Numbers(int64_t n) {
  std::vector<float> values(static_cast<size_t>(n));
  for (size_t i = 0; i < values.size(); i++) values[i] = 1e-3f * static_cast<float>(i % 997) - 0.4f;
  return values;
}

struct Contestant {
  std::string name;
  std::function<void()> call;
  std::vector<float>* result;
  int64_t repeats = 1;
  double best = 1e30;
};

// One thing to be computed, by all: their results must agree.
struct Product {
  std::string name;
  double flops;
  std::vector<Contestant> contestants;

  void Measure() {
    for (Contestant& c : contestants) {
      for (c.call();; c.repeats *= 2) {
        const double started = Seconds();
        for (int64_t i = 0; i < c.repeats; i++) c.call();
        if (Seconds() - started > kRoundSeconds) break;
      }
    }
    for (int round = 0; round < kRounds; round++) {
      for (Contestant& c : contestants) {
        const double started = Seconds();
        for (int64_t i = 0; i < c.repeats; i++) c.call();
        c.best = std::min(c.best, (Seconds() - started) / static_cast<double>(c.repeats));
      }
    }
  }

  // Our time over the best of the others; 0 without others.
  double Print() const {
    std::printf("%-16s %-9s", name.substr(0, name.find('|')).c_str(), name.substr(name.find('|') + 1).c_str());
    double best = 1e30;
    for (const Contestant& c : contestants) {
      std::printf(" %s %6.1f", c.name.c_str(), 1e-9 * flops / c.best);
      if (&c != &contestants[0]) best = std::min(best, c.best);
      for (size_t i = 0; i < c.result->size(); i++) {
        const double ours = static_cast<double>((*contestants[0].result)[i]), other = static_cast<double>((*c.result)[i]);
        if (std::abs(ours - other) > 1e-3 * (1 + std::abs(ours))) {
          std::printf("\n%s differs at %zu: %g, %g\n", c.name.c_str(), i, ours, other);
          std::exit(1);
        }
      }
    }
    if (contestants.size() == 1) return std::printf("\n"), 0;
    std::printf("  share %3.0f %%\n", 100 * best / contestants[0].best);
    return best / contestants[0].best;
  }
};

// Column-major, as the BLAS has it.
struct Gemm {
  char ta, tb;
  int64_t m, n, k;
  const float *a, *b;
  int64_t lda, ldb;
};

using Sgemm = void(const char*, const char*, const int*, const int*, const int*, const float*, const float*, const int*, const float*, const int*,
                   const float*, float*, const int*);

// On one thread; nullptr where there is none.
Sgemm* TheBlas() {
  static Sgemm* const found = [] {
    void* library = dlopen("libblas.so.3", RTLD_NOW);
    if (library == nullptr) return static_cast<Sgemm*>(nullptr);
    const auto threads = reinterpret_cast<void (*)(int)>(dlsym(library, "openblas_set_num_threads"));
    if (threads != nullptr) threads(1);
    return reinterpret_cast<Sgemm*>(dlsym(library, "sgemm_"));
  }();
  return found;
}

void AddOthers(const Gemm& gemm, Product* product, std::vector<std::vector<float>>* results) {
  if (TheBlas() != nullptr) {
    std::vector<float>* y = &results->emplace_back(Numbers(gemm.m * gemm.n));
    product->contestants.push_back({"BLAS", [gemm, y] {
                                      const int m = static_cast<int>(gemm.m), n = static_cast<int>(gemm.n), k = static_cast<int>(gemm.k);
                                      const int lda = static_cast<int>(gemm.lda), ldb = static_cast<int>(gemm.ldb);
                                      const float one = 1, zero = 0;
                                      TheBlas()(&gemm.ta, &gemm.tb, &m, &n, &k, &one, gemm.a, &lda, gemm.b, &ldb, &zero, y->data(), &m);
                                    }, y});
  }
#ifdef CEREBRO_BENCH_XSMM
  std::vector<float>* x = &results->emplace_back(Numbers(gemm.m * gemm.n));
  product->contestants.push_back({"LIBXSMM", [gemm, x] {
                                    const libxsmm_blasint m = static_cast<int>(gemm.m), n = static_cast<int>(gemm.n), k = static_cast<int>(gemm.k);
                                    const libxsmm_blasint lda = static_cast<int>(gemm.lda), ldb = static_cast<int>(gemm.ldb);
                                    const float one = 1, zero = 0;
                                    if (gemm.ta == 'N') {
                                      libxsmm_sgemm(&gemm.ta, &gemm.tb, &m, &n, &k, &one, gemm.a, &lda, gemm.b, &ldb, &zero, x->data(), &m);
                                      return;
                                    }
                                    // it has no kernels for a transposed left side: the transpose is made first, as ours is
                                    static std::vector<float> turned;
                                    turned.resize(static_cast<size_t>(gemm.m * gemm.k));
                                    libxsmm_otrans(turned.data(), gemm.a, sizeof(float), k, m, lda, m);
                                    libxsmm_sgemm("N", &gemm.tb, &m, &n, &k, &one, turned.data(), &m, gemm.b, &ldb, &zero, x->data(), &m);
                                  }, x});
#endif
#ifdef CEREBRO_BENCH_DNNL
  std::vector<float>* d = &results->emplace_back(Numbers(gemm.m * gemm.n));
  // row-major: the transposed product
  product->contestants.push_back(
      {"oneDNN", [gemm, d] { dnnl_sgemm(gemm.tb, gemm.ta, gemm.n, gemm.m, gemm.k, 1, gemm.b, gemm.ldb, gemm.a, gemm.lda, 0, d->data(), gemm.m); }, d});
#endif
}

double Run(const Shape& s) {
  const auto& ours = engine::math::TheGemmKernels<float>();
  static constexpr int64_t kNoOffset = 0;
  const auto matrix = [](const std::vector<float>& values, int64_t rows, int64_t columns) {
    return engine::math::Patches<float>{values.data(), 1, rows, 0, columns, &kNoOffset, 1, columns};
  };
  const std::vector<float> x = Numbers(s.m * s.k), w = Numbers(s.k * s.n), g = Numbers(s.m * s.n);
  std::vector<float> packed(static_cast<size_t>(std::max(engine::math::PackedElements(s.k, s.n), engine::math::PackedElements(s.n, s.k))));
  std::vector<std::vector<float>> results;
  results.reserve(12);
  const bool blocks = s.k * s.n > 512 * 1024;  // as native/layers/dense.cpp has it
  const double flops = 2.0 * static_cast<double>(s.m) * static_cast<double>(s.k) * static_cast<double>(s.n);
  double time = 0, best = 0;
  const auto add = [&](const char* what, int64_t size, const std::function<void(float*)>& call, const Gemm& gemm) {
    Product product{std::string(s.of) + "|" + what, flops, {}};
    std::vector<float>* y = &results.emplace_back(static_cast<size_t>(size));
    product.contestants.push_back({"ours", [call, y] { call(y->data()); }, y});
    AddOthers(gemm, &product, &results);
    product.Measure();
    const double share = product.Print();
    time += product.contestants[0].best;
    best += share * product.contestants[0].best;
  };
  add("forward", s.m * s.n, [&](float* y) {
    if (blocks) {
      return engine::math::MultiplyBlocks<float>({{x.data(), s.k, 1}, {w.data(), s.n, 1}, s.m, s.n, s.k, nullptr, false, false, y, s.n});
    }
    // as native/layers/dense.cpp: where it lies; a convolution packs its few weights (native/layers/conv2d.cpp)
    const auto panels = std::string(s.of).find("conv") != std::string::npos ? engine::math::PackPanels(w.data(), s.k, s.n, packed.data())
                                                         : engine::math::Panels<float>{w.data(), s.n, s.n, kPanelColumns};
    ours.product(matrix(x, s.m, s.k), panels, nullptr, false, y);
  }, {'N', 'N', s.n, s.m, s.k, w.data(), x.data(), s.n, s.k});
  add("weights", s.k * s.n, [&](float* dw) {
    if (blocks) {
      return engine::math::MultiplyBlocks<float>({{x.data(), 1, s.k}, {g.data(), s.n, 1}, s.k, s.n, s.m, nullptr, false, true, dw, s.n});
    }
    ours.gradient(matrix(x, s.m, s.k), g.data(), s.n, false, dw);
  },
      {'N', 'T', s.n, s.k, s.m, g.data(), x.data(), s.n, s.k});
  if (!s.first) {
    add("input", s.m * s.k, [&](float* dx) {
      if (blocks) {
        return engine::math::MultiplyBlocks<float>({{g.data(), s.n, 1}, {w.data(), 1, s.n}, s.m, s.k, s.n, nullptr, false, false, dx, s.k});
      }
      ours.product(matrix(g, s.m, s.n), engine::math::PackTransposed(w.data(), s.k, s.n, packed.data()), nullptr, false, dx);
    }, {'T', 'N', s.k, s.m, s.n, w.data(), g.data(), s.n, s.n});
  }
  return time > 0 ? best / time : 0;
}

}  // namespace

int main() {
#ifndef CEREBRO_BENCH_XSMM
  std::printf("without LIBXSMM (libxsmm-dev)\n");
#endif
#ifndef CEREBRO_BENCH_DNNL
  std::printf("without oneDNN (libdnnl-dev)\n");
#endif
  double sum = 0, least = 1e30;
  for (const Shape& shape : kShapes) {
    const double share = Run(shape);
    sum += share;
    least = std::min(least, share);
  }
  std::printf("share of the best of the others, a layer's products together: mean %.0f %%, least %.0f %%\n", 100 * sum / static_cast<double>(std::size(kShapes)), 100 * least);
}
