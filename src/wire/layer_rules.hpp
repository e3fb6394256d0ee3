// What a layer makes of its inputs: output shapes, weights and cost. The functions that the rows of layer_table.cpp name.
// All take attributes as NormalizeArguments left them, and shapes without the batch.
#pragma once

#include <string>
#include <vector>

#include "wire/layer_table.hpp"

namespace wire {

// Shapes. Errors: kInvalidParameter naming the layer and its input.
base::Shape InputShape(const base::Layer& layer, const Shapes& inputs);
base::Shape SameShape(const base::Layer& layer, const Shapes& inputs);
base::Shape DropoutShape(const base::Layer& layer, const Shapes& inputs);
base::Shape DenseShape(const base::Layer& layer, const Shapes& inputs);
base::Shape Conv2DShape(const base::Layer& layer, const Shapes& inputs);
base::Shape Pooling2DShape(const base::Layer& layer, const Shapes& inputs);
base::Shape GlobalPooling2DShape(const base::Layer& layer, const Shapes& inputs);
base::Shape ZeroPadding2DShape(const base::Layer& layer, const Shapes& inputs);
base::Shape FlattenShape(const base::Layer& layer, const Shapes& inputs);
base::Shape ReshapeShape(const base::Layer& layer, const Shapes& inputs);
base::Shape NormalizationShape(const base::Layer& layer, const Shapes& inputs);  // checks "axis"
base::Shape EmbeddingShape(const base::Layer& layer, const Shapes& inputs);
base::Shape RecurrentShape(const base::Layer& layer, const Shapes& inputs);
base::Shape MergeShape(const base::Layer& layer, const Shapes& inputs);
base::Shape ConcatenateShape(const base::Layer& layer, const Shapes& inputs);

// Weights, for inputs that the shape function accepted.
std::vector<base::WeightSpec> DenseWeights(const base::Layer& layer, const Shapes& inputs);
std::vector<base::WeightSpec> Conv2DWeights(const base::Layer& layer, const Shapes& inputs);
std::vector<base::WeightSpec> NormalizationWeights(const base::Layer& layer, const Shapes& inputs);
std::vector<base::WeightSpec> EmbeddingWeights(const base::Layer& layer, const Shapes& inputs);
std::vector<base::WeightSpec> RecurrentWeights(const base::Layer& layer, const Shapes& inputs);

// Forward operations for one row: 2 for each multiplication and addition of a product, 1 for each other operation on an element,
// functions such as exp included. Copies count nothing.
double ElementFlops(const base::Layer& layer, const Shapes& inputs, const base::Shape& output);  // one an output element
double DenseFlops(const base::Layer& layer, const Shapes& inputs, const base::Shape& output);
double Conv2DFlops(const base::Layer& layer, const Shapes& inputs, const base::Shape& output);
double Pooling2DFlops(const base::Layer& layer, const Shapes& inputs, const base::Shape& output);
double GlobalPooling2DFlops(const base::Layer& layer, const Shapes& inputs, const base::Shape& output);
double NormalizationFlops(const base::Layer& layer, const Shapes& inputs, const base::Shape& output);
double RecurrentFlops(const base::Layer& layer, const Shapes& inputs, const base::Shape& output);
double MergeFlops(const base::Layer& layer, const Shapes& inputs, const base::Shape& output);

// Reading normalised attributes.
bool Bool(const base::Layer& layer, const char* name);
int64_t Int(const base::Layer& layer, const char* name);
const std::string& Text(const base::Layer& layer, const char* name);
/// Element 0 or 1 of a pair.
int64_t PairElement(const base::Layer& layer, const char* name, size_t index);
/// Positions (0 = first dimension after the batch) of the axes of attribute "axis" for a shape; refuses one that is not there.
std::vector<size_t> Axes(const base::Layer& layer, const base::Shape& shape);
/// Elements of a shape that was checked before.
double Elements(const base::Shape& shape);

}  // namespace wire
