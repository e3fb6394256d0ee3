#include "plan/search_space.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "plan/params.hpp"
#include "plan/params_read.hpp"
#include "plan/params_text.hpp"

namespace plan {
namespace {

using base::ErrorCode;
using base::Value;
using Parts = std::vector<std::pair<std::string, std::string>>;

// A value within an optimizer's parentheses: a call such as ExponentialDecay(...) stays bare, other strings take double quotes.
std::string ArgumentText(const Value& value) {
  if (!value.is_string()) return base::FormatPython(value);
  return value.string().find('(') != std::string::npos ? value.string() : base::FormatJson(value);
}

std::string OptimizerText(const std::string& name, const Parts& arguments) {
  std::string text = name + "(";
  for (size_t i = 0; i < arguments.size(); ++i) text += (i == 0 ? "" : ",") + arguments[i].first + "=" + arguments[i].second;
  return base::FormatPython(Value(text + ")"));
}

[[noreturn]] void Invalid(const std::string& message, const std::string& hint) {
  throw base::Error(ErrorCode::kInvalidParameter, message, {}, hint);
}

bool IsDistributionName(const Value& value) {
  return value.is_string() && (value.string() == "linear" || value.string() == "log" || value.string() == "log_near_one");
}

// A list of non-strings that ends in a string is meant as a distribution; a schedule's call is a value.
bool LooksLikeDistribution(const base::List& list) {
  if (list.size() < 2 || !list.back().is_string() || list.back().string().find('(') != std::string::npos) return false;
  return std::all_of(list.begin(), list.end() - 1, [](const Value& v) { return v.is_number(); });
}

void SetDistribution(double low, double high, const std::string& type, const std::string& where, Choice* choice) {
  const std::string format = "A distribution is written [lower_bound, upper_bound, distribution_type].";
  choice->low = low;
  choice->high = high;
  if (!std::isfinite(low) || !std::isfinite(high) || !(high > low)) {
    Invalid("the upper bound of " + where + " must be greater than its lower bound", format);
  }
  if (!std::isfinite(high - low)) {
    Invalid("the bounds of " + where + " are further apart than the largest number", "Choose bounds that are nearer to each other.");
  }
  choice->kind = type == "linear" ? Choice::Kind::kLinear : type == "log" ? Choice::Kind::kLog : Choice::Kind::kLogNearOne;
  if (type == "log" && !(low > 0)) Invalid("the lower bound of " + where + " must be positive for 'log'", format);
  if (type == "log_near_one" && !(high < 1)) {
    Invalid("the upper bound of " + where + " must be less than 1 for 'log_near_one'", format);
  }
  if (choice->name == "batch_size" || choice->name == "epochs") choice->integral = true;
  if (!choice->integral) return;
  if (type == "log_near_one") Invalid(where + " is a whole number and cannot be drawn from 'log_near_one'", "Choose 'linear' or 'log'.");
  for (double bound : {low, high}) {
    if (bound != std::floor(bound) || bound < 1 || bound > std::numeric_limits<int>::max()) {
      Invalid("the bounds of " + where + " must be positive whole numbers", format);
    }
  }
}

void CheckDistributionName(const Value& name, const std::string& where) {
  if (IsDistributionName(name)) return;
  Invalid("unknown distribution " + Quoted(name.is_string() ? name.string() : base::FormatPython(name)) + " for " + where,
          "Choose 'linear', 'log' or 'log_near_one'.");
}

void ReadDistribution(const base::List& list, const std::string& where, Choice* choice) {
  CheckDistributionName(list.back(), where);
  if (list.size() != 3) {
    Invalid(where + " should have exactly 3 elements if picking from a distribution",
            "A distribution is written [lower_bound, upper_bound, distribution_type].");
  }
  SetDistribution(list[0].number(), list[1].number(), list[2].string(), where, choice);
}

double NumberOf(const base::Dict& dict, const char* key, const std::string& where) {
  for (const auto& [name, value] : dict) {
    if (name != key) continue;
    if (!value.is_number()) Invalid(std::string(key) + " of " + where + " is no number", "Example: {'low': 0.001, 'high': 0.1}.");
    return value.number();
  }
  Invalid(where + " has no " + key, "Give 'values', or 'low' and 'high'.");
}

void ReadConditions(const Value& when, const std::string& where, std::vector<Condition>* out) {
  const char* const example = "Example: 'when': {'model_id': [2, 3]}.";
  if (!when.is_dict() || when.dict().empty()) Invalid("when of " + where + " is no dictionary of lists of values", example);
  for (const auto& [key, values] : when.dict()) {
    if (!values.is_list() || values.list().empty()) Invalid("when of " + where + " has no list of values for " + Quoted(key), example);
    out->push_back({key, values.list()});
  }
}

// {'values': [...]} or {'low': ..., 'high': ..., 'distribution': ..., 'q': ..., 'integer': ...}, and 'when'.
void ReadChoiceDictionary(const base::Dict& dict, const std::string& where, SpaceForm form, Choice* choice) {
  Value distribution("linear");
  bool values = false, fractions = false, multiples = false;
  for (const auto& [key, value] : dict) {
    if (key == "values") {
      if (!value.is_list() || value.list().empty()) Invalid("values of " + where + " is no list of values", "Example: {'values': [0, 0.9]}.");
      choice->values = value.list();
      values = true;
    } else if (key == "when") {
      if (form != SpaceForm::kConditions) Invalid(where + " has a condition", "Conditions are for searching runs: give the grids to cerebro.search.");
      ReadConditions(value, where, &choice->when);
    } else if (key == "distribution") {
      CheckDistributionName(value, where);
      distribution = value;
    } else if (key == "integer") {
      if (!value.is_bool()) Invalid("integer of " + where + " is neither True nor False", "Example: {'low': 1, 'high': 9, 'integer': True}.");
      choice->integral = value.boolean();
      fractions = !choice->integral;
    } else if (key == "q") {
      choice->quantum = NumberOf(dict, "q", where);
      multiples = true;
    } else if (key != "low" && key != "high") {
      Invalid("unknown key " + Quoted(key) + " of " + where, "Known keys are values, low, high, distribution, integer, q and when.");
    }
  }
  if (values) {
    if (dict.size() > 1 + (choice->when.empty() ? 0u : 1u)) Invalid(where + " has both values and a distribution", "Give one of them.");
    return;
  }
  if (form == SpaceForm::kValues) {
    Invalid("cannot search from a distribution with grid search: " + where, "Use search_type => 'random', or list the values.");
  }
  SetDistribution(NumberOf(dict, "low", where), NumberOf(dict, "high", where), distribution.string(), where, choice);
  if (choice->integral && fractions) Invalid(where + " is a whole number: integer cannot be False", "Leave integer out.");
  if (!multiples) return;
  if (choice->quantum > 0 && std::isinf(choice->Size())) {
    Invalid("q of " + where + " is " + base::FormatNumber(choice->quantum, true) + ", too narrow for its bounds",
            "There are more multiples between low and high than can be counted. Give a larger q, or none.");
  }
  if (!(choice->quantum > 0) || choice->quantum > choice->high - choice->low || choice->kind == Choice::Kind::kLogNearOne ||
      (choice->integral && choice->quantum != std::floor(choice->quantum))) {
    Invalid("q of " + where + " is " + base::FormatNumber(choice->quantum, true) + ", no width that fits between its bounds",
            "Draws are low, low + q, low + 2 q, ... up to high.");
  }
}

Choice ReadChoice(const std::string& key, const Value& value, const std::string& what, SpaceForm form) {
  Choice choice;
  choice.name = key;
  choice.path = what + "." + key;
  const std::string where = what + " \"" + key + "\"";
  if (value.is_dict()) {
    ReadChoiceDictionary(value.dict(), where, form, &choice);
    return choice;
  }
  if (!value.is_list()) Invalid("the values of " + where + " must be specified in a list", "Example: {'" + key + "': [value, value]}.");
  const base::List& list = value.list();
  if (list.empty()) Invalid("the list of values of " + where + " is empty", "Give at least one value, or leave the parameter out.");
  if (LooksLikeDistribution(list)) {
    if (form == SpaceForm::kValues) {
      Invalid("cannot search from a distribution with grid search: " + where, "Use search_type => 'random', or list the values.");
    }
    ReadDistribution(list, where, &choice);
    return choice;
  }
  choice.values = list;
  return choice;
}

Value ReadGrid(std::string_view text, const char* what) {
  if (Trim(text).empty()) return Value(base::Dict{});
  Value grid;
  try {
    grid = base::ParseLiteral(text);
  } catch (const base::Error& error) {
    throw base::Error(ErrorCode::kSyntax, std::string("invalid syntax in ") + what + ": " + error.what(), {},
                      "A grid is a dictionary such as {'batch_size': [32, 64], 'epochs': [1]}.");
  }
  if (!grid.is_dict()) {
    throw base::Error(ErrorCode::kSyntax, std::string(what) + " must be a dictionary, not a value of type " + grid.type_name(), {},
                      "A grid is a dictionary such as {'batch_size': [32, 64], 'epochs': [1]}.");
  }
  return grid;
}

OptimizerChoice ReadOptimizerChoice(const Value& value, size_t number, SpaceForm form) {
  const std::string what = "optimizer_params_list[" + std::to_string(number) + "]";
  if (!value.is_dict()) {
    Invalid("optimizer_params_list must hold dictionaries, its element " + std::to_string(number + 1) + " is of type " + value.type_name(),
            "Example: 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.001, 0.01]}].");
  }
  if (value.dict().empty()) {
    Invalid("empty dictionaries cannot be specified in the list of optimizer_params_list", "Leave the dictionary out.");
  }
  OptimizerChoice out;
  out.name.name = "optimizer";
  out.name.path = what + ".optimizer";
  out.name.values = {Value("RMSprop")};
  for (const auto& [key, list] : value.dict()) {
    Choice choice = ReadChoice(key, list, what, form);
    if (key != "optimizer") {
      out.parameters.push_back(std::move(choice));
      continue;
    }
    for (Value& name : choice.values) {
      if (!name.is_string()) Invalid("an optimizer in " + what + " is no text", "Example: 'optimizer': ['Adam', 'SGD'].");
      const std::string known = OptimizerName(name.string());
      if (!known.empty()) name = Value(known);
      if (!IsIdentifier(name.string())) {
        Invalid("an optimizer in " + what + " is " + Quoted(name.string()) + ", which is no name",
                "Put its parameters beside it: {'optimizer': ['Adam'], 'lr': [0.001]}.");
      }
    }
    out.name = std::move(choice);
  }
  return out;
}

void ReadCompileGrid(const Value& grid, SpaceForm form, TextSpace* space) {
  bool optimizer_seen = false;
  for (const auto& [key, value] : grid.dict()) {
    if (key == "optimizer_params_list" || key == "optimizer") {
      if (optimizer_seen) Invalid("compile_params_grid has both optimizer and optimizer_params_list", "Give one of them.");
      optimizer_seen = true;
    }
    if (key != "optimizer_params_list") {
      if (key != "optimizer" && key != "loss" && key != "metrics" && key != "loss_weights" && key != "weighted_metrics" &&
          key != "sample_weight_mode") {
        Invalid("unknown key " + Quoted(key) + " in compile_params_grid",
                "Known keys are optimizer_params_list, loss, metrics and loss_weights; parameters of an optimizer, such as lr, belong into "
                "a dictionary of optimizer_params_list.");
      }
      space->choices.push_back(ReadChoice(key, value, "compile_params_grid", form));
      continue;
    }
    if (!value.is_list() || value.list().empty()) {
      Invalid("optimizer_params_list must be a list of dictionaries",
              "Example: 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.001, 0.01]}].");
    }
    space->optimizer_position = space->choices.size();
    for (size_t i = 0; i < value.list().size(); ++i) space->optimizers.push_back(ReadOptimizerChoice(value.list()[i], i, form));
  }
}

}  // namespace

double TextSpace::Size() const {
  double size = 1;
  for (const Choice& choice : choices) size *= choice.Size();
  if (optimizers.empty()) return size;
  double alternatives = 0;
  for (const OptimizerChoice& optimizer : optimizers) {
    double product = optimizer.name.Size();
    for (const Choice& choice : optimizer.parameters) product *= choice.Size();
    alternatives += product;
  }
  return size * alternatives;
}

namespace {

size_t SizeOf(const std::vector<std::vector<Value>>& lists) {
  size_t size = 1;
  for (const auto& list : lists) size *= list.size();
  return size;
}

// Of all combinations of one value a list the n-th: the last list varies fastest.
std::vector<const Value*> Combination(const std::vector<std::vector<Value>>& lists, size_t n) {
  std::vector<const Value*> row(lists.size());
  for (size_t i = lists.size(); i-- > 0; n /= lists[i].size()) row[i] = &lists[i][n % lists[i].size()];
  return row;
}

std::vector<std::vector<Value>> AllOf(const std::vector<Choice>& choices) {
  std::vector<std::vector<Value>> lists;
  for (const Choice& choice : choices) lists.push_back(choice.All());
  return lists;
}

}  // namespace

TextSpace::Enumeration::Enumeration(const TextSpace* space) : space_(*space), choices_(AllOf(space->choices)) {
  for (const OptimizerChoice& optimizer : space_.optimizers) {
    arguments_.push_back(AllOf(optimizer.parameters));
    ends_.push_back((ends_.empty() ? 0 : ends_.back()) + optimizer.name.values.size() * SizeOf(arguments_.back()));
  }
  // optimizers take part in the product as numbers
  if (space_.optimizers.empty()) return;
  std::vector<Value> numbers;
  for (size_t i = 0; i < ends_.back(); ++i) numbers.emplace_back(static_cast<int64_t>(i));
  choices_.insert(choices_.begin() + static_cast<std::ptrdiff_t>(space_.optimizer_position), std::move(numbers));
}

size_t TextSpace::Enumeration::size() const { return SizeOf(choices_); }

std::string TextSpace::Enumeration::Optimizer(size_t n) const {
  const auto e = static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), n) - ends_.begin());
  if (e > 0) n -= ends_[e - 1];
  const OptimizerChoice& optimizer = space_.optimizers[e];
  const size_t rows = SizeOf(arguments_[e]);
  const std::vector<const Value*> row = Combination(arguments_[e], n % rows);
  Parts arguments;
  for (size_t i = 0; i < row.size(); ++i) arguments.emplace_back(optimizer.parameters[i].name, ArgumentText(*row[i]));
  return OptimizerText(optimizer.name.values[n / rows].string(), arguments);
}

std::string TextSpace::Enumeration::At(size_t n) const {
  const std::vector<const Value*> row = Combination(choices_, n);
  Parts parts;
  for (size_t i = 0; i < row.size(); ++i) {
    const bool behind = !space_.optimizers.empty() && i >= space_.optimizer_position;
    if (behind && i == space_.optimizer_position) {
      parts.emplace_back("optimizer", Optimizer(static_cast<size_t>(row[i]->integer())));
      continue;
    }
    const Choice& choice = space_.choices[behind ? i - 1 : i];
    parts.emplace_back(choice.name, choice.Text(*row[i]));
  }
  return space_.Text(parts);
}

std::string TextSpace::Sample(const Draw& draw) const {
  Setting setting;
  for (const Choice& choice : choices) setting.values.emplace_back(choice.Sample(draw));
  if (!optimizers.empty()) {
    setting.optimizer = draw.Pick("optimizer_params_list", optimizers.size());
    const OptimizerChoice& optimizer = optimizers[setting.optimizer];
    for (const Choice& choice : optimizer.parameters) setting.arguments.emplace_back(choice.Sample(draw));
    setting.optimizer_name = optimizer.name.Sample(draw).string();
  }
  return Write(setting);
}

std::string TextSpace::Write(const Setting& setting) const {
  Parts parts;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (setting.values[i]) parts.emplace_back(choices[i].name, choices[i].Text(*setting.values[i]));
  }
  if (!optimizers.empty()) {
    const std::vector<Choice>& parameters = optimizers[setting.optimizer].parameters;
    Parts arguments;
    for (size_t i = 0; i < parameters.size(); ++i) {
      if (setting.arguments[i]) arguments.emplace_back(parameters[i].name, ArgumentText(*setting.arguments[i]));
    }
    parts.emplace_back("optimizer", OptimizerText(setting.optimizer_name, arguments));
  }
  return Text(parts);
}

std::optional<TextSpace::Setting> TextSpace::Read(std::string_view text) const {
  const base::Dict given = ParseAssignments(text, "parameters");
  Setting setting;
  size_t known = 0;
  const auto read = [](const base::Dict& from, const std::vector<Choice>& space, std::vector<std::optional<Value>>* out) -> std::optional<size_t> {
    size_t found = 0;
    out->assign(space.size(), std::nullopt);
    for (size_t i = 0; i < space.size(); ++i) {
      const auto at = std::find_if(from.begin(), from.end(), [&](const auto& part) { return part.first == space[i].name; });
      if (at == from.end() && space[i].when.empty()) return std::nullopt;
      if (at == from.end()) continue;
      if (!space[i].CoordinateOf(at->second)) return std::nullopt;
      (*out)[i] = at->second;
      ++found;
    }
    return found;
  };
  const auto values = read(given, choices, &setting.values);
  if (!values) return std::nullopt;
  known = *values;
  if (optimizers.empty()) return known == given.size() ? std::optional<Setting>(setting) : std::nullopt;
  const auto written = std::find_if(given.begin(), given.end(), [](const auto& part) { return part.first == "optimizer"; });
  if (written == given.end() || !written->second.is_string() || known + 1 != given.size()) return std::nullopt;
  const CallText call = ReadCall(written->second.string(), "optimizer");
  for (size_t i = 0; i < optimizers.size(); ++i) {
    if (!optimizers[i].name.CoordinateOf(Value(call.name))) continue;
    const auto arguments = read(call.arguments, optimizers[i].parameters, &setting.arguments);
    if (!arguments || *arguments != call.arguments.size()) continue;
    setting.optimizer = i;
    setting.optimizer_name = call.name;
    return setting;
  }
  return std::nullopt;
}

std::string TextSpace::Text(const Parts& parts) const {
  std::string text;
  const auto append = [&](const std::pair<std::string, std::string>& part) {
    text += (text.empty() ? "" : ",") + part.first + "=" + part.second;
  };
  for (const std::string& key : order) {
    for (const auto& part : parts) {
      if (part.first == key) append(part);
    }
  }
  for (const auto& part : parts) {
    if (std::find(order.begin(), order.end(), part.first) == order.end()) append(part);
  }
  return text;
}

SearchSpace ReadSearchSpace(std::string_view compile_grid, std::string_view fit_grid, SpaceForm form) {
  SearchSpace space;
  space.compile.order = {"optimizer", "metrics", "loss"};
  space.fit.order = {"epochs", "batch_size"};
  ReadCompileGrid(ReadGrid(compile_grid, "compile_params_grid"), form, &space.compile);
  const Value fit = ReadGrid(fit_grid, "fit_params_grid");
  for (const auto& [key, value] : fit.dict()) {
    space.fit.choices.push_back(ReadChoice(key, value, "fit_params_grid", form));
  }
  return space;
}

}  // namespace plan
