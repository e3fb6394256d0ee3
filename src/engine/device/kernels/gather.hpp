// Mini-batches from packed rows: math::RowDecoder and native::BatchLoader. Rows are decoded on the device; carried rows
// stay packed.
#pragma once

#include <cmath>

#include "base/tensor.hpp"
#include "engine/device/kernels/common.hpp"

namespace engine::device {

template <typename P>
CEREBRO_KERNEL P PackedAt(const uint8_t* at) {
  P value;
  memcpy(&value, at, sizeof(P));  // at any address
  return value;
}

/// Element j of a row, before scaling.
template <typename To>
CEREBRO_KERNEL To PackedElement(const uint8_t* row, int32_t dtype, int32_t j) {
  switch (static_cast<base::DType>(dtype)) {
    case base::DType::kUInt8:
      return static_cast<To>(row[j]);
    case base::DType::kInt8:
      return static_cast<To>(static_cast<int8_t>(row[j]));
    case base::DType::kInt16:
      return static_cast<To>(PackedAt<int16_t>(row + 2 * j));
    case base::DType::kInt32:
      return static_cast<To>(PackedAt<int32_t>(row + 4 * j));
    case base::DType::kFloat32:
      return static_cast<To>(PackedAt<float>(row + 4 * j));
    default:
      return static_cast<To>(PackedAt<double>(row + 8 * j));
  }
}

CEREBRO_KERNEL float DecodedElement(const ColumnView& column, const uint8_t* row, int32_t j) {
  if (column.exact_mean != nullptr) {
    const double value = PackedElement<double>(row, column.dtype, j) * column.exact_scale;
    return static_cast<float>((value - column.exact_mean[j]) / column.exact_std[j]);
  }
  const float value = PackedElement<float>(row, column.dtype, j) * column.scale;
  return column.mean == nullptr ? value : (value - column.mean[j]) / column.std[j];
}

/// A class index: math::DecodeIndexes; -1 for what is no class.
CEREBRO_KERNEL int32_t DecodedIndex(const ColumnView& column, const uint8_t* row, int32_t j) {
  const double value = PackedElement<double>(row, column.dtype, j);
  return value > -2147483648.0 && value < 2147483648.0 ? static_cast<int32_t>(value) : -1;
}

/// Where a mini-batch's row lies: in the buffer, or in the model's memory for carried rows.
CEREBRO_KERNEL int64_t SourceRow(const GroupView& group, const ModelEntry& model, const StepEntry& entry, int64_t row) {
  const int64_t at = entry.first + row;
  if (entry.kind == EntryKind::kCarried) return at < group.carried_room ? at : at - group.carried_room;
  if (model.order == nullptr || entry.kind == EntryKind::kScore) return at;
  return model.order[entry.epoch * group.buffer_rows + at];
}

CEREBRO_KERNEL const uint8_t* RowOf(const ColumnView& column, const ModelEntry& model, const StepEntry& entry,
                                    int64_t source) {
  if (entry.kind == EntryKind::kCarried)
    return model.carried + column.carried + source * column.elements * column.element_bytes;
  return column.packed + source * column.row_bytes;
}

CEREBRO_KERNEL void CarryRow(const ColumnView& column, const ModelEntry& model, int64_t source, int64_t to) {
  const int32_t bytes = column.elements * column.element_bytes;
  const uint8_t* from = column.packed + source * column.row_bytes;
  uint8_t* kept = model.carried + column.carried + to * bytes;
  for (int32_t b = 0; b < bytes; ++b) kept[b] = from[b];
}

CEREBRO_KERNEL void CarryRows(const GroupView& group, const ModelEntry& model, const StepEntry& entry, int64_t row) {
  const int64_t source = SourceRow(group, model, entry, row), to = (entry.at + row) % group.carried_room;
  for (int32_t c = 0; c < group.column_count; ++c) CarryRow(group.columns[c], model, source, to);
  CarryRow(group.target_column, model, source, to);
  if (group.has_row_weights == 0) return;
  ColumnView weights;
  weights.packed = group.row_weights;
  weights.row_bytes = weights.element_bytes = sizeof(float);
  weights.elements = 1;
  weights.carried = group.carried_weights;
  CarryRow(weights, model, source, to);
}

/// The class of a row's target, for its class weight: native::BatchLoader::ClassWeight.
CEREBRO_KERNEL float ClassWeight(const GroupView& group, const float* target) {
  int64_t index = 0;
  if (group.loss.sparse != 0) {
    const auto* indexes = reinterpret_cast<const int32_t*>(target);
    for (int32_t j = 1; j < group.target_elements; ++j) {
      if (indexes[j] > indexes[index]) index = j;
    }
    if (group.target_elements == 1) index = indexes[0];
  } else if (group.target_elements > 1) {
    for (int32_t j = 1; j < group.target_elements; ++j) {
      if (target[j] > target[index]) index = j;
    }
  } else {
    const float rounded = nearbyintf(target[0]);
    if (!(rounded >= 0 && rounded < static_cast<float>(group.class_weight_count))) return 1;
    index = static_cast<int64_t>(rounded);
  }
  return index >= 0 && index < group.class_weight_count ? group.class_weights[index] : 1.0f;
}

/// What a row counts, as training or scoring has it.
CEREBRO_KERNEL float RowWeight(const GroupView& group, const ModelEntry& model, const StepEntry& entry, int64_t row,
                               const float* target) {
  float weight = 1;
  if (group.has_row_weights != 0) {
    const int64_t source = SourceRow(group, model, entry, row);
    weight = entry.kind == EntryKind::kCarried ? PackedAt<float>(model.carried + group.carried_weights + source * 4)
                                               : PackedAt<float>(group.row_weights + source * 4);
  }
  if (group.class_weight_count > 0 && entry.kind != EntryKind::kScore) weight *= ClassWeight(group, target);
  return weight;
}

/// Fills the inputs, which begin `origin` floats before x, and the targets. stride: from one row of an input to the
/// next; 0: without room between them.
template <class Block>
CEREBRO_KERNEL void GatherRows(const Block& block, const GroupView& group, const ModelEntry& model,
                               const StepEntry& entry, int first, int end, float* x, int64_t origin, int stride,
                               float* target) {
  for (int32_t c = 0; c < group.column_count; ++c) {
    const ColumnView& column = group.columns[c];
    const int32_t each = stride > 0 ? stride : column.stride;
    float* input = x + (column.input - origin);
    block.ForEach((end - first) * column.elements, [&](int32_t i) {
      const int32_t row = first + i / column.elements, j = i % column.elements;
      const int64_t source = SourceRow(group, model, entry, row);
      input[static_cast<int64_t>(row) * each + column.first + j] =
          DecodedElement(column, RowOf(column, model, entry, source), j);
    });
  }
  block.ForEach((end - first) * group.target_elements, [&](int32_t i) {
    const int32_t row = first + i / group.target_elements, j = i % group.target_elements;
    const uint8_t* packed = RowOf(group.target_column, model, entry, SourceRow(group, model, entry, row));
    const int64_t at = static_cast<int64_t>(row) * group.target_elements + j;
    if (group.loss.sparse != 0) {
      reinterpret_cast<int32_t*>(target)[at] = DecodedIndex(group.target_column, packed, j);
    } else {
      target[at] = DecodedElement(group.target_column, packed, j);
    }
  });
}

/// Grid: parts of kRows rows, 1, models.
struct GatherKernel {
  struct Arguments {
    const GroupView* group = nullptr;
  };
  static constexpr int kThreads = 256;
  static constexpr int kRows = 8;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const int m = block.z(), first = block.x() * kRows;
    const StepEntry* entry = CurrentEntry(group, m);
    if (entry == nullptr || first >= entry->rows) return;
    const ModelEntry& model = group.entries[m];
    const int end = first + kRows < entry->rows ? first + kRows : entry->rows;
    if (entry->kind == EntryKind::kCarry) {
      block.ForEach(end - first, [&](int64_t i) { CarryRows(group, model, *entry, first + i); });
      return;
    }
    float* work = WorkOf(group, m);
    GatherRows(block, group, model, *entry, first, end, work, 0, 0, work + group.target);
  }
};

}  // namespace engine::device
