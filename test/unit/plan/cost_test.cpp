#include "plan/cost.hpp"

#include <gtest/gtest.h>

namespace {

// A stack of dense layers, widths[0] being the input.
base::Graph Dense(const std::vector<int64_t>& widths, size_t frozen = 0) {
  base::Graph graph;
  for (size_t i = 0; i < widths.size(); ++i) {
    base::Layer layer;
    base::Call call;
    call.layer = static_cast<int>(i);
    call.output_shape = {widths[i]};
    if (i > 0) {
      layer.kind = base::LayerKind::kDense;
      layer.weights.resize(2);
      layer.weights[0].shape = {widths[i - 1], widths[i]};
      layer.weights[1].shape = {widths[i]};
      for (auto& w : layer.weights) w.trainable = i > frozen;
      call.inputs = {static_cast<int>(i) - 1};
      call.forward_flops = 2.0 * static_cast<double>(widths[i - 1] * widths[i]);
    }
    graph.layers.push_back(layer);
    graph.calls.push_back(call);
  }
  graph.inputs = {0};
  graph.outputs = {static_cast<int>(widths.size()) - 1};
  return graph;
}

base::TrainConfig Adam(int batch) {
  base::TrainConfig config;
  config.optimizer.kind = base::OptimizerKind::kAdam;
  config.batch_size = batch;
  return config;
}

TEST(Cost, CountsFlopsAndState) {
  const auto cost = plan::EstimateCost(Dense({64, 32, 10}), Adam(32), true);
  // the first layer needs no gradient of its input: two products; the second three
  EXPECT_EQ(cost.flops_per_row, 2 * (2.0 * 64 * 32) + 3 * (2.0 * 32 * 10));
  EXPECT_EQ(cost.parameters, 64 * 32 + 32 + 32 * 10 + 10);
  EXPECT_EQ(cost.state_bytes, 4 * cost.parameters * 3);
}

TEST(Cost, FrozenLayersHaveNoBackwardPass) {
  const auto cost = plan::EstimateCost(Dense({64, 32, 10}, 1), Adam(32), true);
  EXPECT_EQ(cost.flops_per_row, 1 * (2.0 * 64 * 32) + 2 * (2.0 * 32 * 10));
  EXPECT_EQ(cost.parameters, 330);
  EXPECT_EQ(cost.state_bytes, 4.0 * (64 * 32 + 32 + 330 + 2 * 330));
}

TEST(Cost, ZerosOfTheTableAreLeftOut) {
  const auto products = [](const base::Graph& graph, bool kernels, double density) {
    return plan::EstimateCost(graph, Adam(32), kernels, density).step.products;
  };
  const base::Graph graph = Dense({784, 128, 10});
  const double whole = products(graph, true, 1), first = whole * 2 * 784 * 128 / (2 * 784 * 128 + 3 * 128 * 10);
  EXPECT_NEAR(products(graph, true, 0.2), whole - first * (1 - 1.35 * 0.2), 1e-9 * whole);
  EXPECT_EQ(products(graph, true, 0.9), whole);  // too few zeros
  EXPECT_EQ(products(graph, false, 0.2), products(graph, false, 1));  // autograd computes everything
  EXPECT_EQ(products(Dense({784, 32, 10}), true, 0.2), products(Dense({784, 32, 10}), true, 1));  // too few columns
}

TEST(Cost, HalfOfWhatAReluGivesIsZero) {
  base::Graph graph = Dense({784, 128, 128, 10});
  const double linear = plan::EstimateCost(graph, Adam(32), true).step.products;
  graph.layers[1].attributes = base::Dict{{"activation", "relu"}};
  const double relu = plan::EstimateCost(graph, Adam(32), true).step.products;
  const double all = 2 * 784 * 128 + 3 * 128 * 128 + 3 * 128 * 10;
  EXPECT_NEAR(relu / linear, 1 - 2 * 128 * 128 * (1 - 1.35 / 2) / all, 1e-9);
}

void ExpectNear(double estimated, double microseconds) {
  EXPECT_GT(estimated, 1e-6 * microseconds / 1.3);
  EXPECT_LT(estimated, 1e-6 * microseconds * 1.3);
}

// What test/bench/engine_cost measured on one core (docs/performance.md).
TEST(Cost, IsNearMeasuredSteps) {
  ExpectNear(plan::EstimateCost(Dense({64, 32, 10}), Adam(32), true).seconds_per_step(), 6.4);
  ExpectNear(plan::EstimateCost(Dense({784, 128, 10}), Adam(32), true).seconds_per_step(), 181);
  ExpectNear(plan::EstimateCost(Dense({784, 128, 10}), Adam(64), true).seconds_per_step(), 331);
  ExpectNear(plan::EstimateCost(Dense({200, 256, 128, 1}), Adam(256), true).seconds_per_step(), 1200);
  ExpectNear(plan::EstimateCost(Dense({64, 32, 10}), Adam(32), false).seconds_per_step(), 108);
  ExpectNear(plan::EstimateCost(Dense({784, 128, 10}), Adam(32), false).seconds_per_step(), 350);
  ExpectNear(plan::EstimateCost(Dense({200, 256, 128, 1}), Adam(256), false).seconds_per_step(), 1500);
}

TEST(Cost, GrowsWithEverything) {
  const auto small = plan::EstimateCost(Dense({64, 32, 10}), Adam(32), true);
  const auto wide = plan::EstimateCost(Dense({64, 320, 10}), Adam(32), true);
  EXPECT_GT(wide.seconds_per_step(), small.seconds_per_step());
  EXPECT_GT(plan::EstimateCost(Dense({64, 32, 10}), Adam(64), true).seconds_per_step(), small.seconds_per_step());
  base::TrainConfig sgd = Adam(32);
  sgd.optimizer.kind = base::OptimizerKind::kSGD;
  EXPECT_LT(plan::EstimateCost(Dense({64, 32, 10}), sgd, true).seconds_per_step(), small.seconds_per_step());
  EXPECT_DOUBLE_EQ(small.Visit(100, 32, 3), 4 * 3 * small.seconds_per_step());
  EXPECT_EQ(small.Visit(0, 32, 1), 0);
  // smaller batches cost more in total
  EXPECT_GT(plan::EstimateCost(Dense({64, 32, 10}), Adam(8), true).Visit(1024, 8, 1), small.Visit(1024, 32, 1));
}

TEST(Cost, DefaultBundles) {
  EXPECT_EQ(plan::DefaultBundles(3, 2), 3);
  EXPECT_EQ(plan::DefaultBundles(100, 2), 8);
  EXPECT_EQ(plan::DefaultBundles(0, 2), 1);
  EXPECT_EQ(plan::DefaultBundles(5, 0), 4);
  EXPECT_EQ(plan::DefaultBundles(2000000000, 2000000000), 2000000000);
}

}  // namespace
