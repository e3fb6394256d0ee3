// What the predictor says of rows is what a model of LibTorch's trainer says: with and without kernels, of probabilities, logits and numbers, of one value
// that is two outputs; and a row's outputs do not depend on the rows beside it.
#include "engine/core/predictor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "class_table.hpp"
#include "engine/core/model.hpp"

namespace {

using base::DType;
using base::LossKind;
using fixture::Block;
using fixture::Dense;
using fixture::kClasses;
using fixture::Table;

struct Case {
  const char* activation;  // of the last layer
  LossKind loss;
  bool from_logits;
};

constexpr Case kCases[] = {{"softmax", LossKind::kCategoricalCrossentropy, false},
                           {"linear", LossKind::kCategoricalCrossentropy, true},
                           {"softmax", LossKind::kCategoricalCrossentropy, true},  // logits are those before the softmax
                           {"linear", LossKind::kBinaryCrossentropy, true},
                           {"sigmoid", LossKind::kBinaryCrossentropy, true},
                           {"linear", LossKind::kMeanSquaredError, false}};

base::Graph GraphOf(const Case& of) {
  return fixture::Sequential(Dense("a", 10, "relu", fixture::ClassInput()) + "," + Dense("o", kClasses, of.activation));
}

void ExpectNear(const std::vector<float>& found, const std::vector<float>& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], wanted[i], 1e-5) << "at " << i;
}

}  // namespace

TEST(Predictor, SaysWhatModelsOfTheReferenceSay) {
  const Table table = fixture::ClassTable(300);
  for (const DType precision : {DType::kFloat32, DType::kFloat64}) {
    for (const Case& of : kCases) {
      const base::Graph graph = GraphOf(of);
      base::TrainConfig config = fixture::Config(of.loss, 32, 0.01);
      config.losses[0].from_logits = of.from_logits;
      engine::Options options;
      options.precision = precision;
      engine::Model model(graph, config, table.spec, options);
      Block block(model.program().layout());
      model.Initialise(block.get(), 3, 1, 1);
      model.Attach(block.get());
      std::vector<std::vector<float>> wanted;
      model.Predict(table.Buffer(300), &wanted, {});
      for (const bool kernels : {true, false}) {
        options.kernels = kernels;
        engine::Predictor predictor(graph, config, table.spec, options);
        EXPECT_EQ(predictor.has_kernels(), kernels);
        ASSERT_EQ(predictor.output_shapes(), std::vector<base::Shape>{base::Shape{kClasses}});
        predictor.Attach(block.get());
        std::vector<std::vector<float>> found;
        predictor.Run(table.Buffer(300), &found, {});
        ASSERT_EQ(found.size(), 1U);
        ExpectNear(found[0], wanted[0]);
        predictor.Run(table.Buffer(1), &found, {});
        ExpectNear(found[0], {wanted[0].begin(), wanted[0].begin() + kClasses});
      }
    }
  }
}

TEST(Predictor, ARowDoesNotDependOnTheRowsBesideIt) {
  const Table table = fixture::ClassTable(300);
  const base::Graph graph = GraphOf(kCases[0]);
  const base::TrainConfig config = fixture::Config(kCases[0].loss, 32, 0.01);
  engine::Model model(graph, config, table.spec, {});
  Block block(model.program().layout());
  model.Initialise(block.get(), 3, 1, 1);
  engine::Predictor predictor(graph, config, table.spec, {});
  predictor.Attach(block.get());
  std::vector<std::vector<float>> all, one;
  predictor.Run(table.Buffer(300), &all, {});
  for (const int64_t rows : {1, 2, 7, 299}) {
    predictor.Run(table.Buffer(rows), &one, {});
    ASSERT_EQ(one[0].size(), static_cast<size_t>(rows * kClasses));
    EXPECT_TRUE(std::equal(one[0].begin(), one[0].end(), all[0].begin())) << rows << " rows";
  }
}

TEST(Predictor, OneValueMayBeTwoOutputs) {
  Table table = fixture::ClassTable(20);
  table.spec.targets.push_back(table.spec.targets[0]);
  base::Graph graph = GraphOf(kCases[1]);
  graph.outputs.push_back(graph.outputs[0]);
  base::TrainConfig config = fixture::Config(LossKind::kMeanSquaredError, 32, 0.01);
  config.losses.push_back(config.losses[0]);
  config.losses[1].kind = LossKind::kCategoricalCrossentropy;
  config.losses[1].from_logits = true;
  engine::Predictor predictor(graph, config, table.spec, {});
  Block block(predictor.layout());
  std::memset(block.get(), 0, predictor.layout().bytes);
  predictor.Attach(block.get());
  std::vector<std::vector<float>> found;
  predictor.Run(table.Buffer(20), &found, {});
  ASSERT_EQ(found.size(), 2U);
  // weights of zero: logits of zero, and classes of equal probability
  for (const float value : found[0]) EXPECT_EQ(value, 0);
  for (const float value : found[1]) EXPECT_NEAR(value, 1.0 / kClasses, 1e-6);
}
