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
  double label_smoothing = 0;  // cross-entropies but the sparse one
  double delta = 1.0;          // huber
  double alpha = 0.25;         // focal cross-entropies: weight of the classes, of class 1 with apply_class_balancing
  double gamma = 2.0;          // focal cross-entropies: how much certain rows are left out
  bool apply_class_balancing = false;  // binary focal cross-entropy: weights alpha and 1 - alpha
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

/// Keras's names; epsilon where Keras puts it. Defaults of an optimizer are those of its definition, which ReadConfig sets.
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
  double weight_decay = 0;                   // decoupled: w -= learning rate * weight_decay * w before the update
  std::vector<std::string> exclude_from_weight_decay;  // what occurs in "<layer>/<weight>" of a weight that does not decay
  double initial_accumulator_value = 0.1;    // Adagrad and Ftrl
  double learning_rate_power = -0.5;         // Ftrl, as all that follows
  double l1_regularization_strength = 0, l2_regularization_strength = 0, l2_shrinkage_regularization_strength = 0, beta = 0;
  // 0 = off. clipnorm: each gradient tensor by its own norm; clipvalue: element-wise; global_clipnorm: all by the joint norm.
  double clipnorm = 0, clipvalue = 0, global_clipnorm = 0;
  ScheduleConfig schedule;
};

enum class MetricKind : int {
#define CEREBRO_METRIC(name, number) k##name = number,
#include "base/kinds.inc"
  kLoss = 13,  // the trainer's own sum: no metric that a user names
};

/// What the numbers of a metric's choices stand for: positions in its definition's list of words.
enum class Average : int { kMacro = 0, kMicro = 1, kWeighted = 2 };
enum class Curve : int { kRoc = 0, kPrecisionRecall = 1 };
enum class Weightage : int { kNone = 0, kLinear = 1, kQuadratic = 2 };

struct MetricConfig {
  MetricKind kind = MetricKind::kAccuracy;
  std::string name;           // as the user wrote it
  int k = 5;                  // top-k
  double threshold = 0.5;     // outputs above it are a yes; of f1_score 0 = the largest output
  int average = 0;            // f1_score: Average
  int curve = 0;              // auc: Curve
  int num_thresholds = 200;   // auc
  int weightage = 0;          // cohen_kappa: Weightage
  int output = -1;            // index of the output that it is computed for, or -1: for every output
};

struct TrainConfig {
  std::vector<LossConfig> losses;        // one, or one an output
  std::vector<double> loss_weights;      // empty, or one an output
  OptimizerConfig optimizer;
  std::vector<MetricConfig> metrics;
  int batch_size = 32;
  int epochs = 1;                        // passes over a buffer before the next buffer
  bool shuffle = true;                   // rows within a buffer, anew each epoch
  std::map<int, double> class_weight;    // class index -> weight; empty = none
  std::map<std::string, double> label_weight;  // class label -> weight; plan::ResolveClassWeights makes indexes of them
  bool balanced_class_weight = false;    // weights of the classes by their rows: plan::ResolveClassWeights makes them
};

}  // namespace base
