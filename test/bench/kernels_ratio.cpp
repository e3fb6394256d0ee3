// Are the hand-written kernels still what makes training fast? One network, 784-128-10 in mini-batches of 32, is trained in one process in three
// ways, taking turns: by autograd, by kernels, and by kernels on rows that are zero but for a fifth. Fails when kernels are not so much faster
// than autograd, or the zeros not so much faster than other rows, as they are with their fast paths: then one was lost.
//
// No absolute time is looked at: times are this thread's processor time, and only times of one round are compared with each other, so a busy
// machine will do. What the ratios normally are is in README.md.
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <vector>

#include "models.hpp"

namespace {

constexpr double kLeastOfKernels = 1.5, kLeastOfZeros = 1.15;
constexpr int kBatches = 30, kModels = 4, kRounds = 9;

bench::Rows RowsOf(const bench::Case& network, bool zeros) {
  bench::Rows rows = bench::MakeRows(network, static_cast<int64_t>(network.batch_size) * kBatches);
  for (size_t i = 0; zeros && i < rows.x.size(); i++) rows.x[i] = rows.x[i] % 5 == 0 ? rows.x[i] : 0;
  return rows;
}

bool Check(const char* what, std::vector<double> ratios, double least) {
  const double median = bench::Median(std::move(ratios));
  std::printf("%s: median ratio %.2f, at least %.2f is asked for\n", what, median, least);
  return median >= least;
}

bool Measure() {
  const bench::Case network = bench::Perceptron({784, 128, 10}, 32);
  const bench::Rows rows = RowsOf(network, false), zeros = RowsOf(network, true);
  const auto autograd = bench::MakeModels(network, rows.data, kModels, false);
  const auto kernels = bench::MakeModels(network, rows.data, kModels), on_zeros = bench::MakeModels(network, zeros.data, kModels);
  if (autograd[0].model->program().has_kernels() || !kernels[0].model->program().has_kernels()) throw std::runtime_error("both train in the same way");
  std::vector<double> of_kernels, of_zeros;
  for (int round = 0; round <= kRounds; round++) {
    const double slow = bench::SecondsPerStep(autograd, rows.buffer);
    const double fast = bench::SecondsPerStep(kernels, rows.buffer);
    const double fastest = bench::SecondsPerStep(on_zeros, zeros.buffer);
    std::printf("autograd %7.1f us  kernels %7.1f us  on zeros %7.1f us%s\n", 1e6 * slow, 1e6 * fast, 1e6 * fastest,
                round == 0 ? "  (not counted)" : "");
    if (round == 0) continue;
    of_kernels.push_back(slow / fast);
    of_zeros.push_back(fast / fastest);
  }
  const bool kernels_kept = Check("autograd to kernels", std::move(of_kernels), kLeastOfKernels);
  return Check("kernels to kernels on zeros", std::move(of_zeros), kLeastOfZeros) && kernels_kept;
}

}  // namespace

int main(int, char** argv) {
  try {
    engine::SetThreads(1);
    return Measure() ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
    return 1;
  }
}
