// The cost model against the engine: seconds of a training step and of a scored row as measured, and as src/plan/cost.cpp estimates them.
//
//   bench_engine_cost [rounds [name [file]]]   of each figure the least of so many rounds (default 7) counts; with a name, only the cases
//                                                that have it; file: an IDX file of bytes whose first rows are taken instead of
//                                                random ones
//
// Eight models of a case are trained one after another on one buffer, as a fusion group does whose members have their own orders of rows. Times are
// those of the processor. Steps are in us, scored rows in ns.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "models.hpp"
#include "plan/cost.hpp"

namespace {

using bench::Case;
using bench::Conv;
using bench::Dense;
using bench::Last;
using bench::Layer;
using bench::LeNet;
using bench::Perceptron;

constexpr int kModels = 8;

Case With(Case c, const std::string& optimizer) {
  c.optimizer = optimizer;
  c.name += " " + optimizer.substr(0, optimizer.find('('));
  if (optimizer.find("momentum") != std::string::npos) c.name += " m";
  return c;
}

Case Digits(int filters, int64_t hidden, int batch_size) {
  Case c{"8x8 conv " + std::to_string(filters) + " dense " + std::to_string(hidden), "", {8, 8, 1}, 10, batch_size};
  c.layers = Conv(filters, 3, "same", c.input) + ", " + Layer("MaxPooling2D", "") + ", " + Layer("Flatten", "") + ", " + Dense(hidden, "relu") +
             ", " + Last(10);
  return c;
}

/// The quickstart's.
Case Convnet(int batch_size) {
  Case c{"8x8 conv 16-32 Dropout", "", {8, 8, 1}, 10, batch_size};
  c.layers = Conv(16, 3, "same", c.input) + ", " + Layer("MaxPooling2D", "") + ", " + Conv(32, 3, "same") + ", " + Layer("Flatten", "") + ", " +
             Layer("Dropout", R"(, "rate": 0.3)") + ", " + Last(10);
  return c;
}

Case Colours(int batch_size) {
  Case c{"32x32x3 conv 32-32-64", "", {32, 32, 3}, 10, batch_size};
  c.layers = Conv(32, 3, "same", c.input) + ", " + Conv(32, 3, "same") + ", " + Layer("MaxPooling2D", "") + ", " + Conv(64, 3, "same") + ", " +
             Layer("MaxPooling2D", "") + ", " + Layer("Flatten", "") + ", " + Dense(128, "relu") + ", " + Last(10);
  return c;
}

/// Convolutions of few channels, one behind the other, as small trunks have them.
Case Narrow(int size, int filters, int count, int batch_size) {
  Case c{std::to_string(size) + "x" + std::to_string(size) + "x3 " + std::to_string(count) + " conv " + std::to_string(filters), "", {size, size, 3}, 10, batch_size};
  c.layers = Conv(filters, 3, "same", c.input);
  for (int i = 1; i < count; i++) c.layers += ", " + Conv(filters, 3, "same");
  c.layers += ", " + Layer("GlobalAveragePooling2D", "") + ", " + Last(10);
  return c;
}

Case Recurrent(const std::string& kind, int64_t units, const base::Shape& input, int batch_size) {
  Case c{kind + " " + std::to_string(input[0]) + "x" + std::to_string(input[1]) + "-" + std::to_string(units), "", input, 10, batch_size};
  c.layers = Layer(kind, R"(, "units": )" + std::to_string(units), input) + ", " + Last(10);
  return c;
}

void Run(const Case& c, bool kernels, int rounds, const std::string& file) {
  const base::Graph graph = bench::GraphOf(c);
  const base::TrainConfig config = bench::ConfigOf(c);
  const double guess = plan::EstimateCost(graph, config, kernels).seconds_per_step();
  const int64_t rows = std::clamp<int64_t>(static_cast<int64_t>(4e-3 / guess), 2, 100) * c.batch_size;
  const bench::Rows made = bench::MakeRows(c, rows, file);
  const std::vector<bench::Trainee> models = bench::MakeModels(c, made.data, kModels, kernels);
  if (kernels && !models[0].model->program().has_kernels()) return;
  const plan::ModelCost cost = plan::EstimateCost(graph, config, kernels, models[0].model->InputDensity(made.buffer));
  double step = 1e30, row = 1e30;
  for (int round = 0; round < rounds; round++) {
    step = std::min(step, bench::SecondsPerStep(models, made.buffer));
    const double started = bench::Seconds();
    for (const bench::Trainee& trainee : models) {
      std::vector<double> sums(trainee.model->program().sums_size(), 0.0);
      trainee.model->Evaluate(made.buffer, sums.data(), {});
    }
    row = std::min(row, (bench::Seconds() - started) / static_cast<double>(rows * kModels));
  }
  const plan::StepParts& s = cost.step;
  const double batch = static_cast<double>(std::min<int64_t>(rows, std::max(256, c.batch_size)));
  std::printf("%-28s batch %3d %-8s  step %8.1f  estimated %8.1f  ratio %5.2f  (calls %.1f products %.1f elements %.1f gather %.1f update %.1f)"
              "  row %7.1f  estimated %7.1f  ratio %5.2f  (of %.0f rows)\n",
              c.name.c_str(), c.batch_size, kernels ? "kernels" : "autograd", 1e6 * step, 1e6 * s.Sum(), s.Sum() / step, 1e6 * s.calls,
              1e6 * s.products, 1e6 * s.elements, 1e6 * s.gather, 1e6 * s.update, 1e9 * row, 1e9 * cost.seconds_per_scored_row,
              cost.seconds_per_scored_row / row, batch);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    engine::SetThreads(1);
    std::printf("%s\n", engine::BuildDescription().c_str());
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 7;
    const Case b = Perceptron({784, 128, 10}, 32);
    const std::vector<Case> cases{
        Perceptron({64, 32, 10}, 32), b, Perceptron({784, 128, 10}, 64), Perceptron({200, 256, 128, 1}, 256),
        Perceptron({12, 10, 3}, 16), Perceptron({64, 64, 32, 10}, 64), Perceptron({100, 100, 100, 10}, 32), Perceptron({784, 32, 10}, 128),
        Perceptron({784, 512, 256, 10}, 128), Perceptron({2000, 500, 10}, 64), Perceptron({200, 256, 128, 1}, 32),
        Perceptron({64, 32, 10}, 32, "Dropout"), Perceptron({784, 128, 10}, 64, "Dropout"), Perceptron({784, 128, 10}, 64, "BatchNormalization"),
        With(b, "SGD(lr=0.01)"), With(b, "SGD(lr=0.01,momentum=0.9)"), With(b, "RMSprop(lr=0.001)"), With(b, "RMSprop(lr=0.001,momentum=0.9)"),
        With(b, "Adagrad(lr=0.01)"), With(b, "AdamW(lr=0.001)"), Digits(8, 32, 32), Digits(16, 32, 16), Convnet(16), Convnet(32), Perceptron({64, 128, 10}, 16, "Dropout"),
        Perceptron({64, 128, 10}, 32, "Dropout"),
        LeNet("LeNet-5", 6, 16, "same", {120, 84}, 32), LeNet("LeNet-5", 6, 16, "same", {120, 84}, 64),
        LeNet("LeNet 20-50-500", 20, 50, "valid", {500}, 32), LeNet("LeNet 20-50-500", 20, 50, "valid", {500}, 64), Colours(32),
        Narrow(32, 4, 4, 32), Narrow(32, 8, 4, 32), Narrow(32, 16, 4, 32), Narrow(32, 24, 4, 32), Narrow(32, 32, 4, 32), Narrow(8, 4, 4, 32),
        Narrow(8, 8, 4, 32), Narrow(8, 32, 4, 32), Narrow(8, 64, 4, 32),
        Recurrent("LSTM", 32, {28, 28}, 32), Recurrent("LSTM", 128, {28, 28}, 64), Recurrent("GRU", 64, {20, 16}, 32)};
    for (const Case& c : cases) {
      if (argc > 2 && c.name.find(argv[2]) == std::string::npos) continue;
      for (const bool kernels : {true, false}) Run(c, kernels, rounds, argc > 3 ? argv[3] : "");
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
    return 1;
  }
  return 0;
}
