// The rules of losses: every pair is decided, what users train in good faith is let through, and docs/functions.md prints the list.
#include "plan/loss_rules.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/error.hpp"
#include "definitions/loss.hpp"

namespace {

using base::LossKind;
using layers::Range;
using plan::LossCase;
using plan::LossRule;
using plan::TargetType;

constexpr Range kRanges[] = {Range::kUnknown, Range::kAny, Range::kNotNegative, Range::kZeroToOne, Range::kSigmoid, Range::kSoftmax};
constexpr TargetType kTargets[] = {TargetType::kOneHot,   TargetType::kTwoClasses, TargetType::kManyClasses,
                                   TargetType::kIntegers, TargetType::kReals,      TargetType::kReal};

std::string Docs() {
  std::ifstream file(CEREBRO_TEST_DATA "/../../docs/functions.md");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Join(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list.empty() ? "any" : list;
}

// "fits", "warned" or "refused".
std::string Verdict(LossKind loss, bool logits, Range range, bool one_unit, TargetType target) {
  const LossRule* rule = plan::FindLossRule({loss, logits, range, one_unit, target});
  if (rule == nullptr) return "fits";
  return rule->verdict == LossRule::Verdict::kRefused ? "refused" : "warned";
}

std::string RowOf(const LossRule& rule) {
  std::vector<std::string> losses, ranges, targets;
  for (const LossKind loss : rule.losses) losses.emplace_back(definitions::DefinitionOf(loss).name);
  for (const Range range : rule.ranges) ranges.emplace_back(plan::RangeName(range));
  for (const TargetType target : rule.targets) targets.emplace_back(plan::TargetTypeName(target));
  const char* logits = rule.logits == LossRule::Logits::kAny ? "any" : rule.logits == LossRule::Logits::kGiven ? "True" : "False";
  return "| " + Join(losses) + " | " + logits + " | " + Join(ranges) + " | " + (rule.one_unit ? "1" : "any") + " | " + Join(targets) + " | " +
         (rule.verdict == LossRule::Verdict::kRefused ? "refused" : "warned") + " | " + rule.reason + " |\n";
}

TEST(LossRules, AreInTheDocsInTheirOrder) {
  std::string table = "| loss | from_logits | the last layer gives | units | column | | why |\n|---|---|---|---|---|---|---|\n";
  for (const LossRule& rule : plan::LossRules()) table += RowOf(rule);
  EXPECT_NE(Docs().find("\n\n" + table + "\n"), std::string::npos) << "docs/functions.md should have\n" << table;
}

// The docs say which activation gives which numbers; all that a layer may name are there.
TEST(LossRules, ActivationsAreInTheDocs) {
  std::string known;
  try {
    layers::NormalizeArguments(layers::kActivation, "x", base::Value(base::Dict{{"activation", "no such activation"}}));
  } catch (const base::Error& error) {
    known = error.hint();
  }
  const std::string begin = "Known are ";
  ASSERT_EQ(known.compare(0, begin.size(), begin), 0) << known;
  std::map<Range, std::vector<std::string>> names;
  std::istringstream words(known.substr(begin.size(), known.size() - begin.size() - 1));
  for (std::string name; std::getline(words, name, ',');) {
    name.erase(0, name.find_first_not_of(' '));
    base::Layer layer;
    layer.kind = base::LayerKind::kActivation;
    layer.attributes = base::Value(base::Dict{{"activation", name}});
    names[layers::kActivation.range(layer, 1)].push_back(name);
  }
  EXPECT_EQ(names.count(Range::kUnknown), 0u) << Join(names[Range::kUnknown]);
  const std::string docs = Docs();
  for (const auto& [range, activations] : names) {
    if (range == Range::kUnknown) continue;
    const std::string row = "| " + std::string(plan::RangeName(range)) + " | " + Join(activations) + " |\n";
    EXPECT_NE(docs.find(row), std::string::npos) << row;
  }
}

TEST(LossRules, EveryRuleDecidesSomething) {
  std::set<const LossRule*> used;
  for (const definitions::LossDefinition* loss : definitions::Losses()) {
    for (const bool logits : {false, true}) {
      for (const Range range : kRanges) {
        for (const bool one : {false, true}) {
          for (const TargetType target : kTargets) used.insert(plan::FindLossRule({loss->kind, logits, range, one, target}));
        }
      }
    }
  }
  for (const LossRule& rule : plan::LossRules()) EXPECT_EQ(used.count(&rule), 1u) << rule.reason;
}

TEST(LossRules, WhatIsUsualFits) {
  const auto fits = [](LossKind loss, Range range, bool one_unit, TargetType target, bool logits = false) {
    EXPECT_EQ(Verdict(loss, logits, range, one_unit, target), "fits") << static_cast<int>(loss) << " " << plan::RangeName(range);
  };
  fits(LossKind::kCategoricalCrossentropy, Range::kSoftmax, false, TargetType::kOneHot);
  fits(LossKind::kCategoricalCrossentropy, Range::kSoftmax, false, TargetType::kReals);  // soft labels
  fits(LossKind::kCategoricalCrossentropy, Range::kAny, false, TargetType::kOneHot, true);
  fits(LossKind::kSparseCategoricalCrossentropy, Range::kSoftmax, false, TargetType::kManyClasses);
  fits(LossKind::kSparseCategoricalCrossentropy, Range::kAny, false, TargetType::kIntegers, true);
  fits(LossKind::kBinaryCrossentropy, Range::kSigmoid, true, TargetType::kTwoClasses);
  fits(LossKind::kBinaryCrossentropy, Range::kSigmoid, true, TargetType::kReal);     // 0 and 1 as numbers
  fits(LossKind::kBinaryCrossentropy, Range::kSigmoid, false, TargetType::kIntegers);  // several labels at once
  fits(LossKind::kBinaryCrossentropy, Range::kSigmoid, false, TargetType::kOneHot);
  fits(LossKind::kBinaryCrossentropy, Range::kAny, true, TargetType::kTwoClasses, true);
  fits(LossKind::kKullbackLeibler, Range::kSoftmax, false, TargetType::kReals);
  for (const LossKind loss : {LossKind::kMeanSquaredError, LossKind::kMeanAbsoluteError, LossKind::kHuber}) {
    fits(loss, Range::kAny, true, TargetType::kReal);
    fits(loss, Range::kNotNegative, true, TargetType::kReal);
    fits(loss, Range::kAny, false, TargetType::kReals);
    fits(loss, Range::kSoftmax, false, TargetType::kOneHot);  // Brier's score
    fits(loss, Range::kSigmoid, true, TargetType::kTwoClasses);
  }
  for (const LossKind loss : {LossKind::kHinge, LossKind::kSquaredHinge}) {
    fits(loss, Range::kAny, true, TargetType::kTwoClasses);
    fits(loss, Range::kAny, true, TargetType::kReal);  // -1 and 1
    fits(loss, Range::kAny, false, TargetType::kIntegers);
    fits(loss, Range::kAny, false, TargetType::kOneHot);
  }
  fits(LossKind::kCategoricalHinge, Range::kAny, false, TargetType::kOneHot);
  fits(LossKind::kCategoricalHinge, Range::kSoftmax, false, TargetType::kOneHot);
  fits(LossKind::kPoisson, Range::kNotNegative, true, TargetType::kReal);
  fits(LossKind::kMeanSquaredLogarithmicError, Range::kNotNegative, true, TargetType::kReal);
  fits(LossKind::kMeanAbsolutePercentageError, Range::kAny, true, TargetType::kReal);
  fits(LossKind::kLogCosh, Range::kAny, true, TargetType::kReal);
  fits(LossKind::kCosineSimilarity, Range::kAny, false, TargetType::kReals);
  fits(LossKind::kBinaryFocalCrossentropy, Range::kSigmoid, true, TargetType::kTwoClasses);
  fits(LossKind::kBinaryFocalCrossentropy, Range::kAny, true, TargetType::kTwoClasses, true);
  fits(LossKind::kCategoricalFocalCrossentropy, Range::kSoftmax, false, TargetType::kOneHot);
  fits(LossKind::kCategoricalFocalCrossentropy, Range::kAny, false, TargetType::kOneHot, true);
}

// A last layer of which nothing is known is never refused for its numbers, nor warned of.
TEST(LossRules, AnUnknownRangeIsNoReason) {
  EXPECT_EQ(Verdict(LossKind::kCategoricalCrossentropy, false, Range::kUnknown, false, TargetType::kOneHot), "fits");
  EXPECT_EQ(Verdict(LossKind::kBinaryCrossentropy, false, Range::kUnknown, true, TargetType::kReal), "fits");
  EXPECT_EQ(Verdict(LossKind::kKullbackLeibler, false, Range::kUnknown, false, TargetType::kReals), "fits");
}

TEST(LossRules, WhatMakesNoSense) {
  using K = LossKind;
  EXPECT_EQ(Verdict(K::kCategoricalCrossentropy, false, Range::kSigmoid, true, TargetType::kReal), "refused");
  EXPECT_EQ(Verdict(K::kCategoricalCrossentropy, false, Range::kSigmoid, true, TargetType::kIntegers), "refused");
  EXPECT_EQ(Verdict(K::kSparseCategoricalCrossentropy, false, Range::kSoftmax, false, TargetType::kReal), "refused");
  EXPECT_EQ(Verdict(K::kSparseCategoricalCrossentropy, false, Range::kSoftmax, false, TargetType::kReals), "refused");
  EXPECT_EQ(Verdict(K::kSparseCategoricalCrossentropy, true, Range::kAny, true, TargetType::kTwoClasses), "refused");
  EXPECT_EQ(Verdict(K::kBinaryCrossentropy, false, Range::kAny, true, TargetType::kReal), "refused");
  EXPECT_EQ(Verdict(K::kMeanSquaredError, false, Range::kSoftmax, true, TargetType::kReal), "refused");
  EXPECT_EQ(Verdict(K::kMeanSquaredError, false, Range::kAny, true, TargetType::kManyClasses), "warned");
  EXPECT_EQ(Verdict(K::kCategoricalCrossentropy, false, Range::kAny, false, TargetType::kOneHot), "warned");
  EXPECT_EQ(Verdict(K::kBinaryCrossentropy, false, Range::kAny, true, TargetType::kTwoClasses), "warned");
  EXPECT_EQ(Verdict(K::kCategoricalCrossentropy, true, Range::kSoftmax, false, TargetType::kOneHot), "warned");
  EXPECT_EQ(Verdict(K::kBinaryCrossentropy, true, Range::kSigmoid, true, TargetType::kTwoClasses), "warned");
  EXPECT_EQ(Verdict(K::kHinge, false, Range::kAny, true, TargetType::kManyClasses), "refused");
  EXPECT_EQ(Verdict(K::kHinge, false, Range::kSigmoid, true, TargetType::kTwoClasses), "warned");
  EXPECT_EQ(Verdict(K::kCategoricalHinge, false, Range::kAny, false, TargetType::kManyClasses), "refused");
  EXPECT_EQ(Verdict(K::kCategoricalHinge, false, Range::kAny, true, TargetType::kIntegers), "refused");
  EXPECT_EQ(Verdict(K::kCosineSimilarity, false, Range::kAny, true, TargetType::kReal), "refused");
  EXPECT_EQ(Verdict(K::kPoisson, false, Range::kAny, true, TargetType::kReal), "warned");
  EXPECT_EQ(Verdict(K::kPoisson, false, Range::kNotNegative, true, TargetType::kManyClasses), "warned");
  EXPECT_EQ(Verdict(K::kMeanSquaredLogarithmicError, false, Range::kAny, true, TargetType::kReal), "warned");
  EXPECT_EQ(Verdict(K::kMeanAbsolutePercentageError, false, Range::kSoftmax, false, TargetType::kOneHot), "warned");
  EXPECT_EQ(Verdict(K::kBinaryFocalCrossentropy, false, Range::kAny, true, TargetType::kReal), "refused");
  EXPECT_EQ(Verdict(K::kCategoricalFocalCrossentropy, false, Range::kAny, false, TargetType::kOneHot), "warned");
}

TEST(LossRules, TypesOfColumns) {
  base::ColumnSpec column;
  column.kind = base::TargetKind::kClassIndex;
  column.num_classes = 2;
  EXPECT_EQ(plan::TargetTypeOf(column), TargetType::kTwoClasses);
  column.num_classes = 3;
  EXPECT_EQ(plan::TargetTypeOf(column), TargetType::kManyClasses);
  column.kind = base::TargetKind::kOneHot;
  EXPECT_EQ(plan::TargetTypeOf(column), TargetType::kOneHot);
  column.kind = base::TargetKind::kReal;
  EXPECT_EQ(plan::TargetTypeOf(column), TargetType::kReal);
  column.kind = base::TargetKind::kArray;
  column.dtype = base::DType::kInt8;
  EXPECT_EQ(plan::TargetTypeOf(column), TargetType::kIntegers);
  column.dtype = base::DType::kFloat32;
  EXPECT_EQ(plan::TargetTypeOf(column), TargetType::kReals);
}

}  // namespace
