// Architectures that are made from a packed table's columns: layers, shapes and numbers of weights, worked out by hand.
#include <gtest/gtest.h>

#include <functional>

#include "base/error.hpp"
#include "fixture.hpp"
#include "wire/builders.hpp"
#include "wire/choices.hpp"
#include "wire/keras_json.hpp"

namespace {

using base::ColumnSpec;
using base::DataSpec;
using base::DType;
using base::ErrorCode;
using base::Graph;
using base::Shape;
using base::TargetContents;
using base::TargetKind;
using wire::BuilderRequest;
using wire::Family;
using Names = std::vector<std::string>;
using Counts = std::vector<int64_t>;

ColumnSpec Numbers(const std::string& name, Shape shape, DType dtype = DType::kFloat32) {
  ColumnSpec column;
  column.name = name;
  column.shape = std::move(shape);
  column.dtype = dtype;
  return column;
}

/// Strings as indexes: `words` of them, and one for the unknown.
ColumnSpec Strings(const std::string& name, Shape shape, int words) {
  ColumnSpec column = Numbers(name, std::move(shape), DType::kInt32);
  for (int i = 0; i < words; ++i) column.dictionary.push_back("w" + std::to_string(i));
  return column;
}

ColumnSpec Target(const std::string& name, TargetKind kind, int64_t classes) {
  ColumnSpec column = Numbers(name, kind == TargetKind::kOneHot ? Shape{classes} : Shape{});
  column.kind = kind;
  column.num_classes = kind == TargetKind::kReal ? 0 : classes;
  return column;
}

DataSpec Data(std::vector<ColumnSpec> inputs, std::vector<ColumnSpec> targets) {
  DataSpec data;
  data.inputs = std::move(inputs);
  data.targets = std::move(targets);
  data.num_partitions = 1;
  return data;
}

BuilderRequest Request(Family family, std::vector<TargetContents> contents = {TargetContents::kClasses}) {
  BuilderRequest request(family);
  request.contents = std::move(contents);
  return request;
}

wire::MadeArchitecture One(const DataSpec& data, const BuilderRequest& request) {
  wire::MadeArchitectures made = wire::MakeArchitectures(data, request);
  EXPECT_EQ(made.architectures.size(), 1u);
  return made.architectures.at(0);
}

Names LayerNames(const Graph& graph) {
  Names names;
  for (const base::Layer& layer : graph.layers) names.push_back(layer.name);
  return names;
}

int64_t Weights(const Graph& graph, const std::string& name) {
  for (const base::Layer& layer : graph.layers) {
    if (layer.name != name) continue;
    int64_t count = 0;
    for (const base::WeightSpec& weight : layer.weights) count += base::ElementCount(weight.shape);
    return count;
  }
  ADD_FAILURE() << "no layer " << name;
  return -1;
}

Shape ShapeOf(const Graph& graph, const std::string& name) {
  for (const base::Call& call : graph.calls) {
    if (graph.layers[static_cast<size_t>(call.layer)].name == name) return call.output_shape;
  }
  ADD_FAILURE() << "no layer " << name;
  return {};
}

std::string Activation(const Graph& graph, const std::string& name) {
  for (const base::Layer& layer : graph.layers) {
    if (layer.name == name) return layer.attributes.Find("activation")->string();
  }
  return "no layer " + name;
}

void ExpectError(ErrorCode code, const std::string& message, const std::string& hint,
                 const std::function<void()>& act) {
  try {
    act();
    ADD_FAILURE() << "no error, expected: " << message;
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
    EXPECT_NE(error.hint().find(hint), std::string::npos) << error.hint();
  }
}

const ColumnSpec kThree = Target("species", TargetKind::kOneHot, 3);

// ---------------------------------------------------------------- mlp

TEST(Builders, NumbersOfSeveralColumnsAreOneInput) {
  BuilderRequest request = Request(Family::kMlp);
  request.hidden = {{8, 4}};
  const Graph graph =
      One(Data({Numbers("a", {}), Numbers("b", {}), Numbers("v", {3}), Strings("city", {}, 9)}, {kThree}), request)
          .graph;
  EXPECT_EQ(LayerNames(graph),
            (Names{"numbers", "city", "city_embedding", "concatenate", "hidden_1", "hidden_2", "species"}));
  EXPECT_EQ(ShapeOf(graph, "numbers"), (Shape{5}));
  EXPECT_EQ(ShapeOf(graph, "city"), Shape{});
  // 10 indexes: round(1.6 * 10^0.56) = round(5.81) = 6
  EXPECT_EQ(Weights(graph, "city_embedding"), 10 * 6);
  EXPECT_EQ(Weights(graph, "hidden_1"), (5 + 6) * 8 + 8);
  EXPECT_EQ(Weights(graph, "hidden_2"), 8 * 4 + 4);
  EXPECT_EQ(Weights(graph, "species"), 4 * 3 + 3);
  EXPECT_EQ(graph.WeightCount(), 60 + 96 + 36 + 15);
  EXPECT_EQ(Activation(graph, "hidden_1"), "relu");
  EXPECT_EQ(Activation(graph, "species"), "softmax");
}

TEST(Builders, InputsAreInTheOrderOfTheColumns) {
  BuilderRequest request = Request(Family::kMlp, {TargetContents::kNumbers});
  request.hidden = {{}};
  ColumnSpec packed = Numbers("scalars", {3});  // three scalar columns of the source, the second of strings
  packed.members = {{"a", {}}, {"city", {"x", "y", "z"}}, {"b", {}}};
  const wire::MadeArchitecture one = One(Data({packed}, {Target("price", TargetKind::kReal, 1)}), request);
  EXPECT_EQ(one.name, "mlp_linear");
  EXPECT_EQ(LayerNames(one.graph), (Names{"a", "city", "b", "city_embedding", "concatenate", "price"}));
  // 4 indexes: round(1.6 * 4^0.56) = round(3.48) = 3
  EXPECT_EQ(Weights(one.graph, "city_embedding"), 4 * 3);
  EXPECT_EQ(Weights(one.graph, "price"), 1 + 3 + 1 + 1);
  EXPECT_EQ(Activation(one.graph, "price"), "linear");
}

TEST(Builders, EmbeddingsHaveALimitAndAGivenSize) {
  BuilderRequest request = Request(Family::kMlp);
  const DataSpec data = Data({Strings("city", {}, 10000)}, {kThree});
  EXPECT_EQ(ShapeOf(One(data, request).graph, "city_embedding"), (Shape{50}));
  request.embedding_dim = {7};
  const wire::MadeArchitecture one = One(data, request);
  EXPECT_EQ(one.name, "mlp_64_32_embedding7");
  EXPECT_EQ(Weights(one.graph, "city_embedding"), 10001 * 7);
}

TEST(Builders, ListsGiveEveryCombination) {
  BuilderRequest request = Request(Family::kMlp);
  request.hidden = {{32}, {64, 32}};
  request.dropout = {0, 0.1};
  const DataSpec data = Data({Numbers("x", {4})}, {kThree});
  const wire::MadeArchitectures made = wire::MakeArchitectures(data, request);
  Names names;
  Counts weights;
  for (const wire::MadeArchitecture& one : made.architectures) {
    names.push_back(one.name);
    weights.push_back(one.graph.WeightCount());
    EXPECT_EQ(wire::GraphDigest(wire::ReadKeras(one.json)), wire::GraphDigest(one.graph));
  }
  EXPECT_EQ(names, (Names{"mlp_32", "mlp_32_dropout0.1", "mlp_64_32", "mlp_64_32_dropout0.1"}));
  const int64_t small = 4 * 32 + 32 + 32 * 3 + 3, large = 4 * 64 + 64 + 64 * 32 + 32 + 32 * 3 + 3;
  EXPECT_EQ(weights, (Counts{small, small, large, large}));
  EXPECT_EQ(LayerNames(made.architectures[3].graph),
            (Names{"x", "hidden_1", "dropout_1", "hidden_2", "dropout_2", "species"}));
  request.name = "penguins";
  request.batch_norm = {true};
  request.activation = {"tanh"};
  request.l2 = {0.001};
  EXPECT_EQ(wire::MakeArchitectures(data, request).architectures[1].name,
            "penguins_32_dropout0.1_batch_norm_tanh_l2_0.001");
}

TEST(Builders, BatchNormalizationTakesTheBias) {
  BuilderRequest request = Request(Family::kMlp);
  request.hidden = {{8}};
  request.batch_norm = {true};
  request.l2 = {0.5};
  const Graph graph = One(Data({Numbers("x", {4})}, {kThree}), request).graph;
  EXPECT_EQ(LayerNames(graph), (Names{"x", "hidden_1", "batch_norm_1", "activation_1", "species"}));
  EXPECT_EQ(Weights(graph, "hidden_1"), 4 * 8);
  EXPECT_EQ(Weights(graph, "batch_norm_1"), 4 * 8);
  EXPECT_EQ(graph.WeightCount() - graph.TrainableCount(), 2 * 8);
  EXPECT_EQ(graph.layers[1].weights[0].regularizer.Find("config")->Find("l2")->number(), 0.5);
  EXPECT_EQ(Activation(graph, "hidden_1"), "linear");
  EXPECT_EQ(Activation(graph, "activation_1"), "relu");
}

TEST(Builders, ArraysAreFlattenedAndTokensAveraged) {
  const DataSpec data = Data({Numbers("photo", {4, 4, 3}, DType::kUInt8), Strings("words", {5}, 19)}, {kThree});
  const wire::MadeArchitectures made = wire::MakeArchitectures(data, Request(Family::kMlp));
  const Graph& graph = made.architectures.at(0).graph;
  EXPECT_EQ(ShapeOf(graph, "photo_flat"), (Shape{48}));
  EXPECT_EQ(ShapeOf(graph, "words_embedding"), (Shape{5, 9}));  // round(1.6 * 20^0.56) = round(8.56)
  EXPECT_EQ(ShapeOf(graph, "words_average"), (Shape{9}));
  EXPECT_EQ(ShapeOf(graph, "concatenate"), (Shape{57}));
  ASSERT_EQ(made.remarks.size(), 1u);
  EXPECT_EQ(made.remarks[0].message, "mlp reads column \"photo\" of shape (4, 4, 3) as a vector of 48 numbers");
}

TEST(Builders, NamesOfColumnsBecomeNamesOfLayers) {
  BuilderRequest request = Request(Family::kMlp);
  const Graph graph =
      One(Data({Strings("Größe in cm", {}, 3), Strings("_x", {}, 3), Strings("species", {}, 3)}, {kThree}), request)
          .graph;
  const Names names = LayerNames(graph);
  EXPECT_EQ(Names(names.begin(), names.begin() + 3), (Names{"Gr__e_in_cm", "column_x", "species_2"}));
  EXPECT_EQ(graph.OutputName(0), "species");
}

// ---------------------------------------------------------------- outputs

TEST(Builders, OutputsFollowTheColumns) {
  ColumnSpec labels = Numbers("tags", {5}, DType::kUInt8), map = Numbers("map", {2, 3});
  labels.kind = map.kind = TargetKind::kArray;
  const DataSpec data = Data({Numbers("x", {4})}, {kThree, Target("index", TargetKind::kClassIndex, 4),
                                                   Target("price", TargetKind::kReal, 1), labels, map});
  const BuilderRequest request =
      Request(Family::kMlp, {TargetContents::kClasses, TargetContents::kClasses, TargetContents::kNumbers,
                             TargetContents::kLabels, TargetContents::kNumbers});
  const Graph graph = One(data, request).graph;
  ASSERT_EQ(graph.outputs.size(), 5u);
  const std::vector<Shape> shapes = {{3}, {4}, {1}, {5}, {2, 3}};
  const Names activations = {"softmax", "softmax", "linear", "sigmoid", "linear"};
  for (size_t i = 0; i < shapes.size(); ++i) {
    EXPECT_EQ(graph.calls[static_cast<size_t>(graph.outputs[i])].output_shape, shapes[i]);
    EXPECT_EQ(graph.OutputName(i), data.targets[i].name);
    EXPECT_EQ(Activation(graph, data.targets[i].name), activations[i]);
  }
}

TEST(Builders, NumbersAreMadeOfStandardOnesBehindTheOutput) {
  const auto rescaling = [](const Graph& graph, const std::string& name) -> const base::Layer* {
    for (const base::Layer& layer : graph.layers) {
      if (layer.name == name && layer.kind == base::LayerKind::kRescaling) return &layer;
    }
    return nullptr;
  };
  const DataSpec data = Data({Numbers("x", {4})}, {kThree, Target("price", TargetKind::kReal, 1)});
  BuilderRequest request = Request(Family::kMlp, {TargetContents::kClasses, TargetContents::kNumbers});
  request.ranges = {wire::NumberRange{1, 2}, wire::NumberRange{-250.5, 12.25}};
  const Graph graph = One(data, request).graph;
  EXPECT_EQ(graph.OutputName(1), "price");
  const base::Layer* const layer = rescaling(graph, "price");
  ASSERT_NE(layer, nullptr);
  EXPECT_EQ(layer->attributes.Find("scale")->number(), 12.25);
  EXPECT_EQ(layer->attributes.Find("offset")->number(), -250.5);
  EXPECT_EQ(Activation(graph, "price_standard"), "linear");
  EXPECT_EQ(rescaling(graph, kThree.name), nullptr) << "classes have no range";
  request.ranges = {std::nullopt, std::nullopt};
  EXPECT_EQ(rescaling(One(data, request).graph, "price"), nullptr);

  BuilderRequest wide = Request(Family::kWideDeep, {TargetContents::kNumbers});
  wide.ranges = {wire::NumberRange{10, 3}};
  const Graph sum = One(Data({Numbers("x", {4})}, {Target("price", TargetKind::kReal, 1)}), wide).graph;
  ASSERT_NE(rescaling(sum, "price"), nullptr);
  EXPECT_EQ(Weights(sum, "price_wide_x"), 4);
}

TEST(Builders, OneSigmoidUnitWhereTheColumnAllowsIt) {
  BuilderRequest request = Request(Family::kMlp);
  request.output_activation = {"sigmoid"};
  const auto make = [&](const ColumnSpec& target) { return One(Data({Numbers("x", {4})}, {target}), request).graph; };
  EXPECT_EQ(ShapeOf(make(Target("yes", TargetKind::kClassIndex, 2)), "yes"), (Shape{1}));
  ExpectError(ErrorCode::kInvalidParameter,
              "output_activation \"sigmoid\" does not go with dependent column \"yes\", which is packed one-hot",
              "dependent_type => 'index'", [&] { make(Target("yes", TargetKind::kOneHot, 2)); });
  ExpectError(ErrorCode::kInvalidParameter, "as the index of one of 3 classes", "Use softmax",
              [&] { make(Target("kind", TargetKind::kClassIndex, 3)); });
  request.output_activation = {"tanh"};
  ExpectError(ErrorCode::kInvalidParameter, "which holds classes", "Use softmax", [&] { make(kThree); });
  request.output_activation = {"swich"};
  ExpectError(ErrorCode::kInvalidParameter, "output_activation \"swich\" is unknown", "Known are linear",
              [&] { make(kThree); });
  request.output_activation = {"softmax", "softmax"};
  ExpectError(ErrorCode::kInvalidParameter, "output_activation has 2 values for 1 dependent column", "one for each",
              [&] { make(kThree); });
  request.output_activation = {"softmax"};
  request.contents = {TargetContents::kNumbers};
  ExpectError(ErrorCode::kInvalidParameter, "which holds one number", "Use linear",
              [&] { make(Target("price", TargetKind::kReal, 1)); });
  request.output_activation = {};
  ExpectError(ErrorCode::kInvalidParameter, "dependent column \"same\" has one class", "two classes",
              [&] { make(Target("same", TargetKind::kOneHot, 1)); });
}

// ---------------------------------------------------------------- cnn

TEST(Builders, Images) {
  BuilderRequest request = Request(Family::kCnn);
  request.filters = {{4, 8}};
  request.hidden = {{16}};
  const wire::MadeArchitecture one =
      One(Data({Numbers("pixels", {8, 8, 1}, DType::kUInt8)}, {Target("digit", TargetKind::kOneHot, 10)}), request);
  EXPECT_EQ(one.name, "cnn_4_8_dense_16");
  EXPECT_EQ(LayerNames(one.graph), (Names{"pixels", "conv1", "pool1", "conv2", "pool2", "flat", "hidden_1", "digit"}));
  EXPECT_EQ(Weights(one.graph, "conv1"), 3 * 3 * 1 * 4 + 4);
  EXPECT_EQ(Weights(one.graph, "conv2"), 3 * 3 * 4 * 8 + 8);
  EXPECT_EQ(ShapeOf(one.graph, "pool2"), (Shape{2, 2, 8}));
  EXPECT_EQ(Weights(one.graph, "hidden_1"), 2 * 2 * 8 * 16 + 16);
  EXPECT_EQ(one.graph.WeightCount(), 40 + 296 + 528 + 170);
}

TEST(Builders, BlocksOfConvolutions) {
  BuilderRequest request = Request(Family::kCnn);
  request.filters = {{4, 8, 8, 8}};
  request.hidden = {{}};
  request.convolutions = {2};
  request.kernel_size = {5};
  request.pooling = {"average"};
  request.global_pooling = {true};
  request.batch_norm = {true};
  // a picture without channels, and numbers beside it; the third pooling makes 1 x 2, and nothing is left for a fourth
  const wire::MadeArchitecture one = One(Data({Numbers("photo", {8, 16}), Numbers("age", {})}, {kThree}), request);
  EXPECT_EQ(one.name, "cnn_4_8_8_8_kernel5_convolutions2_average_pooling_global_pooling_batch_norm");
  EXPECT_EQ(ShapeOf(one.graph, "photo"), (Shape{8, 16, 1}));
  EXPECT_EQ(Weights(one.graph, "conv1_1"), 5 * 5 * 1 * 4);
  EXPECT_EQ(Weights(one.graph, "conv1_2"), 5 * 5 * 4 * 4);
  EXPECT_EQ(Weights(one.graph, "batch_norm_conv2_1"), 4 * 8);
  EXPECT_EQ(ShapeOf(one.graph, "pool3"), (Shape{1, 2, 8}));
  EXPECT_EQ(ShapeOf(one.graph, "conv4_2"), (Shape{1, 2, 8}));
  EXPECT_EQ(ShapeOf(one.graph, "global_pool"), (Shape{8}));
  EXPECT_EQ(ShapeOf(one.graph, "concatenate"), (Shape{9}));
  for (const std::string& name : LayerNames(one.graph)) EXPECT_NE(name, "pool4");
}

TEST(Builders, FlatPixelsNeedAShape) {
  BuilderRequest request = Request(Family::kCnn);
  const DataSpec data = Data({Numbers("pixels", {64}, DType::kUInt8)}, {kThree});
  ExpectError(ErrorCode::kInvalidParameter, "no independent column holds images",
              "If \"pixels\" holds images row by row, give image_shape => '{8,8,1}', or pack it with shapes => "
              "'{\"pixels\":[8,8,1]}'.",
              [&] { wire::MakeArchitectures(data, request); });
  ExpectError(ErrorCode::kInvalidParameter, "no independent column holds images", "the product of which is 60",
              [&] { wire::MakeArchitectures(Data({Numbers("pixels", {60})}, {kThree}), request); });
  ExpectError(ErrorCode::kInvalidParameter, "no independent column holds images", "cerebro.mlp()",
              [&] { wire::MakeArchitectures(Data({Numbers("age", {})}, {kThree}), request); });
  request.given_shape = Shape{8, 8, 1};
  const Graph graph = One(data, request).graph;
  EXPECT_EQ(ShapeOf(graph, "pixels"), (Shape{64}));
  EXPECT_EQ(ShapeOf(graph, "pixels_shape"), (Shape{8, 8, 1}));
  EXPECT_EQ(ShapeOf(graph, "pool2"), (Shape{2, 2, 64}));
  request.given_shape = Shape{8, 8, 3};
  ExpectError(ErrorCode::kInvalidParameter,
              "image_shape {8,8,3} fits no independent column: none is a vector of 192 numbers", "product",
              [&] { wire::MakeArchitectures(data, request); });
  request.given_shape = Shape{8, 8};
  ExpectError(ErrorCode::kInvalidParameter, "image_shape has 2 dimensions, not 3", "{28,28,1}",
              [&] { wire::MakeArchitectures(data, request); });
}

// ---------------------------------------------------------------- rnn

TEST(Builders, SequencesOfStrings) {
  BuilderRequest request = Request(Family::kRnn);
  request.units = {{16}};
  const DataSpec data = Data({Strings("words", {5}, 19)}, {Target("kind", TargetKind::kClassIndex, 2)});
  const wire::MadeArchitecture one = One(data, request);
  EXPECT_EQ(one.name, "lstm_16");
  EXPECT_EQ(LayerNames(one.graph), (Names{"words", "words_embedding", "lstm_1", "kind"}));
  EXPECT_EQ(Weights(one.graph, "words_embedding"), 20 * 9);
  EXPECT_EQ(Weights(one.graph, "lstm_1"), 4 * ((9 + 16) * 16 + 16));
  EXPECT_EQ(Weights(one.graph, "kind"), 16 * 2 + 2);
  EXPECT_TRUE(one.graph.layers[1].attributes.Find("mask_zero")->boolean());
  request.units = {{8, 4}};
  request.cell = {"gru"};
  request.bidirectional = {true};
  request.dropout = {0.25};
  request.hidden = {{6}};
  const wire::MadeArchitecture both = One(data, request);
  EXPECT_EQ(both.name, "bigru_8_4_dense_6_dropout0.25");
  EXPECT_EQ(ShapeOf(both.graph, "bidirectional_1"), (Shape{5, 16}));
  EXPECT_EQ(ShapeOf(both.graph, "bidirectional_2"), (Shape{8}));
  EXPECT_EQ(Weights(both.graph, "bidirectional_1/forward_gru_1"), 3 * (9 * 8 + 8 * 8 + 2 * 8));
  EXPECT_EQ(Weights(both.graph, "bidirectional_2/backward_gru_2"), 3 * (16 * 4 + 4 * 4 + 2 * 4));
  EXPECT_EQ(Weights(both.graph, "hidden_1"), 8 * 6 + 6);
}

TEST(Builders, SequencesOfNumbers) {
  BuilderRequest request = Request(Family::kRnn, {TargetContents::kNumbers});
  request.cell = {"simple_rnn"};
  request.units = {{3}};
  const ColumnSpec price = Target("price", TargetKind::kReal, 1);
  EXPECT_EQ(Weights(One(Data({Numbers("days", {7, 2})}, {price}), request).graph, "simple_rnn_1"), 2 * 3 + 3 * 3 + 3);
  // frames of a film: each is a vector
  EXPECT_EQ(ShapeOf(One(Data({Numbers("film", {7, 4, 4, 1})}, {price}), request).graph, "film_shape"), (Shape{7, 16}));
  ExpectError(ErrorCode::kInvalidParameter, "no independent column holds sequences",
              "If \"load\" holds a number a time step, give sequence_shape => '{24,1}', or pack it with shapes => "
              "'{\"load\":[24,1]}'.",
              [&] { wire::MakeArchitectures(Data({Numbers("load", {24})}, {price}), request); });
  request.given_shape = Shape{12, 2};
  EXPECT_EQ(ShapeOf(One(Data({Numbers("load", {24})}, {price}), request).graph, "load_shape"), (Shape{12, 2}));
  request.given_shape.reset();
  request.vocabulary_size = 100;
  const Graph graph = One(Data({Numbers("ids", {24}, DType::kInt16)}, {price}), request).graph;
  EXPECT_EQ(Weights(graph, "ids_embedding"), 100 * 21);  // round(1.6 * 100^0.56) = round(21.09)
  ExpectError(ErrorCode::kInvalidParameter,
              "vocabulary_size is given, but no independent column is a vector of whole numbers", "dtypes",
              [&] { wire::MakeArchitectures(Data({Numbers("ids", {24})}, {price}), request); });
}

// ---------------------------------------------------------------- wide and deep

TEST(Builders, WideAndDeep) {
  BuilderRequest request = Request(Family::kWideDeep);
  request.hidden = {{4}};
  request.output_activation = {"sigmoid"};
  const DataSpec data =
      Data({Numbers("a", {}), Numbers("b", {}), Strings("city", {}, 9)}, {Target("y", TargetKind::kClassIndex, 2)});
  const wire::MadeArchitecture one = One(data, request);
  EXPECT_EQ(one.name, "wide_deep_4");
  EXPECT_EQ(LayerNames(one.graph), (Names{"numbers", "city", "city_embedding", "concatenate", "hidden_1", "y_deep",
                                          "y_wide_numbers", "y_wide_city", "y_sum", "y"}));
  EXPECT_EQ(Weights(one.graph, "y_wide_numbers"), 2);
  EXPECT_EQ(Weights(one.graph, "y_wide_city"), 10);
  EXPECT_EQ(Weights(one.graph, "hidden_1"), (2 + 6) * 4 + 4);
  EXPECT_EQ(one.graph.WeightCount(), 60 + 36 + 5 + 2 + 10);
  EXPECT_EQ(Activation(one.graph, "y"), "sigmoid");
  request.wide = Names{"b", "city"};
  const Graph some = One(data, request).graph;
  EXPECT_EQ(Weights(some, "y_wide_b"), 1);
  EXPECT_EQ(ShapeOf(some, "concatenate"), (Shape{8}));
  request.wide = Names{"town"};
  ExpectError(ErrorCode::kInvalidParameter, "wide_columns names \"town\", which is no independent column", "",
              [&] { wire::MakeArchitectures(data, request); });
  request.wide.reset();
  ExpectError(ErrorCode::kInvalidParameter, "no independent column is a scalar or a vector of numbers", "cerebro.mlp()",
              [&] {
                wire::MakeArchitectures(Data({Numbers("photo", {4, 4})}, data.targets), request);
              });
}

// ---------------------------------------------------------------- limits

TEST(Builders, Limits) {
  BuilderRequest request = Request(Family::kMlp);
  const DataSpec data = Data({Numbers("x", {100000})}, {kThree});
  request.hidden = {{20000}};
  ExpectError(ErrorCode::kLimitExceeded,
              "model \"mlp_20000\" would have 2,000,080,003 weights, more than 1,000,000,000", "Give fewer units",
              [&] { wire::MakeArchitectures(data, request); });
  request.hidden.clear();
  for (int64_t i = 1; i <= 101; ++i) request.hidden.push_back({i});
  request.dropout = {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
  ExpectError(ErrorCode::kLimitExceeded, "the lists give more than 1,000 architectures", "shorter lists",
              [&] { wire::MakeArchitectures(data, request); });
}

// ---------------------------------------------------------------- texts of alternatives

TEST(Choices, Layers) {
  using Lists = std::vector<Counts>;
  const auto read = [](const char* text) { return wire::ReadLayerChoices("hidden", text, true); };
  EXPECT_EQ(read("{{32},{64,32}}"), (Lists{{32}, {64, 32}}));
  EXPECT_EQ(read("[[32], [64, 32]]"), (Lists{{32}, {64, 32}}));
  EXPECT_EQ(read("{32,{64,32}}"), (Lists{{32}, {64, 32}}));
  EXPECT_EQ(read(" {64,32} "), (Lists{{64, 32}}));
  EXPECT_EQ(read("64"), (Lists{{64}}));
  EXPECT_EQ(read("{}"), (Lists{{}}));
  EXPECT_EQ(read("{{},{8}}"), (Lists{{}, {8}}));
  ExpectError(ErrorCode::kInvalidParameter, "hidden has the value 0", "from 1 to", [&] { read("{0}"); });
  ExpectError(ErrorCode::kInvalidParameter, "hidden has the value 1.5", "whole numbers", [&] { read("1.5"); });
  ExpectError(ErrorCode::kInvalidParameter, "hidden has the value \"null\"", "whole numbers", [&] { read("[null]"); });
  ExpectError(ErrorCode::kInvalidParameter, "hidden has the value [8] twice", "once", [&] { read("{{8},{8}}"); });
  ExpectError(ErrorCode::kSyntax, "hidden \"{64,\" is neither a value nor a list of values", "array",
              [&] { read("{64,"); });
  ExpectError(ErrorCode::kInvalidParameter, "filters has a list without a layer", "'{64}'",
              [] { wire::ReadLayerChoices("filters", "{}", false); });
}

TEST(Choices, OfOtherTypes) {
  EXPECT_EQ(wire::ReadNumberChoices("dropout", "{0,0.1,1e-3}", 1), (std::vector<double>{0, 0.1, 0.001}));
  EXPECT_EQ(wire::ReadNumberChoices("dropout", "0.5", 1), (std::vector<double>{0.5}));
  ExpectError(ErrorCode::kInvalidParameter, "dropout has the value 1", "less than 1",
              [] { wire::ReadNumberChoices("dropout", "{0.5,1}", 1); });
  ExpectError(ErrorCode::kInvalidParameter, "dropout has the value -0.1", "at least 0",
              [] { wire::ReadNumberChoices("dropout", "-0.1", 1); });
  ExpectError(ErrorCode::kInvalidParameter, "dropout is an empty list", "'{0,0.1}'",
              [] { wire::ReadNumberChoices("dropout", "{}", 1); });
  EXPECT_EQ(wire::ReadFlagChoices("batch_norm", "t"), (std::vector<bool>{true}));
  EXPECT_EQ(wire::ReadFlagChoices("batch_norm", "[false, true]"), (std::vector<bool>{false, true}));
  ExpectError(ErrorCode::kInvalidParameter, "batch_norm has the value 1", "true or false",
              [] { wire::ReadFlagChoices("batch_norm", "1"); });
  EXPECT_EQ(wire::ReadWordChoices("activation", "{relu,\"TANH\"}", wire::HiddenActivations()), (Names{"relu", "tanh"}));
  ExpectError(ErrorCode::kInvalidParameter, "activation has the value \"rely\"", "Known are relu, tanh",
              [] { wire::ReadWordChoices("activation", "rely", wire::HiddenActivations()); });
  EXPECT_EQ(wire::ReadSizes("image_shape", "{8,8,1}"), (Counts{8, 8, 1}));
  EXPECT_EQ(wire::ReadCountChoices("embedding_dim", "{8,16}"), (Counts{8, 16}));
}

}  // namespace
