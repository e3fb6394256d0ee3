// Optimizers by name or call, and schedules of their learning rates. What there is of optimizers, and their arguments,
// say the definitions.
#include <limits>
#include <vector>

#include "definitions/names.hpp"
#include "definitions/optimizer.hpp"
#include "plan/params_read.hpp"
#include "plan/params_text.hpp"

namespace plan {
namespace {

using base::ErrorCode;
using base::OptimizerConfig;
using base::ScheduleKind;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

const definitions::OptimizerDefinition& CheckedOptimizer(const std::string& name) {
  if (const definitions::OptimizerDefinition* definition = definitions::FindOptimizer(name)) return *definition;
  std::vector<std::string> known;
  for (const definitions::OptimizerDefinition* optimizer : definitions::Optimizers()) known.emplace_back(optimizer->name);
  const std::string hint = KnownNamesHint(name, known, "optimizers");
  // Keras's that have no definition
  for (const char* other : {"adafactor", "muon", "lossscaleoptimizer"}) {
    if (definitions::Folded(name) == other) {
      throw base::Error(ErrorCode::kFeatureNotSupported, "optimizer " + Quoted(name) + " is not supported", {}, hint);
    }
  }
  throw base::Error(ErrorCode::kInvalidParameter, "unknown optimizer " + Quoted(name), {}, hint);
}

// What an optimizer takes, in the order in which hints list it.
std::vector<std::string> KnownArguments(const definitions::OptimizerDefinition& definition) {
  std::vector<std::string> known = {"learning_rate", "lr"};
  for (std::string& name : ArgumentNames(definitions::CommonArguments())) known.push_back(std::move(name));
  known.insert(known.end(), {"schedule", "decay_steps", "decay_rate", "alpha", "name"});
  for (std::string& name : ArgumentNames(definition.arguments)) known.push_back(std::move(name));
  return known;
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
  const std::string name = definitions::Folded(call.name);
  base::ScheduleConfig& schedule = config->schedule;
  if (name == "exponentialdecay") {
    const std::string owner = "ExponentialDecay";
    CheckArguments(call, owner, {"initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name"});
    config->learning_rate = Parameter(owner, "initial_learning_rate", Required(call, "initial_learning_rate", owner)).Float(0, kInfinity);
    schedule.kind = ScheduleKind::kExponential;
    schedule.decay_steps = DecaySteps(Required(call, "decay_steps", owner), owner);
    schedule.rate = DecayRate(Required(call, "decay_rate", owner), owner);
    for (const auto& argument : call.arguments) {
      if (argument.first == "staircase" && Parameter(owner, argument.first, argument.second).Boolean()) schedule.kind = ScheduleKind::kStep;
    }
  } else if (name == "cosinedecay") {
    const std::string owner = "CosineDecay";
    CheckArguments(call, owner, {"initial_learning_rate", "decay_steps", "alpha", "name"});
    config->learning_rate = Parameter(owner, "initial_learning_rate", Required(call, "initial_learning_rate", owner)).Float(0, kInfinity);
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

}  // namespace

std::string OptimizerName(std::string_view name) {
  const definitions::OptimizerDefinition* definition = definitions::FindOptimizer(name);
  return definition == nullptr ? std::string() : definition->name;
}

base::OptimizerConfig ReadOptimizer(std::string_view text) {
  const CallText call = ReadCall(text, "optimizer");
  const definitions::OptimizerDefinition& definition = CheckedOptimizer(call.name);
  const std::string owner = std::string("optimizer ") + definition.name;
  CheckArguments(call, owner, KnownArguments(definition));

  OptimizerConfig config = definitions::DefaultConfig(definition);
  bool rate_given = false;
  for (const auto& [name, value] : call.arguments) {
    if (name == "lr" || name == "learning_rate") {
      if (rate_given) {
        throw base::Error(ErrorCode::kInvalidParameter, owner + " has both lr and learning_rate", {}, "They are one parameter.");
      }
      rate_given = true;
      if (value.is_string()) {
        ReadScheduleCall(value.string(), &config);
      } else {
        config.learning_rate = Parameter(owner, name, value).Float(0, kInfinity);
      }
    } else if (!ReadArgument(definitions::CommonArguments(), owner, name, value, &config)) {
      ReadArgument(definition.arguments, owner, name, value, &config);  // or one of the schedule's
    }
  }
  ReadScheduleKeys(call, owner, &config);
  if (config.clipnorm > 0 && config.global_clipnorm > 0) {
    throw base::Error(ErrorCode::kInvalidParameter, owner + " has both clipnorm and global_clipnorm", {}, "Give one of them.");
  }
  return config;
}

}  // namespace plan
