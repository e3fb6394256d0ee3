// Masks, initial states, distributed layers, calls of inference and layers of two inputs by kernels: the same training and
// the same scores as by autograd.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "../functional.hpp"
#include "training.hpp"

using base::DType;
using base::LossKind;
using fixture::Block;
using fixture::Functional;
using fixture::Table;
using fixture::Tensor;

namespace {

constexpr int64_t kRows = 35;

base::TrainConfig Config(LossKind loss = LossKind::kMeanSquaredError) {
  base::TrainConfig config = training::AdamConfig(loss, 10);
  config.optimizer.epsilon = 1e-3;  // gradients that are zero but for rounding make large steps otherwise
  return config;
}

std::vector<double> Scores(const base::Graph& graph, base::TrainConfig config, const Table& table, bool kernels) {
  for (const base::MetricKind kind : {base::MetricKind::kMeanAbsoluteError, base::MetricKind::kAccuracy}) {
    base::MetricConfig metric;
    metric.kind = kind;
    metric.name = "m" + std::to_string(static_cast<int>(kind));
    config.metrics.push_back(metric);
  }
  engine::Options options;
  options.precision = DType::kFloat64;
  options.kernels = kernels;
  engine::Model model(graph, config, table.spec, options);
  Block block(model.program().layout());
  model.Initialise(block.get(), 7, 3, 2);
  model.Attach(block.get());
  std::vector<double> sums(model.program().sums_size());
  model.Evaluate(table.Buffer(kRows), sums.data(), {});
  return model.program().Finish(sums.data());
}

void ExpectSame(const base::Graph& graph, const Table& table, const base::TrainConfig& config = Config()) {
  training::ExpectSameTraining(graph, config, table, kRows, 2e-3);
  const std::vector<double> kernels = Scores(graph, config, table, true), autograd = Scores(graph, config, table, false);
  ASSERT_EQ(kernels.size(), autograd.size());
  for (size_t i = 0; i < kernels.size(); ++i) EXPECT_NEAR(kernels[i], autograd[i], 1e-12 * (1 + std::fabs(autograd[i]))) << i;
}

/// Words 1 to 8, and zeros in front, behind, between, or everywhere.
std::vector<double> Words(int64_t steps) {
  std::vector<double> words = fixture::Numbers(static_cast<size_t>(kRows * steps), 3);
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t t = 0; t < steps; ++t) {
      double& word = words[static_cast<size_t>(r * steps + t)];
      word = std::floor((word + 1) * 4) + 1;
      const bool padding = r % 5 == 0 ? t < r % steps : r % 5 == 1 ? t >= r % steps : r % 5 == 2 ? t % 2 == r % 2 : r % 5 == 3;
      if (padding && r % 7 != 0) word = 0;
    }
  }
  return words;
}

Table WordsTo(int64_t steps, int64_t width) {
  Table table;
  table.AddInput("w", {steps}, Words(steps));
  table.AddTarget("y", {width}, fixture::Numbers(static_cast<size_t>(kRows * width), 2));
  return table;
}

const std::pair<const char*, const char*> kCells[] = {
    {"SimpleRNN", R"("units": 6)"}, {"LSTM", R"("units": 6)"}, {"GRU", R"("units": 6)"}, {"GRU", R"("units": 6, "reset_after": false)"}};

Tensor Embedded(Functional* net) { return net->Call("Embedding", "e", R"("input_dim": 10, "output_dim": 4, "mask_zero": true)", {net->Input("w", "5")}); }

}  // namespace

TEST(NativeMasks, RecurrentLayersBehindAnEmbedding) {
  for (const auto& [cell, form] : kCells) {
    for (const char* more : {"", R"(, "go_backwards": true)", R"(, "dropout": 0.2, "recurrent_dropout": 0.3)", R"(, "zero_output_for_mask": true)"}) {
      SCOPED_TRACE(std::string(cell) + form + more);
      Functional last;
      const Tensor one = last.Call(cell, "r", form + std::string(more), {Embedded(&last)});
      ExpectSame(last.Build({last.Dense("o", 2, "linear", one)}), WordsTo(5, 2));

      Functional two;
      const Tensor first = two.Call(cell, "a", form + std::string(R"(, "return_sequences": true)") + more, {Embedded(&two)});
      ExpectSame(two.Build({two.Dense("o", 2, "linear", two.Call(cell, "b", form, {first}))}), WordsTo(5, 2));
    }
  }
}

TEST(NativeMasks, BidirectionalLayers) {
  for (const auto& [cell, form] : kCells) {
    for (const char* merge : {"concat", "sum", "mul", "ave"}) {
      for (const char* sequences : {"false", "true"}) {
        SCOPED_TRACE(std::string(cell) + form + merge + sequences);
        Functional net;
        const std::string inner = std::string(R"("layer": {"class_name": ")") + cell + R"(", "config": {"name": "in", )" + form +
                                  R"(, "return_sequences": )" + sequences + "}}";
        Tensor both = net.Call("Bidirectional", "b", std::string(R"("merge_mode": ")") + merge + "\", " + inner, {Embedded(&net)});
        if (std::string(sequences) == "true") both = net.Call("GlobalAveragePooling1D", "g", "", {both});
        ExpectSame(net.Build({net.Dense("o", 2, "linear", both)}), WordsTo(5, 2));
      }
    }
  }
}

TEST(NativeMasks, InitialStates) {
  for (const auto& [cell, form] : kCells) {
    const bool lstm = std::string(cell) == "LSTM";
    for (const char* mask : {"true", "false"}) {
      for (const char* more : {"", R"(, "return_sequences": true)", R"(, "recurrent_dropout": 0.3, "go_backwards": true)"}) {
        SCOPED_TRACE(std::string(cell) + form + more + mask);
        Functional net;
        const Tensor words = net.Call("Embedding", "e", std::string(R"("input_dim": 10, "output_dim": 4, "mask_zero": )") + mask, {net.Input("w", "5")});
        const Tensor x = net.Input("x", "3");
        std::vector<Tensor> inputs{words, net.Dense("h", 6, "tanh", x)};
        if (lstm) inputs.push_back(net.Dense("c", 6, "linear", x));
        Tensor out = net.Call(cell, "r", form + std::string(more), inputs);
        if (std::string(more).find("sequences") != std::string::npos) out = net.Call("Flatten", "f", "", {out});
        Table table = WordsTo(5, 2);
        table.AddInput("x", {3}, fixture::Numbers(static_cast<size_t>(kRows * 3), 5));
        ExpectSame(net.Build({net.Dense("o", 2, "linear", out)}), table);
      }
    }
  }
}

// An encoder's states are those that a decoder begins with.
TEST(NativeMasks, EncoderAndDecoder) {
  for (const auto& [cell, form] : kCells) {
    SCOPED_TRACE(std::string(cell) + form);
    Functional net;
    const Tensor words = Embedded(&net);
    const Tensor encoded = net.Call(cell, "encoder", form + std::string(R"(, "return_state": true)"), {words});
    std::vector<Tensor> inputs{net.Call("RepeatVector", "again", R"("n": 3)", {encoded}), {encoded.layer, 0, 1}};
    if (std::string(cell) == "LSTM") inputs.push_back({encoded.layer, 0, 2});
    const Tensor decoded = net.Call(cell, "decoder", form, inputs);
    ExpectSame(net.Build({net.Dense("o", 2, "linear", decoded)}), WordsTo(5, 2));
  }
}

TEST(NativeMasks, OfValues) {
  for (const auto& [cell, form] : kCells) {
    SCOPED_TRACE(std::string(cell) + form);
    Functional net;
    const Tensor masked = net.Call("Masking", "m", R"("mask_value": 0.5)", {net.Input("x", "4, 3")});
    const Tensor more = net.Call("LayerNormalization", "n", "", {net.Dense("d", 5, "relu", masked)});
    Table table;
    std::vector<double> x = fixture::Numbers(static_cast<size_t>(kRows * 12), 4);
    for (size_t step = 0; step < x.size() / 3; ++step) {
      if (step * step % 3 == 1) std::fill_n(x.begin() + static_cast<std::ptrdiff_t>(3 * step), 3, 0.5);
    }
    table.AddInput("x", {4, 3}, x);
    table.AddTarget("y", {2}, fixture::Numbers(static_cast<size_t>(kRows * 2), 2));
    ExpectSame(net.Build({net.Dense("o", 2, "linear", net.Call(cell, "r", form, {more}))}), table);
  }
}

// An output with a mask: steps that do not count have no loss, and no part in metrics.
TEST(NativeMasks, OfOutputs) {
  for (const bool classes : {false, true}) {
    Functional net;
    const Tensor words = Embedded(&net);
    const Tensor both = net.Call("Bidirectional", "b",
                                 R"("layer": {"class_name": "LSTM", "config": {"name": "in", "units": 4, "return_sequences": true}})", {words});
    const base::Graph graph = net.Build({net.Dense("o", 3, classes ? "softmax" : "linear", both)});
    Table table;
    table.AddInput("w", {5}, Words(5));
    std::vector<double> y = fixture::Numbers(static_cast<size_t>(kRows * 15), 2);
    for (size_t i = 0; classes && i < y.size(); ++i) y[i] = i % 3 == i / 3 * (i / 3) % 3 ? 1 : 0;
    table.AddTarget("y", {5, 3}, y);
    std::vector<float> weights;
    for (int64_t r = 0; r < kRows; ++r) weights.push_back(0.5F + static_cast<float>(r % 3));
    const base::TrainConfig config = Config(classes ? LossKind::kCategoricalCrossentropy : LossKind::kMeanSquaredError);
    ExpectSame(graph, table, config);
    table.SetWeights(weights);
    ExpectSame(graph, table, config);
  }
}

// Two masks meet: a step counts where it counts in both.
TEST(NativeMasks, ThatMeet) {
  for (const char* merge : {"Add", "Multiply", "Concatenate", "Subtract"}) {
    SCOPED_TRACE(merge);
    Functional net;
    const std::string table_of = R"("input_dim": 10, "output_dim": 4, "mask_zero": true)";
    const Tensor a = net.Call("Embedding", "ea", table_of, {net.Input("w", "5")}), b = net.Call("Embedding", "eb", table_of, {net.Input("v", "5")});
    const Tensor met = net.Call(merge, "met", "", {a, b});
    Table table = WordsTo(5, 2);
    std::vector<double> others = Words(5);
    std::reverse(others.begin(), others.end());
    table.AddInput("v", {5}, others);
    ExpectSame(net.Build({net.Dense("o", 2, "linear", net.Call("GRU", "r", R"("units": 6)", {met}))}), table);
  }
}

TEST(NativeMasks, ThatNobodyReads) {
  Functional net;
  ExpectSame(net.Build({net.Dense("o", 2, "linear", net.Call("Flatten", "f", "", {Embedded(&net)}))}), WordsTo(5, 2));
}

// Rows in which nothing counts are among them.
TEST(NativeMasks, ThatAttentionSees) {
  for (const char* arguments : {R"("num_heads": 2, "key_dim": 3)", R"("num_heads": 1, "key_dim": 2, "use_causal_mask": true, "dropout": 0.2)"}) {
    SCOPED_TRACE(arguments);
    Functional net;
    const Tensor words = Embedded(&net);
    const Tensor more = net.Dense("more", 4, "tanh", words);
    const Tensor seen = net.Call("MultiHeadAttention", "a", arguments, {words, more, words});
    const Tensor own = net.Call("MultiHeadAttention", "b", arguments, {seen, seen});
    ExpectSame(net.Build({net.Dense("o", 2, "linear", net.Call("GlobalAveragePooling1D", "g", "", {own}))}), WordsTo(5, 2));
  }
  for (const char* arguments : {"", R"("causal": true)"}) {
    SCOPED_TRACE(arguments);
    Functional net;
    const Tensor words = Embedded(&net);
    const Tensor more = net.Dense("more", 4, "tanh", words);
    const Tensor x = net.Call("Reshape", "r", R"("target_shape": [3, 4])", {net.Dense("d", 12, "tanh", net.Input("x", "3"))});
    const Tensor both = net.Call("Concatenate", "both", R"("axis": 1)",
                                 {net.Call("Flatten", "fa", "", {net.Call("Attention", "a", arguments, {words, more, words})}),
                                  net.Call("Flatten", "fb", "", {net.Call("Attention", "b", arguments, {x, words})})});
    Table table = WordsTo(5, 2);
    table.AddInput("x", {3}, fixture::Numbers(static_cast<size_t>(kRows * 3), 5));
    ExpectSame(net.Build({net.Dense("o", 2, "linear", both)}), table);
  }
}

TEST(NativeMasks, WhatTakesAutograd) {
  Functional net;
  const Tensor words = Embedded(&net);
  const Tensor met = net.Call("Concatenate", "met", R"("axis": 1)", {words, words});
  const base::Graph graph = net.Build({net.Dense("o", 2, "linear", net.Call("GRU", "r", R"("units": 2)", {met}))});
  EXPECT_FALSE(engine::Model(graph, Config(), WordsTo(5, 2).spec, engine::Options()).program().has_kernels());
}

namespace {

/// From x (3, 4, 5) through `first`, which has weights, and the layer that is distributed, to two numbers.
void ExpectSameDistributed(const std::string& layer, const std::string& first = R"("units": 5, "activation": "tanh")") {
  SCOPED_TRACE(layer);
  Functional net;
  const Tensor x = net.Call("Dense", "first", first, {net.Input("x", "3, 4, 5")});
  const Tensor each = net.Call("TimeDistributed", "each", R"("layer": )" + layer, {x});
  Table table;
  table.AddInput("x", {3, 4, 5}, fixture::Numbers(static_cast<size_t>(kRows * 60), 1));
  table.AddTarget("y", {2}, fixture::Numbers(static_cast<size_t>(kRows * 2), 2));
  ExpectSame(net.Build({net.Dense("o", 2, "linear", net.Call("Flatten", "f", "", {each}))}), table);
}

}  // namespace

TEST(NativeDistributed, Layers) {
  using training::Layer;
  ExpectSameDistributed(Layer("Conv1D", "i", R"("filters": 3, "kernel_size": [2], "activation": "relu")"));
  ExpectSameDistributed(Layer("DepthwiseConv1D", "i", R"("kernel_size": [2])"));
  ExpectSameDistributed(Layer("SeparableConv1D", "i", R"("filters": 3, "kernel_size": [2], "activation": "softmax")"));
  ExpectSameDistributed(Layer("MaxPooling1D", "i", R"("pool_size": [2])"));
  ExpectSameDistributed(Layer("GlobalAveragePooling1D", "i"));
  ExpectSameDistributed(Layer("Flatten", "i"));
  ExpectSameDistributed(Layer("Dense", "i", R"("units": 3, "activation": "softmax")"));
  ExpectSameDistributed(Layer("Dropout", "i", R"("rate": 0.3)"));
  ExpectSameDistributed(Layer("SpatialDropout1D", "i", R"("rate": 0.3)"));
  ExpectSameDistributed(Layer("BatchNormalization", "i", R"("epsilon": 0.1)"));
  ExpectSameDistributed(Layer("LSTM", "i", R"("units": 3, "recurrent_dropout": 0.2)"));
  ExpectSameDistributed(Layer("GRU", "i", R"("units": 3, "return_sequences": true)"));
  ExpectSameDistributed(Layer("Bidirectional", "i", R"("layer": {"class_name": "SimpleRNN", "config": {"name": "r", "units": 3}})"));
  ExpectSameDistributed(Layer("LeakyReLU", "i", R"("alpha": 0.2)"));
  ExpectSameDistributed(Layer("PReLU", "i"));
  ExpectSameDistributed(Layer("TimeDistributed", "i", R"("layer": )" + Layer("Dense", "ii", R"("units": 3)")));
}

// A model of several layers, one of which has two inputs; words of sentences, whose masks are of both kinds.
TEST(NativeDistributed, Models) {
  Functional inner;
  const Tensor part = inner.Input("part", "4, 5");
  const Tensor code = inner.Call("GlobalMaxPooling1D", "g", "", {inner.Call("Conv1D", "c", R"("filters": 6, "kernel_size": [2])", {part})});
  const Tensor other = inner.Dense("d", 6, "relu", inner.Call("Flatten", "ff", "", {part}));
  ExpectSameDistributed(inner.Text({inner.Call("Add", "sum", "", {code, other})}));

  Functional net;
  const Tensor x = net.Input("w", "2, 5");
  const Tensor words = net.Call("TimeDistributed", "words", R"("layer": )" + training::Layer("Embedding", "e", R"("input_dim": 10, "output_dim": 4, "mask_zero": true)"), {x});
  const Tensor sentences = net.Call("TimeDistributed", "sentences", R"("layer": )" + training::Layer("GRU", "r", R"("units": 3)"), {words});
  Table table;
  table.AddInput("w", {2, 5}, Words(10));
  table.AddTarget("y", {2}, fixture::Numbers(static_cast<size_t>(kRows * 2), 2));
  ExpectSame(net.Build({net.Dense("o", 2, "linear", net.Call("LSTM", "document", R"("units": 3)", {sentences}))}), table);

  // the outer mask passes a distributed layer by
  Functional outer;
  const Tensor each = outer.Call("TimeDistributed", "t", R"("layer": )" + training::Layer("Dense", "d", R"("units": 3, "activation": "tanh")"), {Embedded(&outer)});
  ExpectSame(outer.Build({outer.Dense("o", 2, "linear", outer.Call("SimpleRNN", "r", R"("units": 3)", {each}))}), WordsTo(5, 2));
}

TEST(NativeInference, CallsThatTrainingDoesNotChange) {
  const std::pair<const char*, const char*> layers[] = {{"Dropout", R"("rate": 0.3)"},
                                                        {"GaussianNoise", R"("stddev": 0.3)"},
                                                        {"AlphaDropout", R"("rate": 0.3)"},
                                                        {"GaussianDropout", R"("rate": 0.3)"},
                                                        {"BatchNormalization", R"("epsilon": 0.1)"},
                                                        {"BatchNormalization", R"("epsilon": 0.1, "scale": false)"},
                                                        {"BatchNormalization", R"("epsilon": 0.1, "trainable": false)"}};
  for (const auto& [kind, arguments] : layers) {
    SCOPED_TRACE(std::string(kind) + arguments);
    for (const bool again : {false, true}) {  // and once more, in training
      Functional net;
      const Tensor a = net.Dense("a", 6, "tanh", net.Input("x", "5"));
      net.NextCallWith(R"("training": false)");
      Tensor b = net.Call(kind, "l", arguments, {a});
      if (again) b = net.Call("Add", "both", "", {b, net.Again(b, {a})});
      ExpectSame(net.Build({net.Dense("o", 2, "linear", net.Dense("c", 4, "relu", b))}), training::Reals(kRows, 5, 2));
    }
  }
  for (const char* kind : {"LSTM", "GRU"}) {
    Functional net;
    const Tensor x = net.Input("x", "4, 3");
    net.NextCallWith(R"("training": false)");
    const Tensor r = net.Call(kind, "r", R"("units": 4, "dropout": 0.3, "recurrent_dropout": 0.3)", {x});
    Table table = training::Reals(kRows, 12, 2);
    table.spec.inputs[0].shape = {4, 3};
    ExpectSame(net.Build({net.Dense("o", 2, "linear", r)}), table);
  }
}

TEST(NativeMerges, SubtractMinimumAndDot) {
  for (const char* merge : {"Subtract", "Minimum"}) {
    SCOPED_TRACE(merge);
    Functional net;
    const Tensor x = net.Input("x", "5");
    const Tensor a = net.Dense("a", 6, "tanh", x), b = net.Dense("b", 6, "relu", x);
    ExpectSame(net.Build({net.Dense("o", 2, "linear", net.Call(merge, "m", "", {a, b}))}), training::Reals(kRows, 5, 2));
  }
  // broadcasting
  Functional net;
  const Tensor x = net.Input("x", "12");
  const Tensor image = net.Call("Reshape", "i", R"("target_shape": [2, 3, 2])", {net.Dense("a", 12, "tanh", x)});
  const Tensor factor = net.Call("Reshape", "f", R"("target_shape": [1, 1, 2])", {net.Dense("b", 2, "tanh", x)});
  const Tensor met = net.Call("Minimum", "n", "", {net.Call("Subtract", "m", "", {factor, image}), factor});
  ExpectSame(net.Build({net.Dense("o", 2, "linear", net.Call("Flatten", "flat", "", {met}))}), training::Reals(kRows, 12, 2));

  for (const char* normalize : {"false", "true"}) {
    const std::string rest = std::string(R"(, "normalize": )") + normalize;
    struct Case { const char* axes; const char* a; const char* b; };
    for (const Case& c : {Case{"1", "[12]", "[12]"}, Case{"[1, 2]", "[4, 3]", "[3, 4]"}, Case{"[2, 2]", "[4, 3]", "[4, 3]"},
                          Case{"[2, 1]", "[6, 2]", "[2, 6]"}, Case{"[1, 1]", "[3, 4]", "[3, 4]"}, Case{"[2, 1]", "[2, 3, 2]", "[3, 4]"},
                          Case{"-1", "[12]", "[12]"}}) {
      SCOPED_TRACE(std::string(c.axes) + c.a + c.b + normalize);
      Functional dot;
      const Tensor in = dot.Input("x", "5");
      const Tensor a = dot.Call("Reshape", "ra", std::string(R"("target_shape": )") + c.a, {dot.Dense("a", 12, "tanh", in)});
      const Tensor b = dot.Call("Reshape", "rb", std::string(R"("target_shape": )") + c.b, {dot.Dense("b", 12, "sigmoid", in)});
      const Tensor d = dot.Call("Dot", "d", std::string(R"("axes": )") + c.axes + rest, {a, b});
      ExpectSame(dot.Build({dot.Dense("o", 2, "linear", dot.Call("Flatten", "f", "", {d}))}), training::Reals(kRows, 5, 2));
      // of a value and itself
      if (std::string(c.a) != c.b) continue;
      Functional own;
      const Tensor e = own.Call("Reshape", "ra", std::string(R"("target_shape": )") + c.a, {own.Dense("a", 12, "tanh", own.Input("x", "5"))});
      const Tensor square = own.Call("Dot", "d", std::string(R"("axes": )") + c.axes + rest, {e, e});
      ExpectSame(own.Build({own.Dense("o", 2, "linear", own.Call("Flatten", "f", "", {square}))}), training::Reals(kRows, 5, 2));
    }
  }
}

TEST(NativeMerges, EinsumDense) {
  struct Case { const char* equation; const char* output; const char* bias; const char* activation; };
  for (const Case& c : {Case{"abc,cd->abd", "[null, 6]", R"("d")", "relu"}, Case{"abc,cde->abde", "[null, 3, 2]", R"("de")", "tanh"},
                        Case{"abc,bcd->ad", "[5]", R"("d")", "softmax"}, Case{"...x, xy -> ...y", "[4]", "null", "gelu"}}) {
    SCOPED_TRACE(c.equation);
    training::ExpectSameBetween(training::Layer("EinsumDense", "e", std::string(R"("equation": ")") + c.equation + R"(", "output_shape": )" + c.output +
                                                                        R"(, "bias_axes": )" + c.bias + R"(, "activation": ")" + c.activation + "\""),
                                {4, 3}, training::Layer("Dense", "first", R"("units": 5, "activation": "tanh", "batch_input_shape": [null, 4, 3])"));
  }
}

TEST(NativeMerges, UnitNormalization) {
  for (const char* axis : {"-1", "3", "[1, 2, 3]", "[2, 3]"}) {
    training::ExpectSameBetween(training::Layer("UnitNormalization", "u", std::string(R"("axis": )") + axis), {3, 4, 2},
                                training::Layer("Dense", "first", R"("units": 5, "activation": "tanh", "batch_input_shape": [null, 3, 4, 2])"));
  }
}
