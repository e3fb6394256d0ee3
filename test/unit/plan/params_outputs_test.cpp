// Losses, loss weights and metrics by the names of a model's outputs.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "plan/params.hpp"

namespace {

// Two outputs, "price" and "kind".
base::Graph TwoOutputs() {
  base::Graph graph;
  for (const char* name : {"in", "price", "kind"}) {
    base::Layer layer;
    layer.name = name;
    graph.layers.push_back(std::move(layer));
  }
  for (int i = 0; i < 3; ++i) {
    base::Call call;
    call.layer = i;
    graph.calls.push_back(std::move(call));
  }
  graph.inputs = {0};
  graph.outputs = {1, 2};
  return graph;
}

base::TrainConfig Read(const std::string& rest, const base::Graph& graph) { return plan::ReadConfig("optimizer=Adam, " + rest, "", graph); }

std::string Refusal(const std::string& rest, const base::Graph& graph) {
  try {
    Read(rest, graph);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kInvalidParameter);
    return error.what();
  }
  return "";
}

TEST(ParamsByOutput, ArePutIntoTheOrderOfTheOutputs) {
  const base::TrainConfig config = Read("loss={'kind': 'categorical_crossentropy', 'price': 'mse'}, loss_weights={'kind': 0.5}", TwoOutputs());
  ASSERT_EQ(config.losses.size(), 2u);
  EXPECT_EQ(config.losses[0].kind, base::LossKind::kMeanSquaredError);
  EXPECT_EQ(config.losses[1].kind, base::LossKind::kCategoricalCrossentropy);
  EXPECT_EQ(config.loss_weights, (std::vector<double>{1, 0.5}));
  EXPECT_EQ(Read("loss=mse, loss_weights={'kind': 3, 'price': 2}", TwoOutputs()).loss_weights, (std::vector<double>{2, 3}));
}

TEST(ParamsByOutput, TakeTheNamesOfTheModel) {
  base::Graph graph = TwoOutputs();
  graph.output_names = {"a", "b"};
  EXPECT_EQ(Read("loss={'b': 'mae', 'a': 'mse'}", graph).losses[1].kind, base::LossKind::kMeanAbsoluteError);
  EXPECT_EQ(Refusal("loss={'price': 'mae', 'kind': 'mse'}", graph), "loss names \"price\", which is no output of the model");
}

TEST(ParamsByOutput, MetricsOfEachOutput) {
  const auto metrics = [](const std::string& text) {
    std::string all;
    for (const base::MetricConfig& metric : Read("loss=mse, metrics=" + text, TwoOutputs()).metrics) {
      all += metric.name + "@" + std::to_string(metric.output) + " ";
    }
    return all;
  };
  EXPECT_EQ(metrics("{'kind': ['accuracy', 'auc'], 'price': 'mae'}"), "mae@0 accuracy@1 auc@1 ");
  EXPECT_EQ(metrics("{'kind': ['mae'], 'price': ['mae']}"), "mae@0 mae@1 ");
  EXPECT_EQ(metrics("{'kind': 'accuracy', 'price': None}"), "accuracy@1 ");
  EXPECT_EQ(metrics("[['mae'], ['accuracy']]"), "mae@0 accuracy@1 ");
  EXPECT_EQ(metrics("[[], ['accuracy']]"), "accuracy@1 ");
  EXPECT_EQ(metrics("['mae']"), "mae@-1 ");
  EXPECT_EQ(metrics("{}"), "");
  EXPECT_EQ(Refusal("loss=mse, metrics={'prize': ['mae']}", TwoOutputs()), "metrics names \"prize\", which is no output of the model");
  EXPECT_EQ(Refusal("loss=mse, metrics=[['mae'], [], ['mae']]", TwoOutputs()), "the number of lists in metrics is 3, that of the model's outputs is 2");
  EXPECT_EQ(Refusal("loss=mse, metrics={'kind': ['mae', 'mae']}", TwoOutputs()), "metric \"mae\" is listed twice");
  EXPECT_NE(Refusal("loss=mse, metrics=['mae', ['accuracy']]", TwoOutputs()), "");
  EXPECT_EQ(plan::CanonicalParams("metrics={'b': 'mse', 'a': ['mae']}", "compile_params"),
            plan::CanonicalParams("metrics={'a': 'mae', 'b': ['mse']}", "compile_params"));
}

TEST(ParamsByOutput, WrongNames) {
  EXPECT_EQ(Refusal("loss={'kind': 'mse', 'prize': 'mse'}", TwoOutputs()), "loss names \"prize\", which is no output of the model");
  EXPECT_EQ(Refusal("loss={'kind': 'mse'}", TwoOutputs()), "loss gives output \"price\" none");
  EXPECT_EQ(Refusal("loss=mse, loss_weights={'prize': 1}", TwoOutputs()), "loss_weights names \"prize\", which is no output of the model");
  EXPECT_NE(Refusal("loss={'kind': 3}", TwoOutputs()), "");
  EXPECT_EQ(Refusal("loss=mse, loss_weights={'kind': 1e40}", TwoOutputs()),
            "parameter \"loss_weights\" of compile_params is 1e+40, which is infinite in float32");
  EXPECT_NE(Refusal("loss={}", TwoOutputs()), "");
}

TEST(ParamsByOutput, HaveOneText) {
  EXPECT_EQ(plan::CanonicalParams("loss={'b': 'mse', 'a': 'mae'}, optimizer=Adam", "compile_params"),
            plan::CanonicalParams("optimizer='Adam()', loss={'a': 'MeanAbsoluteError', 'b': 'mean_squared_error'}", "compile_params"));
}

}  // namespace
