// States that are scored side by side, with one model a program, have the sums that each has alone.
#include "engine/core/state_scorer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "engine/core/model_pool.hpp"
#include "../functional.hpp"
#include "class_table.hpp"

namespace {

using base::DType;
using base::LossKind;
using fixture::Block;
using fixture::Dense;
using fixture::kClasses;
using fixture::Table;

constexpr int64_t kBufferRows[] = {45, 300, 3, 0};

// Appends the sums of a state over buffers of so many rows, by a model of its own.
void ScoreAlone(const base::Graph& graph, const engine::ScoredState& state, const Table& table, const engine::Options& options,
                const std::vector<int64_t>& buffers, std::vector<double>* sums) {
  engine::Model model(graph, *state.config, table.spec, options);
  model.Attach(state.block);
  const size_t first = sums->size();
  sums->resize(first + state.program->sums_size(), 0.0);
  for (const int64_t rows : buffers) model.Evaluate(table.Buffer(rows), sums->data() + first, {});
}

}  // namespace

TEST(StateScorer, ScoresAsAlone) {
  const Table table = fixture::ClassTable(300);
  for (const DType precision : {DType::kFloat32, DType::kFloat64}) {
    for (const bool kernels : {true, false}) {
      engine::Options options;
      options.precision = precision;
      options.kernels = kernels;
      engine::ModelPool pool(table.spec, options);
      // two networks; the second has a layer that takes autograd
      const std::shared_ptr<const base::Graph> graphs[] = {
          std::make_shared<const base::Graph>(fixture::Sequential(Dense("a", 10, "relu", fixture::ClassInput()) + "," + Dense("o", kClasses, "softmax"))),
          std::make_shared<const base::Graph>(fixture::Sequential(Dense("a", 4, "tanh", fixture::ClassInput()) +
                                                                  R"(,{"class_name": "EinsumDense", "config": {"name": "n", "equation": "ab,cb->ac", "output_shape": [5]}},)" +
                                                                  Dense("o", kClasses, "softmax")))};
      std::vector<base::TrainConfig> configs;
      for (const int batch_size : {8, 280, 8, 32}) {
        configs.push_back(fixture::Config(LossKind::kCategoricalCrossentropy, batch_size, 0.01));
        configs.back().metrics = {{base::MetricKind::kCategoricalAccuracy, "accuracy", 5}};
      }
      std::vector<engine::ScoredState> states;
      std::vector<Block> blocks;
      std::vector<double> alone;
      blocks.reserve(2 * configs.size());
      for (size_t i = 0; i < 2 * configs.size(); ++i) {
        const base::TrainConfig& config = configs[i / 2];
        const auto program = pool.ProgramOf(graphs[i % 2], config);
        EXPECT_EQ(program->has_kernels(), kernels && i % 2 == 0);
        blocks.emplace_back(program->layout());
        program->Initialise(config.optimizer, blocks.back().get(), 3, i, 1);
        states.push_back({program, &config, blocks.back().get()});
        const size_t own = alone.size();
        ScoreAlone(*graphs[i % 2], states.back(), table, options, {std::begin(kBufferRows), std::end(kBufferRows)}, &alone);
        EXPECT_EQ(alone[own], 348);
      }
      engine::StateScorer scorer(states);
      ASSERT_EQ(scorer.sums_size(), alone.size());
      std::vector<double> together(alone.size(), 0.0);
      for (const int64_t rows : kBufferRows) scorer.Evaluate(table.Buffer(rows), together.data(), {});
      EXPECT_EQ(together, alone) << "kernels " << kernels;
    }
  }
}

// Model::Evaluate makes a mini-batch's categories; the scorer makes all of them first where a buffer is long, and not for
// all states at once. The second network's are too many to keep.
TEST(StateScorer, ProductsOfCategoriesChangeNoBit) {
  constexpr int64_t kRows = 1100;
  Table table;
  for (const int count : {3, 9, 500, 1024}) {
    std::vector<double> index = fixture::Numbers(kRows, static_cast<uint64_t>(count));
    for (double& v : index) v = std::floor((v + 1) / 2 * count);
    table.AddInput("c" + std::to_string(count), {}, index);
  }
  table.AddInput("x", {3}, fixture::Numbers(kRows * 3));
  table.AddTarget("y", {1}, fixture::Numbers(kRows, 7));
  const auto graph = [](int units, const std::string& activation) {
    fixture::Functional net;
    std::vector<fixture::Tensor> parts;
    for (const int count : {3, 9, 500, 1024}) {
      const std::string n = std::to_string(count);
      parts.push_back(net.Call("Flatten", "f" + n, "", {net.Call("Embedding", "e" + n, R"("output_dim": 4, "input_dim": )" + n,
                                                                 {net.Input("c" + n, "1")})}));
    }
    parts.insert(parts.begin() + 1, net.Input("x", "3"));
    const fixture::Tensor wide = net.Dense("wide", units, activation, net.Call("Concatenate", "all", "", parts));
    return std::make_shared<const base::Graph>(net.Build({net.Dense("o", 1, "linear", wide)}));
  };
  const std::shared_ptr<const base::Graph> graphs[] = {graph(600, "relu"), graph(1500, "relu"), graph(24, "tanh")};
  base::TrainConfig config = fixture::Config(LossKind::kMeanSquaredError, 8, 0.01);
  config.metrics = {{base::MetricKind::kMeanAbsoluteError, "mae", 5}};
  for (const DType precision : {DType::kFloat32, DType::kFloat64}) {
    engine::Options options;
    options.precision = precision;
    engine::ModelPool pool(table.spec, options);
    std::vector<engine::ScoredState> states;
    std::vector<Block> blocks;
    std::vector<double> alone;
    blocks.reserve(9);
    for (size_t i = 0; i < 9; ++i) {
      const auto program = pool.ProgramOf(graphs[i % 3], config);
      ASSERT_TRUE(program->has_kernels());
      blocks.emplace_back(program->layout());
      program->Initialise(config.optimizer, blocks.back().get(), 3, i, 1);
      states.push_back({program, &config, blocks.back().get()});
      ScoreAlone(*graphs[i % 3], states.back(), table, options, {kRows}, &alone);
    }
    engine::StateScorer scorer(states);
    std::vector<double> together(alone.size(), 0.0);
    scorer.Evaluate(table.Buffer(kRows), together.data(), {});
    EXPECT_EQ(together, alone);
  }
}

// A state that does not begin where one can: it is left out where that is asked for.
TEST(StateScorer, AStateThatFailsDisturbsNobody) {
  const Table table = fixture::ClassTable(300);
  engine::ModelPool pool(table.spec, {});
  const auto graph = std::make_shared<const base::Graph>(fixture::Sequential(Dense("a", 10, "relu", fixture::ClassInput()) + "," + Dense("o", kClasses, "softmax")));
  const base::TrainConfig config = fixture::Config(LossKind::kCategoricalCrossentropy, 8, 0.01);
  const auto program = pool.ProgramOf(graph, config);
  const size_t size = program->sums_size();
  for (size_t fails = 0; fails < 3; ++fails) {
    std::vector<Block> blocks;
    blocks.reserve(3);
    std::vector<engine::ScoredState> states, others;
    for (size_t i = 0; i < 3; ++i) {
      blocks.emplace_back(program->layout());
      program->Initialise(config.optimizer, blocks.back().get(), 3, i, 1);
      char* const begins = static_cast<char*>(static_cast<void*>(blocks.back().get()));
      states.push_back({program, &config, i == fails ? begins + 8 : begins});
      if (i != fails) others.push_back(states.back());
    }
    engine::StateScorer scorer(states, nullptr, engine::OnError::kLeavesOut), without(others), throws(states);
    std::vector<double> all(3 * size, 0.0), expected(2 * size, 0.0);
    for (const int64_t rows : kBufferRows) {
      scorer.Evaluate(table.Buffer(rows), all.data(), {});
      without.Evaluate(table.Buffer(rows), expected.data(), {});
    }
    for (size_t i = 0, next = 0; i < 3; ++i) {
      EXPECT_EQ(scorer.errors()[i].empty(), i != fails);
      if (i == fails) continue;
      EXPECT_EQ(std::vector<double>(all.begin() + static_cast<std::ptrdiff_t>(i * size), all.begin() + static_cast<std::ptrdiff_t>((i + 1) * size)),
                std::vector<double>(expected.begin() + static_cast<std::ptrdiff_t>(next * size),
                                    expected.begin() + static_cast<std::ptrdiff_t>((next + 1) * size)));
      ++next;
    }
    EXPECT_THROW(throws.Evaluate(table.Buffer(45), all.data(), {}), base::Error);
  }
}

TEST(StateScorer, OfNothingDoesNothing) {
  const Table table = fixture::ClassTable(10);
  engine::StateScorer scorer({});
  EXPECT_EQ(scorer.sums_size(), 0u);
  scorer.Evaluate(table.Buffer(10), nullptr, {});
}
