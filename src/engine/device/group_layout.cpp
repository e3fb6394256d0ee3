// Where a group has what in the workspace of a model. Values stay until the mini-batch is over. Gradients share memory:
// that of a value is needed from the first stage that gives it a part until the stage that makes the value has used it.
#include "engine/device/group_layout.hpp"

#include <algorithm>

#include "engine/device/kernels/elements.hpp"

namespace engine::device {

namespace {

struct Interval {
  size_t value = 0;
  int from = 0, until = 0;
  int64_t floats = 0, offset = 0;
};

// Offsets of all gradients, from the first fit; returns the floats that they take.
int64_t PlaceGradients(std::vector<Interval>* intervals) {
  std::stable_sort(intervals->begin(), intervals->end(),
                   [](const Interval& a, const Interval& b) { return a.from < b.from; });
  std::vector<const Interval*> placed;  // by offset
  int64_t end = 0;
  for (Interval& interval : *intervals) {
    for (const Interval* other : placed) {
      if (other->until < interval.from || other->from > interval.until) continue;
      if (interval.offset + interval.floats <= other->offset) break;
      interval.offset = std::max(interval.offset, other->offset + other->floats);
    }
    const auto at = std::find_if(placed.begin(), placed.end(),
                                 [&](const Interval* other) { return other->offset > interval.offset; });
    placed.insert(at, &interval);
    end = std::max(end, interval.offset + interval.floats);
  }
  return end;
}

// Times: the loss is at 0, stage i goes back at stages - i.
std::vector<Interval> GradientsOf(const Network& network, int64_t rows) {
  std::vector<Interval> of_value(network.values.size());
  const auto stages = static_cast<int>(network.stages.size());
  for (size_t v = 0; v < of_value.size(); ++v) {
    of_value[v].value = v;
    of_value[v].from = static_cast<int>(v) == network.output ? 0 : stages;
    of_value[v].floats = AlignedFloats(rows * network.values[v].elements);
  }
  for (int i = 0; i < stages; ++i) {
    const Stage& stage = network.stages[static_cast<size_t>(i)];
    const int now = stages - i;
    Interval& made = of_value[static_cast<size_t>(stage.value)];
    made.until = std::max(made.until, now);
    for (int32_t s = 0; s < stage.source_count; ++s) {
      if (stage.sources[s].wants_gradient == 0) continue;
      Interval& read = of_value[static_cast<size_t>(stage.sources[s].value)];
      read.from = std::min(read.from, now);
    }
  }
  std::vector<Interval> wanted;
  for (const Interval& interval : of_value) {
    if (network.values[interval.value].has_gradient) wanted.push_back(interval);
  }
  return wanted;
}

int64_t ScratchFloats(const Stage& stage, int64_t rows) {
  constexpr int64_t kFloatsOfSums = 2 * sizeof(double) / sizeof(float);
  const bool batch = stage.kind == StageKind::kBatchNormalization;
  if (!batch && stage.kind != StageKind::kRowNormalization) return 0;
  return (batch ? 4 : 2) * AlignedFloats(NormItems(stage, rows)) +
         NormPartsOf(stage, rows) * stage.outer * kFloatsOfSums;
}

}  // namespace

int64_t OutputRows(const Stage& stage, int64_t batch_rows) {
  return batch_rows *
         (stage.kind == StageKind::kDense ? stage.positions : static_cast<int64_t>(stage.rows.out) * stage.columns.out);
}

int32_t GradientParts(const Stage& stage, int64_t batch_rows) {
  switch (stage.kind) {
    case StageKind::kDense:
    case StageKind::kConvolution:
    case StageKind::kDepthwise:
      return static_cast<int32_t>((OutputRows(stage, batch_rows) + kPartRows - 1) / kPartRows);
    default:
      return 1;
  }
}

int64_t LayOut(const Network& network, int64_t rows, bool stores, GroupView* view, std::vector<int64_t>* values) {
  int64_t at = 0;
  const auto take = [&](int64_t floats) {
    const int64_t offset = at;
    at += AlignedFloats(floats);
    return offset;
  };
  view->stage_count = static_cast<int32_t>(network.stages.size());
  view->tensor_count = static_cast<int32_t>(network.tensors.size());
  std::copy(network.stages.begin(), network.stages.end(), view->stages);
  std::copy(network.tensors.begin(), network.tensors.end(), view->tensors);
  values->clear();
  for (const Value& value : network.values) values->push_back(take(rows * value.elements));
  std::vector<Interval> gradients = GradientsOf(network, rows);
  const int64_t first_gradient = take(PlaceGradients(&gradients));
  std::vector<int64_t> gradient_of(network.values.size(), -1);
  for (const Interval& interval : gradients) gradient_of[interval.value] = first_gradient + interval.offset;
  for (int32_t t = 0; t < view->tensor_count; ++t) view->tensors[t].parts = 0;
  bool stored[kMostTensors] = {};
  for (int32_t i = 0; i < view->stage_count; ++i) {
    Stage& stage = view->stages[i];
    if (stage.value == network.output) view->last = i;
    stage.y = (*values)[static_cast<size_t>(stage.value)];
    stage.g = gradient_of[static_cast<size_t>(stage.value)];
    for (int32_t s = 0; s < stage.source_count; ++s) {
      const auto value = static_cast<size_t>(stage.sources[s].value);
      stage.sources[s].x = (*values)[value];
      stage.sources[s].dx = gradient_of[value];
    }
    stage.scratch = take(ScratchFloats(stage, rows));
    if (stage.backward == 0) continue;
    for (const int32_t index : {stage.weight_tensor, stage.bias_tensor}) {
      if (index < 0) continue;
      Tensor& tensor = view->tensors[index];
      stage.first_part = tensor.parts;
      tensor.parts += GradientParts(stage, rows);
      stored[index] = stores || tensor.parts > 1 || stage.kind != StageKind::kDense;
    }
  }
  view->target = take(rows * network.target_elements);
  view->losses = take(rows * network.positions);
  view->clip_factors = take(view->tensor_count);
  for (int32_t t = 0; t < view->tensor_count; ++t) {
    Tensor& tensor = view->tensors[t];
    // no loss depends on a weight of a stage that does not go back: its gradient is zero
    tensor.gradient = stored[t] ? take(tensor.parts * tensor.count) : -1;
  }
  return at;
}

int64_t CarriedBytes(const Network& network, int64_t room) {
  int64_t bytes = network.has_row_weights ? room * 4 : 0;
  for (const ColumnPart& part : network.inputs) bytes += room * part.view.elements * part.view.element_bytes;
  return bytes + room * network.target.view.elements * network.target.view.element_bytes;
}

}  // namespace engine::device
