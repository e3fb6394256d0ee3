#include "score/predictions.hpp"

#include <charconv>
#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/value.hpp"

namespace score {
namespace {

using base::Dict;
using base::Error;
using base::ErrorCode;
using base::List;
using base::Value;

/// JSON has no NaN and no infinities.
Value NumberValue(double value) { return std::isfinite(value) ? Value(value) : Value(); }

std::optional<std::string> OneText(const OutputInfo& output, const float* values) {
  if (output.meaning != OutputMeaning::kValues) {
    const auto top = static_cast<size_t>(TopClass(output, values));
    return top < output.classes.size() ? std::optional<std::string>(output.classes[top]) : std::nullopt;
  }
  if (output.elements == 1) return FloatText(values[0]);
  std::string text = "{";
  for (int64_t i = 0; i < output.elements; ++i) text += (i > 0 ? "," : "") + FloatText(values[i]);
  return text + "}";
}

Value NumbersOf(const OutputInfo& output, const float* values) {
  if (output.elements == 1) return NumberValue(static_cast<double>(values[0]));
  List list;
  for (int64_t i = 0; i < output.elements; ++i) list.push_back(NumberValue(static_cast<double>(values[i])));
  return Value(std::move(list));
}

Value ProbabilitiesOf(const OutputInfo& output, const float* values) {
  if (output.meaning == OutputMeaning::kValues) return NumbersOf(output, values);
  Dict classes;
  for (size_t c = 0; c < output.classes.size() && static_cast<int64_t>(c) < output.classes_count; ++c) {
    classes.emplace_back(output.classes[c], NumberValue(ClassProbability(output, values, static_cast<int64_t>(c))));
  }
  return Value(std::move(classes));
}

}  // namespace

std::string FloatText(float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  char buffer[32];
  const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, result.ptr);
}

std::optional<std::string> PredictionText(const std::vector<OutputInfo>& outputs, const RowValues& values) {
  if (outputs.size() == 1) return OneText(outputs[0], values[0]);
  Dict all;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].meaning == OutputMeaning::kValues) {
      all.emplace_back(outputs[i].name, NumbersOf(outputs[i], values[i]));
    } else {
      const std::optional<std::string> label = OneText(outputs[i], values[i]);
      all.emplace_back(outputs[i].name, label ? Value(*label) : Value());
    }
  }
  return base::FormatJson(Value(std::move(all)));
}

std::optional<double> TopProbability(const std::vector<OutputInfo>& outputs, const RowValues& values) {
  if (outputs.size() != 1 || outputs[0].meaning == OutputMeaning::kValues) return std::nullopt;
  return ClassProbability(outputs[0], values[0], TopClass(outputs[0], values[0]));
}

std::string ProbabilitiesJson(const std::vector<OutputInfo>& outputs, const RowValues& values) {
  if (outputs.size() == 1) {
    if (outputs[0].meaning == OutputMeaning::kValues) {
      throw Error(ErrorCode::kInvalidParameter, "the model has no classes: column \"" + outputs[0].name + "\" is a regression", "",
                  "Ask cerebro.predict_number() for its number, or cerebro.predict_vector() for several.");
    }
    return base::FormatJson(ProbabilitiesOf(outputs[0], values[0]));
  }
  Dict all;
  for (size_t i = 0; i < outputs.size(); ++i) all.emplace_back(outputs[i].name, ProbabilitiesOf(outputs[i], values[i]));
  return base::FormatJson(Value(std::move(all)));
}

void RequireOneNumber(const std::vector<OutputInfo>& outputs) {
  if (outputs.size() != 1) {
    throw Error(ErrorCode::kInvalidParameter, "the model has " + std::to_string(outputs.size()) + " outputs, not one number", "",
                "Ask cerebro.predict() for all of them, or cerebro.predict_vector() for their numbers.");
  }
  const OutputInfo& output = outputs.front();
  if (output.meaning == OutputMeaning::kValues && output.elements == 1) return;
  if (output.meaning == OutputMeaning::kValues) {
    throw Error(ErrorCode::kInvalidParameter, "the model gives " + std::to_string(output.elements) + " numbers for column \"" + output.name + "\", not one", "",
                "Ask cerebro.predict_vector() for them.");
  }
  throw Error(ErrorCode::kInvalidParameter, "the model is no regression: column \"" + output.name + "\" has classes", "",
              "Ask cerebro.predict() for the label, or cerebro.predict_proba() for the classes' probabilities.");
}

}  // namespace score
