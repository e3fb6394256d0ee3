// The losses that the packed tables' columns get: readable, and with no rule against them.
#include <gtest/gtest.h>

#include "plan/default_params.hpp"
#include "plan/loss_rules.hpp"
#include "plan/params.hpp"

namespace {

using base::ColumnSpec;
using base::DType;
using base::TargetContents;
using base::TargetKind;
using plan::OutputDefaults;

ColumnSpec Target(TargetKind kind, int64_t classes, DType dtype = DType::kFloat32) {
  ColumnSpec column;
  column.name = "y";
  column.kind = kind;
  column.dtype = dtype;
  column.num_classes = kind == TargetKind::kOneHot || kind == TargetKind::kClassIndex ? classes : 0;
  if (kind == TargetKind::kOneHot || kind == TargetKind::kArray) column.shape = {classes};
  return column;
}

layers::Range RangeOf(const std::string& activation) {
  if (activation == "softmax") return layers::Range::kSoftmax;
  if (activation == "sigmoid") return layers::Range::kSigmoid;
  if (activation == "softplus") return layers::Range::kNotNegative;
  return layers::Range::kAny;
}

TEST(DefaultParams, FitColumnsAndActivations) {
  struct Case {
    ColumnSpec target;
    TargetContents contents;
    const char* activation;
    bool one_unit;
    const char* loss;
    const char* first_metric;
  };
  const ColumnSpec one_hot = Target(TargetKind::kOneHot, 3), two = Target(TargetKind::kClassIndex, 2),
                   many = Target(TargetKind::kClassIndex, 5);
  const ColumnSpec real = Target(TargetKind::kReal, 1), bits = Target(TargetKind::kArray, 4, DType::kUInt8),
                   vector = Target(TargetKind::kArray, 4);
  const std::vector<Case> cases = {
      {one_hot, TargetContents::kClasses, "softmax", false, "categorical_crossentropy", "accuracy"},
      {one_hot, TargetContents::kClasses, "linear", false, "categorical_crossentropy(from_logits=True)", "accuracy"},
      {two, TargetContents::kClasses, "softmax", false, "sparse_categorical_crossentropy", "accuracy"},
      {two, TargetContents::kClasses, "sigmoid", true, "binary_crossentropy", "accuracy"},
      {many, TargetContents::kClasses, "softmax", false, "sparse_categorical_crossentropy", "accuracy"},
      {many, TargetContents::kClasses, "linear", false, "sparse_categorical_crossentropy(from_logits=True)",
       "accuracy"},
      {bits, TargetContents::kClasses, "softmax", false, "categorical_crossentropy", "accuracy"},
      {bits, TargetContents::kLabels, "sigmoid", false, "binary_crossentropy", "binary_accuracy"},
      {bits, TargetContents::kLabels, "linear", false, "binary_crossentropy(from_logits=True)",
       "BinaryAccuracy(threshold=0)"},
      {real, TargetContents::kNumbers, "linear", true, "mse", "rmse"},
      {real, TargetContents::kNumbers, "softplus", true, "mse", "rmse"},
      {vector, TargetContents::kNumbers, "linear", false, "mse", "rmse"},
      {vector, TargetContents::kNumbers, "softmax", false, "categorical_crossentropy", "mae"},
  };
  for (const Case& c : cases) {
    const OutputDefaults defaults = plan::DefaultsFor(c.target, c.contents, c.activation);
    EXPECT_EQ(defaults.loss, c.loss);
    ASSERT_FALSE(defaults.metrics.empty());
    EXPECT_EQ(defaults.metrics[0], c.first_metric);
    const std::string text = plan::CompileParams({defaults});
    const base::TrainConfig config = plan::ReadConfig(text, "");
    ASSERT_EQ(config.losses.size(), 1u) << text;
    EXPECT_EQ(config.metrics.size(), defaults.metrics.size());
    EXPECT_EQ(config.optimizer.learning_rate, 0.001);
    const plan::LossRule* rule = plan::FindLossRule({config.losses[0].kind, config.losses[0].from_logits,
                                                     RangeOf(c.activation), c.one_unit, plan::TargetTypeOf(c.target)});
    EXPECT_EQ(rule, nullptr) << text << ": " << rule->reason;
  }
}

TEST(DefaultParams, Texts) {
  const OutputDefaults price{"mse", {"rmse", "mae"}}, kind{"categorical_crossentropy", {"accuracy"}};
  EXPECT_EQ(plan::CompileParams({kind}),
            "optimizer='Adam(lr=0.001)',loss='categorical_crossentropy',metrics=['accuracy']");
  EXPECT_EQ(
      plan::CompileParams({price, kind}),
      "optimizer='Adam(lr=0.001)',loss=['mse', 'categorical_crossentropy'],metrics=[['rmse', 'mae'], ['accuracy']]");
  EXPECT_EQ(plan::CompileGrid({kind}, {0.001, 0.01}),
            "{'loss': ['categorical_crossentropy'], 'metrics': [['accuracy']], 'optimizer_params_list': [{'optimizer': "
            "['Adam'], 'lr': [0.001, 0.01]}]}");
  EXPECT_EQ(plan::CompileGrid({price, kind}, {0.001}),
            "{'loss': [['mse', 'categorical_crossentropy']], 'metrics': [[['rmse', 'mae'], ['accuracy']]], "
            "'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.001]}]}");
}

TEST(DefaultParams, GridsOfSearches) {
  plan::AdamChoices adam;
  adam.learning_rates = {0.001, 0.01};
  adam.weight_decays = {0, 0.02};
  adam.decay_steps = 1200;
  adam.loss_weights = {0.25};
  EXPECT_EQ(plan::CompileGrid({OutputDefaults{"mse", {"rmse"}}}, adam),
            "{'loss': ['mse'], 'metrics': [['rmse']], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.001, 0.01], "
            "'schedule': ['cosine'], 'decay_steps': [1200], 'weight_decay': [0.0, 0.02]}], 'loss_weights': [[0.25]]}");
}

}  // namespace
