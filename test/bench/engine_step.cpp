// One training step of one model: the hand-written kernels against autograd, in memory, with no database.
//
//   bench_engine_step [models [name [kernels [file]]]]     models of each kind trained one after another on one buffer (default 8); prints us per
//                                                            step and model; with a name, only the kinds whose name has it; with "kernels",
//                                                            only by kernels; file: an IDX file of bytes whose first rows are taken instead of
//                                                            random ones
//
// The shapes are those of the project's acceptance tests; every figure is processor time, the median of seven rounds, the two paths
// alternating.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "models.hpp"

namespace {

using bench::Case;

/// steps: of one round.
void Run(const Case& c, int steps, int count, bool kernels_only, const std::string& file) {
  const bench::Rows rows = bench::MakeRows(c, static_cast<int64_t>(c.batch_size) * steps, file);
  bench::Compare(c.name, c.batch_size, rows.buffer, kernels_only, [&](bool kernels) { return bench::MakeModels(c, rows.data, count, kernels); });
}

}  // namespace

int main(int argc, char** argv) {
  try {
    engine::SetThreads(1);
    std::printf("%s\n", engine::BuildDescription().c_str());
    const int count = argc > 1 ? std::atoi(argv[1]) : 8;
    const std::pair<Case, int> cases[] = {{bench::Perceptron({64, 32, 10}, 32), 60},
                                          {bench::Perceptron({784, 128, 10}, 32), 30},
                                          {bench::Perceptron({784, 128, 10}, 64), 20},
                                          {bench::Perceptron({200, 256, 128, 1}, 256), 8},
                                          {bench::LeNet("LeNet-5", 6, 16, "same", {120, 84}, 32), 8},
                                          {bench::LeNet("LeNet-5", 6, 16, "same", {120, 84}, 64), 4},
                                          {bench::LeNet("LeNet 20-50-500", 20, 50, "valid", {500}, 32), 4},
                                          {bench::LeNet("LeNet 20-50-500", 20, 50, "valid", {500}, 64), 2},
                                          {bench::Sequence("LSTM", 24, 8, 32, 64), 8},
                                          {bench::Sequence("GRU", 24, 8, 32, 64), 8},
                                          {bench::Sequence("SimpleRNN", 24, 8, 32, 64), 8},
                                          {bench::TextCNN(64), 4},
                                          {bench::MobileNet(32), 1}};
    for (const auto& [c, steps] : cases) {
      if (argc > 2 && c.name.find(argv[2]) == std::string::npos) continue;
      Run(c, steps, count, argc > 3 && std::string(argv[3]) == "kernels", argc > 4 ? argv[4] : "");
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
    return 1;
  }
  return 0;
}
