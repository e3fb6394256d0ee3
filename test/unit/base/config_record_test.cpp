// A configuration comes back as it was written.
#include "base/config_record.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

std::string Written(const base::TrainConfig& config) {
  base::RecordWriter writer;
  base::WriteConfig(config, &writer);
  return writer.Take();
}

base::TrainConfig Read(const std::string& bytes) {
  base::RecordReader reader(bytes, "a configuration");
  const base::TrainConfig config = base::ReadConfig(&reader);
  EXPECT_TRUE(reader.empty());
  return config;
}

}  // namespace

TEST(ConfigRecord, CarriesEveryField) {
  base::TrainConfig config;
  config.losses = {{base::LossKind::kHuber, "huber", true, 0.25, 2.5, 0.75, 3.5, true},
                   {base::LossKind::kMeanSquaredError, "mean_squared_error", false, 0, 1}};
  config.loss_weights = {0.5, 2};
  base::OptimizerConfig& optimizer = config.optimizer;
  optimizer.kind = base::OptimizerKind::kAdamW;
  optimizer.name = "AdamW";
  double next = 0.1;
  for (double* value : {&optimizer.learning_rate, &optimizer.decay, &optimizer.momentum, &optimizer.rho, &optimizer.beta_1, &optimizer.beta_2,
                        &optimizer.epsilon, &optimizer.weight_decay, &optimizer.initial_accumulator_value, &optimizer.learning_rate_power,
                        &optimizer.l1_regularization_strength, &optimizer.l2_regularization_strength,
                        &optimizer.l2_shrinkage_regularization_strength, &optimizer.beta, &optimizer.clipnorm,
                        &optimizer.clipvalue, &optimizer.global_clipnorm, &optimizer.schedule.decay_steps, &optimizer.schedule.rate,
                        &optimizer.schedule.alpha}) {
    *value = next;
    next += 0.1;
  }
  optimizer.nesterov = optimizer.centered = optimizer.amsgrad = true;
  optimizer.schedule.kind = base::ScheduleKind::kCosine;
  optimizer.exclude_from_weight_decay = {"bias", "norm/gamma"};
  config.metrics = {{base::MetricKind::kTopKCategoricalAccuracy, "top", 3, 0.75, 1, 1, 77, 2, 1}};
  config.batch_size = 77;
  config.epochs = 3;
  config.shuffle = false;
  config.class_weight = {{0, 0.5}, {4, 2.25}};
  config.label_weight = {{"", 1.5}, {"yes", 3}};

  const base::TrainConfig read = Read(Written(config));
  ASSERT_EQ(read.losses.size(), 2u);
  EXPECT_EQ(read.losses[0].kind, base::LossKind::kHuber);
  EXPECT_EQ(read.losses[0].name, "huber");
  EXPECT_TRUE(read.losses[0].from_logits);
  EXPECT_EQ(read.losses[0].label_smoothing, 0.25);
  EXPECT_EQ(read.losses[0].delta, 2.5);
  EXPECT_EQ(read.losses[0].alpha, 0.75);
  EXPECT_EQ(read.losses[0].gamma, 3.5);
  EXPECT_TRUE(read.losses[0].apply_class_balancing);
  EXPECT_EQ(read.losses[1].name, "mean_squared_error");
  EXPECT_EQ(read.loss_weights, config.loss_weights);
  EXPECT_EQ(read.optimizer.kind, base::OptimizerKind::kAdamW);
  EXPECT_EQ(read.optimizer.name, "AdamW");
  EXPECT_EQ(read.optimizer.learning_rate, optimizer.learning_rate);
  EXPECT_EQ(read.optimizer.initial_accumulator_value, optimizer.initial_accumulator_value);
  EXPECT_EQ(read.optimizer.global_clipnorm, optimizer.global_clipnorm);
  EXPECT_EQ(read.optimizer.exclude_from_weight_decay, optimizer.exclude_from_weight_decay);
  EXPECT_EQ(read.optimizer.learning_rate_power, optimizer.learning_rate_power);
  EXPECT_EQ(read.optimizer.beta, optimizer.beta);
  EXPECT_TRUE(read.optimizer.nesterov && read.optimizer.centered && read.optimizer.amsgrad);
  EXPECT_EQ(read.optimizer.schedule.kind, base::ScheduleKind::kCosine);
  EXPECT_EQ(read.optimizer.schedule.alpha, optimizer.schedule.alpha);
  ASSERT_EQ(read.metrics.size(), 1u);
  EXPECT_EQ(read.metrics[0].kind, base::MetricKind::kTopKCategoricalAccuracy);
  EXPECT_EQ(read.metrics[0].name, "top");
  EXPECT_EQ(read.metrics[0].k, 3);
  EXPECT_EQ(read.metrics[0].output, 1);
  EXPECT_EQ(read.metrics[0].threshold, 0.75);
  EXPECT_EQ(read.metrics[0].average, 1);
  EXPECT_EQ(read.metrics[0].curve, 1);
  EXPECT_EQ(read.metrics[0].num_thresholds, 77);
  EXPECT_EQ(read.metrics[0].weightage, 2);
  EXPECT_EQ(read.batch_size, 77);
  EXPECT_EQ(read.epochs, 3);
  EXPECT_FALSE(read.shuffle);
  EXPECT_EQ(read.class_weight, config.class_weight);
  EXPECT_EQ(read.label_weight, config.label_weight);
  EXPECT_EQ(Written(read), Written(config));  // and so does whatever is not named above
}

TEST(ConfigRecord, ReadsADefaultAsADefault) { EXPECT_EQ(Written(Read(Written({}))), Written({})); }

TEST(ConfigRecord, RefusesBytesThatEndTooEarly) {
  const std::string bytes = Written({});
  base::RecordReader reader(std::string_view(bytes).substr(0, bytes.size() - 1), "a configuration");
  EXPECT_THROW(base::ReadConfig(&reader), base::Error);
}
