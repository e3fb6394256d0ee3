// Recurrent layers by kernels: the same training as autograd's.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "training.hpp"

using base::LossKind;
using training::AdamConfig;
using training::Classes;
using training::ExpectSameTraining;

namespace {

std::string Recurrent(const std::string& kind, const std::string& name, int units, const std::string& arguments, const std::string& shape = {}) {
  return R"({"class_name": ")" + kind + R"(", "config": {"name": ")" + name + R"(", "units": )" + std::to_string(units) +
         (arguments.empty() ? "" : ", " + arguments) + (shape.empty() ? "" : R"(, "batch_input_shape": [null, )" + shape + "]") + "}}";
}

fixture::Table Sequences(int64_t rows, int steps, int features) {
  fixture::Table table = Classes(rows, steps * features, 3, false);
  table.spec.inputs[0].shape = {steps, features};
  return table;
}

void ExpectSame(const std::string& layers, int steps, int features) {
  SCOPED_TRACE(layers);
  base::TrainConfig config = AdamConfig(LossKind::kCategoricalCrossentropy, 10);
  config.optimizer.epsilon = 1e-3;  // gradients that are zero but for rounding make large steps otherwise
  ExpectSameTraining(fixture::Sequential(layers + "," + fixture::Dense("o", 3, "softmax")), config, Sequences(45, steps, features), 45, 1e-3);
}

// A GRU's two forms are the two kinds of it.
const std::pair<const char*, const char*> kKinds[] = {
    {"SimpleRNN", R"("trainable": true)"}, {"LSTM", R"("unit_forget_bias": true)"}, {"GRU", R"("reset_after": true)"}, {"GRU", R"("reset_after": false)"}};

}  // namespace

TEST(NativeRecurrent, UnitsBeforeAtAndBehindVectors) {
  for (const auto& [kind, form] : kKinds) {
    for (int units : {1, 7, 16, 33}) ExpectSame(Recurrent(kind, "r", units, form, "5, 3"), 5, 3);
    ExpectSame(Recurrent(kind, "r", 5, form, "1, 3"), 1, 3);  // a single step
    ExpectSame(Recurrent(kind, "r", 5, form, "6, 1"), 6, 1);
  }
}

TEST(NativeRecurrent, OneBehindAnother) {
  const std::string sequences = R"(, "return_sequences": true)";
  for (const auto& [kind, form] : kKinds) {
    for (const char* backwards : {"", R"(, "go_backwards": true)"}) {
      ExpectSame(Recurrent(kind, "a", 6, form + sequences, "4, 3") + "," + Recurrent(kind, "b", 5, form + sequences + backwards) + "," +
                     Recurrent(kind, "c", 4, form + std::string(backwards)),
                 4, 3);
      ExpectSame(Recurrent(kind, "a", 6, form + sequences + backwards, "4, 3") + R"(,{"class_name": "Flatten", "config": {"name": "f"}})", 4, 3);
    }
  }
}

TEST(NativeRecurrent, FunctionsAndBiases) {
  for (const auto& [kind, form] : kKinds) {
    for (const char* activation : {"linear", "relu", "sigmoid", "tanh", "hard_sigmoid"}) {
      for (const char* gate : {"sigmoid", "hard_sigmoid", "relu"}) {
        const std::string gates = std::string(R"(, "recurrent_activation": ")") + gate + "\"";
        const std::string functions = std::string(R"(, "activation": ")") + activation + "\"" + (std::string(kind) == "SimpleRNN" ? "" : gates);
        ExpectSame(Recurrent(kind, "r", 9, form + functions, "4, 3"), 4, 3);
      }
    }
    ExpectSame(Recurrent(kind, "r", 9, std::string(form) + R"(, "use_bias": false)", "4, 3"), 4, 3);
    ExpectSame(Recurrent(kind, "r", 9,
                         std::string(form) + R"(, "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.01}}, )"
                                             R"("recurrent_regularizer": {"class_name": "L1", "config": {"l1": 0.01}})",
                         "4, 3"),
               4, 3);
  }
}

TEST(NativeRecurrent, DropoutOfInputsAndStates) {
  for (const auto& [kind, form] : kKinds) {
    for (const char* rates : {R"(, "dropout": 0.3)", R"(, "recurrent_dropout": 0.3)", R"(, "dropout": 0.2, "recurrent_dropout": 0.4)"}) {
      ExpectSame(Recurrent(kind, "a", 6, form + std::string(R"(, "return_sequences": true)") + rates, "4, 3") + "," +
                     Recurrent(kind, "b", 5, form + std::string(rates) + R"(, "go_backwards": true)"),
                 4, 3);
    }
  }
}

TEST(NativeRecurrent, BehindFrozenLayersAndFrozen) {
  for (const auto& [kind, form] : kKinds) {
    const std::string frozen = std::string(kind) == "SimpleRNN" ? R"("trainable": false)" : std::string(form) + R"(, "trainable": false)";
    ExpectSame(Recurrent(kind, "a", 6, frozen + R"(, "return_sequences": true)", "4, 3") + "," + Recurrent(kind, "b", 5, form), 4, 3);
    ExpectSame(Recurrent(kind, "a", 6, form + std::string(R"(, "return_sequences": true)"), "4, 3") + "," + Recurrent(kind, "b", 5, frozen), 4, 3);
  }
}

TEST(NativeRecurrent, BehindAnEmbedding) {
  fixture::Table table;
  std::vector<double> indexes(45 * 6), hot(45 * 3);
  for (size_t i = 0; i < indexes.size(); ++i) indexes[i] = static_cast<double>(i * i % 11);
  for (size_t r = 0; r < 45; ++r) hot[r * 3 + r * r % 3] = 1;
  table.AddInput("x", {6}, indexes);
  table.AddTarget("y", {3}, hot, base::TargetKind::kOneHot, 3);
  for (const auto& [kind, form] : kKinds) {
    const base::Graph graph = fixture::Sequential(
        R"({"class_name": "Embedding", "config": {"name": "e", "input_dim": 12, "output_dim": 7, "batch_input_shape": [null, 6]}},)" +
        Recurrent(kind, "r", 8, form) + "," + fixture::Dense("o", 3, "softmax"));
    ExpectSameTraining(graph, AdamConfig(LossKind::kCategoricalCrossentropy, 10), table, 45, 1e-3);
  }
}

TEST(NativeRecurrent, WhatTakesAutograd) {
  const auto has = [](const std::string& arguments) {
    return engine::Model(fixture::Sequential(Recurrent("LSTM", "r", 2, arguments, "3, 4") + "," + fixture::Dense("o", 3, "softmax")),
                         fixture::Config(LossKind::kCategoricalCrossentropy, 8), Sequences(8, 3, 4).spec, engine::Options())
        .program().has_kernels();
  };
  EXPECT_TRUE(has(""));
  EXPECT_FALSE(has(R"("activation": "gelu")"));
  EXPECT_FALSE(has(R"("recurrent_activation": "softsign")"));
}
