// Every layer, loss and optimizer that has kernels for devices, on a device against the processor: the forward pass,
// the gradient, some optimizer steps. It measures the device's optimizer steps, too.
//
//   gpu_backend [--fake | --backwards] [--measure] [part of a name]...
//
// --fake: the device that computes in the processor's memory; --backwards: the same, with the items of a phase from the
// last one to the first. Without either: the first CUDA device. Exit status 1 when something differs, 77 without a
// device.
//
// A new layer: a line in LayerCases. Losses and optimizers are taken from the lists of base/kinds.inc.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "bench/models.hpp"
#include "definitions/loss.hpp"
#include "definitions/optimizer.hpp"
#include "engine/core/device_context.hpp"
#include "engine/core/model_group.hpp"
#include "engine/core/devices.hpp"
#include "engine/core/runtime.hpp"
#include "engine/core/state_scorer.hpp"

namespace {

struct Case {
  std::string name;
  bench::Case network;
  base::TrainConfig config;
  double tolerance = 1e-4;  // relative, of sums and weights
};

base::TrainConfig Config(const std::string& loss, const std::string& optimizer, int batch_size,
                         const std::string& metrics = "['accuracy', 'mse']") {
  return plan::ReadConfig("loss='" + loss + "', optimizer='" + optimizer + "', metrics=" + metrics,
                          "batch_size=" + std::to_string(batch_size) + ", epochs=1");
}

constexpr int kBatch = 16;
constexpr int64_t kRows = 57;  // three mini-batches and a part
constexpr const char* kPlain = "SGD(learning_rate=0.05)";

// The layer between a dense layer, so that gradients go through it, and the last one.
Case Between(const std::string& name, const std::string& layer, double tolerance = 1e-4) {
  bench::Case c{name, "", {12}, 5, kBatch};
  c.layers = bench::Dense(9, "linear", c.input) + ", " + layer + ", " + bench::Last(5);
  return {name, c, Config("categorical_crossentropy", kPlain, kBatch), tolerance};
}

Case Images(const std::string& name, const base::Shape& shape, const std::string& layers, double tolerance = 1e-4) {
  bench::Case c{name, "", shape, 4, kBatch};
  c.layers = layers + ", " + bench::Layer("Flatten", "") + ", " + bench::Last(4);
  return {name, c, Config("categorical_crossentropy", kPlain, kBatch), tolerance};
}

std::string Convolution(const std::string& arguments, const base::Shape& input = {}) {
  return bench::Layer("Conv2D", ", \"filters\": 3, \"kernel_size\": [3, 3], \"activation\": \"tanh\"" + arguments,
                      input);
}

std::vector<Case> LayerCases() {
  std::vector<Case> cases;
  for (const char* activation : {"linear", "relu", "sigmoid", "tanh", "softmax", "relu6", "elu", "selu", "exponential",
                                 "softplus", "softsign", "gelu", "swish", "hard_sigmoid", "mish"}) {
    cases.push_back(Between(std::string("dense ") + activation, bench::Dense(7, activation)));
    cases.push_back(Between(std::string("activation ") + activation,
                            bench::Layer("Activation", std::string(", \"activation\": \"") + activation + "\"")));
  }
  cases.push_back(Between("dense without bias",
                          bench::Layer("Dense", R"(, "units": 70, "use_bias": false, "activation": "relu")")));
  cases.push_back(Between("dense of 200", bench::Dense(200, "relu") + ", " + bench::Dense(40, "tanh")));
  cases.push_back(Between("dense, frozen", bench::Layer("Dense", R"(, "units": 6, "trainable": false)")));
  cases.push_back(Between(
      "dense, regularised",
      bench::Layer(
          "Dense",
          R"(, "units": 6, "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.01, "l2": 0.02}})")));
  cases.push_back(
      Between("relu layer", bench::Layer("ReLU", R"(, "negative_slope": 0.1, "threshold": 0.2, "max_value": 1.0)")));
  cases.push_back(Between("leaky relu", bench::Layer("LeakyReLU", "")));
  cases.push_back(Between("thresholded relu", bench::Layer("ThresholdedReLU", R"(, "theta": 0.3)")));
  cases.push_back(Between("elu layer", bench::Layer("ELU", R"(, "alpha": 0.7)")));
  cases.push_back(Between("softmax layer", bench::Layer("Softmax", "")));
  cases.push_back(Between("dropout", bench::Layer("Dropout", R"(, "rate": 0.3)")));
  cases.push_back(Between("reshape, dense of positions", bench::Layer("Reshape", R"(, "target_shape": [3, 3])") + ", " +
                                                             bench::Dense(4, "tanh") + ", " +
                                                             bench::Layer("Flatten", "")));
  const base::Shape image{9, 8, 2};
  cases.push_back(Images("conv2d", image, Convolution("", image)));
  cases.push_back(Images("conv2d same", image,
                         Convolution(R"(, "padding": "same")", image) + ", " + Convolution(R"(, "padding": "same")")));
  cases.push_back(Images("conv2d strides", image,
                         Convolution(R"(, "strides": [2, 2], "padding": "same")", image) + ", " +
                             Convolution(R"(, "strides": [2, 1], "padding": "same")")));
  cases.push_back(
      Images("conv2d dilated", image, Convolution("", image) + ", " + Convolution(R"(, "dilation_rate": [2, 2])")));
  cases.push_back(Images("max pool", image, Convolution("", image) + ", " + bench::Layer("MaxPooling2D", "")));
  cases.push_back(
      Images("max pool, windows that overlap", image,
             Convolution("", image) + ", " +
                 bench::Layer("MaxPooling2D", R"(, "pool_size": [3, 3], "strides": [2, 2], "padding": "same")")));
  cases.push_back(
      Images("average pool", image,
             Convolution("", image) + ", " +
                 bench::Layer("AveragePooling2D", R"(, "pool_size": [3, 3], "strides": [2, 2], "padding": "same")")));
  cases.push_back(
      Images("global average pool", image, Convolution("", image) + ", " + bench::Layer("GlobalAveragePooling2D", "")));
  const base::Shape sequence{11, 3};
  const std::string sequences = R"(, "filters": 4, "kernel_size": [3], "activation": "relu")";
  cases.push_back(Images("conv1d", sequence,
                         bench::Layer("Conv1D", sequences, sequence) + ", " + bench::Layer("MaxPooling1D", "")));
  cases.push_back(
      Images("conv1d causal", sequence,
             bench::Layer("Conv1D", sequences + R"(, "padding": "causal", "dilation_rate": [2])", sequence) + ", " +
                 bench::Layer("AveragePooling1D", "")));
  cases.push_back(
      Images("global average pool of sequences", sequence,
             bench::Layer("Conv1D", sequences, sequence) + ", " + bench::Layer("GlobalAveragePooling1D", "")));
  bench::Case lenet = bench::LeNet("lenet", 6, 16, "valid", {84}, kBatch);
  cases.push_back({"lenet", lenet, Config("categorical_crossentropy", "Adam(learning_rate=0.001)", kBatch), 1e-3});
  return cases;
}

std::vector<Case> LossCases() {
  std::vector<Case> cases;
  const auto add = [&](base::LossKind kind) {
    const definitions::LossDefinition& loss = definitions::DefinitionOf(kind);
    const char* last = loss.squash == definitions::Squash::kSoftmax ? "softmax" : "sigmoid";
    bench::Case c{loss.name, "", {10}, 4, kBatch};
    c.layers = bench::Dense(8, "tanh", c.input) + ", " + bench::Dense(4, last);
    cases.push_back({std::string("loss ") + loss.name, c, Config(loss.name, kPlain, kBatch, "['mae', 'mape']")});
  };
#define CEREBRO_LOSS(name, number)
#define CEREBRO_NATIVE_LOSS(name, number) add(base::LossKind::k##name);
#include "base/kinds.inc"
  return cases;
}

std::vector<Case> OptimizerCases() {
  std::vector<Case> cases;
  const auto add = [&](const std::string& optimizer) {
    bench::Case c{optimizer, "", {10}, 4, kBatch};
    c.layers = bench::Dense(8, "tanh", c.input) + ", " + bench::Dense(4, "softmax");
    cases.push_back({"optimizer " + optimizer, c,
                     Config("categorical_crossentropy", optimizer, kBatch, "['top_k_categorical_accuracy']")});
  };
  for (const definitions::OptimizerDefinition* optimizer : definitions::Optimizers())
    add(std::string(optimizer->name) + "(learning_rate=0.01)");
  add("SGD(learning_rate=0.01, momentum=0.9)");
  add("SGD(learning_rate=0.01, momentum=0.9, nesterov=True)");
  add("RMSprop(learning_rate=0.01, centered=True)");
  add("RMSprop(learning_rate=0.01, momentum=0.9)");
  add("RMSprop(learning_rate=0.01, momentum=0.9, centered=True)");
  add("Adam(learning_rate=0.01, amsgrad=True)");
  add("Ftrl(learning_rate=0.01, learning_rate_power=-0.3)");
  add("AdamW(learning_rate=0.01, weight_decay=0.1)");
  add("Adam(learning_rate=0.01, clipvalue=0.01)");
  add("Adam(learning_rate=0.01, clipnorm=0.05)");
  add("SGD(learning_rate=0.5, global_clipnorm=0.1)");
  add("SGD(learning_rate=0.1, decay=0.01)");
  return cases;
}

struct Trained {
  std::vector<float> weights;
  std::vector<double> sums;
  double loss = 0;
  int64_t batches = 0;
};

using Block = std::unique_ptr<void, bench::FreeAligned>;

void RequireDevice(const Case& c, const bench::Rows& rows, const base::TrainConfig& config,
                   const engine::Options& options) {
  if (options.device < 0) return;
  const auto graph = std::make_shared<const base::Graph>(bench::GraphOf(c.network));
  const engine::DeviceTraining training = engine::TrainingOnDevice(graph, config, rows.data, options);
  if (!training.on_device) throw std::runtime_error("no kernels on devices: " + training.refusal);
}

/// `buffers` times the buffer in one visit, on the processor or on the device.
Trained Train(const Case& c, const bench::Rows& rows, const base::TrainConfig& config, int buffers, bool device) {
  engine::Options options;
  options.device = device ? 0 : -1;
  engine::Model model(bench::GraphOf(c.network), config, rows.data, options);
  const engine::Program& program = model.program();
  RequireDevice(c, rows, config, options);
  Block block(::operator new(program.layout().bytes, std::align_val_t(64)));
  model.Initialise(block.get(), 1, 2, 1);
  model.Attach(block.get());
  model.BeginVisit(engine::BufferEnd::kCarries);
  Trained trained;
  const auto add = [&](const engine::TrainResult& result) {
    trained.loss += result.loss_sum;
    trained.batches += result.batches;
  };
  for (int i = 0; i < buffers; ++i) add(model.Train(rows.buffer, {}));
  add(model.EndVisit());
  model.Detach();
  std::string bytes;
  program.StoreWeights(block.get(), &bytes);
  trained.weights.resize(bytes.size() / sizeof(float));
  std::memcpy(trained.weights.data(), bytes.data(), bytes.size());
  engine::StateScorer scorer(
      {{std::shared_ptr<const engine::Program>(std::shared_ptr<void>(), &program), &config, block.get()}});
  trained.sums.assign(scorer.sums_size(), 0.0);
  scorer.Evaluate(rows.buffer, trained.sums.data(), {});
  return trained;
}

double Distance(double a, double b) {
  if (std::isnan(a) != std::isnan(b)) return INFINITY;
  return std::isnan(a) ? 0 : std::fabs(a - b) / std::max(1.0, std::fabs(b));
}

template <typename T>
double Distance(const std::vector<T>& a, const std::vector<T>& b) {
  double largest = a.size() == b.size() ? 0 : INFINITY;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i)
    largest = std::max(largest, Distance(static_cast<double>(a[i]), static_cast<double>(b[i])));
  return largest;
}

/// The weights' gradient of the first rows: what an optimizer step of SGD with rate 1 takes off.
std::vector<float> Gradient(const Case& c, const bench::Rows& rows, bool device) {
  base::TrainConfig config = c.config;
  config.optimizer = definitions::DefaultConfig(*definitions::FindOptimizer("SGD"));
  config.optimizer.learning_rate = 1;
  config.batch_size = static_cast<int>(rows.buffer.rows);
  std::vector<float> before = Train(c, rows, config, 0, device).weights;
  const std::vector<float> after = Train(c, rows, config, 1, device).weights;
  for (size_t i = 0; i < before.size(); ++i) before[i] -= after[i];
  return before;
}

/// Microseconds of an optimizer step of `models` models side by side.
double Measure(const Case& c, const bench::Rows& rows, int models) {
  engine::Options options;
  options.device = 0;
  const auto program = std::make_shared<const engine::Program>(
      std::make_shared<const base::Graph>(bench::GraphOf(c.network)), c.config, rows.data, options);
  std::vector<std::unique_ptr<engine::Model>> made;
  std::vector<Block> blocks;
  std::vector<engine::Model*> members;
  for (int m = 0; m < models; ++m) {
    made.push_back(std::make_unique<engine::Model>(program, c.config));
    blocks.emplace_back(::operator new(program->layout().bytes, std::align_val_t(64)));
    made.back()->Initialise(blocks.back().get(), 1, static_cast<uint64_t>(m), 1);
    made.back()->Attach(blocks.back().get());
    members.push_back(made.back().get());
  }
  engine::ModelGroup group(members);
  double seconds = 0;
  int64_t batches = 0;
  for (int visit = 0; visit < 2; ++visit) {  // the first one is to warm up
    const auto started = std::chrono::steady_clock::now();
    for (engine::Model* model : members) model->BeginVisit();
    for (int i = 0; i < 20; ++i) group.Train(rows.buffer, {});
    batches = group.EndVisit({})[0].batches;
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  }
  return 1e6 * seconds / static_cast<double>(batches);
}

bool Run(const Case& c, bool measure) {
  bench::Rows rows = bench::MakeRows(c.network, kRows);
  if (c.config.losses[0].kind == base::LossKind::kSparseCategoricalCrossentropy) {
    for (size_t r = 0; r < static_cast<size_t>(kRows); ++r) rows.y[r] = static_cast<uint8_t>(r * r % 4);
    rows.data.targets[0].shape = {};
    rows.data.targets[0].kind = base::TargetKind::kClassIndex;
    rows.data.targets[0].num_classes = 4;
  }
  const Trained here = Train(c, rows, c.config, 3, false), there = Train(c, rows, c.config, 3, true);
  const double forward = Distance(Train(c, rows, c.config, 0, true).sums, Train(c, rows, c.config, 0, false).sums);
  const double gradient = Distance(Gradient(c, rows, true), Gradient(c, rows, false));
  const double weights = Distance(there.weights, here.weights), loss = Distance(there.loss, here.loss);
  const bool same = forward < c.tolerance && gradient < c.tolerance && weights < c.tolerance && loss < c.tolerance &&
                    there.batches == here.batches;
  std::printf("%-48s forward %.1e  gradient %.1e  weights %.1e  loss %.1e", c.name.c_str(), forward, gradient, weights,
              loss);
  if (measure) std::printf("  %8.1f us", Measure(c, rows, 8));
  std::printf("  %s\n", same ? "same" : "DIFFERENT");
  return same;
}

}  // namespace

int main(int argc, char** argv) {
  bool measure = false;
  engine::DeviceOptions options;
  std::vector<std::string> wanted;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--fake") == 0) {
      options.fake_devices = std::max(1, options.fake_devices);
    } else if (std::strcmp(argv[i], "--backwards") == 0) {
      options.fake_devices = 1;
      options.fake_backwards = true;
    } else if (std::strcmp(argv[i], "--measure") == 0) {
      measure = true;
    } else {
      wanted.push_back(argv[i]);
    }
  }
  engine::SetThreads(1);
  engine::SetDeviceOptions(options);
  if (engine::KernelDeviceCount() == 0) {
    std::printf("no device\n");
    return 77;
  }
  std::vector<Case> cases = LayerCases();
  for (std::vector<Case> more : {LossCases(), OptimizerCases()}) cases.insert(cases.end(), more.begin(), more.end());
  int run = 0, failed = 0;
  for (const Case& c : cases) {
    bool takes = wanted.empty();
    for (const std::string& part : wanted) takes = takes || c.name.find(part) != std::string::npos;
    if (!takes) continue;
    ++run;
    try {
      if (!Run(c, measure)) ++failed;
    } catch (const base::Error& error) {
      ++failed;
      std::printf("%-48s FAILED: %s. %s\n", c.name.c_str(), error.what(), error.detail().c_str());
    } catch (const std::exception& error) {
      ++failed;
      std::printf("%-48s FAILED: %s\n", c.name.c_str(), error.what());
    }
    std::fflush(stdout);
  }
  std::printf("%d cases, %d different\n", run, failed);
  engine::CloseDevice();
  return failed == 0 && run > 0 ? 0 : 1;
}
