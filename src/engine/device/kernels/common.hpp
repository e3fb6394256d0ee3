// What several kernels share: where a model is, its memory, functions of one element.
#pragma once

#include <cstring>

#include "engine/device/backend.hpp"
#include "engine/device/block.hpp"
#include "engine/device/kernels/types.hpp"
#include "engine/math/simd/exp.hpp"
#include "engine/math/simd/row_sums.hpp"

namespace engine::device {

/// Parts of the workspace begin at multiples of this.
constexpr int64_t kAlignedFloats = 64;
constexpr int64_t AlignedFloats(int64_t floats) {
  return (floats + kAlignedFloats - 1) / kAlignedFloats * kAlignedFloats;
}

CEREBRO_KERNEL float* WorkOf(const GroupView& group, int model) { return group.work + model * group.work_stride; }

/// The entry that a model is at before its loss is known; nullptr: none.
CEREBRO_KERNEL const StepEntry* CurrentEntry(const GroupView& group, int model) {
  const ModelEntry& entry = group.entries[model];
  const ModelProgress& progress = group.progress[model];
  if (progress.live == 0 || progress.cursor >= entry.entry_count) return nullptr;
  return entry.entries + progress.cursor;
}

/// Rows of the mini-batch in the forward pass; 0: nothing is to be computed.
CEREBRO_KERNEL int ForwardRows(const GroupView& group, int model) {
  const StepEntry* entry = CurrentEntry(group, model);
  return entry == nullptr || entry->kind == EntryKind::kCarry ? 0 : entry->rows;
}

/// Rows of the mini-batch behind the loss.
CEREBRO_KERNEL int BackwardRows(const GroupView& group, int model) { return group.progress[model].training; }

/// The results of a layer with one of the activations that are made from the results; softmax is a stage of its own.
CEREBRO_KERNEL float Activated(math::FusedActivation activation, float x) {
  switch (activation) {
    case math::FusedActivation::kReLU:
      return x < 0 ? 0.0f : x;
    case math::FusedActivation::kSigmoid:
      return math::Sigmoid(x);
    case math::FusedActivation::kTanh:
      return math::Tanh(x);
    default:
      return x;
  }
}

/// A gradient with respect to the results, turned into one with respect to the values before the activation.
CEREBRO_KERNEL float ActivationSlope(math::FusedActivation activation, float y, float g) {
  switch (activation) {
    case math::FusedActivation::kReLU:
      return y <= 0 ? 0.0f : g;
    case math::FusedActivation::kSigmoid:
      return g * (1.0f - y) * y;
    case math::FusedActivation::kTanh:
      return g * (1.0f - y * y);
    default:
      return g;
  }
}

/// A factor of a product, as the precision has it: rounded to nearest, ties to even.
CEREBRO_KERNEL float RoundedFactor(Precision precision, float x) {
  if (precision == Precision::kFloat32) return x;
  const uint32_t lost = precision == Precision::kTf32 ? 13 : 16;  // bits of the mantissa
  uint32_t bits;
  memcpy(&bits, &x, sizeof(bits));
  if ((bits & 0x7f800000u) == 0x7f800000u) return x;  // infinite or NaN
  bits += ((1u << (lost - 1)) - 1) + ((bits >> lost) & 1u);
  bits &= ~((1u << lost) - 1);
  memcpy(&x, &bits, sizeof(bits));
  return x;
}

/// The sum of value(i) over 0 .. count - 1, in double, in an order that depends on count only. To be called by the
/// whole block; room: kThreads doubles of its shared memory. Every thread gets it.
template <int kThreads, class Block, class Value>
CEREBRO_KERNEL double BlockSum(const Block& block, double* room, int64_t count, const Value& value) {
  block.template Threads<kThreads>([&](int t) {
    double sum = 0;
    for (int64_t i = t; i < count; i += kThreads) sum += value(i);
    room[t] = sum;
  });
  block.Sync();
  for (int width = kThreads / 2; width > 0; width /= 2) {
    block.ForEach(width, [&](int64_t t) { room[t] += room[t + width]; });
    block.Sync();
  }
  const double sum = room[0];
  block.Sync();  // the room may be used again
  return sum;
}

/// A buffer begins: every model is at its first entry. Grid: 1.
struct BeginKernel {
  struct Arguments {
    const GroupView* group = nullptr;
  };
  static constexpr int kThreads = 128;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    block.ForEach(a.group->models, [&](int64_t m) {
      a.group->progress[m].cursor = 0;
      a.group->progress[m].training = 0;
    });
  }
};

}  // namespace engine::device
