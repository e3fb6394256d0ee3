// Graphs that are no chain by kernels: the same training as autograd's, and the same bits side by side as alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "../functional.hpp"
#include "engine/core/model_group.hpp"
#include "training.hpp"

using base::DType;
using base::LossKind;
using fixture::Block;
using fixture::Functional;
using fixture::Table;
using fixture::Tensor;
using training::ExpectSameTraining;

namespace {

constexpr int64_t kRows = 45;

std::vector<double> Indexes(int64_t rows, int64_t width, int64_t count, uint64_t seed) {
  std::vector<double> values = fixture::Numbers(static_cast<size_t>(rows * width), seed);
  for (double& v : values) v = std::floor((v + 1) / 2 * static_cast<double>(count));
  return values;
}

/// A graph, its table and losses.
struct Task {
  base::Graph graph;
  Table table;
  base::TrainConfig config;
};

base::TrainConfig Config(const std::vector<LossKind>& losses, const std::vector<double>& weights = {}) {
  base::TrainConfig config = training::AdamConfig(losses[0], 10);
  config.optimizer.epsilon = 1e-3;
  config.losses.clear();
  for (const LossKind loss : losses) config.losses.push_back(fixture::Loss(loss));
  config.loss_weights = weights;
  return config;
}

void AddReals(Table* table, const std::string& name, int64_t width, uint64_t seed) {
  table->AddInput(name, {width}, fixture::Numbers(static_cast<size_t>(kRows * width), seed));
}

void AddTarget(Table* table, const std::string& name, int64_t width, uint64_t seed, bool hot = false) {
  std::vector<double> y = fixture::Numbers(static_cast<size_t>(kRows * width), seed);
  for (int64_t r = 0; hot && r < kRows; ++r) {
    for (int64_t j = 0; j < width; ++j) y[static_cast<size_t>(r * width + j)] = j == r * r % width ? 1 : 0;
  }
  table->AddTarget(name, {width}, y, hot ? base::TargetKind::kOneHot : base::TargetKind::kArray, hot ? width : 0);
}

Task Residual() {
  Functional net;
  const Tensor x = net.Input("x", "7");
  const Tensor a = net.Dense("a", 12, "relu", x);
  const Tensor b = net.Dense("b", 12, "linear", net.Dense("c", 5, "tanh", a));
  const Tensor sum = net.Call("Add", "add", "", {a, b});
  const Tensor d = net.Call("BatchNormalization", "n", "", {net.Dense("d", 12, "linear", sum)});
  const Tensor more = net.Call("Activation", "r", R"("activation": "relu")", {net.Call("Add", "more", "", {sum, d, a})});
  Task task{net.Build({net.Dense("o", 3, "softmax", more)}), {}, Config({LossKind::kCategoricalCrossentropy})};
  AddReals(&task.table, "x", 7, 1);
  AddTarget(&task.table, "y", 3, 2, true);
  return task;
}

Task TwoInputsAndOutputs() {
  Functional net;
  const Tensor x = net.Input("x", "7"), z = net.Input("z", "4");
  const Tensor a = net.Dense("a", 9, "relu", x), b = net.Dense("b", 6, "tanh", z);
  const Tensor both = net.Call("Concatenate", "both", "", {a, b, x});
  const Tensor classes = net.Dense("classes", 3, "softmax", both);
  // an output that another layer reads, after its activation
  const Tensor real = net.Dense("real", 2, "linear", net.Call("Concatenate", "end", "", {classes, b}));
  Task task{net.Build({classes, real}), {}, Config({LossKind::kCategoricalCrossentropy, LossKind::kMeanSquaredError}, {0.7, 2.0})};
  AddReals(&task.table, "x", 7, 1);
  AddReals(&task.table, "z", 4, 3);
  AddTarget(&task.table, "y", 3, 2, true);
  AddTarget(&task.table, "w", 2, 4);
  return task;
}

Task SharedLayer() {
  Functional net;
  const Tensor x = net.Input("x", "6");
  const Tensor a = net.Dense("a", 6, "tanh", x, R"(, "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.01}})");
  const Tensor b = net.Again(a, {a});
  const Tensor c = net.Again(a, {net.Call("Dropout", "drop", R"("rate": 0.3)", {b})});
  const Tensor all = net.Call("Average", "mean", "", {a, b, c});
  Task task{net.Build({net.Dense("o", 2, "linear", all)}), {}, Config({LossKind::kMeanSquaredError})};
  AddReals(&task.table, "x", 6, 1);
  AddTarget(&task.table, "y", 2, 2);
  return task;
}

Task Siamese() {
  Functional net;
  const Tensor left = net.Input("left", "5"), right = net.Input("right", "5");
  const Tensor words = net.Call("Embedding", "words", R"("input_dim": 20, "output_dim": 8)", {left});
  const Tensor flat = net.Call("Flatten", "flat", "", {words});
  const Tensor code = net.Dense("code", 10, "relu", flat);
  const Tensor other = net.Again(code, {net.Again(flat, {net.Again(words, {right})})});
  const Tensor product = net.Call("Multiply", "product", "", {code, other}), largest = net.Call("Maximum", "largest", "", {code, other});
  const Tensor both = net.Call("Concatenate", "both", "", {product, largest});
  Task task{net.Build({net.Dense("o", 1, "sigmoid", both)}), {}, Config({LossKind::kBinaryCrossentropy})};
  task.table.AddInput("left", {5}, Indexes(kRows, 5, 20, 1));
  task.table.AddInput("right", {5}, Indexes(kRows, 5, 20, 2));
  std::vector<double> y = fixture::Numbers(kRows, 3);
  for (double& v : y) v = v > 0 ? 1 : 0;
  task.table.AddTarget("y", {1}, y);
  return task;
}

Task WideAndDeep() {
  Functional net;
  const Tensor x = net.Input("x", "200");
  const Tensor deep = net.Dense("deep", 70, "relu", net.Call("Dropout", "drop", R"("rate": 0.2)", {x}));
  const Tensor all = net.Call("Concatenate", "all", "", {x, net.Dense("deeper", 20, "relu", deep)});
  Task task{net.Build({net.Dense("o", 1, "linear", all)}), {}, Config({LossKind::kMeanSquaredError})};
  std::vector<double> values = fixture::Numbers(kRows * 200, 1);
  for (double& v : values) v = v > 0.4 ? v : 0;  // so sparse that the sparse product is used
  task.table.AddInput("x", {200}, values);
  AddTarget(&task.table, "y", 1, 2);
  return task;
}

Task Categories() {
  Functional net;
  std::vector<Tensor> parts;
  Task task{{}, {}, Config({LossKind::kMeanSquaredError})};
  const int counts[] = {10, 3, 50, 1, 7, 100}, widths[] = {8, 4, 16, 3, 8, 32};
  for (int i = 0; i < 6; ++i) {
    const std::string name = "c" + std::to_string(i);
    const Tensor c = net.Input(name, "1");
    const Tensor row = net.Call("Embedding", "of_" + name,
                                R"("input_dim": )" + std::to_string(counts[i]) + R"(, "output_dim": )" + std::to_string(widths[i]), {c});
    parts.push_back(net.Call("Flatten", "flat_" + name, "", {row}));
    task.table.AddInput(name, {}, Indexes(kRows, 1, counts[i], static_cast<uint64_t>(i + 1)));
    task.table.spec.inputs.back().scale = 0.5;  // indexes are taken as they are packed
  }
  parts.insert(parts.begin() + 3, net.Input("numbers", "20"));
  const Tensor all = net.Call("Concatenate", "all", "", parts);
  const Tensor b = net.Dense("b", 32, "relu", net.Dense("a", 64, "relu", all));
  task.graph = net.Build({net.Dense("o", 1, "linear", b)});
  AddReals(&task.table, "numbers", 20, 9);
  AddTarget(&task.table, "y", 1, 2);
  return task;
}

/// An Embedding of one index and its Flatten, with a column of its own unless it is given.
Tensor Row(Functional* net, Task* task, const std::string& name, int count, int width, const std::string& more = {}) {
  const Tensor c = net->Input(name, "1");
  task->table.AddInput(name, {}, Indexes(kRows, 1, count, static_cast<uint64_t>(count + width)));
  const std::string table = R"("input_dim": )" + std::to_string(count) + R"(, "output_dim": )" + std::to_string(width) + more;
  return net->Call("Flatten", "flat_" + name, "", {net->Call("Embedding", "of_" + name, table, {c})});
}

/// Categories that a Dense multiplies once, with numbers before, between and behind them; one table is used twice, one is
/// not trained, one has a regulariser and a constraint.
Task CategoriesInPieces() {
  Functional net;
  Task task{{}, {}, Config({LossKind::kMeanSquaredError})};
  const Tensor x = net.Input("x", "3"), twice = net.Input("twice", "1");
  AddReals(&task.table, "x", 3, 5);
  task.table.AddInput("twice", {}, Indexes(kRows, 1, 9, 6));
  const Tensor a = Row(&net, &task, "a", 9, 5), b = Row(&net, &task, "b", 40, 4);
  const Tensor again = net.Call("Flatten", "flat_again", "", {net.Again({"of_a"}, {twice})});
  const Tensor still = Row(&net, &task, "still", 6, 4, R"(, "trainable": false)");
  const Tensor bound = Row(&net, &task, "bound", 12, 6,
                           R"(, "embeddings_regularizer": {"class_name": "L2", "config": {"l2": 0.01}},
                              "embeddings_constraint": {"class_name": "MaxNorm", "config": {"max_value": 0.1, "axis": 1}})");
  const Tensor y = net.Input("y", "2");
  AddReals(&task.table, "y", 2, 8);
  const Tensor c = Row(&net, &task, "c", 3, 7), d = Row(&net, &task, "d", 700, 4);
  const Tensor all = net.Call("Concatenate", "all", "", {x, a, still, b, again, y, bound, c, d});
  const Tensor e = net.Dense("e", 37, "tanh", all, R"(, "kernel_regularizer": {"class_name": "L1", "config": {"l1": 0.001}})");
  task.graph = net.Build({net.Dense("o", 2, "linear", e)});
  AddTarget(&task.table, "t", 2, 2);
  return task;
}

/// Nothing but categories; the Dense is an output whose loss takes logits.
Task CategoriesAlone() {
  Functional net;
  Task task{{}, {}, Config({LossKind::kCategoricalCrossentropy})};
  const Tensor a = Row(&net, &task, "a", 9, 5), b = Row(&net, &task, "b", 40, 8);
  task.graph = net.Build({net.Dense("o", 17, "softmax", net.Call("Concatenate", "all", "", {a, b}))});
  AddTarget(&task.table, "y", 17, 2, true);
  return task;
}

/// No Concatenate and no bias.
Task OneCategory() {
  Functional net;
  Task task{{}, {}, Config({LossKind::kMeanSquaredError})};
  const Tensor a = net.Dense("a", 32, "relu", Row(&net, &task, "c", 9, 5), R"(, "use_bias": false)");
  task.graph = net.Build({net.Dense("o", 1, "linear", a)});
  AddTarget(&task.table, "y", 1, 2);
  return task;
}

Task SqueezeAndExcite() {
  Functional net;
  const Tensor x = net.Call("Reshape", "image", R"("target_shape": [4, 5, 2])", {net.Input("x", "40")});
  const Tensor c = net.Call("Conv2D", "c", R"("filters": 6, "kernel_size": [3, 3], "padding": "same", "activation": "relu")", {x});
  const Tensor squeezed = net.Dense("s", 3, "relu", net.Call("GlobalAveragePooling2D", "g", "", {c}));
  const Tensor excite = net.Call("Reshape", "e", R"("target_shape": [1, 1, 6])", {net.Dense("f", 6, "sigmoid", squeezed)});
  const Tensor scaled = net.Call("Multiply", "m", "", {c, excite});
  // and a factor a position
  const Tensor factor = net.Call("Conv2D", "p", R"("filters": 1, "kernel_size": [1, 1], "activation": "tanh")", {scaled});
  const Tensor sum = net.Call("Add", "add", "", {net.Call("Multiply", "n", "", {factor, scaled}), c, excite});
  const Tensor most = net.Call("Maximum", "most", "", {sum, factor});
  const Tensor deep = net.Call("Concatenate", "deep", R"("axis": 1)", {most, c});
  const Tensor o = net.Dense("o", 3, "softmax", net.Call("GlobalMaxPooling2D", "h", "", {deep}));
  Task task{net.Build({o}), {}, Config({LossKind::kCategoricalCrossentropy})};
  AddReals(&task.table, "x", 40, 1);
  AddTarget(&task.table, "y", 3, 2, true);
  return task;
}

Task FrozenTrunk() {
  Functional net;
  const Tensor x = net.Input("x", "7"), z = net.Input("z", "7");
  const Tensor a = net.Dense("a", 8, "relu", x, R"(, "trainable": false)");
  const Tensor b = net.Again(a, {z});
  const Tensor n = net.Call("BatchNormalization", "n", R"("trainable": false)", {net.Call("Add", "add", "", {a, b})});
  const Tensor c = net.Dense("c", 5, "tanh", n);
  const Tensor frozen = net.Dense("frozen", 5, "tanh", c, R"(, "trainable": false)");
  // a weight of which no loss knows: its layer is left alone, its regulariser counted
  const Tensor unseen = net.Dense("unseen", 1, "sigmoid", c, R"(, "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.1}})");
  const Tensor row = net.Call("Flatten", "flat", "", {net.Call("Embedding", "e", R"("input_dim": 50, "output_dim": 4)", {unseen})});
  const Tensor all = net.Call("Concatenate", "all", "", {frozen, row, x});
  Task task{net.Build({net.Dense("o", 3, "softmax", all)}), {}, Config({LossKind::kCategoricalCrossentropy})};
  AddReals(&task.table, "x", 7, 1);
  AddReals(&task.table, "z", 7, 5);
  AddTarget(&task.table, "y", 3, 2, true);
  return task;
}

/// Outputs that share values, and one that is an input's.
Task OutputsInCommon() {
  Functional net;
  const Tensor x = net.Input("x", "3");
  const Tensor a = net.Dense("a", 3, "softmax", net.Dense("b", 6, "relu", x));
  Task task{net.Build({a, net.Call("Activation", "same", R"("activation": "linear")", {a}),
                       net.Call("Reshape", "r", R"("target_shape": [3])", {x})}),
            {},
            Config({LossKind::kCategoricalCrossentropy, LossKind::kMeanSquaredError, LossKind::kMeanSquaredError}, {1.0, 3.0, 0.5})};
  AddReals(&task.table, "x", 3, 1);
  AddTarget(&task.table, "y", 3, 2, true);
  AddTarget(&task.table, "z", 3, 3);
  AddTarget(&task.table, "w", 3, 4);
  return task;
}

std::vector<std::pair<const char*, Task (*)()>> Tasks() {
  return {{"residual", Residual},
          {"two inputs and outputs", TwoInputsAndOutputs},
          {"shared layer", SharedLayer},
          {"siamese", Siamese},
          {"wide and deep", WideAndDeep},
          {"categories", Categories},
          {"categories in pieces", CategoriesInPieces},
          {"categories alone", CategoriesAlone},
          {"one category", OneCategory},
          {"squeeze and excite", SqueezeAndExcite},
          {"frozen trunk", FrozenTrunk},
          {"outputs in common", OutputsInCommon}};
}

void ExpectSame(const Task& task) { ExpectSameTraining(task.graph, task.config, task.table, kRows, 2e-3); }

}  // namespace

TEST(NativeGraph, TrainsAsByAutograd) {
  for (const auto& [name, make] : Tasks()) {
    SCOPED_TRACE(name);
    ExpectSame(make());
  }
}

TEST(NativeGraph, WithEveryKindOfClippingAndRowWeights) {
  for (const auto& [name, make] : Tasks()) {
    SCOPED_TRACE(name);
    for (int kind = 0; kind < 3; ++kind) {
      Task task = make();
      task.config.optimizer.clipvalue = kind == 0 ? 0.01 : 0;
      task.config.optimizer.clipnorm = kind == 1 ? 0.05 : 0;
      task.config.optimizer.global_clipnorm = kind == 2 ? 0.05 : 0;
      std::vector<float> weights;
      for (int64_t r = 0; r < kRows; ++r) weights.push_back(0.5F + static_cast<float>(r % 3));
      task.table.SetWeights(weights);
      ExpectSame(task);
    }
  }
}

TEST(NativeGraph, WeightConstraints) {
  for (const char* constraint :
       {R"({"class_name": "MaxNorm", "config": {"max_value": 0.6, "axis": 0}})", R"({"class_name": "UnitNorm", "config": {"axis": 1}})",
        R"({"class_name": "UnitNorm", "config": {"axis": [0, 1]}})", R"({"class_name": "NonNeg", "config": {}})",
        R"({"class_name": "MinMaxNorm", "config": {"min_value": 0.4, "max_value": 0.7, "rate": 0.6, "axis": -1}})"}) {
    SCOPED_TRACE(constraint);
    for (double clip : {0.0, 0.05}) {
      Functional net;
      const Tensor x = net.Input("x", "8");
      const Tensor a = net.Dense("a", 6, "tanh", x, std::string(R"(, "kernel_constraint": )") + constraint);
      const Tensor b = net.Dense("b", 6, "tanh", a, std::string(R"(, "kernel_constraint": )") + constraint);
      const Tensor image = net.Call("Reshape", "image", R"("target_shape": [3, 2, 1])", {net.Again(b, {b})});
      const Tensor c =
          net.Call("Conv2D", "c", std::string(R"("filters": 3, "kernel_size": [2, 2], "kernel_constraint": )") + constraint, {image});
      Task task{net.Build({net.Dense("o", 2, "linear", net.Call("Flatten", "f", "", {c}))}), {}, Config({LossKind::kMeanSquaredError})};
      task.config.optimizer.global_clipnorm = clip;
      AddReals(&task.table, "x", 8, 1);
      AddTarget(&task.table, "y", 2, 2);
      ExpectSame(task);
    }
  }
}

TEST(NativeGraph, ScoresAsByAutograd) {
  for (const auto& [name, make] : Tasks()) {
    SCOPED_TRACE(name);
    Task task = make();
    for (const base::MetricKind kind : {base::MetricKind::kMeanAbsoluteError, base::MetricKind::kAccuracy}) {
      base::MetricConfig metric;
      metric.kind = kind;
      metric.name = "m" + std::to_string(static_cast<int>(kind));
      task.config.metrics.push_back(metric);
    }
    std::vector<std::vector<double>> values;
    for (const bool kernels : {false, true}) {
      engine::Options options;
      options.precision = DType::kFloat64;
      options.kernels = kernels;
      engine::Model model(task.graph, task.config, task.table.spec, options);
      Block block(model.program().layout());
      model.Initialise(block.get(), 7, 3, 2);
      model.Attach(block.get());
      std::vector<double> sums(model.program().sums_size());
      model.Evaluate(task.table.Buffer(kRows), sums.data(), {});
      values.push_back(model.program().Finish(sums.data()));
    }
    ASSERT_EQ(values[0].size(), values[1].size());
    for (size_t i = 0; i < values[0].size(); ++i) EXPECT_NEAR(values[0][i], values[1][i], 1e-12 * (1 + std::fabs(values[0][i]))) << i;
  }
}

TEST(NativeGraph, ModelsSideBySideTrainAsAlone) {
  for (const auto& [name, make] : Tasks()) {
    SCOPED_TRACE(name);
    for (const bool shuffle : {false, true}) {
      Task task = make();
      task.config.shuffle = shuffle;
      std::vector<std::string> alone, together;
      const base::Buffer buffer = task.table.Buffer(kRows);
      const auto config = [&](int m) {
        base::TrainConfig own = task.config;
        own.optimizer.learning_rate = 0.001 * (m + 1);
        return own;
      };
      std::vector<std::unique_ptr<engine::Model>> models;
      std::vector<std::unique_ptr<Block>> blocks;
      for (int m = 0; m < 3; ++m) {
        models.push_back(std::make_unique<engine::Model>(task.graph, config(m), task.table.spec, engine::Options()));
        ASSERT_TRUE(models.back()->program().has_kernels());
        blocks.push_back(std::make_unique<Block>(models.back()->program().layout()));
        models.back()->Initialise(blocks.back()->get(), 7, static_cast<uint64_t>(m), 2);
        models.back()->Attach(blocks.back()->get());
        models.back()->BeginVisit();
        models.back()->Train(buffer, {});
        models.back()->EndVisit();
        alone.push_back(blocks.back()->bytes());
      }
      std::vector<engine::Model*> members;
      for (int m = 0; m < 3; ++m) {
        models[static_cast<size_t>(m)]->Initialise(blocks[static_cast<size_t>(m)]->get(), 7, static_cast<uint64_t>(m), 2);
        members.push_back(models[static_cast<size_t>(m)].get());
        members.back()->BeginVisit();
      }
      engine::ModelGroup fused(members, 2);
      fused.Train(buffer, {});
      fused.EndVisit({});
      for (int m = 0; m < 3; ++m) EXPECT_EQ(blocks[static_cast<size_t>(m)]->bytes(), alone[static_cast<size_t>(m)]) << m;
    }
  }
}

// A table that is large beside a mini-batch: only the rows that it used are moved, where the optimizer lets the others be.
TEST(NativeGraph, LargeTablesMoveTheRowsThatWereUsed) {
  for (const int count : {700, 5000, 70000}) {
    for (const int width : {1, 8, 33}) {
      SCOPED_TRACE(std::to_string(count) + " rows of " + std::to_string(width));
      Functional net;
      const Tensor i = net.Input("i", "2"), x = net.Input("x", "3");
      const std::string table = R"("input_dim": )" + std::to_string(count) + R"(, "output_dim": )" + std::to_string(width);
      const Tensor row = net.Call("Flatten", "flat", "", {net.Call("Embedding", "e", table, {i})});
      Task task{net.Build({net.Dense("o", 2, "linear", net.Call("Concatenate", "all", "", {x, row}))}),
                {},
                Config({LossKind::kMeanSquaredError})};
      std::vector<double> indexes = Indexes(kRows, 2, count, 3);
      for (size_t k = 0; k < indexes.size(); k += 3) indexes[k] = count - 1;  // some more often than once
      task.table.AddInput("i", {2}, indexes);
      AddReals(&task.table, "x", 3, 1);
      AddTarget(&task.table, "y", 2, 2);
      for (const base::OptimizerKind kind : {base::OptimizerKind::kSGD, base::OptimizerKind::kAdagrad, base::OptimizerKind::kAdam}) {
        task.config.optimizer.kind = kind;
        task.config.optimizer.initial_accumulator_value = 0;
        if (count < 10000) ExpectSame(task);
        Task whole = task;
        whole.config.optimizer.clipvalue = 1e30;  // clips nothing, but asks for whole gradients
        for (const DType precision : {DType::kFloat32, DType::kFloat64}) {
          const auto bytes = [&](const Task& t) { return training::Train(t.graph, t.config, t.table, kRows, 2, precision, true).bytes; };
          EXPECT_EQ(bytes(task), bytes(whole)) << static_cast<int>(kind);
        }
      }
    }
  }
}

namespace {

/// A graph made by chance of layers with kernels, over vectors and small images, with shared layers, several readers,
/// inputs that are indexes, and one or two outputs.
class RandomGraph {
 public:
  explicit RandomGraph(uint32_t seed) : random_(seed) {
    task_.config = training::AdamConfig(LossKind::kMeanSquaredError, 10);
    task_.config.optimizer.kind = base::OptimizerKind::kSGD;
    task_.config.optimizer.learning_rate = 0.05;
    task_.config.optimizer.momentum = 0.5;
    vectors_.push_back({net_.Input("x", "8"), 8});
    AddReals(&task_.table, "x", 8, 1);
    indexes_ = net_.Input("i", "2");
    task_.table.AddInput("i", {2}, Indexes(kRows, 2, 9, 2));
    const Tensor image = Call("Reshape", R"("target_shape": [4, 2, 1])", {vectors_[0].tensor});
    vectors_[0].read = true;
    images_.push_back({Call("Conv2D", R"("filters": 3, "kernel_size": [2, 2], "padding": "same")", {image}), 3});
    Rows();
    const int steps = 3 + Below(10);
    for (int i = 0; i < steps; ++i) Step();
    const int outputs = 1 + Below(2);
    std::vector<Tensor> last;
    task_.config.losses.clear();
    for (int i = 0; i < outputs; ++i) {
      const bool classes = Below(2) == 0;
      last.push_back(Dense(3, classes ? "softmax" : "linear", End(i + 1 == outputs)));
      task_.config.losses.push_back(fixture::Loss(classes ? LossKind::kCategoricalCrossentropy : LossKind::kMeanSquaredError));
      task_.config.loss_weights.push_back(0.5 + Below(3));
      AddTarget(&task_.table, "y" + std::to_string(i), 3, static_cast<uint64_t>(7 + i), classes);
    }
    task_.graph = net_.Build(last);
  }

  const Task& task() const { return task_; }
  std::string Text() const { return text_; }

 private:
  struct Vector {
    Tensor tensor;
    int width;
    bool read = false;
  };

  int Below(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }
  Vector Any(std::vector<Vector>* of) {
    Vector& any = (*of)[static_cast<size_t>(Below(static_cast<int>(of->size())))];
    any.read = true;
    return any;
  }

  Tensor Call(const std::string& kind, const std::string& arguments, const std::vector<Tensor>& inputs) {
    const std::string name = "l" + std::to_string(++calls_);
    text_ += name + " = " + kind + "(" + arguments + ")(";
    for (const Tensor& input : inputs) text_ += input.layer + "." + std::to_string(input.node) + " ";
    text_ += ")\n";
    return net_.Call(kind, name, arguments, inputs);
  }
  Tensor Dense(int units, const std::string& activation, const Tensor& input) {
    return Call("Dense",
                R"("units": )" + std::to_string(units) + R"(, "activation": ")" + activation + "\"" +
                    (Below(6) == 0 ? R"(, "trainable": false)" : ""),
                {input});
  }
  std::string Activation() {
    const char* names[] = {"linear", "relu", "tanh", "sigmoid", "elu", "softmax", "swish"};
    return names[Below(7)];
  }
  /// As many inputs of one width.
  std::vector<Tensor> Alike(std::vector<Vector>* of, int* width) {
    const Vector first = Any(of);
    *width = first.width;
    std::vector<Tensor> inputs{first.tensor};
    for (int i = 1 + Below(3); i > 0; --i) {
      Vector& other = (*of)[static_cast<size_t>(Below(static_cast<int>(of->size())))];
      other.read = other.read || other.width == first.width;
      inputs.push_back(other.width == first.width ? other.tensor : first.tensor);
    }
    return inputs;
  }

  void Step() {
    const char* merges[] = {"Add", "Multiply", "Average", "Maximum", "Minimum"};
    constexpr int kMerges = 5;
    int width = 0;
    switch (Below(19)) {
      case 0:
      case 1: {
        const int units = 4 + 4 * Below(3);
        vectors_.push_back({Dense(units, Activation(), Any(&vectors_).tensor), units});
        break;
      }
      case 2: {
        const std::vector<Tensor> inputs = Alike(&vectors_, &width);
        vectors_.push_back({Call(merges[Below(kMerges)], "", inputs), width});
        break;
      }
      case 3: {
        std::vector<Tensor> inputs;
        for (int i = 1 + Below(3); i >= 0; --i) {
          const Vector part = Any(&vectors_);
          inputs.push_back(part.tensor);
          width += part.width;
        }
        vectors_.push_back({Call("Concatenate", "", inputs), width});
        break;
      }
      case 4: {  // a shared layer, called twice
        const Vector a = Any(&vectors_);
        const Tensor shared = Dense(a.width, "tanh", a.tensor);
        vectors_.push_back({shared, a.width});
        for (size_t i = vectors_.size(); i-- > 0;) {
          if (vectors_[i].width != a.width || Below(2) == 0) continue;
          vectors_[i].read = true;
          vectors_.push_back({net_.Again(shared, {vectors_[i].tensor}), a.width});
        }
        break;
      }
      case 5:
        Rows();
        break;
      case 6: {
        const Vector v = Any(&vectors_);
        const char* kinds[] = {"Dropout", "LayerNormalization", "BatchNormalization", "UnitNormalization"};
        const int kind = Below(4);
        vectors_.push_back({Call(kinds[kind], kind == 0 ? R"("rate": 0.25)" : kind == 3 ? "" : R"("epsilon": 0.1)", {v.tensor}), v.width});
        break;
      }
      case 7: {
        const Vector v = Any(&vectors_);
        vectors_.push_back({Call("Activation", R"("activation": ")" + Activation() + "\"", {v.tensor}), v.width});
        break;
      }
      case 8: {
        const int filters = 3 + 2 * Below(2);
        images_.push_back(
            {Call("Conv2D",
                  R"("filters": )" + std::to_string(filters) + R"(, "kernel_size": [3, 1], "padding": "same", "activation": "relu")",
                  {Any(&images_).tensor}),
             filters});
        break;
      }
      case 9: {
        const std::vector<Tensor> inputs = Alike(&images_, &width);
        images_.push_back({Call(merges[Below(kMerges)], "", inputs), width});
        break;
      }
      case 10: {  // squeeze and excite
        const Vector v = Any(&images_);
        const Tensor gate = Dense(v.width, "sigmoid", Call("GlobalAveragePooling2D", "", {v.tensor}));
        const Tensor spread = Call("Reshape", R"("target_shape": [1, 1, )" + std::to_string(v.width) + "]", {gate});
        images_.push_back({Call(merges[Below(kMerges)], "", {v.tensor, spread}), v.width});
        break;
      }
      case 11: {
        const Vector a = Any(&images_), b = Any(&images_);
        images_.push_back({Call("Concatenate", R"("axis": 3)", {a.tensor, b.tensor}), a.width + b.width});
        break;
      }
      case 12: {
        const Vector v = Any(&images_);
        vectors_.push_back({Call("GlobalMaxPooling2D", "", {v.tensor}), v.width});
        break;
      }
      case 13: {  // two inputs
        const Vector first = Any(&vectors_);
        Vector& other = vectors_[static_cast<size_t>(Below(static_cast<int>(vectors_.size())))];
        const bool same = other.width == first.width, dot = Below(2) == 0;
        other.read = other.read || same;
        const std::string arguments = !dot ? "" : Below(2) == 0 ? R"("axes": 1)" : R"("axes": 1, "normalize": true)";
        const Tensor second = same ? other.tensor : first.tensor;
        vectors_.push_back({Call(dot ? "Dot" : "Subtract", arguments, {first.tensor, second}), dot ? 1 : first.width});
        break;
      }
      case 14: {  // what training changes is not, here
        const Vector v = Any(&vectors_);
        const char* kinds[] = {"Dropout", "GaussianNoise", "BatchNormalization"};
        const char* arguments[] = {R"("rate": 0.25)", R"("stddev": 0.3)", R"("epsilon": 0.1)"};
        const int kind = Below(3);
        text_ += "training = false: ";
        net_.NextCallWith(R"("training": false)");
        vectors_.push_back({Call(kinds[kind], arguments[kind], {v.tensor}), v.width});
        break;
      }
      case 15: {
        const int filters = 3 + 2 * Below(2);
        images_.push_back({Call("Conv2DTranspose",
                                R"("filters": )" + std::to_string(filters) + R"(, "kernel_size": [2, 3], "padding": "same", "activation": "tanh")",
                                {Any(&images_).tensor}),
                           filters});
        break;
      }
      case 16: {
        const Tensor large = Call("UpSampling2D", R"("size": [2, 2], "interpolation": "bilinear")", {Any(&images_).tensor});
        const Tensor small = Call("Conv2D", R"("filters": 3, "kernel_size": [2, 2], "strides": [2, 2])", {large});
        images_.push_back({small, 3});
        break;
      }
      case 17: {  // image rows as parts, each with the same weights
        const Vector v = Any(&images_);
        const std::string inner[] = {R"({"class_name": "Dense", "config": {"name": "each", "units": 3, "activation": "softmax"}})",
                                     R"({"class_name": "Conv1D", "config": {"name": "each", "filters": 3, "kernel_size": [2], "padding": "same"}})",
                                     R"({"class_name": "GRU", "config": {"name": "each", "units": 3, "return_sequences": true}})",
                                     R"({"class_name": "BatchNormalization", "config": {"name": "each", "epsilon": 0.1}})"};
        const int kind = Below(4);
        images_.push_back({Call("TimeDistributed", R"("layer": )" + inner[kind], {v.tensor}), kind == 3 ? v.width : 3});
        break;
      }
      default:
        Words();
        break;
    }
  }

  /// A sequence of indexes with padding, which recurrent layers, means and initial states see.
  void Words() {
    const Tensor words = Call("Embedding", R"("input_dim": 9, "output_dim": 4, "mask_zero": true)", {indexes_});
    const char* cells[] = {"LSTM", "GRU", "SimpleRNN"};
    const int kind = Below(3);
    const std::string cell = cells[kind];
    switch (Below(4)) {
      case 0:
        vectors_.push_back({Call("GlobalAveragePooling1D", "", {Call("Dropout", R"("rate": 0.25)", {words})}), 4});
        break;
      case 1:
        vectors_.push_back({Call(cell, R"("units": 8, "dropout": 0.2, "recurrent_dropout": 0.2)", {words}), 8});
        break;
      case 2: {
        const Tensor both = Call("Bidirectional",
                                 R"("merge_mode": "concat", "layer": {"class_name": ")" + cell +
                                     R"(", "config": {"name": "in", "units": 2, "return_sequences": true}})",
                                 {words});
        vectors_.push_back({Call("GlobalAveragePooling1D", "", {both}), 4});
        break;
      }
      default: {
        const Tensor state = Dense(8, "tanh", Any(&vectors_).tensor);
        std::vector<Tensor> inputs{words, state};
        if (kind == 0) inputs.push_back(Dense(8, "linear", Any(&vectors_).tensor));
        vectors_.push_back({Call(cell, R"("units": 8)", inputs), 8});
        break;
      }
    }
  }

  void Rows() {
    const Tensor rows = Call("Embedding", R"("input_dim": 9, "output_dim": )" + std::to_string(2 + 2 * Below(3)), {indexes_});
    const Tensor flat = Call("Flatten", "", {rows});
    vectors_.push_back({Dense(8, "relu", flat), 8});
    vectors_[0].read = true;
    vectors_.push_back({Dense(8, "linear", Call("Concatenate", "", {flat, vectors_[0].tensor})), 8});
  }

  /// Of some vectors and an image; at last also of all that nobody has read.
  Tensor End(bool last) {
    std::vector<Tensor> inputs{Call("GlobalAveragePooling2D", "", {Any(&images_).tensor})};
    for (int i = Below(3); i >= 0; --i) inputs.push_back(Any(&vectors_).tensor);
    for (const Vector& image : images_) {
      if (last && !image.read) inputs.push_back(Call("GlobalMaxPooling2D", "", {image.tensor}));
    }
    for (const Vector& vector : vectors_) {
      if (last && !vector.read) inputs.push_back(vector.tensor);
    }
    return Call("Concatenate", "", inputs);
  }

  std::mt19937 random_;
  Functional net_;
  std::string text_;
  int calls_ = 0;
  Tensor indexes_;
  std::vector<Vector> vectors_, images_;  // an image's width: its channels
  Task task_;
};

}  // namespace

TEST(NativeGraph, RandomGraphsTrainAsByAutograd) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    const RandomGraph graph(seed);
    SCOPED_TRACE(std::to_string(seed) + "\n" + graph.Text());
    const Task& task = graph.task();
    const training::Trained autograd = training::Train(task.graph, task.config, task.table, kRows, 2, DType::kFloat64, false);
    const training::Trained kernels = training::Train(task.graph, task.config, task.table, kRows, 2, DType::kFloat64, true);
    EXPECT_EQ(kernels.diverged, autograd.diverged);
    EXPECT_NEAR(kernels.loss_sum, autograd.loss_sum, 1e-12 * (1 + std::fabs(autograd.loss_sum)));
    EXPECT_LT(training::LargestDifference(kernels, autograd), 1e-12);
    if (HasFailure()) break;
  }
}
