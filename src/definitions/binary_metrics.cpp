// Metrics of yes and no: areas under curves, precision, recall and their mean; and how far classes agree beyond chance.
#include "definitions/metric.hpp"

namespace definitions {
namespace {

using base::MetricConfig;
using base::MetricKind;

constexpr int kMostThresholds = 10000;

constexpr Argument<MetricConfig> kThresholds = Number("thresholds", &MetricConfig::threshold, 0.5, kZeroToOne, true);
// as an index or by default the largest output is a yes, which is written as 0
constexpr Argument<MetricConfig> kThreshold = Number("threshold", &MetricConfig::threshold, 0, {0, 1, true}, true);

}  // namespace

const MetricDefinition kAUCMetric{MetricKind::kAUC,
                                  "auc",
                                  {},
                                  Direction::kUp,
                                  {Choice("curve", &MetricConfig::curve, "ROC PR"),
                                   Count("num_thresholds", &MetricConfig::num_thresholds, 200, 2, kMostThresholds)},
                                  {}};
const MetricDefinition kPrecisionMetric{MetricKind::kPrecision, "precision", {}, Direction::kUp, {kThresholds}, {}};
const MetricDefinition kRecallMetric{MetricKind::kRecall, "recall", {}, Direction::kUp, {kThresholds}, {}};
const MetricDefinition kF1ScoreMetric{MetricKind::kF1Score,
                                      "f1_score",
                                      {"f1"},
                                      Direction::kUp,
                                      {Choice("average", &MetricConfig::average, "macro micro weighted"), kThreshold},
                                      {}};
const MetricDefinition kMatthewsCorrelationMetric{MetricKind::kMatthewsCorrelation,
                                                  "matthews_correlation",
                                                  {"mcc", "matthewscorrelationcoefficient"},
                                                  Direction::kUp,
                                                  {},
                                                  {}};
const MetricDefinition kCohenKappaMetric{MetricKind::kCohenKappa,
                                         "cohen_kappa",
                                         {"kappa"},
                                         Direction::kUp,
                                         {Choice("weightage", &MetricConfig::weightage, "none linear quadratic")},
                                         {}};

}  // namespace definitions
