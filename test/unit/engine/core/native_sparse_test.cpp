// The sparse product in whole networks: the same training as autograd's.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "training.hpp"

namespace {

// n numbers, about `share` of them other than zero; neighbours are alike, as in images.
std::vector<double> Sparse(int64_t n, double share, uint64_t stream) {
  const std::vector<double> values = fixture::Numbers(static_cast<size_t>(n), stream);
  const std::vector<double> choice = fixture::Numbers(static_cast<size_t>(n), stream + 100);
  std::vector<double> sparse;
  for (size_t i = 0; i < values.size(); ++i) {
    const double c = choice[i / 3];
    sparse.push_back(c - std::floor(c) < share ? values[i] : 0.0);
  }
  return sparse;
}

}  // namespace

// Training as by autograd, of a network whose first layer does use the sparse product.
void ExpectSame(const base::Graph& graph, const base::TrainConfig& config, const fixture::Table& table, int64_t rows) {
  EXPECT_LT(engine::Model(graph, config, table.spec, {}).InputDensity(table.Buffer(rows)), 0.75);
  training::ExpectSameTraining(graph, config, table, rows, 1e-4);
}

// Whole models whose layers are large enough, on tables with few values: batches of several sizes, one with a short end, parts of
// gradients, clipping (no parts), hidden layers behind ReLU and dropout, rows of several positions, a kernel too large for tiles, and tables
// whose first row is dense.
TEST(NativeSparse, TrainingIsAutograds) {
  const auto table = [](int64_t rows, const base::Shape& shape, double share) {
    fixture::Table sparse;
    const int64_t features = base::ElementCount(shape);
    std::vector<double> x = Sparse(rows * features, share, 5);
    for (int64_t i = 0; i < features; ++i) x[static_cast<size_t>(i)] = 0.5;
    sparse.AddInput("x", shape, x);
    std::vector<double> hot(static_cast<size_t>(rows * 3));
    for (int64_t r = 0; r < rows; ++r) hot[static_cast<size_t>(r * 3 + r * r % 3)] = 1;
    sparse.AddTarget("y", {3}, hot, base::TargetKind::kOneHot, 3);
    return sparse;
  };
  const auto net = [](int features, int units) {
    return fixture::Sequential(fixture::Dense("a", units, "relu", training::Input(features)) + "," + fixture::Dense("o", 3, "softmax"));
  };
  for (int batch_size : {1, 10, 33, 100}) {
    SCOPED_TRACE(batch_size);
    ExpectSame(net(500, 65), training::AdamConfig(base::LossKind::kCategoricalCrossentropy, batch_size), table(70, {500}, 0.1), 70);
  }
  base::TrainConfig clipped = training::AdamConfig(base::LossKind::kCategoricalCrossentropy, 16);
  clipped.optimizer.clipnorm = 0.1;
  ExpectSame(net(203, 100), clipped, table(70, {203}, 0.15), 70);
  const auto adam = training::AdamConfig(base::LossKind::kCategoricalCrossentropy, 16);
  const base::Graph deep = fixture::Sequential(
      fixture::Dense("a", 100, "relu", training::Input(100)) + R"(, {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.4}}, )" +
      fixture::Dense("b", 100, "relu") + "," + fixture::Dense("c", 90, "relu") + "," + fixture::Dense("o", 3, "softmax"));
  ExpectSame(deep, adam, table(70, {100}, 0.5), 70);
  const base::Graph positions =
      fixture::Sequential(fixture::Dense("a", 80, "relu", R"(, "batch_input_shape": [null, 5, 120])") +
                          R"(, {"class_name": "Flatten", "config": {"name": "f"}}, )" + fixture::Dense("o", 3, "softmax"));
  ExpectSame(positions, adam, table(70, {5, 120}, 0.2), 70);
  ExpectSame(net(6000, 100), training::AdamConfig(base::LossKind::kCategoricalCrossentropy, 32), table(64, {6000}, 0.02), 64);
}
