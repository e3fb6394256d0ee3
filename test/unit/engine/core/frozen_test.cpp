// Graphs that are cut at the end of their frozen part, with its features as columns: the same training and the same sums, bit for bit, as
// of the whole graph. By LibTorch to tolerance.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../functional.hpp"
#include "base/error.hpp"
#include "base/graph_cut.hpp"
#include "engine/api/binding.hpp"
#include "engine/core/feature_extractor.hpp"
#include "engine/core/model_group.hpp"
#include "layers/frozen.hpp"
#include "training.hpp"

using base::DType;
using base::LossKind;
using fixture::Block;
using fixture::Functional;
using fixture::Table;
using fixture::Tensor;

namespace {

constexpr const char* kFrozen = R"(, "trainable": false)";

/// A graph, its rows, and how it is trained.
struct Task {
  std::shared_ptr<const base::Graph> graph;
  Table table;
  base::TrainConfig config;
  int64_t rows = 0;
};

/// Rows of one buffer with the features of some calls as float32 columns, and without the raw columns that nobody reads.
struct WithFeatures {
  base::DataSpec spec;
  std::shared_ptr<const base::Graph> cut;
  std::vector<std::vector<float>> features;
  std::vector<int> calls;

  base::Buffer Buffer(const Table& table, int64_t rows, int partition) const {
    base::Buffer buffer = table.Buffer(rows, partition);
    for (const std::vector<float>& values : features) buffer.inputs.push_back(reinterpret_cast<const uint8_t*>(values.data()));
    const std::vector<bool> read = engine::ColumnsRead(*cut, spec);
    for (size_t i = 0; i < read.size(); ++i) {
      if (!read[i]) buffer.inputs[i] = nullptr;
    }
    return buffer;
  }
};

WithFeatures Extract(const Task& task, std::vector<int> calls, const engine::Options& options, const void* block) {
  WithFeatures made;
  made.calls = calls;
  made.spec = task.table.spec;
  std::vector<base::FeatureCut> cuts;
  for (const int call : calls) {
    base::ColumnSpec column;
    column.name = "features_" + std::to_string(call);
    column.shape = task.graph->calls[static_cast<size_t>(call)].output_shape;
    column.feature = true;
    made.spec.inputs.push_back(column);
    cuts.push_back({call, column.name});
  }
  auto cut = std::make_shared<base::Graph>(base::CutGraph(*task.graph, cuts));
  cut->whole = task.graph;
  made.cut = std::move(cut);
  engine::FeatureExtractor extractor(task.graph, calls, made.spec, options);
  extractor.Attach(block);
  base::Buffer raw = task.table.Buffer(task.rows);
  raw.inputs.resize(made.spec.inputs.size());
  extractor.Run(raw, &made.features, {});
  EXPECT_EQ(extractor.has_kernels(), options.kernels);
  return made;
}

struct Result {
  std::string state;
  std::vector<double> weights, sums;
  double loss = 0;
};

/// Trains four visits of two buffers whose rows are carried on, and scores.
template <typename MakeBuffer>
Result TrainAndScore(engine::Model* model, Block* block, int64_t rows, const MakeBuffer& buffer) {
  Result result;
  for (int visit = 0; visit < 4; ++visit) {
    model->BeginVisit(engine::BufferEnd::kCarries);
    for (int part = 0; part < 2; ++part) result.loss += model->Train(buffer(rows, visit % 2), {}).loss_sum;
    result.loss += model->EndVisit().loss_sum;
  }
  result.sums.assign(model->program().sums_size(), 0);
  model->Evaluate(buffer(rows, 0), result.sums.data(), {});
  model->Detach();
  result.state = block->bytes();
  result.weights = block->Weights(model->program().layout());
  return result;
}

/// The whole graph's training against that of the graph cut at `calls`.
void Compare(const Task& task, const std::vector<int>& calls, const engine::Options& options, double tolerance) {
  engine::Model whole(std::make_shared<const engine::Program>(task.graph, task.config, task.table.spec, options), task.config);
  EXPECT_EQ(whole.program().has_kernels(), options.kernels);
  Block plain_block(whole.program().layout());
  whole.Initialise(plain_block.get(), 7, 3, 2);
  const WithFeatures made = Extract(task, calls, options, plain_block.get());
  engine::Model cut(std::make_shared<const engine::Program>(made.cut, task.config, made.spec, options), task.config);
  EXPECT_EQ(cut.program().has_kernels(), options.kernels);
  Block cut_block(cut.program().layout());
  cut.Initialise(cut_block.get(), 7, 3, 2);
  ASSERT_EQ(plain_block.bytes(), cut_block.bytes());
  const std::string initial = plain_block.bytes();

  whole.Attach(plain_block.get());
  const Result plain =
      TrainAndScore(&whole, &plain_block, task.rows, [&](int64_t rows, int partition) { return task.table.Buffer(rows, partition); });
  cut.Attach(cut_block.get());
  const Result read =
      TrainAndScore(&cut, &cut_block, task.rows, [&](int64_t rows, int partition) { return made.Buffer(task.table, rows, partition); });
  EXPECT_NE(plain.state, initial);
  if (tolerance == 0) {
    EXPECT_EQ(plain.state, read.state);
    EXPECT_EQ(plain.loss, read.loss);
    EXPECT_EQ(plain.sums, read.sums);
    return;
  }
  for (size_t i = 0; i < plain.weights.size(); ++i) ASSERT_NEAR(plain.weights[i], read.weights[i], tolerance);
  for (size_t i = 0; i < plain.sums.size(); ++i) EXPECT_NEAR(plain.sums[i], read.sums[i], tolerance * (1 + std::fabs(plain.sums[i])));
}

/// At the deepest cuts, and at every other frozen call alone; by kernels bit for bit, by LibTorch to 1e-5; with Adam and with momentum.
void CompareAll(Task task, size_t deepest_cuts) {
  const std::vector<int> deepest = layers::DeepestCuts(*task.graph);
  ASSERT_EQ(deepest.size(), deepest_cuts);
  const std::vector<bool> cuts = layers::CutCalls(*task.graph, layers::FrozenCalls(*task.graph));
  engine::Options kernels, modules;
  modules.kernels = false;
  Compare(task, deepest, kernels, 0);
  Compare(task, deepest, modules, 1e-5);
  for (size_t call = 0; call < cuts.size(); ++call) {
    SCOPED_TRACE(task.graph->layers[static_cast<size_t>(task.graph->calls[call].layer)].name);
    if (cuts[call]) Compare(task, {static_cast<int>(call)}, kernels, 0);
  }
  task.config.optimizer = fixture::Config(LossKind::kMeanSquaredError, 1, 0.05).optimizer;
  task.config.optimizer.momentum = 0.9;
  task.config.epochs = 2;
  Compare(task, deepest, kernels, 0);
}

base::MetricConfig Metric(base::MetricKind kind, const char* name) {
  base::MetricConfig metric;
  metric.kind = kind;
  metric.name = name;
  return metric;
}

/// Rows of one column and one-hot targets of three classes.
Task Classes(const std::shared_ptr<const base::Graph>& graph, const base::Shape& shape, int64_t rows) {
  Task task;
  task.graph = graph;
  task.rows = rows;
  const auto width = static_cast<int>(base::ElementCount(shape));
  task.table = training::Classes(rows, width, 3, false);
  task.table.spec.inputs[0].shape = shape;
  task.config = training::AdamConfig(LossKind::kCategoricalCrossentropy, 20);
  task.config.metrics = {Metric(base::MetricKind::kAccuracy, "accuracy"), Metric(base::MetricKind::kMeanSquaredError, "mse")};
  return task;
}

std::shared_ptr<const base::Graph> Shared(base::Graph graph) { return std::make_shared<const base::Graph>(std::move(graph)); }

}  // namespace

TEST(Frozen, DenseTrunk) {
  Functional net;
  const Tensor x = net.Input("x", "19");
  const Tensor a = net.Dense("a", 24, "tanh", x, kFrozen);
  const Tensor b = net.Dense("b", 16, "relu", net.Call("Dropout", "fixed", R"("rate": 0.4, "trainable": false)", {a}), kFrozen);
  const Tensor c = net.Dense("c", 12, "relu", net.Call("Dropout", "drop", R"("rate": 0.3)", {b}));
  CompareAll(Classes(Shared(net.Build({net.Dense("o", 3, "softmax", c)})), {19}, 45), 1);
}

TEST(Frozen, ActivationsBehindTheCut) {
  Functional net;
  const Tensor x = net.Input("x", "9");
  const Tensor a = net.Dense("a", 17, "linear", x, kFrozen);
  const Tensor b = net.Call("Activation", "sigmoid", R"("activation": "sigmoid")", {a});
  const Tensor c = net.Call("LeakyReLU", "leaky", "", {net.Dense("c", 11, "linear", b, kFrozen)});
  const Tensor soft = net.Call("Softmax", "soft", "", {net.Dense("d", 7, "linear", c, kFrozen)});
  CompareAll(Classes(Shared(net.Build({net.Dense("o", 3, "softmax", soft)})), {9}, 45), 1);
}

TEST(Frozen, ConvolutionalTrunk) {
  Functional net;
  const Tensor x = net.Input("x", "12, 12, 3");
  const Tensor a =
      net.Call("Conv2D", "a", R"("filters": 16, "kernel_size": 3, "padding": "same", "activation": "relu", "trainable": false)", {x});
  const Tensor n = net.Call("BatchNormalization", "n", R"("trainable": false)", {a});
  const Tensor p = net.Call("MaxPooling2D", "p", R"("pool_size": 2)", {n});
  const Tensor b = net.Call("Conv2D", "b", R"("filters": 24, "kernel_size": 3, "activation": "relu", "trainable": false)", {p});
  const Tensor f = net.Call("Flatten", "f", "", {b});
  const Tensor c = net.Dense("c", 32, "relu", f);
  // more rows than are scored at once: the whole network takes few of them together
  CompareAll(Classes(Shared(net.Build({net.Dense("o", 3, "softmax", c)})), {12, 12, 3}, 300), 1);
}

TEST(Frozen, HeadOfConvolutions) {
  Functional net;
  const Tensor x = net.Input("x", "10, 10, 2");
  const Tensor a = net.Call("Conv2D", "a", R"("filters": 16, "kernel_size": 3, "activation": "relu", "trainable": false)", {x});
  const Tensor b = net.Call("Conv2D", "b", R"("filters": 16, "kernel_size": 3, "activation": "linear")", {a});
  const Tensor n = net.Call("Activation", "r", R"("activation": "relu")", {net.Call("BatchNormalization", "n", "", {b})});
  const Tensor g = net.Call("GlobalAveragePooling2D", "g", "", {net.Call("SpatialDropout2D", "drop", R"("rate": 0.25)", {n})});
  CompareAll(Classes(Shared(net.Build({net.Dense("o", 3, "softmax", g)})), {10, 10, 2}, 45), 1);
}

TEST(Frozen, ResidualGraphWithTwoCuts) {
  Functional net;
  const Tensor x = net.Input("x", "7");
  const Tensor a = net.Dense("a", 12, "relu", x, kFrozen);
  const Tensor b = net.Dense("b", 12, "linear", net.Dense("c", 5, "tanh", a, kFrozen), kFrozen);
  // adapters: trained blocks between frozen layers
  const Tensor adapter = net.Dense("up", 12, "linear", net.Dense("down", 4, "relu", b));
  const Tensor sum = net.Call("Add", "sum", "", {a, adapter});
  const Tensor more = net.Dense("more", 12, "relu", sum, kFrozen);
  CompareAll(Classes(Shared(net.Build({net.Dense("o", 3, "softmax", net.Call("Add", "end", "", {more, b}))})), {7}, 45), 2);
}

TEST(Frozen, InferenceCallsOfTheUsualIdiom) {
  Functional net;  // base.trainable = False, base(x, training=False)
  const Tensor x = net.Input("x", "9");
  const Tensor a = net.Dense("a", 14, "relu", x, kFrozen);
  const Tensor n = net.Call("BatchNormalization", "n", R"("trainable": false)", {a});
  Task task = Classes(nullptr, {9}, 45);
  base::Graph graph = net.Build({net.Dense("o", 3, "softmax", n)});
  for (base::Call& call : graph.calls) {
    if (graph.layers[static_cast<size_t>(call.layer)].name != "o") call.inference = true;
  }
  task.graph = Shared(std::move(graph));
  CompareAll(task, 1);
}

TEST(Frozen, SequenceEncoder) {
  Functional net;
  const Tensor x = net.Input("x", "6");
  const Tensor words = net.Call("Embedding", "words", R"("input_dim": 20, "output_dim": 16, "trainable": false)", {x});
  const Tensor mixed =
      net.Call("MultiHeadAttention", "mix", R"("num_heads": 2, "key_dim": 8, "dropout": 0.2, "trainable": false)", {words, words});
  const Tensor sum = net.Call("LayerNormalization", "norm", R"("trainable": false)", {net.Call("Add", "sum", "", {words, mixed})});
  const Tensor pooled = net.Call("GlobalAveragePooling1D", "pooled", "", {sum});
  const Tensor head = net.Dense("head", 10, "relu", net.Call("GaussianNoise", "noise", R"("stddev": 0.1)", {pooled}));
  Task task = Classes(Shared(net.Build({net.Dense("o", 3, "softmax", head)})), {6}, 45);
  Table table;
  std::vector<double> indexes = fixture::Numbers(45 * 6, 1);
  for (double& v : indexes) v = std::floor((v + 1) / 2 * 20);
  table.AddInput("x", {6}, indexes);
  std::vector<double> hot(45 * 3);
  for (int r = 0; r < 45; ++r) hot[static_cast<size_t>(r * 3 + r * r % 3)] = 1;
  table.AddTarget("y", {3}, hot, base::TargetKind::kOneHot, 3);
  task.table = table;
  CompareAll(task, 1);
}

TEST(Frozen, OneOfTwoInputsIsNotReadAnyMore) {
  Functional net;
  const Tensor x = net.Input("x", "7"), z = net.Input("z", "4");
  const Tensor a = net.Dense("a", 9, "relu", x, kFrozen);
  const Tensor both = net.Call("Concatenate", "both", "", {a, net.Dense("b", 6, "tanh", z)});
  Task task = Classes(Shared(net.Build({net.Dense("o", 3, "softmax", both)})), {7}, 45);
  task.table.AddInput("z", {4}, fixture::Numbers(45 * 4, 9));
  CompareAll(task, 1);
}

// Categories that are multiplied once (engine/native/categories.hpp) beside what is cut away.
TEST(Frozen, TrainedCategoriesBesideFrozenOnes) {
  Functional net;
  const Tensor x = net.Input("x", "7"), i = net.Input("i", "1"), j = net.Input("j", "1");
  const Tensor a = net.Dense("a", 9, "relu", x, kFrozen);
  const Tensor still = net.Call("Embedding", "still", R"("input_dim": 9, "output_dim": 5, "trainable": false)", {i});
  const Tensor moved = net.Call("Embedding", "moved", R"("input_dim": 30, "output_dim": 6)", {j});
  const Tensor flat = net.Call("Flatten", "flat_still", "", {still});
  const Tensor all = net.Call("Concatenate", "all", "", {flat, net.Call("Flatten", "flat_moved", "", {moved}), a});
  Task task = Classes(Shared(net.Build({net.Dense("o", 3, "softmax", net.Dense("b", 24, "relu", all))})), {7}, 45);
  const auto indexes = [](int64_t count) {
    std::vector<double> values = fixture::Numbers(45, static_cast<uint64_t>(count));
    for (double& v : values) v = std::floor((v + 1) / 2 * static_cast<double>(count));
    return values;
  };
  task.table.AddInput("i", {}, indexes(9));
  task.table.AddInput("j", {}, indexes(30));
  CompareAll(task, 2);
}

TEST(Frozen, TrunkWithoutKernels) {
  Functional net;
  const Tensor x = net.Input("x", "9");
  const Tensor a = net.Call("Reshape", "r", R"("target_shape": [2, 7])", {net.Dense("a", 14, "relu", x, kFrozen)});
  const Tensor b = net.Call("Flatten", "f", "", {net.Call("Softmax", "s", R"("axis": 1)", {a})});  // over the positions
  Task task = Classes(Shared(net.Build({net.Dense("o", 3, "softmax", b)})), {9}, 45);
  engine::Options modules;
  modules.kernels = false;
  Compare(task, layers::DeepestCuts(*task.graph), modules, 1e-5);
  EXPECT_FALSE(engine::FeatureExtractor(task.graph, layers::DeepestCuts(*task.graph), task.table.spec, engine::Options()).has_kernels());
}

// What a row's features are does not depend on the rows beside it.
TEST(Frozen, FeaturesOfARowAreItsOwn) {
  Functional net;
  const Tensor x = net.Input("x", "12, 12, 3");
  const Tensor a = net.Call("Conv2D", "a", R"("filters": 16, "kernel_size": 3, "activation": "relu", "trainable": false)", {x});
  const Tensor f = net.Dense("d", 40, "relu", net.Call("Flatten", "f", "", {a}), kFrozen);
  const Task task = Classes(Shared(net.Build({net.Dense("o", 3, "softmax", f)})), {12, 12, 3}, 300);
  const std::vector<int> cuts = layers::DeepestCuts(*task.graph);
  engine::Model model(*task.graph, task.config, task.table.spec, {});
  Block block(model.program().layout());
  model.Initialise(block.get(), 7, 3, 2);
  engine::FeatureExtractor extractor(task.graph, cuts, task.table.spec, {});
  extractor.Attach(block.get());
  std::vector<std::vector<float>> all, one;
  extractor.Run(task.table.Buffer(300), &all, {});
  ASSERT_EQ(all[0].size(), 300U * 40U);
  const size_t row_bytes = task.table.spec.inputs[0].row_bytes();
  for (const int64_t row : {0, 1, 7, 255, 256, 299}) {
    base::Buffer buffer = task.table.Buffer(300);
    buffer.inputs[0] += static_cast<size_t>(row) * row_bytes;
    buffer.rows = 1;
    extractor.Run(buffer, &one, {});
    EXPECT_EQ(0, std::memcmp(one[0].data(), all[0].data() + row * 40, 40 * sizeof(float))) << row;
  }
}

TEST(Frozen, ExtractorRefusesWhatItCannotDo) {
  const Task task =
      Classes(Shared(fixture::Sequential(fixture::Dense("a", 4, "relu", R"(, "trainable": false, "batch_input_shape": [null, 5])") + "," +
                                         fixture::Dense("o", 3, "softmax"))),
              {5}, 10);
  engine::FeatureExtractor extractor(task.graph, {1}, task.table.spec, {});
  std::vector<std::vector<float>> out;
  EXPECT_THROW(extractor.Run(task.table.Buffer(10), &out, {}), base::Error);  // without weights
  Block block(extractor.layout());
  extractor.Attach(block.get());
  base::Buffer buffer = task.table.Buffer(10);
  buffer.inputs[0] = nullptr;
  EXPECT_THROW(extractor.Run(buffer, &out, {}), base::Error);
  EXPECT_THROW(engine::FeatureExtractor(task.graph, {2}, task.table.spec, {}), base::Error);  // not frozen
}
