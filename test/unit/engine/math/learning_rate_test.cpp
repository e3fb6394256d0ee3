#include "engine/math/learning_rate.hpp"

#include <gtest/gtest.h>

namespace engine::math {
namespace {

base::OptimizerConfig Config(base::ScheduleKind kind, double decay_steps, double rate, double alpha) {
  base::OptimizerConfig config;
  config.learning_rate = 0.5;
  config.schedule.kind = kind;
  config.schedule.decay_steps = decay_steps;
  config.schedule.rate = rate;
  config.schedule.alpha = alpha;
  return config;
}

TEST(Schedule, Constant) {
  base::OptimizerConfig config;
  config.learning_rate = 0.25;
  EXPECT_EQ(LearningRate(config, 0), 0.25);
  EXPECT_EQ(LearningRate(config, 1000000), 0.25);
}

TEST(Schedule, StepFallsAtMultiplesOfDecaySteps) {
  const auto config = Config(base::ScheduleKind::kStep, 10, 0.5, 0);
  EXPECT_EQ(LearningRate(config, 0), 0.5);
  EXPECT_EQ(LearningRate(config, 9), 0.5);
  EXPECT_EQ(LearningRate(config, 10), 0.25);
  EXPECT_EQ(LearningRate(config, 30), 0.0625);
}

TEST(Schedule, ExponentialIsContinuous) {
  const auto config = Config(base::ScheduleKind::kExponential, 10, 0.25, 0);
  EXPECT_EQ(LearningRate(config, 0), 0.5);
  EXPECT_DOUBLE_EQ(LearningRate(config, 5), 0.25);
  EXPECT_DOUBLE_EQ(LearningRate(config, 10), 0.125);
}

TEST(Schedule, CosineEndsAtAlpha) {
  const auto config = Config(base::ScheduleKind::kCosine, 100, 1, 0.2);
  EXPECT_DOUBLE_EQ(LearningRate(config, 0), 0.5);
  EXPECT_DOUBLE_EQ(LearningRate(config, 50), 0.5 * (0.8 * 0.5 + 0.2));
  EXPECT_DOUBLE_EQ(LearningRate(config, 100), 0.1);
  EXPECT_DOUBLE_EQ(LearningRate(config, 5000), 0.1);
}

TEST(Schedule, DecayComesOnTop) {
  auto config = Config(base::ScheduleKind::kStep, 10, 0.5, 0);
  config.decay = 0.1;
  EXPECT_DOUBLE_EQ(LearningRate(config, 0), 0.5);
  EXPECT_DOUBLE_EQ(LearningRate(config, 10), 0.125);
}

}  // namespace
}  // namespace engine::math
