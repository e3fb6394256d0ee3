// One training step of one model: the hand-written kernels against autograd, in memory, with no database.
//
//   bench_engine_step [models [name [kernels]]]     models of each kind trained in turns on one buffer (default 8); prints us per step and
//                                                   model; with a name, only the kinds whose name has it; with "kernels", only by kernels
//
// The shapes are those of the project's acceptance tests; every figure is processor time, the median of seven rounds, the two paths
// alternating.
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
#include "plan/params.hpp"
#include "wire/keras.hpp"

namespace {

struct Case {
  std::string name;
  std::string layers;  // Keras's, without the brackets
  base::Shape input;
  int64_t outputs;
  int batch_size;
  int steps;  // of one round
};

std::string Layer(const std::string& kind, const std::string& arguments) {
  static int number = 0;
  return R"({"class_name": ")" + kind + R"(", "config": {"name": "l)" + std::to_string(number++) + "\"" + arguments + "}}";
}

std::string Dense(int64_t units, const std::string& activation, const std::string& rest = {}) {
  return Layer("Dense", R"(, "units": )" + std::to_string(units) + R"(, "activation": ")" + activation + "\"" + rest);
}

/// units: inputs, hidden, outputs.
Case Perceptron(const std::vector<int64_t>& units, int batch_size, int steps) {
  Case c{"", "", {units[0]}, units.back(), batch_size, steps};
  for (size_t i = 0; i < units.size(); i++) {
    c.name += (i > 0 ? "-" : "") + std::to_string(units[i]);
    if (i == 0) continue;
    const bool last = i + 1 == units.size();
    const char* activation = !last ? "relu" : units.back() == 1 ? "sigmoid" : "softmax";
    c.layers += (i > 1 ? ", " : "") +
                Dense(units[i], activation, i == 1 ? R"(, "batch_input_shape": [null, )" + std::to_string(units[0]) + "]" : "");
  }
  return c;
}

/// LeCun et al.'s networks on images of 28 x 28: two convolutions of 5 x 5 with max-pooling, then dense layers.
Case LeNet(const std::string& name, int first, int second, const std::string& padding, const std::vector<int64_t>& hidden, int batch_size,
           int steps) {
  const auto conv = [&](int filters, const std::string& rest) {
    return Layer("Conv2D", R"(, "filters": )" + std::to_string(filters) + R"(, "kernel_size": [5, 5], "activation": "relu", "padding": ")" +
                               padding + "\"" + rest);
  };
  Case c{name, "", {28, 28, 1}, 10, batch_size, steps};
  c.layers = conv(first, R"(, "batch_input_shape": [null, 28, 28, 1])") + ", " + Layer("MaxPooling2D", "") + ", " + conv(second, "") +
             ", " + Layer("MaxPooling2D", "") + ", " + Layer("Flatten", "");
  for (int64_t units : hidden) c.layers += ", " + Dense(units, "relu");
  c.layers += ", " + Dense(10, "softmax");
  return c;
}

struct FreeAligned {
  void operator()(void* block) const { ::operator delete(block, std::align_val_t(64)); }
};

struct Trainee {
  std::unique_ptr<engine::Model> model;
  std::unique_ptr<void, FreeAligned> block;
};

std::vector<Trainee> MakeModels(const Case& c, const base::DataSpec& data, bool kernels, int count) {
  const base::Graph graph = wire::ReadKeras(R"({"class_name": "Sequential", "config": {"name": "m", "layers": [)" + c.layers + "]}}");
  const std::string loss = c.outputs == 1 ? "binary_crossentropy" : "categorical_crossentropy";
  const base::TrainConfig config = plan::ReadConfig("loss='" + loss + "', optimizer='Adam(learning_rate=0.001)', metrics=['accuracy']",
                                                    "batch_size=" + std::to_string(c.batch_size) + ", epochs=1");
  engine::Options options;
  options.kernels = kernels;
  std::vector<Trainee> models;
  for (int i = 0; i < count; i++) {
    Trainee trainee;
    trainee.model = std::make_unique<engine::Model>(graph, config, data, options);
    trainee.block.reset(::operator new(trainee.model->layout().bytes, std::align_val_t(64)));
    trainee.model->Initialise(trainee.block.get(), 1, static_cast<uint64_t>(i), 1);
    trainee.model->Attach(trainee.block.get());
    models.push_back(std::move(trainee));
  }
  return models;
}

double Seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double MicrosecondsPerStep(const std::vector<Trainee>& models, const base::Buffer& buffer) {
  int64_t batches = 0;
  const double started = Seconds();
  for (const Trainee& trainee : models) {
    trainee.model->BeginVisit();
    batches += trainee.model->Train(buffer, {}).batches;
    trainee.model->EndVisit();
  }
  return 1e6 * (Seconds() - started) / static_cast<double>(batches);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void Run(const Case& c, int count, bool kernels_only) {
  const int64_t rows = static_cast<int64_t>(c.batch_size) * c.steps;
  const int64_t outputs = c.outputs;
  base::Stream draw(1, 1, base::Purpose::kSearch);
  std::vector<uint8_t> x(static_cast<size_t>(rows * base::ElementCount(c.input))), y(static_cast<size_t>(rows * outputs));
  for (uint8_t& v : x) v = static_cast<uint8_t>(draw.Below(256));
  for (int64_t r = 0; r < rows; r++) {
    const auto k = static_cast<int64_t>(draw.Below(static_cast<uint64_t>(std::max<int64_t>(outputs, 2))));
    if (outputs > 1 || k == 1) y[static_cast<size_t>(outputs > 1 ? r * outputs + k : r)] = 1;
  }
  base::DataSpec data;
  data.inputs.resize(1);
  data.inputs[0].name = "x";
  data.inputs[0].dtype = base::DType::kUInt8;
  data.inputs[0].shape = c.input;
  data.inputs[0].scale = 1.0 / 255;
  data.targets.resize(1);
  data.targets[0].name = "y";
  data.targets[0].dtype = base::DType::kUInt8;
  data.targets[0].shape = {outputs};
  data.targets[0].kind = base::TargetKind::kArray;
  base::Buffer buffer;
  buffer.rows = rows;
  buffer.inputs = {x.data()};
  buffer.targets = {y.data()};

  std::vector<Trainee> paths[2];
  std::vector<double> times[2];
  for (int path = kernels_only ? 1 : 0; path < 2; path++) paths[path] = MakeModels(c, data, path == 1, count);
  for (int round = 0; round < (kernels_only ? 70 : 7); round++) {
    for (int path = kernels_only ? 1 : 0; path < 2; path++) times[path].push_back(MicrosecondsPerStep(paths[path], buffer));
  }
  const double kernels = Median(times[1]);
  if (kernels_only) {
    std::printf("%-20s batch %3d  kernels %9.1f us\n", c.name.c_str(), c.batch_size, kernels);
    return;
  }
  const double autograd = Median(times[0]);
  std::printf("%-20s batch %3d  autograd %9.1f us  kernels %9.1f us  ratio %5.1f\n", c.name.c_str(), c.batch_size, autograd, kernels,
              autograd / kernels);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    engine::SetThreads(1);
    std::printf("%s\n", engine::BuildDescription().c_str());
    const int count = argc > 1 ? std::atoi(argv[1]) : 8;
    const std::vector<Case> cases{Perceptron({64, 32, 10}, 32, 60),
                                  Perceptron({784, 128, 10}, 32, 30),
                                  Perceptron({784, 128, 10}, 64, 20),
                                  Perceptron({200, 256, 128, 1}, 256, 8),
                                  LeNet("LeNet-5", 6, 16, "same", {120, 84}, 32, 8),
                                  LeNet("LeNet-5", 6, 16, "same", {120, 84}, 64, 4),
                                  LeNet("LeNet 20-50-500", 20, 50, "valid", {500}, 32, 4),
                                  LeNet("LeNet 20-50-500", 20, 50, "valid", {500}, 64, 2)};
    for (const Case& c : cases) {
      if (argc > 2 && c.name.find(argv[2]) == std::string::npos) continue;
      Run(c, count, argc > 3 && std::string(argv[3]) == "kernels");
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
    return 1;
  }
  return 0;
}
