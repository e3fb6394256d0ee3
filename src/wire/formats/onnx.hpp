// ONNX: a graph of operators with constants.
#pragma once

#include <string>
#include <string_view>

#include "wire/exchange.hpp"

namespace wire {

constexpr const char* kOnnxProducer = "pg_cerebro";  // in files of ours

/// A model in operator set 17, or 20 where it has a gelu. Inputs and outputs are as predict has them: channels last, with the batch in front, and
/// are called by their layers. Errors: kFeatureNotSupported for a layer, or an argument, that has no operators here.
std::string ExportOnnx(const base::Graph& graph, std::string_view weights);

/// The architecture and the weights of a model whose operators all have layers, see onnx_import.cpp. Images are turned to
/// channels last.
ImportedModel ImportOnnx(std::string_view bytes);

}  // namespace wire
