// Losses and metrics that are functions of the user's own. They are compared with values: what y_true is, the function
// knows.
#include "definitions/loss.hpp"
#include "definitions/metric.hpp"

namespace definitions {

const LossDefinition kTorchScriptLoss{base::LossKind::kTorchScript,
                                      "torchscript",
                                      {},
                                      {Text("name", &base::LossConfig::name), Text("source", &base::LossConfig::source)}};
const MetricDefinition kTorchScriptMetric{base::MetricKind::kTorchScript,
                                          "torchscript",
                                          {},
                                          Direction::kDown,
                                          {Text("name", &base::MetricConfig::name), Text("source", &base::MetricConfig::source)},
                                          {}};

}  // namespace definitions
