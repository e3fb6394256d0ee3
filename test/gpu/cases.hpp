// What test/gpu/backend compares. A new layer: a line in one of the lists. Losses and optimizers are taken from the
// lists of base/kinds.inc.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bench/models.hpp"
#include "definitions/loss.hpp"
#include "definitions/optimizer.hpp"

namespace gpu {

/// A column of the rows that a graph of several inputs reads.
struct Column {
  base::Shape shape;
  int64_t categories = 0;  // indexes below this, as int16; 0: bytes, scaled to [0, 1]
};

struct Case {
  std::string name;
  bench::Case network;
  base::TrainConfig config;
  double tolerance = 1e-4;      // relative, of sums and weights
  std::string functional;       // Keras's text of a graph that is no chain; empty: the network's
  std::vector<Column> columns;  // of the inputs behind the first one
};

inline base::TrainConfig Config(const std::string& loss, const std::string& optimizer, int batch_size,
                                const std::string& metrics = "['accuracy', 'mse']") {
  return plan::ReadConfig("loss='" + loss + "', optimizer='" + optimizer + "', metrics=" + metrics,
                          "batch_size=" + std::to_string(batch_size) + ", epochs=1");
}

constexpr int kBatch = 16;
constexpr int64_t kRows = 57;  // three mini-batches and a part
constexpr const char* kPlain = "SGD(learning_rate=0.05)";

// The layer between a dense layer, so that gradients go through it, and the last one.
inline Case Between(const std::string& name, const std::string& layer, double tolerance = 1e-4) {
  bench::Case c{name, "", {12}, 5, kBatch};
  c.layers = bench::Dense(9, "linear", c.input) + ", " + layer + ", " + bench::Last(5);
  return {name, c, Config("categorical_crossentropy", kPlain, kBatch), tolerance};
}

inline Case Images(const std::string& name, const base::Shape& shape, const std::string& layers,
                   double tolerance = 1e-4) {
  bench::Case c{name, "", shape, 4, kBatch};
  c.layers = layers + ", " + bench::Layer("Flatten", "") + ", " + bench::Last(4);
  return {name, c, Config("categorical_crossentropy", kPlain, kBatch), tolerance};
}

inline std::string Convolution(const std::string& arguments, const base::Shape& input = {}) {
  return bench::Layer("Conv2D", ", \"filters\": 3, \"kernel_size\": [3, 3], \"activation\": \"tanh\"" + arguments,
                      input);
}

inline std::vector<Case> LayerCases() {
  std::vector<Case> cases;
  for (const char* activation : {"linear", "relu", "sigmoid", "tanh", "softmax", "relu6", "elu", "selu", "exponential",
                                 "softplus", "softsign", "gelu", "swish", "hard_sigmoid", "mish"}) {
    cases.push_back(Between(std::string("dense ") + activation, bench::Dense(7, activation)));
    cases.push_back(Between(std::string("activation ") + activation,
                            bench::Layer("Activation", std::string(", \"activation\": \"") + activation + "\"")));
  }
  cases.push_back(Between("dense without bias",
                          bench::Layer("Dense", R"(, "units": 70, "use_bias": false, "activation": "relu")")));
  cases.push_back(Between("dense of 200", bench::Dense(200, "relu") + ", " + bench::Dense(40, "tanh")));
  cases.push_back(Between("dense, frozen", bench::Layer("Dense", R"(, "units": 6, "trainable": false)")));
  cases.push_back(Between(
      "dense, regularised",
      bench::Layer(
          "Dense",
          R"(, "units": 6, "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.01, "l2": 0.02}})")));
  cases.push_back(
      Between("relu layer", bench::Layer("ReLU", R"(, "negative_slope": 0.1, "threshold": 0.2, "max_value": 1.0)")));
  cases.push_back(Between("leaky relu", bench::Layer("LeakyReLU", "")));
  cases.push_back(Between("thresholded relu", bench::Layer("ThresholdedReLU", R"(, "theta": 0.3)")));
  cases.push_back(Between("elu layer", bench::Layer("ELU", R"(, "alpha": 0.7)")));
  cases.push_back(Between("softmax layer", bench::Layer("Softmax", "")));
  cases.push_back(Between("dropout", bench::Layer("Dropout", R"(, "rate": 0.3)")));
  cases.push_back(Between("reshape, dense of positions", bench::Layer("Reshape", R"(, "target_shape": [3, 3])") + ", " +
                                                             bench::Dense(4, "tanh") + ", " +
                                                             bench::Layer("Flatten", "")));
  const base::Shape image{9, 8, 2};
  cases.push_back(Images("conv2d", image, Convolution("", image)));
  cases.push_back(Images("conv2d same", image,
                         Convolution(R"(, "padding": "same")", image) + ", " + Convolution(R"(, "padding": "same")")));
  cases.push_back(Images("conv2d strides", image,
                         Convolution(R"(, "strides": [2, 2], "padding": "same")", image) + ", " +
                             Convolution(R"(, "strides": [2, 1], "padding": "same")")));
  cases.push_back(
      Images("conv2d dilated", image, Convolution("", image) + ", " + Convolution(R"(, "dilation_rate": [2, 2])")));
  cases.push_back(Images("max pool", image, Convolution("", image) + ", " + bench::Layer("MaxPooling2D", "")));
  cases.push_back(
      Images("max pool, windows that overlap", image,
             Convolution("", image) + ", " +
                 bench::Layer("MaxPooling2D", R"(, "pool_size": [3, 3], "strides": [2, 2], "padding": "same")")));
  cases.push_back(
      Images("average pool", image,
             Convolution("", image) + ", " +
                 bench::Layer("AveragePooling2D", R"(, "pool_size": [3, 3], "strides": [2, 2], "padding": "same")")));
  cases.push_back(
      Images("global average pool", image, Convolution("", image) + ", " + bench::Layer("GlobalAveragePooling2D", "")));
  const base::Shape sequence{11, 3};
  const std::string sequences = R"(, "filters": 4, "kernel_size": [3], "activation": "relu")";
  cases.push_back(Images("conv1d", sequence,
                         bench::Layer("Conv1D", sequences, sequence) + ", " + bench::Layer("MaxPooling1D", "")));
  cases.push_back(
      Images("conv1d causal", sequence,
             bench::Layer("Conv1D", sequences + R"(, "padding": "causal", "dilation_rate": [2])", sequence) + ", " +
                 bench::Layer("AveragePooling1D", "")));
  cases.push_back(
      Images("global average pool of sequences", sequence,
             bench::Layer("Conv1D", sequences, sequence) + ", " + bench::Layer("GlobalAveragePooling1D", "")));
  bench::Case lenet = bench::LeNet("lenet", 6, 16, "valid", {84}, kBatch);
  cases.push_back({"lenet", lenet, Config("categorical_crossentropy", "Adam(learning_rate=0.001)", kBatch), 1e-3});
  return cases;
}

/// Layers between the one that makes an image and the last one.
inline Case BehindConvolution(const std::string& name, const std::string& layers, double tolerance = 1e-4) {
  const base::Shape image{9, 8, 2};
  return Images(name, image, Convolution("", image) + ", " + layers, tolerance);
}

inline std::vector<Case> NormalizationCases() {
  const auto layer = [](const std::string& kind, const std::string& arguments = "") {
    return bench::Layer(kind, arguments);
  };
  const std::string relu = bench::Layer("Activation", R"(, "activation": "relu")");
  std::vector<Case> cases;
  cases.push_back(Between("batch norm", layer("BatchNormalization", R"(, "momentum": 0.8)")));
  cases.push_back(Between("batch norm, relu", layer("BatchNormalization") + ", " + relu));
  cases.push_back(Between("batch norm without weights",
                          layer("BatchNormalization", R"(, "scale": false, "center": false, "epsilon": 0.01)")));
  cases.push_back(Between("batch norm, frozen", layer("BatchNormalization", R"(, "trainable": false)")));
  cases.push_back(BehindConvolution("batch norm of images", layer("BatchNormalization") + ", " + relu, 1e-3));
  cases.push_back(BehindConvolution("batch norms, convolutions",
                                    layer("BatchNormalization") + ", " + relu + ", " +
                                        Convolution(R"(, "padding": "same", "use_bias": false)") + ", " +
                                        layer("BatchNormalization") + ", " + layer("LeakyReLU"),
                                    1e-3));
  cases.push_back(Between("layer norm", layer("LayerNormalization")));
  cases.push_back(Between("layer norm of 130", bench::Dense(130, "linear") + ", " + layer("LayerNormalization")));
  cases.push_back(BehindConvolution("layer norm of channels", layer("LayerNormalization", R"(, "center": false)")));
  cases.push_back(BehindConvolution("layer norm of images", layer("LayerNormalization", R"(, "axis": [1, 2, 3])")));
  cases.push_back(BehindConvolution("group norm", Convolution(R"(, "padding": "same")") + ", " +
                                                      layer("GroupNormalization", R"(, "groups": 3)") + ", " + relu));
  cases.push_back(BehindConvolution("group norm of two channels",
                                    bench::Layer("Conv2D", R"(, "filters": 6, "kernel_size": [2, 2])") + ", " +
                                        layer("GroupNormalization", R"(, "groups": 3, "scale": false)")));
  return cases;
}

inline std::vector<Case> WindowCases() {
  std::vector<Case> cases;
  const auto depthwise = [](const std::string& arguments) {
    return bench::Layer("DepthwiseConv2D", R"(, "kernel_size": [3, 3], "activation": "tanh")" + arguments);
  };
  cases.push_back(BehindConvolution("depthwise", depthwise("")));
  cases.push_back(BehindConvolution(
      "depthwise, multiplier and strides",
      depthwise(R"(, "depth_multiplier": 2, "strides": [2, 2], "padding": "same", "use_bias": false)")));
  cases.push_back(BehindConvolution(
      "separable", bench::Layer("SeparableConv2D",
                                R"(, "filters": 5, "kernel_size": [3, 3], "activation": "relu", "padding": "same")")));
  cases.push_back(BehindConvolution("global max pool", bench::Layer("GlobalMaxPooling2D", "")));
  cases.push_back(BehindConvolution("zero padding", bench::Layer("ZeroPadding2D", R"(, "padding": [[1, 2], [0, 3]])")));
  cases.push_back(BehindConvolution("cropping", bench::Layer("Cropping2D", R"(, "cropping": [[1, 2], [0, 3]])")));
  cases.push_back(BehindConvolution("up sampling", bench::Layer("UpSampling2D", R"(, "size": [2, 3])")));
  cases.push_back(BehindConvolution("rescaling", bench::Layer("Rescaling", R"(, "scale": 0.5, "offset": -0.1)")));
  cases.push_back(BehindConvolution("permute", bench::Layer("Permute", R"(, "dims": [3, 1, 2])")));
  cases.push_back(BehindConvolution("spatial dropout", bench::Layer("SpatialDropout2D", R"(, "rate": 0.4)")));
  cases.push_back(
      Between("repeat vector", bench::Layer("RepeatVector", R"(, "n": 3)") + ", " + bench::Layer("Flatten", "")));
  const base::Shape sequence{11, 3};
  const std::string conv = R"(, "filters": 4, "kernel_size": [3], "activation": "relu")";
  for (const auto& [kind, arguments] :
       {std::pair("DepthwiseConv1D", R"(, "kernel_size": [3], "depth_multiplier": 2)"),
        std::pair("SeparableConv1D", R"(, "kernel_size": [3], "filters": 5, "padding": "causal")"),
        std::pair("ZeroPadding1D", R"(, "padding": [2, 1])"), std::pair("Cropping1D", R"(, "cropping": [2, 1])"),
        std::pair("UpSampling1D", R"(, "size": 2)"), std::pair("GlobalMaxPooling1D", ""),
        std::pair("SpatialDropout1D", R"(, "rate": 0.3)")}) {
    cases.push_back(Images(std::string(kind), sequence,
                           bench::Layer("Conv1D", conv, sequence) + ", " + bench::Layer(kind, arguments)));
  }
  return cases;
}

inline std::vector<Case> ConstraintCases() {
  std::vector<Case> cases;
  const auto add = [&](const std::string& name, const std::string& constraint, const std::string& axis) {
    const std::string arguments = R"(, "units": 7, "activation": "tanh", "kernel_constraint": {"class_name": ")" +
                                  constraint + R"(", "config": {)" + axis + "}}";
    Case c = Between(name, bench::Layer("Dense", arguments));
    c.config = Config("categorical_crossentropy", "Adam(learning_rate=0.1)", kBatch);
    c.tolerance = 1e-3;
    cases.push_back(c);
  };
  add("constraint MaxNorm", "MaxNorm", R"("max_value": 0.7, "axis": 0)");
  add("constraint MaxNorm of rows", "MaxNorm", R"("max_value": 0.7, "axis": 1)");
  add("constraint MinMaxNorm", "MinMaxNorm", R"("min_value": 0.9, "max_value": 1.1, "rate": 0.5, "axis": [0, 1])");
  add("constraint UnitNorm", "UnitNorm", R"("axis": 0)");
  add("constraint NonNeg", "NonNeg", "");
  cases.push_back(BehindConvolution(
      "constraint of a convolution",
      Convolution(R"(, "kernel_constraint": {"class_name": "UnitNorm", "config": {"axis": [0, 1, 2]}})")));
  return cases;
}

/// Graphs in Keras's functional form.
class Functional {
 public:
  std::string Input(const std::string& name, const base::Shape& shape) {
    inputs_ += (inputs_.empty() ? "" : ", ") + Node(name);
    std::string dimensions;
    for (const int64_t d : shape) dimensions += ", " + std::to_string(d);
    return Add(name, "InputLayer", R"(, "batch_input_shape": [null)" + dimensions + "]", "");
  }
  std::string Layer(const std::string& kind, const std::string& name, const std::string& arguments,
                    const std::vector<std::string>& from) {
    return Add(name, kind, arguments, Nodes(from));
  }
  std::string Dense(const std::string& name, int units, const std::string& activation, const std::string& from) {
    return Layer("Dense", name, R"(, "units": )" + std::to_string(units) + R"(, "activation": ")" + activation + "\"",
                 {from});
  }
  /// A second call of a layer that was added last; its results are called "<name>:1".
  std::string Again(const std::string& name, const std::vector<std::string>& from) {
    const std::string end = "]}";
    layers_.resize(layers_.size() - end.size());
    layers_ += ", " + Nodes(from) + end;
    return name + ":1";
  }
  std::string Text(const std::string& output) const {
    return R"({"class_name": "Functional", "config": {"name": "m", "layers": [)" + layers_ + R"(], "input_layers": [)" +
           inputs_ + R"(], "output_layers": [)" + Node(output) + "]}}";
  }

 private:
  static std::string Node(const std::string& name, const std::string& more = "") {
    const size_t colon = name.find(':');
    const std::string number = colon == std::string::npos ? "0" : name.substr(colon + 1);
    return "[\"" + name.substr(0, colon) + "\", " + number + ", 0" + more + "]";
  }
  static std::string Nodes(const std::vector<std::string>& from) {
    std::string nodes;
    for (const std::string& name : from) nodes += (nodes.empty() ? "" : ", ") + Node(name, ", {}");
    return "[" + nodes + "]";
  }
  std::string Add(const std::string& name, const std::string& kind, const std::string& arguments,
                  const std::string& nodes) {
    layers_ += (layers_.empty() ? "" : ", ") + (R"({"class_name": ")" + kind) + R"(", "name": ")" + name +
               R"(", "config": {"name": ")" + name + "\"" + arguments + R"(}, "inbound_nodes": [)" + nodes + "]}";
    return name;
  }

  std::string layers_, inputs_;
};

inline Case OfGraph(const std::string& name, const Functional& graph, const base::Shape& input,
                    const std::vector<Column>& more = {}, double tolerance = 1e-4) {
  Case c{name,
         {name, "", input, 4, kBatch},
         Config("categorical_crossentropy", kPlain, kBatch),
         tolerance,
         graph.Text("out"),
         more};
  return c;
}

inline std::vector<Case> GraphCases() {
  std::vector<Case> cases;
  for (const char* kind : {"Add", "Subtract", "Multiply", "Maximum", "Minimum", "Average", "Concatenate"}) {
    Functional graph;
    const std::string x = graph.Input("x", {10});
    graph.Dense("a", 6, "relu", x);
    graph.Dense("b", 6, "tanh", x);
    graph.Layer(kind, "merged", "", {"a", "b"});
    graph.Dense("out", 4, "softmax", "merged");
    cases.push_back(OfGraph(std::string("merge ") + kind, graph, {10}));
  }
  {
    Functional graph;  // of three; one is read twice, and by a merge with itself
    graph.Input("x", {10});
    graph.Dense("a", 6, "sigmoid", "x");
    graph.Dense("b", 6, "relu", "a");
    graph.Layer("Multiply", "square", "", {"a", "a"});
    graph.Layer("Average", "mean", "", {"a", "b", "square"});
    graph.Layer("Activation", "relu", R"(, "activation": "relu")", {"mean"});
    graph.Layer("Maximum", "largest", "", {"relu", "a", "b"});
    graph.Dense("out", 4, "softmax", "largest");
    cases.push_back(OfGraph("merges of three", graph, {10}));
  }
  {
    Functional graph;  // squeeze and excitation: a value a channel
    graph.Input("x", {6, 5, 2});
    graph.Layer("Conv2D", "c", R"(, "filters": 4, "kernel_size": [3, 3], "padding": "same")", {"x"});
    graph.Layer("GlobalAveragePooling2D", "pool", "", {"c"});
    graph.Dense("gate", 4, "sigmoid", "pool");
    graph.Layer("Reshape", "shape", R"(, "target_shape": [1, 1, 4])", {"gate"});
    graph.Layer("Multiply", "scaled", "", {"c", "shape"});
    graph.Layer("Flatten", "flat", "", {"scaled"});
    graph.Dense("out", 4, "softmax", "flat");
    cases.push_back(OfGraph("squeeze and excitation", graph, {6, 5, 2}));
  }
  {
    Functional graph;  // a residual block with a convolution on its way around
    const std::string conv = R"(, "use_bias": false, "padding": "same", "filters": )";
    graph.Input("x", {8, 8, 2});
    graph.Layer("Conv2D", "c0", conv + R"(4, "kernel_size": [3, 3])", {"x"});
    graph.Layer("BatchNormalization", "n0", "", {"c0"});
    graph.Layer("Activation", "r0", R"(, "activation": "relu")", {"n0"});
    graph.Layer("Conv2D", "c1", conv + R"(6, "kernel_size": [3, 3], "strides": [2, 2])", {"r0"});
    graph.Layer("BatchNormalization", "n1", "", {"c1"});
    graph.Layer("ReLU", "r1", "", {"n1"});
    graph.Layer("Conv2D", "c2", conv + R"(6, "kernel_size": [3, 3])", {"r1"});
    graph.Layer("BatchNormalization", "n2", "", {"c2"});
    graph.Layer("Conv2D", "around", conv + R"(6, "kernel_size": [1, 1], "strides": [2, 2])", {"r0"});
    graph.Layer("Add", "sum", "", {"n2", "around"});
    graph.Layer("Activation", "r2", R"(, "activation": "relu")", {"sum"});
    graph.Layer("Concatenate", "beside", R"(, "axis": -1)", {"r2", "r1", "r2"});
    graph.Layer("GlobalAveragePooling2D", "pool", "", {"beside"});
    graph.Dense("out", 4, "softmax", "pool");
    cases.push_back(OfGraph("residual block", graph, {8, 8, 2}, {}, 1e-3));
  }
  {
    Functional graph;  // a table with columns of categories
    graph.Input("numbers", {7});
    graph.Input("first", {1});
    graph.Input("second", {1});
    graph.Layer("Embedding", "e1", R"(, "input_dim": 11, "output_dim": 3)", {"first"});
    graph.Layer("Embedding", "e2", R"(, "input_dim": 300, "output_dim": 5)", {"second"});
    graph.Layer("Flatten", "f1", "", {"e1"});
    graph.Layer("Flatten", "f2", "", {"e2"});
    graph.Layer("Concatenate", "all", "", {"numbers", "f1", "f2"});
    graph.Dense("hidden", 9, "relu", "all");
    graph.Layer("BatchNormalization", "norm", "", {"hidden"});
    graph.Layer("Dropout", "drop", R"(, "rate": 0.2)", {"norm"});
    graph.Dense("out", 4, "softmax", "drop");
    cases.push_back(OfGraph("embeddings beside numbers", graph, {7}, {{{}, 11}, {{}, 300}}));
    // a bias below a normalisation has a gradient of rounding errors, of which Adam would make whole steps
    cases.back().config =
        Config("categorical_crossentropy", "SGD(learning_rate=0.05, momentum=0.9, clipnorm=0.5)", kBatch);
  }
  {
    Functional graph;  // one layer for both
    graph.Input("left", {6});
    graph.Input("right", {6});
    graph.Dense("tower", 5, "tanh", "left");
    graph.Again("tower", {"right"});
    graph.Layer("Subtract", "between", "", {"tower", "tower:1"});
    graph.Dense("out", 4, "softmax", "between");
    cases.push_back(OfGraph("a layer that is called twice", graph, {6}, {{{6}}}));
  }
  {
    Functional graph;  // concatenated along the first dimension of two
    graph.Input("x", {5, 3});
    graph.Layer("Conv1D", "a", R"(, "filters": 4, "kernel_size": [2])", {"x"});
    graph.Layer("Conv1D", "b", R"(, "filters": 4, "kernel_size": [3])", {"x"});
    graph.Layer("Concatenate", "behind", R"(, "axis": 1)", {"a", "b"});
    graph.Layer("TimeDistributed", "each",
                R"(, "layer": {"class_name": "Dense", "config": {"name": "inner", "units": 3, "activation": "relu"}})",
                {"behind"});
    graph.Layer("Flatten", "flat", "", {"each"});
    graph.Dense("out", 4, "softmax", "flat");
    cases.push_back(OfGraph("concatenated steps", graph, {5, 3}));
  }
  bench::Case text{"text", "", {20}, 4, kBatch};
  text.categories = 50;
  text.layers = bench::Layer("Embedding", R"(, "input_dim": 50, "output_dim": 6)", text.input) + ", " +
                bench::Layer("Conv1D", R"(, "filters": 5, "kernel_size": [3], "activation": "relu")") + ", " +
                bench::Layer("GlobalMaxPooling1D", "") + ", " + bench::Last(4);
  cases.push_back({"embedding of texts", text, Config("categorical_crossentropy", kPlain, kBatch)});
  cases.push_back({"embedding of texts, Adam", text,
                   Config("categorical_crossentropy", "Adam(learning_rate=0.01, clipnorm=0.5)", kBatch), 1e-3});
  return cases;
}

inline std::vector<Case> LossCases() {
  std::vector<Case> cases;
  const auto add = [&](base::LossKind kind) {
    const definitions::LossDefinition& loss = definitions::DefinitionOf(kind);
    const char* last = loss.squash == definitions::Squash::kSoftmax ? "softmax" : "sigmoid";
    bench::Case c{loss.name, "", {10}, 4, kBatch};
    c.layers = bench::Dense(8, "tanh", c.input) + ", " + bench::Dense(4, last);
    cases.push_back({std::string("loss ") + loss.name, c, Config(loss.name, kPlain, kBatch, "['mae', 'mape']")});
  };
#define CEREBRO_LOSS(name, number)
#define CEREBRO_NATIVE_LOSS(name, number) add(base::LossKind::k##name);
#include "base/kinds.inc"
  return cases;
}

inline std::vector<Case> OptimizerCases() {
  std::vector<Case> cases;
  const auto add = [&](const std::string& optimizer) {
    bench::Case c{optimizer, "", {10}, 4, kBatch};
    c.layers = bench::Dense(8, "tanh", c.input) + ", " + bench::Dense(4, "softmax");
    cases.push_back({"optimizer " + optimizer, c,
                     Config("categorical_crossentropy", optimizer, kBatch, "['top_k_categorical_accuracy']")});
  };
  for (const definitions::OptimizerDefinition* optimizer : definitions::Optimizers())
    add(std::string(optimizer->name) + "(learning_rate=0.01)");
  add("SGD(learning_rate=0.01, momentum=0.9)");
  add("SGD(learning_rate=0.01, momentum=0.9, nesterov=True)");
  add("RMSprop(learning_rate=0.01, centered=True)");
  add("RMSprop(learning_rate=0.01, momentum=0.9)");
  add("RMSprop(learning_rate=0.01, momentum=0.9, centered=True)");
  add("Adam(learning_rate=0.01, amsgrad=True)");
  add("Ftrl(learning_rate=0.01, learning_rate_power=-0.3)");
  add("AdamW(learning_rate=0.01, weight_decay=0.1)");
  add("Adam(learning_rate=0.01, clipvalue=0.01)");
  add("Adam(learning_rate=0.01, clipnorm=0.05)");
  add("SGD(learning_rate=0.5, global_clipnorm=0.1)");
  add("SGD(learning_rate=0.1, decay=0.01)");
  return cases;
}

inline std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const std::vector<Case>& more : {LayerCases(), NormalizationCases(), WindowCases(), ConstraintCases(),
                                        GraphCases(), LossCases(), OptimizerCases()})
    cases.insert(cases.end(), more.begin(), more.end());
  return cases;
}

}  // namespace gpu
