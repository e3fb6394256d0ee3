// A configuration: what a row of a model selection table says, read and checked. plan/params.hpp makes it from the texts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace base {

/// The lists of kinds are in base/kinds.inc.
enum class LossKind : int {
#define CEREBRO_LOSS(name, number) k##name = number,
#include "base/kinds.inc"
};

struct LossConfig {
  LossKind kind = LossKind::kCategoricalCrossentropy;
  std::string name;            // Keras's long name, e.g. "mean_squared_error"
  bool from_logits = false;
  double label_smoothing = 0;  // categorical and binary cross-entropy
  double delta = 1.0;          // huber
};

enum class OptimizerKind : int {
#define CEREBRO_OPTIMIZER(name, number) k##name = number,
#include "base/kinds.inc"
};

enum class ScheduleKind : int { kConstant = 0, kStep = 1, kExponential = 2, kCosine = 3 };

/// Learning rate as a function of optimizer steps t = 0, 1, ... (counted from the model's first training):
///   step:        lr * rate^floor(t / decay_steps)
///   exponential: lr * rate^(t / decay_steps)
///   cosine:      lr * ((1 - alpha) * (1 + cos(pi * min(t, decay_steps) / decay_steps)) / 2 + alpha)
/// and, as Keras's legacy argument, lr / (1 + decay * t) on top.
struct ScheduleConfig {
  ScheduleKind kind = ScheduleKind::kConstant;
  double decay_steps = 0;
  double rate = 1.0;
  double alpha = 0.0;
};

/// Keras's names (tf.keras 2.10); epsilon where Keras puts it. Defaults of an optimizer are those of its definition, which ReadConfig sets.
struct OptimizerConfig {
  OptimizerKind kind = OptimizerKind::kRMSprop;
  std::string name = "RMSprop";
  double learning_rate = 0.001;
  double decay = 0;
  double momentum = 0;
  bool nesterov = false;
  double rho = 0.9;
  bool centered = false;
  double beta_1 = 0.9, beta_2 = 0.999;
  double epsilon = 1e-7;
  bool amsgrad = false;
  double weight_decay = 0.004;               // AdamW: decoupled
  double initial_accumulator_value = 0.1;    // Adagrad
  // 0 = off. clipnorm: each gradient tensor by its own norm; clipvalue: element-wise; global_clipnorm: all by the joint norm.
  double clipnorm = 0, clipvalue = 0, global_clipnorm = 0;
  ScheduleConfig schedule;
};

enum class MetricKind : int {
#define CEREBRO_METRIC(name, number) k##name = number,
#include "base/kinds.inc"
  kLoss = 13,  // the trainer's own sum: no metric that a user names
};

struct MetricConfig {
  MetricKind kind = MetricKind::kAccuracy;
  std::string name;  // as the user wrote it
  int k = 5;         // top-k
};

struct TrainConfig {
  std::vector<LossConfig> losses;        // one, or one an output
  std::vector<double> loss_weights;      // empty, or one an output
  OptimizerConfig optimizer;
  std::vector<MetricConfig> metrics;     // each computed for every output
  int batch_size = 32;
  int epochs = 1;                        // passes over a buffer before the next buffer
  bool shuffle = true;                   // rows within a buffer, anew each epoch
  std::map<int, double> class_weight;    // class index -> weight; empty = none
  std::map<std::string, double> label_weight;  // class label -> weight; plan::ResolveClassWeights makes indexes of them
};

}  // namespace base
