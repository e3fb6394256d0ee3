// What a model says of a row, as SQL has it: a label, a number, probabilities, all numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "score/outputs.hpp"

namespace score {

/// The values of a model's outputs for one row: an array an output.
using RowValues = std::vector<const float*>;

/// Of a model with one output the label, or the number of a regression; several numbers as an array's text. Of several outputs a JSON text, a key an
/// output. nullopt: a class without a name.
std::optional<std::string> PredictionText(const std::vector<OutputInfo>& outputs, const RowValues& values);
/// Of a model with one output the probability of the class that PredictionText names; nullopt for other models.
std::optional<double> TopProbability(const std::vector<OutputInfo>& outputs, const RowValues& values);
/// JSON: the probability of each class, classes that have no name left out; of several outputs an object of them, regressions with their numbers.
/// Errors: kInvalidParameter for a model that is a regression alone.
std::string ProbabilitiesJson(const std::vector<OutputInfo>& outputs, const RowValues& values);
/// Errors: kInvalidParameter unless the model is a regression of one number.
void RequireOneNumber(const std::vector<OutputInfo>& outputs);

/// The shortest text that reads back as the same number.
std::string FloatText(float value);

}  // namespace score
