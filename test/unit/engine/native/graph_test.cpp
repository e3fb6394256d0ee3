// Graphs by the native trainer alone, without LibTorch, in memory of exactly the bytes that they ask for: gradients
// against differences of the loss, and nothing that depends on what lay in the workspace before.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../fixture.hpp"
#include "../functional.hpp"
#include "engine/api/workspace.hpp"
#include "engine/math/optimizer.hpp"
#include "engine/native/memory_plan.hpp"
#include "engine/native/trainer.hpp"
#include "make_trainer.hpp"

namespace {

using base::DType;
using base::LossKind;
using engine::native::Block;
using fixture::Functional;
using fixture::Table;
using fixture::Tensor;

constexpr int64_t kRows = 5;

/// A net with masks, initial states, distributed layers, products of two inputs and a call of inference.
Functional MaskedNet(std::vector<Tensor>* outputs) {
  Functional net;
  const Tensor x = net.Input("x", "6"), i = net.Input("i", "2"), j = net.Input("j", "1");
  const Tensor words = net.Call("Embedding", "ei", R"("input_dim": 7, "output_dim": 3, "mask_zero": true)", {i});
  const Tensor state = net.Dense("state", 4, "tanh", x), cell = net.Dense("cell", 4, "linear", x);
  const Tensor steps = net.Call("LSTM", "lstm", R"("units": 4, "return_sequences": true)", {words, state, cell});
  const Tensor seen = net.Call("MultiHeadAttention", "seen", R"("num_heads": 2, "key_dim": 2)", {steps, words});
  const Tensor last = net.Call("Bidirectional", "both", R"("layer": {"class_name": "GRU", "config": {"name": "in", "units": 2}})", {seen});
  const Tensor mean = net.Call("GlobalAveragePooling1D", "mean", "", {seen});
  const Tensor row = net.Call("Flatten", "fj", "", {net.Call("Embedding", "ej", R"("input_dim": 4, "output_dim": 4)", {j})});
  const Tensor dot = net.Call("Dot", "dot", R"("axes": 1, "normalize": true)", {last, row});
  const Tensor less = net.Call("Minimum", "less", "", {net.Call("Subtract", "apart", "", {mean, last}), row});
  net.NextCallWith(R"("training": false)");
  const Tensor constant = net.Call("BatchNormalization", "constant", R"("epsilon": 0.1)", {less});
  const Tensor image = net.Call("Reshape", "image", R"("target_shape": [2, 3, 2])", {net.Dense("c", 12, "tanh", constant)});
  const Tensor large = net.Call("Conv2DTranspose", "large", R"("filters": 2, "kernel_size": [2, 3], "strides": [2, 1], "activation": "tanh")", {image});
  const Tensor larger = net.Call("UpSampling2D", "larger", R"("size": [1, 2], "interpolation": "bilinear")", {large});
  const Tensor each = net.Call("TimeDistributed", "each", R"("layer": {"class_name": "Conv1D", "config": {"name": "e", "filters": 2, "kernel_size": [3]}})",
                               {net.Call("UnitNormalization", "unit", "", {larger})});
  const Tensor all = net.Call("Concatenate", "all", "", {net.Call("Flatten", "flat", "", {each}), dot, constant});
  *outputs = {net.Dense("classes", 3, "softmax", all), net.Dense("real", 2, "linear", all)};
  return net;
}

/// A net with every way that gradients take: a residual, a shared layer, embeddings inside a concatenation, two outputs,
/// broadcast products, a value that is read twice by one layer, a frozen part, categories.
Functional Net(std::vector<Tensor>* outputs) {
  Functional net;
  const Tensor x = net.Input("x", "6"), i = net.Input("i", "2"), j = net.Input("j", "1");
  const Tensor frozen = net.Dense("frozen", 6, "tanh", x, R"(, "trainable": false)");
  const Tensor a = net.Dense("a", 6, "tanh", frozen), b = net.Again(a, {x});
  const Tensor sum = net.Call("Add", "sum", "", {a, b, frozen, a});
  const Tensor rows = net.Call("Flatten", "fi", "", {net.Call("Embedding", "ei", R"("input_dim": 7, "output_dim": 3)", {i})});
  const Tensor row = net.Call("Flatten", "fj", "", {net.Call("Embedding", "ej", R"("input_dim": 4, "output_dim": 8)", {j})});
  const Tensor all = net.Call("Concatenate", "all", "", {rows, sum, row, x});
  const Tensor image = net.Call("Reshape", "image", R"("target_shape": [2, 3, 2])", {net.Dense("c", 12, "sigmoid", all)});
  const Tensor gate = net.Call("Reshape", "gate", R"("target_shape": [1, 1, 2])", {net.Dense("d", 2, "tanh", sum)});
  const Tensor scaled = net.Call("Multiply", "scaled", "", {image, gate, image});
  const Tensor most = net.Call("Maximum", "most", "", {scaled, gate}), mean = net.Call("Average", "mean", "", {most, image});
  const Tensor beside = net.Call("Concatenate", "beside", R"("axis": 2)", {mean, image});
  const Tensor flat = net.Call("Flatten", "flat", "", {beside});
  const Tensor classes = net.Dense("classes", 3, "softmax", flat);
  const Tensor k = net.Input("k", "1"), l = net.Input("l", "1");  // categories that a Dense multiplies once
  const Tensor of_k = net.Call("Flatten", "fk", "", {net.Call("Embedding", "ek", R"("input_dim": 4, "output_dim": 4)", {k})});
  const Tensor of_l = net.Call("Flatten", "fl", "", {net.Call("Embedding", "el", R"("input_dim": 3, "output_dim": 5)", {l})});
  const Tensor wide = net.Dense("wide", 17, "tanh", net.Call("Concatenate", "apart", "", {x, of_k, sum, of_l}));
  const Tensor more = net.Call("Concatenate", "more", "", {classes, net.Call("Multiply", "square", "", {row, row}), wide});
  *outputs = {classes, net.Dense("real", 2, "linear", more)};
  return net;
}

Table Data(bool categories) {
  Table table;
  table.AddInput("x", {6}, fixture::Numbers(kRows * 6));
  table.AddInput("i", {2}, {0, 6, 3, 3, 6, 1, 2, 5, 0, 0});
  table.AddInput("j", {}, {3, 0, 3, 1, 2});
  if (categories) {
    table.AddInput("k", {}, {2, 2, 0, 3, 2});
    table.AddInput("l", {}, {1, 1, 1, 1, 1});
  }
  table.AddTarget("y", {3}, {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0}, base::TargetKind::kOneHot, 3);
  table.AddTarget("z", {2}, fixture::Numbers(kRows * 2, 2));
  return table;
}

base::TrainConfig Config() {
  base::TrainConfig config = fixture::Config(LossKind::kCategoricalCrossentropy, static_cast<int>(kRows), 1.0);
  config.losses.push_back(fixture::Loss(LossKind::kMeanSquaredError));
  config.loss_weights = {0.5, 2.0};
  return config;
}

/// A model of the net, whose workspace of exactly as many bytes is filled before every step.
class Trainee {
 public:
  Trainee(bool masked, DType precision, double clipnorm = 0, double rate = 1) : table_(Data(!masked)) {
    std::vector<Tensor> outputs;
    const Functional net = masked ? MaskedNet(&outputs) : Net(&outputs);
    const base::Graph graph = net.Build(outputs);
    base::TrainConfig config = Config();
    config.optimizer.global_clipnorm = clipnorm;
    config.optimizer.learning_rate = rate;
    layout_ = engine::MakeStateLayout(graph, engine::math::SlotNames(config.optimizer), precision);
    trainer_ = MakeTrainer(graph, config, table_.spec, layout_);
    state_ = std::make_unique<fixture::Block>(layout_);
    std::memset(state_->get(), 0, layout_.bytes);
    uint64_t seed = 1;
    for (const engine::StateTensor& tensor : layout_.tensors) {
      const std::vector<double> values = fixture::Numbers(tensor.count, seed++);
      const bool positive = tensor.name.find("variance") != std::string::npos;
      for (size_t k = 0; k < tensor.count; ++k) Set(tensor, k, (positive ? 1 : 0) + 0.5 * values[k]);
    }
  }
  bool known() const { return trainer_ != nullptr; }
  const engine::StateLayout& layout() const { return layout_; }
  std::string bytes() const { return state_->bytes(); }
  void Restore(const std::string& bytes) { std::memcpy(state_->get(), bytes.data(), bytes.size()); }
  double Get(const engine::StateTensor& tensor, size_t k) const { return state_->Values(layout_, tensor)[k]; }
  void Set(const engine::StateTensor& tensor, size_t k, double value) {
    char* at = static_cast<char*>(state_->get()) + tensor.offset;
    if (layout_.precision == DType::kFloat64) {
      reinterpret_cast<double*>(at)[k] = value;
    } else {
      reinterpret_cast<float*>(at)[k] = static_cast<float>(value);
    }
  }

  double Step(int fill = 0) {
    auto memory = std::make_shared<engine::Workspace>();
    trainer_->UseWorkspace(memory, kRows);
    memory->Reserve(trainer_->WorkspaceBytes(kRows));
    std::memset(memory->At<char>(0), fill, trainer_->WorkspaceBytes(kRows));
    double loss = 0;
    trainer_->Attach(state_->get());
    trainer_->Load(table_.Buffer(kRows), nullptr, 0, kRows);
    EXPECT_TRUE(trainer_->Train(0, kRows, {1, 2, 3, 4, 5}, &loss));
    trainer_->Attach(nullptr);
    return loss;
  }

  double Score(int fill) {
    auto memory = std::make_shared<engine::Workspace>();
    trainer_->UseWorkspace(memory, kRows);
    memory->Reserve(trainer_->ScoringBytes(kRows));
    std::memset(memory->At<char>(0), fill, trainer_->ScoringBytes(kRows));
    double sums[2] = {};
    trainer_->Attach(state_->get());
    trainer_->LoadForScoring(table_.Buffer(kRows), 0, kRows);
    trainer_->Score(0, kRows, {}, {}, nullptr, sums);
    trainer_->Attach(nullptr);
    return sums[1];
  }

 private:
  Table table_;
  engine::StateLayout layout_;
  std::unique_ptr<engine::native::Trainer> trainer_;
  std::unique_ptr<fixture::Block> state_;
};

}  // namespace

class NativeGraphTrainer : public ::testing::TestWithParam<bool> {};

INSTANTIATE_TEST_SUITE_P(Nets, NativeGraphTrainer, ::testing::Bool(), [](const auto& info) { return info.param ? "Masks" : "Merges"; });

TEST_P(NativeGraphTrainer, GradientsAreDifferencesOfTheLoss) {
  constexpr double kDistance = 1e-5;
  Trainee trainee(GetParam(), DType::kFloat64);
  ASSERT_TRUE(trainee.known());
  const std::string before = trainee.bytes();
  const double loss = trainee.Step();
  const std::string after = trainee.bytes();
  trainee.Restore(before);
  EXPECT_NEAR(trainee.Score(0xFF), loss, 1e-12);
  for (const engine::StateTensor& tensor : trainee.layout().tensors) {
    for (size_t k = 0; k < tensor.count; ++k) {
      trainee.Restore(after);
      const double moved = trainee.Get(tensor, k);
      trainee.Restore(before);
      const double value = trainee.Get(tensor, k);
      if (!tensor.trainable) {
        ASSERT_EQ(moved, value) << tensor.name;
        continue;
      }
      trainee.Set(tensor, k, value + kDistance);
      const double above = trainee.Score(0);
      trainee.Set(tensor, k, value - kDistance);
      const double below = trainee.Score(0);
      const double expected = (above - below) / (2 * kDistance) / static_cast<double>(kRows);
      ASSERT_NEAR(value - moved, expected, 1e-7 * (1 + std::fabs(expected))) << tensor.name << " " << k;
    }
  }
}

TEST_P(NativeGraphTrainer, NothingDependsOnWhatLayInTheWorkspace) {
  for (const DType precision : {DType::kFloat32, DType::kFloat64}) {
    for (const double clipnorm : {0.0, 0.1}) {
      Trainee zeros(GetParam(), precision, clipnorm, 0.05), ones(GetParam(), precision, clipnorm, 0.05);
      for (int step = 0; step < 3; ++step) EXPECT_EQ(zeros.Step(0), ones.Step(0xFF));
      EXPECT_EQ(zeros.Score(0), ones.Score(0xFF));
      EXPECT_EQ(zeros.bytes(), ones.bytes());
    }
  }
}

TEST(MemoryPlan, BlocksInUseAtTheSameTimeLieApart) {
  std::vector<Block> blocks;
  const std::vector<double> numbers = fixture::Numbers(3000, 5);
  for (size_t i = 0; i < 1000; ++i) {
    const int from = static_cast<int>(50 * (numbers[3 * i] + 1)), length = static_cast<int>(10 * (numbers[3 * i + 1] + 1));
    blocks.push_back({static_cast<size_t>(500 * (numbers[3 * i + 2] + 1)), from, from + length});
  }
  const size_t bytes = engine::native::PlanMemory(&blocks);
  size_t all = 0;
  for (const Block& a : blocks) {
    all += a.bytes;
    EXPECT_EQ(a.offset % 64, 0u);
    EXPECT_LE(a.offset + a.bytes, bytes);
    for (const Block& b : blocks) {
      if (&a == &b || a.until < b.from || b.until < a.from || a.bytes == 0 || b.bytes == 0) continue;
      EXPECT_TRUE(a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset);
    }
  }
  EXPECT_LT(bytes, all / 3);
  // what is needed one after the other takes the room of the largest
  std::vector<Block> chain{{640, 0, 1}, {64, 1, 2}, {640, 2, 3}, {64, 3, 4}};
  EXPECT_EQ(engine::native::PlanMemory(&chain), 704u);
}
