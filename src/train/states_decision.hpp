// Where the training states of a run are to lie.
#pragma once

#include <cstddef>
#include <vector>

#include "train/run.hpp"

namespace train {

/// states: bytes of each. workers: that are planned; 0 = the session. States go to /dev/shm when they fit into
/// cerebro.shared_state_mem, and into 80 % of what is free there and of the memory that a run may take; else to one
/// mapped file.
StatesDecision DecideStates(const std::vector<size_t>& states, int workers);

}  // namespace train
