// Losses and their gradients against data/loss.py.

#include "engine/torch/loss.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <stdexcept>

#include "../golden.hpp"
#include "definitions/loss.hpp"

namespace engine::torch {
namespace {

using base::LossConfig;
using base::LossKind;

LossConfig ReadConfig(const base::Value& entry) {
  const std::string& name = golden::Get(entry, "loss").string();
  const definitions::LossDefinition* definition = definitions::FindLoss(name);
  if (definition == nullptr) throw std::runtime_error("unknown loss " + name);
  LossConfig config = definitions::DefaultConfig(*definition);
  const base::Value& given = golden::Get(entry, "config");
  golden::Take(given, "logits", &config.from_logits);
  golden::Take(given, "label_smoothing", &config.label_smoothing);
  golden::Take(given, "delta", &config.delta);
  golden::Take(given, "alpha", &config.alpha);
  golden::Take(given, "gamma", &config.gamma);
  golden::Take(given, "apply_class_balancing", &config.apply_class_balancing);
  return config;
}

template <typename T>
at::Tensor Tensor(const base::Value& list, at::IntArrayRef shape, at::ScalarType type) {
  const std::vector<T> values = golden::Numbers<T>(list);
  at::Tensor out = at::empty(shape, at::TensorOptions().dtype(type));
  std::copy(values.begin(), values.end(), out.data_ptr<T>());
  return out;
}

template <typename T>
void CheckCases(at::ScalarType type, double loss_tolerance, double gradient_tolerance) {
  const base::List cases = golden::Read("loss.json");
  ASSERT_GE(cases.size(), 46u);
  for (const base::Value& entry : cases) {
    SCOPED_TRACE(golden::Get(entry, "name").string());
    const LossConfig config = ReadConfig(entry);
    const std::vector<int64_t> shape = golden::Numbers<int64_t>(golden::Get(entry, "shape"));
    const std::vector<int64_t> positions(shape.begin(), shape.end() - 1);
    Value output;
    output.data = Tensor<T>(golden::Get(entry, "output"), shape, type).requires_grad_(true);
    const base::Value& mask = golden::Get(entry, "mask");
    if (!mask.is_null()) output.mask = Tensor<T>(mask, positions, type).to(at::kBool);
    const at::Tensor target = golden::Get(entry, "index").boolean() ? Tensor<int64_t>(golden::Get(entry, "target"), positions, at::kLong)
                                                                    : Tensor<T>(golden::Get(entry, "target"), shape, type);

    const at::Tensor losses = RowLosses(config, output, target);
    ASSERT_EQ(losses.dim(), 1);
    ASSERT_EQ(losses.scalar_type(), type);
    const std::vector<double> expected = golden::Numbers<double>(golden::Get(entry, "losses"));
    ASSERT_EQ(losses.size(0), static_cast<int64_t>(expected.size()));
    for (size_t i = 0; i < expected.size(); i++) {
      const double actual = static_cast<double>(losses[static_cast<int64_t>(i)].item<T>());
      EXPECT_LE(std::abs(actual - expected[i]), loss_tolerance * std::max(1.0, std::abs(expected[i]))) << "row " << i;
    }

    const at::Tensor gradient = ::torch::autograd::grad({losses.sum()}, {output.data})[0].reshape({-1});
    const std::vector<double> slope = golden::Numbers<double>(golden::Get(entry, "gradient"));
    ASSERT_EQ(gradient.size(0), static_cast<int64_t>(slope.size()));
    for (size_t i = 0; i < slope.size(); i++) {
      const double actual = static_cast<double>(gradient[static_cast<int64_t>(i)].item<T>());
      EXPECT_LE(std::abs(actual - slope[i]), gradient_tolerance * std::max(1.0, std::abs(slope[i]))) << "element " << i;
    }
  }
}

// No loss without a golden value.
TEST(Loss, EveryLossHasACase) {
  std::set<LossKind> seen;
  for (const base::Value& entry : golden::Read("loss.json")) seen.insert(ReadConfig(entry).kind);
  for (const definitions::LossDefinition* loss : definitions::Losses()) EXPECT_EQ(seen.count(loss->kind), 1u) << loss->name;
}

TEST(Loss, DoubleFollowsKeras) { CheckCases<double>(at::kDouble, 1e-13, 1e-6); }
TEST(Loss, FloatFollowsKeras) { CheckCases<float>(at::kFloat, 2e-6, 1e-4); }

Value FromLogits(const at::Tensor& logits, Squash squash) {
  Value value;
  value.logits = logits;
  value.squash = squash;
  value.data = squash == Squash::kSoftmax ? at::softmax(logits, -1) : logits.sigmoid();
  return value;
}

TEST(Loss, KnownLogitsStayExactWhereProbabilitiesSaturate) {
  LossConfig config;
  const at::Tensor target = at::tensor({1.0f, 0.0f}).view({1, 2});
  const at::Tensor logits = at::tensor({-60.0f, 60.0f}).view({1, 2});
  EXPECT_FLOAT_EQ(RowLosses(config, FromLogits(logits, Squash::kSoftmax), target)[0].item<float>(), 120.0f);
  config.kind = LossKind::kBinaryCrossentropy;
  EXPECT_FLOAT_EQ(RowLosses(config, FromLogits(logits, Squash::kSigmoid), target)[0].item<float>(), 60.0f);
}

TEST(Loss, LogitsOfAnotherSquashAreNotUsed) {
  // categorical cross-entropy on a sigmoid layer normalises the sigmoids
  LossConfig config;
  const at::Tensor logits = at::tensor({0.5, -0.25, 1.0}).view({1, 3});
  const at::Tensor target = at::tensor({0.0, 1.0, 0.0}).view({1, 3});
  const Value output = FromLogits(logits, Squash::kSigmoid);
  const at::Tensor q = output.data / output.data.sum();
  EXPECT_NEAR(RowLosses(config, output, target)[0].item<double>(), -std::log(q[0][1].item<double>()), 1e-14);
}

TEST(Loss, ASoftmaxIsNeverTakenForLogits) {
  LossConfig plain, logits;
  logits.from_logits = true;
  const Value output = FromLogits(at::tensor({0.5, -0.25, 1.0}).view({1, 3}), Squash::kSoftmax);
  const at::Tensor target = at::tensor({0.0, 1.0, 0.0}).view({1, 3});
  EXPECT_EQ(RowLosses(plain, output, target).item<double>(), RowLosses(logits, output, target).item<double>());
  EXPECT_TRUE(at::equal(Probabilities(logits, output), output.data));
}

TEST(Loss, ProbabilitiesOfLogits) {
  LossConfig config;
  Value output;
  output.data = at::tensor({0.5, -0.25, 1.0}).view({1, 3});
  EXPECT_TRUE(at::equal(Probabilities(config, output), output.data));
  config.from_logits = true;
  EXPECT_TRUE(at::equal(Probabilities(config, output), at::softmax(output.data, -1)));
  config.kind = LossKind::kBinaryCrossentropy;
  EXPECT_TRUE(at::equal(Probabilities(config, output), output.data.sigmoid()));
}

TEST(Loss, GradientAtLogitZero) {
  LossConfig config;
  config.kind = LossKind::kBinaryCrossentropy;
  config.from_logits = true;
  Value output;
  output.data = at::zeros({1, 1}, at::kDouble).requires_grad_(true);
  const at::Tensor loss = RowLosses(config, output, at::ones({1, 1}, at::kDouble)).sum();
  EXPECT_DOUBLE_EQ(::torch::autograd::grad({loss}, {output.data})[0].item<double>(), -0.5);
}

TEST(Loss, ClassIndexOutsideTheClassesIsNotANumber) {
  LossConfig config;
  config.kind = LossKind::kSparseCategoricalCrossentropy;
  Value output;
  output.data = at::full({3, 2}, 0.5);
  const at::Tensor losses = RowLosses(config, output, at::tensor({2, 1, -1}, at::kLong));
  EXPECT_TRUE(std::isnan(losses[0].item<float>()));
  EXPECT_FLOAT_EQ(losses[1].item<float>(), std::log(2.0f));
  EXPECT_TRUE(std::isnan(losses[2].item<float>()));
}

TEST(Loss, TargetsMayDifferInTrailingOnes) {
  LossConfig config;
  config.kind = LossKind::kMeanSquaredError;
  Value output;
  output.data = at::tensor({1.0, 3.0}).view({2, 1});
  EXPECT_TRUE(at::equal(RowLosses(config, output, at::tensor({0.0, 1.0})), at::tensor({1.0, 4.0})));
  output.data = output.data.view({2});
  EXPECT_TRUE(at::equal(RowLosses(config, output, at::tensor({0.0, 1.0})), at::tensor({1.0, 4.0})));
}

}  // namespace
}  // namespace engine::torch
