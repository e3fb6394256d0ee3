// The forms in which models are written: wrappers, models inside of models, calls with arguments, other programs' files, open shapes.
#include <algorithm>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "compare.hpp"
#include "fixture.hpp"

namespace {

using base::ErrorCode;
using base::Graph;
using base::LayerKind;
using base::Shape;
using wire_test::Fixture;
using wire_test::LayerText;
using wire_test::ReadFile;
using wire_test::SequentialText;

using Texts = std::vector<std::string>;

// "name/weight(shape)" of all weights, in their order.
Texts WeightNames(const Graph& graph) {
  Texts names;
  for (const base::Layer& layer : graph.layers) {
    for (const base::WeightSpec& weight : layer.weights) names.push_back(layer.name + ":" + weight.name + base::FormatShape(weight.shape));
  }
  return names;
}

// "name(inputs)shape" of all calls.
Texts Calls(const Graph& graph) {
  Texts calls;
  for (const base::Call& call : graph.calls) {
    std::string text = graph.layers[static_cast<size_t>(call.layer)].name + "(";
    for (size_t i = 0; i < call.inputs.size(); ++i) text += (i == 0 ? "" : ",") + std::to_string(call.inputs[i]);
    calls.push_back(text + ")" + base::FormatShape(call.output_shape));
  }
  return calls;
}

const base::Layer& LayerNamed(const Graph& graph, const std::string& name) {
  for (const base::Layer& layer : graph.layers) {
    if (layer.name == name) return layer;
  }
  throw std::runtime_error("no layer " + name);
}

std::string Refusal(const std::string& text, std::string* hint = nullptr) {
  try {
    wire::ReadKeras(text);
  } catch (const base::Error& error) {
    if (hint != nullptr) *hint = error.hint();
    return error.what();
  }
  return "";
}

base::DataSpec Columns(const std::vector<Shape>& shapes) {
  base::DataSpec data;
  for (const Shape& shape : shapes) {
    base::ColumnSpec column;
    column.name = "x" + std::to_string(data.inputs.size());
    column.shape = shape;
    data.inputs.push_back(std::move(column));
  }
  return data;
}

TEST(Forms, AModelInsideOfASequentialOne) {
  const Graph graph = Fixture("nested_keras_2_2_2.json");
  EXPECT_EQ(Calls(graph), (Texts{"sequential_input()(4,)", "sequential/dense_1(0)(6,)", "sequential/dropout_1(1)(6,)", "dense_2(2)(3,)"}));
  EXPECT_EQ(WeightNames(graph), (Texts{"sequential/dense_1:kernel(4, 6)", "sequential/dense_1:bias(6,)", "dense_2:kernel(6, 3)",
                                       "dense_2:bias(3,)"}));
}

TEST(Forms, ASharedModelIsCalledTwiceAndWeighsOnce) {
  const Graph graph = Fixture("siamese_keras_2_10.json");
  EXPECT_EQ(WeightNames(graph),
            (Texts{"tower/embedding:embeddings(20, 4)", "tower/bidirectional/forward_lstm:kernel(4, 12)",
                   "tower/bidirectional/forward_lstm:recurrent_kernel(3, 12)", "tower/bidirectional/forward_lstm:bias(12,)",
                   "tower/bidirectional/backward_lstm:kernel(4, 12)", "tower/bidirectional/backward_lstm:recurrent_kernel(3, 12)",
                   "tower/bidirectional/backward_lstm:bias(12,)", "same:kernel(6, 1)", "same:bias(1,)"}));
  EXPECT_EQ(std::count_if(graph.calls.begin(), graph.calls.end(), [](const base::Call& call) { return call.layer == 2; }), 2);
  EXPECT_EQ(graph.calls.size(), 2u + 2 * 4 + 2);
  const base::Layer backward = LayerNamed(graph, "tower/bidirectional/backward_lstm");
  EXPECT_TRUE(backward.attributes.Find("go_backwards")->boolean());
  EXPECT_FALSE(LayerNamed(graph, "tower/bidirectional/forward_lstm").attributes.Find("go_backwards")->boolean());
}

// Calls are numbered from 0 where the model had no input of its own; a reference says which.
TEST(Forms, CallsOfAModelCountedFromZero) {
  std::string text = ReadFile("siamese_keras_2_10.json");
  const Graph from_one = wire::ReadKeras(text);
  text.replace(text.find("[\"tower\", 1, 0"), 11, "[\"tower\", 0");
  text.replace(text.find("[\"tower\", 2, 0"), 11, "[\"tower\", 1");
  wire_test::ExpectSameGraph(wire::ReadKeras(text), from_one);
}

TEST(Forms, ArgumentsOfCallsAndOperations) {
  const Graph graph = Fixture("transformer_keras_2_10.json");
  EXPECT_EQ(Calls(graph), (Texts{"x()(5, 8)", "multi_head_attention(0,0)(5, 8)", "tf.__operators__.add(0,1)(5, 8)",
                                 "layer_normalization(2)(5, 8)", "time_distributed(3)(5, 8)"}));
  EXPECT_TRUE(graph.layers[1].attributes.Find("use_causal_mask")->boolean());
  EXPECT_EQ(graph.layers[2].kind, LayerKind::kAdd);
  EXPECT_EQ(WeightNames(graph)[6], "multi_head_attention:output_kernel(2, 4, 8)");
  // the same on all dimensions: nothing is distributed
  EXPECT_EQ(graph.layers[4].time_distributed, 0);
  EXPECT_TRUE(graph.calls[4].inference);
  EXPECT_FALSE(graph.calls[3].inference);
  Graph other = graph;
  other.calls[4].inference = false;
  EXPECT_NE(wire::GraphDigest(graph), wire::GraphDigest(other));
}

TEST(Forms, NamesOfOutputs) {
  const std::string text = ReadFile("outputs_keras_3.json");
  const Graph graph = wire::ReadKeras(text);
  EXPECT_EQ(graph.output_names, (Texts{"kind", "price"}));  // Keras sorts
  EXPECT_EQ(graph.OutputName(1), "price");
  EXPECT_EQ(graph.layers[static_cast<size_t>(graph.calls[static_cast<size_t>(graph.outputs[1])].layer)].name, "dense_4");
  const Graph read = wire::ReadGraph(wire::WriteGraph(graph));
  EXPECT_EQ(read.output_names, graph.output_names);
  // Keras 3 writes the default of Dropout's training
  EXPECT_FALSE(std::any_of(graph.calls.begin(), graph.calls.end(), [](const base::Call& call) { return call.inference; }));
  EXPECT_EQ(wire::IgnoredSettings(text), (Texts{"compile_config of the model"}));
  EXPECT_EQ(Fixture("two_inputs_keras_2_10.json").output_names, Texts());
  EXPECT_EQ(Fixture("two_inputs_keras_2_10.json").OutputName(0), "price");
}

TEST(Forms, FilesOfTensorFlowJs) {
  const std::string converted = ReadFile("model_tfjs.json"), own = ReadFile("browser_tfjs.json");
  EXPECT_EQ(wire::ReadKeras(converted).WeightCount(), 40 + 514);
  EXPECT_EQ(wire::IgnoredSettings(converted), (Texts{"training_config of the model"}));
  EXPECT_EQ(wire::ReadKeras(own).WeightCount(), 3 * 4 + 4 * 4 + 4 + 5);
  EXPECT_EQ(wire::IgnoredSettings(own), Texts());
  const std::string model = R"({"model_config": )" + SequentialText("3", {LayerText("Dense", "d", "\"units\": 2")}) +
                            R"(, "training_config": {"loss": "mse"}})";
  EXPECT_EQ(wire::ReadKeras(model).WeightCount(), 8);
  EXPECT_EQ(wire::IgnoredSettings(model), (Texts{"training_config of the model"}));
  std::string hint;
  EXPECT_EQ(Refusal(R"({"format": "graph-model", "modelTopology": {"node": []}})", &hint),
            "the text is a graph model of TensorFlow.js, which has operations and no layers");
  EXPECT_NE(hint.find("tfjs_layers_model"), std::string::npos);
}

TEST(Forms, ArgumentsThatKeras3Renamed) {
  const auto slope = [](const std::string& argument) {
    return base::FormatJson(*wire_test::OneLayer("4", "LeakyReLU", argument).layers[1].attributes.Find("alpha"));
  };
  EXPECT_EQ(slope("\"negative_slope\": 0.2"), slope("\"alpha\": 0.2"));
}

TEST(Forms, StatesAndInitialStates) {
  const Graph graph = Fixture("seq2seq_keras_2_1_6.json");
  EXPECT_EQ(Calls(graph), (Texts{"source()(5, 3)", "target()(4, 3)", "encoder(0)(3, 4)", "encoder/state_h(2)(4,)", "encoder/state_c(2)(4,)",
                                 "decoder(1,3,4)(6, 4)", "decoder/output(5)(4, 4)", "dense(6)(4, 3)"}));
  EXPECT_EQ(LayerNamed(graph, "encoder").kind, LayerKind::kLSTM);
  const std::string arguments = ReadFile("seq2seq_keras_2_1_6.json");
  // the same, with the state among the arguments of the call
  std::string text = arguments;
  const std::string as_inputs = R"([["target", 0, 0, {}], ["encoder", 0, 1, {}], ["encoder", 0, 2, {}]])";
  ASSERT_NE(text.find(as_inputs), std::string::npos);
  text.replace(text.find(as_inputs), as_inputs.size(),
               R"([["target", 0, 0, {"initial_state": [["encoder", 0, 1], ["encoder", 0, 2]], "mask": null}]])");
  wire_test::ExpectSameGraph(wire::ReadKeras(text), graph);
}

TEST(Forms, BidirectionalMerges) {
  const auto graph = [](const std::string& inner, const std::string& mode) {
    return wire::ReadKeras(SequentialText("5, 2", {LayerText("Bidirectional", "both", "\"layer\": " + LayerText("GRU", "g", "\"units\": 3" + inner) + mode)}));
  };
  EXPECT_EQ(Calls(graph("", "")), (Texts{"in()(5, 2)", "both/forward_g(0)(3,)", "both/backward_g(0)(3,)", "both(1,2)(6,)"}));
  EXPECT_EQ(Calls(graph(", \"return_sequences\": true", ", \"merge_mode\": \"sum\"")),
            (Texts{"in()(5, 2)", "both/forward_g(0)(5, 3)", "both/backward_g(0)(5, 3)", "both/reverse(2)(5, 3)", "both(1,3)(5, 3)"}));
  EXPECT_EQ(graph("", ", \"merge_mode\": \"mul\"").layers.back().kind, LayerKind::kMultiply);
  EXPECT_EQ(graph("", ", \"merge_mode\": \"ave\"").layers.back().kind, LayerKind::kAverage);
  const Graph apart = graph("", ", \"merge_mode\": null");
  EXPECT_EQ(apart.outputs, (std::vector<int>{1, 2}));
  const base::Layer sequence = graph(", \"return_sequences\": true", "").layers[1];
  EXPECT_TRUE(sequence.attributes.Find("zero_output_for_mask")->boolean());
  EXPECT_FALSE(apart.layers[1].attributes.Find("zero_output_for_mask")->boolean());
}

TEST(Forms, TimeDistributedLayers) {
  const auto wrap = [](const std::string& layer) { return LayerText("TimeDistributed", "td", "\"layer\": " + layer); };
  const Graph images = wire::ReadKeras(SequentialText(
      "10, 8, 8, 1", {wrap(LayerText("Conv2D", "c", "\"filters\": 4, \"kernel_size\": 3")), LayerText("TimeDistributed", "flat", "\"layer\": " + LayerText("Flatten", "f"))}));
  EXPECT_EQ(Calls(images), (Texts{"in()(10, 8, 8, 1)", "td(0)(10, 6, 6, 4)", "flat(1)(10, 144)"}));
  EXPECT_EQ(images.layers[1].time_distributed, 1);
  EXPECT_EQ(images.layers[1].weights[0].shape, (Shape{3, 3, 1, 4}));
  EXPECT_EQ(images.calls[1].forward_flops, 10 * wire_test::OneLayer("8, 8, 1", "Conv2D", "\"filters\": 4, \"kernel_size\": 3").calls[1].forward_flops);
  const Graph read = wire::ReadGraph(wire::WriteGraph(images));
  wire_test::ExpectSameGraph(read, images);
  EXPECT_EQ(read.layers[1].time_distributed, 1);
  EXPECT_EQ(wire::GraphDigest(read), wire::GraphDigest(images));
  // a model, whose layers are distributed each
  const Graph model = wire::ReadKeras(SequentialText(
      "3, 5, 2", {wrap(R"({"class_name": "Sequential", "config": {"name": "m", "layers": [)" + LayerText("LSTM", "r", "\"units\": 4") + ", " +
                       LayerText("Dense", "d", "\"units\": 2") + "]}}")}));
  EXPECT_EQ(Calls(model), (Texts{"in()(3, 5, 2)", "td/r(0)(3, 4)", "td/d(1)(3, 2)"}));
  EXPECT_EQ(Refusal(SequentialText("", {wrap(LayerText("Flatten", "f"))})),
            "layer \"td\" (Flatten): is distributed over the first dimension of its inputs, which () does not have");
}

TEST(Forms, ShapesOfThePackedTable) {
  const std::string text = ReadFile("open_keras_3.json");
  EXPECT_FALSE(wire::CheckKeras(text).has_value());
  EXPECT_TRUE(wire::CheckKeras(ReadFile("iris_keras_2_10.json")).has_value());
  EXPECT_EQ(Refusal(text), "layer \"dense\" (Dense): the first layer of a Sequential model states no input shape");
  const base::DataSpec vectors = Columns({{7}}), scalars = Columns({{}, {}, {}}), several = Columns({{7}, {2, 2}});
  EXPECT_EQ(wire::ReadKeras(text, &vectors).calls[0].output_shape, (Shape{7}));
  EXPECT_EQ(wire::ReadKeras(text, &scalars).calls[0].output_shape, (Shape{3}));
  EXPECT_THROW(wire::ReadKeras(text, &several), base::Error);
  // some dimensions alone
  const std::string sequence = SequentialText("null, 3", {LayerText("LSTM", "r", "\"units\": 2")});
  const base::DataSpec days = Columns({{9, 3}}), others = Columns({{9, 4}}), flat = Columns({{9}});
  EXPECT_FALSE(wire::CheckKeras(sequence).has_value());
  EXPECT_EQ(wire::ReadKeras(sequence, &days).calls[0].output_shape, (Shape{9, 3}));
  for (const base::DataSpec* wrong : {&others, &flat}) {
    try {
      wire::ReadKeras(sequence, wrong);
      ADD_FAILURE();
    } catch (const base::Error& error) {
      EXPECT_EQ(std::string(error.what()).find("layer \"in\" (InputLayer): argument \"batch_input_shape\" does not fit"), 0u) << error.what();
    }
  }
  // a stated shape stays
  const std::string iris = ReadFile("iris_keras_2_10.json");
  EXPECT_EQ(wire::ReadKeras(iris, &vectors).calls[0].output_shape, (Shape{4}));
  // what can be checked without the shape is
  std::string hint;
  const std::string wrong = R"({"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"units": -1}}]})";
  try {
    wire::CheckKeras(wrong);
    ADD_FAILURE();
  } catch (const base::Error& error) {
    EXPECT_EQ(std::string(error.what()), "layer \"dense\" (Dense): argument \"units\" must be a positive integer, got -1");
  }
}

TEST(Forms, OpenFunctionalInputs) {
  const std::string text = R"({"class_name": "Functional", "config": {"name": "m", "layers": [
    {"class_name": "InputLayer", "config": {"name": "a", "batch_shape": [null, null]}, "name": "a", "inbound_nodes": []},
    {"class_name": "InputLayer", "config": {"name": "b", "batch_shape": [null, 2]}, "name": "b", "inbound_nodes": []},
    {"class_name": "Concatenate", "config": {"name": "c"}, "name": "c", "inbound_nodes": [[["a", 0, 0, {}], ["b", 0, 0, {}]]]}],
    "input_layers": [["b", 0, 0], ["a", 0, 0]], "output_layers": [["c", 0, 0]]}})";
  const base::DataSpec data = Columns({{2}, {5}});  // in the order of the inputs
  EXPECT_EQ(wire::ReadKeras(text, &data).calls.back().output_shape, (Shape{7}));
  EXPECT_FALSE(wire::CheckKeras(text).has_value());
}

struct Wrong {
  std::string text, message, hint;
};

TEST(Forms, WhatIsRefusedByName) {
  const auto one = [](const std::string& layer) { return SequentialText("4", {layer}); };
  const auto sequence = [](const std::string& layer) { return SequentialText("5, 4", {layer}); };
  const std::vector<Wrong> cases = {
      {one(LayerText("Lambda", "x", "\"function\": [\"4wEAAAA\", null, null]")),
       "layer \"x\" of class \"Lambda\": it holds code of Python, which is not run here", "Rescaling"},
      {one(R"({"class_name": "Gate", "module": "mine.layers", "registered_name": "mine>Gate", "config": {"name": "x"}})"),
       "layer \"x\" of class \"Gate\": it is a class of your own, whose code is not in the text", "Dense"},
      {one(R"({"class_name": "GetItem", "module": "keras.src.ops.numpy", "registered_name": "GetItem", "config": {"name": "x"}})"),
       "layer \"x\" of class \"GetItem\": an operation outside of a layer is not supported", "Reshape"},
      {one(LayerText("TFOpLambda", "x", "\"function\": \"image.resize\"")),
       "layer \"x\" of class \"TFOpLambda\": the operation \"image.resize\" outside of a layer is not supported", "Rescaling"},
      {one(LayerText("SlicingOpLambda", "x", "\"function\": \"__operators__.getitem\"")),
       "layer \"x\" of class \"SlicingOpLambda\": the operation \"__operators__.getitem\" outside of a layer is not supported", ""},
      {one(LayerText("Merge", "x", "\"mode\": \"cos\"")), "layer \"x\" of class \"Merge\": the mode \"cos\" is not supported", "Dot"},
      {one(LayerText("Dense", "x", "\"output_dim\": 3, \"init\": \"glorot_uniform\"")),
       "layer \"x\" of class \"Dense\": it is written as Keras 1 wrote layers", "Keras 2"},
      {R"({"class_name": "Sequential", "keras_version": "1.2.2", "config": []})", "the model architecture was written by Keras 1.2.2",
       "Keras 2"},
      {sequence(LayerText("Bidirectional", "x", "\"layer\": " + LayerText("Dense", "d", "\"units\": 2"))),
       "layer \"x\" (Bidirectional): argument \"layer\" is of class \"Dense\", which is not supported", "LSTM"},
      {sequence(LayerText("Bidirectional", "x")), "layer \"x\" (Bidirectional): argument \"layer\" is missing", ""},
      {sequence(LayerText("Bidirectional", "x", "\"merge_mode\": \"max\", \"layer\": " + LayerText("GRU", "d", "\"units\": 2"))),
       "layer \"x\" (Bidirectional): argument \"merge_mode\" must be null or one of \"concat\", \"sum\", \"mul\", \"ave\", got \"max\"", ""},
      {sequence(LayerText("Bidirectional", "x", "\"layer\": " + LayerText("GRU", "d", "\"units\": 2") + ", \"backward_layer\": " +
                                                    LayerText("GRU", "e", "\"units\": 2"))),
       "layer \"x\" (Bidirectional): argument \"backward_layer\" must go the other way than the forward layer", ""},
      {sequence(LayerText("Bidirectional", "x", "\"layer\": " + LayerText("GRU", "d", "\"units\": 2") + ", \"backward_layer\": " +
                                                    LayerText("LSTM", "e", "\"units\": 2, \"go_backwards\": true"))),
       "layer \"x\" (Bidirectional): argument \"backward_layer\" is of class \"LSTM\", the forward layer of class \"GRU\"", ""},
      {sequence(LayerText("TimeDistributed", "x", "\"layer\": 3")), "layer \"x\" (TimeDistributed): argument \"layer\" must be a layer, got 3", ""},
      {SequentialText("5, 4", {LayerText("GRU", "x", "\"units\": 2, \"return_state\": true"), LayerText("Dense", "d", "\"units\": 2")}),
       "layer \"x\" (GRU): has 2 outputs, a layer inside a Sequential model has one", ""},
      {sequence(LayerText("Masking", "x", "\"mask_value\": \"a\"")), "layer \"x\" (Masking): argument \"mask_value\" must be a finite number, got \"a\"", ""},
      {one(LayerText("Masking", "x")), "layer \"x\" (Masking): needs an input of shape (time, features), got (4,)", ""},
      {one(LayerText("Dense", "x", R"("units": 2, "activation": "hard_sigmoid", "dtype": {"class_name": "DTypePolicy", "config": {"name": "float32"}})")),
       "layer \"x\" (Dense): argument \"activation\" is the hard_sigmoid of Keras 3, which is not supported", "relu6"},
      {one(LayerText("Sequential", "x", "\"layers\": []")), "the model has no list of layers, got []", ""},
  };
  for (const Wrong& wrong : cases) {
    std::string hint;
    EXPECT_EQ(Refusal(wrong.text, &hint), wrong.message);
    EXPECT_NE(hint.find(wrong.hint), std::string::npos) << hint;
  }
}

// Every level calls the next one ten times, and there is no layer in them.
TEST(Forms, ModelsThatOnlyCallModels) {
  std::string inner = R"({"class_name": "InputLayer", "config": {"name": "in", "batch_input_shape": [null, 2]}, "name": "in", "inbound_nodes": []})";
  std::string text = R"({"name": "m", "layers": [)" + inner + R"(], "input_layers": [["in", 0, 0]], "output_layers": [["in", 0, 0]]})";
  for (int level = 1; level < 12; ++level) {
    std::string calls = R"([["in", 0, 0, {}]])";
    for (int i = 1; i < 10; ++i) calls += R"(, [["m", )" + std::to_string(i) + R"(, 0, {}]])";
    text = R"({"name": "m", "layers": [)" + inner + R"(, {"class_name": "Functional", "name": "m", "config": )" + text +
           R"(, "inbound_nodes": [)" + calls + R"(]}], "input_layers": [["in", 0, 0]], "output_layers": [["m", 10, 0]]})";
  }
  EXPECT_EQ(Refusal(R"({"class_name": "Functional", "config": )" + text + "}"), "the model calls layers more than 100000 times");
}

TEST(Forms, ShapesInsideAModelMustFit) {
  std::string text = ReadFile("siamese_keras_2_10.json");
  const std::string shape = "\"batch_input_shape\": [null, 6], \"dtype\": \"float32\", \"sparse\": false, \"ragged\": false, \"name\": \"input_1\"";
  ASSERT_NE(text.find(shape), std::string::npos);
  std::string other = shape;
  other.replace(other.find("6"), 1, "7");
  text.replace(text.find(shape), shape.size(), other);
  EXPECT_EQ(Refusal(text), "layer \"tower\" (Functional): its input \"input_1\" expects (7,), it is called with (6,)");
}

}  // namespace
