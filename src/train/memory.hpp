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

/// What one model computes in besides its state, about. workspace_bytes: Model::workspace_bytes.
double WorkBytes(const engine::Program& program, const base::TrainConfig& config, size_t workspace_bytes, const data::PackedTable& table);

/// No mini-batch has more rows: it ends with its visit of a partition.
int64_t MostRowsOfABatch(const data::PackedTable& table, const base::TrainConfig& config);

/// Of a prediction in this session, by LibTorch. batch_bytes: of the rows that are read at once.
plan::MemoryNeed MemoryOfPrediction(const base::Graph& graph, const base::TrainConfig& config, base::DType precision, double batch_bytes);

/// What a statement may take: cerebro.max_memory, or what is free.
pg::MemoryLimit MemoryAllowed();

/// What takes less memory, for each of those who ask.
constexpr const char* kRunMemoryHint =
    "Take fewer models at once, smaller batches or an optimizer that keeps less, lower cerebro.workers or cerebro.cache_mem, or raise "
    "cerebro.max_memory where more can be used.";
constexpr const char* kGroupsMemoryHint =
    "Take fewer configurations or smaller batches, lower cerebro.workers, cerebro.group_mem or cerebro.cache_mem, or raise "
    "cerebro.max_memory where more can be used.";
constexpr const char* kEvaluationMemoryHint =
    "Evaluate one model at a time by mst_key, pack the test data with a smaller buffer_size, lower cerebro.workers or cerebro.cache_mem, or "
    "raise cerebro.max_memory where more can be used.";
constexpr const char* kConfusionMemoryHint =
    "Pack the test data with a smaller buffer_size, or raise cerebro.max_memory where more can be used.";
constexpr const char* kPredictionMemoryHint =
    "The model's weights and the results of its layers are needed at once: wait until more memory is free, or raise cerebro.max_memory "
    "where more can be used.";

/// Returns the bytes that may be used besides. what: "the run", for the message; hint: one of those above. Errors: kOutOfMemory, with the figures, when the need is more than what may be taken
/// or than what the limits of a process leave.
double RequireMemory(const std::string& what, const plan::MemoryNeed& need, const char* hint);

}  // namespace train
