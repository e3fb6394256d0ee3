#include "plan/params.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <unordered_set>

#include "base/literal.hpp"
#include "definitions/names.hpp"
#include "plan/params_read.hpp"
#include "plan/params_text.hpp"

namespace plan {
namespace {

using base::ErrorCode;
using base::Value;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

const std::vector<std::string> kCompileKeys = {"optimizer", "loss", "metrics", "loss_weights", "weighted_metrics", "sample_weight_mode"};
const std::vector<std::string> kFitKeys = {"batch_size", "epochs", "shuffle", "class_weight", "verbose"};

[[noreturn]] void NotSupported(const std::string& message, const std::string& hint) {
  throw base::Error(ErrorCode::kFeatureNotSupported, message, {}, hint);
}

[[noreturn]] void Invalid(const std::string& message, const std::string& hint) {
  throw base::Error(ErrorCode::kInvalidParameter, message, {}, hint);
}

/// Names of outputs by which losses, loss weights or metrics were given, in the order of these; empty where they are in the order of the
/// outputs, or metrics for all of them.
struct OutputNames {
  std::vector<std::string> losses, weights, metrics;
  size_t metric_lists = 0;  // where metrics were given as a list for each output
};

std::vector<base::LossConfig> ReadLosses(const Value& value, std::vector<std::string>* names) {
  if (value.is_string()) return {ReadLoss(value.string())};
  std::vector<base::LossConfig> by_name;
  if (value.is_dict()) {
    for (const auto& [name, loss] : value.dict()) {
      if (!loss.is_string()) {
        Invalid("the loss of output " + Quoted(name) + " must be a name, not a value of type " + loss.type_name(),
                "Example: loss={'price': 'mse', 'kind': 'categorical_crossentropy'}.");
      }
      by_name.push_back(ReadLoss(loss.string()));
      names->push_back(name);
    }
    if (!by_name.empty()) return by_name;
  }
  if (!value.is_list() || value.list().empty()) {
    Invalid("loss must be a name or a list of names", "Example: loss='categorical_crossentropy'.");
  }
  std::vector<base::LossConfig> losses;
  for (const Value& item : value.list()) {
    if (!item.is_string()) {
      Invalid(std::string("loss must be a name or a list of names, its list holds a value of type ") + item.type_name(),
              "Example: loss=['mse', 'binary_crossentropy'].");
    }
    losses.push_back(ReadLoss(item.string()));
  }
  return losses;
}

std::vector<double> ReadLossWeights(const Value& value, size_t losses, std::vector<std::string>* names) {
  if (value.is_null()) return {};
  std::vector<double> by_name;
  if (value.is_dict()) {
    for (const auto& [name, weight] : value.dict()) {
      by_name.push_back(Parameter("compile_params", "loss_weights", weight).Float(0, kInfinity));
      names->push_back(name);
    }
    if (!by_name.empty()) return by_name;
  }
  if (!value.is_list() || value.list().empty()) Invalid("loss_weights must be a list of numbers", "Example: loss_weights=[1.0, 0.5].");
  std::vector<double> weights;
  for (const Value& item : value.list()) weights.push_back(Parameter("compile_params", "loss_weights", item).Float(0, kInfinity));
  if (losses > 1 && weights.size() != losses) {
    Invalid("loss_weights has " + std::to_string(weights.size()) + " numbers for " + std::to_string(losses) + " losses",
            "Give one number for each output.");
  }
  return weights;
}

const char* const kMetricsExample =
    "Examples: metrics=['accuracy'] for every output, metrics={'price': ['mae'], 'kind': ['accuracy']} by the names of outputs.";

// One metric or several for the same outputs, behind those that are there.
void ReadMetricList(const Value& value, int output, std::vector<base::MetricConfig>* metrics) {
  std::unordered_set<std::string> names;
  for (const Value& item : value.is_list() ? value.list() : base::List{value}) {
    if (!item.is_string()) {
      Invalid(std::string("metrics must be a list of names, it holds a value of type ") + item.type_name(), kMetricsExample);
    }
    metrics->push_back(ReadMetric(item.string()));
    metrics->back().output = output;
    if (!names.insert(metrics->back().name).second) {
      Invalid("metric " + Quoted(metrics->back().name) + " is listed twice", "Name each metric once.");
    }
  }
}

// A list for all outputs, a list for each of them, or a dictionary by their names, as Keras has it. An output that the dictionary does not
// name has no metrics.
std::vector<base::MetricConfig> ReadMetrics(const Value& value, OutputNames* names) {
  std::vector<base::MetricConfig> metrics;
  if (value.is_null()) return metrics;
  if (value.is_dict()) {
    for (const auto& [name, of_output] : value.dict()) {
      if (of_output.is_null()) continue;
      ReadMetricList(of_output, -1, &metrics);
      names->metrics.resize(metrics.size(), name);
    }
    return metrics;
  }
  if (!value.is_list() && !value.is_string()) Invalid("metrics must be a list of names", kMetricsExample);
  const bool each = value.is_list() && !value.list().empty() &&
                    std::all_of(value.list().begin(), value.list().end(), [](const Value& item) { return item.is_list(); });
  if (!each) {
    ReadMetricList(value, -1, &metrics);
    return metrics;
  }
  names->metric_lists = value.list().size();
  for (size_t i = 0; i < names->metric_lists; ++i) ReadMetricList(value.list()[i], static_cast<int>(i), &metrics);
  return metrics;
}

// Where the outputs of these names are among the model's.
std::vector<size_t> PositionsOf(const std::vector<std::string>& names, const char* what, const base::Graph& graph) {
  std::vector<std::string> outputs;
  for (size_t i = 0; i < graph.outputs.size(); ++i) outputs.push_back(graph.OutputName(i));
  std::vector<size_t> positions;
  for (const std::string& name : names) {
    const auto found = std::find(outputs.begin(), outputs.end(), name);
    if (found == outputs.end()) Invalid(std::string(what) + " names " + Quoted(name) + ", which is no output of the model", KnownNamesHint(name, outputs, "outputs"));
    positions.push_back(static_cast<size_t>(found - outputs.begin()));
  }
  return positions;
}

void OrderByOutputs(const OutputNames& names, const base::Graph& graph, base::TrainConfig* config) {
  const size_t outputs = graph.outputs.size();
  if (names.metric_lists > 0 && names.metric_lists != outputs) {
    Invalid("the number of lists in metrics is " + std::to_string(names.metric_lists) + ", that of the model's outputs is " + std::to_string(outputs),
            "Give one list for each output, or one list of names for all of them.");
  }
  const std::vector<size_t> of_metrics = PositionsOf(names.metrics, "metrics", graph);
  for (size_t i = 0; i < of_metrics.size(); ++i) config->metrics[i].output = static_cast<int>(of_metrics[i]);
  std::stable_sort(config->metrics.begin(), config->metrics.end(), [](const auto& a, const auto& b) { return a.output < b.output; });
  if (!names.losses.empty()) {
    std::vector<base::LossConfig> losses(outputs);
    std::vector<bool> given(outputs, false);
    const std::vector<size_t> positions = PositionsOf(names.losses, "loss", graph);
    for (size_t i = 0; i < positions.size(); ++i) {
      losses[positions[i]] = config->losses[i];
      given[positions[i]] = true;
    }
    const auto missing = static_cast<size_t>(std::find(given.begin(), given.end(), false) - given.begin());
    if (missing < outputs) Invalid("loss gives output " + Quoted(graph.OutputName(missing)) + " none", "Give every output of the model a loss.");
    config->losses = std::move(losses);
  }
  if (names.weights.empty()) return;
  std::vector<double> weights(outputs, 1.0);  // Keras's default
  const std::vector<size_t> positions = PositionsOf(names.weights, "loss_weights", graph);
  for (size_t i = 0; i < positions.size(); ++i) weights[positions[i]] = config->loss_weights[i];
  config->loss_weights = std::move(weights);
}

void ReadCompile(std::string_view text, base::TrainConfig* config, OutputNames* names) {
  const base::Dict params = ParseAssignments(text, "compile_params");
  const Value *optimizer = nullptr, *loss = nullptr, *weights = nullptr;
  for (const auto& [key, value] : params) {
    if (key == "optimizer") {
      optimizer = &value;
    } else if (key == "loss") {
      loss = &value;
    } else if (key == "metrics") {
      config->metrics = ReadMetrics(value, names);
    } else if (key == "loss_weights") {
      weights = &value;
    } else if (key == "weighted_metrics") {
      if (!value.is_null() && !(value.is_list() && value.list().empty())) {
        NotSupported("weighted_metrics is not supported", "Use metrics; they are means over rows without weights.");
      }
    } else if (key == "sample_weight_mode") {
      if (!value.is_null()) NotSupported("sample_weight_mode is not supported", "Pack a column of sample weights with the data.");
    } else {
      Invalid("unknown compile parameter " + Quoted(key), KnownNamesHint(key, kCompileKeys, "compile parameters"));
    }
  }
  if (optimizer == nullptr) Invalid("optimizer is a required parameter for compile", "Example: optimizer='Adam(lr=0.001)'.");
  if (loss == nullptr) Invalid("loss is a required parameter for compile", "Example: loss='categorical_crossentropy'.");
  if (!optimizer->is_string()) {
    Invalid(std::string("optimizer must be a name or a call, not a value of type ") + optimizer->type_name(),
            "Example: optimizer='Adam(lr=0.001)'.");
  }
  config->optimizer = ReadOptimizer(optimizer->string());
  config->losses = ReadLosses(*loss, &names->losses);
  if (weights != nullptr) config->loss_weights = ReadLossWeights(*weights, config->losses.size(), &names->weights);
}

// A key is the index of a class or, in quotes, its label.
void ReadClassWeight(const Value& value, base::TrainConfig* config) {
  config->class_weight.clear();
  config->label_weight.clear();
  config->balanced_class_weight = value.is_string() && value.string() == "balanced";
  if (value.is_null() || config->balanced_class_weight) return;
  const std::string example =
      "Example: class_weight={0: 1.0, 1: 5.0} by class indexes, class_weight={'no': 1.0, 'yes': 5.0} by labels, or class_weight='balanced'.";
  if (!value.is_dict()) Invalid("class_weight must be a dictionary from class to weight, or 'balanced'", example);
  constexpr size_t kMostDigits = 9;
  for (const auto& [key, given] : value.dict()) {
    const double weight = Parameter("fit_params", "class_weight", given).Float(0, kInfinity);
    if (!key.is_integer) {
      config->label_weight[key] = weight;
    } else if (key.size() <= kMostDigits && key.front() != '-') {
      config->class_weight[static_cast<int>(base::ParseLiteral(key).integer())] = weight;
    } else {
      Invalid("class_weight has the key " + key + ", which is no class index", example);
    }
  }
}

void ReadFit(std::string_view text, base::TrainConfig* config) {
  const std::string owner = "fit_params";
  constexpr int64_t kMaxInt = std::numeric_limits<int>::max();
  for (const auto& [key, value] : ParseAssignments(text, "fit_params")) {
    const Parameter p(owner, key, value);
    if (key == "batch_size") {
      if (!value.is_null()) config->batch_size = static_cast<int>(p.Integer(1, kMaxInt));
    } else if (key == "epochs") {
      config->epochs = static_cast<int>(p.Integer(1, kMaxInt));
    } else if (key == "shuffle") {
      config->shuffle = p.Boolean();
    } else if (key == "class_weight") {
      ReadClassWeight(value, config);
    } else if (key == "verbose") {
      continue;  // progress is shown by the INFO lines and cerebro.stat_progress
    } else if (key == "initial_epoch") {
      NotSupported("fit parameter \"initial_epoch\" is not supported", "Training goes on from an earlier run with warm_start.");
    } else if (key == "steps_per_epoch") {
      NotSupported("fit parameter \"steps_per_epoch\" is not supported", "An epoch is one pass over the rows of a buffer.");
    } else if (key == "callbacks") {
      NotSupported("fit parameter \"callbacks\" is not supported",
                   "Losses and metrics of every iteration are in the info table of the run.");
    } else {
      Invalid("unknown fit parameter " + Quoted(key), KnownNamesHint(key, kFitKeys, "fit parameters"));
    }
  }
}

// ---------------------------------------------------------------- canonical texts

// Numbers that are equal are written alike, keys of dictionaries are sorted.
Value Normal(const Value& value) {
  if (value.is_double() && value.number() == std::floor(value.number()) && std::fabs(value.number()) <= 9007199254740992.0) {
    return Value(static_cast<int64_t>(value.number()));
  }
  if (value.is_list()) {
    base::List items;
    for (const Value& item : value.list()) items.push_back(Normal(item));
    return Value(std::move(items));
  }
  if (value.is_dict()) {
    base::Dict entries;
    for (const auto& entry : value.dict()) entries.emplace_back(entry.first, Normal(entry.second));
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    return Value(std::move(entries));
  }
  return value;
}

bool IsCall(const Value& value) { return value.is_string() && value.string().find('(') != std::string::npos; }

std::string CanonicalCall(const std::string& text, const std::string& what, int depth) {
  constexpr int kMaxDepth = 10;  // a schedule within an optimizer is the second level
  if (depth > kMaxDepth) {
    throw base::Error(ErrorCode::kSyntax, what + ": calls are nested deeper than " + std::to_string(kMaxDepth) + " levels");
  }
  CallText call = ReadCall(text, what);
  const std::string known = what == "optimizer" ? OptimizerName(call.name) : what == "loss" ? LossName(call.name) : std::string();
  std::vector<std::pair<std::string, std::string>> arguments;
  for (const auto& [key, value] : call.arguments) {
    arguments.emplace_back(what == "optimizer" && key == "lr" ? "learning_rate" : key,
                           IsCall(value) ? CanonicalCall(value.string(), key, depth + 1) : base::FormatPython(Normal(value)));
  }
  std::sort(arguments.begin(), arguments.end());
  std::string out = known.empty() ? call.name : known;
  for (size_t i = 0; i < arguments.size(); ++i) out += (i == 0 ? "(" : ",") + arguments[i].first + "=" + arguments[i].second;
  return arguments.empty() ? out : out + ")";
}

// One metric is a list of one.
Value CanonicalMetrics(const Value& value) {
  if (value.is_string()) return Value(base::List{value});
  if (!value.is_dict()) return value;
  base::Dict entries;
  for (const auto& [name, metrics] : value.dict()) entries.emplace_back(name, CanonicalMetrics(metrics));
  return Value(std::move(entries));
}

Value CanonicalCalls(const Value& value, const std::string& what) {
  if (value.is_string()) return Value(CanonicalCall(value.string(), what, 0));
  if (value.is_dict()) {
    base::Dict entries;
    for (const auto& entry : value.dict()) entries.emplace_back(entry.first, CanonicalCalls(entry.second, what));
    return Normal(Value(std::move(entries)));
  }
  if (!value.is_list()) return Normal(value);
  base::List items;
  for (const Value& item : value.list()) items.push_back(item.is_string() ? Value(CanonicalCall(item.string(), what, 0)) : Normal(item));
  return Value(std::move(items));
}

}  // namespace

// ---------------------------------------------------------------- checked parameters

void Parameter::Refuse(const std::string& expected) const {
  Invalid("parameter \"" + name_ + "\" of " + owner_ + " must be " + expected + ", not " + Quoted(base::FormatPython(value_)),
          "Correct the value of " + name_ + ".");
}

bool Parameter::Boolean() const {
  if (!value_.is_bool()) Refuse("True or False");
  return value_.boolean();
}

double Parameter::Number(double low, double high, bool open_low, bool open_high) const {
  std::string expected = "a finite number";
  if (low == -kInfinity) {
    if (high != kInfinity) expected += " of at most " + base::FormatNumber(high, true);
  } else if (high == kInfinity) {
    expected += (open_low ? " greater than " : " of at least ") + base::FormatNumber(low, true);
  } else {
    expected = std::string("a number in ") + (open_low ? "(" : "[") + base::FormatNumber(low, true) + ", " +
               base::FormatNumber(high, true) + (open_high ? ")" : "]");
  }
  if (!value_.is_number()) Refuse(expected);
  const double v = value_.number();
  if (!std::isfinite(v) || v < low || v > high || (open_low && v == low) || (open_high && v == high)) Refuse(expected);
  return v;
}

double Parameter::Float(double low, double high, bool open_low, bool open_high) const {
  const double v = Number(low, high, open_low, open_high), size = std::fabs(v);
  const bool infinite = size > static_cast<double>(std::numeric_limits<float>::max());
  if (infinite || (v != 0 && size < static_cast<double>(std::numeric_limits<float>::min()))) {
    Invalid("parameter \"" + name_ + "\" of " + owner_ + " is " + base::FormatNumber(v, true) + ", which is " + (infinite ? "infinite" : "0") +
                " in float32",
            "Models compute in float32, which holds 0 and numbers from 1.2e-38 to 3.4e+38 in size.");
  }
  return v;
}

int64_t Parameter::Integer(int64_t low, int64_t high) const {
  const std::string expected = "an integer from " + std::to_string(low) + " to " + std::to_string(high);
  if (!value_.is_number() || (value_.is_double() && value_.number() != std::floor(value_.number()))) Refuse(expected);
  if (value_.is_double() && !(std::fabs(value_.number()) <= 9007199254740992.0)) Refuse(expected);
  const int64_t v = value_.integer();
  if (v < low || v > high) Refuse(expected);
  return v;
}

const std::string& Parameter::Text() const {
  if (!value_.is_string()) Refuse("a text in quotes");
  return value_.string();
}

int Parameter::Choice(const char* words) const {
  if (value_.is_null()) return 0;
  std::istringstream list(words);
  std::string word, known;
  for (int position = 0; list >> word; ++position) {
    if (value_.is_string() && definitions::Folded(value_.string()) == definitions::Folded(word)) return position;
    known += (known.empty() ? "'" : ", '") + word + "'";
  }
  Refuse("one of " + known);
}

std::vector<std::string> Parameter::Texts() const {
  if (value_.is_null()) return {};
  std::vector<std::string> texts;
  for (const Value& item : value_.is_list() ? value_.list() : base::List{value_}) {
    if (!item.is_string() || item.string().empty()) Refuse("a list of texts in quotes");
    texts.push_back(item.string());
  }
  return texts;
}

// ---------------------------------------------------------------- facade

base::Dict ParseAssignments(std::string_view text, const char* what) {
  base::Dict params;
  for (const auto& [key, value] : SplitAssignments(Trim(text), what)) {
    params.emplace_back(key, ReadValueText(value, std::string(what) + ", " + key));
  }
  return params;
}

base::TrainConfig ReadConfig(std::string_view compile_params, std::string_view fit_params) {
  base::TrainConfig config;
  OutputNames names;
  ReadCompile(compile_params, &config, &names);
  ReadFit(fit_params, &config);
  return config;
}

base::TrainConfig ReadConfig(std::string_view compile_params, std::string_view fit_params, const base::Graph& graph) {
  base::TrainConfig config;
  OutputNames names;
  ReadCompile(compile_params, &config, &names);
  ReadFit(fit_params, &config);
  OrderByOutputs(names, graph, &config);
  return config;
}

std::string CanonicalParams(std::string_view text, const char* what) {
  base::Dict params = ParseAssignments(text, what);
  std::sort(params.begin(), params.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string out;
  for (const auto& [key, value] : params) {
    if (!out.empty()) out += ",";
    Value canonical = key == "optimizer" || key == "loss" ? CanonicalCalls(value, key) : Normal(value);
    if (key == "metrics") canonical = CanonicalMetrics(canonical);
    out += key + "=" + base::FormatPython(canonical);
  }
  return out;
}

}  // namespace plan
