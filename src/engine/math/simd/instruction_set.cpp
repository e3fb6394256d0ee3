#include "engine/math/simd/instruction_set.hpp"

#include "engine/math/simd/frames.hpp"

namespace engine::math {

namespace {

InstructionSet Choose() {
#if CEREBRO_INSTRUCTION_SETS
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) return InstructionSet::kAvx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return InstructionSet::kAvx2;
#endif
  return InstructionSet::kBaseline;
}

}  // namespace

InstructionSet ChosenInstructionSet() {
  static const InstructionSet chosen = Choose();
  return chosen;
}

}  // namespace engine::math
