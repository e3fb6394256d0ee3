#include "wire/keras.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "fixture.hpp"

namespace {

using base::Graph;
using base::LayerKind;
using base::Shape;
using wire_test::Fixture;
using wire_test::LayerText;
using wire_test::SequentialText;

std::vector<Shape> Shapes(const Graph& graph) {
  std::vector<Shape> shapes;
  for (const base::Call& call : graph.calls) shapes.push_back(call.output_shape);
  return shapes;
}

std::vector<std::string> WeightNames(const Graph& graph) {
  std::vector<std::string> names;
  for (const base::Layer& layer : graph.layers) {
    for (const base::WeightSpec& weight : layer.weights) names.push_back(layer.name + "/" + weight.name + base::FormatShape(weight.shape));
  }
  return names;
}

// The summaries of Keras, and by hand: 4*10+10 + 10*10+10 + 10*3+3.
TEST(Keras, IrisInThreeDialectsIsOneModel) {
  const Graph list = Fixture("iris_keras_2_1_6.json"), dictionary = Fixture("iris_keras_2_2_4_tf.json");
  const Graph input = Fixture("iris_keras_2_10.json");
  for (const Graph* graph : {&list, &dictionary, &input}) {
    EXPECT_EQ(graph->WeightCount(), 193);
    EXPECT_EQ(graph->TrainableCount(), 193);
    EXPECT_EQ(Shapes(*graph), (std::vector<Shape>{{4}, {10}, {10}, {3}}));
    EXPECT_EQ(wire::GraphDigest(*graph), wire::GraphDigest(list));
    // 2 * 4 * 10 products, 10 biases, 10 activations; and so on
    EXPECT_EQ(graph->ForwardFlops(), 100 + 220 + 66);
  }
  EXPECT_EQ(list.layers[0].name, "dense_1_input");
  EXPECT_EQ(list.layers[0].kind, LayerKind::kInput);
  EXPECT_EQ(input.layers[0].name, "dense_input");
  EXPECT_EQ(list.inputs, std::vector<int>{0});
  EXPECT_EQ(list.outputs, std::vector<int>{3});
  EXPECT_EQ(WeightNames(input), (std::vector<std::string>{"dense/kernel(4, 10)", "dense/bias(10,)", "dense_1/kernel(10, 10)",
                                                          "dense_1/bias(10,)", "dense_2/kernel(10, 3)", "dense_2/bias(3,)"}));
  // glorot_uniform in all three spellings
  for (const Graph* graph : {&list, &dictionary, &input}) {
    EXPECT_EQ(base::FormatJson(graph->layers[1].weights[0].initializer),
              R"({"class_name":"VarianceScaling","config":{"scale":1.0,"mode":"fan_avg","distribution":"uniform","seed":null}})");
  }
}

TEST(Keras, ConvolutionalNetsOfMadlibsNotebooks) {
  const Graph cifar = Fixture("cifar10_keras_2_1_6.json");
  EXPECT_EQ(cifar.WeightCount(), 1250858);
  EXPECT_EQ(Shapes(cifar)[5], (Shape{15, 15, 32}));
  EXPECT_EQ(Shapes(cifar)[11], (Shape{6, 6, 64}));
  EXPECT_EQ(Shapes(cifar)[13], (Shape{2304}));
  EXPECT_EQ(Shapes(cifar).back(), (Shape{10}));
  const Graph mnist = Fixture("mnist_keras_2_2_4_tf.json");
  EXPECT_EQ(mnist.WeightCount(), 600165);
  EXPECT_EQ(Shapes(mnist)[7], (Shape{4608}));
  // the first convolution: 26 * 26 * 32 outputs of 2 * 9 operations and a bias
  EXPECT_EQ(mnist.calls[1].forward_flops, 26 * 26 * 32 * (2 * 9 + 1));
}

TEST(Keras, BatchNormalizationFrozenAndNot) {
  const Graph graph = Fixture("batchnorm_keras_2_10.json");
  // 3*3*16 + 4*16 + 3*3*16*32+32 + 4*32 + 32*10+10
  EXPECT_EQ(graph.WeightCount(), 144 + 64 + 4640 + 128 + 330);
  EXPECT_EQ(graph.TrainableCount(), 144 + 4640 + 64 + 330);
  EXPECT_EQ(Shapes(graph), (std::vector<Shape>{{28, 28, 1}, {14, 14, 16}, {14, 14, 16}, {14, 14, 16}, {15, 15, 16}, {13, 13, 32},
                                               {13, 13, 32}, {13, 13, 32}, {7, 7, 32}, {32}, {10}}));
  EXPECT_FALSE(graph.layers[2].trainable);
  EXPECT_EQ(WeightNames(graph)[1], "batch_normalization/gamma(16,)");
  const std::vector<base::WeightSpec>& live = graph.layers[6].weights;
  ASSERT_EQ(live.size(), 4u);
  EXPECT_EQ(live[0].name + live[1].name + live[2].name + live[3].name, "gammabetamoving_meanmoving_variance");
  EXPECT_TRUE(live[1].trainable);
  EXPECT_FALSE(live[2].trainable);
  EXPECT_EQ(base::FormatJson(graph.layers[1].weights[0].regularizer),
            R"({"class_name":"L1L2","config":{"l1":0.0,"l2":0.009999999776482582}})");
  EXPECT_EQ(base::FormatJson(graph.layers[1].weights[0].initializer),
            R"({"class_name":"VarianceScaling","config":{"scale":2.0,"mode":"fan_in","distribution":"truncated_normal","seed":7}})");
  EXPECT_EQ(base::FormatJson(graph.layers[5].weights[0].constraint),
            R"({"class_name":"MaxNorm","config":{"max_value":3.0,"axis":[0,1,2]}})");
  EXPECT_EQ(base::FormatJson(*graph.layers[2].attributes.Find("axis")), "3");
  EXPECT_EQ(base::FormatJson(*graph.layers[7].attributes.Find("alpha")), "0.30000001192092896");
}

TEST(Keras, TextModel) {
  const Graph graph = Fixture("text_keras_2_10.json");
  // 20000*128 | GRU 128*96 + 32*96 + 2*96 | LSTM 32*512 + 128*512 + 512 | 128+1
  EXPECT_EQ(graph.WeightCount(), 2560000 + 15552 + 82432 + 129);
  EXPECT_EQ(Shapes(graph), (std::vector<Shape>{{80}, {80, 128}, {80, 32}, {128}, {1}}));
  EXPECT_EQ(WeightNames(graph),
            (std::vector<std::string>{"embedding/embeddings(20000, 128)", "gru/kernel(128, 96)", "gru/recurrent_kernel(32, 96)",
                                      "gru/bias(2, 96)", "lstm/kernel(32, 512)", "lstm/recurrent_kernel(128, 512)", "lstm/bias(512,)",
                                      "dense/kernel(128, 1)", "dense/bias(1,)"}));
  EXPECT_TRUE(graph.layers[1].attributes.Find("mask_zero")->boolean());
  EXPECT_EQ(base::FormatJson(graph.layers[3].weights[2].initializer),
            R"({"class_name":"UnitForgetBias","config":{"bias_initializer":{"class_name":"Zeros","config":{}}}})");
}

TEST(Keras, InputsAndOutputsInTheModelsOrder) {
  const Graph graph = Fixture("two_inputs_keras_2_10.json");
  EXPECT_EQ(graph.WeightCount(), 416 + 800 + 81 + 324);
  ASSERT_EQ(graph.inputs.size(), 2u);
  ASSERT_EQ(graph.outputs.size(), 2u);
  const auto name = [&](int call) { return graph.layers[graph.calls[call].layer].name; };
  EXPECT_EQ(name(graph.inputs[0]), "words");  // input_layers, not the order of the list
  EXPECT_EQ(name(graph.inputs[1]), "numbers");
  EXPECT_EQ(name(graph.outputs[0]), "price");
  EXPECT_EQ(name(graph.outputs[1]), "kind");
  EXPECT_EQ(graph.layers[0].name, "numbers");  // layers keep the order of the list, which is the order of the weights
}

TEST(Keras, ResidualConnectionAndSharedLayer) {
  const Graph residual = Fixture("residual_keras_2_10.json");
  EXPECT_EQ(residual.WeightCount(), 224 + 584 + 45);
  EXPECT_EQ(residual.calls[3].inputs, (std::vector<int>{2, 1}));
  const Graph shared = Fixture("shared_keras_2_2_4.json");
  EXPECT_EQ(shared.WeightCount(), 136 + 9);  // the tower's weights once
  EXPECT_EQ(shared.layers.size(), 5u);
  EXPECT_EQ(shared.calls.size(), 6u);
  EXPECT_EQ(std::count_if(shared.calls.begin(), shared.calls.end(), [](const base::Call& call) { return call.layer == 2; }), 2);
  const Graph keras3 = Fixture("functional_keras_3.json");
  EXPECT_EQ(keras3.WeightCount(), 40 + 72 + 18);
  EXPECT_EQ(keras3.calls[3].inputs, (std::vector<int>{1, 2}));
}

TEST(Keras, CallsAreTopologicalWhateverTheListsOrder) {
  const auto entry = [](const std::string& layer, const std::string& inbound) {
    return layer.substr(0, layer.size() - 1) + ", \"inbound_nodes\": " + inbound + "}";
  };
  const std::string text =
      "{\"class_name\": \"Model\", \"config\": {\"layers\": [" +
      entry(LayerText("Dense", "out", "\"units\": 2"), "[[[\"mid\", 0, 0]]]") + ", " +
      entry(LayerText("Dense", "mid", "\"units\": 3"), "[[\"in\", 0, 0, {\"training\": null}]]") + ", " +
      entry(LayerText("InputLayer", "in", "\"batch_input_shape\": [null, 4]"), "[]") +
      "], \"input_layers\": [\"in\", 0, 0], \"output_layers\": {\"b\": [\"mid\", 0, 0], \"a\": [\"out\", 0, 0]}}}";
  const Graph graph = wire::ReadKeras(text);
  EXPECT_EQ(Shapes(graph), (std::vector<Shape>{{4}, {3}, {2}}));
  EXPECT_EQ(graph.layers[0].name, "out");
  EXPECT_EQ(graph.outputs, (std::vector<int>{2, 1}));  // a dictionary is read in the order of its keys
}

TEST(Keras, WaysToStateTheInputShape) {
  const auto first = [](const std::string& arguments, const std::string& rest = "") {
    return wire::ReadKeras("{\"class_name\": \"Sequential\", \"config\": {\"layers\": [" +
                           LayerText("Dense", "d", "\"units\": 2" + arguments) + "]" + rest + "}}")
        .calls[0]
        .output_shape;
  };
  EXPECT_EQ(first(", \"batch_input_shape\": [null, 4]"), (Shape{4}));
  EXPECT_EQ(first(", \"batch_shape\": [null, 3, 4]"), (Shape{3, 4}));
  EXPECT_EQ(first(", \"input_shape\": [4]"), (Shape{4}));
  EXPECT_EQ(first(", \"input_dim\": 6"), (Shape{6}));
  EXPECT_EQ(first("", ", \"build_input_shape\": [null, 5]"), (Shape{5}));
  const auto embedding = [](const std::string& arguments) {
    return wire::ReadKeras("{\"class_name\": \"Sequential\", \"config\": [" +
                           LayerText("Embedding", "e", "\"input_dim\": 9, \"output_dim\": 2, " + arguments) + "]}")
        .calls[1]
        .output_shape;
  };
  EXPECT_EQ(embedding("\"input_length\": 7"), (Shape{7, 2}));
  EXPECT_EQ(embedding("\"batch_input_shape\": [null, null], \"input_length\": 7"), (Shape{7, 2}));
}

TEST(Keras, NamesAreMadeWhereNoneIsGiven) {
  const Graph graph = wire::ReadKeras(
      R"({"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"units": 2, "input_shape": [3]}},
          {"class_name": "Dense", "config": {"name": "dense_1", "units": 4}}, {"class_name": "Dense", "config": {"units": 2}},
          {"class_name": "LayerNormalization", "config": {}}]})");
  std::vector<std::string> names;
  for (const base::Layer& layer : graph.layers) names.push_back(layer.name);
  EXPECT_EQ(names, (std::vector<std::string>{"dense_input", "dense", "dense_1", "dense_2", "layer_normalization"}));
}

TEST(Keras, ModelThatIsFrozenAsAWhole) {
  const std::string text = SequentialText("4", {LayerText("Dense", "d", "\"units\": 2")});
  const std::string frozen = text.substr(0, text.find("\"layers\"")) + "\"trainable\": false, " + text.substr(text.find("\"layers\""));
  EXPECT_EQ(wire::ReadKeras(text).TrainableCount(), 10);
  EXPECT_EQ(wire::ReadKeras(frozen).TrainableCount(), 0);
  EXPECT_EQ(wire::ReadKeras(frozen).WeightCount(), 10);
}

TEST(Keras, DigestSeesFunctionAndNotNames) {
  const auto digest = [](const std::string& arguments, const std::string& name = "d") {
    return wire::GraphDigest(wire::ReadKeras(SequentialText("4", {LayerText("Dense", name, "\"units\": 2" + arguments)})));
  };
  const std::string plain = digest("");
  EXPECT_EQ(plain.size(), 32u);
  EXPECT_EQ(plain, digest("", "another"));
  EXPECT_EQ(plain, digest(", \"activation\": \"linear\", \"use_bias\": true"));
  EXPECT_EQ(plain, digest(", \"kernel_initializer\": \"he_normal\""));
  EXPECT_NE(plain, digest(", \"activation\": \"relu\""));
  EXPECT_NE(plain, digest(", \"use_bias\": false"));
  EXPECT_NE(plain, digest(", \"trainable\": false"));
  EXPECT_NE(plain, digest(", \"kernel_regularizer\": \"l2\""));
}

}  // namespace
