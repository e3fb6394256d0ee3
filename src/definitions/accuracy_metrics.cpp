// Accuracies. "accuracy" becomes one of the others by the loss and the output's shape, as Keras does (the engine's
// ResolveMetric).
#include "definitions/metric.hpp"

namespace definitions {
namespace {

using base::MetricKind;

constexpr Argument<base::MetricConfig> kTopK = Count("k", &base::MetricConfig::k, 5, 1, kMaxTopK);

}  // namespace

const MetricDefinition kAccuracyMetric{MetricKind::kAccuracy, "accuracy", {"acc"}, Direction::kUp, {}, {}};
const MetricDefinition kCategoricalAccuracyMetric{
    MetricKind::kCategoricalAccuracy, "categorical_accuracy", {}, Direction::kUp, {}, {}};
const MetricDefinition kSparseCategoricalAccuracyMetric{
    MetricKind::kSparseCategoricalAccuracy, "sparse_categorical_accuracy", {}, Direction::kUp, {}, {}};
const MetricDefinition kBinaryAccuracyMetric{MetricKind::kBinaryAccuracy,
                                             "binary_accuracy",
                                             {},
                                             Direction::kUp,
                                             {Number("threshold", &base::MetricConfig::threshold, 0.5, kAnyNumber)},
                                             {}};
const MetricDefinition kTopKCategoricalAccuracyMetric{MetricKind::kTopKCategoricalAccuracy,
                                                      "top_k_categorical_accuracy",
                                                      {},
                                                      Direction::kUp,
                                                      {kTopK},
                                                      {"top_<k>_accuracy", "top_<k>_categorical_accuracy"}};
const MetricDefinition kSparseTopKCategoricalAccuracyMetric{MetricKind::kSparseTopKCategoricalAccuracy,
                                                            "sparse_top_k_categorical_accuracy",
                                                            {},
                                                            Direction::kUp,
                                                            {kTopK},
                                                            {"sparse_top_<k>_accuracy", "sparse_top_<k>_categorical_accuracy"}};

}  // namespace definitions
