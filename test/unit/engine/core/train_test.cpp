// The trainer: repeatability, random streams, visits, divergence, weights of rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>

#include "base/error.hpp"
#include "base/philox.hpp"
#include "engine/core/model_group.hpp"
#include "engine/math/shuffle.hpp"
#include "models.hpp"

namespace {

using base::DType;
using base::LossKind;
using fixture::Block;
using fixture::Table;

const char* const kInput3 = R"(, "batch_input_shape": [null, 3])";

Table Rows(int64_t rows, int64_t features, int64_t outputs) {
  Table table;
  table.AddInput("x", {features}, fixture::Numbers(static_cast<size_t>(rows * features)));
  table.AddTarget("y", {outputs}, fixture::Numbers(static_cast<size_t>(rows * outputs), 2));
  return table;
}

/// A convolutional net with everything that draws random numbers or keeps statistics.
base::Graph SmallNet() {
  return fixture::Sequential(
      R"({"class_name": "Conv2D", "config": {"name": "c", "filters": 5, "kernel_size": 3, "activation": "relu", "padding": "same",
          "batch_input_shape": [null, 6, 6, 1]}},
         {"class_name": "BatchNormalization", "config": {"name": "n"}}, {"class_name": "MaxPooling2D", "config": {"name": "p"}},
         {"class_name": "Flatten", "config": {"name": "f"}}, {"class_name": "Dropout", "config": {"name": "d", "rate": 0.25}},)" +
      fixture::Dense("o", 4, "softmax"));
}

Table Images(int64_t rows) {
  Table table;
  table.AddInput("x", {6, 6}, fixture::Numbers(static_cast<size_t>(rows * 36)));
  std::vector<double> hot(static_cast<size_t>(rows * 4));
  for (int64_t r = 0; r < rows; ++r) hot[static_cast<size_t>(r * 4 + r * r % 4)] = 1;
  table.AddTarget("y", {4}, hot, base::TargetKind::kOneHot, 4);
  return table;
}

base::TrainConfig AdamConfig(int batch_size) {
  base::TrainConfig config = fixture::Config(LossKind::kCategoricalCrossentropy, batch_size, 0.01);
  config.optimizer.kind = base::OptimizerKind::kAdam;
  config.shuffle = true;
  return config;
}

/// The block's bytes after two iterations over three partitions.
std::string TrainedBytes(bool shifted, bool leave_between_visits) {
  const Table table = Images(50);
  engine::Model model(SmallNet(), AdamConfig(16), table.spec, {});
  Block block(model.program().layout(), shifted);
  model.Initialise(block.get(), 11, 3, 3);
  for (int visit = 0; visit < 6; ++visit) {
    model.Attach(block.get());
    model.BeginVisit();
    model.Train(table.Buffer(50, visit % 3), {});
    model.Train(table.Buffer(23, visit % 3), {});
    model.EndVisit();
    if (leave_between_visits) model.Detach();
  }
  EXPECT_EQ(block.counters()->iterations_done, 2u);
  EXPECT_EQ(block.counters()->visits_in_iteration, 0u);
  EXPECT_EQ(block.counters()->step, 6u * (4 + 2));
  EXPECT_EQ(block.counters()->rows_seen, 6u * 73);
  return block.bytes();
}

/// A model without weights: the input, through dropout, against zeros. Call 0 is the input, call 1 the dropout.
base::Graph DropoutOnly(int units, double rate) {
  return fixture::Sequential(R"({"class_name": "Dropout", "config": {"name": "d", "rate": )" + std::to_string(rate) +
                             R"(, "batch_input_shape": [null, )" + std::to_string(units) + "]}}");
}

Table OnesAgainstZeros(int64_t rows, int64_t units) {
  Table table;
  table.AddInput("x", {units}, std::vector<double>(static_cast<size_t>(rows * units), 1.0));
  table.AddTarget("y", {units}, std::vector<double>(static_cast<size_t>(rows * units), 0.0));
  return table;
}

}  // namespace

TEST(Train, SameBitsAgainAtAnotherAddressAndAfterAHop) {
  const std::string first = TrainedBytes(false, false);
  EXPECT_EQ(first, TrainedBytes(false, false));
  EXPECT_EQ(first, TrainedBytes(true, false));
  EXPECT_EQ(first, TrainedBytes(false, true));
}

TEST(Train, LearnsWhatCanBeLearned) {
  Table table;
  table.AddInput("x", {2}, {0, 0, 0, 1, 1, 0, 1, 1});
  table.AddTarget("y", {}, {0, 1, 1, 0}, base::TargetKind::kClassIndex, 2);
  base::TrainConfig config = AdamConfig(4);
  config.losses = {fixture::Loss(LossKind::kSparseCategoricalCrossentropy)};
  config.optimizer.learning_rate = 0.05;
  config.metrics = {{base::MetricKind::kAccuracy, "accuracy", 5}};
  config.epochs = 200;
  engine::Model model(
      fixture::Sequential(fixture::Dense("h", 8, "tanh", R"(, "batch_input_shape": [null, 2])") + "," + fixture::Dense("o", 2, "softmax")),
      config, table.spec, {});
  Block block(model.program().layout());
  model.Initialise(block.get(), 1, 1, 1);
  model.Attach(block.get());
  model.BeginVisit();
  const engine::TrainResult result = model.Train(table.Buffer(4), {});
  EXPECT_EQ(result.batches, 200);
  std::vector<double> sums(model.program().sums_size());
  model.Evaluate(table.Buffer(4), sums.data(), {});
  EXPECT_EQ(model.program().metric_names(), (std::vector<std::string>{"loss", "accuracy"}));
  EXPECT_LT(model.program().Finish(sums.data())[0], 0.05);
  EXPECT_EQ(model.program().Finish(sums.data())[1], 1.0);
}

TEST(Train, ShuffleIsAPermutationOfItsOwnKeys) {
  std::vector<int64_t> order, again, other;
  engine::math::RowOrder(1000, true, {1, 2, 3, 4, 5}, &order);
  engine::math::RowOrder(1000, true, {1, 2, 3, 4, 5}, &again);
  EXPECT_EQ(order, again);
  const engine::math::DrawKeys others[] = {{9, 2, 3, 4, 5}, {1, 9, 3, 4, 5}, {1, 2, 9, 4, 5}, {1, 2, 3, 9, 5}, {1, 2, 3, 4, 9}};
  for (const engine::math::DrawKeys& keys : others) {
    engine::math::RowOrder(1000, true, keys, &other);
    EXPECT_NE(order, other);
  }
  std::vector<int64_t> identity(1000);
  std::iota(identity.begin(), identity.end(), 0);
  int64_t fixed = 0;
  for (size_t i = 0; i < order.size(); ++i) fixed += order[i] == identity[i];
  EXPECT_LT(fixed, 12);  // one is expected
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, identity);
  engine::math::RowOrder(1000, false, {1, 2, 3, 4, 5}, &order);
  EXPECT_EQ(order, identity);
}

TEST(Train, EveryRowIsTrainedOnceAnEpoch) {
  // targets are powers of two and outputs zero: the sum of squares tells which rows were there, exactly
  Table table;
  table.AddInput("x", {1}, std::vector<double>(20, 0.0));
  std::vector<double> powers(20);
  for (int i = 0; i < 20; ++i) powers[static_cast<size_t>(i)] = std::ldexp(1.0, i);
  table.AddTarget("y", {1}, powers);
  base::TrainConfig config = fixture::Config(LossKind::kMeanSquaredError, 7, 0.0);
  config.shuffle = true;
  config.epochs = 3;
  engine::Model model(fixture::Sequential(fixture::Dense("o", 1, "linear", R"(, "batch_input_shape": [null, 1])")), config, table.spec,
                      fixture::Precision(DType::kFloat64));
  Block block(model.program().layout());
  model.Initialise(block.get(), 1, 1, 1);
  model.Attach(block.get());
  model.BeginVisit();
  const engine::TrainResult result = model.Train(table.Buffer(20), {});
  EXPECT_EQ(result.rows, 60);
  EXPECT_EQ(result.batches, 9);  // 7 + 7 + 6 rows, three times
  EXPECT_EQ(result.loss_sum, 3 * ((std::ldexp(1.0, 40) - 1) / 3));
}

TEST(Train, DropoutDropsItsShareAndScalesTheRest) {
  const Table table = OnesAgainstZeros(200, 1000);
  engine::Model model(DropoutOnly(1000, 0.3), fixture::Config(LossKind::kMeanSquaredError, 50), table.spec, {});
  Block block(model.program().layout());
  model.Initialise(block.get(), 1, 1, 1);
  model.Attach(block.get());
  model.BeginVisit();
  // kept with probability 0.7, then 1 / 0.7: the mean square is 1 / 0.7, with a deviation of 0.0021 over 200,000 draws
  EXPECT_NEAR(model.Train(table.Buffer(200), {}).loss_sum / 200, 1 / 0.7, 0.01);
  std::vector<double> sums(model.program().sums_size());
  model.Evaluate(table.Buffer(200), sums.data(), {});
  EXPECT_EQ(model.program().Finish(sums.data())[0], 1.0);
}

TEST(Train, DropoutDrawsFromTheDocumentedStream) {
  const int rows = 5, units = 7, size = 3;
  const double rate = 0.5;
  const Table table = OnesAgainstZeros(rows, units);
  base::TrainConfig config = fixture::Config(LossKind::kMeanSquaredError, size);
  config.epochs = 2;
  engine::Model model(DropoutOnly(units, rate), config, table.spec, fixture::Precision(DType::kFloat64));
  Block block(model.program().layout());
  const uint64_t seed = 17, stream = 4;
  const uint64_t partition = 6;
  model.Initialise(block.get(), seed, stream, 1);
  block.counters()->iterations_done = 9;
  model.Attach(block.get());
  model.BeginVisit();
  for (int buffer = 0; buffer < 2; ++buffer) {
    double expected = 0;
    for (uint64_t epoch = 0; epoch < 2; ++epoch) {
      for (uint64_t batch = 0; batch < 2; ++batch) {
        // batches are numbered through the visit: two a buffer
        const base::Stream words(seed, stream, base::Purpose::kDropout, 9, epoch, partition << 32 | (2 * buffer + batch), 1);
        const int n = batch == 0 ? size : rows - size;
        for (int i = 0; i < n * units; ++i) expected += words.Word(static_cast<uint64_t>(i)) < 0x80000000u ? 0.0 : 4.0 / units;
      }
    }
    EXPECT_NEAR(model.Train(table.Buffer(rows, partition), {}).loss_sum, expected, 1e-9);
  }
}

TEST(Train, WithoutTrainableWeightsNothingMoves) {
  const Table table = Rows(10, 3, 2);
  const base::Graph graph = fixture::Sequential(fixture::Dense("o", 2, "linear", std::string(kInput3) + R"(, "trainable": false)"));
  engine::Model model(graph, fixture::Config(LossKind::kMeanSquaredError, 4), table.spec, {});
  Block block(model.program().layout());
  model.Initialise(block.get(), 1, 1, 1);
  const std::vector<double> before = block.Weights(model.program().layout());
  model.Attach(block.get());
  model.BeginVisit();
  const engine::TrainResult result = model.Train(table.Buffer(10), {});
  EXPECT_EQ(result.rows, 10);
  std::vector<double> sums(model.program().sums_size());
  model.Evaluate(table.Buffer(10), sums.data(), {});
  EXPECT_NEAR(result.loss_sum / 10, model.program().Finish(sums.data())[0], 1e-6);
  EXPECT_EQ(block.Weights(model.program().layout()), before);
}

TEST(Train, ADivergedModelKeepsTheWeightsBeforeAndStops) {
  // the second mini-batch's targets are infinite when squared
  Table table = Rows(12, 3, 2);
  Table bad;
  bad.AddInput("x", {3}, fixture::Numbers(36));
  std::vector<double> targets = fixture::Numbers(24, 2);
  targets[4 * 2] = 1e30;
  bad.AddTarget("y", {2}, targets);
  const base::Graph graph =
      fixture::Sequential(fixture::Dense("h", 4, "tanh", kInput3) + "," +
                          R"({"class_name": "BatchNormalization", "config": {"name": "n"}},)" + fixture::Dense("o", 2, "linear"));
  const base::TrainConfig config = fixture::Config(LossKind::kMeanSquaredError, 4, 0.1);
  engine::Model model(graph, config, table.spec, {});
  Block healthy(model.program().layout()), diverged(model.program().layout());
  model.Initialise(healthy.get(), 1, 1, 1);
  model.Initialise(diverged.get(), 1, 1, 1);
  model.Attach(healthy.get());
  model.BeginVisit();
  model.Train(table.Buffer(4), {});  // the first mini-batch alone

  model.Attach(diverged.get());
  model.BeginVisit();
  const engine::TrainResult result = model.Train(bad.Buffer(12), {});
  EXPECT_TRUE(result.diverged);
  EXPECT_EQ(result.rows, 4);
  EXPECT_EQ(result.batches, 1);
  EXPECT_TRUE(std::isfinite(result.loss_sum));
  EXPECT_EQ(diverged.counters()->diverged_step, 2u);
  EXPECT_EQ(diverged.counters()->step, 1u);
  EXPECT_EQ(diverged.Weights(model.program().layout()), healthy.Weights(model.program().layout()));

  const std::string before = diverged.bytes();
  const engine::TrainResult next = model.Train(table.Buffer(12), {});
  EXPECT_TRUE(next.diverged);
  EXPECT_EQ(next.rows, 0);
  EXPECT_EQ(diverged.bytes(), before);
}

TEST(Train, ClassWeightsAreRowWeights) {
  Table table;
  table.AddInput("x", {3}, fixture::Numbers(30));
  std::vector<double> classes;
  std::vector<float> weights;
  for (int i = 0; i < 10; ++i) {
    classes.push_back(i % 3);
    weights.push_back(i % 3 == 0 ? 2.0f : i % 3 == 1 ? 0.25f : 1.0f);
  }
  table.AddTarget("y", {}, classes, base::TargetKind::kClassIndex, 3);
  Table weighted = table;
  weighted.SetWeights(weights);
  const base::Graph graph = fixture::Sequential(fixture::Dense("o", 3, "softmax", kInput3));
  base::TrainConfig config = fixture::Config(LossKind::kSparseCategoricalCrossentropy, 4, 0.5);

  std::array<std::string, 2> bytes;
  std::array<double, 2> losses{};
  for (int i = 0; i < 2; ++i) {
    config.class_weight.clear();
    if (i == 0) config.class_weight = {{0, 2.0}, {1, 0.25}};
    const Table& t = i == 0 ? table : weighted;
    engine::Model model(graph, config, t.spec, {});
    Block block(model.program().layout());
    model.Initialise(block.get(), 1, 1, 1);
    model.Attach(block.get());
    model.BeginVisit();
    losses[i] = model.Train(t.Buffer(10), {}).loss_sum;
    bytes[i] = block.bytes();
  }
  EXPECT_EQ(bytes[0], bytes[1]);
  EXPECT_EQ(losses[0], losses[1]);
}

TEST(Train, OtherClassWeightsThanTheProgramsMayBeSet) {
  Table table;
  table.AddInput("x", {3}, fixture::Numbers(30));
  std::vector<double> classes;
  for (int i = 0; i < 10; ++i) classes.push_back(i % 3);
  table.AddTarget("y", {}, classes, base::TargetKind::kClassIndex, 3);
  const base::Graph graph = fixture::Sequential(fixture::Dense("o", 3, "softmax", kInput3));
  const std::map<int, double> wanted = {{0, 2.0}, {1, 0.25}};
  for (bool kernels : {true, false}) {
    SCOPED_TRACE(kernels);
    engine::Options options;
    options.kernels = kernels;
    const auto train = [&](engine::Model* model) {
      Block block(model->program().layout());
      model->Initialise(block.get(), 1, 1, 1);
      model->Attach(block.get());
      model->BeginVisit();
      model->Train(table.Buffer(10), {});
      model->Detach();
      return block.bytes();
    };
    base::TrainConfig config = fixture::Config(LossKind::kSparseCategoricalCrossentropy, 4, 0.5);
    config.class_weight = {{0, 7.0}};
    engine::Model other(graph, config, table.spec, options);
    config.class_weight = wanted;
    engine::Model configured(graph, config, table.spec, options);
    const std::string before = train(&other);
    EXPECT_NE(before, train(&configured));
    other.SetClassWeights(wanted);
    EXPECT_EQ(train(&other), train(&configured));
    other.SetClassWeights({{0, 7.0}});
    EXPECT_EQ(train(&other), before);
  }
}

TEST(Train, PollIsAskedInEveryMiniBatchAndMayStop) {
  const Table table = Rows(10, 3, 2);
  engine::Model model(fixture::Sequential(fixture::Dense("o", 2, "linear", kInput3)), fixture::Config(LossKind::kMeanSquaredError, 3),
                      table.spec, {});
  Block block(model.program().layout());
  model.Initialise(block.get(), 1, 1, 1);
  model.Attach(block.get());
  model.BeginVisit();
  int asked = 0;
  model.Train(table.Buffer(10), [&] { ++asked; });
  EXPECT_GE(asked, 4);
  EXPECT_EQ(block.counters()->step, 4u);
  // wherever it stops the work, the model trains on afterwards
  for (int stop = 1; stop <= asked; ++stop) {
    int left = stop;
    EXPECT_THROW(model.Train(table.Buffer(10),
                             [&] {
                               if (--left == 0) throw std::runtime_error("cancelled");
                             }),
                 std::runtime_error);
    EXPECT_EQ(model.Train(table.Buffer(10), {}).rows, 10);
  }
}

TEST(Train, EvaluationAddsUpOverBuffers) {
  const Table table = Images(40);
  base::TrainConfig config = AdamConfig(16);
  config.metrics = {{base::MetricKind::kAccuracy, "accuracy", 5}};
  engine::Model model(SmallNet(), config, table.spec, fixture::Precision(DType::kFloat64));
  Block block(model.program().layout());
  model.Initialise(block.get(), 1, 1, 1);
  model.Attach(block.get());
  std::vector<double> whole(model.program().sums_size()), parts(model.program().sums_size());
  model.Evaluate(table.Buffer(40), whole.data(), {});
  base::Buffer second = table.Buffer(15);
  second.inputs[0] += 25 * table.spec.inputs[0].row_bytes();
  second.targets[0] += 25 * table.spec.targets[0].row_bytes();
  model.Evaluate(table.Buffer(25), parts.data(), {});
  model.Evaluate(second, parts.data(), {});
  const std::vector<double> a = model.program().Finish(whole.data()), b = model.program().Finish(parts.data());
  ASSERT_EQ(a.size(), 2u);
  EXPECT_NEAR(a[0], b[0], 1e-12);
  EXPECT_EQ(a[1], b[1]);
}

TEST(Train, LogitsArePredictedAsProbabilities) {
  const Table table = Rows(6, 3, 2);
  base::TrainConfig config = fixture::Config(LossKind::kCategoricalCrossentropy, 6);
  config.losses[0].from_logits = true;
  engine::Model model(fixture::Sequential(fixture::Dense("o", 2, "linear", kInput3)), config, table.spec, {});
  Block block(model.program().layout());
  model.Initialise(block.get(), 1, 1, 1);
  model.Attach(block.get());
  std::vector<std::vector<float>> out;
  model.Predict(table.Buffer(6), &out, {});
  ASSERT_EQ(out[0].size(), 12u);
  for (size_t i = 0; i < 12; i += 2) EXPECT_NEAR(out[0][i] + out[0][i + 1], 1.0, 1e-6);
}

TEST(Train, AnIndexOutsideTheTableIsAnErrorOfTheData) {
  Table table;
  table.AddInput("words", {2}, {1, 2, 3, 9});
  table.AddTarget("y", {2, 3}, fixture::Numbers(12));
  const base::Graph graph = fixture::Sequential(
      R"({"class_name": "Embedding", "config": {"name": "e", "input_dim": 5, "output_dim": 3, "batch_input_shape": [null, 2]}})");
  engine::Model model(graph, fixture::Config(LossKind::kMeanSquaredError, 2), table.spec, {});
  Block block(model.program().layout());
  model.Initialise(block.get(), 1, 1, 1);
  model.Attach(block.get());
  model.BeginVisit();
  try {
    model.Train(table.Buffer(2), {});
    FAIL() << "index 9 was taken";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kInvalidData);
    EXPECT_STREQ(error.what(), "index 9 is outside the table of layer \"e\"");
  }
}

namespace {

/// Trains a visit of buffers of the given rows, one behind the other, on a table; side by side with others of `members` models. The weights of the last one.
std::string CarriedBytes(const Table& table, const std::vector<int64_t>& rows, base::TrainConfig config, int members, engine::TrainResult* seen) {
  const base::Graph graph = fixture::Sequential(fixture::Dense("h", 5, "tanh", kInput3) + "," + fixture::Dense("o", 2, "linear"));
  std::vector<std::unique_ptr<engine::Model>> models;
  std::vector<std::unique_ptr<Block>> blocks;
  std::vector<engine::Model*> together;
  for (int m = 0; m < members; ++m) {
    models.push_back(std::make_unique<engine::Model>(graph, config, table.spec, engine::Options{}));
    blocks.push_back(std::make_unique<Block>(models.back()->program().layout()));
    models.back()->Initialise(blocks.back()->get(), 3, 1, 1);
    models.back()->Attach(blocks.back()->get());
    models.back()->BeginVisit(engine::BufferEnd::kCarries);
    together.push_back(models.back().get());
  }
  engine::ModelGroup side_by_side(together, 2);
  *seen = {};
  const auto add = [&](const engine::TrainResult& part) {
    seen->rows += part.rows;
    seen->batches += part.batches;
    seen->loss_sum += part.loss_sum;
  };
  int64_t first = 0;
  for (const int64_t n : rows) {
    base::Buffer buffer = table.Buffer(n);
    for (size_t c = 0; c < buffer.inputs.size(); ++c) buffer.inputs[c] += static_cast<size_t>(first) * table.spec.inputs[c].row_bytes();
    for (size_t c = 0; c < buffer.targets.size(); ++c) buffer.targets[c] += static_cast<size_t>(first) * table.spec.targets[c].row_bytes();
    add(side_by_side.Train(buffer, {}).back());
    first += n;
  }
  add(side_by_side.EndVisit({}).back());
  return blocks.back()->bytes();
}

}  // namespace

// Mini-batches cross the ends of buffers: however the rows are cut, they are those of one buffer.
TEST(Train, CarriesRowsFromBufferToBuffer) {
  const Table table = Rows(100, 3, 2);
  base::TrainConfig config = fixture::Config(LossKind::kMeanSquaredError, 32, 0.01);
  config.shuffle = false;
  engine::TrainResult whole, cut;
  // unshuffled, batches that are filled by two buffers come behind the whole ones of the later buffer
  const std::string one = CarriedBytes(table, {100}, config, 1, &whole);
  EXPECT_EQ(whole.batches, 4);
  EXPECT_EQ(whole.rows, 100);
  EXPECT_EQ(CarriedBytes(table, {64, 36}, config, 1, &cut), one);  // both end where mini-batches end
  for (const std::vector<int64_t>& rows : std::vector<std::vector<int64_t>>{{100}, {10, 10, 80}, {31, 31, 31, 7}, {1, 98, 1}, {5, 5, 5, 5, 80}}) {
    for (const bool shuffle : {false, true}) {
      config.shuffle = shuffle;
      const std::string alone = CarriedBytes(table, rows, config, 1, &cut);
      EXPECT_EQ(cut.batches, 4);
      EXPECT_EQ(cut.rows, 100);
      EXPECT_EQ(CarriedBytes(table, rows, config, 3, &cut), alone);  // side by side with others
      EXPECT_EQ(CarriedBytes(table, rows, config, 1, &cut), alone);
    }
  }
  // a mini-batch as large as the partition, whatever its buffers: the same one step
  config.shuffle = false;
  config.batch_size = 1000;
  const std::string step = CarriedBytes(table, {100}, config, 1, &whole);
  EXPECT_EQ(whole.batches, 1);
  EXPECT_EQ(CarriedBytes(table, {30, 30, 40}, config, 1, &cut), step);
  EXPECT_EQ(cut.loss_sum, whole.loss_sum);
  config.batch_size = 100;
  EXPECT_EQ(CarriedBytes(table, {99, 1}, config, 2, &cut), step);
}
