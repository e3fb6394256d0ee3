// Every optimizer, loss and metric has a whole definition and a line in the docs.
#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <set>
#include <sstream>

#include "base/error.hpp"
#include "definitions/loss.hpp"
#include "definitions/metric.hpp"
#include "definitions/names.hpp"
#include "definitions/optimizer.hpp"

namespace {

using definitions::Direction;
using definitions::Folded;
using definitions::LossDefinition;
using definitions::MetricDefinition;
using definitions::OptimizerDefinition;

// The paragraph of docs/functions.md that begins with this text.
std::string Paragraph(const std::string& begin) {
  std::ifstream file(CEREBRO_TEST_DATA "/../../docs/functions.md");
  std::ostringstream text;
  text << file.rdbuf();
  const std::string docs = text.str();
  const size_t at = docs.find("\n" + begin);
  EXPECT_NE(at, std::string::npos) << begin;
  return at == std::string::npos ? std::string() : docs.substr(at, docs.find("\n\n", at) - at);
}

// Whether the text has this word, not as a part of a longer one.
bool Mentions(const std::string& text, const std::string& word) {
  const auto in_word = [&text](size_t at) {
    return at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_');
  };
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    if ((at == 0 || !in_word(at - 1)) && !in_word(at + word.size())) return true;
  }
  return false;
}

template <class Config>
void ExpectWhole(const std::vector<definitions::Argument<Config>>& arguments) {
  std::set<std::string> names;
  for (const auto& argument : arguments) {
    SCOPED_TRACE(argument.name);
    EXPECT_TRUE(names.insert(argument.name).second);
    EXPECT_EQ((argument.flag != nullptr) + (argument.number != nullptr) + (argument.count != nullptr) + (argument.choice != nullptr) +
                  (argument.texts != nullptr),
              1);
    EXPECT_EQ(argument.choice != nullptr, argument.words != nullptr);
    EXPECT_GE(argument.initial, argument.range.low);
    EXPECT_LE(argument.initial, argument.range.high);
  }
}

TEST(Optimizers, AreDefinedOnceAndWhole) {
  std::set<base::OptimizerKind> kinds;
  std::set<std::string> names;
  for (const OptimizerDefinition* definition : definitions::Optimizers()) {
    SCOPED_TRACE(definition->name);
    EXPECT_TRUE(kinds.insert(definition->kind).second);
    EXPECT_TRUE(names.insert(Folded(definition->name)).second);
    EXPECT_EQ(definitions::FindOptimizer(definition->name), definition);
    EXPECT_EQ(definitions::FindOptimizer(Folded(definition->name)), definition);
    ExpectWhole(definition->arguments);
    const base::OptimizerConfig config = definitions::DefaultConfig(*definition);
    EXPECT_EQ(&definitions::DefinitionOf(config), definition);
    EXPECT_EQ(config.name, definition->name);
    EXPECT_GT(config.learning_rate, 0);
    EXPECT_GT(definition->update_seconds(config), 0);
    const std::vector<std::string> slots = definition->slots(config);
    EXPECT_EQ(std::set<std::string>(slots.begin(), slots.end()).size(), slots.size());
    EXPECT_NE(Paragraph("| optimizer | ").find("\n| " + std::string(definition->name) + " ("), std::string::npos) << "docs/functions.md";
  }
  ExpectWhole(definitions::CommonArguments());
  EXPECT_EQ(definitions::FindOptimizer("Adma"), nullptr);
  base::OptimizerConfig stranger;
  stranger.kind = static_cast<base::OptimizerKind>(999);
  EXPECT_THROW(definitions::DefinitionOf(stranger), base::Error);
#define CEREBRO_OPTIMIZER(name, number) EXPECT_EQ(definitions::k##name##Optimizer.kind, base::OptimizerKind::k##name) << #name;
#include "base/kinds.inc"
}

TEST(Optimizers, HaveTheSlotsThatTheirArgumentsAskFor) {
  base::OptimizerConfig config;
  const auto slots = [&](const OptimizerDefinition& definition) { return definition.slots(config); };
  EXPECT_EQ(slots(definitions::kSGDOptimizer), (std::vector<std::string>{}));
  EXPECT_EQ(slots(definitions::kAdamOptimizer), (std::vector<std::string>{"m", "v"}));
  EXPECT_EQ(slots(definitions::kRMSpropOptimizer), (std::vector<std::string>{"rms"}));
  EXPECT_EQ(slots(definitions::kAdagradOptimizer), (std::vector<std::string>{"accumulator"}));
  EXPECT_EQ(slots(definitions::kNadamOptimizer), (std::vector<std::string>{"m", "v"}));
  config.momentum = 0.5;
  config.amsgrad = config.centered = true;
  config.initial_accumulator_value = 0.25;
  EXPECT_EQ(slots(definitions::kSGDOptimizer), (std::vector<std::string>{"momentum"}));
  EXPECT_EQ(slots(definitions::kAdamWOptimizer), (std::vector<std::string>{"m", "v", "vhat"}));
  EXPECT_EQ(slots(definitions::kRMSpropOptimizer), (std::vector<std::string>{"rms", "momentum", "mg"}));
  EXPECT_EQ(definitions::kAdagradOptimizer.initial(config, 0), 0.25);
  EXPECT_EQ(slots(definitions::kAdadeltaOptimizer), (std::vector<std::string>{"accumulated_grad", "accumulated_delta_var"}));
  EXPECT_EQ(slots(definitions::kAdamaxOptimizer), (std::vector<std::string>{"m", "u"}));
  EXPECT_EQ(slots(definitions::kFtrlOptimizer), (std::vector<std::string>{"accumulator", "linear"}));
  EXPECT_EQ(slots(definitions::kLionOptimizer), (std::vector<std::string>{"m"}));
  EXPECT_EQ(slots(definitions::kLAMBOptimizer), (std::vector<std::string>{"m", "v"}));
  EXPECT_EQ(definitions::kFtrlOptimizer.initial(config, 0), 0.25);
  EXPECT_EQ(definitions::kFtrlOptimizer.initial(config, 1), 0);
}

TEST(Losses, AreDefinedOnceAndWhole) {
  std::set<base::LossKind> kinds;
  std::set<std::string> names;
  const std::string docs = Paragraph("Losses: ");
  for (const LossDefinition* definition : definitions::Losses()) {
    SCOPED_TRACE(definition->name);
    EXPECT_TRUE(kinds.insert(definition->kind).second);
    EXPECT_TRUE(names.insert(Folded(definition->name)).second);
    EXPECT_EQ(definitions::FindLoss(definition->name), definition);
    bool documented = Mentions(docs, definition->name);
    for (const char* alias : definition->aliases) {
      EXPECT_EQ(Folded(alias), alias);
      EXPECT_TRUE(names.insert(alias).second) << alias;
      EXPECT_EQ(definitions::FindLoss(alias), definition) << alias;
      documented = documented || Mentions(docs, alias);
    }
    EXPECT_TRUE(documented) << "docs/functions.md";
    ExpectWhole(definition->arguments);
    EXPECT_EQ(definitions::DefaultConfig(*definition).kind, definition->kind);
    EXPECT_EQ(definitions::DefaultConfig(*definition).name, definition->name);
  }
  EXPECT_EQ(definitions::FindLoss("mean_error"), nullptr);
#define CEREBRO_LOSS(name, number) EXPECT_EQ(definitions::k##name##Loss.kind, base::LossKind::k##name) << #name;
#include "base/kinds.inc"
}

TEST(Metrics, AreDefinedOnceAndWhole) {
  std::set<base::MetricKind> kinds;
  std::set<std::string> names;
  const std::string docs = Paragraph("Metrics: ");
  for (const MetricDefinition* definition : definitions::Metrics()) {
    SCOPED_TRACE(definition->name);
    EXPECT_TRUE(kinds.insert(definition->kind).second);
    EXPECT_NE(definition->kind, base::MetricKind::kLoss);
    EXPECT_TRUE(names.insert(Folded(definition->name)).second);
    EXPECT_EQ(definitions::FindMetric(definition->name), definition);
    EXPECT_NE(definition->direction, Direction::kUnstated);
    bool documented = Mentions(docs, definition->name);
    for (const char* alias : definition->aliases) {
      EXPECT_EQ(Folded(alias), alias);
      EXPECT_TRUE(names.insert(alias).second) << alias;
      EXPECT_EQ(definitions::FindMetric(alias), definition) << alias;
    }
    for (const char* pattern : definition->numbered) documented = documented || docs.find(pattern) != std::string::npos;
    EXPECT_TRUE(documented) << "docs/functions.md";
    ExpectWhole(definition->arguments);
    EXPECT_EQ(definitions::DefaultConfig(*definition).kind, definition->kind);
  }
  EXPECT_EQ(definitions::FindMetric("loss"), nullptr);
#define CEREBRO_METRIC(name, number) EXPECT_EQ(definitions::k##name##Metric.kind, base::MetricKind::k##name) << #name;
#include "base/kinds.inc"
}

TEST(Metrics, HaveNumbersInTheirNames) {
  int k = 0;
  const auto find = [&k](const char* name) { return definitions::FindNumberedMetric(name, &k); };
  EXPECT_EQ(find("top_5_accuracy"), &definitions::kTopKCategoricalAccuracyMetric);
  EXPECT_EQ(k, 5);
  EXPECT_EQ(find("Sparse_Top_12_Categorical_Accuracy"), &definitions::kSparseTopKCategoricalAccuracyMetric);
  EXPECT_EQ(k, 12);
  EXPECT_EQ(find("top_1000000_accuracy"), &definitions::kTopKCategoricalAccuracyMetric);
  for (const char* wrong : {"top_0_accuracy", "top__accuracy", "top_accuracy", "top_x_accuracy", "top_1000001_accuracy", "top_-1_accuracy",
                            "top_99999999999999999999_accuracy", "top_5_accuracy_", "accuracy", ""}) {
    EXPECT_EQ(find(wrong), nullptr) << wrong;
  }
}

}  // namespace
