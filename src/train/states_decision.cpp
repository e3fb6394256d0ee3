#include "train/states_decision.hpp"

#include <algorithm>

#include "pg/parallel.hpp"
#include "pg/settings.hpp"
#include "train/memory.hpp"

namespace train {
namespace {

constexpr double kSharedMemoryShare = 0.8;  // of what is free in /dev/shm

}  // namespace

StatesDecision DecideStates(const std::vector<size_t>& states, int workers) {
  StatesDecision decision;
  for (const size_t bytes : states) decision.bytes += AlignedState(bytes);
  decision.shared_state_mem = static_cast<uint64_t>(pg::CurrentSettings().shared_state_mem);
  if (workers == 0) return decision;
  decision.shared_free = pg::FreeSharedMemory();
  const double free = std::min(static_cast<double>(decision.shared_free), static_cast<double>(MemoryAllowed().bytes));
  const double room = std::min(static_cast<double>(decision.shared_state_mem), kSharedMemoryShare * free);
  decision.location = static_cast<double>(decision.bytes) <= room ? StatesLocation::kSharedMemory : StatesLocation::kMappedFile;
  return decision;
}

}  // namespace train
