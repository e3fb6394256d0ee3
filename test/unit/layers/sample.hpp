// A layer of each kind that nobody had to write down: required arguments get a value of their type, and the input is
// the first of a few shapes that the layer takes. So a new definition is tested without a change of a test.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "layers/definition.hpp"

namespace layers_test {

inline base::Value SampleValue(const layers::Argument& argument) {
  using T = layers::ArgumentType;
  switch (argument.type) {
    case T::kBool: return base::Value(true);
    case T::kPositive:
    case T::kPair:
    case T::kSingle: return base::Value(2);
    case T::kPermutation: return base::Value(base::List{2, 1});
    case T::kNumber:
    case T::kNonNegative:
    case T::kNonNegativeOrNull:
    case T::kFraction:
    case T::kRate: return base::Value(0.5);
    case T::kChoice: return base::Value(std::string(argument.choices, std::string(argument.choices).find(' ')));
    case T::kActivation: return base::Value("relu");
    case T::kInitializer: return base::Value("zeros");
    case T::kAxis:
    case T::kTwoAxes:
    case T::kAxes:
    case T::kWeightAxes: return base::Value(-1);
    case T::kInputShape: return base::Value(base::List{8, 8, 4});
    case T::kTargetShape: return base::Value(base::List{-1});
    case T::kPadding: return base::Value(1);
    case T::kNumbers: return base::Value(0.5);
    case T::kSpan:
    case T::kSpread: return base::Value(0.25);
    case T::kBoundaries: return base::Value(base::List{0.5, 1.5});
    case T::kOpenShape: return base::Value(base::List{3});
    case T::kText: return base::Value("...x,xy->...y");  // the equation of an EinsumDense
    default: return base::Value();
  }
}

/// Keras's arguments: those that have no default.
inline base::Dict SampleArguments(const layers::LayerDefinition& definition) {
  base::Dict config;
  for (const layers::Argument& argument : definition.arguments) {
    const bool required = argument.initial == nullptr && argument.type != layers::ArgumentType::kAbsent;
    if (required) config.emplace_back(argument.name, SampleValue(argument));
  }
  return config;
}

struct Sample {
  base::Layer layer;
  layers::Shapes inputs;
  base::Shape output;
};

/// nullopt: the layer takes none of the shapes.
inline std::optional<Sample> MakeSample(const layers::LayerDefinition& definition) {
  Sample sample;
  sample.layer.name = "x";
  sample.layer.kind = definition.kind;
  sample.layer.attributes = layers::NormalizeArguments(definition, "x", base::Value(SampleArguments(definition)));
  for (const base::Shape& shape : {base::Shape{8, 8, 4}, base::Shape{6, 4}, base::Shape{5}, base::Shape{2, 32}}) {
    sample.inputs.assign(definition.min_inputs, shape);
    try {
      sample.output = definition.shape(sample.layer, sample.inputs);
    } catch (const base::Error&) {
      continue;
    }
    if (definition.weights != nullptr) sample.layer.weights = definition.weights(sample.layer, sample.inputs);
    return sample;
  }
  return std::nullopt;
}

}  // namespace layers_test
