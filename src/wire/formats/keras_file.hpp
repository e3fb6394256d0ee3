// Keras's own files: weights and models of HDF5, and the .keras archive.
#pragma once

#include <string>
#include <string_view>

#include "wire/exchange.hpp"
#include "wire/formats/hdf5.hpp"

namespace wire {

/// A graph's weights out of an HDF5 file, see keras_file.cpp.
ImportedWeights ImportHdf5Weights(const base::Graph& graph, std::string_view bytes, const LayerNames& names);
/// A model that Keras 2 saved whole.
ImportedModel ImportHdf5Model(std::string_view bytes);
/// Keras 3's .weights.h5.
std::string ExportHdf5Weights(const base::Graph& graph, std::string_view weights);

ImportedWeights ImportKerasWeights(const base::Graph& graph, std::string_view bytes, const LayerNames& names);
ImportedModel ImportKerasModel(std::string_view bytes);
std::string ExportKerasModel(const base::Graph& graph, std::string_view weights);

/// Keras 3's form of a functional model, or Keras 2's, which TensorFlow.js reads. kKeras2Wrapped: Keras 2's, in which Bidirectional layers that
/// return sequences are put together again; who writes weights beside the text cannot use it, because their names are those of the parts.
enum class KerasForm { kKeras2, kKeras2Wrapped, kKeras3 };

/// A graph's architecture as JSON: ReadKeras gives the same graph again, in kKeras3 with "_" for "/" in names.
/// Errors: kFeatureNotSupported for what Keras cannot say.
std::string WriteKeras(const base::Graph& graph, KerasForm form);

}  // namespace wire
