// Convolutions and pooling by the native trainer: the same training as autograd's.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "training.hpp"

using base::LossKind;
using fixture::Dense;
using fixture::Table;
using training::AdamConfig;
using training::ExpectSameTraining;
using training::Layer;

namespace {

std::string Image(int height, int width, int channels) {
  return R"("batch_input_shape": [null, )" + std::to_string(height) + ", " + std::to_string(width) + ", " + std::to_string(channels) + "]";
}

std::string Conv(const std::string& name, int filters, const std::string& window, const std::string& rest) {
  return Layer("Conv2D", name,
               R"("filters": )" + std::to_string(filters) + R"(, "kernel_size": )" + window + (rest.empty() ? "" : ", " + rest));
}

Table Images(int64_t rows, const base::Shape& shape, int classes) {
  Table table;
  table.AddInput("x", shape, fixture::Numbers(static_cast<size_t>(rows * base::ElementCount(shape))));
  std::vector<double> hot(static_cast<size_t>(rows * classes));
  for (int64_t r = 0; r < rows; ++r) hot[static_cast<size_t>(r * classes + r * r % classes)] = 1;
  table.AddTarget("y", {classes}, hot, base::TargetKind::kOneHot, classes);
  return table;
}

/// Layers, then a softmax over three classes.
void ExpectSame(const std::string& layers, const base::Shape& shape, int64_t rows = 20, int batch_size = 8) {
  SCOPED_TRACE(layers);
  const base::Graph graph = fixture::Sequential(layers + "," + Layer("Flatten", "f", "") + "," + Dense("o", 3, "softmax"));
  ExpectSameTraining(graph, AdamConfig(LossKind::kCategoricalCrossentropy, batch_size), Images(rows, shape, 3), rows, 1e-4);
}

const char* kSame = R"("padding": "same")";

}  // namespace

TEST(NativeConv, ManyNumbersOfChannels) {
  for (int in : {1, 10, 33, 100}) {
    for (int out : {1, 10, 33, 100}) {
      SCOPED_TRACE(std::to_string(in) + " to " + std::to_string(out));
      ExpectSame(Conv("a", in, "[1, 1]", R"("activation": "tanh", )" + Image(5, 4, 2)) + "," +
                     Conv("b", out, "[3, 3]", std::string(R"("activation": "relu", )") + kSame),
                 {5, 4, 2});
    }
  }
}

TEST(NativeConv, WindowsPaddingStridesAndDilation) {
  for (const char* padding : {R"("padding": "same")", R"("padding": "valid")"}) {
    for (const char* window : {"[1, 1]", "[2, 3]", "[5, 5]", "[4, 1]"}) {
      for (const char* stride : {R"("strides": [1, 1])", R"("strides": [2, 2])", R"("strides": [3, 1])", R"("strides": [1, 2])",
                                 R"("dilation_rate": [2, 1])", R"("dilation_rate": [1, 2])"}) {
        const std::string rest = std::string(padding) + ", " + stride;
        ExpectSame(Conv("a", 6, window, rest + R"(, "activation": "tanh", )" + Image(13, 14, 3)) + "," +
                       Conv("b", 5, "[2, 2]", rest + R"(, "activation": "relu")"),
                   {13, 14, 3}, 6, 3);
      }
    }
  }
}

TEST(NativeConv, ActivationsBiasesBatchesAndFrozenLayers) {
  for (const char* activation : {"linear", "relu", "sigmoid", "tanh", "softmax"}) {
    ExpectSame(Conv("a", 7, "[3, 3]", std::string(R"("use_bias": false, "activation": ")") + activation + "\", " + Image(6, 6, 1)) + "," +
                   Conv("b", 4, "[3, 3]", std::string(R"("activation": ")") + activation + "\""),
               {6, 6, 1});
  }
  for (int batch_size : {1, 10, 33})
    ExpectSame(Conv("a", 7, "[3, 3]", R"("activation": "relu", )" + Image(6, 6, 1)), {6, 6, 1}, 40, batch_size);
  ExpectSame(Conv("a", 4, "[3, 3]", R"("activation": "relu", "trainable": false, )" + Image(7, 7, 1)) + "," +
                 Conv("b", 5, "[3, 3]", R"("kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.02}})") + "," +
                 Layer("Activation", "r", R"("activation": "relu")") + "," + Conv("c", 5, "[2, 2]", R"("trainable": false)"),
             {7, 7, 1});
}

TEST(NativeConv, Pooling) {
  for (const char* kind : {"MaxPooling2D", "AveragePooling2D"}) {
    for (const char* padding : {"same", "valid"}) {
      for (const char* pool : {R"("pool_size": [2, 2])", R"("pool_size": [3, 2])", R"("pool_size": [3, 3], "strides": [2, 2])",
                               R"("pool_size": [2, 2], "strides": [3, 3])", R"("pool_size": [3, 3], "strides": [1, 1])"}) {
        for (int filters : {1, 6, 20}) {
          ExpectSame(Conv("a", filters, "[3, 3]", std::string(R"("activation": "relu", )") + kSame + ", " + Image(9, 8, 2)) + "," +
                         Layer(kind, "p", std::string(pool) + R"(, "padding": ")" + padding + "\""),
                     {9, 8, 2});
        }
      }
    }
  }
  for (const char* kind : {"GlobalAveragePooling2D", "GlobalMaxPooling2D"}) {
    for (const char* keepdims : {"true", "false"}) {
      // rectified: many equal maxima
      ExpectSame(Conv("a", 11, "[3, 3]", R"("activation": "relu", )" + Image(4, 4, 2)) + "," +
                     Layer(kind, "g", std::string(R"("keepdims": )") + keepdims),
                 {4, 4, 2});
    }
  }
}

TEST(NativeConv, LeNet) {
  ExpectSame(Conv("c1", 6, "[5, 5]", std::string(R"("activation": "relu", )") + kSame + ", " + Image(12, 12, 1)) + "," +
                 Layer("MaxPooling2D", "p1", "") + "," + Conv("c2", 16, "[5, 5]", std::string(R"("activation": "relu", )") + kSame) + "," +
                 Layer("MaxPooling2D", "p2", "") + "," + Layer("Flatten", "flat", "") + "," + Dense("d1", 33, "relu") + "," +
                 Dense("d2", 10, "relu"),
             {12, 12, 1}, 40, 16);
}

// Scored in slices: 77 rows of some 40 kB of results each, with weights and all kinds of metrics, against the modules.
TEST(NativeConv, ScoringInSlices) {
  const base::Graph graph =
      fixture::Sequential(Conv("c1", 8, "[3, 3]", std::string(R"("activation": "relu", )") + kSame + ", " + Image(28, 28, 1)) + "," +
                          Layer("MaxPooling2D", "p", "") + "," +
                          Conv("c2", 16, "[3, 3]", std::string(R"("activation": "relu", )") + kSame) + "," + Layer("Flatten", "f", "") +
                          "," + Dense("o", 3, "softmax", R"(, "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.02}})"));
  constexpr int64_t kRows = 77;
  Table table = Images(kRows, {28, 28, 1}, 3);
  std::vector<float> weights;
  for (double v : fixture::Numbers(kRows, 3)) weights.push_back(static_cast<float>(1.5 + v));
  table.SetWeights(weights);
  base::TrainConfig config = AdamConfig(LossKind::kCategoricalCrossentropy, 8);
  config.metrics = {{base::MetricKind::kAccuracy, "accuracy"},
                    {base::MetricKind::kMeanSquaredError, "mse"},
                    {base::MetricKind::kTopKCategoricalAccuracy, "top", 2}};
  std::vector<double> sums[2];
  for (const bool kernels : {false, true}) {
    engine::Options options;
    options.precision = base::DType::kFloat64;
    options.kernels = kernels;
    engine::Model model(graph, config, table.spec, options);
    fixture::Block block(model.program().layout());
    model.Initialise(block.get(), 7, 3, 1);
    model.Attach(block.get());
    sums[kernels].resize(model.program().sums_size());
    model.Evaluate(table.Buffer(kRows), sums[kernels].data(), {});
  }
  ASSERT_EQ(sums[0][0], kRows);
  for (size_t i = 0; i < sums[0].size(); ++i) EXPECT_NEAR(sums[1][i], sums[0][i], 1e-9 * (1 + std::fabs(sums[0][i]))) << i;
}

TEST(NativeConv, GroupsTakeAutograd) {
  const auto has = [](const std::string& rest) {
    engine::Options options;
    const base::Graph graph = fixture::Sequential(Conv("a", 6, "[3, 3]", rest + Image(5, 5, 2)) + "," + Layer("Flatten", "f", "") + "," +
                                                  Dense("o", 3, "softmax"));
    return engine::Model(graph, fixture::Config(LossKind::kCategoricalCrossentropy, 8), Images(8, {5, 5, 2}, 3).spec, options)
        .program().has_kernels();
  };
  EXPECT_TRUE(has(""));
  EXPECT_FALSE(has(R"("groups": 2, )"));
}
