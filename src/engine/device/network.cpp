#include "engine/device/network.hpp"

#include "engine/device/compiler.hpp"

namespace engine::device {

std::shared_ptr<const Network> Network::Make(const ResolvedNetwork& resolved, std::string* refusal) {
  auto network = std::make_shared<Network>();
  try {
    Compiler(resolved, network.get()).Compile();
  } catch (const Refusal& refused) {
    *refusal = refused.why;
    return nullptr;
  }
  return network;
}

bool Network::MetricsOf(const std::vector<base::MetricConfig>& metrics, std::vector<MetricNumbers>* numbers) const {
  if (metrics.size() > static_cast<size_t>(kMostMetrics)) return false;
  for (const base::MetricConfig& metric : metrics) {
    switch (metric.kind) {
      case base::MetricKind::kCategoricalAccuracy:
      case base::MetricKind::kSparseCategoricalAccuracy:
      case base::MetricKind::kBinaryAccuracy:
      case base::MetricKind::kTopKCategoricalAccuracy:
      case base::MetricKind::kSparseTopKCategoricalAccuracy:
      case base::MetricKind::kMeanAbsoluteError:
      case base::MetricKind::kMeanSquaredError:
      case base::MetricKind::kRootMeanSquaredError:
      case base::MetricKind::kMeanAbsolutePercentageError:
        break;
      default:
        return false;
    }
    numbers->push_back({static_cast<int32_t>(metric.kind), metric.k, static_cast<float>(metric.threshold)});
  }
  return true;
}

UpdateKind UpdateKindOf(const base::OptimizerConfig& optimizer) {
  const bool momentum = optimizer.momentum > 0;
  switch (optimizer.kind) {
    case base::OptimizerKind::kSGD:
      return !momentum ? UpdateKind::kSgd : optimizer.nesterov ? UpdateKind::kNesterov : UpdateKind::kMomentum;
    case base::OptimizerKind::kRMSprop:
      if (!momentum) return optimizer.centered ? UpdateKind::kRmspropCentered : UpdateKind::kRmsprop;
      return optimizer.centered ? UpdateKind::kRmspropCenteredMomentum : UpdateKind::kRmspropMomentum;
    case base::OptimizerKind::kAdagrad:
      return UpdateKind::kAdagrad;
    case base::OptimizerKind::kAdam:
    case base::OptimizerKind::kAdamW:
      return optimizer.amsgrad ? UpdateKind::kAdamAmsgrad : UpdateKind::kAdam;
    case base::OptimizerKind::kNadam:
      return UpdateKind::kNadam;
    case base::OptimizerKind::kAdadelta:
      return UpdateKind::kAdadelta;
    case base::OptimizerKind::kAdamax:
      return UpdateKind::kAdamax;
    case base::OptimizerKind::kFtrl:
      return optimizer.learning_rate_power == -0.5 ? UpdateKind::kFtrl : UpdateKind::kFtrlOfPower;
    case base::OptimizerKind::kLion:
      return UpdateKind::kLion;
    case base::OptimizerKind::kLAMB:
      return UpdateKind::kLamb;
  }
  return UpdateKind::kSgd;
}

}  // namespace engine::device
