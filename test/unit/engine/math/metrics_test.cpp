// Metrics against data/loss.py (metrics.json).

#include "engine/math/metrics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "definitions/metric.hpp"
#include "../golden.hpp"

namespace engine::math {
namespace {

using base::MetricConfig;
using base::MetricKind;

MetricConfig Metric(MetricKind kind, int k = 5) {
  MetricConfig metric;
  for (const definitions::MetricDefinition* definition : definitions::Metrics()) {
    if (definition->kind == kind) metric = definitions::DefaultConfig(*definition);
  }
  metric.kind = kind;
  metric.name = "m";
  metric.k = k;
  return metric;
}

template <typename Value>
MetricConfig Metric(MetricKind kind, Value MetricConfig::*field, Value value) {
  MetricConfig metric = Metric(kind);
  metric.*field = value;
  return metric;
}

MetricConfig With(MetricConfig metric, double threshold) {
  metric.threshold = threshold;
  return metric;
}

MetricConfig WithThresholds(MetricConfig metric, int thresholds) {
  metric.num_thresholds = thresholds;
  return metric;
}

constexpr int kMicro = static_cast<int>(base::Average::kMicro), kWeighted = static_cast<int>(base::Average::kWeighted),
              kPR = static_cast<int>(base::Curve::kPrecisionRecall), kLinear = static_cast<int>(base::Weightage::kLinear),
              kQuadratic = static_cast<int>(base::Weightage::kQuadratic);

// All of the file's, as loss.py names them. Made at the first call, when the definitions are there.
const std::vector<std::pair<const char*, MetricConfig>>& Names() {
  static const std::vector<std::pair<const char*, MetricConfig>> names = {
      {"categorical_accuracy", Metric(MetricKind::kCategoricalAccuracy)},
      {"binary_accuracy", Metric(MetricKind::kBinaryAccuracy)},
      {"top_k", Metric(MetricKind::kTopKCategoricalAccuracy)},
      {"mae", Metric(MetricKind::kMeanAbsoluteError)},
      {"mse", Metric(MetricKind::kMeanSquaredError)},
      {"rmse", Metric(MetricKind::kRootMeanSquaredError)},
      {"mape", Metric(MetricKind::kMeanAbsolutePercentageError)},
      {"auc", Metric(MetricKind::kAUC)},
      {"precision", Metric(MetricKind::kPrecision)},
      {"recall", Metric(MetricKind::kRecall)},
      {"binary_accuracy(threshold=0.25)", With(Metric(MetricKind::kBinaryAccuracy), 0.25)},
      {"precision(thresholds=0.25)", With(Metric(MetricKind::kPrecision), 0.25)},
      {"recall(thresholds=0.75)", With(Metric(MetricKind::kRecall), 0.75)},
      {"auc(num_thresholds=17)", WithThresholds(Metric(MetricKind::kAUC), 17)},
      {"auc(curve='PR')", Metric(MetricKind::kAUC, &MetricConfig::curve, kPR)},
      {"auc(curve='PR', num_thresholds=17)", WithThresholds(Metric(MetricKind::kAUC, &MetricConfig::curve, kPR), 17)},
      {"f1_score", Metric(MetricKind::kF1Score)},
      {"f1_score(average='micro')", Metric(MetricKind::kF1Score, &MetricConfig::average, kMicro)},
      {"f1_score(average='weighted')", Metric(MetricKind::kF1Score, &MetricConfig::average, kWeighted)},
      {"f1_score(average='weighted', threshold=0.25)", With(Metric(MetricKind::kF1Score, &MetricConfig::average, kWeighted), 0.25)},
      {"matthews_correlation", Metric(MetricKind::kMatthewsCorrelation)},
      {"cohen_kappa", Metric(MetricKind::kCohenKappa)},
      {"cohen_kappa(weightage='linear')", Metric(MetricKind::kCohenKappa, &MetricConfig::weightage, kLinear)},
      {"cohen_kappa(weightage='quadratic')", Metric(MetricKind::kCohenKappa, &MetricConfig::weightage, kQuadratic)},
  };
  return names;
}

MetricConfig WithK(MetricConfig metric, int k) {
  metric.k = k;
  return metric;
}

/// The metric over all positions, added up in pieces.
template <typename T>
double Compute(const MetricConfig& metric, const MetricBatch<T>& all, int64_t piece) {
  std::vector<double> total(MetricSums(metric, all.classes));
  for (int64_t from = 0; from < all.positions; from += piece) {
    MetricBatch<T> part = all;
    part.positions = std::min(piece, all.positions - from);
    part.output = all.output + from * all.classes;
    if (all.target != nullptr) part.target = all.target + from * all.classes;
    if (all.index != nullptr) part.index = all.index + from;
    if (all.mask != nullptr) part.mask = all.mask + from;
    std::vector<double> sums(MetricSums(metric, all.classes));
    UpdateMetric(metric, part, sums.data());
    for (size_t i = 0; i < sums.size(); i++) total[i] += sums[i];
  }
  return FinishMetric(metric, all.classes, total.data());
}

template <typename T>
void CheckCases(double tolerance) {
  for (const base::Value& entry : golden::Read("metrics.json")) {
    SCOPED_TRACE(golden::Get(entry, "name").string());
    const std::vector<T> output = golden::Numbers<T>(golden::Get(entry, "output"));
    const std::vector<T> target = golden::Numbers<T>(golden::Get(entry, "target"));
    MetricBatch<T> batch;
    batch.classes = golden::Get(entry, "classes").integer();
    batch.positions = static_cast<int64_t>(output.size()) / batch.classes;
    batch.output = output.data();
    batch.target = target.data();
    const int k = static_cast<int>(golden::Get(entry, "k").integer());
    for (const auto& [name, metric] : Names()) {
      const double expected = golden::Get(golden::Get(entry, "values"), name).number();
      for (int64_t piece : {batch.positions, int64_t{7}}) {
        const double scale = std::max(1.0, std::abs(expected));  // mape is large where targets are 0
        EXPECT_NEAR(Compute(WithK(metric, k), batch, piece) / scale, expected / scale, tolerance) << name << " in pieces of " << piece;
      }
    }
  }
}

TEST(Metrics, DoubleFollowsKeras) { CheckCases<double>(1e-12); }
TEST(Metrics, FloatFollowsKeras) { CheckCases<float>(1e-9); }  // the files' numbers are float32 numbers

TEST(Metrics, ClassIndexesStandForTheirOneHotRows) {
  for (const base::Value& entry : golden::Read("metrics.json")) {
    const std::string& name = golden::Get(entry, "name").string();
    if (name != "ten_classes" && name != "ties" && name != "no_skill") continue;
    const std::vector<double> output = golden::Numbers<double>(golden::Get(entry, "output"));
    const std::vector<double> target = golden::Numbers<double>(golden::Get(entry, "target"));
    MetricBatch<double> dense, sparse;
    dense.classes = sparse.classes = golden::Get(entry, "classes").integer();
    dense.positions = sparse.positions = static_cast<int64_t>(output.size()) / dense.classes;
    dense.output = sparse.output = output.data();
    dense.target = target.data();
    std::vector<int64_t> index;
    for (int64_t i = 0; i < dense.positions; i++) {
      const double* row = target.data() + i * dense.classes;
      index.push_back(std::max_element(row, row + dense.classes) - row);
    }
    sparse.index = index.data();
    for (const auto& [label, metric] : Names()) {
      EXPECT_EQ(Compute(WithK(metric, 2), dense, 50), Compute(WithK(metric, 2), sparse, 50)) << name << " " << label;
    }
    EXPECT_EQ(Compute(Metric(MetricKind::kSparseCategoricalAccuracy), sparse, 50),
              Compute(Metric(MetricKind::kCategoricalAccuracy), dense, 50));
  }
}

TEST(Metrics, MaskedPositionsDoNotCount) {
  const float output[] = {0.9f, 0.1f, 0.2f, 0.8f, 0.6f, 0.4f};
  const int64_t index[] = {0, 0, 1};
  const bool mask[] = {true, false, true};
  MetricBatch<float> batch;
  batch.output = output;
  batch.index = index;
  batch.mask = mask;
  batch.positions = 3;
  batch.classes = 2;
  EXPECT_EQ(Compute(Metric(MetricKind::kSparseCategoricalAccuracy), batch, 3), 0.5);
}

TEST(Metrics, TopKCountsTiesAsInAndNotANumberAsOut) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float output[] = {0.4f, 0.4f, 0.2f, nan, 0.9f, 0.1f};
  const int64_t index[] = {1, 1};
  MetricBatch<float> batch;
  batch.output = output;
  batch.index = index;
  batch.positions = 2;
  batch.classes = 3;
  EXPECT_EQ(Compute(Metric(MetricKind::kSparseTopKCategoricalAccuracy, 1), batch, 2), 0.5);
}

TEST(Metrics, ValuesOutsideTheUnitIntervalDoNotBreakTheCurve) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double output[] = {-3, 7, nan, std::numeric_limits<double>::infinity()};
  const double target[] = {0, 1, 0, 1};
  MetricBatch<double> batch;
  batch.output = output;
  batch.target = target;
  batch.positions = 4;
  EXPECT_EQ(Compute(Metric(MetricKind::kAUC), batch, 4), 1.0);
}

// 1 - residual sum of squares / total sum of squares about the mean, element by element, in two passes.
TEST(Metrics, R2FollowsItsDefinition) {
  constexpr int64_t kRows = 53, kElements = 3;
  std::vector<double> output, target;
  for (int64_t i = 0; i < kRows * kElements; i++) {
    const double x = static_cast<double>(i);
    target.push_back(std::sin(x) * (1 + x / 40) + 3);
    output.push_back(target.back() + 0.4 * std::cos(5 * x));
  }
  double expected = 0;
  for (int64_t c = 0; c < kElements; c++) {
    double mean = 0, total = 0, residuals = 0;
    for (int64_t i = 0; i < kRows; i++) mean += target[i * kElements + c] / kRows;
    for (int64_t i = 0; i < kRows; i++) {
      const double y = target[i * kElements + c], p = output[i * kElements + c];
      total += (y - mean) * (y - mean);
      residuals += (y - p) * (y - p);
    }
    expected += (1 - residuals / total) / kElements;
  }
  EXPECT_GT(expected, 0.5);
  EXPECT_LT(expected, 0.99);
  MetricBatch<double> batch;
  batch.output = output.data();
  batch.target = target.data();
  batch.positions = kRows;
  batch.classes = kElements;
  for (const int64_t piece : {kRows, int64_t{7}, int64_t{1}}) {
    EXPECT_NEAR(Compute(Metric(MetricKind::kR2), batch, piece), expected, 1e-12) << "in pieces of " << piece;
  }
  batch.output = target.data();
  EXPECT_NEAR(Compute(Metric(MetricKind::kR2), batch, kRows), 1, 1e-15);
}

TEST(Metrics, R2CountsTargetsWithoutSpreadAsZero) {
  const double target[] = {0.1, 1, 0.1, 2, 0.1, 3}, output[] = {0.1, 1, 0.2, 2, 0.1, 3};
  const bool mask[] = {true, false, true};
  MetricBatch<double> batch;
  batch.output = output;
  batch.target = target;
  batch.positions = 3;
  batch.classes = 2;
  EXPECT_EQ(Compute(Metric(MetricKind::kR2), batch, 3), 0.5);
  // the mean predicted everywhere, and worse than that
  const double y[] = {1, 2, 3}, mean[] = {2, 2, 2}, wrong[] = {3, 2, 1};
  batch.target = y;
  batch.classes = 1;
  batch.output = mean;
  EXPECT_EQ(Compute(Metric(MetricKind::kR2), batch, 3), 0);
  batch.output = wrong;
  EXPECT_EQ(Compute(Metric(MetricKind::kR2), batch, 3), -3);
  batch.mask = mask;
  EXPECT_EQ(Compute(Metric(MetricKind::kR2), batch, 3), -3);
}

TEST(Metrics, SumsOfClassesNeedAFixedSize) {
  for (const MetricKind kind : {MetricKind::kR2, MetricKind::kF1Score, MetricKind::kMatthewsCorrelation, MetricKind::kCohenKappa}) {
    EXPECT_THROW(MetricSums(Metric(kind), -1), base::Error);
  }
}

// Every class is the true one as often as the others, and predictions do not look at it.
TEST(Metrics, AgreementByChanceIsNone) {
  std::vector<double> output;
  std::vector<int64_t> index;
  for (int64_t actual = 0; actual < 3; actual++) {
    for (int64_t predicted = 0; predicted < 3; predicted++) {
      index.push_back(actual);
      for (int64_t c = 0; c < 3; c++) output.push_back(c == predicted ? 0.8 : 0.1);
    }
  }
  MetricBatch<double> batch;
  batch.output = output.data();
  batch.index = index.data();
  batch.positions = 9;
  batch.classes = 3;
  EXPECT_NEAR(Compute(Metric(MetricKind::kMatthewsCorrelation), batch, 9), 0, 1e-15);
  EXPECT_NEAR(Compute(Metric(MetricKind::kCohenKappa), batch, 9), 0, 1e-15);
  EXPECT_NEAR(Compute(Metric(MetricKind::kCohenKappa, &MetricConfig::weightage, kQuadratic), batch, 9), 0, 1e-15);
}

TEST(Metrics, NothingCountedIsZero) {
  const MetricBatch<float> none;
  for (const auto& [name, metric] : Names()) EXPECT_EQ(Compute(metric, none, 1), 0) << name;
}

TEST(Metrics, AccuracyIsResolvedByOutputAndTarget) {
  using base::LossKind;
  const auto resolve = [](LossKind loss, base::Shape shape) { return ResolveMetric(MetricKind::kAccuracy, loss, shape); };
  EXPECT_EQ(resolve(LossKind::kCategoricalCrossentropy, {10}), MetricKind::kCategoricalAccuracy);
  EXPECT_EQ(resolve(LossKind::kBinaryCrossentropy, {10}), MetricKind::kCategoricalAccuracy);
  EXPECT_EQ(resolve(LossKind::kBinaryCrossentropy, {1}), MetricKind::kBinaryAccuracy);
  EXPECT_EQ(resolve(LossKind::kMeanSquaredError, {}), MetricKind::kBinaryAccuracy);
  EXPECT_EQ(resolve(LossKind::kSparseCategoricalCrossentropy, {7, 10}), MetricKind::kSparseCategoricalAccuracy);
  EXPECT_EQ(ResolveMetric(MetricKind::kRecall, LossKind::kHuber, {3}), MetricKind::kRecall);
}

TEST(Metrics, UnresolvedKindsAreRefused) {
  EXPECT_THROW(MetricSums(Metric(MetricKind::kAccuracy), 1), base::Error);
  EXPECT_THROW(MetricSums(Metric(MetricKind::kLoss), 1), base::Error);
}

}  // namespace
}  // namespace engine::math
