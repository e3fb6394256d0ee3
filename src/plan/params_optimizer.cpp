// Optimizers: names, arguments and defaults of tf.keras 2.10's optimizers (AdamW: of tensorflow_addons and Keras 2.11).
#include <limits>
#include <vector>

#include "plan/params_read.hpp"
#include "plan/params_text.hpp"

namespace plan {
namespace {

using base::ErrorCode;
using base::OptimizerConfig;
using base::OptimizerKind;
using base::ScheduleKind;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct OptimizerRow {
  OptimizerKind kind;
  const char* name;
  double learning_rate;
  std::vector<const char*> arguments;  // its own ones
};

const std::vector<OptimizerRow>& Optimizers() {
  static const std::vector<OptimizerRow> rows = {
      {OptimizerKind::kSGD, "SGD", 0.01, {"momentum", "nesterov"}},
      {OptimizerKind::kAdam, "Adam", 0.001, {"beta_1", "beta_2", "epsilon", "amsgrad"}},
      {OptimizerKind::kAdamW, "AdamW", 0.001, {"weight_decay", "beta_1", "beta_2", "epsilon", "amsgrad"}},
      {OptimizerKind::kRMSprop, "RMSprop", 0.001, {"rho", "momentum", "epsilon", "centered"}},
      {OptimizerKind::kAdagrad, "Adagrad", 0.001, {"initial_accumulator_value", "epsilon"}},
  };
  return rows;
}

// Arguments that every optimizer takes.
constexpr const char* kCommon[] = {"learning_rate", "lr",          "decay",       "clipnorm",   "clipvalue",
                                   "global_clipnorm", "schedule", "decay_steps", "decay_rate", "alpha", "name"};

const OptimizerRow* FindOptimizer(std::string_view name) {
  const std::string folded = Folded(name);
  for (const OptimizerRow& row : Optimizers()) {
    if (folded == Folded(row.name)) return &row;
  }
  return nullptr;
}

const OptimizerRow& CheckedOptimizer(const std::string& name) {
  const OptimizerRow* row = FindOptimizer(name);
  if (row != nullptr) return *row;
  std::vector<std::string> known;
  for (const OptimizerRow& r : Optimizers()) known.push_back(r.name);
  const std::string hint = KnownNamesHint(name, known, "optimizers");
  for (const char* other : {"adadelta", "adamax", "nadam", "ftrl"}) {
    if (Folded(name) == other) {
      throw base::Error(ErrorCode::kFeatureNotSupported, "optimizer " + Quoted(name) + " is not supported", {}, hint);
    }
  }
  throw base::Error(ErrorCode::kInvalidParameter, "unknown optimizer " + Quoted(name), {}, hint);
}

void CheckArguments(const CallText& call, const std::string& owner, const std::vector<std::string>& known) {
  for (const auto& argument : call.arguments) {
    bool found = false;
    for (const std::string& name : known) found = found || name == argument.first;
    if (!found) {
      throw base::Error(ErrorCode::kInvalidParameter, "unknown parameter " + Quoted(argument.first) + " of " + owner, {},
                        KnownNamesHint(argument.first, known, "parameters"));
    }
  }
}

const base::Value& Required(const CallText& call, const char* name, const std::string& owner) {
  for (const auto& argument : call.arguments) {
    if (argument.first == name) return argument.second;
  }
  throw base::Error(ErrorCode::kInvalidParameter, owner + " lacks its parameter \"" + name + "\"", {},
                    std::string("Give ") + name + "=<number>.");
}

double DecaySteps(const base::Value& value, const std::string& owner) {
  return Parameter(owner, "decay_steps", value).Number(0, 1e15, true);
}

double DecayRate(const base::Value& value, const std::string& owner) {
  return Parameter(owner, "decay_rate", value).Number(0, kInfinity, true);
}

// learning_rate=ExponentialDecay(...) or CosineDecay(...), as Keras's schedule objects are written.
void ReadScheduleCall(const std::string& text, OptimizerConfig* config) {
  const CallText call = ReadCall(text, "learning_rate");
  const std::string name = Folded(call.name);
  base::ScheduleConfig& schedule = config->schedule;
  if (name == "exponentialdecay") {
    const std::string owner = "ExponentialDecay";
    CheckArguments(call, owner, {"initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name"});
    config->learning_rate = Parameter(owner, "initial_learning_rate", Required(call, "initial_learning_rate", owner)).Number(0, kInfinity);
    schedule.kind = ScheduleKind::kExponential;
    schedule.decay_steps = DecaySteps(Required(call, "decay_steps", owner), owner);
    schedule.rate = DecayRate(Required(call, "decay_rate", owner), owner);
    for (const auto& argument : call.arguments) {
      if (argument.first == "staircase" && Parameter(owner, argument.first, argument.second).Boolean()) schedule.kind = ScheduleKind::kStep;
    }
  } else if (name == "cosinedecay") {
    const std::string owner = "CosineDecay";
    CheckArguments(call, owner, {"initial_learning_rate", "decay_steps", "alpha", "name"});
    config->learning_rate = Parameter(owner, "initial_learning_rate", Required(call, "initial_learning_rate", owner)).Number(0, kInfinity);
    schedule.kind = ScheduleKind::kCosine;
    schedule.decay_steps = DecaySteps(Required(call, "decay_steps", owner), owner);
    for (const auto& argument : call.arguments) {
      if (argument.first == "alpha") schedule.alpha = Parameter(owner, argument.first, argument.second).Number(0, kInfinity);
    }
  } else {
    throw base::Error(ErrorCode::kInvalidParameter, "unknown learning rate schedule " + Quoted(call.name), {},
                      KnownNamesHint(call.name, {"ExponentialDecay", "CosineDecay"}, "schedules") + " A plain number is a constant rate.");
  }
}

// schedule='step' with decay_steps, decay_rate and alpha beside it.
void ReadScheduleKeys(const CallText& call, const std::string& owner, OptimizerConfig* config) {
  const base::Value *kind = nullptr, *steps = nullptr, *rate = nullptr, *alpha = nullptr;
  for (const auto& argument : call.arguments) {
    if (argument.first == "schedule") kind = &argument.second;
    if (argument.first == "decay_steps") steps = &argument.second;
    if (argument.first == "decay_rate") rate = &argument.second;
    if (argument.first == "alpha") alpha = &argument.second;
  }
  const bool given = kind != nullptr && !kind->is_null();
  if (given && config->schedule.kind != ScheduleKind::kConstant) {
    throw base::Error(ErrorCode::kInvalidParameter, owner + " has two learning rate schedules", {},
                      "Give either a schedule as learning_rate or the parameter schedule.");
  }
  const std::string name = given ? Parameter(owner, "schedule", *kind).Text() : "constant";
  base::ScheduleConfig& schedule = config->schedule;
  const std::vector<std::string> known = {"constant", "step", "exponential", "cosine"};
  if (name == "step") {
    schedule.kind = ScheduleKind::kStep;
  } else if (name == "exponential") {
    schedule.kind = ScheduleKind::kExponential;
  } else if (name == "cosine") {
    schedule.kind = ScheduleKind::kCosine;
  } else if (name != "constant") {
    throw base::Error(ErrorCode::kInvalidParameter, "unknown learning rate schedule " + Quoted(name), {},
                      KnownNamesHint(name, known, "schedules"));
  }
  const bool powers = name == "step" || name == "exponential";
  const auto refuse = [&](const char* argument) {
    throw base::Error(ErrorCode::kInvalidParameter, std::string("parameter \"") + argument + "\" of " + owner + " has no meaning here", {},
                      "decay_steps goes with every schedule, decay_rate with 'step' and 'exponential', alpha with 'cosine'.");
  };
  if (steps != nullptr && name == "constant") refuse("decay_steps");
  if (rate != nullptr && !powers) refuse("decay_rate");
  if (alpha != nullptr && name != "cosine") refuse("alpha");
  if (name == "constant") return;
  schedule.decay_steps = DecaySteps(Required(call, "decay_steps", owner), owner);
  if (powers) schedule.rate = DecayRate(Required(call, "decay_rate", owner), owner);
  if (alpha != nullptr) schedule.alpha = Parameter(owner, "alpha", *alpha).Number(0, kInfinity);
}

void ReadArgument(const std::string& name, const Parameter& p, const base::Value& value, OptimizerConfig* config) {
  if (name == "learning_rate" || name == "lr") {
    if (value.is_string()) {
      ReadScheduleCall(value.string(), config);
    } else {
      config->learning_rate = p.Number(0, kInfinity);
    }
  } else if (name == "decay") {
    config->decay = p.Number(0, kInfinity);
  } else if (name == "momentum") {
    config->momentum = p.Number(0, 1);
  } else if (name == "nesterov") {
    config->nesterov = p.Boolean();
  } else if (name == "rho") {
    config->rho = p.Number(0, 1);
  } else if (name == "centered") {
    config->centered = p.Boolean();
  } else if (name == "beta_1") {
    config->beta_1 = p.Number(0, 1, false, true);
  } else if (name == "beta_2") {
    config->beta_2 = p.Number(0, 1, false, true);
  } else if (name == "epsilon") {
    if (!value.is_null()) config->epsilon = p.Number(0, kInfinity);
  } else if (name == "amsgrad") {
    config->amsgrad = p.Boolean();
  } else if (name == "weight_decay") {
    config->weight_decay = p.Number(0, kInfinity);
  } else if (name == "initial_accumulator_value") {
    config->initial_accumulator_value = p.Number(0, kInfinity);
  } else if (name == "clipnorm") {
    if (!value.is_null()) config->clipnorm = p.Number(0, kInfinity, true);
  } else if (name == "clipvalue") {
    if (!value.is_null()) config->clipvalue = p.Number(0, kInfinity, true);
  } else if (name == "global_clipnorm") {
    if (!value.is_null()) config->global_clipnorm = p.Number(0, kInfinity, true);
  }
}

}  // namespace

std::string OptimizerName(std::string_view name) {
  const OptimizerRow* row = FindOptimizer(name);
  return row == nullptr ? std::string() : row->name;
}

base::OptimizerConfig ReadOptimizer(std::string_view text) {
  const CallText call = ReadCall(text, "optimizer");
  const OptimizerRow& row = CheckedOptimizer(call.name);
  const std::string owner = std::string("optimizer ") + row.name;
  std::vector<std::string> known(row.arguments.begin(), row.arguments.end());
  known.insert(known.begin(), std::begin(kCommon), std::end(kCommon));
  CheckArguments(call, owner, known);

  OptimizerConfig config;
  config.kind = row.kind;
  config.name = row.name;
  config.learning_rate = row.learning_rate;
  bool rate_given = false;
  for (const auto& argument : call.arguments) {
    if (argument.first == "lr" || argument.first == "learning_rate") {
      if (rate_given) {
        throw base::Error(ErrorCode::kInvalidParameter, owner + " has both lr and learning_rate", {}, "They are one parameter.");
      }
      rate_given = true;
    }
    ReadArgument(argument.first, Parameter(owner, argument.first, argument.second), argument.second, &config);
  }
  ReadScheduleKeys(call, owner, &config);
  if (config.clipnorm > 0 && config.global_clipnorm > 0) {
    throw base::Error(ErrorCode::kInvalidParameter, owner + " has both clipnorm and global_clipnorm", {}, "Give one of them.");
  }
  return config;
}

}  // namespace plan
