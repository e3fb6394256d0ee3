// What the benchmarks of the engine share: networks by their shapes, models of them, and rows to train on, in memory, with no database.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/philox.hpp"
#include "engine/core/model.hpp"
#include "plan/params.hpp"
#include "wire/keras.hpp"

namespace bench {

/// A network and how it is trained.
struct Case {
  std::string name;
  std::string layers;  // Keras's, without the brackets
  base::Shape input;
  int64_t outputs;
  int batch_size;
  std::string optimizer = "Adam(learning_rate=0.001)";
  int64_t categories = 0;  // the inputs are indexes below this, as int16; 0: bytes, scaled to [0, 1]
};

/// input: of the first layer only.
inline std::string Layer(const std::string& kind, const std::string& arguments, const base::Shape& input = {}) {
  static int number = 0;
  std::string shape;
  for (const int64_t d : input) shape += ", " + std::to_string(d);
  if (!shape.empty()) shape = R"(, "batch_input_shape": [null)" + shape + "]";
  return R"({"class_name": ")" + kind + R"(", "config": {"name": "l)" + std::to_string(number++) + "\"" + shape + arguments + "}}";
}

inline std::string Dense(int64_t units, const std::string& activation, const base::Shape& input = {}) {
  return Layer("Dense", R"(, "units": )" + std::to_string(units) + R"(, "activation": ")" + activation + "\"", input);
}

inline std::string Conv(int filters, int window, const std::string& padding, const base::Shape& input = {}) {
  const std::string w = std::to_string(window);
  return Layer("Conv2D", R"(, "filters": )" + std::to_string(filters) + R"(, "kernel_size": [)" + w + ", " + w +
                             R"(], "activation": "relu", "padding": ")" + padding + "\"", input);
}

inline std::string Last(int64_t outputs) { return Dense(outputs, outputs == 1 ? "sigmoid" : "softmax"); }

/// units: inputs, hidden, outputs. between: a layer behind each hidden one.
inline Case Perceptron(const std::vector<int64_t>& units, int batch_size, const std::string& between = {}) {
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

/// LeCun et al.'s networks on images of 28 x 28: two convolutions of 5 x 5 with max-pooling, then dense layers.
inline Case LeNet(const std::string& name, int first, int second, const std::string& padding, const std::vector<int64_t>& hidden,
                  int batch_size) {
  Case c{name, "", {28, 28, 1}, 10, batch_size};
  c.layers = Conv(first, 5, padding, c.input) + ", " + Layer("MaxPooling2D", "") + ", " + Conv(second, 5, padding) + ", " +
             Layer("MaxPooling2D", "") + ", " + Layer("Flatten", "");
  for (const int64_t units : hidden) c.layers += ", " + Dense(units, "relu");
  c.layers += ", " + Last(10);
  return c;
}

/// A recurrent layer over `steps` steps of `features` numbers.
inline Case Sequence(const std::string& kind, int64_t steps, int64_t features, int64_t units, int batch_size) {
  Case c{kind + "(" + std::to_string(units) + ") " + std::to_string(steps) + " x " + std::to_string(features), "", {steps, features}, 1, batch_size};
  c.layers = Layer(kind, R"(, "units": )" + std::to_string(units), c.input) + ", " + Last(c.outputs);
  return c;
}

/// A convolution of a text: words by their numbers, an embedding, windows of five words, the largest value of each filter.
inline Case TextCNN(int batch_size) {
  Case c{"text CNN", "", {100}, 1, batch_size};
  c.categories = 5000;
  c.layers = Layer("Embedding", R"(, "input_dim": 5000, "output_dim": 32)", c.input) + ", " +
             Layer("Conv1D", R"(, "filters": 64, "kernel_size": [5], "activation": "relu")") + ", " + Layer("GlobalMaxPooling1D", "") + ", " +
             Last(c.outputs);
  return c;
}

/// Blocks of MobileNetV2 (Sandler et al. 2018) without the residuals, on small images: each widens by six, has a depthwise convolution and
/// narrows.
inline Case MobileNet(int batch_size) {
  Case c{"MobileNetV2 blocks", "", {32, 32, 3}, 10, batch_size};
  const auto normalised = [](const std::string& layer, bool activation) {
    return layer + ", " + Layer("BatchNormalization", "") + ", " + (activation ? Layer("ReLU", R"(, "max_value": 6.0)") + ", " : "");
  };
  const auto pixels = [](int filters) {
    return Layer("Conv2D", R"(, "kernel_size": [1, 1], "use_bias": false, "filters": )" + std::to_string(filters));
  };
  const auto depthwise = [](int stride) {
    const std::string s = std::to_string(stride);
    return Layer("DepthwiseConv2D", R"(, "kernel_size": [3, 3], "padding": "same", "use_bias": false, "strides": [)" + s + ", " + s + "]");
  };
  c.layers = normalised(Layer("Conv2D", R"(, "kernel_size": [3, 3], "padding": "same", "use_bias": false, "filters": 16)", c.input), true);
  int channels = 16;
  for (const auto& [filters, stride] : {std::pair(16, 1), std::pair(24, 2), std::pair(24, 1), std::pair(32, 2)}) {
    c.layers += normalised(pixels(6 * channels), true) + normalised(depthwise(stride), true) + normalised(pixels(filters), false);
    channels = filters;
  }
  c.layers += Layer("GlobalAveragePooling2D", "") + ", " + Last(c.outputs);
  return c;
}

inline base::Graph GraphOf(const Case& c) {
  return wire::ReadKeras(R"({"class_name": "Sequential", "config": {"name": "m", "layers": [)" + c.layers + "]}}");
}

inline base::TrainConfig ConfigOf(const Case& c, bool shuffle = true) {
  const std::string loss = c.outputs == 1 ? "binary_crossentropy" : "categorical_crossentropy";
  return plan::ReadConfig("loss='" + loss + "', optimizer='" + c.optimizer + "', metrics=['accuracy']",
                          "batch_size=" + std::to_string(c.batch_size) + ", epochs=1" + (shuffle ? "" : ", shuffle=False"));
}

/// A buffer of bytes and one-hot labels.
struct Rows {
  Rows() = default;
  Rows(Rows&&) = default;
  std::vector<uint8_t> x, y;
  base::DataSpec data;
  base::Buffer buffer;  // points into x and y
};

/// Random rows; file: an IDX file of images of the case's size, whose first images are taken instead.
inline Rows MakeRows(const Case& c, int64_t rows, const std::string& file = {}) {
  constexpr int kIdxHeader = 16;
  Rows made;
  base::Stream draw(1, 1, base::Purpose::kSearch);
  const int64_t bytes = c.categories > 0 ? 2 : 1;
  made.x.resize(static_cast<size_t>(rows * base::ElementCount(c.input) * bytes));
  made.y.resize(static_cast<size_t>(rows * c.outputs));
  for (size_t i = 0; i < made.x.size(); i += static_cast<size_t>(bytes)) {
    const uint64_t value = draw.Below(c.categories > 0 ? static_cast<uint64_t>(c.categories) : 256);
    made.x[i] = static_cast<uint8_t>(value);
    if (bytes == 2) made.x[i + 1] = static_cast<uint8_t>(value >> 8);
  }
  if (!file.empty()) {
    std::ifstream stream(file, std::ios::binary);
    stream.seekg(kIdxHeader);
    if (!stream.read(reinterpret_cast<char*>(made.x.data()), static_cast<std::streamsize>(made.x.size()))) {
      throw std::runtime_error("cannot read so many rows of " + file);
    }
  }
  for (int64_t r = 0; r < rows; r++) {
    const auto k = static_cast<int64_t>(draw.Below(static_cast<uint64_t>(std::max<int64_t>(c.outputs, 2))));
    if (c.outputs > 1 || k == 1) made.y[static_cast<size_t>(c.outputs > 1 ? r * c.outputs + k : r)] = 1;
  }
  made.data.inputs.resize(1);
  made.data.inputs[0].name = "x";
  made.data.inputs[0].dtype = c.categories > 0 ? base::DType::kInt16 : base::DType::kUInt8;
  made.data.inputs[0].shape = c.input;
  made.data.inputs[0].scale = c.categories > 0 ? 1.0 : 1.0 / 255;
  made.data.targets.resize(1);
  made.data.targets[0].name = "y";
  made.data.targets[0].dtype = base::DType::kUInt8;
  made.data.targets[0].shape = {c.outputs};
  made.data.targets[0].kind = base::TargetKind::kArray;
  made.buffer.rows = rows;
  made.buffer.inputs = {made.x.data()};
  made.buffer.targets = {made.y.data()};
  return made;
}

struct FreeAligned {
  void operator()(void* block) const { ::operator delete(block, std::align_val_t(64)); }
};

struct Trainee {
  std::unique_ptr<engine::Model> model;
  std::unique_ptr<void, FreeAligned> block;
};

/// Models that are ready to be trained, each with a stream of its own.
inline std::vector<Trainee> MakeModels(const Case& c, const base::DataSpec& data, int count, bool kernels = true, bool shuffle = true) {
  const base::Graph graph = GraphOf(c);
  const base::TrainConfig config = ConfigOf(c, shuffle);
  engine::Options options;
  options.kernels = kernels;
  std::vector<Trainee> models;
  for (int i = 0; i < count; i++) {
    Trainee trainee;
    trainee.model = std::make_unique<engine::Model>(graph, config, data, options);
    trainee.block.reset(::operator new(trainee.model->program().layout().bytes, std::align_val_t(64)));
    trainee.model->Initialise(trainee.block.get(), 1, static_cast<uint64_t>(i), 1);
    trainee.model->Attach(trainee.block.get());
    models.push_back(std::move(trainee));
  }
  return models;
}

/// Of this thread's processor time.
inline double Seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Of models trained one after another on the buffer.
inline double SecondsPerStep(const std::vector<Trainee>& models, const base::Buffer& buffer) {
  int64_t batches = 0;
  const double started = Seconds();
  for (const Trainee& trainee : models) {
    trainee.model->BeginVisit();
    batches += trainee.model->Train(buffer, {}).batches;
    trainee.model->EndVisit();
  }
  return (Seconds() - started) / static_cast<double>(batches);
}

inline double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Prints microseconds a step by autograd and by kernels, in turns, or by kernels alone. make(kernels): the models.
template <typename Make>
void Compare(const std::string& name, int batch_size, const base::Buffer& buffer, bool kernels_only, const Make& make) {
  std::vector<Trainee> paths[2];
  std::vector<double> times[2];
  for (int path = kernels_only ? 1 : 0; path < 2; path++) paths[path] = make(path == 1);
  for (int round = 0; round < (kernels_only ? 70 : 7); round++) {
    for (int path = kernels_only ? 1 : 0; path < 2; path++) times[path].push_back(1e6 * SecondsPerStep(paths[path], buffer));
  }
  const double kernels = Median(times[1]);
  std::printf("%-20s batch %3d  ", name.c_str(), batch_size);
  if (kernels_only) {
    std::printf("kernels %9.1f us\n", kernels);
    return;
  }
  const double autograd = Median(times[0]);
  std::printf("autograd %9.1f us  kernels %9.1f us  ratio %5.1f\n", autograd, kernels, autograd / kernels);
}

}  // namespace bench
