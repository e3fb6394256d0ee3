// Where blocks of a workspace lie that are not all in use at the same time.
#pragma once

#include <cstddef>
#include <vector>

namespace engine::native {

/// A block in use from one point of time to another, both included.
struct Block {
  size_t bytes = 0;
  int from = 0;
  int until = 0;
  size_t offset = 0;  // set by PlanMemory
};

/// Gives each block a multiple of 64 bytes as offset, so that no two blocks overlap which are in use at the same time.
/// Blocks are taken by the time from which they are in use, those of one time in their order; each goes to the lowest
/// room that is free. Returns the bytes of all together.
size_t PlanMemory(std::vector<Block>* blocks);

}  // namespace engine::native
