// The memory that a statement needs, against what it may take.
#pragma once

#include <cstdint>
#include <string>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "data/packed_table.hpp"
#include "pg/free_memory.hpp"
#include "plan/memory.hpp"
#include "train/run.hpp"

namespace train {

/// What a run does besides training and scoring.
struct RunTasks {
  bool stored = false;   // states or weights are read from tables
  bool written = false;  // states and weights are written in the end
};

/// Of a run of this server's processes; not for segments.
plan::MemoryNeed MemoryOf(const RunRequest& request, const RunTasks& tasks);

/// No mini-batch has more rows: it ends with its visit of a partition.
int64_t MostRowsOfABatch(const data::PackedTable& table, const base::TrainConfig& config);

/// Of a prediction in this session, by LibTorch. batch_bytes: of the rows that are read at once.
plan::MemoryNeed MemoryOfPrediction(const base::Graph& graph, const base::TrainConfig& config, base::DType precision, double batch_bytes);

/// What a statement may take: cerebro.max_memory, or what is free.
pg::MemoryLimit MemoryAllowed();

/// Returns the bytes that may be used besides. what: "the run", for the message. Errors: kOutOfMemory, with the figures, when the need is more than what may be taken
/// or than what the limits of a process leave.
double RequireMemory(const std::string& what, const plan::MemoryNeed& need);

}  // namespace train
