// Are the hand-written kernels still what makes training fast? One network, 784-128-10 in mini-batches of 32, is trained by kernels and by autograd
// on the same rows in one process, the two alternating. Fails when kernels take more than autograd's time over kLeastRatio: a fast path was lost.
// No absolute time is looked at, so any machine will do, also a busy one: times are this thread's processor time, and a round's two
// measurements are compared with each other only.
#include <cstdio>
#include <exception>
#include <vector>

#include "models.hpp"

namespace {

constexpr double kLeastRatio = 1.3;  // see test/bench/README.md for what it normally is
constexpr int kBatches = 30, kModels = 4, kRounds = 9;

double MedianRatio() {
  const bench::Case network = bench::Perceptron({784, 128, 10}, 32);
  const bench::Rows rows = bench::MakeRows(network, static_cast<int64_t>(network.batch_size) * kBatches);
  const auto autograd = bench::MakeModels(network, rows.data, kModels, false), kernels = bench::MakeModels(network, rows.data, kModels, true);
  if (autograd[0].model->has_kernels() || !kernels[0].model->has_kernels()) throw std::runtime_error("the two models train the same way");
  std::vector<double> ratios;
  for (int round = -1; round < kRounds; round++) {
    const double slow = bench::SecondsPerStep(autograd, rows.buffer), fast = bench::SecondsPerStep(kernels, rows.buffer);
    std::printf("autograd %7.1f us  kernels %7.1f us  ratio %.2f%s\n", 1e6 * slow, 1e6 * fast, slow / fast, round < 0 ? "  (not counted)" : "");
    if (round >= 0) ratios.push_back(slow / fast);
  }
  return bench::Median(ratios);
}

}  // namespace

int main(int, char** argv) {
  try {
    engine::SetThreads(1);
    const double ratio = MedianRatio();
    std::printf("median ratio %.2f, at least %.2f is asked for\n", ratio, kLeastRatio);
    return ratio >= kLeastRatio ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
    return 1;
  }
}
