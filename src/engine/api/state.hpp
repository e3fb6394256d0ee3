// The training state of one model in one block of memory, so that a hop moves a pointer and no bytes.
//
//   block = StateCounters (kStateCountersBytes) | weight tensors, Keras's order | optimizer slot tensors
//
// Every tensor starts at a multiple of 64 bytes from the block's start; the block is aligned to 64 bytes itself (128 in
// shared memory). The layout is a pure function of (graph, optimizer, precision): every process that compiles the same
// Program sees the same offsets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/graph.hpp"
#include "base/tensor.hpp"

namespace engine {

/// Standard layout; lies in shared memory and in pieces on disk (through wire::StateHeader, field by field).
struct StateCounters {
  // immutable during a run
  uint64_t seed = 0;    // of the run that trained the model first
  uint64_t stream = 0;  // the model's stream id, by default its mst_key
  // mutable: changed only by the process that holds the model's visit
  uint64_t step = 0;             // optimizer steps done, over all runs
  uint64_t iterations_done = 0;  // whole passes over the data, over all runs
  uint32_t visits_in_iteration = 0;
  uint32_t partitions = 0;     // visits that make an iteration
  uint64_t diverged_step = 0;  // step at which the loss became NaN or infinite; 0 = never
  uint64_t rows_seen = 0;      // over all runs
};
constexpr size_t kStateCountersBytes = 256;
static_assert(sizeof(StateCounters) <= kStateCountersBytes, "counters outgrew their room");

struct StateTensor {
  std::string name;  // "<layer>/<weight>", slots: "<layer>/<weight>/<slot>" with slot m, v, vhat, momentum, accumulator, ...
  base::Shape shape;
  size_t offset = 0;  // bytes from the block's start
  size_t count = 0;   // elements
  bool is_slot = false;
  bool trainable = false;  // a weight that the optimizer moves
};

struct StateLayout {
  std::vector<StateTensor> tensors;  // weights first (Keras's order), then slots
  size_t bytes = 0;                  // of the whole block, a multiple of 64
  base::DType precision = base::DType::kFloat32;
  int64_t weight_count = 0;  // elements of all weights
};

constexpr size_t kTensorAlignment = 64;

/// Counters, then weights in Keras's order, then for every trainable weight its slots in the order of `slots`.
StateLayout MakeStateLayout(const base::Graph& graph, const std::vector<std::string>& slots, base::DType precision);

}  // namespace engine
