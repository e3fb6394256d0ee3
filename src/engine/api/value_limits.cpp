#include "engine/api/value_limits.hpp"

#include <algorithm>
#include <cmath>

#include "definitions/loss.hpp"
#include "engine/api/binding.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/row_decoder.hpp"

namespace engine {

namespace {

constexpr int64_t kRowsAtOnce = 256;
// Labels that are probabilities may have been rounded.
constexpr double kRounding = 1e-6;

template <typename T>
ValueRange DecodedRange(const base::ColumnSpec& column, const Elements& elements, const uint8_t* packed, int64_t rows) {
  const math::RowDecoder<T> decoder(column);
  std::vector<T> values(static_cast<size_t>(kRowsAtOnce * decoder.row_elements()));
  ValueRange range;
  for (int64_t first = 0; first < rows; first += kRowsAtOnce) {
    const int64_t n = std::min(kRowsAtOnce, rows - first);
    decoder.Decode(packed + static_cast<size_t>(first) * column.row_bytes(), nullptr, n, values.data());
    const int64_t width = decoder.row_elements(), count = elements.count > 0 ? elements.count : width;
    T smallest = values[static_cast<size_t>(elements.first)], largest = smallest;
    double fraction = range.fraction;
    for (int64_t row = 0; row < n; ++row) {
      const T* at = values.data() + row * width + elements.first;
      for (int64_t i = 0; i < count; ++i) {
        smallest = std::min(smallest, at[i]);
        largest = std::max(largest, at[i]);
        if (std::trunc(at[i]) != at[i] && std::isfinite(at[i])) fraction = static_cast<double>(at[i]);
      }
    }
    range.smallest = std::min(range.smallest, static_cast<double>(smallest));
    range.largest = std::max(range.largest, static_cast<double>(largest));
    range.fraction = fraction;
  }
  return range;
}

const base::Layer& LayerOf(const base::Graph& graph, int call) {
  return graph.layers[static_cast<size_t>(graph.calls[static_cast<size_t>(call)].layer)];
}

// Whether the layer's output has its inputs' values, and perhaps zeros.
bool MovesValues(const base::Layer& layer) {
  switch (layer.kind) {
    case base::LayerKind::kFlatten:
    case base::LayerKind::kReshape:
    case base::LayerKind::kConcatenate:
    case base::LayerKind::kZeroPadding1D:
    case base::LayerKind::kZeroPadding2D:
    case base::LayerKind::kUpSampling1D:
    case base::LayerKind::kPermute:
    case base::LayerKind::kRepeatVector:
      return true;
    case base::LayerKind::kActivation:
      return ActivationAttribute(layer, "activation") == Activation::kLinear;
    default:
      return false;
  }
}

// The argument that says how many indexes the layer takes; nullptr when it takes any numbers.
const char* IndexArgument(const base::Layer& layer) {
  switch (layer.kind) {
    case base::LayerKind::kEmbedding:
      return "input_dim";
    case base::LayerKind::kCategoryEncoding:
      return "num_tokens";
    default:
      return nullptr;
  }
}

// Adds what of the columns reaches the call unchanged.
void AddParts(const base::Graph& graph, const std::vector<InputBinding>& bindings, int call, std::vector<InputPart>* parts) {
  const auto input = std::find(graph.inputs.begin(), graph.inputs.end(), call);
  if (input != graph.inputs.end()) {
    const InputBinding& binding = bindings.at(static_cast<size_t>(input - graph.inputs.begin()));
    parts->insert(parts->end(), binding.parts.begin(), binding.parts.end());
    return;
  }
  if (!MovesValues(LayerOf(graph, call))) return;
  for (const int from : graph.calls[static_cast<size_t>(call)].inputs) AddParts(graph, bindings, from, parts);
}

}  // namespace

ValueRange RangeOf(const base::ColumnSpec& column, const Elements& elements, base::DType precision, const uint8_t* packed, int64_t rows) {
  return precision == base::DType::kFloat64 ? DecodedRange<double>(column, elements, packed, rows)
                                            : DecodedRange<float>(column, elements, packed, rows);
}

std::vector<Elements> MembersOf(const base::ColumnSpec& column, const Elements& elements) {
  if (column.members.empty()) return {elements};
  const int64_t count = elements.count > 0 ? elements.count : static_cast<int64_t>(column.members.size());
  std::vector<Elements> members;
  for (int64_t k = 0; k < count; ++k) members.push_back({elements.first + k, 1});
  return members;
}

std::string NameOf(const base::ColumnSpec& column, const Elements& elements) {
  const bool member = elements.count == 1 && static_cast<size_t>(elements.first) < column.members.size();
  return member ? column.members[static_cast<size_t>(elements.first)].name : column.name;
}

ValueRange WarrantedRange(const base::ColumnSpec& column, const Elements& elements) {
  ValueRange none;
  std::swap(none.smallest, none.largest);
  if (column.scale != 1.0 || !column.mean.empty()) return none;
  if (elements.count == 1 && !column.members.empty()) {
    const std::vector<std::string>& words = column.members.at(static_cast<size_t>(elements.first)).dictionary;
    if (!words.empty()) return {0, static_cast<double>(words.size())};
  }
  if (!column.dictionary.empty()) return {0, static_cast<double>(column.dictionary.size())};
  switch (column.dtype) {
    case base::DType::kUInt8:
      return {0, std::numeric_limits<uint8_t>::max()};
    case base::DType::kInt8:
      return {std::numeric_limits<int8_t>::min(), std::numeric_limits<int8_t>::max()};
    case base::DType::kInt16:
      return {std::numeric_limits<int16_t>::min(), std::numeric_limits<int16_t>::max()};
    default:
      return none;
  }
}

bool ValueLimit::Allows(const ValueRange& range) const {
  if (range.smallest > range.largest) return true;  // no value at all
  if (whole) return std::trunc(range.smallest) >= 0 && std::trunc(range.largest) <= largest && std::isnan(range.fraction);
  return range.smallest >= -kRounding && range.largest <= largest + kRounding;
}

std::string ValueLimit::Text() const {
  const std::string bounds = " from 0 to " + std::to_string(static_cast<int64_t>(largest));
  if (!is_target) return "layer \"" + layer + "\" takes indexes" + bounds;
  return "loss " + loss + " of output \"" + layer + "\" takes " + (whole ? "classes" : "labels") + bounds;
}

double ValueOutside(const ValueLimit& limit, const ValueRange& range) {
  if (limit.Allows({range.smallest, range.largest})) return range.fraction;
  return limit.Allows({range.smallest, range.smallest}) ? range.largest : range.smallest;
}

base::ColumnSpec ColumnSeen(const base::ColumnSpec& column, const ValueLimit& limit) {
  base::ColumnSpec seen = column;
  if (!limit.as_packed) return seen;
  seen.scale = 1;
  seen.mean.clear();
  seen.std.clear();
  seen.exact_standardisation = false;
  return seen;
}

std::vector<ValueLimit> ValueLimits(const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& data) {
  const std::vector<InputBinding> bindings = BindInputs(graph, data);
  std::vector<ValueLimit> limits;
  for (const base::Call& call : graph.calls) {
    const base::Layer& layer = graph.layers[static_cast<size_t>(call.layer)];
    const char* argument = IndexArgument(layer);
    if (argument == nullptr) continue;
    std::vector<InputPart> parts;
    for (const int from : call.inputs) AddParts(graph, bindings, from, &parts);
    const auto input = std::find(graph.inputs.begin(), graph.inputs.end(), call.inputs[0]);
    const bool as_packed = input != graph.inputs.end() && TakesIndexes(graph, bindings.at(static_cast<size_t>(input - graph.inputs.begin())), *input);
    for (const InputPart& part : parts) {
      ValueLimit limit;
      limit.as_packed = as_packed;
      limit.column = part.column;
      const bool all = part.count == base::ElementCount(data.inputs[static_cast<size_t>(part.column)].shape);
      if (!all) limit.elements = {part.first, part.count};
      limit.largest = static_cast<double>(IntAttribute(layer, argument) - 1);
      limit.layer = layer.name;
      limit.argument = argument;
      limits.push_back(std::move(limit));
    }
  }
  const std::vector<base::LossConfig> losses = BindTargets(graph, config, data);
  for (size_t i = 0; i < losses.size(); ++i) {
    const base::TargetKind kind = data.targets[i].kind;
    const definitions::Targets wanted = definitions::DefinitionOf(losses[i].kind).targets;
    if (wanted == definitions::Targets::kValues || wanted == definitions::Targets::kMargin) continue;
    // what labels are packed as is right by itself, and their number is known to fit
    if (kind == base::TargetKind::kOneHot || kind == base::TargetKind::kClassIndex) continue;
    ValueLimit limit;
    limit.is_target = true;
    limit.column = static_cast<int>(i);
    limit.whole = wanted == definitions::Targets::kClassIndex;
    limit.largest = limit.whole ? static_cast<double>(graph.calls[static_cast<size_t>(graph.outputs[i])].output_shape.back() - 1) : 1.0;
    limit.layer = OutputName(graph, i);
    limit.loss = losses[i].name;
    limits.push_back(std::move(limit));
  }
  return limits;
}

}  // namespace engine
