// How much memory a run needs, and in which processes: what it is refused by, and what EXPLAIN prints.
#pragma once

#include <vector>

namespace plan {

/// Of one process that trains or scores.
struct ProcessMemory {
  double libraries = 0;  // and the process itself
  double data = 0;       // packed buffers: kept, and in use
  double work = 0;       // gathered rows, results, gradients
  double Sum() const { return libraries + data + work; }
};

/// Bytes.
struct MemoryNeed {
  double states = 0;        // all training states that must be in memory, once
  double shared = 0;        // what all processes see besides them
  double session = 0;       // the session's own: states on their way in and out, weights that are kept
  ProcessMemory process;    // each of those that train
  int workers = 0;          // processes that train; 0 = the session itself
  double in_file = 0;       // states that lie in a file: not counted but for those in training

  int Processes() const { return workers > 0 ? workers : 1; }
  double Working() const { return Processes() * process.Sum(); }
  /// Of all processes together.
  double All() const { return states + shared + session + Working(); }
  /// Of the address space of the one that needs most.
  double Largest() const;
};

/// What is known of a model.
struct ModelMemory {
  double state_bytes = 0, weight_bytes = 0;  // weight_bytes: as float32
  double workspace_bytes = 0;                // of a mini-batch, gathered rows included; with kernels
  double autograd_bytes = 0;                 // likewise, by autograd
  double initial_bytes = 0;                  // temporary, when its first state is made
};

/// What is known of a run.
struct RunMemory {
  std::vector<ModelMemory> models;
  std::vector<std::vector<int>> bundles;  // their models
  double buffer_bytes = 0;      // of the largest packed buffer
  double buffer_rows = 0;       // its rows
  double features_bytes = 0;    // to compute features in while a buffer is visited
  double carried_bytes = 0;     // of rows that a model keeps from one buffer to the next
  double table_bytes = 0;       // packed, of all tables
  double cache_bytes = 0;       // of them a process may keep
  double sums_bytes = 0;        // of metrics, all partitions
  double piece_bytes = 0;       // states are written in pieces of at most this
  double column_bytes = 0;      // weights are written whole up to this
  bool stored = false;          // states are read from tables
  bool keep_best = false;       // weights are kept
  bool written = false;         // states and weights are written in the end
  bool states_in_file = false;
  int workers = 0;
};

MemoryNeed EstimateMemory(const RunMemory& run);

}  // namespace plan
