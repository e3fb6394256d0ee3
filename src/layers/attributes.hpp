// What several definitions have in common: arguments, reading normalised attributes, shapes of images, weights. Inside
// of src/layers only. All take attributes as NormalizeArguments left them, and shapes without the batch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "layers/definition.hpp"

namespace layers {

// Arguments.
constexpr Argument kUseBias{"use_bias", ArgumentType::kBool, "True"};
constexpr Argument kKernelInitializer{"kernel_initializer", ArgumentType::kInitializer, "'glorot_uniform'"};
constexpr Argument kBiasInitializer{"bias_initializer", ArgumentType::kInitializer, "'zeros'"};
constexpr Argument kDataFormat{"data_format", ArgumentType::kDataFormat, "'channels_last'"};
constexpr Argument kWindowPadding{"padding", ArgumentType::kChoice, "'valid'", "valid same"};
/// Keras writes it for every convolution; to some it means nothing.
constexpr Argument kIgnoredGroups{"groups", ArgumentType::kAbsent, "1"};
constexpr Argument kNoActivityRegularizer{"activity_regularizer", ArgumentType::kAbsent};
constexpr Argument Activation(const char* name, const char* initial) { return {name, ArgumentType::kActivation, initial}; }
constexpr Argument Initializer(const char* name, const char* initial) { return {name, ArgumentType::kInitializer, initial}; }
constexpr Argument Regularizer(const char* name) { return {name, ArgumentType::kRegularizer, "None"}; }
constexpr Argument Constraint(const char* name) { return {name, ArgumentType::kConstraint, "None"}; }
constexpr Argument Absent(const char* name) { return {name, ArgumentType::kAbsent}; }

// Reading normalised attributes.
bool Bool(const base::Layer& layer, const char* name);
int64_t Int(const base::Layer& layer, const char* name);
const std::string& Text(const base::Layer& layer, const char* name);
/// An element of a pair, or of a list of one.
int64_t ListElement(const base::Layer& layer, const char* name, size_t index);
/// Positions (0 = first dimension after the batch) of the axes of attribute "axis" for a shape; refuses one that is not
/// there.
std::vector<size_t> Axes(const base::Layer& layer, const base::Shape& shape);
/// Likewise, of the attribute with that name.
std::vector<size_t> Positions(const base::Layer& layer, const char* name, const base::Shape& shape);
/// Likewise, in ascending order, or it is refused.
std::vector<size_t> AscendingAxes(const base::Layer& layer, const base::Shape& shape);
/// The shape of an attribute of nested lists of numbers; {} for a number.
base::Shape ShapeOfNumbers(const base::Value& numbers);
/// Throws when the attribute's numbers do not broadcast to `shape`, by NumPy's rules: from the last dimension on, each
/// equal or 1.
void CheckBroadcast(const base::Layer& layer, const char* name, const base::Shape& shape);

/// Throws kInvalidParameter: layer "name" (Class): <problem>
[[noreturn]] void Unfit(const base::Layer& layer, const std::string& problem, const std::string& hint = {});

// Shapes.
base::Shape SameShape(const base::Layer& layer, const Shapes& inputs);
/// That of a normalising layer: the input's. Checks that the attribute "axis" names dimensions of it in ascending
/// order.
base::Shape NormalizedShape(const base::Layer& layer, const Shapes& inputs);
/// The first input, which must be (height, width, channels).
const base::Shape& Image(const base::Layer& layer, const Shapes& inputs);
/// The first input, which must be (time, channels).
const base::Shape& Sequence(const base::Layer& layer, const Shapes& inputs);
/// An image or a sequence, as the window has two sizes or one.
const base::Shape& UnderWindow(const base::Layer& layer, const Shapes& inputs, const char* window_name);
/// One dimension under a sliding window. TensorFlow: "same" and "causal" ceil(size / stride), "valid" ceil((size -
/// window + 1) / stride).
int64_t Slide(const base::Layer& layer, const base::Shape& image, size_t dimension, const char* window_name, int64_t window, int64_t stride);
/// An image or a sequence under a kernel: "kernel_size", "strides", "dilation_rate" and "padding". The channels stay.
base::Shape UnderKernel(const base::Layer& layer, const Shapes& inputs);
/// Product of a list of sizes, such as "kernel_size".
double WindowElements(const base::Layer& layer, const char* window_name);
/// Elements of a shape that was checked before.
double Elements(const base::Shape& shape);

/// A weight that no optimizer moves and no argument is about, such as a constant of preprocessing.
base::WeightSpec ConstantWeight(const std::string& name, base::Shape shape, const char* initializer);
/// A weight whose arguments are <prefix>_initializer, <prefix>_regularizer and <prefix>_constraint.
base::WeightSpec Weight(const base::Layer& layer, const std::string& name, const std::string& prefix, base::Shape shape,
                        bool trainable = true);

// Flops.
double OneAnElement(const base::Layer& layer, const Shapes& inputs, const base::Shape& output);
/// Bias and activation of a product: one operation each an output element.
double Finishing(const base::Layer& layer, const base::Shape& output);

// Zeros.
Zeros KeepsZeros(const base::Layer& layer);
/// kMade when the attribute "activation" is "relu".
Zeros ZerosOfActivation(const base::Layer& layer);

// Ranges.
Range AnyRange(const base::Layer& layer, size_t rank);
Range RangeOfInput(const base::Layer& layer, size_t rank);
/// By the attribute "activation"; kUnknown for one that is not listed.
Range RangeOfActivation(const base::Layer& layer, size_t rank);

}  // namespace layers
