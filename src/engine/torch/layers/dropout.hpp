// Dropout's masks as tensors.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/torch/module.hpp"
#include "engine/torch/torch.hpp"

namespace engine::torch {

/// A tensor of `shape`, filled as math::FillDropoutMask says.
at::Tensor DropoutMask(const std::vector<int64_t>& shape, double rate, const at::TensorOptions& options, const math::DrawKeys& keys,
                       uint64_t site);

}  // namespace engine::torch
