// A graph's weights as named tensors, in Keras's and in PyTorch's way, and back.
#pragma once

#include <string>
#include <string_view>

#include "wire/exchange.hpp"
#include "wire/formats/tensor_file.hpp"

namespace wire {

/// A stretch of a graph's weights: "dense/kernel". `what`: for messages.
struct GraphWeight {
  const base::Layer* layer;
  const base::WeightSpec* spec;
  size_t offset;    // in elements
  size_t elements;
};
std::vector<GraphWeight> WeightsOf(const base::Graph& graph);

/// Keras's names. Data of the result views `weights`.
TensorFile NameWeights(const base::Graph& graph, std::string_view weights);
/// PyTorch's names and layouts, see weight_names.cpp. Errors: kFeatureNotSupported for a layer with weights that PyTorch
/// has no module for.
TensorFile NameTorchWeights(const base::Graph& graph, std::string_view weights);

/// The weights of a graph by either naming. Errors: kInvalidParameter when a tensor is missing or of another shape.
/// Errors: kInvalidParameter when names has one of a layer that the graph lacks, or one without weights.
void RequireLayers(const base::Graph& graph, const LayerNames& names);
ImportedWeights FindWeights(const base::Graph& graph, const TensorFile& file, const LayerNames& names);
ImportedWeights FindTorchWeights(const base::Graph& graph, const TensorFile& file, const LayerNames& names);

/// Appends a tensor's elements for a weight. Errors: kInvalidParameter where the shapes differ.
void AppendWeight(const GraphWeight& weight, const FileTensor& tensor, std::string* out);

}  // namespace wire
