// Every optimizer, loss and metric through the reader of parameters, by each of its names.
#include <gtest/gtest.h>

#include "base/literal.hpp"
#include "definitions/loss.hpp"
#include "definitions/metric.hpp"
#include "definitions/optimizer.hpp"
#include "plan/metric_order.hpp"
#include "plan/params.hpp"

namespace {

using plan::CanonicalParams;
using plan::ReadConfig;

// "(name=default, ...)"
template <class Config>
std::string DefaultsText(const std::vector<definitions::Argument<Config>>& arguments) {
  std::string text;
  for (const auto& argument : arguments) {
    base::Value value = argument.flag != nullptr ? base::Value(false) : base::Value(argument.initial);
    const bool only_none = argument.range.open_low && argument.initial == argument.range.low;  // a number of its own for None
    if (argument.choice != nullptr || argument.texts != nullptr || only_none) value = base::Value();
    text += (text.empty() ? "(" : ", ") + std::string(argument.name) + "=" + base::FormatPython(value);
  }
  return text.empty() ? "()" : text + ")";
}

template <class Config>
void ExpectSameFields(const std::vector<definitions::Argument<Config>>& arguments, const Config& a, const Config& b) {
  for (const auto& argument : arguments) {
    SCOPED_TRACE(argument.name);
    if (argument.flag != nullptr) {
      EXPECT_EQ(a.*argument.flag, b.*argument.flag);
    }
    if (argument.number != nullptr) {
      EXPECT_EQ(a.*argument.number, b.*argument.number);
    }
    if (argument.count != nullptr) {
      EXPECT_EQ(a.*argument.count, b.*argument.count);
    }
    if (argument.choice != nullptr) {
      EXPECT_EQ(a.*argument.choice, b.*argument.choice);
    }
    if (argument.texts != nullptr) {
      EXPECT_EQ(a.*argument.texts, b.*argument.texts);
    }
  }
}

TEST(Definitions, EveryOptimizerIsRead) {
  for (const definitions::OptimizerDefinition* definition : definitions::Optimizers()) {
    const std::string name = definition->name;
    SCOPED_TRACE(name);
    const base::OptimizerConfig whole = definitions::DefaultConfig(*definition);
    for (const std::string& text : {name, name + "()", name + DefaultsText(definition->arguments)}) {
      const base::OptimizerConfig read = ReadConfig("loss='mse', optimizer=" + text, "").optimizer;
      EXPECT_EQ(read.kind, definition->kind);
      EXPECT_EQ(read.name, definition->name);
      EXPECT_EQ(read.learning_rate, definition->learning_rate);
      ExpectSameFields(definition->arguments, read, whole);
      ExpectSameFields(definitions::CommonArguments(), read, whole);
    }
    EXPECT_EQ(CanonicalParams("optimizer=" + name, "compile_params"), "optimizer='" + name + "'");
  }
}

TEST(Definitions, EveryLossIsRead) {
  for (const definitions::LossDefinition* definition : definitions::Losses()) {
    const std::string name = definition->name;
    SCOPED_TRACE(name);
    std::vector<std::string> texts = {name, name + DefaultsText(definition->arguments)};
    texts.insert(texts.end(), definition->aliases.begin(), definition->aliases.end());
    for (const std::string& text : texts) {
      const base::LossConfig read = ReadConfig("optimizer='SGD', loss=" + text, "").losses[0];
      EXPECT_EQ(read.kind, definition->kind) << text;
      EXPECT_EQ(read.name, definition->name) << text;
      ExpectSameFields(definition->arguments, read, definitions::DefaultConfig(*definition));
      EXPECT_EQ(CanonicalParams("loss=" + text.substr(0, text.find('(')), "compile_params"), "loss='" + name + "'");
    }
  }
}

TEST(Definitions, EveryMetricIsReadAndRanked) {
  for (const definitions::MetricDefinition* definition : definitions::Metrics()) {
    const std::string name = definition->name;
    SCOPED_TRACE(name);
    std::vector<std::string> texts = {name, name + DefaultsText(definition->arguments)};
    texts.insert(texts.end(), definition->aliases.begin(), definition->aliases.end());
    for (std::string pattern : definition->numbered) texts.push_back(pattern.replace(pattern.find("<k>"), 3, "3"));
    const bool up = definition->direction == definitions::Direction::kUp;
    for (const std::string& text : texts) {
      const base::MetricConfig read = ReadConfig("optimizer='SGD', loss='mse', metrics=['" + text + "']", "").metrics[0];
      EXPECT_EQ(read.kind, definition->kind) << text;
      EXPECT_EQ(read.name, text);
      EXPECT_EQ(read.k, text.find('3') == std::string::npos ? 5 : 3) << text;
      for (const char* before : {"", "val_", "left_", "val_my_output_"}) EXPECT_EQ(plan::GoesUp(before + text), up) << before << text;
    }
  }
}

TEST(MetricOrder, IsThatOfTheDefinition) {
  for (const char* up : {"AUC", "tf.keras.metrics.AUC()", "TopKCategoricalAccuracy(k=3)", "left_TopKCategoricalAccuracy(k=3)", "out.1_acc",
                         "mse_accuracy"}) {
    EXPECT_TRUE(plan::GoesUp(up)) << up;
  }
  // what ends in the word of an accuracy is none
  for (const char* down : {"loss", "val_loss", "accuracy_loss", "auc_mse", "inaccuracy", "", "_"}) {
    EXPECT_FALSE(plan::GoesUp(down)) << down;
  }
}

}  // namespace
