// Programs are compiled once, and a model of the pool trains as one that was built for its configuration.
#include "engine/core/model_pool.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "base/error.hpp"
#include "models.hpp"

namespace {

using base::LossKind;
using base::OptimizerKind;
using fixture::Block;
using fixture::Dense;
using fixture::Table;

constexpr int kFeatures = 5;
constexpr int kRows = 40;

Table Data() {
  Table table;
  table.AddInput("x", {kFeatures}, fixture::Numbers(kRows * kFeatures));
  table.AddTarget("y", {1}, fixture::Numbers(kRows, 2));
  return table;
}

std::shared_ptr<const base::Graph> Graph(const std::string& last) {
  const std::string input = R"(, "batch_input_shape": [null, )" + std::to_string(kFeatures) + "]";
  return std::make_shared<const base::Graph>(fixture::Sequential(Dense("a", 6, "relu", input) + "," + Dense("o", 1, last)));
}

base::TrainConfig Config(int number) {
  base::TrainConfig config = fixture::Config(LossKind::kMeanSquaredError, 4 + number, 0.01 * (number + 1));
  config.optimizer.kind = OptimizerKind::kSGD;
  config.optimizer.momentum = 0.5;
  config.epochs = 1 + number % 2;
  if (number == 2) config.optimizer.clipnorm = 0.1;
  if (number == 3) config.optimizer.global_clipnorm = 0.1;
  return config;
}

// The state after a visit.
std::string Trained(engine::Model* model, const Table& table, uint64_t stream) {
  Block block(model->program().layout());
  model->Initialise(block.get(), 1, stream, 1);
  model->Attach(block.get());
  model->BeginVisit();
  model->Train(table.Buffer(kRows), {});
  model->EndVisit();
  model->Detach();
  return {static_cast<const char*>(block.get()), model->program().layout().bytes};
}

}  // namespace

TEST(ModelPool, CompilesWhatHasAKeyOnce) {
  const Table table = Data();
  engine::ModelPool pool(table.spec, {});
  const auto graph = Graph("linear"), other = Graph("tanh");
  const auto program = pool.ProgramOf(graph, Config(0));
  for (int number = 1; number < 5; ++number) EXPECT_EQ(pool.ProgramOf(graph, Config(number)), program);
  EXPECT_NE(pool.ProgramOf(other, Config(0)), program);
  base::TrainConfig config = Config(0);
  config.losses[0].kind = LossKind::kMeanAbsoluteError;
  EXPECT_NE(pool.ProgramOf(graph, config), program);
  config = Config(0);
  config.losses[0].delta = 2;
  EXPECT_NE(pool.ProgramOf(graph, config), program);
  config = Config(0);
  config.optimizer.momentum = 0;  // no slot
  EXPECT_NE(pool.ProgramOf(graph, config), program);
  config = Config(0);
  config.metrics.push_back({base::MetricKind::kMeanAbsoluteError, "mae", 5});
  EXPECT_NE(pool.ProgramOf(graph, config), program);
  config = Config(0);
  config.loss_weights = {2};
  EXPECT_NE(pool.ProgramOf(graph, config), program);
  config = Config(0);
  config.class_weight = {{0, 2}};
  EXPECT_NE(pool.ProgramOf(graph, config), program);
}

TEST(ModelPool, LendsAsManyAsAreAskedForAndLendsThemAgain) {
  const Table table = Data();
  engine::ModelPool pool(table.spec, {});
  const auto program = pool.ProgramOf(Graph("linear"), Config(0));
  const engine::Model* first = nullptr;
  {
    const engine::LentModel a = pool.Lend(program, Config(0)), b = pool.Lend(program, Config(1));
    EXPECT_NE(a.get(), b.get());
    first = a.get();
  }
  const engine::LentModel again = pool.Lend(program, Config(2)), beside = pool.Lend(program, Config(3));
  EXPECT_TRUE(again.get() == first || beside.get() == first);
}

TEST(ModelPool, ALentModelTrainsAsOneOfItsOwn) {
  const Table table = Data();
  for (const bool kernels : {true, false}) {
    engine::Options options;
    options.kernels = kernels;
    engine::ModelPool pool(table.spec, options);
    const auto graph = Graph("linear");
    for (const int number : {0, 3, 1, 2, 4, 0, 3}) {
      const base::TrainConfig config = Config(number);
      engine::Model own(*graph, config, table.spec, options);
      ASSERT_EQ(own.program().has_kernels(), kernels);
      const engine::LentModel lent = pool.Lend(pool.ProgramOf(graph, config), config);
      EXPECT_EQ(Trained(lent.get(), table, 7), Trained(&own, table, 7)) << "configuration " << number << ", kernels " << kernels;
    }
  }
}

TEST(ModelPool, RefusesAConfigurationWithoutABatch) {
  const Table table = Data();
  engine::ModelPool pool(table.spec, {});
  const auto program = pool.ProgramOf(Graph("linear"), Config(0));
  { const engine::LentModel lent = pool.Lend(program, Config(0)); }
  base::TrainConfig config = Config(0);
  config.batch_size = 0;
  EXPECT_THROW(pool.Lend(program, config), base::Error);
  EXPECT_NE(pool.Lend(program, Config(1)).get(), nullptr);
}
