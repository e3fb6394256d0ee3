// Normalisation, Embedding, padding and the less common activations by kernels: the same training as autograd's.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.hpp"
#include "training.hpp"

using base::LossKind;
using fixture::Dense;
using fixture::Table;
using training::AdamConfig;
using training::Classes;
using training::ExpectSameTraining;
using training::Layer;
using training::Input;

namespace {

std::string Shaped(const std::string& shape) { return R"(, "batch_input_shape": [null, )" + shape + "]"; }

base::TrainConfig Config(int batch_size = 10) {
  base::TrainConfig config = AdamConfig(LossKind::kCategoricalCrossentropy, batch_size);
  config.optimizer.epsilon = 1e-3;  // gradients that are zero but for rounding make large steps otherwise
  return config;
}

/// 45 rows of six indexes below 11, and one of three classes.
Table Indexes() {
  Table table;
  std::vector<double> indexes(45 * 6), hot(45 * 3);
  for (size_t i = 0; i < indexes.size(); ++i) indexes[i] = static_cast<double>(i * i % 11);
  for (size_t r = 0; r < 45; ++r) hot[r * 3 + r * r % 3] = 1;
  table.AddInput("x", {6}, indexes);
  table.AddTarget("y", {3}, hot, base::TargetKind::kOneHot, 3);
  return table;
}

}  // namespace

TEST(NativeLayers, BatchNormalizationOfManySizes) {
  for (int units : {1, 10, 33, 100}) {
    for (const char* rest :
         {"", R"("scale": false)", R"("center": false)", R"("scale": false, "center": false, "momentum": 0.5)", R"("trainable": false)"}) {
      SCOPED_TRACE(std::to_string(units) + " " + rest);
      const base::Graph graph =
          fixture::Sequential(Dense("a", units, "linear", Input(9)) + "," + Layer("BatchNormalization", "n", rest) + "," +
                              Layer("Activation", "r", R"("activation": "relu")") + "," + Dense("o", 3, "softmax"));
      ExpectSameTraining(graph, Config(), Classes(45, 9, 3, false), 45, 1e-3);
    }
  }
}

TEST(NativeLayers, ActivationsBehindBatchNormalization) {
  for (const char* rest : {"", R"("center": false)", R"("trainable": false)"}) {
    for (const char* activation : {"relu", "relu6", "tanh", "softmax", "gelu", "log_softmax"}) {
      for (int units : {3, 100}) {  // blocks of many rows, and of few
        SCOPED_TRACE(std::string(activation) + " " + rest);
        const base::Graph graph = fixture::Sequential(
            Dense("a", units, "linear", Input(9)) + "," + Layer("BatchNormalization", "n", rest) + "," +
            Layer("Activation", "r", std::string(R"("activation": ")") + activation + "\"") + "," + Dense("o", 3, "softmax"));
        ExpectSameTraining(graph, Config(), Classes(45, 9, 3, false), 45, 1e-3);
      }
    }
  }
  // the normalised values are an output's logits; and one activation behind another
  ExpectSameTraining(fixture::Sequential(Dense("a", 3, "linear", Input(9)) + "," + Layer("BatchNormalization", "n") + "," +
                                         Layer("Activation", "r", R"("activation": "softmax")")),
                     Config(), Classes(45, 9, 3, false), 45, 1e-3);
  ExpectSameTraining(fixture::Sequential(Dense("a", 7, "linear", Input(9)) + "," + Layer("BatchNormalization", "n") + "," +
                                         Layer("LeakyReLU", "u") + "," + Layer("Activation", "r", R"("activation": "tanh")") + "," +
                                         Layer("ELU", "e") + "," + Dense("o", 3, "softmax")),
                     Config(), Classes(45, 9, 3, false), 45, 1e-3);
}

TEST(NativeLayers, BatchNormalizationOfImagesAndOfTheLastOfThree) {
  for (int rows : {45, 41}) {  // the last mini-batch has five rows, or one
    const std::string first =
        R"({"class_name": "Reshape", "config": {"name": "r", "target_shape": [3, 4, 2], "batch_input_shape": [null, 24]}})";
    for (const char* rest : {"", R"("trainable": false)"}) {
      const base::Graph image = fixture::Sequential(first + "," + Layer("Conv2D", "c", R"("filters": 7, "kernel_size": [2, 2])") + "," +
                                                    Layer("BatchNormalization", "n", rest) + "," + Layer("ReLU", "u") + "," +
                                                    Layer("Flatten", "f") + "," + Dense("o", 3, "softmax"));
      ExpectSameTraining(image, Config(), Classes(rows, 24, 3, false), rows, 1e-3);
    }
    const base::Graph line = fixture::Sequential(
        R"({"class_name": "Reshape", "config": {"name": "r", "target_shape": [6, 4], "batch_input_shape": [null, 24]}},)" +
        Layer("BatchNormalization", "n", R"("scale": false, "center": false)") + "," + Layer("Flatten", "f") + "," +
        Dense("o", 3, "softmax"));
    ExpectSameTraining(line, Config(), Classes(rows, 24, 3, false), rows, 1e-3);
  }
}

TEST(NativeLayers, LayerNormalization) {
  for (int units : {1, 10, 33, 100}) {
    for (const char* rest : {"", R"("scale": false)", R"("center": false)", R"("epsilon": 0.1)", R"("trainable": false)"}) {
      SCOPED_TRACE(std::to_string(units) + " " + rest);
      const base::Graph graph = fixture::Sequential(Dense("a", units, "tanh", Input(9)) + "," + Layer("LayerNormalization", "n", rest) +
                                                    "," + Dense("o", 3, "softmax"));
      ExpectSameTraining(graph, Config(), Classes(45, 9, 3, false), 45, 1e-3);
    }
  }
  const base::Graph two = fixture::Sequential(
      Dense("a", 24, "tanh", Input(9)) + "," + Layer("Reshape", "r", R"("target_shape": [2, 4, 3])") + "," +
      Layer("LayerNormalization", "n", R"("axis": [2, 3])") + "," + Layer("Flatten", "f") + "," + Dense("o", 3, "softmax"));
  ExpectSameTraining(two, Config(), Classes(45, 9, 3, false), 45, 1e-3);
}

TEST(NativeLayers, Embedding) {
  for (int width : {1, 10, 33}) {
    Table table = Indexes();
    table.spec.inputs[0].scale = 0.5;  // indexes are taken as they are packed
    const std::string embedding = Layer("Embedding", "e",
                                        R"("input_dim": 12, "output_dim": )" + std::to_string(width) +
                                            R"(, "embeddings_regularizer": {"class_name": "L2", "config": {"l2": 0.01}})" + Shaped("6"));
    ExpectSameTraining(fixture::Sequential(embedding + "," + Layer("Flatten", "f") + "," + Dense("o", 3, "softmax")), Config(), table, 45,
                       1e-4);
    ExpectSameTraining(
        fixture::Sequential(embedding + "," + Dense("d", 4, "tanh") + "," + Layer("Flatten", "f") + "," + Dense("o", 3, "softmax")),
        Config(), table, 45, 1e-4);
  }
}

// Of a large table the optimizers that keep a weight without a gradient move only the rows that a step has read; weight
// decay moves them all.
TEST(NativeLayers, WeightDecayOfALargeTable) {
  const Table table = Indexes();
  const base::Graph graph = fixture::Sequential(Layer("Embedding", "e", R"("input_dim": 4000, "output_dim": 3)" + Shaped("6")) + "," +
                                                Layer("Flatten", "f") + "," + Dense("o", 3, "softmax"));
  for (const base::OptimizerKind kind : {base::OptimizerKind::kSGD, base::OptimizerKind::kAdagrad}) {
    for (const std::vector<std::string>& excluded : {std::vector<std::string>{}, std::vector<std::string>{"embeddings"}}) {
      SCOPED_TRACE(std::to_string(static_cast<int>(kind)) + " " + std::to_string(excluded.size()));
      base::TrainConfig config = Config();
      config.optimizer.kind = kind;
      config.optimizer.learning_rate = 0.05;
      config.optimizer.weight_decay = 0.2;
      config.optimizer.exclude_from_weight_decay = excluded;
      ExpectSameTraining(graph, config, table, 45, 1e-4);
    }
  }
}

TEST(NativeLayers, IndexesOutsideTheTable) {
  for (double bad : {12.0, -1.0}) {
    for (bool kernels : {false, true}) {
      Table table;
      table.AddInput("x", {2}, {0, 11, 5, bad});
      table.AddTarget("y", {1}, {0, 1});
      engine::Options options;
      options.kernels = kernels;
      engine::Model model(fixture::Sequential(Layer("Embedding", "e", R"("input_dim": 12, "output_dim": 3)" + Shaped("2")) + "," +
                                              Layer("Flatten", "f") + "," + Dense("o", 1, "linear")),
                          fixture::Config(LossKind::kMeanSquaredError, 2), table.spec, options);
      EXPECT_EQ(model.program().has_kernels(), kernels);
      fixture::Block block(model.program().layout());
      model.Initialise(block.get(), 1, 1, 1);
      model.Attach(block.get());
      const std::string before = block.bytes();
      try {
        model.Train(table.Buffer(2), {});
        ADD_FAILURE() << "no error";
      } catch (const base::Error& error) {
        EXPECT_EQ(error.what(), "index " + std::to_string(static_cast<int>(bad)) + " is outside the table of layer \"e\"");
      }
      EXPECT_EQ(block.bytes(), before);
    }
  }
}

TEST(NativeLayers, ActivationsByTheirArguments) {
  for (const char* activation :
       {"relu6", "log_softmax", "softplus", "softsign", "elu", "selu", "exponential", "gelu", "swish", "hard_sigmoid", "mish"}) {
    SCOPED_TRACE(activation);
    const std::string named = std::string(R"("activation": ")") + activation + "\"";
    const base::Graph graph = fixture::Sequential(Dense("a", 33, activation, Input(9)) + "," + Dense("b", 10, "linear") + "," +
                                                  Layer("Activation", "c", named) + "," + Dense("o", 3, "softmax"));
    ExpectSameTraining(graph, Config(), Classes(45, 9, 3, false), 45, 1e-4);
  }
  for (const char* layer : {R"({"class_name": "LeakyReLU", "config": {"name": "u", "alpha": 0.2}})",
                            R"({"class_name": "ELU", "config": {"name": "u", "alpha": 0.7}})",
                            R"({"class_name": "ReLU", "config": {"name": "u", "max_value": 0.5}})",
                            R"({"class_name": "ReLU", "config": {"name": "u", "negative_slope": 0.1}})",
                            R"({"class_name": "ReLU", "config": {"name": "u", "negative_slope": 0.1, "threshold": 0.2, "max_value": 0.6}})",
                            R"({"class_name": "ReLU", "config": {"name": "u", "threshold": 0.2}})"}) {
    SCOPED_TRACE(layer);
    ExpectSameTraining(fixture::Sequential(Dense("a", 33, "linear", Input(9)) + "," + layer + "," + Dense("o", 3, "softmax")), Config(),
                       Classes(45, 9, 3, false), 45, 1e-4);
  }
  // at the network's end: no logits are known
  ExpectSameTraining(fixture::Sequential(Dense("a", 3, "softplus", Input(9))), AdamConfig(LossKind::kMeanSquaredError, 10),
                     Classes(45, 9, 3, false), 45, 1e-4);
}

TEST(NativeLayers, ZeroPadding) {
  const base::Graph graph = fixture::Sequential(
      R"({"class_name": "ZeroPadding2D", "config": {"name": "z", "padding": [[1, 2], [0, 3]], "batch_input_shape": [null, 4, 5, 2]}},)" +
      Layer("Conv2D", "c", R"("filters": 5, "kernel_size": [3, 3], "activation": "relu")") + "," +
      Layer("ZeroPadding2D", "y", R"("padding": [[2, 0], [1, 1]])") + "," + Layer("Conv2D", "d", R"("filters": 4, "kernel_size": [3, 3])") +
      "," + Layer("Flatten", "f") + "," + Dense("o", 3, "softmax"));
  Table table = Classes(45, 40, 3, false);
  table.spec.inputs[0].shape = {4, 5, 2};
  ExpectSameTraining(graph, Config(), table, 45, 1e-4);
}

TEST(NativeLayers, WhatTakesAutograd) {
  const auto has = [](const std::string& layers, const base::Shape& shape) {
    Table table = Classes(8, static_cast<int>(base::ElementCount(shape)), 3, false);
    table.spec.inputs[0].shape = shape;
    return engine::Model(fixture::Sequential(layers + "," + Layer("Flatten", "f") + "," + Dense("o", 3, "softmax")),
                         fixture::Config(LossKind::kCategoricalCrossentropy, 8), table.spec, engine::Options())
        .program().has_kernels();
  };
  EXPECT_TRUE(has(Layer("BatchNormalization", "n", R"("axis": -1)" + Shaped("3, 4")), {3, 4}));
  EXPECT_FALSE(has(Layer("BatchNormalization", "n", R"("axis": 1)" + Shaped("3, 4")), {3, 4}));
  EXPECT_FALSE(has(Layer("LayerNormalization", "n", R"("axis": [1])" + Shaped("3, 4")), {3, 4}));
  EXPECT_TRUE(has(Layer("Embedding", "e", R"("input_dim": 4, "output_dim": 2, "mask_zero": true)" + Shaped("4")), {4}));
  EXPECT_FALSE(has(Layer("Embedding", "e", R"("input_dim": 16777217, "output_dim": 1)" + Shaped("4")), {4}));
}
