// Metrics of yes and no: the area under the ROC curve, precision and recall.
#include "definitions/metric.hpp"

namespace definitions {

using base::MetricKind;

const MetricDefinition kAUCMetric{MetricKind::kAUC, "auc", {}, Direction::kUp, {}, {}};
const MetricDefinition kPrecisionMetric{MetricKind::kPrecision, "precision", {}, Direction::kUp, {}, {}};
const MetricDefinition kRecallMetric{MetricKind::kRecall, "recall", {}, Direction::kUp, {}, {}};

}  // namespace definitions
