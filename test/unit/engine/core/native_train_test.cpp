// Hand-written kernels against autograd: the same training, to floating-point tolerance.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "training.hpp"

using base::DType;
using base::LossKind;
using base::OptimizerKind;
using fixture::Block;
using fixture::Dense;
using fixture::Table;
using training::AdamConfig;
using training::Classes;
using training::ExpectSameTraining;
using training::Input;
using training::Reals;
using training::Train;
using training::Trained;

TEST(NativeTrain, DenseOfManySizesAndActivations) {
  for (const char* activation : {"linear", "relu", "sigmoid", "tanh", "softmax"}) {
    for (int units : {1, 10, 33, 100}) {
      SCOPED_TRACE(std::string(activation) + " " + std::to_string(units));
      const base::Graph graph = fixture::Sequential(Dense("a", units, activation, Input(17)) + "," + Dense("b", units, activation) + "," +
                                                    Dense("o", 3, "softmax"));
      ExpectSameTraining(graph, AdamConfig(LossKind::kCategoricalCrossentropy, 16), Classes(45, 17, 3, false), 45, 1e-4);
    }
  }
}

TEST(NativeTrain, BatchesOfManySizes) {
  const base::Graph graph = fixture::Sequential(Dense("a", 33, "relu", Input(10)) + "," + Dense("o", 5, "softmax"));
  for (int batch_size : {1, 10, 33, 100}) {
    SCOPED_TRACE(batch_size);
    ExpectSameTraining(graph, AdamConfig(LossKind::kSparseCategoricalCrossentropy, batch_size), Classes(70, 10, 5, true), 70, 1e-4);
  }
}

TEST(NativeTrain, EveryLoss) {
  const auto net = [](const char* last, int outputs) {
    return fixture::Sequential(Dense("a", 12, "tanh", Input(7)) + "," + Dense("o", outputs, last));
  };
  for (LossKind kind : {LossKind::kMeanSquaredError, LossKind::kMeanAbsoluteError, LossKind::kHuber}) {
    for (const char* last : {"linear", "sigmoid", "softmax"}) {
      SCOPED_TRACE(std::string(last) + " " + std::to_string(static_cast<int>(kind)));
      base::TrainConfig config = AdamConfig(kind, 8);
      config.losses[0].delta = 0.4;
      ExpectSameTraining(net(last, 3), config, Reals(30, 7, 3), 30, 1e-4);
    }
  }
  for (double smoothing : {0.0, 0.1}) {
    SCOPED_TRACE(smoothing);
    for (int outputs : {1, 4}) {
      base::TrainConfig config = AdamConfig(LossKind::kBinaryCrossentropy, 8);
      config.losses[0].label_smoothing = smoothing;
      ExpectSameTraining(net("sigmoid", outputs), config, Reals(30, 7, outputs, true), 30, 1e-4);
      config.losses[0].from_logits = true;
      ExpectSameTraining(net("linear", outputs), config, Reals(30, 7, outputs, true), 30, 1e-4);
    }
    base::TrainConfig config = AdamConfig(LossKind::kCategoricalCrossentropy, 8);
    config.losses[0].label_smoothing = smoothing;
    ExpectSameTraining(net("softmax", 40), config, Classes(30, 7, 40, false), 30, 1e-4);
    config.losses[0].from_logits = true;
    ExpectSameTraining(net("linear", 6), config, Classes(30, 7, 6, false), 30, 1e-4);
    ExpectSameTraining(net("tanh", 6), config, Classes(30, 7, 6, false), 30, 1e-4);
  }
  base::TrainConfig config = AdamConfig(LossKind::kSparseCategoricalCrossentropy, 8);
  config.losses[0].from_logits = true;
  ExpectSameTraining(net("linear", 6), config, Classes(30, 7, 6, true), 30, 1e-4);
}

TEST(NativeTrain, EveryOptimizerClippingAndRegularizer) {
  const base::Graph graph = fixture::Sequential(
      Dense("a", 20, "relu", Input(9) + R"(, "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.001, "l2": 0.01}})") + "," +
      Dense("b", 11, "sigmoid", R"(, "use_bias": false, "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.02}})") + "," +
      Dense("o", 4, "softmax", R"(, "bias_regularizer": {"class_name": "L1", "config": {"l1": 0.005}})"));
  for (OptimizerKind kind :
       {OptimizerKind::kSGD, OptimizerKind::kAdam, OptimizerKind::kAdamW, OptimizerKind::kRMSprop, OptimizerKind::kAdagrad}) {
    for (int clip : {0, 1, 2, 3}) {
      SCOPED_TRACE(std::to_string(static_cast<int>(kind)) + " clip " + std::to_string(clip));
      base::TrainConfig config = AdamConfig(LossKind::kCategoricalCrossentropy, 10);
      config.optimizer.kind = kind;
      config.optimizer.momentum = kind == OptimizerKind::kSGD ? 0.9 : 0;
      config.optimizer.decay = 0.01;
      config.optimizer.epsilon = 1e-3;  // of l1's sign changes and near-zero moments, rounding makes large steps otherwise
      if (clip == 1) config.optimizer.clipvalue = 0.01;
      if (clip == 2) config.optimizer.clipnorm = 0.05;
      if (clip == 3) config.optimizer.global_clipnorm = 0.1;
      ExpectSameTraining(graph, config, Classes(35, 9, 4, false), 35, 1e-4);
    }
  }
}

TEST(NativeTrain, DropoutReshapeActivationsAndFrozenLayers) {
  const std::string reshape = R"({"class_name": "Reshape", "config": {"name": "r", "target_shape": [4, 6]}},)";
  const std::string flatten = R"({"class_name": "Flatten", "config": {"name": "f"}},)";
  const auto activation = [](const char* name, const char* kind) {
    return std::string(R"({"class_name": "Activation", "config": {"name": ")") + name + R"(", "activation": ")" + kind + "\"}},";
  };
  const auto dropout = [](const char* name, double rate) {
    return std::string(R"({"class_name": "Dropout", "config": {"name": ")") + name + R"(", "rate": )" + std::to_string(rate) + "}},";
  };
  const std::string nets[] = {
      // dense over the last of three dimensions, softmax over it, then over all
      Dense("a", 24, "linear", Input(5)) + "," + reshape + Dense("b", 7, "linear") + "," + activation("s", "softmax") + flatten +
          activation("t", "tanh") + dropout("d", 0.25) + Dense("o", 3, "linear") + "," + activation("q", "softmax"),
      R"({"class_name": "Dropout", "config": {"name": "d0", "rate": 0.1, "batch_input_shape": [null, 5]}},)" + Dense("a", 24, "linear") +
          "," + R"({"class_name": "ReLU", "config": {"name": "u"}},)" + dropout("d1", 0.5) + Dense("b", 9, "linear") + "," +
          dropout("d2", 0.0) + activation("s", "sigmoid") + Dense("o", 3, "linear") +
          R"(,{"class_name": "Softmax", "config": {"name": "q"}})",
      // the first is not trained, nor one between
      Dense("a", 24, "tanh", Input(5) + R"(, "trainable": false)") + "," + Dense("b", 10, "relu") + "," +
          Dense("c", 10, "tanh", R"(, "trainable": false)") + "," + activation("e", "linear") + Dense("o", 3, "softmax"),
  };
  for (const std::string& net : nets) {
    SCOPED_TRACE(net);
    std::string layers = net;
    if (layers.back() == ',') layers.pop_back();
    base::TrainConfig config = AdamConfig(LossKind::kCategoricalCrossentropy, 12);
    config.epochs = 3;
    ExpectSameTraining(fixture::Sequential(layers), config, Classes(40, 5, 3, false), 40, 1e-4);
  }
}

TEST(NativeTrain, LossesOverSeveralPositions) {
  const std::string layers = Dense("a", 12, "tanh", Input(5)) + "," +
                             R"({"class_name": "Reshape", "config": {"name": "r", "target_shape": [4, 3]}},)" + Dense("o", 6, "softmax");
  Table table;
  table.AddInput("x", {5}, fixture::Numbers(150));
  std::vector<double> index(120);
  for (size_t i = 0; i < index.size(); ++i) index[i] = static_cast<double>(i * i % 6);
  table.AddTarget("y", {4}, index, base::TargetKind::kArray, 6);
  ExpectSameTraining(fixture::Sequential(layers), AdamConfig(LossKind::kSparseCategoricalCrossentropy, 8), table, 30, 1e-4);
  Table real;
  real.AddInput("x", {5}, fixture::Numbers(150));
  real.AddTarget("y", {4, 6}, fixture::Numbers(720, 5));
  ExpectSameTraining(fixture::Sequential(layers), AdamConfig(LossKind::kMeanSquaredError, 8), real, 30, 1e-4);
}

TEST(NativeTrain, WeightsOfRowsAndClassesAndOfTheLoss) {
  const base::Graph graph = fixture::Sequential(Dense("a", 12, "relu", Input(6)) + "," + Dense("o", 4, "softmax"));
  for (bool sparse : {false, true}) {
    for (int which : {1, 2, 3}) {
      SCOPED_TRACE(which);
      Table table = Classes(30, 6, 4, sparse);
      base::TrainConfig config = AdamConfig(sparse ? LossKind::kSparseCategoricalCrossentropy : LossKind::kCategoricalCrossentropy, 8);
      config.loss_weights = {0.5};
      if (which & 1) {
        std::vector<float> weights;
        for (double v : fixture::Numbers(30, 9)) weights.push_back(static_cast<float>(v + 1));
        table.SetWeights(weights);
      }
      if (which & 2) config.class_weight = {{0, 2.0}, {3, 0.25}};
      ExpectSameTraining(graph, config, table, 30, 1e-4);
    }
  }
  base::TrainConfig config = AdamConfig(LossKind::kBinaryCrossentropy, 8);
  config.class_weight = {{1, 3.0}};
  ExpectSameTraining(fixture::Sequential(Dense("o", 1, "sigmoid", Input(6))), config, Reals(30, 6, 1, true), 30, 1e-4);
}

TEST(NativeTrain, SeveralColumnsOfOneInput) {
  Table table;
  table.AddInput("a", {}, fixture::Numbers(30, 1));
  table.AddInput("b", {3}, fixture::Numbers(90, 2));
  table.AddInput("c", {2}, fixture::Numbers(60, 3));
  table.AddTarget("y", {1}, fixture::Numbers(30, 4));
  ExpectSameTraining(fixture::Sequential(Dense("a", 8, "tanh", Input(6)) + "," + Dense("o", 1, "linear")),
                     AdamConfig(LossKind::kMeanSquaredError, 8), table, 30, 1e-4);
}

TEST(NativeTrain, NothingToTrain) {
  const base::Graph graph = fixture::Sequential(R"({"class_name": "Activation", "config": {"name": "a", "activation": "tanh",
      "batch_input_shape": [null, 4]}})");
  ExpectSameTraining(graph, AdamConfig(LossKind::kMeanSquaredError, 8), Reals(30, 4, 4), 30);
}

TEST(NativeTrain, DivergesAtTheSameStepAndKeepsTheWeights) {
  const base::Graph graph = fixture::Sequential(Dense("a", 5, "linear", Input(3)) + "," + Dense("o", 2, "linear"));
  const base::TrainConfig config = fixture::Config(LossKind::kMeanSquaredError, 4, 1e9);
  const Table table = Reals(200, 3, 2);
  for (DType precision : {DType::kFloat64, DType::kFloat32}) {
    const Trained autograd = Train(graph, config, table, 200, 1, precision, false);
    const Trained kernels = Train(graph, config, table, 200, 1, precision, true);
    EXPECT_TRUE(autograd.diverged);
    EXPECT_TRUE(kernels.diverged);
    EXPECT_GT(kernels.diverged_step, 1u);
    EXPECT_EQ(kernels.diverged_step, autograd.diverged_step);
    EXPECT_EQ(kernels.batches, autograd.batches);
    for (double w : kernels.weights) EXPECT_TRUE(std::isfinite(w));
  }
  base::TrainConfig sparse = fixture::Config(LossKind::kSparseCategoricalCrossentropy, 4, 0.1);
  Table beyond;
  beyond.AddInput("x", {3}, fixture::Numbers(24));
  beyond.AddTarget("y", {}, {0, 1, 1, 0, 1, 2, 0, 1}, base::TargetKind::kClassIndex, 2);
  const base::Graph softmax = fixture::Sequential(Dense("o", 2, "softmax", Input(3)));
  for (bool kernels : {false, true}) {
    const Trained trained = Train(softmax, sparse, beyond, 8, 1, DType::kFloat32, kernels);
    EXPECT_TRUE(trained.diverged);
    EXPECT_EQ(trained.diverged_step, 2u);
    EXPECT_EQ(trained.batches, 1);
  }
}

TEST(NativeTrain, WhatHasNoKernelTakesAutograd) {
  const auto has = [](const std::string& layers, LossKind loss, const Table& table) {
    engine::Options options;
    options.kernels = true;
    return engine::Model(fixture::Sequential(layers), fixture::Config(loss, 8), table.spec, options).program().has_kernels();
  };
  const Table table = Reals(8, 4, 4);
  EXPECT_TRUE(has(Dense("o", 4, "linear", Input(4)), LossKind::kMeanSquaredError, table));
  EXPECT_FALSE(has(Dense("o", 4, "relu", Input(4)), LossKind::kBinaryCrossentropy, table));  // of values that are no probabilities
}
