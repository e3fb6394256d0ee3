// A loss and a metric that are functions of TorchScript: the same training and the same values as by our own, and a
// program of its own.
#include "training.hpp"

#include "base/error.hpp"
#include "definitions/torchscript.hpp"

namespace {

using namespace training;

const char* const kSquared = "def squared(y_true, y_pred):\n  return ((y_true - y_pred) ** 2).mean(-1)\n";
const char* const kSmaller = "def squared(y_true, y_pred):\n  return ((y_true - y_pred) ** 2).mean(-1) * 0.5\n";

base::TrainConfig WithLoss(const char* source) {
  base::TrainConfig config = AdamConfig(LossKind::kMeanSquaredError, 8);
  config.losses = {base::LossConfig{}};
  config.losses[0].kind = definitions::kTorchScriptLoss;
  config.losses[0].name = definitions::TorchScriptCall("squared", definitions::EncodeBase64(source));
  return config;
}

base::MetricConfig Metric(const char* source) {
  base::MetricConfig metric;
  metric.kind = definitions::kTorchScriptMetric;
  metric.name = definitions::TorchScriptCall("squared", definitions::EncodeBase64(source));
  return metric;
}

base::Graph Net() { return fixture::Sequential(Dense("a", 12, "tanh", Input(7)) + "," + Dense("o", 3, "linear")); }

TEST(ScriptFunctions, TrainAsOurOwnLoss) {
  const Table table = Reals(30, 7, 3);
  for (const DType precision : {DType::kFloat64, DType::kFloat32}) {
    const Trained own = Train(Net(), AdamConfig(LossKind::kMeanSquaredError, 8), table, 30, 6, precision, false);
    const Trained function = Train(Net(), WithLoss(kSquared), table, 30, 6, precision, false);
    EXPECT_LT(LargestDifference(function, own), precision == DType::kFloat64 ? 1e-12 : 2e-5);
    EXPECT_NEAR(function.loss_sum, own.loss_sum, 1e-4);
    // every run has the same bits
    EXPECT_EQ(function.bytes, Train(Net(), WithLoss(kSquared), table, 30, 6, precision, false, true).bytes);
  }
}

TEST(ScriptFunctions, AreTrainedWithoutKernels) {
  engine::Options options;
  const Table table = Reals(30, 7, 3);
  base::TrainConfig config = AdamConfig(LossKind::kMeanSquaredError, 8);
  EXPECT_TRUE(engine::Program(std::make_shared<base::Graph>(Net()), config, table.spec, options).has_kernels());
  config.metrics = {Metric(kSquared)};
  EXPECT_FALSE(engine::Program(std::make_shared<base::Graph>(Net()), config, table.spec, options).has_kernels());
  EXPECT_FALSE(
      engine::Program(std::make_shared<base::Graph>(Net()), WithLoss(kSquared), table.spec, options).has_kernels());
}

TEST(ScriptFunctions, DecideTheProgram) {
  EXPECT_EQ(engine::ProgramKey(WithLoss(kSquared)), engine::ProgramKey(WithLoss(kSquared)));
  EXPECT_NE(engine::ProgramKey(WithLoss(kSquared)), engine::ProgramKey(WithLoss(kSmaller)));
  base::TrainConfig a = WithLoss(kSquared), b = a;
  a.metrics = {Metric(kSquared)};
  b.metrics = {Metric(kSmaller)};
  EXPECT_NE(engine::ProgramKey(a), engine::ProgramKey(b));
}

TEST(ScriptFunctions, AreMeansOverRows) {
  const Table table = Reals(30, 7, 3);
  base::TrainConfig config = AdamConfig(LossKind::kMeanSquaredError, 8);
  config.metrics = {Metric(kSquared), Metric("def mean(y_true, y_pred):\n  return ((y_true - y_pred) ** 2).mean()\n"),
                    Metric("def two(y_true, y_pred):\n  return 2.0\n")};
  engine::Model model(Net(), config, table.spec, {});
  Block block(model.program().layout());
  model.Initialise(block.get(), 7, 3, 2);
  model.Attach(block.get());
  std::vector<double> sums(model.program().sums_size());
  model.Evaluate(table.Buffer(17, 0), sums.data(), {});
  model.Evaluate(table.Buffer(13, 1), sums.data(), {});
  const std::vector<double> values = model.program().Finish(sums.data());
  ASSERT_EQ(values.size(), 4u);
  EXPECT_NEAR(values[1], values[0], 1e-6);
  EXPECT_NEAR(values[2], values[0], 1e-6);
  EXPECT_EQ(values[3], 2);
}

TEST(ScriptFunctions, AreCheckedBeforeTraining) {
  const Table table = Reals(30, 7, 3);
  EXPECT_THROW(engine::Program(std::make_shared<base::Graph>(Net()),
                               WithLoss("def f(a, b):\n  return torch.rand([1])\n"), table.spec, {}),
               base::Error);
}

}  // namespace
