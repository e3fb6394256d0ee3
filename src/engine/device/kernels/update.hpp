// The optimizers on devices, by the formulas of engine/math/optimizers: one kernel for all models of a group, each with
// its own optimizer, learning rate and scalars.
//
// The gradient of a tensor is its parts, added in their order, plus the regulariser's, clipped by value, times the
// factor of the norms: what native::Trainer does, in that order. Weights whose gradient is used up where it is made
// (DenseUpdateKernel) take the same functions.
#pragma once

#include <cmath>

#include "engine/device/kernels/common.hpp"
#include "engine/math/optimizers/adadelta_formula.hpp"
#include "engine/math/optimizers/adagrad_formula.hpp"
#include "engine/math/optimizers/adam_formula.hpp"
#include "engine/math/optimizers/adamax_formula.hpp"
#include "engine/math/optimizers/ftrl_formula.hpp"
#include "engine/math/optimizers/lamb_formula.hpp"
#include "engine/math/optimizers/lion_formula.hpp"
#include "engine/math/optimizers/nadam_formula.hpp"
#include "engine/math/optimizers/rmsprop_formula.hpp"
#include "engine/math/optimizers/sgd_formula.hpp"

namespace engine::device {

/// Moves one element by its gradient; s: its optimizer slots. Not for LAMB, which looks at whole tensors.
CEREBRO_KERNEL_CALL void MoveElement(UpdateKind kind, const math::Coefficients<float>& k, float* w, float g, float* s0,
                                float* s1, float* s2) {
  switch (kind) {
    case UpdateKind::kSgd:
      return math::sgd::Sgd(k, w, &g, 1);
    case UpdateKind::kMomentum:
      return math::sgd::Momentum<float, false>(k, w, &g, s0, 1);
    case UpdateKind::kNesterov:
      return math::sgd::Momentum<float, true>(k, w, &g, s0, 1);
    case UpdateKind::kRmsprop:
      return math::rmsprop::Rmsprop(k, w, &g, s0, 1);
    case UpdateKind::kRmspropCentered:
      return math::rmsprop::RmspropCentered(k, w, &g, s0, s1, 1);
    case UpdateKind::kRmspropMomentum:
      return math::rmsprop::RmspropMomentum(k, w, &g, s0, s1, 1);
    case UpdateKind::kRmspropCenteredMomentum:
      return math::rmsprop::RmspropCenteredMomentum(k, w, &g, s0, s1, s2, 1);
    case UpdateKind::kAdagrad:
      return math::adagrad::Adagrad(k, w, &g, s0, 1);
    case UpdateKind::kAdam:
      return math::adam::Adam(k, w, &g, s0, s1, 1);
    case UpdateKind::kAdamAmsgrad:
      return math::adam::AdamAmsgrad(k, w, &g, s0, s1, s2, 1);
    case UpdateKind::kNadam:
      return math::nadam::Nadam(k, w, &g, s0, s1, 1);
    case UpdateKind::kAdadelta:
      return math::adadelta::Adadelta(k, w, &g, s0, s1, 1);
    case UpdateKind::kAdamax:
      return math::adamax::Adamax(k, w, &g, s0, s1, 1);
    case UpdateKind::kFtrl:
      return math::ftrl::Ftrl<float, true>(k, w, &g, s0, s1, 1);
    case UpdateKind::kFtrlOfPower:
      return math::ftrl::Ftrl<float, false>(k, w, &g, s0, s1, 1);
    case UpdateKind::kLion:
      return math::lion::Lion(k, w, &g, s0, 1);
    case UpdateKind::kLamb:
      return;
  }
}

/// A gradient with its regulariser, clipped by value.
CEREBRO_KERNEL float PreparedGradient(const Tensor& tensor, float clip_value, float w, float g) {
  if (tensor.l1 != 0 || tensor.l2_twice != 0) {
    const float sign = w > 0 ? 1.0f : (w < 0 ? -1.0f : 0.0f);
    g += tensor.l1 * sign + tensor.l2_twice * w;
  }
  if (clip_value > 0) {
    const float low = g < -clip_value ? -clip_value : g;
    g = low > clip_value ? clip_value : low;
  }
  return g;
}

/// One step of element i of a tensor by its prepared gradient. weights, slots: the memory that Tensor's offsets count
/// from.
CEREBRO_KERNEL void UpdateElement(const ModelEntry& model, const StepEntry& entry, const Tensor& tensor, int index,
                                  int64_t i, float g, float* weights, float* slots) {
  float* w = weights + tensor.weight + i;
  if (entry.shrink != 0 && Decays(model, index)) *w = *w - *w * entry.shrink;
  MoveElement(model.update, entry.coefficients, w, g, slots + tensor.slots[0] + i, slots + tensor.slots[1] + i,
              slots + tensor.slots[2] + i);
}

/// The sum of a gradient's parts.
CEREBRO_KERNEL float SummedGradient(const Tensor& tensor, const float* work, int64_t i) {
  const float* part = work + tensor.gradient + i;
  float sum = *part;
  for (int32_t p = 1; p < tensor.parts; ++p) sum += part[p * tensor.count];
  return sum;
}

/// What gradients are multiplied by so that their norms stay below the limits, a tensor each. Grid: 1, 1, models.
struct GradientNormsKernel {
  struct Arguments {
    const GroupView* group = nullptr;
  };
  static constexpr int kThreads = 256;

  static CEREBRO_KERNEL double Factor(double norm, double limit) {
    if (!(norm <= 1.7976931348623157e308)) return NAN;
    return norm > limit ? limit / norm : 1.0;
  }

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const int m = block.z();
    if (BackwardRows(group, m) == 0) return;
    const ModelEntry& model = group.entries[m];
    if (model.clip_norm <= 0 && model.global_clip_norm <= 0) return;
    float* work = WorkOf(group, m);
    auto* room = reinterpret_cast<double*>(block.shared());
    double joint = 0;
    for (int32_t t = 0; t < group.tensor_count; ++t) {
      const Tensor& tensor = group.tensors[t];
      if (tensor.gradient < 0) continue;  // no loss depends on it
      const double squares = BlockSum<kThreads>(block, room, tensor.count, [&](int64_t i) {
        const double g =
            PreparedGradient(tensor, model.clip_value, model.state[tensor.weight + i], SummedGradient(tensor, work, i));
        return g * g;
      });
      const double own = model.clip_norm > 0 ? Factor(sqrt(squares), model.clip_norm) : 1.0;
      // the joint norm is that of gradients that have been multiplied by their own factors
      joint += own == 1.0 ? squares : squares * own * own;
      block.ForEach(1, [&](int64_t) { work[group.clip_factors + t] = static_cast<float>(own); });
    }
    block.Sync();
    if (model.global_clip_norm <= 0) return;
    const double factor = Factor(sqrt(joint), model.global_clip_norm);
    if (factor == 1.0) return;
    block.ForEach(group.tensor_count, [&](int64_t t) { work[group.clip_factors + t] *= static_cast<float>(factor); });
  }
};

/// All tensors whose gradients are in the workspace. Grid: parts of kElements elements, tensors, models.
struct UpdateKernel {
  struct Arguments {
    const GroupView* group = nullptr;
  };
  static constexpr int kThreads = 256;
  static constexpr int kElements = 4096;

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const int m = block.z(), t = block.y();
    const Tensor& tensor = group.tensors[t];
    if (BackwardRows(group, m) == 0 || tensor.gradient < 0) return;
    const ModelEntry& model = group.entries[m];
    const StepEntry& entry = model.entries[group.progress[m].current];
    const float* work = WorkOf(group, m);
    const bool clips = model.clip_norm > 0 || model.global_clip_norm > 0;
    const float factor = clips ? work[group.clip_factors + t] : 1.0f;
    const auto gradient = [&](int64_t i) {
      const float g =
          PreparedGradient(tensor, model.clip_value, model.state[tensor.weight + i], SummedGradient(tensor, work, i));
      return factor == 1.0f ? g : g * factor;
    };
    if (model.update == UpdateKind::kLamb) {
      if (block.x() == 0) RunLamb(block, model, entry, tensor, t, gradient);
      return;
    }
    const int64_t first = static_cast<int64_t>(block.x()) * kElements, left = tensor.count - first;
    block.ForEach(left < kElements ? left : kElements, [&](int64_t i) {
      UpdateElement(model, entry, tensor, t, first + i, gradient(first + i), model.state, model.state);
    });
  }

 private:
  // math/optimizers/lamb.cpp: the first pass moves m and v, the second moves w by the ratio of the norms.
  template <class Block, class Gradient>
  static CEREBRO_KERNEL void RunLamb(const Block& block, const ModelEntry& model, const StepEntry& entry,
                                     const Tensor& tensor, int index, const Gradient& gradient) {
    const math::Coefficients<float>& k = entry.coefficients;
    float* w = model.state + tensor.weight;
    float* first = model.state + tensor.slots[0];
    float* second = model.state + tensor.slots[1];
    auto* room = reinterpret_cast<double*>(block.shared());
    const bool shrinks = entry.shrink != 0 && Decays(model, index);
    const double moves = BlockSum<kThreads>(block, room, tensor.count, [&](int64_t i) {
      const float g = gradient(i);
      first[i] += (g - first[i]) * k[math::lamb::kOneMinusFirst];
      second[i] += (g * g - second[i]) * k[math::lamb::kOneMinusSecond];
      const double u = math::lamb::Direction(k, first[i], second[i]);
      return u * u;
    });
    const double weights = BlockSum<kThreads>(block, room, tensor.count, [&](int64_t i) {
      if (shrinks) w[i] = w[i] - w[i] * entry.shrink;
      return static_cast<double>(w[i]) * static_cast<double>(w[i]);
    });
    const double weight = sqrt(weights), move = sqrt(moves);
    const double ratio = weight == 0 || move == 0 ? 1 : weight / move;
    const auto rate = static_cast<float>(ratio * static_cast<double>(k[math::lamb::kRate]));
    block.ForEach(tensor.count, [&](int64_t i) { w[i] -= rate * math::lamb::Direction(k, first[i], second[i]); });
  }
};

}  // namespace engine::device
