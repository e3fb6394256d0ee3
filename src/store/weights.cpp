#include "store/weights.hpp"

#include "base/error.hpp"
#include "base/tensor.hpp"
#include "store/result_tables.hpp"
#include "store/training_state.hpp"

namespace store {
namespace {

std::string ShapeText(const base::Shape& shape) {
  std::string text = "{";
  for (size_t i = 0; i < shape.size(); i++) text += (i > 0 ? "," : "") + std::to_string(shape[i]);
  return text + "}";
}

}  // namespace

std::vector<std::vector<std::optional<std::string>>> WeightPieces(std::string_view model_table, int mst_key) {
  const ModelTable table = OpenModelTable(model_table, "model_table", mst_key);
  const std::string weights = ReadWeights(table, mst_key);
  const base::Graph& graph = *table.models.front().graph;
  if (weights.size() != static_cast<size_t>(graph.WeightCount()) * sizeof(float)) {
    throw base::Error(base::ErrorCode::kDataCorrupted,
                      "the weights of mst_key " + std::to_string(mst_key) + " in table " + table.name.Text() + " have " +
                          std::to_string(weights.size()) + " bytes, the architecture has " + std::to_string(graph.WeightCount()) + " weights");
  }
  std::vector<std::vector<std::optional<std::string>>> rows;
  size_t at = 0;
  int position = 0;
  for (const base::Layer& layer : graph.layers) {
    for (const base::WeightSpec& weight : layer.weights) {
      const size_t bytes = static_cast<size_t>(base::ElementCount(weight.shape)) * sizeof(float);
      position++;
      const StatePieces pieces(std::string_view(weights).substr(at, bytes));
      for (size_t piece = 0; piece < pieces.count(); piece++) {
        rows.push_back({std::to_string(position), layer.name + "/" + weight.name, ShapeText(weight.shape), std::to_string(piece),
                        std::string(pieces[piece])});
      }
      at += bytes;
    }
  }
  return rows;
}

}  // namespace store
