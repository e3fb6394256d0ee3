// Trains one model by the native trainer and by autograd, for the tests that compare them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "models.hpp"

namespace training {

using base::DType;
using base::LossKind;
using base::OptimizerKind;
using fixture::Block;
using fixture::Dense;
using fixture::Table;

inline std::string Input(int features) { return R"(, "batch_input_shape": [null, )" + std::to_string(features) + "]"; }

/// arguments: Keras's, with commas between.
inline std::string Layer(const std::string& kind, const std::string& name, const std::string& arguments = {}) {
  return R"({"class_name": ")" + kind + R"(", "config": {"name": ")" + name + "\"" + (arguments.empty() ? "" : ", " + arguments) + "}}";
}

struct Trained {
  std::vector<double> weights;
  std::string bytes;
  double loss_sum = 0;
  int64_t batches = 0;
  bool diverged = false;
  uint64_t diverged_step = 0;
};

inline Trained Train(const base::Graph& graph, const base::TrainConfig& config, const Table& table, int64_t rows, int visits,
                     DType precision, bool kernels, bool shifted = false) {
  engine::Options options;
  options.precision = precision;
  options.kernels = kernels;
  engine::Model model(graph, config, table.spec, options);
  EXPECT_EQ(model.program().has_kernels(), kernels);
  Block block(model.program().layout(), shifted);
  model.Initialise(block.get(), 7, 3, 2);
  model.Attach(block.get());
  Trained trained;
  for (int visit = 0; visit < visits; ++visit) {
    model.BeginVisit();
    const engine::TrainResult result = model.Train(table.Buffer(rows, visit % 2), {});
    model.EndVisit();
    trained.loss_sum += result.loss_sum;
    trained.batches += result.batches;
    trained.diverged = result.diverged;
  }
  trained.diverged_step = block.counters()->diverged_step;
  trained.weights = block.Weights(model.program().layout());
  trained.bytes = block.bytes();
  return trained;
}

inline double LargestDifference(const Trained& a, const Trained& b) {
  double largest = 0;
  EXPECT_EQ(a.weights.size(), b.weights.size());
  for (size_t i = 0; i < a.weights.size(); ++i) {
    largest = std::max(largest, std::fabs(a.weights[i] - b.weights[i]) / std::max(1.0, std::fabs(b.weights[i])));
  }
  return largest;
}

/// Both paths, both precisions, over enough visits for about 50 steps.
inline void ExpectSameTraining(const base::Graph& graph, const base::TrainConfig& config, const Table& table, int64_t rows,
                               double float_tolerance = 2e-5) {
  const int64_t steps = (rows + config.batch_size - 1) / config.batch_size * config.epochs;
  const int visits = static_cast<int>(std::max<int64_t>(1, 50 / steps));
  for (const auto& [precision, tolerance] : {std::pair(DType::kFloat64, 1e-12), std::pair(DType::kFloat32, float_tolerance)}) {
    const Trained autograd = Train(graph, config, table, rows, visits, precision, false);
    const Trained kernels = Train(graph, config, table, rows, visits, precision, true);
    EXPECT_FALSE(autograd.diverged);
    EXPECT_EQ(kernels.batches, autograd.batches);
    EXPECT_NEAR(kernels.loss_sum, autograd.loss_sum, tolerance * (1 + std::fabs(autograd.loss_sum)));
    EXPECT_LT(LargestDifference(kernels, autograd), tolerance);
    EXPECT_EQ(kernels.bytes, Train(graph, config, table, rows, visits, precision, true, true).bytes);
  }
}

/// Rows of features, and one-hot, class index or real targets.
inline Table Classes(int64_t rows, int features, int classes, bool sparse) {
  Table table;
  table.AddInput("x", {features}, fixture::Numbers(static_cast<size_t>(rows * features)));
  if (sparse) {
    std::vector<double> index(static_cast<size_t>(rows));
    for (int64_t r = 0; r < rows; ++r) index[static_cast<size_t>(r)] = static_cast<double>(r * r % classes);
    table.AddTarget("y", {}, index, base::TargetKind::kClassIndex, classes);
  } else {
    std::vector<double> hot(static_cast<size_t>(rows * classes));
    for (int64_t r = 0; r < rows; ++r) hot[static_cast<size_t>(r * classes + r * r % classes)] = 1;
    table.AddTarget("y", {classes}, hot, base::TargetKind::kOneHot, classes);
  }
  return table;
}

inline Table Reals(int64_t rows, int features, int outputs, bool binary = false) {
  Table table;
  table.AddInput("x", {features}, fixture::Numbers(static_cast<size_t>(rows * features)));
  std::vector<double> y = fixture::Numbers(static_cast<size_t>(rows * outputs), 2);
  if (binary) std::transform(y.begin(), y.end(), y.begin(), [](double v) { return v > 0 ? 1.0 : 0.0; });
  table.AddTarget("y", {outputs}, y);
  return table;
}

inline base::TrainConfig AdamConfig(LossKind loss, int batch_size) {
  base::TrainConfig config = fixture::Config(loss, batch_size, 0.003);
  config.optimizer.kind = OptimizerKind::kAdam;
  config.shuffle = true;
  return config;
}

/// The same of a layer behind `first`, which has weights, so that gradients go through it.
inline void ExpectSameBetween(const std::string& layer, const base::Shape& input, const std::string& first) {
  SCOPED_TRACE(layer);
  base::TrainConfig config = AdamConfig(LossKind::kCategoricalCrossentropy, 10);
  config.optimizer.epsilon = 1e-3;  // gradients that are zero but for rounding make large steps otherwise
  Table table = Classes(25, static_cast<int>(base::ElementCount(input)), 3, false);
  table.spec.inputs[0].shape = input;
  const base::Graph graph = fixture::Sequential(first + "," + layer + "," + Layer("Flatten", "flat") + "," + Dense("o", 3, "softmax"));
  ExpectSameTraining(graph, config, table, 25, 1e-3);
}

}  // namespace training
