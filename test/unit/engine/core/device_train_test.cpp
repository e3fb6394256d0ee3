// Models on the fake device: what they have in common with those on the processor, and with themselves.
// test/gpu/backend compares every layer, loss and optimizer.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "engine/core/device_context.hpp"
#include "engine/core/devices.hpp"
#include "engine/core/model_group.hpp"
#include "engine/core/state_scorer.hpp"
#include "models.hpp"
#include "training.hpp"

namespace engine {
namespace {

using fixture::Block;
using fixture::Table;

constexpr int64_t kRows = 70;

class OnDevice : public testing::Test {
 protected:
  void SetUp() override { Use({}); }
  void TearDown() override {
    CloseDevice();
    normalises_ = false;
    SetDevicePath(device::Path::kAuto);
    SetDeviceOptions({});
    TakeDeviceNotices();
  }
  static void Use(DeviceOptions options) {
    options.fake_devices = 1;
    SetDeviceOptions(options);
  }

  /// Dropout, shuffling, epochs and rows that are carried on.
  static base::Graph Graph() {
    return fixture::Sequential(fixture::Dense("a", 20, "relu", training::Input(6)) + "," +
                               training::Layer("Dropout", "d", R"("rate": 0.2)") + "," +
                               (normalises_ ? training::Layer("BatchNormalization", "n") + "," : "") +
                               fixture::Dense("b", 9, "tanh") + "," + fixture::Dense("o", 3, "softmax"));
  }
  static base::TrainConfig Config(double rate = 0.01, int epochs = 2) {
    base::TrainConfig config = fixture::Config(base::LossKind::kCategoricalCrossentropy, 16, rate);
    config.optimizer.kind = base::OptimizerKind::kAdam;
    config.shuffle = true;
    config.epochs = epochs;
    base::MetricConfig metric;
    metric.kind = base::MetricKind::kAccuracy;
    metric.name = "accuracy";
    config.metrics = {metric};
    return config;
  }
  static Options Device(bool device) {
    Options options;
    options.device = device ? 0 : -1;
    return options;
  }

  static inline bool normalises_ = false;

  struct Run {
    std::vector<std::string> weights;  // by model
    std::vector<TrainResult> results;
    std::vector<uint64_t> steps;
    std::vector<int> devices;
  };

  /// Models side by side over two buffers a visit, for some visits. rates: a model each.
  static Run Train(const std::vector<double>& rates, bool device, int visits = 3, BufferEnd end = BufferEnd::kCarries,
                   double bad_rate = 0) {
    const Table table = training::Classes(kRows, 6, 3, false);
    const auto graph = std::make_shared<const base::Graph>(Graph());
    std::vector<std::unique_ptr<Model>> models;
    std::vector<std::unique_ptr<Block>> blocks;
    std::vector<Model*> members;
    std::shared_ptr<const Program> program;
    for (size_t m = 0; m < rates.size(); ++m) {
      const base::TrainConfig config = Config(rates[m], rates[m] == bad_rate ? 1 : 2);
      if (program == nullptr) program = std::make_shared<const Program>(graph, config, table.spec, Device(device));
      models.push_back(std::make_unique<Model>(program, config));
      blocks.push_back(std::make_unique<Block>(program->layout()));
      // the stream follows from the rate, not from the position in the group
      models.back()->Initialise(blocks.back()->get(), 7, rates[m] > 1 ? 99 : static_cast<uint64_t>(1e6 * rates[m]), 2);
      members.push_back(models.back().get());
    }
    EXPECT_EQ(TrainingOnDevice(graph, Config(), table.spec, Device(device)).on_device, device);
    ModelGroup group(members, 4);
    Run run;
    for (int visit = 0; visit < visits; ++visit) {
      for (size_t m = 0; m < members.size(); ++m) {
        members[m]->Attach(blocks[m]->get());
        members[m]->BeginVisit(end);
      }
      run.results.assign(members.size(), {});
      const auto add = [&](const std::vector<TrainResult>& parts) {
        for (size_t m = 0; m < parts.size(); ++m) {
          run.results[m].rows += parts[m].rows;
          run.results[m].batches += parts[m].batches;
          run.results[m].loss_sum += parts[m].loss_sum;
          run.results[m].diverged = parts[m].diverged;
        }
      };
      add(group.Train(table.Buffer(kRows, visit % 2), {}));
      add(group.Train(table.Buffer(kRows - 11, visit % 2), {}));
      add(group.EndVisit({}));
      run.devices = group.devices();
      for (Model* model : members) model->Detach();
    }
    for (size_t m = 0; m < members.size(); ++m) {
      std::string weights;
      program->StoreWeights(blocks[m]->get(), &weights);
      run.weights.push_back(weights);
      run.steps.push_back(blocks[m]->counters()->step);
    }
    return run;
  }

  static double Largest(const std::string& a, const std::string& b) {
    double largest = a.size() == b.size() ? 0 : INFINITY;
    for (size_t at = 0; at + 4 <= a.size(); at += 4) {
      float x, y;
      std::memcpy(&x, a.data() + at, 4);
      std::memcpy(&y, b.data() + at, 4);
      largest = std::max(largest, std::fabs(static_cast<double>(x) - y));
    }
    return largest;
  }
};

TEST_F(OnDevice, TrainsAsTheProcessorDoes) {
  for (const BufferEnd end : {BufferEnd::kCarries, BufferEnd::kEndsBatch}) {
    const Run here = Train({0.01, 0.02}, false, 3, end), there = Train({0.01, 0.02}, true, 3, end);
    for (size_t m = 0; m < 2; ++m) {
      EXPECT_LT(Largest(there.weights[m], here.weights[m]), 1e-4);
      EXPECT_EQ(there.results[m].rows, here.results[m].rows);
      EXPECT_EQ(there.results[m].batches, here.results[m].batches);
      EXPECT_NEAR(there.results[m].loss_sum, here.results[m].loss_sum, 1e-4 * here.results[m].loss_sum);
      EXPECT_EQ(there.steps[m], here.steps[m]);
      EXPECT_EQ(there.devices[m], 0);
      EXPECT_EQ(here.devices[m], -1);
    }
  }
}

TEST_F(OnDevice, TwoRunsHaveTheSameBits) {
  EXPECT_EQ(Train({0.01, 0.02}, true).weights, Train({0.01, 0.02}, true).weights);
}

TEST_F(OnDevice, BitsDoNotDependOnTheGroup) {
  const Run wide = Train({0.01, 0.02, 0.03, 0.005}, true);
  EXPECT_EQ(Train({0.03}, true).weights[0], wide.weights[2]);
  EXPECT_EQ(Train({0.005, 0.01}, true).weights, (std::vector<std::string>{wide.weights[3], wide.weights[0]}));
}

TEST_F(OnDevice, BitsDoNotDependOnThePath) {
  SetDevicePath(device::Path::kReplay);
  const Run replayed = Train({0.01, 0.02}, true);
  SetDevicePath(device::Path::kPersistent);
  EXPECT_EQ(Train({0.01, 0.02}, true).weights, replayed.weights);
}

TEST_F(OnDevice, BitsDoNotDependOnTheOrderWithinAPhase) {
  SetDevicePath(device::Path::kReplay);
  const Run forwards = Train({0.01, 0.02}, true);
  DeviceOptions options;
  options.fake_backwards = true;
  Use(options);
  EXPECT_EQ(Train({0.01, 0.02}, true).weights, forwards.weights);
  SetDevicePath(device::Path::kPersistent);
  EXPECT_EQ(Train({0.01, 0.02}, true).weights, forwards.weights);
}

TEST_F(OnDevice, BitsOfNormalisedModelsDependOnThemselvesAlone) {
  normalises_ = true;
  const Run wide = Train({0.01, 0.02, 0.03}, true);
  EXPECT_EQ(Train({0.03}, true).weights[0], wide.weights[2]);
  DeviceOptions options;
  options.fake_backwards = true;
  Use(options);
  EXPECT_EQ(Train({0.01, 0.02, 0.03}, true).weights, wide.weights);
  const Run here = Train({0.01, 0.02, 0.03}, false);
  for (size_t m = 0; m < 3; ++m) EXPECT_LT(Largest(wide.weights[m], here.weights[m]), 1e-3);
}

TEST_F(OnDevice, ADivergedModelKeepsItsMovingStatistics) {
  normalises_ = true;
  const Run there = Train({0.01, 1e38}, true, 2, BufferEnd::kCarries, 1e38);
  const Run here = Train({0.01, 1e38}, false, 2, BufferEnd::kCarries, 1e38);
  EXPECT_TRUE(there.results[1].diverged);
  EXPECT_EQ(there.steps, here.steps);
  EXPECT_LT(Largest(there.weights[0], here.weights[0]), 1e-3);
}

TEST_F(OnDevice, IndexesBeyondATableAreRefused) {
  std::vector<double> indexes = fixture::Numbers(static_cast<size_t>(kRows) * 6), classes(kRows);
  for (double& index : indexes) index = 10 * index + 10;
  Table table;
  table.AddInput("x", {6}, indexes);
  table.AddTarget("y", {}, classes, base::TargetKind::kClassIndex, 3);
  base::TrainConfig config = Config();
  config.losses = {fixture::Loss(base::LossKind::kSparseCategoricalCrossentropy)};
  const base::Graph graph = fixture::Sequential(
      training::Layer("Embedding", "words", R"("input_dim": 15, "output_dim": 4)" + training::Input(6)) + "," +
      training::Layer("Flatten", "flat") + "," + fixture::Dense("o", 3, "softmax"));
  std::string texts[2];
  for (const bool device : {false, true}) {
    Model model(graph, config, table.spec, Device(device));
    Block block(model.program().layout());
    model.Initialise(block.get(), 7, 3, 2);
    const std::string before = block.bytes();
    model.Attach(block.get());
    model.BeginVisit();
    try {
      model.Train(table.Buffer(kRows), {});
      model.EndVisit();
      ADD_FAILURE() << "not refused";
    } catch (const base::Error& error) {
      texts[device ? 1 : 0] = error.what();
    }
    model.Detach();
    if (device) {
      EXPECT_EQ(block.bytes(), before);
    }
  }
  EXPECT_NE(texts[0].find("words"), std::string::npos);
  EXPECT_EQ(texts[1], texts[0]);
}

TEST_F(OnDevice, ADivergedModelLeavesTheOthersAlone) {
  for (const device::Path path : {device::Path::kReplay, device::Path::kPersistent}) {
    SetDevicePath(path);
    const Run mixed = Train({0.01, 1e38, 0.02}, true, 2, BufferEnd::kCarries, 1e38);
    EXPECT_FALSE(mixed.results[0].diverged);
    EXPECT_TRUE(mixed.results[1].diverged);
    EXPECT_EQ(Train({0.01, 0.02}, true, 2).weights, (std::vector<std::string>{mixed.weights[0], mixed.weights[2]}));
    const Run here = Train({0.01, 1e38, 0.02}, false, 2, BufferEnd::kCarries, 1e38);
    EXPECT_TRUE(here.results[1].diverged);
    EXPECT_EQ(mixed.steps, here.steps);
  }
}

TEST_F(OnDevice, ShortMemoryLeavesTheModelsToTheProcessor) {
  DeviceOptions options;
  options.memory = 4096;
  Use(options);
  const Run here = Train({0.01, 0.02}, false), there = Train({0.01, 0.02}, true);
  EXPECT_EQ(there.weights, here.weights);
  EXPECT_EQ(there.devices[0], -1);
  const std::vector<std::string> notices = TakeDeviceNotices();
  ASSERT_EQ(notices.size(), 1u);  // once, however many visits
  EXPECT_EQ(notices[0], "a device's memory is short: some models train on the processor for now");
}

TEST_F(OnDevice, AStateStaysThereFromVisitToVisit) {
  const Table table = training::Classes(kRows, 6, 3, false);
  Model model(Graph(), Config(), table.spec, Device(true));
  Block block(model.program().layout());
  model.Initialise(block.get(), 7, 3, 2);
  const std::shared_ptr<device::Device> device = TheDevice(0, {});
  device::Memory& memory = *device->memory();
  const BufferContent content(1);
  for (int visit = 0; visit < 3; ++visit) {
    model.Attach(block.get());
    model.BeginVisit();
    model.Train(table.Buffer(kRows), {});
    model.EndVisit();
    model.Detach();
    EXPECT_EQ(memory.states_moved(), 1);
    EXPECT_EQ(memory.columns_moved(), 2);  // input and target
  }
}

TEST_F(OnDevice, AnEndedVisitLeavesTheBlockAsItWas) {
  const Table table = training::Classes(kRows, 6, 3, false);
  Model model(Graph(), Config(), table.spec, Device(true));
  Block block(model.program().layout());
  model.Initialise(block.get(), 7, 3, 2);
  const std::string before = block.bytes();
  model.Attach(block.get());
  model.BeginVisit();
  model.Train(table.Buffer(kRows), {});
  model.Detach();  // as when a cancel unwinds
  EXPECT_EQ(block.bytes(), before);
}

TEST_F(OnDevice, ScoresAsTheProcessorDoes) {
  const Table table = training::Classes(600, 6, 3, false);
  std::vector<double> sums[2];
  for (const bool device : {false, true}) {
    const base::TrainConfig config = Config();
    const auto program = std::make_shared<const Program>(std::make_shared<const base::Graph>(Graph()), config,
                                                         table.spec, Device(device));
    std::vector<Block> blocks;
    std::vector<ScoredState> states;
    for (uint64_t stream : {1, 2, 3}) {
      blocks.emplace_back(program->layout());
      program->Initialise(config.optimizer, blocks.back().get(), 7, stream, 2);
      states.push_back({program, &config, blocks.back().get()});
    }
    StateScorer scorer(states);
    sums[device ? 1 : 0].assign(scorer.sums_size(), 0.0);
    for (int64_t rows : {600, 123}) scorer.Evaluate(table.Buffer(rows), sums[device ? 1 : 0].data(), {});
  }
  ASSERT_EQ(sums[0].size(), sums[1].size());
  for (size_t i = 0; i < sums[0].size(); ++i) EXPECT_NEAR(sums[1][i], sums[0][i], 1e-4 * std::fabs(sums[0][i]));
}

TEST_F(OnDevice, WeightsOfRowsAndClassesCount) {
  Table table = training::Classes(kRows, 6, 3, true);
  std::vector<float> weights;
  for (int64_t r = 0; r < kRows; ++r) weights.push_back(static_cast<float>(r % 5) * 0.5f);
  table.SetWeights(weights);
  base::TrainConfig config = Config();
  config.losses = {fixture::Loss(base::LossKind::kSparseCategoricalCrossentropy)};
  config.class_weight = {{0, 0.5}, {2, 3.0}};
  std::string trained[2];
  for (const bool device : {false, true}) {
    Model model(Graph(), config, table.spec, Device(device));
    Block block(model.program().layout());
    model.Initialise(block.get(), 7, 3, 2);
    model.Attach(block.get());
    model.BeginVisit(BufferEnd::kCarries);
    model.Train(table.Buffer(kRows), {});
    model.EndVisit();
    model.Detach();
    model.program().StoreWeights(block.get(), &trained[device ? 1 : 0]);
  }
  EXPECT_LT(Largest(trained[0], trained[1]), 1e-5);
}

TEST_F(OnDevice, RoundedFactorsChangeLittle) {
  const Run exact = Train({0.01}, true, 1);
  for (const char* precision : {"tf32", "bfloat16"}) {
    DeviceOptions options;
    options.precision = precision;
    Use(options);
    const Run rounded = Train({0.01}, true, 1);
    SetDevicePath(device::Path::kReplay);
    const Run replayed = Train({0.01}, true, 1);
    SetDevicePath(device::Path::kAuto);
    EXPECT_EQ(rounded.weights, replayed.weights);
    EXPECT_NE(rounded.weights, exact.weights);
    EXPECT_NEAR(rounded.results[0].loss_sum, exact.results[0].loss_sum, 0.02 * exact.results[0].loss_sum);
  }
}

TEST_F(OnDevice, RefusalsSayWhatIsInTheWay) {
  const Table table = training::Classes(kRows, 6, 3, false);
  const auto refusal = [&](const std::string& layer, base::DType precision = base::DType::kFloat32) {
    Options options = Device(true);
    options.precision = precision;
    const std::string layers =
        fixture::Dense("a", 6, "relu", training::Input(6)) + "," + layer + fixture::Dense("o", 3, "softmax");
    const auto graph = std::make_shared<const base::Graph>(fixture::Sequential(layers));
    const DeviceTraining training = TrainingOnDevice(graph, Config(), table.spec, options);
    EXPECT_FALSE(training.on_device);
    return training.refusal;
  };
  EXPECT_EQ(refusal(training::Layer("GaussianNoise", "noise", R"("stddev": 0.1)") + ","),
            "layer \"noise\" has no kernel for devices");
  EXPECT_EQ(refusal("", base::DType::kFloat64), "the models compute in float64");
  EXPECT_EQ(refusal(fixture::Dense("c", 4, "relu",
                                   R"(, "kernel_regularizer": {"class_name": "OrthogonalRegularizer", "config": {}})") +
                    ","),
            "weight \"c/kernel\" has an orthogonal regularizer");
}

}  // namespace
}  // namespace engine
