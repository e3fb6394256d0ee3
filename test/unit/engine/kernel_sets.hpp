#pragma once

#include <vector>

#include "engine/kernel_patches.hpp"

namespace fixture {

/// The kernel sets that this processor can run.
inline std::vector<engine::KernelSet> KernelSets() {
  std::vector<engine::KernelSet> sets{engine::KernelSet::kBaseline};
  if (engine::ChosenKernelSet() >= engine::KernelSet::kAvx2) sets.push_back(engine::KernelSet::kAvx2);
  if (engine::ChosenKernelSet() >= engine::KernelSet::kAvx512) sets.push_back(engine::KernelSet::kAvx512);
  return sets;
}

}  // namespace fixture
