// Layers against an independent reference: data/make_golden.py computes prediction, loss and one step of SGD for a
// small model a file. By kernels, where the model has them, and by autograd.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/literal.hpp"
#include "base/value.hpp"
#include "models.hpp"

namespace {

std::vector<double> Doubles(const base::Value& list) {
  std::vector<double> values;
  for (const base::Value& v : list.list()) values.push_back(v.number());
  return values;
}

base::Shape Dimensions(const base::Value& list) {
  base::Shape shape;
  for (const base::Value& v : list.list()) shape.push_back(v.integer());
  return shape;
}

std::vector<std::string> GoldenNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(CEREBRO_UNIT_DATA)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream file(entry.path());
    std::string head(9, ' ');
    file.read(&head[0], 9);
    if (head == "{\"model\":") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Relative to the largest value: small elements are differences of larger ones.
double Distance(const std::vector<double>& got, const std::vector<double>& expected) {
  double difference = 0, scale = 1e-300;
  for (size_t i = 0; i < expected.size(); ++i) {
    difference = std::max(difference, std::isnan(got[i]) ? 1e300 : std::fabs(got[i] - expected[i]));
    scale = std::max(scale, std::fabs(expected[i]));
  }
  return difference / scale;
}

class Golden : public ::testing::TestWithParam<std::string> {
 protected:
  void Check(base::DType precision, double tolerance) {
    for (const bool kernels : {true, false}) {
      SCOPED_TRACE(kernels ? "kernels" : "autograd");
      CheckTrainer(precision, kernels, tolerance);
    }
  }

  void CheckTrainer(base::DType precision, bool kernels, double tolerance) {
    std::ifstream file(std::string(CEREBRO_UNIT_DATA) + "/" + GetParam() + ".json");
    std::stringstream text;
    text << file.rdbuf();
    const base::Value golden = base::ParseLiteral(text.str());
    const int64_t rows = golden.Find("rows")->integer();

    fixture::Table table;
    for (const base::Value& column : golden.Find("inputs")->list()) {
      table.AddInput("x" + std::to_string(table.spec.inputs.size()), Dimensions(*column.Find("shape")), Doubles(*column.Find("values")));
    }
    for (const base::Value& column : golden.Find("targets")->list()) {
      table.AddTarget("y" + std::to_string(table.spec.targets.size()), Dimensions(*column.Find("shape")), Doubles(*column.Find("values")));
    }
    const std::vector<double> row_weights = Doubles(*golden.Find("row_weights"));
    if (!row_weights.empty()) table.SetWeights({row_weights.begin(), row_weights.end()});

    base::TrainConfig config = fixture::Config(base::LossKind::kMeanSquaredError, static_cast<int>(rows));
    config.losses.clear();
    for (const base::Value& loss : golden.Find("losses")->list()) {
      config.losses.push_back(fixture::Loss(loss.string() == "mean_squared_error" ? base::LossKind::kMeanSquaredError
                                                                                  : base::LossKind::kCategoricalCrossentropy));
    }
    config.loss_weights = Doubles(*golden.Find("loss_weights"));

    const base::Graph graph = wire::ReadKeras(golden.Find("model")->string(), &table.spec);
    engine::Options options = fixture::Precision(precision);
    options.kernels = kernels;
    engine::Model model(graph, config, table.spec, options);
    if (kernels && !model.program().has_kernels()) return;  // by autograd alone
    fixture::Block block(model.program().layout());
    model.Initialise(block.get(), 1, 1, 1);
    const std::vector<double> weights = Doubles(*golden.Find("weights"));
    const std::vector<float> loaded(weights.begin(), weights.end());
    model.program().LoadWeights(block.get(), loaded.data(), static_cast<int64_t>(loaded.size()));
    ASSERT_EQ(block.Weights(model.program().layout()), weights);
    model.Attach(block.get());

    const base::Buffer buffer = table.Buffer(rows);
    std::vector<std::vector<float>> outputs;
    model.Predict(buffer, &outputs, {});
    const base::List& expected_outputs = golden.Find("outputs")->list();
    ASSERT_EQ(outputs.size(), expected_outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i) {
      const std::vector<double> expected = Doubles(expected_outputs[i]);
      ASSERT_EQ(outputs[i].size(), expected.size());
      EXPECT_LT(Distance({outputs[i].begin(), outputs[i].end()}, expected), 1e-5) << "output " << i;
    }

    std::vector<double> sums(model.program().sums_size());
    model.Evaluate(buffer, sums.data(), {});
    EXPECT_LT(Distance({model.program().Finish(sums.data())[0]}, {golden.Find("evaluation_loss")->number()}), tolerance);

    model.BeginVisit();
    const engine::TrainResult result = model.Train(buffer, {});
    EXPECT_EQ(result.rows, rows);
    EXPECT_LT(Distance({result.loss_sum / static_cast<double>(rows)}, {golden.Find("training_loss")->number()}), tolerance);

    // gradients, not weights: the step is what the layer computed
    const std::vector<double> after = block.Weights(model.program().layout()), expected_after = Doubles(*golden.Find("after"));
    std::vector<double> moved(weights.size()), expected_moved(weights.size());
    for (size_t i = 0; i < weights.size(); ++i) {
      moved[i] = weights[i] - after[i];
      expected_moved[i] = weights[i] - expected_after[i];
    }
    EXPECT_LT(Distance(moved, expected_moved), tolerance);
  }
};

TEST_P(Golden, Float64) { Check(base::DType::kFloat64, 1e-9); }
TEST_P(Golden, Float32) { Check(base::DType::kFloat32, 2e-4); }

INSTANTIATE_TEST_SUITE_P(Layers, Golden, ::testing::ValuesIn(GoldenNames()), [](const auto& info) { return info.param; });

}  // namespace
