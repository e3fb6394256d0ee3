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

// Adds the values of one element of n rows.
template <typename T>
void Extend(const T* values, int64_t n, int64_t width, ValueRange* range) {
  T smallest = values[0], largest = values[0];
  for (int64_t row = 0; row < n; ++row, values += width) {
    const T value = *values;
    smallest = std::min(smallest, value);
    largest = std::max(largest, value);
    // what is no whole number is below 2^23, or 2^52
    if (std::abs(value) < T(int64_t{1} << 52) && static_cast<T>(static_cast<int64_t>(value)) != value) range->fraction = static_cast<double>(value);
  }
  range->smallest = std::min(range->smallest, static_cast<double>(smallest));
  range->largest = std::max(range->largest, static_cast<double>(largest));
}

template <typename T>
std::vector<ValueRange> DecodedRanges(const base::ColumnSpec& column, const std::vector<Elements>& subjects, const uint8_t* packed,
                                      int64_t rows) {
  const math::RowDecoder<T> decoder(column);
  const int64_t width = decoder.row_elements();
  std::vector<T> values(static_cast<size_t>(kRowsAtOnce * width));
  std::vector<ValueRange> ranges(subjects.size());
  for (int64_t first = 0; first < rows; first += kRowsAtOnce) {
    const int64_t n = std::min(kRowsAtOnce, rows - first);
    decoder.Decode(packed + static_cast<size_t>(first) * column.row_bytes(), nullptr, n, values.data());
    for (size_t i = 0; i < subjects.size(); ++i) {
      const int64_t count = subjects[i].count > 0 ? subjects[i].count : width;
      for (int64_t k = 0; k < count; ++k) Extend(values.data() + subjects[i].first + k, n, width, &ranges[i]);
    }
  }
  return ranges;
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

std::vector<ValueRange> RangesOf(const base::ColumnSpec& column, const std::vector<Elements>& subjects, base::DType precision,
                                 const uint8_t* packed, int64_t rows) {
  return precision == base::DType::kFloat64 ? DecodedRanges<double>(column, subjects, packed, rows)
                                            : DecodedRanges<float>(column, subjects, packed, rows);
}

ValueRange RangeOf(const base::ColumnSpec& column, const Elements& elements, base::DType precision, const uint8_t* packed, int64_t rows) {
  return RangesOf(column, {elements}, precision, packed, rows).front();
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
