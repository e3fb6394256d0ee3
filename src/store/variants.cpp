// A variant's weights are those of the layers that it keeps, taken over byte by byte. Equal bytes are what the planner finds frozen layers equal by
// (plan/frozen.hpp), so variants of one row share what they have frozen in common.
#include "store/variants.hpp"

#include "base/error.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "store/architectures.hpp"

namespace store {
namespace {

using base::ErrorCode;

size_t WeightBytes(const base::Layer& layer) {
  size_t bytes = 0;
  for (const base::WeightSpec& weight : layer.weights) bytes += static_cast<size_t>(base::ElementCount(weight.shape)) * sizeof(float);
  return bytes;
}

class Adder {
 public:
  explicit Adder(const VariantRequest& request)
      : table_(pg::ParseTableName(request.model_arch_table, "model_arch_table")), source_(ReadArchitecture(request.model_arch_table, request.model_id)) {
    size_t at = 0;
    for (const base::Layer& layer : source_.graph->layers) {
      begins_.push_back(at);
      at += WeightBytes(layer);
    }
    if (source_.weights && source_.weights->size() != at) {
      throw base::Error(ErrorCode::kInvalidParameter, "model_weights of model_id " + std::to_string(source_.model_id) + " has " +
                                                          std::to_string(source_.weights->size()) + " bytes, the architecture needs " + std::to_string(at));
    }
    if (!source_.weights) {
      pg::Warning("model_id " + std::to_string(source_.model_id) + " has no weights: what is frozen keeps the ones that each model draws",
                  "Load weights by cerebro.import_weights(), or give load_model() those of a trained model.");
    }
  }

  const base::Graph& graph() const { return *source_.graph; }

  void Add(const wire::Variant& variant, const std::string& what) {
    NewArchitecture row;
    row.json = variant.architecture;
    const std::string base = source_.name.empty() ? "model " + std::to_string(source_.model_id) : source_.name;
    row.name = base + ", " + what;
    int made = 0;
    for (const int from : variant.from) made += from < 0 ? 1 : 0;
    row.description = "of model_id " + std::to_string(source_.model_id) + ": " + what + "; " + std::to_string(variant.frozen) + " of " +
                      std::to_string(variant.graph.layers.size() - variant.graph.inputs.size()) + " layers frozen, " + std::to_string(made) + " new";
    SetWeights(variant, &row);
    const int model_id = AddArchitecture(table_, row);
    rows_.push_back({std::to_string(model_id), row.name, row.description});
  }

  VariantRows TakeRows() { return std::move(rows_); }

 private:
  void SetWeights(const wire::Variant& variant, NewArchitecture* row) const {
    if (!source_.weights) return;
    std::string weights;
    std::vector<std::string> names;
    bool all = true;
    for (size_t i = 0; i < variant.from.size(); i++) {
      const base::Layer& layer = variant.graph.layers[i];
      if (layer.weights.empty()) continue;
      const auto from = static_cast<size_t>(variant.from[i]);
      if (variant.from[i] < 0 || (!source_.given.empty() && !source_.given[from])) {
        all = false;
        continue;
      }
      names.push_back(layer.name);
      weights.append(*source_.weights, begins_[from], WeightBytes(layer));
    }
    if (names.empty()) return;
    row->weights = std::move(weights);
    if (!all) row->weight_layers = std::move(names);
  }

  pg::TableName table_;
  Architecture source_;
  std::vector<size_t> begins_;  // of each layer's weights
  VariantRows rows_;
};

std::string HeadText(const wire::HeadRequest& head) {
  if (head.layers) return ", new head";
  if (!head.hidden) return "";
  std::string units;
  for (const int n : *head.hidden) units += (units.empty() ? "" : ",") + std::to_string(n);
  return ", new head {" + units + "}";
}

}  // namespace

VariantRows FreezeVariants(const VariantRequest& request, const std::vector<std::string>& layers, bool truncate) {
  if (layers.empty()) {
    throw base::Error(ErrorCode::kInvalidParameter, "layers is empty", "", "Name the layers up to which the model is frozen; '' freezes nothing.");
  }
  Adder adder(request);
  for (const std::string& layer : layers) {
    const std::optional<std::string> up_to = layer.empty() ? std::nullopt : std::make_optional(layer);
    const std::string what = up_to ? (truncate ? "cut at " : "frozen to ") + layer : "nothing frozen";
    adder.Add(wire::FreezeVariant(adder.graph(), up_to, request.head, truncate), what + HeadText(request.head));
  }
  return adder.TakeRows();
}

VariantRows AdapterVariants(const VariantRequest& request, const std::vector<std::string>& layers, const std::vector<int>& sizes) {
  if (sizes.empty()) throw base::Error(ErrorCode::kInvalidParameter, "sizes is empty", "", "Give the units of the adapters, a variant each.");
  Adder adder(request);
  for (const int size : sizes) {
    adder.Add(wire::AdapterVariant(adder.graph(), layers, size, request.head),
              std::to_string(layers.size()) + (layers.size() == 1 ? " adapter of " : " adapters of ") + std::to_string(size) + HeadText(request.head));
  }
  return adder.TakeRows();
}

}  // namespace store
