#include "engine/math/learning_rate.hpp"

#include <algorithm>
#include <cmath>

namespace engine::math {

double LearningRate(const base::OptimizerConfig& config, uint64_t step) {
  constexpr double kPi = 3.14159265358979323846;
  const base::ScheduleConfig& schedule = config.schedule;
  const double t = static_cast<double>(step);
  double rate = config.learning_rate;
  switch (schedule.kind) {
    case base::ScheduleKind::kConstant:
      break;
    case base::ScheduleKind::kStep:
      rate *= std::pow(schedule.rate, std::floor(t / schedule.decay_steps));
      break;
    case base::ScheduleKind::kExponential:
      rate *= std::pow(schedule.rate, t / schedule.decay_steps);
      break;
    case base::ScheduleKind::kCosine: {
      const double progress = std::min(t, schedule.decay_steps) / schedule.decay_steps;
      rate *= (1 - schedule.alpha) * (1 + std::cos(kPi * progress)) / 2 + schedule.alpha;
      break;
    }
  }
  return rate / (1 + config.decay * t);
}

}  // namespace engine::math
