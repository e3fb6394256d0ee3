// Which packed tables fit which graphs, and what a user is told when they do not.
#include <gtest/gtest.h>

#include <tuple>

#include "../functional.hpp"
#include "base/error.hpp"
#include "base/graph_cut.hpp"
#include "engine/api/binding.hpp"
#include "models.hpp"

namespace {

using base::LossKind;
using fixture::Table;

base::Graph Net(const std::string& shape, int units, const std::string& activation = "linear") {
  return fixture::Sequential(R"({"class_name": "Flatten", "config": {"name": "flat", "batch_input_shape": [null, )" + shape + "]}}," +
                             fixture::Dense("out", units, activation));
}

Table With(const base::Shape& input, const base::Shape& target, base::TargetKind kind = base::TargetKind::kArray, int64_t classes = 0) {
  Table table;
  table.AddInput("pixels", input, {});
  table.AddTarget("label", target, {}, kind, classes);
  return table;
}

void Build(const base::Graph& graph, LossKind loss, const Table& table) { engine::Model(graph, fixture::Config(loss, 4), table.spec, {}); }

std::string Refusal(const base::Graph& graph, const base::TrainConfig& config, const Table& table) {
  try {
    engine::Model(graph, config, table.spec, {});
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kInvalidParameter);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
  return "accepted";
}

std::string Refusal(const base::Graph& graph, LossKind loss, const Table& table) { return Refusal(graph, fixture::Config(loss, 4), table); }

}  // namespace

TEST(Binding, ShapesFitWithoutTrailingOnes) {
  Build(Net("8, 8, 1", 2), LossKind::kMeanSquaredError, With({8, 8}, {2}));
  Build(Net("8, 8, 1", 1), LossKind::kMeanSquaredError, With({8, 8, 1}, {}, base::TargetKind::kReal));
  Build(fixture::Sequential(fixture::Dense("out", 1, "linear", R"(, "batch_input_shape": [null, 1])")), LossKind::kMeanSquaredError,
        With({}, {1}));
}

TEST(Binding, InputShapesThatDoNotFit) {
  EXPECT_EQ(Refusal(fixture::Sequential(R"({"class_name": "InputLayer", "config": {"name": "images", "batch_input_shape": [null, 8, 8, 1]}},
                                           {"class_name": "Flatten", "config": {"name": "flat"}},)" +
                                        fixture::Dense("out", 2, "linear")),
                    LossKind::kMeanSquaredError, With({64}, {2})),
            "input \"pixels\" has shape (64,) but the model's input layer \"images\" expects (8, 8, 1)");
}

TEST(Binding, NumberOfInputsAndOutputs) {
  Table two = With({3}, {2});
  two.AddInput("more", {4}, {});
  EXPECT_EQ(Refusal(Net("3", 2), LossKind::kMeanSquaredError, two), "the model has 1 input but the packed table has 2 independent columns");
  Table targets = With({3}, {2});
  targets.AddTarget("other", {2}, {});
  EXPECT_EQ(Refusal(Net("3", 2), LossKind::kMeanSquaredError, targets),
            "the model has 1 output but the packed table has 2 dependent columns");
}

TEST(Binding, ScalarColumnsFeedOneInputSideBySide) {
  const base::Graph graph = fixture::Sequential(fixture::Dense("out", 2, "tanh", R"(, "batch_input_shape": [null, 3])"));
  const std::vector<double> values = fixture::Numbers(15), targets = fixture::Numbers(10, 2);
  Table together, apart;
  together.AddInput("x", {3}, values);
  std::vector<double> first, rest;
  for (size_t r = 0; r < 5; ++r) {
    first.push_back(values[3 * r]);
    rest.insert(rest.end(), {values[3 * r + 1], values[3 * r + 2]});
  }
  apart.AddInput("a", {}, first);
  apart.AddInput("b", {2}, rest);
  together.AddTarget("y", {2}, targets);
  apart.AddTarget("y", {2}, targets);
  std::string bytes[2];
  const Table* tables[] = {&together, &apart};
  for (int i = 0; i < 2; ++i) {
    engine::Model model(graph, fixture::Config(LossKind::kMeanSquaredError, 2, 0.1), tables[i]->spec, {});
    fixture::Block block(model.program().layout());
    model.Initialise(block.get(), 1, 1, 1);
    model.Attach(block.get());
    model.BeginVisit();
    EXPECT_EQ(model.Train(tables[i]->Buffer(5), {}).rows, 5);
    bytes[i] = block.bytes();
  }
  EXPECT_EQ(bytes[0], bytes[1]);
}

TEST(Binding, MembersOfAColumnFeedInputsInOrder) {
  base::Graph graph;
  for (int64_t elements : {2, 3, 1}) {
    base::Layer layer;
    layer.kind = base::LayerKind::kInput;
    layer.name = "in" + std::to_string(elements);
    base::Call call;
    call.layer = static_cast<int>(graph.layers.size());
    call.output_shape = {elements};
    graph.inputs.push_back(static_cast<int>(graph.calls.size()));
    graph.layers.push_back(layer);
    graph.calls.push_back(call);
  }
  base::DataSpec data;
  base::ColumnSpec scalars, vector, last;
  scalars.name = "scalars";
  scalars.shape = {3};
  scalars.members = {{"p", {}}, {"q", {}}, {"r", {}}};
  vector.name = "v";
  vector.shape = {2};
  last.name = "z";
  data.inputs = {scalars, vector, last};
  const std::vector<engine::InputBinding> bound = engine::BindInputs(graph, data);
  ASSERT_EQ(bound.size(), 3u);
  EXPECT_EQ(bound[0].parts, (std::vector<engine::InputPart>{{0, 0, 2}}));
  EXPECT_EQ(bound[1].parts, (std::vector<engine::InputPart>{{0, 2, 1}, {1, 0, 2}}));
  EXPECT_EQ(bound[2].parts, (std::vector<engine::InputPart>{{2, 0, 1}}));
  const auto refusal = [&graph](const base::DataSpec& spec) -> std::string {
    try {
      engine::BindInputs(graph, spec);
    } catch (const base::Error& error) {
      return error.what();
    }
    return "accepted";
  };
  data.inputs = {scalars, last, last};
  EXPECT_EQ(refusal(data), "the model has 3 inputs but the packed table has 5 independent columns");
  data.inputs = {scalars, vector};
  EXPECT_EQ(refusal(data), "the model has 3 inputs but the packed table has 4 independent columns");
  data.inputs = {last, scalars};
  EXPECT_EQ(refusal(data), "the model's input layer \"in3\" expects (3,), which no number of the independent columns from \"q\" on gives");
  data.inputs = {scalars, vector, last, last};
  EXPECT_EQ(refusal(data), "the model has 3 inputs but the packed table has 6 independent columns");
}

// Raw columns belong to raw inputs as ever; a feature column to the Input that names it.
TEST(Binding, FeatureColumnsBelongToTheInputsThatNameThem) {
  fixture::Functional net;
  const fixture::Tensor x = net.Input("x", "3"), z = net.Input("z", "2");
  const fixture::Tensor a = net.Dense("a", 4, "relu", x, R"(, "trainable": false)");
  const base::Graph whole = net.Build({net.Dense("out", 2, "linear", net.Call("Concatenate", "both", "", {a, z}))});
  int call = 0;
  while (whole.layers[static_cast<size_t>(whole.calls[static_cast<size_t>(call)].layer)].name != "a") ++call;
  const base::Graph cut = base::CutGraph(whole, {{call, "features_b"}});
  base::DataSpec data;
  for (const auto& [name, width, feature] : {std::tuple("x", 3, false), std::tuple("z", 2, false), std::tuple("features_a", 4, true),
                                             std::tuple("features_b", 4, true)}) {
    base::ColumnSpec column;
    column.name = name;
    column.shape = {width};
    column.feature = feature;
    data.inputs.push_back(column);
  }
  const std::vector<engine::InputBinding> bound = engine::BindInputs(cut, data);
  ASSERT_EQ(bound.size(), 3u);
  EXPECT_EQ(bound[0].parts, (std::vector<engine::InputPart>{{0, 0, 3}}));
  EXPECT_FALSE(bound[0].read);
  EXPECT_EQ(bound[1].parts, (std::vector<engine::InputPart>{{1, 0, 2}}));
  EXPECT_TRUE(bound[1].read);
  EXPECT_EQ(bound[2].parts, (std::vector<engine::InputPart>{{3, 0, 4}}));
  EXPECT_EQ(engine::ColumnsRead(cut, data), (std::vector<bool>{false, true, false, true}));
  EXPECT_EQ(engine::ColumnsRead(whole, data), (std::vector<bool>{true, true, false, false}));
  data.inputs[3].shape = {5};
  EXPECT_THROW(engine::BindInputs(cut, data), base::Error);
}

TEST(Binding, TargetsThatDoNotFitTheLoss) {
  using base::TargetKind;
  EXPECT_EQ(Refusal(Net("3", 4, "softmax"), LossKind::kCategoricalCrossentropy, With({3}, {5}, TargetKind::kOneHot, 5)),
            "target \"label\" has shape (5,) but the model's output \"out\" has shape (4,)");
  EXPECT_EQ(Refusal(Net("3", 4, "softmax"), LossKind::kSparseCategoricalCrossentropy, With({3}, {}, TargetKind::kClassIndex, 5)),
            "column \"label\" has 5 classes but the model's output \"out\" has 4 units");
  Build(Net("3", 1, "sigmoid"), LossKind::kBinaryCrossentropy, With({3}, {}, TargetKind::kClassIndex, 2));
  Build(Net("3", 4, "softmax"), LossKind::kSparseCategoricalCrossentropy, With({3}, {}, TargetKind::kClassIndex, 3));
}

TEST(Binding, LossesAndWeightsOfOutputs) {
  base::TrainConfig config = fixture::Config(LossKind::kMeanSquaredError, 4);
  config.losses.push_back(config.losses[0]);
  EXPECT_EQ(Refusal(Net("3", 2), config, With({3}, {2})), "there are 2 losses for 1 output");
  config.losses.pop_back();
  config.loss_weights = {1, 2, 3};
  EXPECT_EQ(Refusal(Net("3", 2), config, With({3}, {2})), "loss_weights has 3 elements for 1 output");
}

TEST(Binding, AStateThatIsNotAligned) {
  const Table table = With({3}, {2});
  engine::Model model(Net("3", 2), fixture::Config(LossKind::kMeanSquaredError, 4), table.spec, {});
  fixture::Block block(model.program().layout());
  EXPECT_THROW(model.Attach(static_cast<char*>(block.get()) + 8), base::Error);
  EXPECT_THROW(model.Train(table.Buffer(0), {}), base::Error) << "trained without a state";
}

TEST(Binding, PrecisionsThatNoModelHas) {
  try {
    engine::Model(Net("3", 2), fixture::Config(LossKind::kMeanSquaredError, 4), With({3}, {2}).spec,
                  fixture::Precision(base::DType::kInt32));
    FAIL() << "int32 was taken";
  } catch (const base::Error& error) {
    EXPECT_STREQ(error.what(), "models do not compute in int32");
  }
}
