// The coefficient of determination: 1 where predictions are the targets, 0 where they are no better than the targets'
// mean.
#include "definitions/metric.hpp"

namespace definitions {

const MetricDefinition kR2Metric{base::MetricKind::kR2, "r2", {"r2score"}, Direction::kUp, {}, {}};

}  // namespace definitions
