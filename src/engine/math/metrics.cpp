#include "engine/math/metrics.hpp"

#include <string>
#include <type_traits>

#include "base/error.hpp"
#include "definitions/torchscript.hpp"
#include "engine/math/metrics/sums.hpp"

namespace engine::math {

namespace {

using base::MetricKind;

// Of a function of the user's own (definitions/torchscript.hpp): the sum of the rows' values and their number. Whoever calls
// the function fills them.
const MetricRule kFunctionSums{TwoSums, nullptr, nullptr, Mean};

// nullptr for the trainer's own sum.
const MetricRule* FindRule(MetricKind kind) {
  if (kind == definitions::kTorchScriptMetric) return &kFunctionSums;
  switch (kind) {
#define CEREBRO_METRIC(name, number) \
  case MetricKind::k##name:          \
    return &k##name##Sums;
#include "base/kinds.inc"
    case MetricKind::kLoss:
      break;
  }
  return nullptr;
}

const MetricRule& RuleOf(const base::MetricConfig& metric) {
  const MetricRule* rule = FindRule(metric.kind);
  if (rule != nullptr && rule->count != nullptr) return *rule;
  throw base::Error(base::ErrorCode::kInternal,
                    "metric \"" + metric.name + "\" (kind " + std::to_string(static_cast<int>(metric.kind)) + ") cannot be summed");
}

}  // namespace

int64_t ClassesOf(const base::Shape& output_shape) { return output_shape.empty() ? 1 : output_shape.back(); }

MetricKind ResolveMetric(MetricKind kind, base::LossKind loss, const base::Shape& output_shape) {
  const MetricRule* rule = FindRule(kind);
  return rule == nullptr || rule->resolve == nullptr ? kind : rule->resolve(loss, output_shape);
}

size_t MetricSums(const base::MetricConfig& metric, int64_t classes) { return RuleOf(metric).count(metric, classes); }

template <typename T>
void UpdateMetric(const base::MetricConfig& metric, const MetricBatch<T>& batch, double* sums) {
  const MetricRule& rule = RuleOf(metric);
  if (rule.update_float == nullptr) {
    throw base::Error(base::ErrorCode::kInternal, "a metric that is a function of TorchScript cannot be computed without LibTorch");
  }
  if constexpr (std::is_same_v<T, float>) {
    rule.update_float(metric, batch, sums);
  } else {
    rule.update_double(metric, batch, sums);
  }
}

double FinishMetric(const base::MetricConfig& metric, int64_t classes, const double* sums) { return RuleOf(metric).finish(metric, classes, sums); }

template void UpdateMetric(const base::MetricConfig&, const MetricBatch<float>&, double*);
template void UpdateMetric(const base::MetricConfig&, const MetricBatch<double>&, double*);

}  // namespace engine::math
