// Metrics against data/loss.py (metrics.json).

#include "engine/math/metrics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "base/error.hpp"
#include "../golden.hpp"

namespace engine::math {
namespace {

using base::MetricConfig;
using base::MetricKind;

const std::pair<const char*, MetricKind> kNames[] = {
    {"categorical_accuracy", MetricKind::kCategoricalAccuracy},
    {"binary_accuracy", MetricKind::kBinaryAccuracy},
    {"top_k", MetricKind::kTopKCategoricalAccuracy},
    {"mae", MetricKind::kMeanAbsoluteError},
    {"mse", MetricKind::kMeanSquaredError},
    {"rmse", MetricKind::kRootMeanSquaredError},
    {"auc", MetricKind::kAUC},
    {"precision", MetricKind::kPrecision},
    {"recall", MetricKind::kRecall},
};

MetricConfig Metric(MetricKind kind, int k = 5) {
  MetricConfig metric;
  metric.kind = kind;
  metric.name = "m";
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
    for (const auto& [name, kind] : kNames) {
      const double expected = golden::Get(golden::Get(entry, "values"), name).number();
      for (int64_t piece : {batch.positions, int64_t{7}}) {
        EXPECT_NEAR(Compute(Metric(kind, k), batch, piece), expected, tolerance) << name << " in pieces of " << piece;
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
    for (const auto& [metric, kind] : kNames) {
      EXPECT_EQ(Compute(Metric(kind, 2), dense, 50), Compute(Metric(kind, 2), sparse, 50)) << name << " " << metric;
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

TEST(Metrics, R2NeedsAFixedSize) { EXPECT_THROW(MetricSums(Metric(MetricKind::kR2), -1), base::Error); }

TEST(Metrics, NothingCountedIsZero) {
  const MetricBatch<float> none;
  for (const auto& [name, kind] : kNames) EXPECT_EQ(Compute(Metric(kind), none, 1), 0) << name;
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
