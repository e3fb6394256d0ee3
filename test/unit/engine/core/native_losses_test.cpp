// The kernels of margins, counts, quantities and focal cross-entropies, newer optimizers, weight decay and the orthogonal
// regulariser: the same training as autograd's.
#include "training.hpp"

#include "definitions/loss.hpp"
#include "definitions/optimizer.hpp"

namespace {

using namespace training;

base::TrainConfig ConfigOf(LossKind kind) {
  base::TrainConfig config = AdamConfig(kind, 8);
  config.losses = {definitions::DefaultConfig(definitions::DefinitionOf(kind))};
  return config;
}

base::Graph Net(const char* last, int outputs) {
  return fixture::Sequential(Dense("a", 12, "tanh", Input(7)) + "," + Dense("o", outputs, last));
}

/// Targets of any size, made positive where `positive`.
Table Targets(int outputs, bool positive) {
  Table table;
  table.AddInput("x", {7}, fixture::Numbers(30 * 7));
  std::vector<double> y = fixture::Numbers(static_cast<size_t>(30 * outputs), 2);
  for (double& v : y) v = positive ? std::floor(std::fabs(v) * 4) : v;
  table.AddTarget("y", {outputs}, y);
  return table;
}

}  // namespace

TEST(NativeLosses, OfNumbers) {
  for (const int outputs : {1, 3}) {
    SCOPED_TRACE(outputs);
    ExpectSameTraining(Net("linear", outputs), ConfigOf(LossKind::kLogCosh), Targets(outputs, false), 30, 1e-4);
    ExpectSameTraining(Net("softplus", outputs), ConfigOf(LossKind::kPoisson), Targets(outputs, true), 30, 1e-4);
    ExpectSameTraining(Net("linear", outputs), ConfigOf(LossKind::kMeanAbsolutePercentageError), Targets(outputs, false), 30, 1e-3);
    ExpectSameTraining(Net("softplus", outputs), ConfigOf(LossKind::kMeanSquaredLogarithmicError), Targets(outputs, true), 30, 1e-4);
    ExpectSameTraining(Net("linear", outputs), ConfigOf(LossKind::kMeanSquaredLogarithmicError), Targets(outputs, false), 30, 1e-4);
  }
  ExpectSameTraining(Net("linear", 5), ConfigOf(LossKind::kCosineSimilarity), Targets(5, false), 30, 1e-4);
}

TEST(NativeLosses, OfMargins) {
  for (const LossKind kind : {LossKind::kHinge, LossKind::kSquaredHinge}) {
    for (const int outputs : {1, 4}) {
      SCOPED_TRACE(std::to_string(static_cast<int>(kind)) + " " + std::to_string(outputs));
      ExpectSameTraining(Net("linear", outputs), ConfigOf(kind), Reals(30, 7, outputs, true), 30, 1e-4);
      ExpectSameTraining(Net("tanh", outputs), ConfigOf(kind), Reals(30, 7, outputs, true), 30, 1e-4);
    }
  }
  ExpectSameTraining(Net("linear", 5), ConfigOf(LossKind::kCategoricalHinge), Classes(30, 7, 5, false), 30, 1e-4);
  ExpectSameTraining(Net("softmax", 5), ConfigOf(LossKind::kCategoricalHinge), Classes(30, 7, 5, false), 30, 1e-4);
}

TEST(NativeLosses, FocalCrossentropies) {
  for (const double gamma : {2.0, 0.0, 1.0, 1.5, 0.5}) {
    for (const bool balanced : {false, true}) {
      SCOPED_TRACE(std::to_string(gamma) + (balanced ? " balanced" : ""));
      base::TrainConfig binary = ConfigOf(LossKind::kBinaryFocalCrossentropy), categorical = ConfigOf(LossKind::kCategoricalFocalCrossentropy);
      for (base::TrainConfig* config : {&binary, &categorical}) {
        config->losses[0].gamma = gamma;
        config->losses[0].alpha = 0.7;
        config->losses[0].apply_class_balancing = balanced;
        config->losses[0].label_smoothing = balanced ? 0.1 : 0;
      }
      for (const int outputs : {1, 4}) ExpectSameTraining(Net("sigmoid", outputs), binary, Reals(30, 7, outputs, true), 30, 1e-4);
      ExpectSameTraining(Net("softmax", 20), categorical, Classes(30, 7, 20, false), 30, 1e-4);
      binary.losses[0].from_logits = categorical.losses[0].from_logits = true;
      ExpectSameTraining(Net("linear", 3), binary, Reals(30, 7, 3, true), 30, 1e-4);
      ExpectSameTraining(Net("tanh", 6), categorical, Classes(30, 7, 6, false), 30, 1e-4);
    }
  }
}

// Probabilities of which no logits are known have no kernel; the formula of probabilities is autograd's.
TEST(NativeLosses, FocalOfOtherActivationsTakesAutograd) {
  const Table table = Reals(30, 7, 3, true);
  engine::Model model(Net("hard_sigmoid", 3), ConfigOf(LossKind::kBinaryFocalCrossentropy), table.spec, {});
  EXPECT_FALSE(model.program().has_kernels());
}

TEST(NativeOptimizers, AllWithClippingDecayAndRegularizers) {
  const base::Graph graph = fixture::Sequential(
      Dense("a", 20, "tanh", Input(9) + R"(, "kernel_regularizer": {"class_name": "OrthogonalRegularizer", "config": {"factor": 0.05}})") + "," +
      Dense("b", 11, "sigmoid", R"(, "kernel_regularizer": {"class_name": "OrthogonalRegularizer", "config": {"mode": "columns"}})") + "," +
      Dense("o", 4, "softmax", R"(, "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.02}})"));
  for (const definitions::OptimizerDefinition* definition : definitions::Optimizers()) {
    for (const int clip : {0, 1, 2, 3}) {
      SCOPED_TRACE(std::string(definition->name) + " clip " + std::to_string(clip));
      base::TrainConfig config = ConfigOf(LossKind::kCategoricalCrossentropy);
      config.batch_size = 10;
      config.optimizer = definitions::DefaultConfig(*definition);
      // Ftrl divides by its rate: rounding grows as that gets small
      config.optimizer.learning_rate = definition->kind == OptimizerKind::kFtrl ? 0.1 : 0.003;
      config.optimizer.epsilon = 1e-3;
      config.optimizer.weight_decay = 0.1;
      config.optimizer.exclude_from_weight_decay = {"bias", "b/"};
      if (clip == 1) config.optimizer.clipvalue = 0.01;
      if (clip == 2) config.optimizer.clipnorm = 0.05;
      if (clip == 3) config.optimizer.global_clipnorm = 0.1;
      // a direction's sign is another one where rounding decides
      const double float_tolerance = definition->kind == OptimizerKind::kLion ? 0.05 : 2e-4;
      ExpectSameTraining(graph, config, Classes(35, 9, 4, false), 35, float_tolerance);
    }
  }
}

// A gradient that a layer hands over in parts: not to a rule that looks at the whole weight.
TEST(NativeOptimizers, LambOfALargeKernel) {
  constexpr int kFeatures = 517;
  const base::Graph graph = fixture::Sequential(Dense("a", 101, "relu", Input(kFeatures)) + "," + Dense("o", 3, "softmax"));
  base::TrainConfig config = ConfigOf(LossKind::kCategoricalCrossentropy);
  config.optimizer = definitions::DefaultConfig(definitions::kLAMBOptimizer);
  ExpectSameTraining(graph, config, Classes(20, kFeatures, 3, false), 20, 2e-4);
}

// What is excluded keeps its size where there is nothing but the decay.
TEST(NativeOptimizers, ExcludedWeightsDoNotDecay) {
  const base::Graph graph = Net("linear", 1);
  base::TrainConfig config = ConfigOf(LossKind::kMeanSquaredError);
  config.losses[0].name = "mean_squared_error";
  config.loss_weights = {0};  // no gradient
  config.optimizer = definitions::DefaultConfig(definitions::kSGDOptimizer);
  config.optimizer.weight_decay = 0.5;
  config.optimizer.learning_rate = 0.1;
  config.optimizer.exclude_from_weight_decay = {"o/"};
  const Table table = Targets(1, false);
  for (const bool kernels : {false, true}) {
    const Trained once = Train(graph, config, table, 30, 1, DType::kFloat64, kernels);
    base::TrainConfig none = config;
    none.optimizer.weight_decay = 0;
    const Trained start = Train(graph, none, table, 30, 1, DType::kFloat64, kernels);
    ASSERT_EQ(once.weights.size(), 7u * 12 + 12 + 12 + 1);
    double expected = 1;
    for (int64_t step = 0; step < once.batches; step++) expected *= 1 - 0.1 * 0.5;
    for (size_t i = 0; i < once.weights.size(); i++) {
      const bool decayed = i < 7u * 12 + 12;
      EXPECT_NEAR(once.weights[i], start.weights[i] * (decayed ? expected : 1), 1e-15) << i;
    }
  }
}
