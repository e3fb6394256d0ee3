// What a call asks for beside its inputs: training = False.
#include <gtest/gtest.h>

#include <string>

#include "models.hpp"
#include "wire/keras.hpp"

namespace {

std::string Entry(const std::string& class_name, const std::string& name, const std::string& before, const std::string& arguments,
                  const std::string& config) {
  return R"(, {"class_name": ")" + class_name + R"(", "name": ")" + name + R"(", "config": {"name": ")" + name + "\"" + config +
         R"(}, "inbound_nodes": [[[")" + before + R"(", 0, 0, )" + arguments + "]]]}";
}

// Dropout and BatchNormalization that are called as `arguments` say, and a Dense layer.
base::Graph Model(const std::string& arguments) {
  return wire::ReadKeras(
      R"({"class_name": "Functional", "config": {"name": "m", "layers": [
          {"class_name": "InputLayer", "name": "in", "config": {"name": "in", "batch_input_shape": [null, 4]}, "inbound_nodes": []})" +
      Entry("Dropout", "drop", "in", arguments, R"(, "rate": 0.5)") + Entry("BatchNormalization", "norm", "drop", arguments, "") +
      Entry("Dense", "out", "norm", "{}", R"(, "units": 2)") + R"(], "input_layers": [["in", 0, 0]], "output_layers": [["out", 0, 0]]}})");
}

struct Losses {
  double training = 0, scoring = 0;
  bool statistics_moved = false, gamma_moved = false;
};

Losses TrainOnce(const base::Graph& graph) {
  constexpr int64_t kRows = 16;
  fixture::Table table;
  table.AddInput("x", {4}, fixture::Numbers(kRows * 4));
  table.AddTarget("y", {2}, fixture::Numbers(kRows * 2, 2));
  engine::Model model(graph, fixture::Config(base::LossKind::kMeanSquaredError, kRows, 0.1), table.spec, fixture::Precision(base::DType::kFloat64));
  fixture::Block block(model.program().layout());
  model.Initialise(block.get(), 1, 1, 1);
  const std::vector<double> before = block.Weights(model.program().layout());
  model.Attach(block.get());
  std::vector<double> sums(model.program().sums_size());
  model.Evaluate(table.Buffer(kRows), sums.data(), {});
  Losses losses;
  losses.scoring = model.program().Finish(sums.data())[0];
  model.BeginVisit();
  losses.training = model.Train(table.Buffer(kRows), {}).loss_sum / kRows;
  // gamma, beta, moving mean, moving variance: 4 each
  const std::vector<double> after = block.Weights(model.program().layout());
  for (size_t i = 0; i < 4; ++i) losses.gamma_moved = losses.gamma_moved || before[i] != after[i];
  for (size_t i = 8; i < 16; ++i) losses.statistics_moved = losses.statistics_moved || before[i] != after[i];
  return losses;
}

TEST(Call, ComputesAsInScoring) {
  const Losses as_ever = TrainOnce(Model("{}")), scoring = TrainOnce(Model(R"({"training": false})"));
  EXPECT_NE(as_ever.training, as_ever.scoring);
  EXPECT_TRUE(as_ever.statistics_moved);
  EXPECT_NEAR(scoring.training, scoring.scoring, 1e-12);
  EXPECT_FALSE(scoring.statistics_moved);
  EXPECT_TRUE(scoring.gamma_moved);
  EXPECT_NEAR(scoring.scoring, as_ever.scoring, 1e-12);
}

}  // namespace
