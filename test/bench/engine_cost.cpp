// The cost model against the engine: seconds of a training step and of a scored row as measured, and as src/plan/cost.cpp estimates them.
//
//   bench_engine_cost [rounds [name]]     of each figure the least of so many rounds (default 7) counts; with a name, only the cases that have it
//
// Eight models of a case are trained one after another on one buffer, as a group does whose members have their own orders of rows. Times are
// those of the processor. Steps are in us, scored rows in ns.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "base/philox.hpp"
#include "engine/model.hpp"
#include "plan/cost.hpp"
#include "plan/params.hpp"
#include "wire/keras.hpp"

namespace {

constexpr int kModels = 8;

struct Case {
  std::string name;
  std::string layers;  // Keras's, without the brackets and the first one's input shape
  base::Shape input;
  int64_t outputs;
  int batch_size;
  std::string optimizer = "Adam(learning_rate=0.001)";
};

std::string Layer(const std::string& kind, const std::string& arguments, const base::Shape& input = {}) {
  static int number = 0;
  std::string shape;
  for (const int64_t d : input) shape += ", " + std::to_string(d);
  if (!shape.empty()) shape = R"(, "batch_input_shape": [null)" + shape + "]";
  return R"({"class_name": ")" + kind + R"(", "config": {"name": "l)" + std::to_string(number++) + "\"" + shape + arguments + "}}";
}

std::string Dense(int64_t units, const std::string& activation, const base::Shape& input = {}) {
  return Layer("Dense", R"(, "units": )" + std::to_string(units) + R"(, "activation": ")" + activation + "\"", input);
}

std::string Conv(int filters, int window, const std::string& padding, const base::Shape& input = {}) {
  const std::string w = std::to_string(window);
  return Layer("Conv2D", R"(, "filters": )" + std::to_string(filters) + R"(, "kernel_size": [)" + w + ", " + w +
                             R"(], "activation": "relu", "padding": ")" + padding + "\"", input);
}

std::string Last(int64_t outputs) { return Dense(outputs, outputs == 1 ? "sigmoid" : "softmax"); }

/// units: inputs, hidden, outputs. between: a layer behind each hidden one.
Case Perceptron(const std::vector<int64_t>& units, int batch_size, const std::string& between = {}) {
  Case c{"", "", {units[0]}, units.back(), batch_size};
  for (size_t i = 0; i < units.size(); i++) {
    c.name += (i > 0 ? "-" : "") + std::to_string(units[i]);
    if (i == 0) continue;
    if (i + 1 == units.size()) {
      c.layers += ", " + Last(units[i]);
    } else {
      c.layers += (i > 1 ? ", " : "") + Dense(units[i], "relu", i == 1 ? c.input : base::Shape{});
      if (!between.empty()) c.layers += ", " + Layer(between, between == "Dropout" ? R"(, "rate": 0.2)" : "");
    }
  }
  if (!between.empty()) c.name += " " + between;
  return c;
}

Case With(Case c, const std::string& optimizer) {
  c.optimizer = optimizer;
  c.name += " " + optimizer.substr(0, optimizer.find('('));
  if (optimizer.find("momentum") != std::string::npos) c.name += " m";
  return c;
}

Case LeNet(const std::string& name, int first, int second, const std::string& padding, const std::vector<int64_t>& hidden, int batch_size) {
  Case c{name, "", {28, 28, 1}, 10, batch_size};
  c.layers = Conv(first, 5, padding, c.input) + ", " + Layer("MaxPooling2D", "") + ", " + Conv(second, 5, padding) + ", " +
             Layer("MaxPooling2D", "") + ", " + Layer("Flatten", "");
  for (const int64_t units : hidden) c.layers += ", " + Dense(units, "relu");
  c.layers += ", " + Last(10);
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

Case Recurrent(const std::string& kind, int64_t units, const base::Shape& input, int batch_size) {
  Case c{kind + " " + std::to_string(input[0]) + "x" + std::to_string(input[1]) + "-" + std::to_string(units), "", input, 10, batch_size};
  c.layers = Layer(kind, R"(, "units": )" + std::to_string(units), input) + ", " + Last(10);
  return c;
}

struct FreeAligned {
  void operator()(void* block) const { ::operator delete(block, std::align_val_t(64)); }
};

double Seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void Run(const Case& c, bool kernels, int rounds) {
  const base::Graph graph = wire::ReadKeras(R"({"class_name": "Sequential", "config": {"name": "m", "layers": [)" + c.layers + "]}}");
  const std::string loss = c.outputs == 1 ? "binary_crossentropy" : "categorical_crossentropy";
  const base::TrainConfig config = plan::ReadConfig("loss='" + loss + "', optimizer='" + c.optimizer + "', metrics=['accuracy']",
                                                    "batch_size=" + std::to_string(c.batch_size) + ", epochs=1");
  const plan::ModelCost cost = plan::EstimateCost(graph, config, kernels);
  const int64_t rows = std::clamp<int64_t>(static_cast<int64_t>(4e-3 / cost.seconds_per_step()), 2, 100) * c.batch_size;

  base::DataSpec data;
  data.inputs.resize(1);
  data.inputs[0].name = "x";
  data.inputs[0].dtype = base::DType::kUInt8;
  data.inputs[0].shape = c.input;
  data.inputs[0].scale = 1.0 / 255;
  data.targets.resize(1);
  data.targets[0].name = "y";
  data.targets[0].dtype = base::DType::kUInt8;
  data.targets[0].shape = {c.outputs};
  data.targets[0].kind = base::TargetKind::kArray;
  base::Stream draw(1, 1, base::Purpose::kSearch);
  std::vector<uint8_t> x(static_cast<size_t>(rows * base::ElementCount(c.input))), y(static_cast<size_t>(rows * c.outputs));
  for (uint8_t& v : x) v = static_cast<uint8_t>(draw.Below(256));
  for (int64_t r = 0; r < rows; r++) {
    const auto k = static_cast<int64_t>(draw.Below(static_cast<uint64_t>(std::max<int64_t>(c.outputs, 2))));
    if (c.outputs > 1 || k == 1) y[static_cast<size_t>(c.outputs > 1 ? r * c.outputs + k : r)] = 1;
  }
  base::Buffer buffer;
  buffer.rows = rows;
  buffer.inputs = {x.data()};
  buffer.targets = {y.data()};

  engine::Options options;
  options.kernels = kernels;
  std::vector<std::unique_ptr<engine::Model>> models;
  std::vector<std::unique_ptr<void, FreeAligned>> blocks;
  for (int i = 0; i < kModels; i++) {
    models.push_back(std::make_unique<engine::Model>(graph, config, data, options));
    blocks.emplace_back(::operator new(models.back()->layout().bytes, std::align_val_t(64)));
    models.back()->Initialise(blocks.back().get(), 1, static_cast<uint64_t>(i), 1);
    models.back()->Attach(blocks.back().get());
  }
  if (kernels && !models[0]->has_kernels()) return;
  double step = 1e30, row = 1e30;
  for (int round = 0; round < rounds; round++) {
    int64_t batches = 0;
    double started = Seconds();
    for (const auto& model : models) {
      model->BeginVisit();
      batches += model->Train(buffer, {}).batches;
      model->EndVisit();
    }
    step = std::min(step, (Seconds() - started) / static_cast<double>(batches));
    started = Seconds();
    for (const auto& model : models) {
      std::vector<double> sums(model->sums_size(), 0.0);
      model->Evaluate(buffer, sums.data(), {});
    }
    row = std::min(row, (Seconds() - started) / static_cast<double>(rows * kModels));
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
        Recurrent("LSTM", 32, {28, 28}, 32), Recurrent("LSTM", 128, {28, 28}, 64), Recurrent("GRU", 64, {20, 16}, 32)};
    for (const Case& c : cases) {
      if (argc > 2 && c.name.find(argv[2]) == std::string::npos) continue;
      for (const bool kernels : {true, false}) Run(c, kernels, rounds);
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
    return 1;
  }
  return 0;
}
