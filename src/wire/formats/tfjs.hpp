// A layers model of TensorFlow.js: model.json and its shards, in a zip archive.
#pragma once

#include <string>
#include <string_view>

#include "wire/exchange.hpp"

namespace wire {

ImportedWeights ImportTfjsWeights(const base::Graph& graph, std::string_view bytes, const LayerNames& names);
ImportedModel ImportTfjsModel(std::string_view bytes);
std::string ExportTfjsModel(const base::Graph& graph, std::string_view weights);

}  // namespace wire
