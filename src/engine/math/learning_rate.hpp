// Learning-rate schedules.
#pragma once

#include <cstdint>

#include "base/config.hpp"

namespace engine::math {

/// The learning rate of optimizer step `step` (0 for a model's very first one; counted over all runs), in double: the formulas of
/// base::ScheduleConfig, then Keras's legacy `decay`: lr / (1 + decay * step). A pure function.
double LearningRate(const base::OptimizerConfig& config, uint64_t step);

}  // namespace engine::math
