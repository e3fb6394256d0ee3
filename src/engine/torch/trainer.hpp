// Training and scoring by LibTorch's automatic differentiation: every layer, every graph, on the CPU and on devices.
#pragma once

#include <memory>

#include "engine/api/autograd.hpp"

namespace engine::torch {

/// As AutogradLibrary::MakeTrainer.
std::unique_ptr<AutogradTrainer> MakeTrainer(const ResolvedNetwork& network, const base::OptimizerConfig& optimizer);

}  // namespace engine::torch
