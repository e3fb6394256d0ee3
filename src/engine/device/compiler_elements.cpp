// Layers whose results are made element by element, and normalisations.
#include <algorithm>
#include <utility>

#include "engine/device/compiler.hpp"

namespace engine::device {

namespace {

using base::LayerKind;

// Where each element of a row lies in a row of another shape, which has 1 along some of its dimensions.
std::vector<int32_t> BroadcastFrom(const base::Shape& row, const base::Shape& shape) {
  std::vector<int32_t> from(static_cast<size_t>(base::ElementCount(row)));
  for (size_t e = 0; e < from.size(); ++e) {
    int64_t rest = static_cast<int64_t>(e), stride = 1, at = 0;
    for (size_t d = row.size(); d-- > 0;) {
      if (shape[d] > 1) at += rest % row[d] * stride;
      rest /= row[d];
      stride *= shape[d];
    }
    from[e] = static_cast<int32_t>(at);
  }
  return from;
}

// The element of a row of shape `in` that `index` names; -1 outside.
int32_t ElementAt(const base::Shape& in, const std::vector<int64_t>& index) {
  int64_t at = 0;
  for (size_t d = 0; d < in.size(); ++d) {
    if (index[d] < 0 || index[d] >= in[d]) return -1;
    at = at * in[d] + index[d];
  }
  return static_cast<int32_t>(at);
}

// By index of the results: where the element comes from.
using Origin = std::vector<int64_t> (*)(const base::Layer& layer, const base::Shape& in, std::vector<int64_t> index);

// What an argument [front, behind] or [[top, bottom], [left, right]] puts or takes in front of dimension d.
int64_t Front(const base::Layer& layer, const char* argument, size_t d) {
  const base::List& sides = Attribute(layer, argument).list();
  if (!sides.at(0).is_list()) return sides.at(0).integer();
  return sides.at(d).list().at(0).integer();
}

std::vector<int64_t> OfPadding(const base::Layer& layer, const base::Shape& in, std::vector<int64_t> index) {
  for (size_t d = 0; d + 1 < in.size(); ++d) index[d] -= Front(layer, "padding", d);
  return index;
}

std::vector<int64_t> OfCropping(const base::Layer& layer, const base::Shape& in, std::vector<int64_t> index) {
  for (size_t d = 0; d + 1 < in.size(); ++d) index[d] += Front(layer, "cropping", d);
  return index;
}

std::vector<int64_t> OfUpSampling(const base::Layer& layer, const base::Shape& in, std::vector<int64_t> index) {
  const base::Value& size = Attribute(layer, "size");
  for (size_t d = 0; d + 1 < in.size(); ++d) index[d] /= size.is_list() ? size.list().at(d).integer() : size.integer();
  return index;
}

std::vector<int64_t> OfPermute(const base::Layer& layer, const base::Shape& in, std::vector<int64_t> index) {
  const base::List& dims = Attribute(layer, "dims").list();
  std::vector<int64_t> from(in.size());
  for (size_t d = 0; d < in.size(); ++d) from[static_cast<size_t>(dims.at(d).integer()) - 1] = index[d];
  return from;
}

std::vector<int64_t> OfRepetition(const base::Layer&, const base::Shape&, std::vector<int64_t> index) {
  return {index[1]};
}

std::vector<int64_t> OfReverse(const base::Layer&, const base::Shape& in, std::vector<int64_t> index) {
  index[0] = in[0] - 1 - index[0];
  return index;
}

// Whether "axis" names the last dimensions in order; their number. dims: with the batch.
bool LastAxes(const base::Layer& layer, int64_t dims, int64_t* count) {
  const base::Value& axis = Attribute(layer, "axis");
  const base::List axes = axis.is_list() ? axis.list() : base::List{axis};
  *count = static_cast<int64_t>(axes.size());
  for (int64_t i = 0; i < *count; ++i) {
    const int64_t given = axes[static_cast<size_t>(i)].integer();
    if ((given < 0 ? given + dims : given) != dims - *count + i) return false;
  }
  return *count > 0 && *count < dims;
}

}  // namespace

bool Compiler::AddElementLayer(const base::Call& call, const base::Layer& layer, const base::Shape& in) {
  switch (layer.kind) {
    case LayerKind::kFlatten:
    case LayerKind::kReshape:
      return true;
    case LayerKind::kDropout:
      AddDropout(call, layer, in, false);
      return true;
    case LayerKind::kSpatialDropout1D:
    case LayerKind::kSpatialDropout2D:
      AddDropout(call, layer, in, true);
      return true;
    case LayerKind::kAdd:
      AddMerge(call, layer, math::MergeKind::kSum, false);
      return true;
    case LayerKind::kAverage:
      AddMerge(call, layer, math::MergeKind::kSum, true);
      return true;
    case LayerKind::kSubtract:
      AddMerge(call, layer, math::MergeKind::kDifference, false);
      return true;
    case LayerKind::kMultiply:
      AddMerge(call, layer, math::MergeKind::kProduct, false);
      return true;
    case LayerKind::kMaximum:
      AddMerge(call, layer, math::MergeKind::kLargest, false);
      return true;
    case LayerKind::kMinimum:
      AddMerge(call, layer, math::MergeKind::kSmallest, false);
      return true;
    case LayerKind::kConcatenate:
      AddConcatenate(call, layer, in);
      return true;
    case LayerKind::kEmbedding:
      AddEmbedding(call, layer, in);
      return true;
    case LayerKind::kBatchNormalization:
    case LayerKind::kLayerNormalization:
    case LayerKind::kGroupNormalization:
      AddNormalization(call, layer, in);
      return true;
    case LayerKind::kRescaling: {
      const base::Value& scale = Attribute(layer, "scale");
      const base::Value& shift = Attribute(layer, "offset");
      if (!scale.is_number() || !shift.is_number()) return false;
      Stage& stage = Add(StageKind::kRescale, base::ElementCount(in), base::ElementCount(in));
      stage.scale = static_cast<float>(scale.number());
      stage.shift = static_cast<float>(shift.number());
      return true;
    }
    case LayerKind::kZeroPadding1D:
    case LayerKind::kZeroPadding2D:
    case LayerKind::kCropping1D:
    case LayerKind::kCropping2D:
    case LayerKind::kUpSampling1D:
    case LayerKind::kUpSampling2D:
    case LayerKind::kPermute:
    case LayerKind::kRepeatVector:
    case LayerKind::kReverse:
      AddMove(layer, in, call.output_shape);
      return true;
    default:
      return false;
  }
}

void Compiler::AddDropout(const base::Call& call, const base::Layer& layer, const base::Shape& in, bool spatial) {
  const double rate = NumberAttribute(layer, "rate");
  if (call.inference || call.frozen || rate == 0) return;
  const base::Value* noise = layer.attributes.Find("noise_shape");
  if (noise != nullptr && !noise->is_null()) Refuse(layer);
  Stage& stage = Add(StageKind::kDropout, base::ElementCount(in), base::ElementCount(in));
  stage.inner = spatial ? Narrow(in.back()) : stage.in;
  stage.positions = stage.in / stage.inner;
  stage.rate = rate;
  stage.dropout = static_cast<int32_t>(network_.dropout_sites.size());
  network_.dropout_sites.push_back(call.site);
}

int Compiler::AddTable(std::vector<int32_t> from, int64_t source_elements) {
  PositionTable table;
  table.first.assign(static_cast<size_t>(source_elements) + 1, 0);
  for (const int32_t element : from) {
    if (element >= 0) ++table.first[static_cast<size_t>(element) + 1];
  }
  for (size_t e = 0; e < static_cast<size_t>(source_elements); ++e) table.first[e + 1] += table.first[e];
  table.to.resize(static_cast<size_t>(table.first.back()));
  std::vector<int32_t> next = table.first;
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] >= 0) table.to[static_cast<size_t>(next[static_cast<size_t>(from[i])]++)] = static_cast<int32_t>(i);
  }
  table.from = std::move(from);
  network_.tables.push_back(std::move(table));
  return static_cast<int>(network_.tables.size()) - 1;
}

// Two by two: ((x0, x1), x2), ...
void Compiler::AddMerge(const base::Call& call, const base::Layer& layer, math::MergeKind kind, bool mean) {
  const size_t inputs = call.inputs.size();
  if (inputs < 2) Refuse(layer);
  base::Shape shape = ShapeOf(call.inputs[0]);
  current_ = results_[static_cast<size_t>(call.inputs[0])];
  for (size_t i = 1; i < inputs; ++i) {
    const base::Shape& first = shape;
    const base::Shape& second = ShapeOf(call.inputs[i]);
    if (second.size() != first.size()) Refuse(layer);
    base::Shape merged = first;
    for (size_t d = 0; d < merged.size(); ++d) merged[d] = std::max(merged[d], second[d]);
    Stage& stage = Add(StageKind::kMerge, base::ElementCount(first), base::ElementCount(merged));
    AddSource(results_[static_cast<size_t>(call.inputs[i])].value, &stage);
    if (first != merged) stage.sources[0].table = AddTable(BroadcastFrom(merged, first), base::ElementCount(first));
    if (second != merged) stage.sources[1].table = AddTable(BroadcastFrom(merged, second), base::ElementCount(second));
    stage.merge = kind;
    if (mean && i + 1 == inputs) stage.divisor = static_cast<float>(inputs);
    shape = merged;
  }
}

void Compiler::AddConcatenate(const base::Call& call, const base::Layer& layer, const base::Shape& in) {
  const auto rank = static_cast<int64_t>(in.size());
  const int64_t given = IntAttribute(layer, "axis"), axis = given < 0 ? given + rank + 1 : given;  // 0 is the batch's
  if (axis < 1 || axis > rank) Refuse(layer);
  int64_t groups = 1;  // indexes of the dimensions before the one that is concatenated
  for (int64_t d = 1; d < axis; ++d) groups *= in[static_cast<size_t>(d - 1)];
  const int64_t whole = base::ElementCount(call.output_shape);
  const int value = AddValue(whole);
  int64_t offset = 0;
  for (const int input : call.inputs) {
    const int64_t elements = base::ElementCount(ShapeOf(input));
    current_ = results_[static_cast<size_t>(input)];
    Stage& stage = AddInto(value, StageKind::kConcatenate, elements, elements);
    stage.inner = Narrow(elements / groups);
    stage.outer = Narrow(whole / groups);
    stage.offset = Narrow(offset);
    offset += stage.inner;
  }
}

void Compiler::AddEmbedding(const base::Call& call, const base::Layer& layer, const base::Shape& in) {
  constexpr int64_t kMostRows = int64_t{1} << 24;  // float32 holds every index
  const int64_t rows = IntAttribute(layer, "input_dim");
  if (rows > kMostRows || BoolAttribute(layer, "mask_zero")) Refuse(layer);
  Stage& stage = Add(StageKind::kEmbedding, base::ElementCount(in), base::ElementCount(call.output_shape));
  stage.inner = Narrow(IntAttribute(layer, "output_dim"));
  stage.positions = Narrow(rows);
  TakeWeights(call, 0, -1, &stage);
}

void Compiler::AddNormalization(const base::Call& call, const base::Layer& layer, const base::Shape& in) {
  const auto dims = static_cast<int64_t>(in.size()) + 1;
  int64_t axes = 0;
  if (in.empty() || !LastAxes(layer, dims, &axes)) Refuse(layer);
  const bool batch = layer.kind == LayerKind::kBatchNormalization;
  if (layer.kind != LayerKind::kLayerNormalization && axes != 1) Refuse(layer);
  const int64_t all = base::ElementCount(in);
  int64_t elements = 1;
  for (int64_t i = 0; i < axes; ++i) elements *= in[static_cast<size_t>(dims - 2 - i)];
  Stage& stage = Add(batch ? StageKind::kBatchNormalization : StageKind::kRowNormalization, all, all);
  stage.outer = stage.inner = Narrow(elements);
  if (layer.kind == LayerKind::kGroupNormalization) {
    const int64_t groups = IntAttribute(layer, "groups");
    stage.inner = groups == -1 ? 1 : Narrow(elements / groups);
    stage.positions = Narrow(all / elements);
  }
  stage.epsilon = static_cast<float>(NumberAttribute(layer, "epsilon"));
  int next = 0;
  const int gamma = BoolAttribute(layer, "scale") ? next++ : -1, beta = BoolAttribute(layer, "center") ? next++ : -1;
  const size_t first = first_tensor_[static_cast<size_t>(call.layer)];
  const auto take = [&](int weight, int64_t* offset, int32_t* tensor) {
    if (weight < 0) return;
    *offset = Offset(first + static_cast<size_t>(weight));
    if (tensor != nullptr) *tensor = tensor_index_[first + static_cast<size_t>(weight)];
  };
  take(gamma, &stage.weight, &stage.weight_tensor);
  take(beta, &stage.bias, &stage.bias_tensor);
  if (!batch) return;
  take(next, &stage.statistics[0], nullptr);
  take(next + 1, &stage.statistics[1], nullptr);
  stage.image = dims == 4 ? 1 : 0;
  stage.momentum = static_cast<float>(1.0 - NumberAttribute(layer, "momentum"));
  stage.frozen = !layer.trainable || call.inference || call.frozen ? 1 : 0;
}

void Compiler::AddMove(const base::Layer& layer, const base::Shape& in, const base::Shape& out) {
  const base::Value* interpolation = layer.attributes.Find("interpolation");
  if (interpolation != nullptr && interpolation->string() != "nearest") Refuse(layer);
  Origin origin = OfReverse;
  if (layer.kind == LayerKind::kZeroPadding1D || layer.kind == LayerKind::kZeroPadding2D) origin = OfPadding;
  if (layer.kind == LayerKind::kCropping1D || layer.kind == LayerKind::kCropping2D) origin = OfCropping;
  if (layer.kind == LayerKind::kUpSampling1D || layer.kind == LayerKind::kUpSampling2D) origin = OfUpSampling;
  if (layer.kind == LayerKind::kPermute) origin = OfPermute;
  if (layer.kind == LayerKind::kRepeatVector) {
    if (in.size() != 1) Refuse(layer);
    origin = OfRepetition;
  } else if (in.size() != out.size()) {
    Refuse(layer);
  }
  std::vector<int32_t> from(static_cast<size_t>(Narrow(base::ElementCount(out))));
  std::vector<int64_t> index(out.size());
  for (int32_t& element : from) {
    element = ElementAt(in, origin(layer, in, index));
    for (size_t d = out.size(); d-- > 0 && ++index[d] == out[d];) index[d] = 0;
  }
  Stage& stage = Add(StageKind::kMove, base::ElementCount(in), base::ElementCount(out));
  stage.sources[0].table = AddTable(std::move(from), base::ElementCount(in));
}

}  // namespace engine::device
