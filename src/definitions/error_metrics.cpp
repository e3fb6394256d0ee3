// Metrics of regression.
#include "definitions/metric.hpp"

namespace definitions {

using base::MetricKind;

const MetricDefinition kMeanAbsoluteErrorMetric{MetricKind::kMeanAbsoluteError, "mae", {"meanabsoluteerror"}, Direction::kDown, {}, {}};
const MetricDefinition kMeanSquaredErrorMetric{MetricKind::kMeanSquaredError, "mse", {"meansquarederror"}, Direction::kDown, {}, {}};
const MetricDefinition kRootMeanSquaredErrorMetric{
    MetricKind::kRootMeanSquaredError, "rmse", {"rootmeansquarederror"}, Direction::kDown, {}, {}};

const MetricDefinition kMeanAbsolutePercentageErrorMetric{
    MetricKind::kMeanAbsolutePercentageError, "mape", {"meanabsolutepercentageerror"}, Direction::kDown, {}, {}};

}  // namespace definitions
