#include "plan/search_space.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/literal.hpp"
#include "plan/params_read.hpp"
#include "plan/params_text.hpp"

namespace plan {
namespace {

using base::ErrorCode;
using base::Value;
using Parts = std::vector<std::pair<std::string, std::string>>;

// Drawn numbers keep this many digits: short texts, and far finer than any search needs.
constexpr int kDigits = 6;

double Rounded(double value) {
  char buffer[64];
  const auto written = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific, kDigits - 1);
  double out = value;
  std::from_chars(buffer, written.ptr, out);
  return out;
}

// A value within an optimizer's parentheses: a call such as ExponentialDecay(...) stays bare, other strings take double quotes.
std::string ArgumentText(const Value& value) {
  if (!value.is_string()) return base::FormatPython(value);
  return value.string().find('(') != std::string::npos ? value.string() : base::FormatJson(value);
}

// metrics is a list in the text; one name stands for a list of one.
std::string AssignedText(const std::string& key, const Value& value) {
  if (key == "metrics" && value.is_string()) return base::FormatPython(base::List{value});
  return base::FormatPython(value);
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

void ReadDistribution(const base::List& list, const std::string& where, Choice* choice) {
  const std::string format = "A distribution is written [lower_bound, upper_bound, distribution_type].";
  if (!IsDistributionName(list.back())) {
    Invalid("unknown distribution " + Quoted(list.back().string()) + " for " + where, "Choose 'linear', 'log' or 'log_near_one'.");
  }
  if (list.size() != 3) Invalid(where + " should have exactly 3 elements if picking from a distribution", format);
  choice->low = list[0].number();
  choice->high = list[1].number();
  if (!std::isfinite(choice->low) || !std::isfinite(choice->high) || !(choice->high > choice->low)) {
    Invalid("the upper bound of " + where + " must be greater than its lower bound", format);
  }
  const std::string& type = list[2].string();
  choice->kind = type == "linear" ? Choice::Kind::kLinear : type == "log" ? Choice::Kind::kLog : Choice::Kind::kLogNearOne;
  if (type == "log" && !(choice->low > 0)) Invalid("the lower bound of " + where + " must be positive for 'log'", format);
  if (type == "log_near_one" && !(choice->high < 1)) {
    Invalid("the upper bound of " + where + " must be less than 1 for 'log_near_one'", format);
  }
  choice->integral = choice->name == "batch_size" || choice->name == "epochs";
  if (!choice->integral) return;
  if (type == "log_near_one") Invalid(where + " is a whole number and cannot be drawn from 'log_near_one'", "Choose 'linear' or 'log'.");
  for (double bound : {choice->low, choice->high}) {
    if (bound != std::floor(bound) || bound < 1 || bound > std::numeric_limits<int>::max()) {
      Invalid("the bounds of " + where + " must be positive whole numbers", format);
    }
  }
}

Choice ReadChoice(const std::string& key, const Value& value, const std::string& what, bool distributions) {
  Choice choice;
  choice.name = key;
  choice.path = what + "." + key;
  const std::string where = what + " \"" + key + "\"";
  if (!value.is_list()) Invalid("the values of " + where + " must be specified in a list", "Example: {'" + key + "': [value, value]}.");
  const base::List& list = value.list();
  if (list.empty()) Invalid("the list of values of " + where + " is empty", "Give at least one value, or leave the parameter out.");
  if (LooksLikeDistribution(list)) {
    if (!distributions) {
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

OptimizerChoice ReadOptimizerChoice(const Value& value, size_t number, bool distributions) {
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
    Choice choice = ReadChoice(key, list, what, distributions);
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

void ReadCompileGrid(const Value& grid, bool distributions, TextSpace* space) {
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
      space->choices.push_back(ReadChoice(key, value, "compile_params_grid", distributions));
      continue;
    }
    if (!value.is_list() || value.list().empty()) {
      Invalid("optimizer_params_list must be a list of dictionaries",
              "Example: 'optimizer_params_list': [{'optimizer': ['Adam'], 'lr': [0.001, 0.01]}].");
    }
    space->optimizer_position = space->choices.size();
    for (size_t i = 0; i < value.list().size(); ++i) space->optimizers.push_back(ReadOptimizerChoice(value.list()[i], i, distributions));
  }
}

// All combinations, the last choice varying fastest.
std::vector<std::vector<Value>> Product(const std::vector<Choice>& choices) {
  std::vector<std::vector<Value>> rows = {{}};
  for (const Choice& choice : choices) {
    std::vector<std::vector<Value>> next;
    for (const auto& row : rows) {
      for (const Value& value : choice.All()) {
        next.push_back(row);
        next.back().push_back(value);
      }
    }
    rows = std::move(next);
  }
  return rows;
}

}  // namespace

base::Stream Draw::StreamOf(const std::string& path) const {
  return base::Stream(random_state, base::Hash(path.data(), path.size(), 0).lo, base::Purpose::kSearch, number);
}

size_t Draw::Pick(const std::string& path, size_t count) const { return static_cast<size_t>(StreamOf(path).Below(count)); }

double Choice::Size() const {
  if (kind == Kind::kValues) return static_cast<double>(values.size());
  return integral ? high - low + 1 : std::numeric_limits<double>::infinity();
}

std::vector<Value> Choice::All() const {
  std::vector<Value> all = values;
  if (kind != Kind::kValues) {
    for (double n = low; n <= high; ++n) all.emplace_back(static_cast<int64_t>(n));
  }
  return all;
}

Value Choice::Sample(const Draw& draw) const {
  base::Stream random = draw.StreamOf(path);
  if (kind == Kind::kValues) return values[random.Below(values.size())];
  if (integral && kind == Kind::kLinear) {
    return Value(static_cast<int64_t>(low) + static_cast<int64_t>(random.Below(static_cast<uint64_t>(high - low) + 1)));
  }
  const double u = random.Uniform();
  if (integral) {  // log: whole numbers n with weight log(n + 1) - log(n)
    const double drawn = std::floor(std::exp(std::log(low) + u * (std::log(high + 1) - std::log(low))));
    return Value(static_cast<int64_t>(std::clamp(drawn, low, high)));
  }
  double value = 0;
  if (kind == Kind::kLinear) {
    value = Rounded(low + u * (high - low));
  } else if (kind == Kind::kLog) {
    value = Rounded(std::pow(10.0, std::log10(low) + u * (std::log10(high) - std::log10(low))));
  } else {
    const double far = std::log10(1 - low), near = std::log10(1 - high);
    const double distance = Rounded(std::pow(10.0, near + u * (far - near)));
    value = 1 - distance;
    // the subtraction leaves digits of rounding behind: keep as many decimals as the distance has
    char buffer[64];
    const int decimals = std::clamp(kDigits + static_cast<int>(std::ceil(-std::log10(distance))), 0, 17);
    const auto written = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed, decimals);
    if (written.ec == std::errc()) std::from_chars(buffer, written.ptr, value);
  }
  return Value(std::clamp(value, low, high));
}

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

std::vector<std::string> TextSpace::EnumerateOptimizers() const {
  std::vector<std::string> texts;
  for (const OptimizerChoice& optimizer : optimizers) {
    for (const Value& name : optimizer.name.values) {
      for (const std::vector<Value>& row : Product(optimizer.parameters)) {
        Parts arguments;
        for (size_t i = 0; i < row.size(); ++i) arguments.emplace_back(optimizer.parameters[i].name, ArgumentText(row[i]));
        texts.push_back(OptimizerText(name.string(), arguments));
      }
    }
  }
  return texts;
}

std::vector<std::string> TextSpace::Enumerate() const {
  std::vector<Choice> all = choices;
  std::vector<std::string> optimizer_texts;
  if (!optimizers.empty()) {
    // the optimizer's texts take part in the product as numbers
    optimizer_texts = EnumerateOptimizers();
    Choice choice;
    choice.name = "optimizer";
    for (size_t i = 0; i < optimizer_texts.size(); ++i) choice.values.emplace_back(static_cast<int64_t>(i));
    all.insert(all.begin() + static_cast<std::ptrdiff_t>(optimizer_position), std::move(choice));
  }
  std::vector<std::string> texts;
  for (const std::vector<Value>& row : Product(all)) {
    Parts parts;
    for (size_t i = 0; i < row.size(); ++i) {
      const bool optimizer = !optimizers.empty() && i == optimizer_position;
      const Value& value = row[i];
      parts.emplace_back(all[i].name,
                         optimizer ? optimizer_texts[static_cast<size_t>(value.integer())] : AssignedText(all[i].name, value));
    }
    texts.push_back(Text(parts));
  }
  return texts;
}

std::string TextSpace::Sample(const Draw& draw) const {
  Parts parts;
  for (const Choice& choice : choices) parts.emplace_back(choice.name, AssignedText(choice.name, choice.Sample(draw)));
  if (!optimizers.empty()) {
    const OptimizerChoice& optimizer = optimizers[draw.Pick("optimizer_params_list", optimizers.size())];
    Parts arguments;
    for (const Choice& choice : optimizer.parameters) arguments.emplace_back(choice.name, ArgumentText(choice.Sample(draw)));
    parts.emplace_back("optimizer", OptimizerText(optimizer.name.Sample(draw).string(), arguments));
  }
  return Text(parts);
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

SearchSpace ReadSearchSpace(std::string_view compile_grid, std::string_view fit_grid, bool distributions) {
  SearchSpace space;
  space.compile.order = {"optimizer", "metrics", "loss"};
  space.fit.order = {"epochs", "batch_size"};
  ReadCompileGrid(ReadGrid(compile_grid, "compile_params_grid"), distributions, &space.compile);
  const Value fit = ReadGrid(fit_grid, "fit_params_grid");
  for (const auto& [key, value] : fit.dict()) {
    space.fit.choices.push_back(ReadChoice(key, value, "fit_params_grid", distributions));
  }
  return space;
}

}  // namespace plan
