// Convolutions and pooling of sequences, depthwise and separable convolutions, and layers that move values, by kernels:
// the same training as autograd's.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "training.hpp"

using base::LossKind;
using training::AdamConfig;
using training::Classes;
using training::ExpectSameBetween;
using training::ExpectSameTraining;
using training::Layer;

namespace {

std::string Shaped(const std::string& shape) { return R"(, "batch_input_shape": [null, )" + shape + "]"; }

void InSequence(const std::string& layer) {
  ExpectSameBetween(layer, {9, 3}, Layer("Conv1D", "first", R"("filters": 4, "kernel_size": [2], "activation": "tanh")" + Shaped("9, 3")));
}

void InImage(const std::string& layer) {
  ExpectSameBetween(layer, {6, 7, 2}, Layer("Conv2D", "first", R"("filters": 4, "kernel_size": [2, 2], "activation": "tanh")" + Shaped("6, 7, 2")));
}

}  // namespace

TEST(NativeSequences, Conv1D) {
  for (const char* padding : {"valid", "same", "causal"}) {
    const std::string pad = std::string(R"(, "padding": ")") + padding + "\"";
    for (const char* filters : {"1", "7", "17"}) {
      InSequence(Layer("Conv1D", "c", std::string(R"("kernel_size": [3], "activation": "relu", "filters": )") + filters + pad));
      InSequence(Layer("Conv1D", "c", std::string(R"("kernel_size": [4], "strides": [2], "filters": )") + filters + pad));
      InSequence(Layer("Conv1D", "c", std::string(R"("kernel_size": [2], "dilation_rate": [3], "filters": )") + filters + pad));
    }
  }
  InSequence(Layer("Conv1D", "c", R"("kernel_size": [1], "filters": 5, "use_bias": false, "activation": "softmax")"));
  InSequence(Layer("Conv1D", "c", R"("kernel_size": [8], "filters": 5, "activation": "gelu")"));
}

TEST(NativeSequences, Pooling1D) {
  for (const char* kind : {"MaxPooling1D", "AveragePooling1D"}) {
    for (const char* padding : {"valid", "same"}) {
      const std::string pad = std::string(R"(, "padding": ")") + padding + "\"";
      InSequence(Layer(kind, "p", R"("pool_size": [2])" + pad));
      InSequence(Layer(kind, "p", R"("pool_size": [3], "strides": [1])" + pad));
      InSequence(Layer(kind, "p", R"("pool_size": [2], "strides": [3])" + pad));
    }
  }
  InSequence(Layer("GlobalMaxPooling1D", "p"));
  InSequence(Layer("GlobalAveragePooling1D", "p"));
  InSequence(Layer("GlobalAveragePooling1D", "p", R"("keepdims": true)"));
}

TEST(NativeSequences, DepthwiseConvolutions) {
  for (const char* padding : {"valid", "same"}) {
    for (const char* multiplier : {"1", "3"}) {
      const std::string rest = std::string(R"(, "padding": ")") + padding + R"(", "depth_multiplier": )" + multiplier;
      InImage(Layer("DepthwiseConv2D", "d", R"("kernel_size": [3, 3], "activation": "relu")" + rest));
      InImage(Layer("DepthwiseConv2D", "d", R"("kernel_size": [3, 2], "strides": [2, 2], "use_bias": false)" + rest));
      InImage(Layer("DepthwiseConv2D", "d", R"("kernel_size": [2, 2], "dilation_rate": [2, 2], "activation": "swish")" + rest));
      InSequence(Layer("DepthwiseConv1D", "d", R"("kernel_size": [3], "activation": "tanh")" + rest));
      InSequence(Layer("DepthwiseConv1D", "d", R"("kernel_size": [4], "strides": [2])" + rest));
    }
  }
}

TEST(NativeSequences, SeparableConvolutions) {
  for (const char* padding : {"valid", "same"}) {
    for (const char* multiplier : {"1", "2"}) {
      const std::string rest = std::string(R"(, "filters": 5, "padding": ")") + padding + R"(", "depth_multiplier": )" + multiplier;
      InImage(Layer("SeparableConv2D", "s", R"("kernel_size": [3, 3], "activation": "relu")" + rest));
      InImage(Layer("SeparableConv2D", "s", R"("kernel_size": [3, 2], "strides": [2, 2], "use_bias": false)" + rest));
      InSequence(Layer("SeparableConv1D", "s", R"("kernel_size": [3], "activation": "elu")" + rest));
    }
  }
  InSequence(Layer("SeparableConv1D", "s", R"("kernel_size": [3], "filters": 5, "padding": "causal", "dilation_rate": [2])"));
  // nothing below is trained: the gradient of what lies between the two convolutions may be needed, or not
  base::TrainConfig config = AdamConfig(LossKind::kCategoricalCrossentropy, 10);
  config.optimizer.epsilon = 1e-3;
  fixture::Table table = Classes(25, 27, 3, false);
  table.spec.inputs[0].shape = {9, 3};
  for (const char* trainable : {"true", "false"}) {
    const base::Graph graph = fixture::Sequential(
        Layer("SeparableConv1D", "s", R"("kernel_size": [3], "filters": 5, "trainable": )" + std::string(trainable) + Shaped("9, 3")) + "," +
        Layer("Flatten", "flat") + "," + fixture::Dense("o", 3, "softmax"));
    ExpectSameTraining(graph, config, table, 25, 1e-3);
  }
}

TEST(NativeSequences, TransposedConvolutions) {
  for (const char* padding : {"valid", "same"}) {
    const std::string rest = std::string(R"(, "padding": ")") + padding + "\"";
    for (const char* filters : {"1", "5", "17"}) {
      const std::string of = std::string(R"(, "filters": )") + filters + rest;
      InImage(Layer("Conv2DTranspose", "t", R"("kernel_size": [3, 3], "activation": "relu")" + of));
      InImage(Layer("Conv2DTranspose", "t", R"("kernel_size": [3, 2], "strides": [2, 2], "use_bias": false)" + of));
      InImage(Layer("Conv2DTranspose", "t", R"("kernel_size": [2, 3], "strides": [3, 1], "activation": "tanh")" + of));
    }
    InImage(Layer("Conv2DTranspose", "t", R"("kernel_size": [2, 2], "strides": [3, 3], "filters": 3)" + rest));  // pixels that no window reaches
    InImage(Layer("Conv2DTranspose", "t", R"("kernel_size": [2, 3], "dilation_rate": [2, 3], "filters": 3, "activation": "elu")" + rest));
    InImage(Layer("Conv2DTranspose", "t", R"("kernel_size": [3, 3], "strides": [2, 2], "output_padding": [1, 1], "filters": 3)" + rest));
  }
}

TEST(NativeSequences, ValuesThatMove) {
  InSequence(Layer("ZeroPadding1D", "z", R"("padding": [2, 1])"));
  InSequence(Layer("Cropping1D", "c", R"("cropping": [2, 1])"));
  InImage(Layer("ZeroPadding2D", "z", R"("padding": [[1, 2], [0, 3]])"));
  InImage(Layer("Cropping2D", "c", R"("cropping": [[1, 0], [2, 1]])"));
  InSequence(Layer("UpSampling1D", "u", R"("size": [3])"));
  InImage(Layer("UpSampling2D", "u", R"("size": [2, 3])"));
  for (const char* size : {"[2, 3]", "[1, 4]", "[5, 1]"}) {
    InImage(Layer("UpSampling2D", "u", std::string(R"("interpolation": "bilinear", "size": )") + size));
  }
  for (const char* dims : {"[1, 2, 3]", "[2, 1, 3]", "[3, 1, 2]", "[3, 2, 1]", "[1, 3, 2]"}) {
    InImage(Layer("Permute", "p", std::string(R"("dims": )") + dims));
  }
  InSequence(Layer("Permute", "p", R"("dims": [2, 1])"));
  ExpectSameBetween(Layer("RepeatVector", "r", R"("n": 4)"), {5}, fixture::Dense("first", 6, "tanh", R"(, "batch_input_shape": [null, 5])"));
}

TEST(NativeSequences, WhatTakesAutograd) {
  const auto has = [](const std::string& layer) {
    fixture::Table table = Classes(8, 84, 3, false);
    table.spec.inputs[0].shape = {6, 7, 2};
    return engine::Model(fixture::Sequential(layer + "," + Layer("Flatten", "f") + "," + fixture::Dense("o", 3, "softmax")),
                         fixture::Config(LossKind::kCategoricalCrossentropy, 8), table.spec, engine::Options())
        .program().has_kernels();
  };
  EXPECT_TRUE(has(Layer("UpSampling2D", "u", R"("size": [2, 2])" + Shaped("6, 7, 2"))));
  EXPECT_TRUE(has(Layer("UpSampling2D", "u", R"("size": [2, 2], "interpolation": "bilinear")" + Shaped("6, 7, 2"))));
  EXPECT_TRUE(has(Layer("Conv2DTranspose", "t", R"("filters": 2, "kernel_size": [3, 3])" + Shaped("6, 7, 2"))));
  EXPECT_FALSE(has(Layer("Conv2D", "c", R"("filters": 2, "kernel_size": [3, 3], "groups": 2)" + Shaped("6, 7, 2"))));
}
