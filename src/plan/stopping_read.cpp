// The arguments early_stopping and halving: dictionary literals, as Keras and scikit-learn name their keys.
#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "plan/params_read.hpp"
#include "plan/params_text.hpp"
#include "plan/stopping.hpp"

namespace plan {
namespace {

using base::ErrorCode;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLeastEta = 1.1, kMostEta = 1000000;
constexpr const char* kEarlyStoppingExample = "Example: early_stopping => $${'monitor': 'val_loss', 'patience': 3}$$.";
constexpr const char* kHalvingExample = "Example: halving => $${'eta': 3, 'iterations': [1, 3, 9]}$$.";

[[noreturn]] void Invalid(const std::string& message, const std::string& hint) {
  throw base::Error(ErrorCode::kInvalidParameter, message, {}, hint);
}

base::Value ReadDictionary(const std::string& text, const std::string& argument, const char* example) {
  base::Value value;
  try {
    value = base::ParseLiteral(text);
  } catch (const base::Error& error) {
    throw base::Error(ErrorCode::kSyntax, argument + ": " + error.what(), {}, example);
  }
  if (!value.is_dict()) {
    throw base::Error(ErrorCode::kSyntax, argument + " must be a dictionary, not a value of type " + value.type_name(), {}, example);
  }
  return value;
}

[[noreturn]] void UnknownKey(const std::string& key, const std::string& argument, const std::vector<std::string>& known) {
  Invalid("unknown key " + Quoted(key) + " in " + argument, KnownNamesHint(key, known, "keys"));
}

EarlyStopping ReadEarlyStopping(const std::string& text, bool validated) {
  const std::string argument = "early_stopping";
  const base::Value dictionary = ReadDictionary(text, argument, kEarlyStoppingExample);
  EarlyStopping rule;
  rule.monitor = validated ? "val_loss" : "loss";
  for (const auto& [key, value] : dictionary.dict()) {
    const Parameter p(argument, key, value);
    if (key == "monitor") {
      rule.monitor = p.Text();
    } else if (key == "patience") {
      rule.patience = p.Integer(1, std::numeric_limits<int>::max());
    } else if (key == "min_delta") {
      rule.min_delta = p.Number(0, kInfinity);
    } else if (key == "mode") {
      const std::string& mode = p.Text();
      if (mode != "auto" && mode != "min" && mode != "max") p.Refuse("'auto', 'min' or 'max'");
      rule.mode = mode == "auto" ? EarlyStopping::Mode::kAuto : mode == "min" ? EarlyStopping::Mode::kMin : EarlyStopping::Mode::kMax;
    } else if (key == "restore_best_weights") {
      throw base::Error(ErrorCode::kFeatureNotSupported, "early_stopping has no key \"restore_best_weights\"", {},
                        "Give the argument restore_best => true: it keeps the best weights of every model, stopped or not.");
    } else {
      UnknownKey(key, argument, {"monitor", "patience", "min_delta", "mode"});
    }
  }
  if (dictionary.Find("patience") == nullptr) Invalid("early_stopping lacks its key \"patience\"", kEarlyStoppingExample);
  return rule;
}

// Without iterations of its own: after 1, eta, eta^2, ...
std::vector<int64_t> GeometricIterations(double eta, int64_t num_iterations) {
  std::vector<int64_t> iterations;
  for (double at = 1; at < static_cast<double>(num_iterations); at *= eta) {
    const auto iteration = static_cast<int64_t>(at);
    if (iterations.empty() || iteration > iterations.back()) iterations.push_back(iteration);
  }
  return iterations;
}

[[noreturn]] void RefuseIterations(const base::Value& value) {
  Invalid("iterations of halving must be a list of whole numbers in ascending order, not " + Quoted(base::FormatPython(value)),
          kHalvingExample);
}

std::vector<int64_t> ReadIterations(const base::Value& value, int64_t num_iterations) {
  if (!value.is_list() || value.list().empty()) RefuseIterations(value);
  std::vector<int64_t> iterations;
  for (const base::Value& item : value.list()) {
    const int64_t iteration = Parameter("halving", "iterations", item).Integer(1, std::numeric_limits<int>::max());
    if (!iterations.empty() && iteration <= iterations.back()) RefuseIterations(value);
    iterations.push_back(iteration);
  }
  if (iterations.back() >= num_iterations) {
    Invalid("halving after iteration " + std::to_string(iterations.back()) + " is not before the end of " + std::to_string(num_iterations) +
                (num_iterations == 1 ? " iteration" : " iterations"),
            "Iterations are those of this run, from 1; raise num_iterations, or leave the late ones out.");
  }
  return iterations;
}

Halving ReadHalving(const std::string& text, int64_t num_iterations) {
  const std::string argument = "halving";
  const base::Value dictionary = ReadDictionary(text, argument, kHalvingExample);
  Halving rule;
  for (const auto& [key, value] : dictionary.dict()) {
    const Parameter p(argument, key, value);
    if (key == "eta") {
      rule.eta = p.Number(kLeastEta, kMostEta);
    } else if (key == "iterations") {
      rule.iterations = ReadIterations(value, num_iterations);
    } else if (key == "monitor") {
      rule.monitor = p.Text();
    } else {
      UnknownKey(key, argument, {"eta", "iterations", "monitor"});
    }
  }
  if (dictionary.Find("iterations") == nullptr) rule.iterations = GeometricIterations(rule.eta, num_iterations);
  return rule;
}

}  // namespace

StoppingPolicy ReadStopping(const std::optional<std::string>& early_stopping, const std::optional<std::string>& halving,
                            int64_t num_iterations, bool validated) {
  StoppingPolicy policy;
  if (early_stopping) policy.early_stopping = ReadEarlyStopping(*early_stopping, validated);
  if (halving) policy.halving = ReadHalving(*halving, num_iterations);
  return policy;
}

}  // namespace plan
