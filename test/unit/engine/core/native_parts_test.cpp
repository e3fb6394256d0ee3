// A large kernel's gradient is handed over in parts: the same training as autograd's, and as that with a norm, which
// wants it whole.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "models.hpp"

namespace {

using base::DType;
using fixture::Dense;

constexpr int kFeatures = 517, kClasses = 3;
constexpr int64_t kRows = 40;

std::vector<double> Weights(const base::TrainConfig& config, DType precision, bool kernels) {
  const base::Graph graph =
      fixture::Sequential(Dense("a", 101, "relu", R"(, "batch_input_shape": [null, )" + std::to_string(kFeatures) + R"(],
            "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.001, "l2": 0.01}})") +
                          "," + Dense("o", kClasses, "softmax"));
  fixture::Table table;
  table.AddInput("x", {kFeatures}, fixture::Numbers(static_cast<size_t>(kRows * kFeatures)));
  std::vector<double> hot(static_cast<size_t>(kRows * kClasses));
  for (int64_t r = 0; r < kRows; ++r) hot[static_cast<size_t>(r * kClasses + r * r % kClasses)] = 1;
  table.AddTarget("y", {kClasses}, hot, base::TargetKind::kOneHot, kClasses);
  engine::Options options;
  options.precision = precision;
  options.kernels = kernels;
  engine::Model model(graph, config, table.spec, options);
  EXPECT_EQ(model.program().has_kernels(), kernels);
  fixture::Block block(model.program().layout());
  model.Initialise(block.get(), 7, 3, 1);
  model.Attach(block.get());
  for (int visit = 0; visit < 5; ++visit) {
    model.BeginVisit();
    model.Train(table.Buffer(kRows), {});
    model.EndVisit();
  }
  return block.Weights(model.program().layout());
}

double LargestDifference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::fabs(a[i] - b[i]));
  return largest;
}

}  // namespace

TEST(NativeTrain, LargeGradientsInParts) {
  for (base::OptimizerKind kind : {base::OptimizerKind::kAdam, base::OptimizerKind::kRMSprop, base::OptimizerKind::kSGD}) {
    SCOPED_TRACE(static_cast<int>(kind));
    base::TrainConfig config = fixture::Config(base::LossKind::kCategoricalCrossentropy, 16, 0.003);
    config.optimizer.kind = kind;
    base::TrainConfig whole = config;
    whole.optimizer.global_clipnorm = 1e6;  // clips nothing
    for (const auto& [precision, tolerance] : {std::pair(DType::kFloat64, 1e-12), std::pair(DType::kFloat32, 2e-4)}) {
      const std::vector<double> parts = Weights(config, precision, true);
      EXPECT_LT(LargestDifference(parts, Weights(config, precision, false)), tolerance);
      EXPECT_LT(LargestDifference(parts, Weights(whole, precision, true)), tolerance);
    }
  }
}
