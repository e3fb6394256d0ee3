#pragma once

#include <vector>

#include "engine/math/simd/instruction_set.hpp"

namespace fixture {

/// The instruction sets that this processor can run.
inline std::vector<engine::math::InstructionSet> InstructionSets() {
  std::vector<engine::math::InstructionSet> sets{engine::math::InstructionSet::kBaseline};
  if (engine::math::ChosenInstructionSet() >= engine::math::InstructionSet::kAvx2) sets.push_back(engine::math::InstructionSet::kAvx2);
  if (engine::math::ChosenInstructionSet() >= engine::math::InstructionSet::kAvx512) sets.push_back(engine::math::InstructionSet::kAvx512);
  return sets;
}

}  // namespace fixture
