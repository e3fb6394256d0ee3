// Which vectors this processor has.
#pragma once

namespace engine::math {

/// Instruction sets that have kernels of their own.
enum class InstructionSet { kBaseline, kAvx2, kAvx512 };

/// The best that this processor has.
InstructionSet ChosenInstructionSet();

}  // namespace engine::math
