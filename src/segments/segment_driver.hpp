// The run on a Greenplum cluster: segments are the workers.
//
// Bundles of models go round the data segments as in a Latin square: an iteration has as many rounds as there are data segments, or a few more
// where loads are so uneven that it pays to let models rest (plan/rounds.hpp). A round is one statement in which every segment trains the models
// that are there and that train in this round on all of its own partitions, and hands each model's state on to the segment where the plan wants it next.
// The data stays, the states move between segments; the session sees a small record of each model only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "data/packed_table.hpp"
#include "data/segment_map.hpp"
#include "segments/state_tables.hpp"
#include "train/run.hpp"

namespace segments {

struct SegmentRunRequest {
  train::RunRequest hop;            // initialise and collect are not used
  data::SegmentMap training, validation;
  std::vector<uint64_t> diverged;  // a model: step at which it diverged before this run; 0 = it trains
};

/// What a run leaves in the tables.
struct SegmentRunResult {
  train::RunResult hop;
  StateLocations states;                    // of all models
  StateLocations best;                      // weights of the best due iterations; empty without keep_best
  std::vector<int64_t> iterations_done;  // a model
};

/// Tables that RunOnSegments needs.
std::vector<std::string> StateTableNames(bool keep_best);

/// Runs it. Before: the states or seeds of all models that train are in table "a" under the key of their first segment, those of models that
/// diverged before in "rest". Errors of any segment end all.
SegmentRunResult RunOnSegments(const SegmentRunRequest& request, const StateTables& tables, const std::string& model_table);

/// Names a run for the processes of the segments: different for every run.
uint64_t NewRunNumber();

/// Sums of the models' metrics over a packed table, one statement: result[m] is empty for a model that is not in table `from`.
std::vector<std::vector<double>> SumsOnSegments(const StateTables& tables, const std::string& from, const data::PackedTable& packed, size_t models,
                                                 bool use_gpus);

}  // namespace segments
