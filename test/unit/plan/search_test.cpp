#include "plan/search.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "base/error.hpp"
#include "plan/params.hpp"

namespace {

using base::ErrorCode;
using plan::Candidate;
using plan::GenerateCandidates;

const char* const kCompile =
    "{'loss': ['categorical_crossentropy'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.001, 0.01]}, "
    "{'optimizer': ['sgd'], 'lr': [0.1], 'momentum': [0.9]}], 'metrics': ['accuracy']}";
const char* const kFit = "{'batch_size': [32, 64], 'epochs': [1]}";

base::Error Catch(const char* compile, const char* fit, const char* type = "grid", std::optional<int> n = {},
                  std::optional<int64_t> seed = {}) {
  try {
    GenerateCandidates({1}, compile, fit, type, n, seed);
  } catch (const base::Error& e) {
    return e;
  }
  ADD_FAILURE() << "was read: " << compile << " | " << fit;
  return base::Error(ErrorCode::kInternal, "");
}

TEST(Search, GridInTheOrderWritten) {
  const auto all = GenerateCandidates({2, 1, 2}, kCompile, kFit, "grid", {}, {});
  ASSERT_EQ(all.size(), 2u * 3 * 2);
  EXPECT_EQ(all[0].model_id, 2);
  EXPECT_EQ(all[0].params.compile_params, "optimizer='Adam(lr=0.001)',metrics=['accuracy'],loss='categorical_crossentropy'");
  EXPECT_EQ(all[0].params.fit_params, "epochs=1,batch_size=32");
  EXPECT_EQ(all[1].params.fit_params, "epochs=1,batch_size=64");
  EXPECT_EQ(all[2].params.compile_params, "optimizer='Adam(lr=0.01)',metrics=['accuracy'],loss='categorical_crossentropy'");
  EXPECT_EQ(all[4].params.compile_params, "optimizer='SGD(lr=0.1,momentum=0.9)',metrics=['accuracy'],loss='categorical_crossentropy'");
  EXPECT_EQ(all[6].model_id, 1);
}

TEST(Search, EveryTextIsReadAsWhatWasAsked) {
  const auto all = GenerateCandidates({1},
                                      "{'optimizer_params_list': [{'optimizer': ['SGD', 'Adam'], 'lr': [0.5, 'ExponentialDecay("
                                      "initial_learning_rate=0.25, decay_steps=10, decay_rate=0.5)'], 'clipnorm': [None, 1.0]},"
                                      "{'optimizer': ['SGD'], 'nesterov': [False], 'schedule': ['cosine'], 'decay_steps': [5]},"
                                      " {'lr': [1]}],"
                                      "'loss': ['mse', 'Huber(delta=2)', ['mse', 'mae']], 'metrics': [None, ['mae', 'mse'], 'rmse']}",
                                      "{'class_weight': [{0: 1, 1: 2.5}], 'shuffle': [False]}", "GR", {}, {});
  ASSERT_EQ(all.size(), (8u + 1 + 1) * 3 * 3);
  const auto read = [&](size_t i) { return plan::ReadConfig(all[i].params.compile_params, all[i].params.fit_params); };
  EXPECT_EQ(read(0).optimizer.learning_rate, 0.5);
  EXPECT_TRUE(read(0).metrics.empty());
  EXPECT_EQ(read(0).class_weight.at(1), 2.5);
  EXPECT_FALSE(read(0).shuffle);
  EXPECT_EQ(read(1).metrics.size(), 2u);
  EXPECT_EQ(read(3).losses[0].delta, 2);
  EXPECT_EQ(read(6).losses.size(), 2u);
  EXPECT_EQ(read(9).optimizer.clipnorm, 1);
  EXPECT_EQ(read(18).optimizer.learning_rate, 0.25);
  EXPECT_EQ(read(18).optimizer.schedule.kind, base::ScheduleKind::kExponential);
  EXPECT_EQ(read(36).optimizer.name, "Adam");
  EXPECT_EQ(read(72).optimizer.schedule.kind, base::ScheduleKind::kCosine);
  EXPECT_FALSE(read(72).optimizer.nesterov);
  EXPECT_EQ(read(81).optimizer.name, "RMSprop");  // an optimizer's name left out
}

TEST(Search, WholeOptimizerTextsAreWelcome) {
  const char* compile = "{'optimizer': ['Adam(lr=0.1)', 'adam(learning_rate=1e-1)', 'SGD'], 'loss': ['mse']}";
  const auto all = GenerateCandidates({1}, compile, "", "grid", {}, {});
  ASSERT_EQ(all.size(), 2u);  // two spellings of one configuration are one
  EXPECT_EQ(all[1].params.compile_params, "optimizer='SGD',loss='mse'");
  EXPECT_EQ(all[1].params.fit_params, "");
}

TEST(Search, RandomIsAFunctionOfItsState) {
  const char* compile = "{'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['Adam', 'SGD'], 'lr': [1e-5, 0.1, 'log']}]}";
  const char* fit = "{'batch_size': [8, 256, 'log'], 'epochs': [1, 5, 'linear']}";
  const auto a = GenerateCandidates({1, 2}, compile, fit, "rand", 50, 7);
  const auto b = GenerateCandidates({1, 2}, compile, fit, "RANDOM", 50, 7);
  const auto c = GenerateCandidates({1, 2}, compile, fit, "r", 50, 8);
  const auto absent = GenerateCandidates({1, 2}, compile, fit, "r", 50, {});
  const auto zero = GenerateCandidates({1, 2}, compile, fit, "r", 50, 0);
  ASSERT_EQ(a.size(), 50u);
  std::set<std::string> distinct;
  size_t different = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE(a[i].params == b[i].params && a[i].model_id == b[i].model_id);
    EXPECT_TRUE(absent[i].params == zero[i].params);
    if (!(a[i].params == c[i].params)) ++different;
    distinct.insert(std::to_string(a[i].model_id) + a[i].params.compile_params + a[i].params.fit_params);
  }
  EXPECT_EQ(distinct.size(), 50u);
  EXPECT_GT(different, 45u);
}

TEST(Search, MoreConfigurationsGoOnFromFewer) {
  const char* compile = "{'loss': ['mse'], 'optimizer_params_list': [{'lr': [1e-5, 0.1, 'log']}]}";
  const auto few = GenerateCandidates({1}, compile, "", "random", 10, 3);
  const auto more = GenerateCandidates({1}, compile, "", "random", 20, 3);
  for (size_t i = 0; i < few.size(); ++i) EXPECT_TRUE(few[i].params == more[i].params);
}

// Draws follow their distributions, and draws of two parameters are not correlated.
TEST(Search, Distributions) {
  const char* compile =
      "{'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [1e-4, 1e-1, 'log'], 'beta_1': [0.5, 0.9, 'linear'], "
      "'beta_2': [0.9, 0.9999, 'log_near_one']}]}";
  const auto all = GenerateCandidates({1}, compile, "{'batch_size': [1, 100, 'linear'], 'epochs': [1, 7, 'log']}", "random", 2000, 1);
  double lr = 0, lr2 = 0, beta = 0, beta2 = 0, cross = 0, near = 0, batch = 0;
  std::map<int, int> epochs;
  for (const Candidate& c : all) {
    const auto config = plan::ReadConfig(c.params.compile_params, c.params.fit_params);
    ASSERT_GE(config.optimizer.learning_rate, 1e-4);
    ASSERT_LE(config.optimizer.learning_rate, 1e-1);
    ASSERT_GE(config.optimizer.beta_2, 0.9);
    ASSERT_LE(config.optimizer.beta_2, 0.9999);
    const double x = (std::log10(config.optimizer.learning_rate) + 4) / 3;
    const double y = (config.optimizer.beta_1 - 0.5) / 0.4;
    lr += x;
    lr2 += x * x;
    beta += y;
    beta2 += y * y;
    cross += x * y;
    near += (-std::log10(1 - config.optimizer.beta_2) - 1) / 3;
    batch += config.batch_size;
    ++epochs[config.epochs];
  }
  const double n = static_cast<double>(all.size()), sd = std::sqrt(1.0 / 12 / n);
  EXPECT_NEAR(lr / n, 0.5, 5 * sd);
  EXPECT_NEAR(beta / n, 0.5, 5 * sd);
  EXPECT_NEAR(near / n, 0.5, 5 * sd);
  EXPECT_NEAR(batch / n, 50.5, 5 * sd * 100);
  const double correlation = (cross / n - lr / n * beta / n) / std::sqrt((lr2 / n - lr * lr / n / n) * (beta2 / n - beta * beta / n / n));
  EXPECT_NEAR(correlation, 0, 5 / std::sqrt(n));
  EXPECT_EQ(epochs.size(), 7u);
  EXPECT_NEAR(epochs[1] / n, std::log(2.0) / std::log(8.0), 5 * std::sqrt(0.25 / n));
}

TEST(Search, TextsOfDrawsAreShort) {
  const char* compile = "{'loss': ['mse'], 'optimizer_params_list': [{'lr': [1e-5, 1, 'log'], 'rho': [0.5, 0.99999, 'log_near_one']}]}";
  for (const Candidate& c : GenerateCandidates({1}, compile, "", "random", 200, 5)) {
    EXPECT_LE(c.params.compile_params.size(), std::string("optimizer='RMSprop(lr=1.23456e-05,rho=0.99999123456)',loss='mse'").size())
        << c.params.compile_params;
  }
}

TEST(Search, RandomUsesUpAFiniteSpace) {
  const auto all = GenerateCandidates({1, 2}, kCompile, kFit, "random", 12, 0);
  std::set<std::string> distinct;
  for (const Candidate& c : all) distinct.insert(std::to_string(c.model_id) + c.params.compile_params + c.params.fit_params);
  EXPECT_EQ(distinct.size(), 12u);
  const char* many = "{'batch_size': [1, 300, 'linear'], 'epochs': [1, 2, 3]}";
  EXPECT_EQ(GenerateCandidates({1}, "{'optimizer': ['SGD'], 'loss': ['mse']}", many, "random", 900, 0).size(), 900u);
  const base::Error e = Catch(kCompile, kFit, "random", 7);
  EXPECT_EQ(e.code(), ErrorCode::kInvalidParameter);
  EXPECT_STREQ(e.what(), "num_configs is 7, but the search space has only 6 different configurations");
  // values that are one configuration count once
  EXPECT_STREQ(Catch("{'optimizer': ['SGD', 'sgd()'], 'loss': ['mse', 'MSE']}", "", "random", 2).what(),
               "num_configs is 2, but the search space has only 1 different configurations");
}

// A space that is too large to be counted is not said to have what was drawn.
TEST(Search, ALargeSpaceOfFewConfigurations) {
  std::string ones = "[1";
  for (int i = 1; i < 400; ++i) ones += ",1";
  const std::string fit = "{'batch_size': " + ones + "], 'epochs': " + ones + "]}";
  const base::Error e = Catch("{'optimizer': ['SGD'], 'loss': ['mse']}", fit.c_str(), "random", 50);
  EXPECT_STREQ(e.what(), "num_configs is 50, but 1250 draws from the search space gave only 1 different configurations");
  EXPECT_FALSE(e.hint().empty());
}

// The first wrong key is refused before a grid is made of all of them: that took more memory than there is.
TEST(Search, AGridOfVeryManyWrongKeys) {
  std::string fit = "{'batch_size': [1", arguments;
  for (int i = 2; i <= 50000; ++i) fit += "," + std::to_string(i);
  fit += "]";
  for (int i = 0; i < 10000; ++i) arguments += ", 'k" + std::to_string(i) + "': [1]";
  const base::Error wrong_fit = Catch("{'optimizer': ['SGD'], 'loss': ['mse']}", (fit + arguments + "}").c_str());
  EXPECT_NE(std::string(wrong_fit.what()).find("unknown fit parameter"), std::string::npos) << wrong_fit.what();
  const std::string compile =
      "{'loss': ['mse'], 'optimizer_params_list': [{'lr': [0.1]}, {'lr': " + fit.substr(fit.find('[')) + arguments + "}]}";
  const base::Error wrong_argument = Catch(compile.c_str(), "{}");
  EXPECT_NE(std::string(wrong_argument.what()).find("\"k0\""), std::string::npos) << wrong_argument.what();
}

TEST(Search, Errors) {
  const struct { const char *compile, *fit, *type; ErrorCode code; const char* part; } rows[] = {
      {kCompile, kFit, "gird", ErrorCode::kInvalidParameter, "search_type must be either 'grid' or 'random'"},
      {kCompile, kFit, "", ErrorCode::kInvalidParameter, "search_type"},
      {"{'loss': ['mse']", kFit, "grid", ErrorCode::kSyntax, "compile_params_grid"},
      {"[1]", kFit, "grid", ErrorCode::kSyntax, "must be a dictionary"},
      {kCompile, "{'batch_size': 32}", "grid", ErrorCode::kInvalidParameter, "must be specified in a list"},
      {kCompile, "{'batch_size': []}", "grid", ErrorCode::kInvalidParameter, "is empty"},
      {kCompile, "{'batch_size': [0]}", "grid", ErrorCode::kInvalidParameter, "batch_size"},
      {kCompile, "{'batches': [1]}", "grid", ErrorCode::kInvalidParameter, "unknown fit parameter"},
      {kCompile, "{'batch_size': [1, 10, 'linear']}", "grid", ErrorCode::kInvalidParameter, "distribution with grid search"},
      {"{'loss': ['mse'], 'lr': [0.1]}", kFit, "grid", ErrorCode::kInvalidParameter, "unknown key \"lr\""},
      {"{'loss': ['mse']}", kFit, "grid", ErrorCode::kInvalidParameter, "optimizer is a required parameter"},
      {"{'optimizer': ['SGD'], 'optimizer_params_list': [{'lr': [1]}]}", "", "grid", ErrorCode::kInvalidParameter, "both optimizer"},
      {"{'loss': ['mse'], 'optimizer_params_list': {}}", kFit, "grid", ErrorCode::kInvalidParameter, "list of dictionaries"},
      {"{'loss': ['mse'], 'optimizer_params_list': [{}]}", kFit, "grid", ErrorCode::kInvalidParameter, "empty dictionaries"},
      {"{'loss': ['mse'], 'optimizer_params_list': [1]}", kFit, "grid", ErrorCode::kInvalidParameter, "of type integer"},
      {"{'loss': ['mse'], 'optimizer_params_list': [{'lr': 1}]}", kFit, "grid", ErrorCode::kInvalidParameter, "in a list"},
      {"{'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['Foo']}]}", kFit, "grid", ErrorCode::kInvalidParameter, "\"Foo\""},
      {"{'loss': ['mse'], 'optimizer_params_list': [{'optimizer': [5]}]}", kFit, "grid", ErrorCode::kInvalidParameter, "no text"},
      {"{'loss': ['mse'], 'optimizer_params_list': [{'optimizer': ['Adam(lr=1)']}]}", kFit, "grid", ErrorCode::kInvalidParameter,
       "no name"},
      {"{'loss': ['mse'], 'optimizer_params_list': [{'rate': [1]}]}", kFit, "grid", ErrorCode::kInvalidParameter, "\"rate\""},
  };
  for (const auto& row : rows) {
    const base::Error e = Catch(row.compile, row.fit, row.type);
    EXPECT_EQ(e.code(), row.code) << e.what();
    EXPECT_NE(std::string(e.what()).find(row.part), std::string::npos) << e.what();
    EXPECT_FALSE(e.hint().empty()) << e.what();
  }
  EXPECT_EQ(Catch(kCompile, kFit, "grid", 5).code(), ErrorCode::kInvalidParameter);
  EXPECT_EQ(Catch(kCompile, kFit, "grid", {}, 5).code(), ErrorCode::kInvalidParameter);
  EXPECT_EQ(Catch(kCompile, kFit, "random").code(), ErrorCode::kInvalidParameter);
  EXPECT_EQ(Catch(kCompile, kFit, "random", 0).code(), ErrorCode::kInvalidParameter);
  EXPECT_EQ(Catch(kCompile, kFit, "random", 100001).code(), ErrorCode::kLimitExceeded);
  EXPECT_FALSE(Catch(kCompile, kFit, "random", 100001).hint().empty());
  EXPECT_THROW(GenerateCandidates({}, kCompile, kFit, "grid", {}, {}), base::Error);
  std::string wide = "{'batch_size': [1";
  for (int i = 2; i <= 40000; ++i) wide += "," + std::to_string(i);
  EXPECT_EQ(Catch(kCompile, (wide + "]}").c_str()).code(), ErrorCode::kLimitExceeded);
  for (const char* bad : {"[0.1, 'log']", "[0.1, 0.01, 'log']", "[0, 0.1, 'log']", "[0.9, 1, 'log_near_one']", "[0.1, 0.2, 'uniform']",
                          "[0.1, 0.2, 0.3, 'linear']", "[0.1, inf, 'linear']", "[-1e308, 1.7e308, 'linear']"}) {
    const std::string compile = std::string("{'loss': ['mse'], 'optimizer_params_list': [{'lr': ") + bad + "}]}";
    EXPECT_EQ(Catch(compile.c_str(), kFit, "random", 2).code(), ErrorCode::kInvalidParameter) << bad;
  }
  for (const char* bad : {"[0, 5, 'linear']", "[1.5, 5, 'linear']", "[1, 5, 'log_near_one']", "[1, 1e12, 'log']"}) {
    const std::string fit = std::string("{'batch_size': ") + bad + "}";
    EXPECT_EQ(Catch(kCompile, fit.c_str(), "random", 2).code(), ErrorCode::kInvalidParameter) << bad;
  }
}

}  // namespace
