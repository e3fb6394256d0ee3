#include "plan/params.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/philox.hpp"
#include "definitions/torchscript.hpp"

namespace {

using base::ErrorCode;
using base::LossKind;
using base::MetricKind;
using base::OptimizerKind;
using base::ScheduleKind;
using plan::ReadConfig;

base::OptimizerConfig Optimizer(const std::string& call) { return ReadConfig("loss='mse', optimizer=" + call, "").optimizer; }

struct Caught {
  ErrorCode code;
  std::string message, hint;
};

Caught Catch(const std::string& compile, const std::string& fit = "") {
  try {
    ReadConfig(compile, fit);
  } catch (const base::Error& e) {
    return {e.code(), e.what(), e.hint()};
  }
  ADD_FAILURE() << "was read: " << compile << " | " << fit;
  return {ErrorCode::kInternal, "", ""};
}

TEST(ParseAssignments, KeepsCallsAndReadsLiterals) {
  const base::Dict d = plan::ParseAssignments(
      " loss='categorical_crossentropy',\n optimizer=Adam(lr=0.1, clipnorm=None), metrics=['accuracy', \"mae\"], a=(1, 2), b=bare ",
      "compile_params");
  EXPECT_EQ(base::FormatPython(d), "{'loss': 'categorical_crossentropy', 'optimizer': 'Adam(lr=0.1, clipnorm=None)', "
                                   "'metrics': ['accuracy', 'mae'], 'a': [1, 2], 'b': 'bare'}");
  EXPECT_TRUE(plan::ParseAssignments("", "fit_params").empty());
  EXPECT_TRUE(plan::ParseAssignments("  \n", "fit_params").empty());
  EXPECT_EQ(plan::ParseAssignments("a='x,y=(z',", "fit_params")[0].second.string(), "x,y=(z");
}

TEST(ParseAssignments, NamesWhatItCannotRead) {
  for (const char* bad : {"a", "a=", "=1", "a=1,,b=2", ",a=1", "a=1 2", "a=(", "a=)", "a=[1)", "a='x", "1a=2", "a b=2", "a=1,a=2", "a=x y",
                          "a=Adam(lr)", "a=Adam(lr=)", "a=Adam(lr=1)x", "a=Adam(1)", "a=Adam(lr=1,lr=2)", "a=-", "a=[b c]", "a=.x"}) {
    try {
      plan::ParseAssignments(bad, "fit_params");
      ADD_FAILURE() << "was read: " << bad;
    } catch (const base::Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kSyntax) << bad;
      EXPECT_EQ(std::string(e.what()).find("fit_params"), 0u) << e.what();
    }
  }
  EXPECT_THROW(plan::ParseAssignments("a=" + std::string(100000, '['), "x"), base::Error);
  EXPECT_THROW(plan::ParseAssignments("a=" + std::string(99, '[') + "b c" + std::string(99, ']'), "x"), base::Error);
}

TEST(ReadConfig, Defaults) {
  const base::TrainConfig c = ReadConfig("optimizer='SGD', loss='mse'", "");
  EXPECT_EQ(c.batch_size, 32);
  EXPECT_EQ(c.epochs, 1);
  EXPECT_TRUE(c.shuffle);
  EXPECT_TRUE(c.class_weight.empty());
  EXPECT_TRUE(c.metrics.empty());
  EXPECT_TRUE(c.loss_weights.empty());
  ASSERT_EQ(c.losses.size(), 1u);
  EXPECT_EQ(c.losses[0].name, "mean_squared_error");
}

TEST(ReadConfig, OptimizerDefaultsAreKerasOnes) {
  EXPECT_EQ(Optimizer("SGD").learning_rate, 0.01);
  EXPECT_EQ(Optimizer("'SGD()'").momentum, 0.0);
  EXPECT_EQ(Optimizer("Adam()").learning_rate, 0.001);
  EXPECT_EQ(Optimizer("adam").beta_2, 0.999);
  EXPECT_EQ(Optimizer("Adam").epsilon, 1e-7);
  EXPECT_EQ(Optimizer("AdamW").weight_decay, 0.004);
  EXPECT_EQ(Optimizer("RMSprop").rho, 0.9);
  EXPECT_EQ(Optimizer("rmsprop").kind, OptimizerKind::kRMSprop);
  EXPECT_EQ(Optimizer("RMSPROP").name, "RMSprop");
  EXPECT_EQ(Optimizer("adagrad()").initial_accumulator_value, 0.1);
  EXPECT_EQ(Optimizer("tf.keras.optimizers.Adam(lr=0.5)").learning_rate, 0.5);
}

TEST(ReadConfig, OptimizerArguments) {
  const auto sgd = Optimizer("'sgd(lr=0.1, momentum=0.9, nesterov=False, decay=1e-6, clipvalue=0.5)'");
  EXPECT_EQ(sgd.learning_rate, 0.1);
  EXPECT_EQ(sgd.momentum, 0.9);
  EXPECT_FALSE(sgd.nesterov);  // MADlib reads bool('False') as True
  EXPECT_EQ(sgd.decay, 1e-6);
  EXPECT_EQ(sgd.clipvalue, 0.5);
  EXPECT_TRUE(Optimizer("SGD(nesterov=True)").nesterov);
  const auto adam = Optimizer("Adam(learning_rate=0, beta_1=0.5, beta_2=0.75, epsilon=None, amsgrad=True, global_clipnorm=2)");
  EXPECT_EQ(adam.learning_rate, 0);
  EXPECT_EQ(adam.beta_1, 0.5);
  EXPECT_EQ(adam.beta_2, 0.75);
  EXPECT_EQ(adam.epsilon, 1e-7);
  EXPECT_TRUE(adam.amsgrad);
  EXPECT_EQ(adam.global_clipnorm, 2);
  const auto rms = Optimizer("\"RMSprop(rho=0.8, momentum=0.1, centered=True, epsilon=1e-3, clipnorm=1)\"");
  EXPECT_EQ(rms.rho, 0.8);
  EXPECT_EQ(rms.momentum, 0.1);
  EXPECT_TRUE(rms.centered);
  EXPECT_EQ(rms.epsilon, 1e-3);
  EXPECT_EQ(rms.clipnorm, 1);
  EXPECT_EQ(Optimizer("AdamW(weight_decay=0.1)").weight_decay, 0.1);
  EXPECT_EQ(Optimizer("Adagrad(initial_accumulator_value=0)").initial_accumulator_value, 0);
}

TEST(ReadConfig, Schedules) {
  const auto exponential = Optimizer("SGD(learning_rate=ExponentialDecay(initial_learning_rate=0.1, decay_steps=100, decay_rate=0.96))");
  EXPECT_EQ(exponential.learning_rate, 0.1);
  EXPECT_EQ(exponential.schedule.kind, ScheduleKind::kExponential);
  EXPECT_EQ(exponential.schedule.decay_steps, 100);
  EXPECT_EQ(exponential.schedule.rate, 0.96);
  const auto step = Optimizer("'Adam(lr=ExponentialDecay(initial_learning_rate=0.1, decay_steps=10, decay_rate=0.5, staircase=True))'");
  EXPECT_EQ(step.schedule.kind, ScheduleKind::kStep);
  const auto cosine = Optimizer("SGD(lr=tf.keras.optimizers.schedules.CosineDecay(initial_learning_rate=0.2, decay_steps=50, alpha=0.1))");
  EXPECT_EQ(cosine.schedule.kind, ScheduleKind::kCosine);
  EXPECT_EQ(cosine.schedule.alpha, 0.1);
  EXPECT_EQ(cosine.learning_rate, 0.2);
  const auto keys = Optimizer("'SGD(lr=0.3, schedule=\"step\", decay_steps=7, decay_rate=0.5)'");
  EXPECT_EQ(keys.schedule.kind, ScheduleKind::kStep);
  EXPECT_EQ(keys.schedule.decay_steps, 7);
  EXPECT_EQ(keys.schedule.rate, 0.5);
  EXPECT_EQ(Optimizer("SGD(schedule=cosine, decay_steps=9)").schedule.kind, ScheduleKind::kCosine);
  EXPECT_EQ(Optimizer("SGD(schedule='constant')").schedule.kind, ScheduleKind::kConstant);
  for (const char* bad : {"SGD(schedule='step', decay_steps=7)", "SGD(schedule='step', decay_rate=0.5)", "SGD(decay_steps=7)",
                          "SGD(alpha=0.1)",
                          "SGD(schedule='cosine', decay_steps=7, decay_rate=0.5)", "SGD(schedule='stepp', decay_steps=7, decay_rate=0.5)",
                          "SGD(schedule='step', decay_steps=0, decay_rate=0.5)", "SGD(schedule='step', decay_steps=7, decay_rate=0)",
                          "SGD(schedule=5)", "SGD(lr=PolynomialDecay(decay_steps=5))", "SGD(lr=CosineDecay(decay_steps=5))",
                          "SGD(lr=CosineDecay(initial_learning_rate=0.1, decay_steps=5, staircase=True))",
                          "SGD(lr=CosineDecay(initial_learning_rate=0.1, decay_steps=5), schedule='cosine')"}) {
    EXPECT_EQ(Catch(std::string("loss='mse', optimizer=") + bad).code, ErrorCode::kInvalidParameter) << bad;
  }
}

TEST(ReadConfig, RefusesValuesOutOfRange) {
  for (const char* bad : {"SGD(lr=-0.1)", "SGD(lr=nan)", "SGD(lr=inf)", "SGD(lr=None)", "SGD(lr=True)", "SGD(momentum=1.1)",
                          "SGD(momentum=-0.1)",
                          "SGD(nesterov=1)", "SGD(nesterov='True')", "Adam(beta_1=1)", "Adam(beta_2=-1)", "Adam(epsilon=-1)",
                          "Adam(amsgrad=0)",
                          "AdamW(weight_decay=-1)", "RMSprop(rho=2)", "RMSprop(centered=None)", "Adagrad(initial_accumulator_value=-1)",
                          "SGD(decay=-1)", "SGD(clipnorm=0)", "SGD(clipvalue=-1)", "SGD(clipnorm=1, global_clipnorm=1)",
                          "SGD(lr=1, learning_rate=1)",
                          "SGD(rho=0.9)", "Adam(momentum=0.9)", "Adagrad(beta_1=0.9)",
                          "Adadelta(rho=2)", "Adamax(beta_1=1)", "Adamax(amsgrad=True)", "Ftrl(learning_rate_power=0.5)", "Ftrl(l1_regularization_strength=-1)",
                          "Ftrl(beta=-1)", "Lion(beta_1=0)", "Lion(epsilon=1)", "Lamb(beta_2=1)", "SGD(weight_decay=-1)",
                          "AdamW(exclude_from_weight_decay=3)", "AdamW(exclude_from_weight_decay=[3])", "AdamW(exclude_from_weight_decay=[''])",
                          "Nadam(amsgrad=True)", "Nadam(schedule_decay=0.004)", "Foo", "5", "[1]", "None"}) {
    EXPECT_EQ(Catch(std::string("loss='mse', optimizer=") + bad).code, ErrorCode::kInvalidParameter) << bad;
  }
  EXPECT_EQ(Catch("loss='mse', optimizer='Adafactor()'").code, ErrorCode::kFeatureNotSupported);
  const Caught c = Catch("loss='mse', optimizer='SGD(momentum=1.5)'");
  EXPECT_EQ(c.message, "parameter \"momentum\" of optimizer SGD must be a number in [0, 1], not \"1.5\"");
}

// Each name is looked at once: with all pairs of names compared this takes minutes.
TEST(ReadConfig, TakesManyNames) {
  constexpr int kNames = 100000;
  std::string assignments, metrics;
  for (int i = 1; i <= kNames; ++i) {
    assignments += "k" + std::to_string(i) + "=1,";
    metrics += "'top_" + std::to_string(i) + "_accuracy',";
  }
  EXPECT_EQ(plan::ParseAssignments(assignments, "fit_params").size(), static_cast<size_t>(kNames));
  EXPECT_THROW(plan::ParseAssignments(assignments + "k7=2", "fit_params"), base::Error);
  const std::string compile = "loss='mse', optimizer='SGD', metrics=[";
  EXPECT_EQ(ReadConfig(compile + metrics + "]", "").metrics.size(), static_cast<size_t>(kNames));
  EXPECT_EQ(Catch(compile + metrics + "'top_7_accuracy']").message, "metric \"top_7_accuracy\" is listed twice");
}

TEST(ReadConfig, RefusesWhatFloat32DoesNotHold) {
  for (const char* bad : {"SGD(lr=1e39)", "SGD(lr=1e-46)", "Adam(epsilon=1e-50)", "SGD(clipnorm=1e40)", "AdamW(weight_decay=1e-39)"}) {
    EXPECT_EQ(Catch(std::string("loss='mse', optimizer=") + bad).code, ErrorCode::kInvalidParameter) << bad;
  }
  EXPECT_EQ(Catch("loss='mse', optimizer='SGD(lr=1e39)'").message, "parameter \"lr\" of optimizer SGD is 1e+39, which is infinite in float32");
  EXPECT_EQ(Catch("loss='mse', optimizer='SGD(lr=1e-46)'").message, "parameter \"lr\" of optimizer SGD is 1e-46, which is 0 in float32");
  EXPECT_EQ(Catch("loss='mse', loss_weights=[1e40], optimizer='SGD'").code, ErrorCode::kInvalidParameter);
  EXPECT_EQ(ReadConfig("loss='mse', optimizer='SGD(lr=0)'", "").optimizer.learning_rate, 0);
  EXPECT_EQ(ReadConfig("loss='mse', optimizer='SGD(lr=1e-37)'", "").optimizer.learning_rate, 1e-37);
  EXPECT_THROW(ReadConfig("loss='mse', optimizer='SGD'", "class_weight={0: 1e40}"), base::Error);
}

TEST(ReadConfig, ReadsEveryOptimizerOfKeras) {
  const auto optimizer = [](const std::string& text) { return ReadConfig("loss='mse', optimizer=" + text, "").optimizer; };
  base::OptimizerConfig c = optimizer("Adadelta()");
  EXPECT_EQ(c.kind, base::OptimizerKind::kAdadelta);
  EXPECT_EQ(c.rho, 0.95);
  EXPECT_EQ(c.learning_rate, 0.001);
  c = optimizer("'keras.optimizers.Ftrl(learning_rate_power=-0.7, l1_regularization_strength=0.1, beta=2, weight_decay=0.5)'");
  EXPECT_EQ(c.kind, base::OptimizerKind::kFtrl);
  EXPECT_EQ(c.learning_rate_power, -0.7);
  EXPECT_EQ(c.l1_regularization_strength, 0.1);
  EXPECT_EQ(c.beta, 2);
  EXPECT_EQ(c.weight_decay, 0.5);
  EXPECT_EQ(optimizer("lion").beta_2, 0.99);
  EXPECT_EQ(optimizer("LAMB").kind, base::OptimizerKind::kLAMB);
  EXPECT_EQ(optimizer("lamb").name, "Lamb");
  EXPECT_EQ(optimizer("Adamax").weight_decay, 0);
  EXPECT_EQ(optimizer("AdamW").weight_decay, 0.004);
  EXPECT_EQ(optimizer("AdamW(weight_decay=None)").weight_decay, 0.004);
  c = optimizer("AdamW(exclude_from_weight_decay=['bias', 'gamma'])");
  EXPECT_EQ(c.exclude_from_weight_decay, (std::vector<std::string>{"bias", "gamma"}));
  EXPECT_EQ(optimizer("AdamW(exclude_from_weight_decay='bias')").exclude_from_weight_decay, std::vector<std::string>{"bias"});
  EXPECT_TRUE(optimizer("AdamW(exclude_from_weight_decay=None)").exclude_from_weight_decay.empty());
}

TEST(ReadConfig, ReadsArgumentsOfLossesAndMetrics) {
  const auto loss = [](const std::string& text) { return ReadConfig("optimizer='SGD', loss='" + text + "'", "").losses[0]; };
  const base::LossConfig focal = loss("BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.75, gamma=1.5, from_logits=True, label_smoothing=0.1)");
  EXPECT_EQ(focal.kind, base::LossKind::kBinaryFocalCrossentropy);
  EXPECT_TRUE(focal.apply_class_balancing && focal.from_logits);
  EXPECT_EQ(focal.alpha, 0.75);
  EXPECT_EQ(focal.gamma, 1.5);
  EXPECT_EQ(focal.label_smoothing, 0.1);
  EXPECT_EQ(loss("categorical_focal_crossentropy").alpha, 0.25);
  for (const auto& [name, kind] : {std::pair("logcosh", base::LossKind::kLogCosh), std::pair("LogCosh", base::LossKind::kLogCosh),
                                   std::pair("msle", base::LossKind::kMeanSquaredLogarithmicError),
                                   std::pair("mape", base::LossKind::kMeanAbsolutePercentageError),
                                   std::pair("CosineSimilarity", base::LossKind::kCosineSimilarity), std::pair("hinge", base::LossKind::kHinge)}) {
    EXPECT_EQ(loss(name).kind, kind) << name;
  }
  const auto metric = [](const std::string& text) { return ReadConfig("optimizer='SGD', loss='mse', metrics=[" + text + "]", "").metrics[0]; };
  base::MetricConfig m = metric("AUC(curve='PR', num_thresholds=50)");
  EXPECT_EQ(m.curve, static_cast<int>(base::Curve::kPrecisionRecall));
  EXPECT_EQ(m.num_thresholds, 50);
  EXPECT_EQ(m.name, "AUC(curve='PR', num_thresholds=50)");
  m = metric("F1Score(average='Weighted', threshold=0.3)");
  EXPECT_EQ(m.average, static_cast<int>(base::Average::kWeighted));
  EXPECT_EQ(m.threshold, 0.3);
  EXPECT_EQ(metric("'f1_score'").threshold, 0);
  EXPECT_EQ(metric("F1Score(average=None)").average, static_cast<int>(base::Average::kMacro));
  EXPECT_EQ(metric("Precision(thresholds=0.9)").threshold, 0.9);
  EXPECT_EQ(metric("'recall'").threshold, 0.5);
  EXPECT_EQ(metric("BinaryAccuracy(threshold=0)").threshold, 0);
  EXPECT_EQ(metric("CohenKappa(weightage='quadratic')").weightage, static_cast<int>(base::Weightage::kQuadratic));
  for (const char* bad : {"AUC(curve='ROCK')", "AUC(num_thresholds=1)", "F1Score(average='mean')", "F1Score(threshold=0)",
                          "Precision(thresholds=1.5)", "Precision(thresholds=[0.5, 0.7])", "CohenKappa(weightage=2)", "mape(k=3)"}) {
    EXPECT_EQ(Catch(std::string("optimizer='SGD', loss='mse', metrics=[") + bad + "]").code, ErrorCode::kInvalidParameter) << bad;
  }
  EXPECT_EQ(Catch("optimizer='SGD', loss='mse', metrics=[AUC(curve='ROCK')]").message,
            "parameter \"curve\" of metric AUC must be one of 'ROC', 'PR', not \"'ROCK'\"");
  EXPECT_EQ(Catch("optimizer='SGD', loss='hinge(margin=2)'").hint, "It has no parameters.");
}

TEST(ReadConfig, ReadsFunctionsOfTorchScript) {
  const std::string call = definitions::TorchScriptCall("focal", "ZGVmIGY=");
  EXPECT_EQ(call, "torchscript(name=\"focal\",source=\"ZGVmIGY=\")");
  const std::string text = "optimizer='SGD', loss=" + call + ", metrics=['mae', '" + call + "']";
  const base::TrainConfig config = ReadConfig(text, "");
  EXPECT_EQ(config.losses[0].kind, definitions::kTorchScriptLoss);
  EXPECT_EQ(config.losses[0].name, call);
  EXPECT_EQ(config.metrics[1].kind, definitions::kTorchScriptMetric);
  EXPECT_EQ(config.metrics[1].name, call);
  EXPECT_EQ(ReadConfig(plan::CanonicalParams(text, "compile_params"), "").losses[0].name, call);
  EXPECT_NE(plan::CanonicalParams(text, "compile_params"), plan::CanonicalParams("optimizer='SGD', loss=" + definitions::TorchScriptCall("focal", "ZGVmIGc=") + ", metrics=['mae']",
                                                                     "compile_params"));
  for (const char* bad : {"torchscript", "torchscript(name='a')", "torchscript(source='ZGVm')", "torchscript(name='a b', source='ZGVm')",
                          "torchscript(name='', source='ZGVm')", "torchscript(name=1, source='ZGVm')", "torchscript(name='a', source='ZGVm', k=1)"}) {
    EXPECT_EQ(Catch(std::string("optimizer='SGD', loss=") + bad).code, ErrorCode::kInvalidParameter) << bad;
    EXPECT_EQ(Catch(std::string("optimizer='SGD', loss='mse', metrics=[") + bad + "]").code, ErrorCode::kInvalidParameter) << bad;
  }
  EXPECT_EQ(Catch("optimizer='SGD', loss=torchscript(name='a', source='" + std::string(100000, 'A') + "')").code, ErrorCode::kLimitExceeded);
}

TEST(ReadConfig, SuggestsTheNearestName) {
  Caught c = Catch("loss='mse', optimizer='Adma(lr=1)'");
  EXPECT_EQ(c.message, "unknown optimizer \"Adma\"");
  EXPECT_NE(c.hint.find("Did you mean \"Adam\"?"), std::string::npos) << c.hint;
  EXPECT_NE(c.hint.find("Lion and Lamb."), std::string::npos) << c.hint;
  c = Catch("loss='mse', optimizer='Adam(beta1=0.9)'");
  EXPECT_EQ(c.message, "unknown parameter \"beta1\" of optimizer Adam");
  EXPECT_NE(c.hint.find("Did you mean \"beta_1\"?"), std::string::npos) << c.hint;
  c = Catch("loss='categorical_crosentropy', optimizer='Adam'");
  EXPECT_EQ(c.message, "unknown loss \"categorical_crosentropy\"");
  EXPECT_NE(c.hint.find("Did you mean \"categorical_crossentropy\"?"), std::string::npos) << c.hint;
  c = Catch("loss='mse', optimizer='Adam', metrics=['acuracy']");
  EXPECT_EQ(c.message, "unknown metric \"acuracy\"");
  EXPECT_NE(c.hint.find("Did you mean \"accuracy\"?"), std::string::npos) << c.hint;
  c = Catch("loss='mse', optimizer='Adam', metric=['accuracy']");
  EXPECT_EQ(c.message, "unknown compile parameter \"metric\"");
  EXPECT_NE(c.hint.find("Did you mean \"metrics\"?"), std::string::npos) << c.hint;
  c = Catch("loss='mse', optimizer='Adam'", "batchsize=3");
  EXPECT_EQ(c.message, "unknown fit parameter \"batchsize\"");
  EXPECT_NE(c.hint.find("Did you mean \"batch_size\"?"), std::string::npos) << c.hint;
  c = Catch("loss='mse', optimizer='zzzzzzzzzzzz'");
  EXPECT_EQ(c.hint.find("Did you mean"), std::string::npos) << c.hint;
}

TEST(ReadConfig, Losses) {
  const struct { const char* text; LossKind kind; const char* name; } rows[] = {
      {"'categorical_crossentropy'", LossKind::kCategoricalCrossentropy, "categorical_crossentropy"},
      {"'sparse_categorical_crossentropy'", LossKind::kSparseCategoricalCrossentropy, "sparse_categorical_crossentropy"},
      {"BinaryCrossentropy()", LossKind::kBinaryCrossentropy, "binary_crossentropy"},
      {"'MSE'", LossKind::kMeanSquaredError, "mean_squared_error"},
      {"mean_squared_error", LossKind::kMeanSquaredError, "mean_squared_error"},
      {"'mae'", LossKind::kMeanAbsoluteError, "mean_absolute_error"},
      {"Huber", LossKind::kHuber, "huber"},
      {"'kld'", LossKind::kKullbackLeibler, "kl_divergence"},
      {"'kullback_leibler_divergence'", LossKind::kKullbackLeibler, "kl_divergence"},
      {"KLDivergence()", LossKind::kKullbackLeibler, "kl_divergence"},
  };
  for (const auto& row : rows) {
    const auto losses = ReadConfig(std::string("optimizer='SGD', loss=") + row.text, "").losses;
    ASSERT_EQ(losses.size(), 1u);
    EXPECT_EQ(losses[0].kind, row.kind) << row.text;
    EXPECT_EQ(losses[0].name, row.name) << row.text;
  }
  const auto loss = ReadConfig("optimizer='SGD', loss=CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)", "").losses[0];
  EXPECT_TRUE(loss.from_logits);
  EXPECT_EQ(loss.label_smoothing, 0.1);
  EXPECT_EQ(ReadConfig("optimizer='SGD', loss='huber(delta=2)'", "").losses[0].delta, 2);
  const auto several = ReadConfig("optimizer='SGD', loss=[mse, 'binary_crossentropy(from_logits=True)', Huber(delta=3)], "
                                  "loss_weights=[1, 0.5, 0]", "");
  ASSERT_EQ(several.losses.size(), 3u);
  EXPECT_TRUE(several.losses[1].from_logits);
  EXPECT_EQ(several.losses[2].delta, 3);
  EXPECT_EQ(several.loss_weights, (std::vector<double>{1, 0.5, 0}));
  for (const char* bad : {"loss=5", "loss=[]", "loss=[5]", "loss=None", "loss=mse(delta=1)", "loss=huber(delta=0)", "loss=huber(delta='1')",
                          "loss=binary_crossentropy(label_smoothing=1.5)", "loss=sparse_categorical_crossentropy(label_smoothing=0.1)",
                          "loss=binary_crossentropy(from_logits=1)", "loss=[mse,mae], loss_weights=[1]", "loss=mse, loss_weights=2",
                          "loss=mse, loss_weights=[-1]", "loss=mse, loss_weights=['a']"}) {
    EXPECT_EQ(Catch(std::string("optimizer='SGD', ") + bad).code, ErrorCode::kInvalidParameter) << bad;
  }
  EXPECT_EQ(ReadConfig("optimizer='SGD', loss={'a': 'mse', 'b': 'mae'}", "").losses.size(), 2u);  // ordered when the model is known
  EXPECT_EQ(Catch("optimizer='SGD'").message, "loss is a required parameter for compile");
  EXPECT_EQ(Catch("loss='mse'").message, "optimizer is a required parameter for compile");
}

TEST(ReadConfig, Metrics) {
  const auto metrics = ReadConfig(
      "optimizer='SGD', loss='mse', metrics=['acc', 'top_3_accuracy', 'top_k_categorical_accuracy', 'sparse_top_2_categorical_accuracy', "
      "'TopKCategoricalAccuracy(k=7)', 'AUC', 'rmse', 'root_mean_squared_error', 'MAE']", "").metrics;
  ASSERT_EQ(metrics.size(), 9u);
  EXPECT_EQ(metrics[0].kind, MetricKind::kAccuracy);
  EXPECT_EQ(metrics[0].name, "acc");
  EXPECT_EQ(metrics[1].kind, MetricKind::kTopKCategoricalAccuracy);
  EXPECT_EQ(metrics[1].k, 3);
  EXPECT_EQ(metrics[2].k, 5);
  EXPECT_EQ(metrics[3].kind, MetricKind::kSparseTopKCategoricalAccuracy);
  EXPECT_EQ(metrics[3].k, 2);
  EXPECT_EQ(metrics[4].k, 7);
  EXPECT_EQ(metrics[5].kind, MetricKind::kAUC);
  EXPECT_EQ(metrics[6].kind, metrics[7].kind);
  EXPECT_EQ(metrics[8].kind, MetricKind::kMeanAbsoluteError);
  EXPECT_TRUE(ReadConfig("optimizer='SGD', loss='mse', metrics=None", "").metrics.empty());
  EXPECT_TRUE(ReadConfig("optimizer='SGD', loss='mse', metrics=[]", "").metrics.empty());
  EXPECT_EQ(ReadConfig("optimizer='SGD', loss='mse', metrics='mae'", "").metrics.size(), 1u);
  for (const char* bad : {"['top_0_accuracy']", "['top_99999999999999999999_accuracy']", "['top__accuracy']", "[5]", "5", "['acc', 'acc']",
                          "['acc(k=2)']", "['top_k_categorical_accuracy(k=0)']", "['top_k_categorical_accuracy(n=1)']"}) {
    EXPECT_EQ(Catch(std::string("optimizer='SGD', loss='mse', metrics=") + bad).code, ErrorCode::kInvalidParameter) << bad;
  }
  EXPECT_EQ(Catch("optimizer='SGD', loss='mse', metrics=[['acc'], 'mae']").code, ErrorCode::kInvalidParameter);
  EXPECT_EQ(ReadConfig("optimizer='SGD', loss='mse', metrics=[['acc'], ['mae']]", "").metrics.size(), 2u);  // of two outputs
  EXPECT_EQ(Catch("optimizer='SGD', loss='mse', weighted_metrics=['acc']").code, ErrorCode::kFeatureNotSupported);
  EXPECT_NO_THROW(ReadConfig("optimizer='SGD', loss='mse', weighted_metrics=None, sample_weight_mode=None", ""));
}

TEST(ReadConfig, FitParameters) {
  const auto c = ReadConfig("optimizer='SGD', loss='mse'", "batch_size=64,epochs=3, shuffle=False, verbose=2, class_weight={0: 1, 1: 2.5}");
  EXPECT_EQ(c.batch_size, 64);
  EXPECT_EQ(c.epochs, 3);
  EXPECT_FALSE(c.shuffle);
  EXPECT_EQ(c.class_weight, (std::map<int, double>{{0, 1.0}, {1, 2.5}}));
  EXPECT_FALSE(c.balanced_class_weight);
  EXPECT_TRUE(ReadConfig("optimizer='SGD', loss='mse'", "class_weight='balanced'").balanced_class_weight);
  const auto labels = ReadConfig("optimizer='SGD', loss='mse'", "class_weight={0: 1, '7': 2, 'no': 0.5}");
  EXPECT_EQ(labels.class_weight, (std::map<int, double>{{0, 1.0}}));
  EXPECT_EQ(labels.label_weight, (std::map<std::string, double>{{"7", 2.0}, {"no", 0.5}}));
  for (const char* bad : {"batch_size=0", "batch_size=-1", "batch_size=1.5", "batch_size='32'", "batch_size=True", "batch_size=3000000000",
                          "epochs=0",
                          "epochs=None", "epochs=1e300", "shuffle=1", "shuffle='batch'", "class_weight=[1]", "class_weight={9999999999: 1}", "class_weight='equal'",
                          "class_weight={-1: 1}", "class_weight={0: -1}", "class_weight={'a': -1}", "class_weight={0: 'x'}", "validation_split=0.1"}) {
    EXPECT_EQ(Catch("optimizer='SGD', loss='mse'", bad).code, ErrorCode::kInvalidParameter) << bad;
  }
  for (const char* bad : {"initial_epoch=1", "steps_per_epoch=10", "callbacks='[TensorBoard(log_dir=\"x\")]'"}) {
    const Caught caught = Catch("optimizer='SGD', loss='mse'", bad);
    EXPECT_EQ(caught.code, ErrorCode::kFeatureNotSupported) << bad;
    EXPECT_FALSE(caught.hint.empty());
  }
}

TEST(CanonicalParams, SpellingsOfOneConfigurationAreEqual) {
  const char* same[] = {
      "optimizer='Adam(lr=0.001, epsilon=1e-7)',metrics=['accuracy'],loss='categorical_crossentropy'",
      "loss = \"categorical_crossentropy\" , optimizer=adam( epsilon = 0.0000001 ,learning_rate=1e-3), metrics='accuracy'",
      "loss=CategoricalCrossentropy(),\noptimizer=\"ADAM(lr=0.0010,epsilon=1E-7)\",metrics=( 'accuracy' , )",
  };
  const std::string first = plan::CanonicalParams(same[0], "compile_params");
  for (const char* text : same) EXPECT_EQ(plan::CanonicalParams(text, "compile_params"), first);
  EXPECT_EQ(first, "loss='categorical_crossentropy',metrics=['accuracy'],optimizer='Adam(epsilon=1e-07,learning_rate=0.001)'");
  EXPECT_EQ(plan::CanonicalParams("class_weight={1: 2, 0: 1.0}, batch_size=32", "fit_params"),
            plan::CanonicalParams("batch_size=32.0,class_weight={0: 1, 1: 2.0}", "fit_params"));
  EXPECT_NE(plan::CanonicalParams("class_weight={0: 1}", "fit_params"), plan::CanonicalParams("class_weight={'0': 1}", "fit_params"))
      << "an index and a label";
  EXPECT_NE(plan::CanonicalParams("batch_size=32", "fit_params"), plan::CanonicalParams("batch_size=33", "fit_params"));
  EXPECT_EQ(plan::CanonicalParams("", "fit_params"), "");
}

TEST(CanonicalParams, AreReadAsTheSameConfiguration) {
  const std::string text = "loss=huber(delta=2),optimizer='"
                           "SGD(lr=ExponentialDecay(initial_learning_rate=0.1,decay_steps=5,decay_rate=0.5),momentum=0.5)'";
  const std::string canonical = plan::CanonicalParams(text, "compile_params");
  EXPECT_EQ(plan::CanonicalParams(canonical, "compile_params"), canonical);
  const auto a = ReadConfig(text, ""), b = ReadConfig(canonical, "");
  EXPECT_EQ(a.optimizer.learning_rate, b.optimizer.learning_rate);
  EXPECT_EQ(b.optimizer.schedule.kind, ScheduleKind::kExponential);
  EXPECT_EQ(b.optimizer.momentum, 0.5);
  EXPECT_EQ(b.losses[0].delta, 2);
  const std::string quoted = plan::CanonicalParams("loss=mse,optimizer='SGD(schedule=\"cosine\",decay_steps=5)'", "compile_params");
  EXPECT_EQ(plan::CanonicalParams(quoted, "compile_params"), quoted);
  EXPECT_EQ(ReadConfig(quoted, "").optimizer.schedule.kind, ScheduleKind::kCosine);
}

// Any bytes are read or refused with a base::Error of the two kinds that a user can cause; the sanitizers see the rest.
TEST(ReadConfig, SurvivesMutatedTexts) {
  const std::string compile[] = {
      "optimizer='Adam(lr=0.001, clipnorm=None)',metrics=['accuracy', 'top_3_accuracy'],loss='categorical_crossentropy'",
      "loss=[mse, BinaryCrossentropy(from_logits=True)], loss_weights=[1, 0.5], "
      "optimizer=SGD(lr=CosineDecay(initial_learning_rate=1,decay_steps=5))",
      "optimizer=\"SGD(schedule='step', decay_steps=3, decay_rate=0.5, nesterov=True)\", loss=huber(delta=1.5)",
  };
  const std::string fit[] = {"epochs=10,batch_size=64", "class_weight={0: 1.0, 1: 2}, shuffle=False, verbose=1", ""};
  const std::string alphabet = "{}[](),=:'\"\\ua0159dDeE+-._tTFN \n";
  base::Stream random(6, 0, base::Purpose::kSearch);
  const auto mutate = [&](std::string text) {
    for (uint64_t edits = 1 + random.Below(3); edits > 0; --edits) {
      const size_t at = random.Below(text.size() + 1);
      switch (random.Below(5)) {
        case 0: text.insert(at, 1, alphabet[random.Below(alphabet.size())]); break;
        case 1: text.insert(at, 1, static_cast<char>(random.Below(256))); break;
        case 2: text.erase(at, random.Below(4)); break;
        case 3: text.insert(at, text.substr(at / 2, random.Below(20))); break;
        default: if (at < text.size()) text[at] = alphabet[random.Below(alphabet.size())]; break;
      }
    }
    return text;
  };
  int read = 0, refused = 0;
  for (int round = 0; round < 8000; ++round) {
    const std::string c = mutate(compile[random.Below(3)]);
    const std::string f = mutate(fit[random.Below(3)]);
    try {
      ReadConfig(c, f);
      ++read;
      const std::string canonical = plan::CanonicalParams(c, "compile_params");
      ASSERT_EQ(plan::CanonicalParams(canonical, "compile_params"), canonical) << c;
      ReadConfig(canonical, plan::CanonicalParams(f, "fit_params"));
    } catch (const base::Error& e) {
      ++refused;
      ASSERT_TRUE(e.code() == ErrorCode::kSyntax || e.code() == ErrorCode::kInvalidParameter || e.code() == ErrorCode::kFeatureNotSupported)
          << e.what() << " | " << c << " | " << f;
    }
  }
  EXPECT_GT(read, 20);
  EXPECT_GT(refused, 20);
}

}  // namespace
