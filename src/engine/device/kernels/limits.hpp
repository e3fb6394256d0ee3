// Weight constraints: native::WeightConstraint.
#pragma once

#include <cmath>

#include "engine/device/kernels/common.hpp"

namespace engine::device {

/// Each thread has the elements of one norm. Grid: parts of kThreads norms, tensors, models.
struct LimitWeightsKernel {
  struct Arguments {
    const GroupView* group = nullptr;
  };
  static constexpr int kThreads = 128;
  static constexpr int32_t kMaxNorm = 1, kMinMaxNorm = 2, kUnitNorm = 3, kNonNegative = 4;  // engine::Constraint::Kind

  template <class Block>
  static CEREBRO_KERNEL void Run(const Block& block, const Arguments& a) {
    const GroupView& group = *a.group;
    const int m = block.z();
    const Tensor& tensor = group.tensors[block.y()];
    const WeightLimit& limit = tensor.limit;
    if (limit.kind == 0 || BackwardRows(group, m) == 0) return;
    float* weight = group.entries[m].state + tensor.weight;
    const int64_t first = static_cast<int64_t>(block.x()) * kThreads, left = limit.outer * limit.inner - first;
    if (left <= 0) return;
    block.ForEach(static_cast<int32_t>(left < kThreads ? left : kThreads), [&](int32_t i) {
      const int64_t norm = first + i;
      Limit(limit, weight + norm / limit.inner * limit.summed * limit.inner + norm % limit.inner);
    });
  }

 private:
  static CEREBRO_KERNEL void Limit(const WeightLimit& limit, float* w) {
    constexpr float kEpsilon = 1e-7f;  // Keras's backend.epsilon()
    if (limit.kind == kNonNegative) {
      for (int64_t k = 0; k < limit.summed; ++k)
        w[k * limit.inner] = w[k * limit.inner] < 0 ? 0.0f : w[k * limit.inner];
      return;
    }
    float sum = 0;
    for (int64_t k = 0; k < limit.summed; ++k) sum += w[k * limit.inner] * w[k * limit.inner];
    const float norm = sqrtf(sum), least = limit.kind == kMinMaxNorm ? limit.low : 0.0f;
    const float raised = norm < least ? least : norm, bounded = raised < limit.high ? raised : limit.high;
    float wanted = 1;
    if (limit.kind == kMaxNorm) wanted = bounded;
    if (limit.kind == kMinMaxNorm) wanted = bounded * limit.rate + norm * (1 - limit.rate);
    const float factor = wanted / (norm + kEpsilon);
    for (int64_t k = 0; k < limit.summed; ++k) w[k * limit.inner] *= factor;
  }
};

}  // namespace engine::device
