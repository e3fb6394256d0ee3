// Initial weights and the layout of the state.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "models.hpp"

namespace {

using fixture::Block;

fixture::Table Rows(int64_t features, int64_t outputs, int64_t rows = 4) {
  fixture::Table table;
  table.AddInput("x", {features}, fixture::Numbers(static_cast<size_t>(rows * features)));
  table.AddTarget("y", {outputs}, fixture::Numbers(static_cast<size_t>(rows * outputs), 2));
  return table;
}

std::string Initializer(const std::string& class_name, const std::string& config) {
  return R"(, "batch_input_shape": [null, 60], "kernel_initializer": {"class_name": ")" + class_name + R"(", "config": )" + config + "}";
}

// Kernel values of Dense(80) over 60 features.
std::vector<double> Kernel(const std::string& class_name, const std::string& config, uint64_t seed, uint64_t stream) {
  const base::Graph graph = fixture::Sequential(fixture::Dense("a", 80, "linear", Initializer(class_name, config)));
  const fixture::Table table = Rows(60, 80);
  engine::Model model(graph, fixture::Config(base::LossKind::kMeanSquaredError, 4), table.spec, fixture::Precision(base::DType::kFloat64));
  Block block(model.program().layout());
  model.Initialise(block.get(), seed, stream, 1);
  return block.Values(model.program().layout(), model.program().layout().tensors[0]);
}

struct Moments {
  double mean = 0, stddev = 0, largest = 0;
};

Moments Measure(const std::vector<double>& values) {
  Moments m;
  for (double v : values) {
    m.mean += v;
    m.largest = std::max(m.largest, std::fabs(v));
  }
  m.mean /= static_cast<double>(values.size());
  for (double v : values) m.stddev += (v - m.mean) * (v - m.mean);
  m.stddev = std::sqrt(m.stddev / static_cast<double>(values.size()));
  return m;
}

}  // namespace

TEST(Initialise, GlorotUniformFillsItsInterval) {
  const Moments m = Measure(Kernel("GlorotUniform", "{\"seed\": null}", 1, 1));
  const double limit = std::sqrt(6.0 / (60 + 80));
  EXPECT_LE(m.largest, limit);
  EXPECT_GT(m.largest, 0.99 * limit);
  EXPECT_NEAR(m.stddev, limit / std::sqrt(3.0), 0.03 * limit);
  EXPECT_NEAR(m.mean, 0, 0.03 * limit);
}

TEST(Initialise, TruncatedNormalHasTheWantedDeviationAndNoTails) {
  const Moments m = Measure(Kernel("HeNormal", "{\"seed\": null}", 1, 1));
  const double wanted = std::sqrt(2.0 / 60);
  EXPECT_NEAR(m.stddev, wanted, 0.03 * wanted);
  EXPECT_LE(m.largest, 2 * wanted / 0.87962566103423978);
}

TEST(Initialise, RandomNormalHasTails) {
  const Moments m = Measure(Kernel("RandomNormal", R"({"mean": 1.0, "stddev": 0.5, "seed": null})", 1, 1));
  EXPECT_NEAR(m.mean, 1.0, 0.03);
  EXPECT_NEAR(m.stddev, 0.5, 0.02);
  EXPECT_GT(m.largest, 1.0 + 2 * 0.5);
}

TEST(Initialise, OrthogonalRowsAreOrthonormalTimesGain) {
  const std::vector<double> q = Kernel("Orthogonal", R"({"gain": 1.5, "seed": null})", 1, 1);
  for (int i = 0; i < 60; ++i) {
    for (int j = 0; j <= i; ++j) {
      double dot = 0;
      for (int k = 0; k < 80; ++k) dot += q[i * 80 + k] * q[j * 80 + k];
      EXPECT_NEAR(dot, i == j ? 2.25 : 0.0, 1e-12);
    }
  }
}

TEST(Initialise, ConstantsAndIdentity) {
  for (double v : Kernel("Constant", R"({"value": 0.25})", 1, 1)) EXPECT_EQ(v, 0.25);
  for (double v : Kernel("Ones", "{}", 1, 1)) EXPECT_EQ(v, 1.0);
  const std::vector<double> identity = Kernel("Identity", R"({"gain": 2.0})", 1, 1);
  for (size_t i = 0; i < identity.size(); ++i) EXPECT_EQ(identity[i], i / 80 == i % 80 ? 2.0 : 0.0);
}

TEST(Initialise, WeightsAreAFunctionOfSeedAndStream) {
  const char* config = "{\"seed\": null}";
  EXPECT_EQ(Kernel("GlorotUniform", config, 7, 3), Kernel("GlorotUniform", config, 7, 3));
  EXPECT_NE(Kernel("GlorotUniform", config, 7, 3), Kernel("GlorotUniform", config, 8, 3));
  EXPECT_NE(Kernel("GlorotUniform", config, 7, 3), Kernel("GlorotUniform", config, 7, 4));
}

TEST(Initialise, AnInitializersOwnSeedRulesAlone) {
  EXPECT_EQ(Kernel("GlorotUniform", "{\"seed\": 5}", 7, 3), Kernel("GlorotUniform", "{\"seed\": 5}", 8, 4));
  EXPECT_NE(Kernel("GlorotUniform", "{\"seed\": 5}", 7, 3), Kernel("GlorotUniform", "{\"seed\": 6}", 7, 3));
}

TEST(Initialise, LstmBeginsByRemembering) {
  const base::Graph graph =
      fixture::Sequential(R"({"class_name": "LSTM", "config": {"name": "l", "units": 3, "batch_input_shape": [null, 4, 2]}})");
  fixture::Table table;
  table.AddInput("x", {4, 2}, fixture::Numbers(16));
  table.AddTarget("y", {3}, fixture::Numbers(6));
  engine::Model model(graph, fixture::Config(base::LossKind::kMeanSquaredError, 2), table.spec, {});
  Block block(model.program().layout());
  model.Initialise(block.get(), 1, 1, 1);
  EXPECT_EQ(block.Values(model.program().layout(), model.program().layout().tensors[2]), (std::vector<double>{0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0}));
}

TEST(Initialise, LayoutIsAlignedInOrderAndWithoutOverlap) {
  const base::Graph graph = fixture::Sequential(fixture::Dense("a", 5, "relu", R"(, "batch_input_shape": [null, 3])") + "," +
                                                R"({"class_name": "BatchNormalization", "config": {"name": "n"}},)" +
                                                fixture::Dense("b", 2, "linear", R"(, "trainable": false)"));
  const fixture::Table table = Rows(3, 2);
  base::TrainConfig config = fixture::Config(base::LossKind::kMeanSquaredError, 4);
  config.optimizer.kind = base::OptimizerKind::kAdam;
  for (const base::DType precision : {base::DType::kFloat32, base::DType::kFloat64}) {
    engine::Model model(graph, config, table.spec, fixture::Precision(precision));
    const engine::StateLayout& layout = model.program().layout();
    std::vector<std::string> names;
    size_t end = engine::kStateCountersBytes;
    for (const engine::StateTensor& tensor : layout.tensors) {
      names.push_back(tensor.name);
      EXPECT_EQ(tensor.offset % 64, 0u);
      EXPECT_GE(tensor.offset, end);
      end = tensor.offset + tensor.count * base::DTypeSize(precision);
    }
    EXPECT_GE(layout.bytes, end);
    EXPECT_EQ(layout.bytes % 64, 0u);
    EXPECT_EQ(names, (std::vector<std::string>{"a/kernel", "a/bias", "n/gamma", "n/beta", "n/moving_mean", "n/moving_variance", "b/kernel",
                                               "b/bias", "a/kernel/m", "a/kernel/v", "a/bias/m", "a/bias/v", "n/gamma/m", "n/gamma/v",
                                               "n/beta/m", "n/beta/v"}));
    EXPECT_EQ(layout.weight_count, 3 * 5 + 5 + 4 * 5 + 5 * 2 + 2);
    EXPECT_TRUE(layout.tensors[0].trainable);
    EXPECT_FALSE(layout.tensors[4].trainable);
    EXPECT_FALSE(layout.tensors[6].trainable);
    EXPECT_TRUE(layout.tensors[8].is_slot);
  }
}

TEST(Initialise, AdagradsAccumulatorBeginsAtItsInitialValue) {
  base::TrainConfig config = fixture::Config(base::LossKind::kMeanSquaredError, 4);
  config.optimizer.kind = base::OptimizerKind::kAdagrad;
  config.optimizer.initial_accumulator_value = 0.25;
  const fixture::Table table = Rows(3, 2);
  engine::Model model(fixture::Sequential(fixture::Dense("a", 2, "linear", R"(, "batch_input_shape": [null, 3])")), config, table.spec, {});
  Block block(model.program().layout());
  model.Initialise(block.get(), 1, 1, 4);
  const engine::StateTensor& slot = model.program().layout().tensors[2];
  ASSERT_EQ(slot.name, "a/kernel/accumulator");
  for (double v : block.Values(model.program().layout(), slot)) EXPECT_EQ(v, 0.25);
  EXPECT_EQ(block.counters()->seed, 1u);
  EXPECT_EQ(block.counters()->stream, 1u);
  EXPECT_EQ(block.counters()->partitions, 4u);
  EXPECT_EQ(block.counters()->step, 0u);
}

TEST(Initialise, WeightsGoOutAndIn) {
  const fixture::Table table = Rows(3, 2);
  const base::Graph graph = fixture::Sequential(fixture::Dense("a", 2, "linear", R"(, "batch_input_shape": [null, 3])"));
  for (const base::DType precision : {base::DType::kFloat32, base::DType::kFloat64}) {
    engine::Model model(graph, fixture::Config(base::LossKind::kMeanSquaredError, 4), table.spec, fixture::Precision(precision));
    Block block(model.program().layout());
    model.Initialise(block.get(), 1, 1, 1);
    const std::vector<float> weights{1, 2, 3, 4, 5, 6, 7, 8};
    model.program().LoadWeights(block.get(), weights.data(), 8);
    std::string stored = "before";
    model.program().StoreWeights(block.get(), &stored);
    EXPECT_EQ(stored, "before" + std::string(reinterpret_cast<const char*>(weights.data()), 32));
    try {
      model.program().LoadWeights(block.get(), weights.data(), 7);
      FAIL() << "seven weights were taken";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kInvalidParameter);
      EXPECT_STREQ(error.what(), "the weights have 7 elements but the model has 8");
    }
  }
}
