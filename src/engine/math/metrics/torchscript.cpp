// A metric that is a function of the user's own: only a trainer with TorchScript computes it (engine/torch).
#include "base/error.hpp"
#include "engine/math/metrics/sums.hpp"

namespace engine::math {

namespace {

template <typename T>
void Refuse(const base::MetricConfig& metric, const MetricBatch<T>&, double*) {
  throw base::Error(base::ErrorCode::kInternal, "metric " + metric.name + " is a function of TorchScript, which this trainer cannot call");
}

}  // namespace

const MetricRule kTorchScriptSums{TwoSums, Refuse<float>, Refuse<double>, Mean};

}  // namespace engine::math
